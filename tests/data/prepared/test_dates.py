"""Columns of dates: their parts against pandas, one reading in every format, and new rows as in training."""

import json
from datetime import UTC, time, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mlpcli
from mlpcli.config import DataOptions
from mlpcli.data import Prepared, Preprocessing
from mlpcli.data.in_memory import prepare_in_memory
from mlpcli.data.new_rows_in_memory import encode_in_memory
from mlpcli.errors import DataError
from tests.data.asked import prepare, read_rows

WHOLE: dict[str, Any] = {"target": "y", "scale": "none", "dtype": "float64", "test_size": 0, "val_size": 0}
WHEN = pd.date_range("2019-11-01 06:30", periods=50, freq="31h")
FRAME = pd.DataFrame({"when": WHEN, "n": np.arange(50.0), "y": ["a", "b"] * 25})


def parts(prepared: Prepared) -> dict[str, list[float]]:
    return {name: prepared.train.x[:, at].tolist() for at, name in enumerate(prepared.features) if name != "n"}


def test_the_parts_are_those_of_pandas() -> None:
    FRAME.to_csv("t.csv", index=False)
    prepared = prepare("t.csv", **WHOLE)
    assert parts(prepared) == {
        "when year": WHEN.year.tolist(),
        "when month": WHEN.month.tolist(),
        "when day of week": WHEN.day_of_week.tolist(),
        "when day of year": WHEN.day_of_year.tolist(),
        "when hour": (WHEN.hour + WHEN.minute / 60).tolist(),
        "when seconds": (WHEN - WHEN[0]).total_seconds().tolist(),
    }
    when = prepared.summary[0]
    assert when[1:6] == ("input", "date", 6, 0, "2019-11-01T06:30:00 to 2020-01-03T13:30:00")
    assert when.note == ("read as year, month, day of week, day of year, hour, seconds since 2019-11-01T06:30:00")


def test_parts_that_do_not_vary_are_left_out_and_said() -> None:
    pd.DataFrame({"when": pd.date_range("2020-03-01", periods=20), "y": ["a", "b"] * 10}).to_csv("t.csv", index=False)
    prepared = prepare("t.csv", **WHOLE)
    assert list(parts(prepared)) == ["when day of week", "when day of year", "when seconds"]
    assert prepared.summary[0].note.endswith("seconds since 2020-03-01; constant: year, month, hour")
    FRAME.assign(when="2020-03-01").to_csv("t.csv", index=False)
    prepared = prepare("t.csv", **WHOLE)
    assert prepared.features == ("n",) and prepared.summary[0].role == "left out"
    assert prepared.summary[0].note == "constant"


def test_a_time_of_day_is_its_hour() -> None:
    FRAME.assign(when=WHEN.strftime("%H:%M")).to_csv("t.csv", index=False)
    prepared = prepare("t.csv", **WHOLE)
    assert parts(prepared) == {"when hour": (WHEN.hour + WHEN.minute / 60).tolist()}
    assert prepared.summary[0].kind == "time" and prepared.summary[0].values == "00:30:00 to 23:30:00"


def in_words(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(when=frame["when"].astype(str).where(frame["when"].notna(), None))


FORMATS = {
    "t.csv": lambda frame: frame.to_csv("t.csv", index=False),
    "t.parquet": lambda frame: frame.to_parquet("t.parquet"),
    "words.parquet": lambda frame: in_words(frame).to_parquet("words.parquet"),
    "t.feather": lambda frame: frame.to_feather("t.feather"),
    "t.jsonl": lambda frame: in_words(frame).to_json("t.jsonl", orient="records", lines=True),
}


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_numbers(name: str, gaps: bool) -> None:
    frame = FRAME.assign(when=FRAME["when"].mask(FRAME["n"] % 7 == 3)) if gaps else FRAME
    frame.to_csv("plain.csv", index=False)
    FORMATS[name](frame)
    expected, found = (
        prepare("plain.csv", **WHOLE | {"scale": "standard"}),
        prepare(name, **WHOLE | {"scale": "standard"}),
    )
    assert found.features == expected.features and found.train.x.tobytes() == expected.train.x.tobytes()
    new = read_rows(name, expected.preprocessing)
    assert new.x.tobytes() == expected.train.x.tobytes()


@pytest.mark.parametrize("name", ["t.parquet", "t.feather", "memory"])
def test_times_of_day_are_read_alike_in_every_format(name: str) -> None:
    times = [None if at % 7 == 3 else time(at % 24, at, 30, 250_000) for at in range(50)]
    frame = FRAME.assign(when=times)
    frame.to_csv("plain.csv", index=False)
    options: dict[str, Any] = WHOLE | {"scale": "standard"}
    expected = prepare("plain.csv", **options)
    assert expected.features == ("when hour", "when missing", "n")
    if name == "memory":
        found = prepare_in_memory(frame, DataOptions(**options | {"target": ("y",)}))
        new = encode_in_memory(frame, expected.preprocessing)
    else:
        FORMATS[name](frame)
        found, new = prepare(name, **options), read_rows(name, expected.preprocessing).x
    assert found.train.x.tobytes() == new.tobytes() == expected.train.x.tobytes()
    with pytest.raises(DataError, match=r"target 'when': values of type time.* cannot be read"):
        prepare_in_memory(frame, DataOptions(target=("when",)))


def test_python_dates_of_several_zones_are_moments_and_a_mixture_with_none_is_refused() -> None:
    zones = [timezone(timedelta(hours=at % 3)) for at in range(50)]
    moments = [moment.to_pydatetime() for moment in WHEN.tz_localize("UTC")]
    expected = prepare_in_memory(FRAME.assign(when=moments), DataOptions(target=("y",)))
    mixed = pd.Series([moment.astimezone(zone) for moment, zone in zip(moments, zones, strict=True)], dtype=object)
    found = prepare_in_memory(FRAME.assign(when=mixed), DataOptions(target=("y",)))
    assert found.summary[0].kind == "zoned date" and found.train.x.tobytes() == expected.train.x.tobytes()
    mixed[7] = mixed[7].replace(tzinfo=None)
    with pytest.raises(DataError, match="column 'when': its dates cannot be read: some of them have a time zone, and"):
        prepare_in_memory(FRAME.assign(when=mixed), DataOptions(target=("y",)))


def test_gaps_are_filled_by_part_and_marked_once() -> None:
    FRAME.assign(when=FRAME["when"].mask(FRAME["n"] < 5)).to_csv("t.csv", index=False)
    found = parts(prepare("t.csv", **WHOLE))
    assert found["when missing"] == [1.0] * 5 + [0.0] * 45
    assert found["when month"][:5] == [float(np.median(WHEN.month[5:]))] * 5
    assert found["when hour"][:5] == [float(np.median(WHEN.hour[5:] + 0.5))] * 5


def test_zones_count_by_their_moment_and_are_told_from_none() -> None:
    zoned = FRAME.assign(when=WHEN.tz_localize("UTC"))
    zoned.to_csv("t.csv", index=False)
    zoned.assign(when=zoned["when"].dt.tz_convert("Asia/Kolkata")).to_csv("kolkata.csv", index=False)
    zoned.assign(when=zoned["when"].dt.tz_convert("Asia/Kolkata")).to_parquet("t.parquet")
    prepared = prepare("t.csv", **WHOLE)
    assert prepared.summary[0].kind == "zoned date"
    for other in ("kolkata.csv", "t.parquet"):
        assert read_rows(other, prepared.preprocessing).x.tobytes() == prepared.train.x.tobytes()
    FRAME.to_csv("naive.csv", index=False)
    with pytest.raises(
        DataError, match=r"naive\.csv, line 2, column 'when': .* is not a zoned date, and the model was"
    ):
        read_rows("naive.csv", prepared.preprocessing)
    Path("mixed.csv").write_text(Path("t.csv").read_text().replace("+00:00", "", 1))
    with pytest.raises(
        DataError, match=r"mixed\.csv, line 2, column 'when': '2019-11-01 06:30:00' is not a zoned date, as"
    ):
        prepare("mixed.csv", **WHOLE)


@pytest.mark.parametrize("scale", ["standard", "robust", "robust-clip", "minmax", "unit", "none"])
def test_new_rows_have_the_bits_of_training(scale: str) -> None:
    frame = FRAME.assign(when=FRAME["when"].mask(FRAME["n"] % 9 == 4))
    frame.to_csv("t.csv", index=False)
    prepared = prepare("t.csv", **WHOLE | {"scale": scale, "dtype": "float32"})
    travelled = Preprocessing.from_json(json.loads(json.dumps(prepared.preprocessing.to_json())))
    assert travelled == prepared.preprocessing
    assert read_rows("t.csv", travelled).x.tobytes() == prepared.train.x.tobytes()
    one = read_rows_of("one.csv", frame[7:8], travelled)
    assert one.tobytes() == prepared.train.x[7].tobytes()
    in_memory = prepare_in_memory(frame, DataOptions(target=("y",), scale=scale, test_size=0, val_size=0))  # type: ignore[arg-type]  # from the parameters
    assert in_memory.train.x.tobytes() == prepared.train.x.tobytes()
    assert encode_in_memory(frame, travelled).tobytes() == prepared.train.x.tobytes()


def read_rows_of(name: str, frame: pd.DataFrame, preprocessing: Preprocessing) -> Any:
    frame.to_csv(name, index=False)
    return read_rows(name, preprocessing).x[0]


def test_words_among_dates_are_mistakes_or_marks() -> None:
    text = FRAME.to_csv(index=False).splitlines()
    text[3] = text[3].replace("2019", "20x9")
    Path("t.csv").write_text("\n".join(text) + "\n")
    with pytest.raises(
        DataError, match=r"t\.csv, line 4, column 'when': '20x9-11-03 20:30:00' is not a date, as the others"
    ):
        prepare("t.csv", **WHOLE)
    marked = prepare("t.csv", missing="20x9-11-03 20:30:00", **WHOLE)
    assert marked.summary[0].kind == "date" and marked.summary[0].gaps == 1
    few = FRAME.assign(when=np.where(FRAME["n"] < 25, "once", FRAME["when"].astype(str)))
    few.to_csv("t.csv", index=False)
    assert prepare("t.csv", **WHOLE).summary[0].kind == "text"


def test_dates_that_end_in_the_year_are_read_by_an_option() -> None:
    FRAME.to_csv("t.csv", index=False)
    expected = prepare("t.csv", **WHOLE)
    for order, form in (("day-first", "%d.%m.%Y %H:%M"), ("month-first", "%m/%d/%Y %I:%M %p")):
        FRAME.assign(when=WHEN.strftime(form)).to_csv("o.csv", index=False)
        assert prepare("o.csv", dates=order, **WHOLE).train.x.tobytes() == expected.train.x.tobytes()
        FRAME.assign(when=WHEN.strftime(form)).to_parquet("o.parquet")
        assert prepare("o.parquet", dates=order, **WHOLE).train.x.tobytes() == expected.train.x.tobytes()


def test_a_trained_network_predicts_from_dates(home: Path) -> None:
    FRAME.to_csv("t.csv", index=False)
    run = mlpcli.train("t.csv", target="y", width=4, epochs=2, data_home=home, progress=False)
    rows = FRAME.drop(columns="y")
    whole = run.model.predict_proba(rows)
    np.testing.assert_array_equal(run.model.predict_proba(rows.assign(when=rows["when"].astype(str))), whole)
    with pytest.raises(
        mlpcli.Error, match="column 'when': values of type floating, and the model was trained on a date"
    ):
        run.model.predict(rows.assign(when=1.5))


def test_times_of_day_with_a_zone_are_refused() -> None:
    zoned = FRAME.assign(when=[time(at % 24, tzinfo=UTC) for at in range(len(FRAME))])
    with pytest.raises(DataError, match="column 'when': its times of day have a time zone"):
        prepare_in_memory(zoned, DataOptions(target=("y",)))
