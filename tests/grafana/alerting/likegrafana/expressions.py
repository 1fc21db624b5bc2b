"""Computes one number per label set from a rule's nodes: query, reduce, math, threshold, as Grafana's server-side expressions do.

Some rules of Grafana are surprising. Two results are joined if their labels are equal, or if the labels of one contain those of the
other, or if one has no labels. A result without a partner is dropped without a message. But if there is exactly one result on each side,
the two are joined, whatever their labels are, and lose them. One query without any series makes the whole rule `no data`. A missing
value is None and stays None through math and threshold. NaN compares false.
"""

import math
from typing import NamedTuple

from . import formula


class Series(NamedTuple):
    """Points of one label set, in order of time."""

    labels: tuple
    points: tuple


class Value(NamedTuple):
    """A number, or None if there is none, and its labels."""

    labels: tuple
    value: float | None


NO_DATA = "no data"
"""The one result of a query that found nothing."""


class NodeError(Exception):
    """A node cannot be computed: Grafana's evaluation ends in an error."""


class Outcome(NamedTuple):
    """The result of an evaluation: instances by labels with True, False or None (no data), or nothing at all."""

    instances: dict
    values: dict
    """Numbers of the reduce and math nodes: name → labels → number; what annotations can show."""
    no_data: bool


def evaluate(rule, now_ms, ask):
    """Evaluate a rule of a provisioning file at a time. `ask(influxql)` gives Series. Raises NodeError."""
    results, without = {}, []
    for node in rule["data"]:
        name, model = node["refId"], node["model"]
        if node["datasourceUid"] == "__expr__":
            results[name] = _KINDS[model["type"]](model, results)
            continue
        span = node["relativeTimeRange"]
        found = ask(_asked(model["query"], now_ms - span["from"] * 1000, now_ms - span["to"] * 1000, now_ms))
        results[name] = list(found) or [NO_DATA]
        if not found:
            without.append(name)
    condition = results[rule["condition"]]
    values = {
        name: {one.labels: one.value for one in found if isinstance(one, Value)} for name, found in results.items() if NO_DATA not in found
    }
    if without or not condition or NO_DATA in condition:
        return Outcome({}, values, no_data=True)
    if any(isinstance(one, Series) for one in condition):
        raise NodeError("looks like time series data, only reduced data can be alerted on")
    instances = {}
    for one in condition:
        if one.labels in instances:
            raise NodeError(f"frame cannot uniquely be identified by its labels: {dict(one.labels)}")
        instances[one.labels] = None if one.value is None else one.value != 0
    return Outcome(instances, values, no_data=False)


def _asked(influxql, from_ms, to_ms, now_ms):
    """The query as it is sent; `now()`, the database's clock, is the evaluation's here."""
    return influxql.replace("$timeFilter", f"time >= {from_ms}ms and time <= {to_ms}ms").replace("now()", f"{now_ms}ms")


# -- reduce and threshold --


def _numbers(points, mode):
    values = [value for _, value in points]
    if mode == "dropNN":
        return [value for value in values if value is not None and math.isfinite(value)]
    return values


def _strict(function):
    """A reducer that gives NaN if there are no values, or if a value is missing."""
    return lambda values: math.nan if not values or any(value is None or math.isnan(value) for value in values) else function(values)


REDUCERS = {
    "last": lambda values: values[-1] if values else math.nan,
    "max": _strict(max),
    "min": _strict(min),
    "sum": _strict(math.fsum),
    "mean": _strict(lambda values: math.fsum(values) / len(values)),
    "count": lambda values: float(len(values)),
}


def _reduce(model, results):
    mode = model.get("settings", {}).get("mode", "")
    found = []
    for one in results[model["expression"]]:
        if one == NO_DATA or isinstance(one, Value):
            found.append(one)
            continue
        number = REDUCERS[model["reducer"]](_numbers(one.points, mode))
        missing = mode == "dropNN" and number is not None and math.isnan(number)
        found.append(Value(one.labels, None if missing else number))
    return found


THRESHOLDS = {
    "gt": lambda value, limits: value > limits[0],
    "lt": lambda value, limits: value < limits[0],
    "within_range": lambda value, limits: limits[0] < value < limits[1],
    "outside_range": lambda value, limits: value < limits[0] or value > limits[1],
}


def _threshold(model, results):
    evaluator = model["conditions"][0]["evaluator"]
    test = THRESHOLDS[evaluator["type"]]

    def tested(value):
        return None if value is None else float(test(value, evaluator["params"]))

    return [
        one if one == NO_DATA
        else one._replace(value=tested(one.value)) if isinstance(one, Value)
        else one._replace(points=tuple((time, tested(value)) for time, value in one.points))
        for one in results[model["expression"]]
    ]  # fmt: skip


# -- math --


def _math(model, results):
    return _walked(formula.parsed(model["expression"]), results)


def _walked(tree, results):
    match tree:
        case formula.Number(value):
            return [Value((), value)]
        case formula.Variable(name):
            return results[name]
        case formula.Unary("-", inner):
            return [_each(one, lambda value: -value) for one in _walked(inner, results)]
        case formula.Unary("!", inner):
            return [_each(one, lambda value: float(value == 0)) for one in _walked(inner, results)]
        case formula.Call("abs", inner):
            return [_each(one, abs) for one in _walked(inner, results)]
        case formula.Binary(sign, left, right):
            return [_computed(sign, one, other, labels) for one, other, labels in _unions(_walked(left, results), _walked(right, results))]
    raise NodeError(f"{tree} is not known here")


def _each(one, function):
    if one == NO_DATA:
        return one
    if isinstance(one, Value):
        return one._replace(value=None if one.value is None else function(one.value))
    return one._replace(points=tuple((time, None if value is None else function(value)) for time, value in one.points))


def _unions(left, right):
    """Pairs of results that belong together, with the labels of the joined result."""
    if not left or not right:
        return []
    if (len(left) == 1 or len(right) == 1) and NO_DATA in (left[0], right[0]):
        return [(left[0], right[0], ())]
    pairs = [(one, other, _common(one.labels, other.labels)) for one in left for other in right]
    pairs = [pair for pair in pairs if pair[2] is not None]
    if not pairs and len(left) == 1 and len(right) == 1:
        return [(left[0], right[0], ())]
    return pairs


def _common(one, other):
    """The labels of two results that match; None if they do not match."""
    if one == other or not other:
        return one
    if not one:
        return other
    if len(one) == len(other):
        return None
    if set(one) > set(other):
        return one
    return other if set(other) > set(one) else None


def _computed(sign, one, other, labels):
    if NO_DATA in (one, other):
        return NO_DATA
    if isinstance(one, Series) or isinstance(other, Series):
        return Series(labels, tuple(_points(sign, one, other)))
    return Value(labels, _operated(sign, one.value, other.value))


def _points(sign, one, other):
    if isinstance(one, Series) and isinstance(other, Series):
        others = dict(other.points)
        return [(time, _operated(sign, value, others[time])) for time, value in one.points if time in others]
    if isinstance(one, Series):
        return [(time, _operated(sign, value, other.value)) for time, value in one.points]
    return [(time, _operated(sign, one.value, value)) for time, value in other.points]


_OPERATORS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b if b else math.copysign(math.inf, a) if a else math.nan,
    ">": lambda a, b: float(a > b),
    "<": lambda a, b: float(a < b),
    ">=": lambda a, b: float(a >= b),
    "<=": lambda a, b: float(a <= b),
    "==": lambda a, b: float(a == b),
    "!=": lambda a, b: float(a != b),
    "&&": lambda a, b: float(a != 0 and b != 0),
    "||": lambda a, b: float(a != 0 or b != 0),
}


def _operated(sign, one, other):
    if one is None or other is None:
        return None
    if (sign == "||" and one) or (sign == "&&" and not one):
        return float(sign == "||")
    if math.isnan(one) or math.isnan(other):
        return math.nan
    return _OPERATORS[sign](one, other)


_KINDS = {"reduce": _reduce, "math": _math, "threshold": _threshold}
