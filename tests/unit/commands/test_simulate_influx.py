"""`simulate --to influx`: a virtual meter's telegrams into a database that is not always there."""

from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import nullcontext

import pytest

from telegraf_han.commands import simulate as command
from telegraf_han.errors import SourceError
from telegraf_han.influx import connection, history
from telegraf_han.influx.api import RefusedError
from telegraf_han.influx.connection import Place

AWAY = SourceError("no InfluxDB answers")
BUSY = RefusedError(503, "unavailable")


class Api:
    """An InfluxDB whose next answers are given."""

    def __init__(self) -> None:
        self.answers: list[Exception] = []
        self.written: list[bytes] = []

    def write(self, bucket: str, lines: bytes) -> None:
        assert bucket == "energy"
        if self.answers:
            raise self.answers.pop(0)
        self.written += lines.splitlines()


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    monkeypatch.setattr(history, "PAUSES_S", (0.0, 0.0, 0.0))
    monkeypatch.setattr(history, "BATCH_LINES", 10)
    return Api()


@pytest.fixture
def simulate(api: Api, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Thirty seconds of a meter, as fast as they go."""
    monkeypatch.setattr(connection, "writing", lambda _: nullcontext(Place(api, "", "energy")))  # type: ignore[arg-type]

    def run() -> int:
        parser = ArgumentParser()
        command.add_arguments(parser)
        words = ["gama350", "--to", "influx", "--start", "2026-04-10T15:00:00", "--until", "2026-04-10T15:00:30", "--speed", "max"]
        return command.run(parser.parse_args(words))

    return run


@pytest.mark.parametrize("answers", [[], [AWAY], [BUSY], [AWAY, BUSY, AWAY]], ids=["there", "away", "busy", "away for long"])
def test_an_outage_ends_nothing(api: Api, simulate, capsys: pytest.CaptureFixture[str], answers: list[Exception]) -> None:
    """A load goes on after InfluxDB was away for a moment, and everything is stored once."""
    api.answers = list(answers)

    assert simulate() == 0

    assert len({line.rpartition(b" ")[2] for line in api.written}) == len(api.written) == 30
    assert "I! 30 telegrams written to energy" in capsys.readouterr().err


@pytest.mark.parametrize("error", [AWAY, RefusedError(401, "unauthorized")], ids=["away for good", "token"])
def test_what_does_not_pass_ends_it(api: Api, simulate, capsys: pytest.CaptureFixture[str], error: Exception) -> None:
    """If InfluxDB stays away or refuses, the amount that was written is printed, and then comes an error."""
    api.answers = [error] * 4

    with pytest.raises(type(error)):
        simulate()

    assert "I! 0 telegrams written to energy" in capsys.readouterr().err


def test_a_line_refused(api: Api, simulate) -> None:
    """All lines of the simulator are good, so a line that InfluxDB does not take is an error."""
    api.answers = [RefusedError(422, "field type conflict")] * 10

    with pytest.raises(RefusedError, match="field type conflict"):
        simulate()
