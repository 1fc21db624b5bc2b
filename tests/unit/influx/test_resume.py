"""resume: the progress of an import, and when it no longer counts."""

import os
from pathlib import Path

import pytest

from telegraf_han.influx.resume import LIMIT_BYTES, Mark, Resume

MARK = Mark(5000, 4990, 10)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "year.lp"
    path.write_bytes(b"a x=1 1\n")
    return path


def test_goes_on_where_it_was(file: Path) -> None:
    """Another process finds the saved progress."""
    Resume(str(file), None, ["http://a", "energy"]).save(MARK)

    assert Resume(str(file), None, ["http://a", "energy"]).mark() == MARK
    assert sorted(path.name for path in file.parent.iterdir()) == ["year.lp", "year.lp.importing"]


def test_forgets(file: Path) -> None:
    """A complete import leaves no state file. Forgetting twice does no harm."""
    resume = Resume(str(file), None, [])
    resume.save(MARK)
    resume.forget()
    resume.forget()

    assert [path.name for path in file.parent.iterdir()] == ["year.lp"]
    assert resume.mark() == Mark()


def test_another_place_begins_anew(file: Path) -> None:
    """Another InfluxDB or bucket has nothing yet."""
    Resume(str(file), None, ["http://a", "energy"]).save(MARK)

    assert Resume(str(file), None, ["http://b", "energy"]).mark() == Mark()


def test_a_changed_file_begins_anew(file: Path) -> None:
    """A file with the same name and other content is another file."""
    Resume(str(file), None, []).save(MARK)
    os.utime(file, ns=(1, 1))

    assert Resume(str(file), None, []).mark() == Mark()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"done": 5}',
        b"\xff\xfe",
        b'{"done": "x", "stored": 1, "wrong": 1, "identity": ""}',
        b"[" * 2 * LIMIT_BYTES,
    ],
)
def test_a_damaged_state_file_begins_anew(file: Path, content: bytes) -> None:
    """A state file cut by a power failure costs time, no more."""
    Path(f"{file}.importing").write_bytes(content)

    assert Resume(str(file), None, []).mark() == Mark()


def test_a_folder_of_ones_choice(file: Path, tmp_path: Path) -> None:
    """Files with the same name in two folders do not share their state."""
    states, other = tmp_path / "states", tmp_path / "other"
    states.mkdir()
    other.mkdir()
    twin = other / file.name
    twin.write_bytes(file.read_bytes())

    Resume(str(file), str(states), []).save(MARK)
    Resume(str(twin), str(states), []).save(Mark(1, 1, 0))

    assert Resume(str(file), str(states), []).mark() == MARK
    assert Resume(str(twin), str(states), []).mark() == Mark(1, 1, 0)
    assert len(list(states.iterdir())) == 2
