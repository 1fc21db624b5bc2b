"""Telegrams into what a person looks at: the newest of each meter, and how its power went lately.

A decoder that keeps what it took: readers feed it as they feed `run`'s, so what is shown here is what `run` would write. It makes no
lines. The history is points of power, bounded; `columns` makes them into one value a column of a chart: the mean of its points or,
where a column has none, the last value for as long as the meter is not silent. A gap stays a gap.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple

from telegraf_han.config.sections import Config
from telegraf_han.decoding import health
from telegraf_han.decoding.decoder import Decoder
from telegraf_han.telegram import Frame, Telegram, Value

POINTS_REMEMBERED: Final = 3600
"""An hour of a meter that speaks each second; 60 hours of one on the radio."""
IMPORT: Final = "active_power_import_w"
EXPORT: Final = "active_power_export_w"
_NS: Final = 1_000_000_000


class Point(NamedTuple):
    """Power at a time."""

    received_ns: int
    import_w: float
    export_w: float


class Recent(Decoder):
    """The newest of all configured meters. Readers hold their lock around each use; who looks holds it too."""

    __slots__ = ("fields", "history", "newest")

    def __init__(self, config: Config) -> None:
        """Nothing heard yet."""
        super().__init__(config)
        self.newest: Final[dict[str, Telegram]] = {}
        self.fields: Final[dict[str, dict[str, Value]]] = {name: {} for name in self.meters}
        """Meter → field → value; a meter that sends its values in turns has the newest of each."""
        self.history: Final[dict[str, deque[Point]]] = {name: deque(maxlen=POINTS_REMEMBERED) for name in self.meters}

    def take(self, frame: Frame, source: str = "") -> Telegram | None:
        """Decode and remember. Raises TelegramError as every decoder does."""
        telegram = super().take(frame, source)
        if telegram is not None:
            self._remember(telegram)
        return telegram

    def _remember(self, telegram: Telegram) -> None:
        self.newest[telegram.meter] = telegram
        said = {column.field: value for column, value in zip(telegram.shape.columns, telegram.values, strict=True) if column.field}
        self.fields[telegram.meter].update(said)
        taken, given = said.get(IMPORT), said.get(EXPORT)
        if isinstance(taken, int | float) or isinstance(given, int | float):
            self.history[telegram.meter].append(Point(telegram.received_ns, number(taken), number(given)))

    def line(self, telegram: Telegram, now_ns: int | None = None) -> bytes:  # noqa: ARG002, as the decoder has it
        """Nothing is written for anybody."""
        return b""

    def columns(self, meter: str, width: int, span_s: float, now_ns: int) -> list[Point | None]:
        """The last `span_s` in so many columns, the oldest first."""
        carried_ns = int(health.silence_s(self.meters[meter].config) * _NS)
        return columns(self.history[meter], width, int(span_s * _NS), carried_ns, now_ns)


def columns(points: Sequence[Point], width: int, span_ns: int, carried_ns: int, now_ns: int) -> list[Point | None]:
    """Points into columns; a value is carried on into empty columns for `carried_ns`.

    Columns stand at fixed times, multiples of their length, so that a chart moves by whole columns and does not flicker.
    """
    step_ns = max(1, span_ns // width)
    first = now_ns // step_ns - width + 1
    found: list[list[Point]] = [[] for _ in range(width)]
    last: Point | None = None
    for point in points:
        column = point.received_ns // step_ns - first
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
            chart.append(last if last is not None and begins_ns - last.received_ns <= carried_ns else None)
    return chart


def _mean(points: Sequence[Point]) -> Point:
    count = len(points)
    return Point(points[-1].received_ns, sum(point.import_w for point in points) / count, sum(point.export_w for point in points) / count)


def number(value: Value) -> float:
    """A power that is said, 0 where none is."""
    return value if isinstance(value, int | float) else 0.0
