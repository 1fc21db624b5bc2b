"""Line protocol into metrics, by InfluxDB's reference alone: the tests' independent reader.

Strict where Telegraf's parser is strict: an empty tag value, a number that is none, a missing stamp or an unclosed quote is an
error here too. It shares nothing with `telegraf_han.lineprotocol`; the stack tests hold both against the real Telegraf.
"""

import math
import re
from typing import NamedTuple

FLOAT = re.compile(r"-?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


class Metric(NamedTuple):
    """One line."""

    measurement: str
    tags: tuple[tuple[str, str], ...]
    fields: tuple[tuple[str, float | int | str | bool], ...]
    time_ns: int


def metrics(data: bytes) -> list[Metric]:
    """All lines of a stream; the last one has to be whole. Raises ValueError."""
    if data and not data.endswith(b"\n"):
        raise ValueError("the last line is cut")
    return [metric(line) for line in data.decode().split("\n")[:-1]]


def metric(line: str) -> Metric:
    """One line without its newline. Raises ValueError."""
    if len(line.encode()) >= 4096:
        raise ValueError("line of 4096 bytes or more")
    head, rest = _upto(line, " ")
    fields_text, stamp = _upto(rest, " ", quotes=True)
    if not re.fullmatch(r"-?\d{1,19}", stamp):
        raise ValueError(f"time stamp {stamp!r}")
    measurement, *tags = _split(head, ",")
    if not measurement:
        raise ValueError("no measurement")
    return Metric(
        _plain(measurement, ", "),
        tuple(_pair(tag) for tag in tags),
        tuple(_field(field) for field in _split(fields_text, ",", quotes=True)),
        int(stamp),
    )


def _upto(text: str, mark: str, *, quotes: bool = False) -> tuple[str, str]:
    parts = _split(text, mark, quotes=quotes)
    if len(parts) < 2:
        raise ValueError(f"no {mark!r} in {text!r}")
    return parts[0], text[len(parts[0]) + 1 :]


def _split(text: str, mark: str, *, quotes: bool = False) -> list[str]:
    parts, start, index, quoted = [], 0, 0, False
    while index < len(text):
        if text[index] == "\\" and index + 1 < len(text):
            index += 2
            continue
        if quotes and text[index] == '"':
            quoted = not quoted
        elif text[index] == mark and not quoted:
            parts.append(text[start:index])
            start = index + 1
        index += 1
    if quoted:
        raise ValueError("unclosed quote")
    return [*parts, text[start:]]


def _pair(text: str) -> tuple[str, str]:
    name, value = _upto(text, "=")
    if not name or not value or value.endswith("\\"):
        raise ValueError(f"tag {text!r}")
    return _plain(name, ",= "), _plain(value, ",= ")


def _field(text: str) -> tuple[str, float | int | str | bool]:
    name, value = _upto(text, "=", quotes=True)
    if not name:
        raise ValueError(f"field {text!r}")
    return _plain(name, ",= "), _value(value)


def _value(text: str) -> float | int | str | bool:
    if text.startswith('"') and text.endswith('"') and len(text) > 1:
        return _plain(text[1:-1], '"\\')
    if re.fullmatch(r"-?\d+i", text):
        return int(text[:-1])
    if text in ("true", "false"):
        return text == "true"
    if not FLOAT.fullmatch(text) or not math.isfinite(float(text)):
        raise ValueError(f"value {text!r}")
    return float(text)


def _plain(text: str, escaped: str) -> str:
    return re.sub(r"\\([" + re.escape(escaped) + "])", r"\1", text)
