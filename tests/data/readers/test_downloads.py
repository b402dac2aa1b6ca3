"""Downloads against a local server that answers as OpenML does, and what happens when it does not."""

import gc
import gzip
import hashlib
import json
import re
import shutil
import threading
import urllib.request
import warnings
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest
import sklearn.datasets
from scipy.sparse import csr_array
from sklearn.datasets import _openml, load_iris

from mlpcli.data.cache.memory_entry import MemoryEntry
from mlpcli.data.cache.table import TableWriter
from mlpcli.data.readers import downloads as fetchers
from mlpcli.errors import DataError, Unavailable, UsageError
from tests.data.asked import prepare

RECORDED = Path(sklearn.datasets.__file__).parent / "tests" / "data" / "openml"
SITE = re.match("https://[^/]+/", getattr(_openml, "_OPENML_PREFIX", _openml._SEARCH_NAME))[0]  # type: ignore[index]


class Answers(BaseHTTPRequestHandler):
    """What scikit-learn's own tests recorded, and pages made by a test."""

    pages: ClassVar[dict[str, bytes]] = {}
    behaviour: ClassVar[str] = "answer"
    released: ClassVar[threading.Event] = threading.Event()

    def do_GET(self) -> None:
        self.path = re.sub(r"(/download/\d+)/.*", r"\1", self.path)  # some scikit-learns ask for the file's name too
        content = self.pages.get(self.path) or self._recorded()
        if self.behaviour == "stall":
            self.released.wait()
        elif self.behaviour == "fail":
            self.send_error(503)
        elif content is None or b'"error"' in gzip.decompress(content):
            self.send_error(412)
        else:
            data = self.path.startswith("/data/")
            self.send_response(200)
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.behaviour == "damage" and data:
                content = gzip.compress(gzip.decompress(content)[:-9])
            self.wfile.write(content[: len(content) // 2] if self.behaviour == "cut" and data else content)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Be quiet."""

    def _recorded(self) -> bytes | None:
        number = re.findall(r"\d+", self.path.split("/json/")[-1] if "/json/" in self.path else self.path)
        name = re.sub(r"\W", "-", self.path[1:])
        for long, short in (
            ("-json-data-list", "-jdl"),
            ("-json-data-features", "-jdf"),
            ("-json-data-qualities", "-jdq"),
            ("-json-data", "-jd"),
            ("-data_name", "-dn"),
            ("-download", "-dl"),
            ("-limit", "-l"),
            ("-status", "-s"),
            ("-active", "-act"),
        ):
            name = name.replace(long, short)
        folders = [RECORDED / f"id_{number[0]}"] if number else []
        for file in [*(folder / f"{name}.{kind}.gz" for folder in folders for kind in ("json", "arff"))]:
            if file.is_file():
                return file.read_bytes()
        return next((file.read_bytes() for file in RECORDED.glob(f"*/{name}.*gz")), None)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Answers]]:
    served = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    served.daemon_threads = True
    threading.Thread(target=served.serve_forever, daemon=True).start()
    there = f"http://127.0.0.1:{served.server_port}/"

    def urlopen(request: urllib.request.Request, *arguments: Any, **options: Any) -> Any:
        request.full_url = request.full_url.replace(SITE, there)
        return urllib.request.urlopen(request, *arguments, **options)

    monkeypatch.setattr(_openml, "urlopen", urlopen)
    monkeypatch.setattr(_openml, "time", SimpleNamespace(sleep=lambda seconds: None))  # between two tries
    monkeypatch.setattr(Answers, "pages", {})
    monkeypatch.setattr(Answers, "behaviour", "answer")
    monkeypatch.setattr(Answers, "released", threading.Event())
    yield Answers
    Answers.released.set()
    served.shutdown()
    served.server_close()
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        gc.collect()  # urllib leaves the sockets of failed downloads to the collector, which may run in another test


@pytest.mark.parametrize("name", ["openml:61", "openml:iris"])
def test_openml_by_number_and_by_name(server: type[Answers], name: str, home: Path) -> None:
    iris = prepare(name, dtype="float64", scale="none", test_size=0, val_size=0)
    assert (iris.name, iris.task, iris.targets) == (name, "classification", ("class",))
    assert iris.classes == ("Iris-setosa", "Iris-versicolor", "Iris-virginica")
    assert iris.train.y.tolist() == load_iris().target.tolist()
    assert np.abs(iris.train.x - load_iris().data).max() < 0.6  # UCI's two typing mistakes
    assert not list(home.glob("**/download")) and not list(home.glob("**/*.gz"))
    server.behaviour = "fail"
    assert prepare(name, split_seed=1, target="sepallength").task == "regression"  # it is here now


def test_openml_with_texts_and_gaps(server: type[Answers]) -> None:
    adult = prepare("openml:1590", test_size=0, val_size=0)
    assert adult.classes == ("<=50K", ">50K") and adult.targets == ("class",)
    assert "workclass=Private" in adult.features and not any(name.endswith("=?") for name in adult.features)
    assert adult.train.x[4][[name.startswith("workclass=") for name in adult.features]].tolist() == [0, 0, 0]
    assert len(adult.train) == 10


def openml_pages(number: int, arff: str) -> dict[str, bytes]:
    """The four answers that make up a dataset of OpenML."""
    names = re.findall(r"@attribute (\S+) (\S+)", arff)
    description = {
        "id": str(number), "name": "small", "version": "1", "format": "ARFF", "status": "active", "licence": "Public",
        "url": f"{SITE}data/v1/download/{number}/small.arff", "file_id": str(number),
        "default_target_attribute": "class", "md5_checksum": hashlib.md5(arff.encode()).hexdigest(), "description": "",
    }  # fmt: skip
    features = [
        {
            "index": str(index), "name": name, "data_type": "numeric" if kind == "numeric" else "nominal",
            "is_target": str(name == "class").lower(), "is_ignore": "false", "is_row_identifier": "false",
            "number_of_missing_values": "0",
        }
        for index, (name, kind) in enumerate(names)
    ]  # fmt: skip
    pages: dict[str, Any] = {
        f"/api/v1/json/data/{number}": {"data_set_description": description},
        f"/api/v1/json/data/features/{number}": {"data_features": {"feature": features}},
        f"/api/v1/json/data/qualities/{number}": {"data_qualities": {"quality": []}},
    }
    made = {path: gzip.compress(json.dumps(page).encode()) for path, page in pages.items()}
    return made | {f"/data/v1/download/{number}": gzip.compress(arff.encode())}


def test_the_mnist_card_goes_through_openml(server: type[Answers], home: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (50, 784))
    attributes = "".join(f"@attribute pixel{i + 1} numeric\n" for i in range(784))
    rows = "".join(",".join(map(str, [*row, i % 10])) + "\n" for i, row in enumerate(pixels.tolist()))
    arff = f"@relation small\n{attributes}@attribute class {{0,1,2,3,4,5,6,7,8,9}}\n@data\n{rows}"
    server.pages = openml_pages(554, arff)
    with pytest.raises(DataError, match=r"50 rows of 784 features .* says 70000, 784 and 10"):
        prepare("mnist")
    shipped = Path(__file__).parents[3] / "datasets" / "mnist.toml"
    card = shipped.read_text().replace("70000", "50").replace("test_rows = 10000", "test_rows = 10")
    Path("datasets").mkdir()
    Path("datasets/mnist.toml").write_text(card)
    mnist = prepare("mnist", dtype="float64", val_size=0)
    assert mnist.scale == "unit" and mnist.test is not None and mnist.test.rows.tolist() == list(range(40, 50))
    np.testing.assert_array_equal(mnist.test.x, pixels[40:] / 255)
    assert mnist.train.y.tolist() == [i % 10 for i in range(40)]
    (cells,) = home.glob("tables/mnist-*/cells.npy")
    assert np.load(cells).dtype == np.uint8  # a byte a pixel


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        ("fail", "cannot download openml:61: the server answers 503"),
        ("stall", "cannot download openml:61: (timed out|.*time.*out)"),
        ("damage", "cannot download openml:61: the download is damaged, its checksum differs"),
        ("cut", "cannot download openml:61: "),
    ],
)
def test_what_goes_wrong_on_the_way(
    server: type[Answers], behaviour: str, message: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.behaviour = behaviour
    with monkeypatch.context() as patch, pytest.raises(Unavailable, match=message) as caught:
        if behaviour == "stall":
            patch.setattr(fetchers, "PATIENCE", 0.1)
        prepare("openml:61")
    assert "Nothing was kept" in str(caught.value) and "iris, digits" in str(caught.value)
    assert not list(home.glob("*/*"))
    server.behaviour = "answer"
    assert len(prepare("openml:61").train) == 105  # and nothing stands in the way of trying again


def test_a_name_that_openml_does_not_have(server: type[Answers]) -> None:
    with pytest.raises(UsageError, match="OpenML has no dataset of that name or number"):
        prepare("openml:glass2")
    with pytest.raises(UsageError, match="a name or a number is missing"):
        prepare("openml:")


@pytest.mark.parametrize("name", ["california_housing", "covtype", "olivetti_faces"])
def test_fetchers_turn_bunches_into_tables(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    shapes = {"california_housing": (20640, 8), "covtype": (581, 54), "olivetti_faces": (400, 64)}
    data = random.random(shapes[name])
    target = random.random(len(data)) if name == "california_housing" else np.arange(len(data)) % 40
    extra = {} if name == "olivetti_faces" else {"feature_names": [f"f{i}" for i in range(data.shape[1])]}
    asked = {}

    def stand_in(data_home: Path, n_retries: int) -> Any:
        asked.update(home=data_home, retries=n_retries)
        (data_home / "pickle").write_text("")
        return sklearn.utils.Bunch(data=data, target=target, **extra)

    monkeypatch.setattr(sklearn.datasets, f"fetch_{name}", stand_in)
    card = (Path(__file__).parents[3] / "datasets" / f"{name}.toml").read_text()
    card = re.sub(r"rows = \d+", f"rows = {len(data)}", card)
    card = re.sub(r"features = \d+", f"features = {data.shape[1]}", card).replace("classes = 7", "classes = 40")
    Path("datasets").mkdir()
    Path(f"datasets/{name}.toml").write_text(card)
    prepared = prepare(name, scale="none", dtype="float64", val_size=0)
    np.testing.assert_array_equal(prepared.train.x, data[prepared.train.rows])
    if prepared.classes:
        assert [prepared.classes[code] for code in prepared.train.y] == [str(i) for i in target[prepared.train.rows]]
    assert asked["retries"] == 1 and not asked["home"].exists()


def card_of(name: str, **numbers: int) -> None:
    """The shipped card with other numbers of rows, features and classes."""
    text = (Path(__file__).parents[3] / "datasets" / f"{name}.toml").read_text()
    for key, number in numbers.items():
        text = re.sub(rf"^{key} = \d+", f"{key} = {number}", text, flags=re.MULTILINE)
    Path("datasets").mkdir(exist_ok=True)
    Path(f"datasets/{name}.toml").write_text(text)


WHOLE: dict[str, Any] = {"scale": "none", "dtype": "float64", "val_size": 0, "test_size": 0}


def test_kddcup99_has_texts_among_its_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    data = np.array([[0, b"tcp", 1.5], [2, b"udp", 2.5], [4, b"tcp", 0.5]] * 4, dtype=object)
    target = np.array([b"normal.", b"smurf.", b"normal."] * 4, dtype=object)
    bunch = sklearn.utils.Bunch(data=data, target=target, feature_names=["duration", "protocol_type", "rate"])
    monkeypatch.setattr(sklearn.datasets, "fetch_kddcup99", lambda data_home, n_retries: bunch)
    card_of("kddcup99", rows=12, features=3, classes=2)
    prepared = prepare("kddcup99", **WHOLE)
    assert prepared.features == ("duration", "protocol_type=tcp", "protocol_type=udp", "rate")
    assert prepared.classes == ("normal.", "smurf.") and prepared.train.y.tolist() == [0, 1, 0] * 4
    assert prepared.train.x[:3].tolist() == [[0, 1, 0, 1.5], [2, 0, 1, 2.5], [4, 1, 0, 0.5]]


def test_faces_have_names_and_pairs_their_own_test_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    def stand_in(data_home: Path, n_retries: int, **options: Any) -> Any:
        asked.append(options)
        start = 100 * len(asked)
        rows = 6 if options.get("subset") != "test" else 4
        data = np.arange(start, start + 3 * rows, dtype=np.float32).reshape(rows, 3)
        return sklearn.utils.Bunch(data=data, target=np.arange(rows) % 2, target_names=np.array(["Zoe", "Ann"]))

    for name in ("lfw_people", "lfw_pairs"):
        monkeypatch.setattr(sklearn.datasets, f"fetch_{name}", stand_in)
    card_of("lfw_people", rows=6, features=3, classes=2)
    people = prepare("lfw_people", **WHOLE)
    assert people.classes == ("Ann", "Zoe") and people.train.y.tolist() == [1, 0] * 3
    assert asked == [{"min_faces_per_person": 70, "resize": 0.4}]
    card_of("lfw_pairs", rows=10, features=3, classes=2, test_rows=4)
    pairs = prepare("lfw_pairs", **WHOLE)
    assert pairs.test is not None and pairs.train.x[0, 0] == 200 and pairs.test.x[:, 0].tolist() == [300, 303, 306, 309]
    assert asked[1:] == [{"subset": "train"}, {"subset": "test"}]


GROUPS = (np.array([1, 0, 1]), ["a", "b"], ("newsgroup",), [[1], [0], [1]])
TOPICS = (csr_array([[1, 0], [1, 1], [0, 0]]), np.array(["C1", "M2"]), ("C1", "M2"), [[1, 0], [1, 1], [0, 0]])


@pytest.mark.parametrize(
    ("name", "answer"), [("20newsgroups_vectorized", GROUPS), ("rcv1", TOPICS)], ids=["20newsgroups", "rcv1"]
)
def test_sparse_rows_stay_sparse(name: str, answer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    x, (target, names, targets, cells) = csr_array([[0.0, 2.0, 0.0], [4.0, 0.0, 0.0], [0.0, 1.0, 1.0]]), answer
    bunch = sklearn.utils.Bunch(data=x, target=target, target_names=names)
    monkeypatch.setattr(sklearn.datasets, f"fetch_{name}", lambda data_home, n_retries, subset: {"all": bunch}[subset])
    table = fetchers.fetch(name, targets, TableWriter(MemoryEntry()))
    assert (table.targets, table.cells.tolist(), table.width) == (targets, cells, 3 + len(targets))
    assert table.sparse is not None
    assert (table.sparse.first, table.sparse.rows.toarray()[:, 1:].tolist()) == (1, x.toarray().tolist())


def test_species_are_told_by_their_places(monkeypatch: pytest.MonkeyPatch) -> None:
    fields = [("species", "S22"), ("dd long", "f4"), ("dd lat", "f4")]
    train = np.array([(b"sloth", -60, 1), (b"mouse", -70, -5), (b"sloth", -61, 2)], dtype=fields)
    bunch = sklearn.utils.Bunch(train=train, test=train[:2], coverages=np.zeros((14, 2, 2)))
    monkeypatch.setattr(sklearn.datasets, "fetch_species_distributions", lambda data_home, n_retries: bunch)
    card_of("species_distributions", rows=5, test_rows=2)
    prepared = prepare("species_distributions", **WHOLE)
    assert prepared.features == ("longitude", "latitude") and prepared.classes == ("mouse", "sloth")
    assert prepared.train.x.tolist() == [[-60, 1], [-70, -5], [-61, 2]] and prepared.train.y.tolist() == [1, 0, 1]
    assert prepared.test is not None and len(prepared.test) == 2


def test_pictures_without_pillow_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(**options: Any) -> Any:
        raise ImportError("The Python Imaging Library (PIL) is required")

    monkeypatch.setattr(sklearn.datasets, "fetch_lfw_people", missing)
    with pytest.raises(UsageError, match=r"dataset lfw_people: its pictures need Pillow. Type: .*plot"):
        prepare("lfw_people")


def test_no_network_is_one_line(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    def unreachable(**options: Any) -> Any:
        raise urllib.error.URLError(OSError(-2, "Name or service not known"))

    monkeypatch.setattr(sklearn.datasets, "fetch_california_housing", unreachable)
    with pytest.raises(Unavailable, match=r"cannot download california_housing: .*Name or service not known") as caught:
        prepare("california_housing")
    assert "\n" not in str(caught.value) and not list(home.glob("*/*"))
    shutil.rmtree(home)
