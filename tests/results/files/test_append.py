import errno
import hashlib
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlpcli.errors import DataError, FileError
from mlpcli.results.files import csv_text
from mlpcli.results.files.append import AppendTable, Mark, complete_rows
from tests.results.faults import failing_at, kill_points
from tests.workers.processes import PATIENCE

COLUMNS = ["epoch", "loss"]
ROWS = [{"epoch": epoch, "loss": 1 / epoch} for epoch in range(1, 6)]
HEADER = b"epoch,loss\n"
TEXT = HEADER + b"1,1.0\n2,0.5\n3,0.3333333333333333\n4,0.25\n5,0.2\n"


def write(path, rows, mark=None):
    with AppendTable(path, COLUMNS, mark) as table:
        table.append(rows)
        return table.sync()


def test_the_header_stands_once_and_rows_follow(tmp_path):
    path = tmp_path / "m.csv"
    write(path, ROWS[:2])
    write(path, [])
    mark = write(path, ROWS[2:])
    assert path.read_bytes() == TEXT
    assert mark.offset == len(TEXT)


def test_others_see_a_row_at_once(tmp_path):
    with AppendTable(tmp_path / "m.csv", COLUMNS) as table:
        table.append(ROWS[:1])
        assert (tmp_path / "m.csv").read_bytes() == HEADER + b"1,1.0\n"


def test_a_row_cut_at_any_byte_is_dropped(tmp_path):
    path = tmp_path / "m.csv"
    for cut in range(len(HEADER), len(TEXT)):
        path.write_bytes(TEXT[:cut])
        kept = TEXT[: TEXT[:cut].rfind(b"\n") + 1]
        write(path, [])
        assert path.read_bytes() == kept
        write(path, ROWS[kept.count(b"\n") - 1 :])
        assert path.read_bytes() == TEXT


@given(st.lists(st.text('ab,"\n\r', max_size=5), min_size=1, max_size=4), st.data())
def test_a_row_ends_where_a_csv_reader_ends_it(cells, data):
    rows = [csv_text.line([cell, "x"]).encode() for cell in cells]
    whole = b"".join(rows)
    cut = data.draw(st.integers(0, len(whole)))
    ends = [sum(map(len, rows[:n])) for n in range(len(rows) + 1)]
    assert complete_rows(whole[:cut]) == max(end for end in ends if end <= cut)


def test_going_on_from_a_mark_drops_what_came_after(tmp_path):
    path = tmp_path / "m.csv"
    mark = write(path, ROWS[:2])
    write(path, [{"epoch": 3, "loss": 9.0}])
    assert write(path, ROWS[2:], mark).offset == len(TEXT)
    assert path.read_bytes() == TEXT


@pytest.mark.parametrize(
    "damage",
    [
        lambda path, data: path.unlink(),
        lambda path, data: path.write_bytes(b""),
        lambda path, data: path.write_bytes(data[:-1]),
        lambda path, data: path.write_bytes(data.replace(b"0.5", b"0.6")),
        lambda path, data: path.write_bytes(b"epoch,acc\n" + data[len(HEADER) :]),
    ],
)
def test_another_table_than_the_marked_one_is_refused_and_kept(tmp_path, damage):
    path = tmp_path / "m.csv"
    mark = write(path, ROWS)
    damage(path, path.read_bytes())
    before = path.read_bytes() if path.exists() else None
    with pytest.raises(DataError, match=r"m\.csv"):
        AppendTable(path, COLUMNS, mark)
    assert before is None or path.read_bytes() == before


@pytest.mark.parametrize("foreign", [b"", b"hello", b"epoch,acc\n1,2\n", b"epoch,loss,x\n", b"\xff\n", b"\0" * 99])
def test_a_foreign_table_is_refused_and_kept(tmp_path, foreign):
    path = tmp_path / "m.csv"
    path.write_bytes(foreign)
    with pytest.raises(DataError, match="its columns are"):
        AppendTable(path, COLUMNS)
    assert path.read_bytes() == foreign


def test_rows_have_exactly_the_columns(tmp_path):
    with AppendTable(tmp_path / "m.csv", COLUMNS) as table:
        for row in ({"epoch": 1}, {"epoch": 1, "loss": 2, "x": 3}, {}):
            with pytest.raises(ValueError, match="columns"):
                table.append([row])
    assert (tmp_path / "m.csv").read_bytes() == HEADER


def test_killed_anywhere_the_table_is_a_beginning_and_can_be_gone_on_with(tmp_path):
    path = tmp_path / "m.csv"

    def action():
        with AppendTable(path, COLUMNS) as table:
            done = (table.offset > len(HEADER)) + (table.offset > len(HEADER) + 6)
            for row in ROWS[done:]:
                table.append([row])
                table.sync()

    points = 0
    for _ in kill_points(action, lambda: path.unlink(missing_ok=True)):
        points += 1
        if path.exists():
            assert TEXT.startswith(path.read_bytes())
            with AppendTable(path, COLUMNS) as table:
                table.append(ROWS[path.read_bytes().count(b"\n") - 1 :])
            assert path.read_bytes() == TEXT
    assert points > 15


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
def test_a_failed_write_leaves_no_half_row_and_the_next_one_fits(tmp_path, code):
    path = tmp_path / "m.csv"
    with AppendTable(path, COLUMNS) as table:
        table.append(ROWS[:2])
        with failing_at(1, code), pytest.raises(FileError, match=os.strerror(code)):
            table.append(ROWS[2:])
        with failing_at(1, code), pytest.raises(FileError, match=os.strerror(code)):
            table.sync()
        table.append(ROWS[2:])
        assert path.read_bytes() == TEXT
        assert table.sync() == Mark(len(TEXT), hashlib.sha256(TEXT).hexdigest())


def test_it_works_with_every_standard_stream_closed(tmp_path):
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from mlpcli.results.files.append import AppendTable\n"
        "table = AppendTable(Path(sys.argv[1]), ['a'])\n"
        "import os\n"
        "for stream in (0, 1, 2):\n"
        "    try: os.write(stream, b'noise')\n"
        "    except OSError: pass\n"
        "table.append([{'a': 1}])\n"
        "table.sync()\n"
    )
    command = f'exec \'{sys.executable}\' -c "$0" "$1" <&- >&- 2>&-'
    subprocess.run(["sh", "-c", command, script, tmp_path / "m.csv"], check=True, timeout=PATIENCE)
    assert (tmp_path / "m.csv").read_bytes() == b"a\n1\n"


def test_closing_twice_is_once(tmp_path):
    table = AppendTable(tmp_path / "m.csv", COLUMNS)
    table.close()
    table.close()
