"""One cache of prepared data for all tests of training, and one BLAS thread."""

from collections.abc import Iterator

import pytest

from mlpcli.threads import blas_threads


@pytest.fixture(autouse=True, scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch, blas_threads(1):
        patch.setenv("MLPCLI_DATA_HOME", str(tmp_path_factory.mktemp("home")))
        yield
