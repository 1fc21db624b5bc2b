"""decoding.timing: which clock a telegram gets, where the whole decoder does not show it."""

from datetime import UTC, datetime

import pytest

from telegraf_han.clock import Zone
from telegraf_han.decoding.timing import BELIEVED_NS, Moment, Timing, nearest
from telegraf_han.telegram import Body, Shape

NS = 1_000_000_000
MINUTE_NS = 60 * NS
START_NS = int(datetime(2027, 3, 1, 12, tzinfo=UTC).timestamp()) * NS
WARSAW = Zone("Europe/Warsaw")
BODY = Body(Shape(()), [], None, "", "")


def ns(text: str) -> int:
    """A moment in UTC."""
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp()) * NS


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("2027-10-31T00:31:00", "2027-10-31T00:30:00"),
        ("2027-10-31T01:29:00", "2027-10-31T01:30:00"),
        ("2027-10-31T00:59:00", "2027-10-31T00:30:00"),
        ("2027-10-31T01:01:00", "2027-10-31T01:30:00"),
    ],
)
@pytest.mark.parametrize("rule", ["2027-10-31T00:30:00", "2027-10-31T01:30:00"])
def test_hour_that_comes_twice(rule: str, host: str, expected: str) -> None:
    """A clock without a season shows 02:30 twice. The host's clock says which of the two it is, whatever the zone's rule chose."""
    assert nearest(ns(rule), ns(host), WARSAW) == ns(expected)


def test_host_before_the_release() -> None:
    """A host whose clock cannot be right decides nothing."""
    assert nearest(ns("2027-10-31T00:30:00"), 0, WARSAW) == ns("2027-10-31T00:30:00")


def follows(timing: Timing, meter_ns: int, host_ns: int, steady_ns: int, *, lower: str | None = None) -> bool:
    """Whether a telegram is believed as the next one."""
    return timing.follows(Moment(meter_ns, None, host_ns, steady_ns), lambda _: lower, BODY)


@pytest.mark.parametrize(("off_ns", "expected"), [(0, True), (BELIEVED_NS, True), (BELIEVED_NS + NS, False), (-BELIEVED_NS - NS, False)])
def test_jump_of_the_clock(off_ns: int, expected: bool) -> None:
    """A meter's clock that jumps by an hour is believed if it shows the host's time afterwards, and otherwise not at once."""
    timing = Timing()
    assert follows(timing, START_NS, START_NS, 0)

    jumped_ns = START_NS + 60 * MINUTE_NS

    assert follows(timing, jumped_ns, jumped_ns + off_ns, MINUTE_NS) is expected


@pytest.mark.parametrize(
    ("step_ns", "lower", "expected"),
    [(0, "a register", True), (-NS, "a register", False), (-NS, None, True), (-MINUTE_NS - NS, None, False)],
)
def test_clock_that_goes_back(step_ns: int, lower: str | None, expected: bool) -> None:
    """A clock may go back by some seconds, but not together with a register. One that stands still may."""
    timing = Timing()
    assert follows(timing, START_NS, START_NS, 0)

    assert follows(timing, START_NS + step_ns, START_NS, NS, lower=lower) is expected
