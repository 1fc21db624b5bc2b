"""Keeps the data for a live page: the newest values of each meter, and the recent history of the meter's power.

`Recent` is a decoder that keeps what it decoded. Readers feed it as they feed the decoder of `run`, so the page shows what `run` would
write. It makes no lines. The history is a limited number of points of power. `columns` turns them into one value per column of a chart. The
value is the mean of the column's points. A column without points has the last value, as long as the meter is not silent. A gap stays a
gap.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple

from telegraf_han.config.sections import Config
from telegraf_han.decoding import health
from telegraf_han.decoding.decoder import Decoder
from telegraf_han.telegram import Frame, Telegram, Value

POINTS_REMEMBERED: Final = 3600
"""An hour of a meter that sends every second, or 60 hours of a meter that sends by radio."""
IMPORT: Final = "active_power_import_w"
EXPORT: Final = "active_power_export_w"
_NS: Final = 1_000_000_000


class Point(NamedTuple):
    """Power at one time."""

    steady_ns: int
    """Steady clock."""
    import_w: float
    export_w: float


class Recent(Decoder):
    """The newest telegrams of all configured meters. Readers hold their lock around each use; other code must hold the lock, too."""

    __slots__ = ("fields", "history")

    def __init__(self, config: Config) -> None:
        """Nothing heard yet."""
        super().__init__(config)
        self.fields: Final[dict[str, dict[str, Value]]] = {name: {} for name in self.meters}
        """Meter → field → value. If a meter sends its values in turns, this is the newest of each."""
        self.history: Final[dict[str, deque[Point]]] = {name: deque(maxlen=POINTS_REMEMBERED) for name in self.meters}

    def take(self, frame: Frame, source: str = "", *, live: bool = False) -> Telegram | None:
        """Decode and remember. Raises TelegramError as every decoder does."""
        telegram = super().take(frame, source, live=live)
        if telegram is not None:
            self.remember(telegram, frame.steady_ns)
        return telegram

    def remember(self, telegram: Telegram, steady_ns: int) -> None:
        """Take the values of a telegram that was decoded at `steady_ns`."""
        said = {column.field: value for column, value in zip(telegram.shape.columns, telegram.values, strict=True) if column.field}
        self.fields[telegram.meter].update(said)
        taken, given = said.get(IMPORT), said.get(EXPORT)
        if isinstance(taken, int | float) or isinstance(given, int | float):
            self.history[telegram.meter].append(Point(steady_ns, number(taken), number(given)))

    def line(self, telegram: Telegram) -> bytes:  # noqa: ARG002, as the decoder has it
        """Return nothing, because nobody reads lines here."""
        return b""

    def state(self, meter: str, steady_ns: int) -> str:
        """How well a meter is read: a state of `decoding.health`."""
        return health.state(self.meters[meter], steady_ns)

    def columns(self, meter: str, width: int, span_s: float, now_ns: int) -> list[Point | None]:
        """The last `span_s` seconds in `width` columns, the oldest first."""
        carried_ns = int(health.silence_s(self.meters[meter].config) * _NS)
        return columns(self.history[meter], width, int(span_s * _NS), carried_ns, now_ns)


def columns(points: Sequence[Point], width: int, span_ns: int, carried_ns: int, now_ns: int) -> list[Point | None]:
    """Turn points into columns. A value is carried on into empty columns for `carried_ns`.

    Columns stand at fixed times, multiples of their length, so that a chart moves by whole columns and does not flicker.
    """
    step_ns = max(1, span_ns // width)
    first = now_ns // step_ns - width + 1
    found: list[list[Point]] = [[] for _ in range(width)]
    last: Point | None = None
    for point in points:
        column = point.steady_ns // step_ns - first
        if 0 <= column < width:
            found[column].append(point)
        elif column < 0:
            last = point
    chart: list[Point | None] = []
    for number, inside in enumerate(found):
        if inside:
            last = inside[-1]
            chart.append(_mean(inside))
        else:
            begins_ns = (first + number) * step_ns
            chart.append(last if last is not None and begins_ns - last.steady_ns <= carried_ns else None)
    return chart


def _mean(points: Sequence[Point]) -> Point:
    count = len(points)
    return Point(points[-1].steady_ns, sum(point.import_w for point in points) / count, sum(point.export_w for point in points) / count)


def number(value: Value) -> float:
    """The power as a number, or 0 if there is none."""
    return value if isinstance(value, int | float) else 0.0
