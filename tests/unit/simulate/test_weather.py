"""The sun over Warsaw, and roofs that follow it."""

from datetime import UTC, date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from telegraf_han.simulate.weather import DAY_S, HOUR_S, SKIES, dark_spans, roof_w, sky, sun_share

WARSAW = ZoneInfo("Europe/Warsaw")


@pytest.mark.parametrize(
    ("day", "dawn", "dusk"),
    [((2026, 6, 21), (4, 14), (21, 1)), ((2026, 12, 21), (7, 43), (15, 25)), ((2026, 3, 20), (5, 43), (17, 51))],
    ids=["midsummer", "midwinter", "equinox"],
)
def test_dark_spans_are_near_the_almanac(day: tuple[int, int, int], dawn: tuple[int, int], dusk: tuple[int, int]) -> None:
    """Sunrise and sunset of Warsaw's almanac within 25 minutes, which refraction and the equation of time take."""
    midnight = int(datetime(*day, tzinfo=WARSAW).timestamp())

    (_, rise), (fall, _) = dark_spans(midnight)
    assert abs(rise - midnight - dawn[0] * 3600 - dawn[1] * 60) < 1500
    assert abs(fall - midnight - dusk[0] * 3600 - dusk[1] * 60) < 1500


def test_sun_is_higher_in_june_and_gone_at_midnight() -> None:
    """Clear-sky shares: June's noon above December's, nothing at night in either."""
    june, december = (int(datetime(2026, month, 21, 11, tzinfo=UTC).timestamp()) for month in (6, 12))

    assert 0.7 < sun_share(june) <= 0.85
    assert 0.1 < sun_share(december) < sun_share(june)
    assert sun_share(june + DAY_S // 2) == sun_share(december + DAY_S // 2) == 0


def test_roof_has_a_value_for_every_second_and_no_jump_between_hours() -> None:
    """Over a summer week power stays between nothing and the rating, and no second differs from the next by more than 100 W."""
    begin = int(datetime(2026, 6, 8, tzinfo=UTC).timestamp())
    powers = [power for hour in range(begin, begin + 7 * DAY_S, HOUR_S) for power in roof_w(5, hour, 5000)]

    assert len(powers) == 7 * DAY_S
    assert min(powers) == 0
    assert 3000 < max(powers) <= 4250
    assert max(abs(after - before) for before, after in pairwise(powers)) < 100


def test_no_roof_no_power() -> None:
    """A rating of 0 gives 0 at noon."""
    noon = int(datetime(2026, 6, 8, 11, tzinfo=UTC).timestamp()) // HOUR_S * HOUR_S

    assert set(roof_w(5, noon, 0)) == {0}


def test_skies_follow_the_season() -> None:
    """Over ten years, July has more clear days than December and fewer overcast ones; every kind of sky occurs."""

    def names(month: int) -> list[str]:
        return [sky(1, date(year, month, day).toordinal()).name for year in range(2020, 2030) for day in range(1, 31)]

    july, december = names(7), names(12)
    assert july.count("clear") > december.count("clear")
    assert july.count("overcast") < december.count("overcast")
    assert set(july + december) == {kind.name for kind in SKIES}
