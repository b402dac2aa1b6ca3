"""Estimators and models with parts of the user's own: fitted, copied, pickled, and searched in other processes."""

import pickle
import subprocess
import sys
import warnings
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

import mlpcli
from mlpcli.config.choices import ACTIVATIONS, INITIALIZERS
from mlpcli.errors import PluginError
from mlpcli.plugins.files import load, use
from mlpcli.plugins.register import forget
from tests.plugins.parts import SNAKE

X, Y = load_iris(return_X_y=True)

FRESH = "import pickle, sys; print(pickle.load(sys.stdin.buffer).predict([[5.1, 3.5, 1.4, 0.2]]))"
"""A program that knows nothing of the part."""


@pytest.fixture(autouse=True)
def unfinished_training_is_no_news() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def in_a_file() -> None:
    Path("snake.py").write_text(SNAKE)
    load("snake.py")


def in_a_module() -> None:
    """A module of the user's project, which any process started here can import."""
    Path("my_parts.py").write_text(SNAKE)
    sys.modules.pop("my_parts", None)
    __import__("my_parts")


@pytest.fixture(autouse=True)
def working_folder_is_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))


def small(**parameters: Any) -> mlpcli.MLPClassifier:
    return mlpcli.MLPClassifier(hidden_layer_sizes=(8,), max_iter=5, random_state=0, **parameters)


def gone() -> None:
    """Forget the part, as a fresh process does not know it."""
    origin = ACTIVATIONS["snake"].origin
    use(())
    if origin is not None:
        forget(origin)
    sys.modules.pop("my_parts", None)
    assert "snake" not in ACTIVATIONS


@pytest.mark.parametrize("register", [in_a_file, in_a_module])
def test_a_fitted_estimator_and_its_model_bring_the_part_with_them(register: Any) -> None:
    register()
    fitted = small(activation="snake").fit(X, Y)
    assert clone(fitted).get_params()["activation"] == "snake"
    predicted, origin = fitted.predict_proba(X), ACTIVATIONS["snake"].origin
    copies = [pickle.dumps(one) for one in (fitted, fitted.model_)]
    for copy in copies:
        gone()
        again = pickle.loads(copy)
        np.testing.assert_array_equal(again.predict_proba(X), predicted)
        assert ACTIVATIONS["snake"].origin == origin
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(again)).predict_proba(X), predicted)


def test_another_program_reads_the_pickle() -> None:
    in_a_file()
    fitted = small(activation="snake").fit(X, Y)
    told = subprocess.run([sys.executable, "-c", FRESH], input=pickle.dumps(fitted), capture_output=True, check=True)
    assert told.stdout.decode().strip() == str(fitted.predict(X[:1]))


def test_a_search_in_two_processes_tries_the_part() -> None:
    in_a_file()
    search = GridSearchCV(small(), {"activation": ["relu", "snake"]}, cv=2, n_jobs=2, error_score="raise").fit(X, Y)
    alone = GridSearchCV(small(), {"activation": ["relu", "snake"]}, cv=2, error_score="raise").fit(X, Y)
    np.testing.assert_array_equal(search.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"])


SEARCH = f"""{SNAKE}
if __name__ == "__main__":
    import pickle
    from sklearn.datasets import load_iris
    from sklearn.model_selection import GridSearchCV
    X, Y = load_iris(return_X_y=True)
    small = mlpcli.MLPClassifier(hidden_layer_sizes=(8,), max_iter=5, random_state=0)
    search = GridSearchCV(small, {{"activation": ["relu", "snake"]}}, cv=2, n_jobs=2, error_score="raise").fit(X, Y)
    print(len(search.cv_results_["params"]), pickle.loads(pickle.dumps(search)).predict(X[:1]).shape)
"""


UNUSED = f"""{SNAKE}
import pickle
fitted = mlpcli.MLPClassifier(hidden_layer_sizes=(4,), max_iter=1, random_state=0).fit([[0.0], [1.0]] * 9, [0, 1] * 9)
pickle.dump(fitted, open("fitted.pickle", "wb"))
"""


def test_a_fitted_estimator_needs_no_part_that_it_is_not_made_of() -> None:
    Path("program.py").write_text(UNUSED)
    subprocess.run([sys.executable, "-W", "ignore", "program.py"], check=True)
    with open("fitted.pickle", "rb") as file:  # here __main__ has no such class
        assert pickle.load(file).predict([[0.5]]).shape == (1,)


@pytest.mark.slow
def test_a_program_searches_over_a_part_that_it_defines_itself() -> None:
    """As a notebook does: no other process could import the class."""
    Path("program.py").write_text(SEARCH)
    command = [sys.executable, "-W", "ignore", "program.py"]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.stdout == "2 (1,)\n", told.stderr


def test_a_part_that_a_function_defines_hinders_no_other_pickle() -> None:
    @mlpcli.register("init", "ones")
    def ones(rng: Any, fan_in: int, fan_out: int) -> Any:
        return np.ones((fan_in, fan_out))

    plain, own = small().fit(X, Y), small(init="ones").fit(X, Y)
    assert pickle.loads(pickle.dumps(plain)).predict(X[:1]).shape == (1,)
    copy, origin = pickle.dumps(own), INITIALIZERS["ones"].origin
    assert origin is not None and pickle.loads(copy).predict(X[:1]).shape == (1,)
    forget(origin)
    with pytest.raises(PluginError, match="init ones comes from the program that trained it, and is not registered"):
        pickle.loads(copy)


def test_a_pickle_of_another_version_is_refused() -> None:
    in_a_file()
    copy = pickle.dumps(small(activation="snake").fit(X, Y))
    Path("snake.py").write_text(SNAKE.replace("** 2", "** 4"))
    load("snake.py")
    with pytest.raises(PluginError, match=r"activation snake comes from another version of snake\.py"):
        pickle.loads(copy)
    assert "** 4" in Path("snake.py").read_text() and "snake" in ACTIVATIONS


def test_two_files_of_one_name_come_with_a_pickle(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        Path(folder).mkdir()
        Path(folder, "act.py").write_text(SNAKE.replace('"snake"', f'"from-{folder}"'))
        load(Path(folder, "act.py"))
    fitted = [small(activation=f"from-{folder}").fit(X, Y) for folder in ("a", "b")]
    copy, predicted = pickle.dumps(fitted), [one.predict_proba(X) for one in fitted]
    use(())
    assert not {"from-a", "from-b"} & ACTIVATIONS.keys()
    for again, expected in zip(pickle.loads(copy), predicted, strict=True):
        np.testing.assert_array_equal(again.predict_proba(X), expected)


@pytest.mark.parametrize("name", ["snake", "serpent"])
def test_an_edited_file_in_the_place_of_the_pickled_one_stays(name: str) -> None:
    in_a_file()
    copy = pickle.dumps(small(activation="snake").fit(X, Y))
    Path("snake.py").write_text(SNAKE.replace("** 2", "** 4").replace('"snake"', f'"{name}"'))
    load("snake.py")
    with pytest.raises(PluginError, match=r"activation snake comes from (another version of )?snake\.py"):
        pickle.loads(copy)
    assert name in ACTIVATIONS


def test_an_edited_copy_elsewhere_is_another_version() -> None:
    in_a_file()
    copy = pickle.dumps(small(activation="snake").fit(X, Y))
    use(())
    Path("edited.py").write_text(SNAKE.replace("** 2", "** 4"))
    load("edited.py")
    with pytest.raises(PluginError, match=r"activation snake comes from another version of snake\.py"):
        pickle.loads(copy)


def test_an_optimizer_of_ones_own_is_a_solver(parts_file: Path) -> None:
    with pytest.raises(ValueError, match="solver: got 'lion', expected one of sgd, momentum"):
        small(solver="lion").fit(X, Y)
    load(parts_file)
    fitted = small(solver="lion", norm="rms", init="orthogonal", learning_rate_init=0.01).fit(X, Y)
    assert fitted.loss_curve_[-1] < fitted.loss_curve_[0]
    with pytest.raises(ValueError, match=r"solver: got 'tiger', expected one of .*, lbfgs, lion"):
        small(solver="tiger").fit(X, Y)


def test_a_model_whose_part_was_edited_since_is_written_and_copied_as_what_it_is() -> None:
    """A notebook trains, edits the part, trains again: the first network keeps its own, which a copy would not have."""
    in_a_file()
    model = mlpcli.train((X, Y), activation="snake", width=4, epochs=1).model
    predicted = model.predict_proba(X)
    Path("snake.py").write_text(SNAKE.replace("** 2", "** 4"))
    load("snake.py")
    np.testing.assert_array_equal(model.predict_proba(X), predicted)
    assert model.evaluate(X, Y)["accuracy"] == np.mean(model.predict(X) == Y)
    another = pytest.raises(PluginError, match=r"activation snake comes from another version of snake\.py")
    with another:
        deepcopy(model)
    with another:
        model.export("model.py")
    assert not Path("model.py").exists()
    model.save("model.safetensors")
    with another:
        mlpcli.load("model.safetensors")
    kept = pickle.dumps(model)
    gone()
    np.testing.assert_array_equal(pickle.loads(kept).predict_proba(X), predicted)
    np.testing.assert_array_equal(mlpcli.load("model.safetensors").predict_proba(X), predicted)
