"""recent: the newest telegram of each meter, and its power's history as columns of a chart."""

import pytest

import p1telegrams as p1
from telegraf_han.ciphers.secret import Key
from telegraf_han.config.sections import Config, MeterConfig, Output
from telegraf_han.errors import TelegramError
from telegraf_han.inspection.recent import POINTS_REMEMBERED, Point, Recent, columns
from telegraf_han.telegram import Frame

S = 1_000_000_000
NOW_NS = 1_775_826_400 * S
HOME = MeterConfig("home", "p1", encryption_key=Key(p1.EK), authentication_key=Key(p1.AK))


def recent(*meters: MeterConfig) -> Recent:
    return Recent(Config("han.toml", Output(), meters or (HOME,), ()))


def test_newest() -> None:
    """The values of the newest telegram are there under their field keys. No line is made."""
    one = recent()

    telegram = one.take(Frame("p1", p1.stoen(), NOW_NS, steady_ns=NOW_NS), "home")

    assert telegram is not None
    assert one.meters["home"].newest is telegram
    assert one.fields["home"]["active_energy_import_wh"] == 12345035
    assert list(one.history["home"]) == [Point(NOW_NS, 278, 0.0)]
    assert one.line(telegram) == b""


def test_errors_pass() -> None:
    """A telegram that cannot be read changes no value, and is counted as usual."""
    one = recent(HOME._replace(encryption_key=Key(b"\x55" * 16)))

    with pytest.raises(TelegramError):
        one.take(Frame("p1", p1.stoen(), NOW_NS, steady_ns=NOW_NS), "home")

    assert (one.meters["home"].newest, one.fields["home"], one.meters["home"].telegrams) == (None, {}, 1)


def test_history_is_bounded() -> None:
    """A page that stays open for days keeps an hour."""
    one = recent()
    for second in range(3):
        one.take(Frame("p1", p1.stoen(), NOW_NS, steady_ns=NOW_NS + second * S), "home")

    assert len(one.history["home"]) == 3
    assert one.history["home"].maxlen == POINTS_REMEMBERED


def watts(points: list[Point | None]) -> list[float | None]:
    return [None if point is None else point.import_w for point in points]


@pytest.mark.parametrize(
    ("points", "carried_s", "expected"),
    [
        ([], 180, [None] * 6),
        ([(59, 10.0)], 180, [None] * 5 + [10.0]),
        ([(50, 10.0), (55, 30.0)], 180, [None] * 5 + [20.0]),
        ([(5, 10.0), (35, 20.0)], 180, [10.0, 10.0, 10.0, 20.0, 20.0, 20.0]),
        ([(5, 10.0)], 20, [10.0, 10.0, 10.0, None, None, None]),
        ([(-30, 7.0)], 60, [7.0, 7.0, 7.0, 7.0, None, None]),
        ([(70, 9.0)], 180, [None] * 6),
    ],
    ids=["none", "newest", "mean", "carried on", "silence is a gap", "from before the chart", "after now"],
)
def test_columns(points: list[tuple[int, float]], carried_s: int, expected: list[float | None]) -> None:
    """A minute in six columns: means, carried on for as long as the meter is not silent."""
    given = [Point(1200 * S + second * S, power, 0.0) for second, power in points]

    assert watts(columns(given, 6, 60 * S, carried_s * S, 1259 * S)) == expected


def test_columns_move_whole() -> None:
    """A chart does not flicker: a second later the same points are in the same columns, or all are one column further."""
    given = [Point(second * S, float(second), 0.0) for second in range(1000, 1060)]

    first, second = (watts(columns(given, 6, 60 * S, 0, now * S)) for now in (1055, 1058))

    assert first[:-1] == second[:-1]
    assert watts(columns(given, 6, 60 * S, 0, 1062 * S))[:-2] == first[1:-1]
