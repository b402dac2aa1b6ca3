"""What the examples in docstrings run under, beside the tests: a cache of prepared data of their own."""

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="session")
def data_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Neither an example nor a test reads or fills the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLPCLI_DATA_HOME", str(tmp_path_factory.mktemp("data-home")))
        yield
