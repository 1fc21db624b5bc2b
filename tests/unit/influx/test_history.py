"""history: batches, an InfluxDB that is away for a while, lines that it refuses."""

import pytest

from telegraf_han.errors import SourceError
from telegraf_han.influx import history
from telegraf_han.influx.api import RefusedError

TYPE = "failure writing points to database: partial write: field type conflict: x is float"


def written(writer: history.Writer, count: int) -> None:
    for number in range(count):
        writer.put(b"a x=%d %d\n" % (number, number), f"line {number}")
    writer.flush()


@pytest.fixture
def refused() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def writer(place, refused, pauses) -> history.Writer:
    return history.Writer(place, lambda where, why: refused.append((where, why)), pauses.append)


def test_batches(api, writer, monkeypatch) -> None:
    """A batch is written when it is full, and `put` returns True. `flush` writes the rest."""
    monkeypatch.setattr(history, "BATCH_LINES", 3)

    assert [writer.put(b"a x=%d %d\n" % (number, number)) for number in range(4)] == [False, False, True, False]
    assert (len(api.written), writer.stored) == (3, 3)
    writer.flush()
    writer.flush()
    assert api.written == [b"a x=%d %d" % (number, number) for number in range(4)]


def test_long_lines_make_short_batches(api, writer, monkeypatch) -> None:
    """A batch is limited in bytes, too."""
    monkeypatch.setattr(history, "BATCH_BYTES", 20)

    assert [writer.put(b"a x=1 1\n") for _ in range(3)] == [False, False, True]


@pytest.mark.parametrize(
    "answer", [SourceError("away"), RefusedError(503, "busy"), RefusedError(429, "slow down")], ids=["away", "busy", "too fast"]
)
def test_an_influxdb_that_is_away(api, writer, pauses, answer, capsys) -> None:
    """The writer waits for it, longer each time, prints a warning, and loses nothing."""
    api.answers = [answer, answer, answer]

    written(writer, 2)

    assert pauses == list(history.PAUSES_S[:3])
    assert capsys.readouterr().err == f"W! trying again for at most 60 s: {answer}\n"
    assert (len(api.written), writer.stored) == (2, 2)


def test_an_influxdb_that_stays_away(api, writer, pauses, away) -> None:
    """After a minute the writer gives up, and the lines are still waiting."""
    api.answers = [away] * (len(history.PAUSES_S) + 1)

    with pytest.raises(SourceError):
        written(writer, 2)
    assert pauses == list(history.PAUSES_S)
    writer.flush()
    assert len(api.written) == 2


def test_a_refused_token_is_not_tried_again(api, writer, pauses) -> None:
    """An error that waiting cannot repair is raised at once."""
    api.answers = [RefusedError(401, "unauthorized access")]

    with pytest.raises(RefusedError):
        written(writer, 1)
    assert pauses == []


@pytest.mark.parametrize(
    ("status", "words", "reason"),
    [(400, "unable to parse 'a x=7 7': invalid number", "invalid number"), (422, TYPE, "field type conflict: x is float dropped=1")],
)
def test_refused_lines_are_found(api, writer, refused, status: int, words: str, reason: str) -> None:
    """Each refused line is reported with its place and the reason. All others are stored."""
    api.bad = {b"a x=7 7": (status, words), b"a x=40 40": (status, words)}

    written(writer, 64)

    assert refused == [("line 7", reason), ("line 40", reason)]
    assert set(api.written) == {b"a x=%d %d" % (number, number) for number in range(64)} - set(api.bad)
    assert (writer.stored, writer.lost) == (62, 2)


def test_many_refused_lines_are_counted(api, writer, refused, monkeypatch) -> None:
    """Finding each of a million lines would take a million requests."""
    monkeypatch.setattr(history, "SINGLED_OUT", 2)
    api.bad = {b"a x=%d %d" % (number, number): (422, TYPE) for number in range(64)}

    written(writer, 100)

    assert (writer.stored, writer.lost) == (36, 64)
    assert len(set(api.written)) == 36
    assert refused[:2] == [("line 0", "field type conflict: x is float dropped=1"), ("line 1", "field type conflict: x is float dropped=1")]
    assert len(refused) < 10
