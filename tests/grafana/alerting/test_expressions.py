"""The evaluator: joining by labels, missing values and waiting, as in Grafana. The answer of every case was computed by hand."""

import math

import pytest
from likegrafana import expressions, formula, states
from likegrafana.expressions import NO_DATA, Outcome, Series, Value

HOME, FLAT, BOTH = (("meter", "home"),), (("meter", "flat"),), (("meter", "home"), ("serial", "1"))


def computed(text, **results):
    """Result of a math expression over results of other nodes."""
    return expressions._math({"expression": text}, results)


# -- formula --

ARITHMETIC = {
    "1 + 2 * 3": 7, "(1 + 2) * 3": 9, "10 - 4 - 3": 3, "12 / 4 / 3": 1, "-2 + 5": 3, "2 > 1 && 1 > 2": 0, "1 > 2 || 2 > 1": 1,
    "!1": 0, "!0": 1, "abs(3 - 5)": 2, "1e3 / 10": 100, "2 >= 2": 1, "2 != 2": 0, "1 + 1 == 2": 1, "0.5*4": 2,
}  # fmt: skip


@pytest.mark.parametrize(("text", "answer"), ARITHMETIC.items(), ids=ARITHMETIC)
def test_arithmetic(text, answer) -> None:
    """Operators bind as in Grafana's grammar."""
    assert computed(text) == [Value((), answer)]


@pytest.mark.parametrize("text", ["", "1 +", "1 2", "(1", "1)", "$", "max(1)", "abs 1", "1 -- 1", "'a'", "$A & $B"])
def test_no_formula(text) -> None:
    """A text that Grafana cannot parse is an error."""
    with pytest.raises(formula.FormulaError):
        formula.parsed(text)


def test_names_of_a_formula() -> None:
    """The nodes an expression needs, however they are written."""
    assert formula.names(formula.parsed("abs($a_1) + -${b c} / (2 - $D)")) == {"a_1", "b c", "D"}


# -- joining --

JOINED = {
    "equal labels": ([Value(HOME, 5), Value(FLAT, 7)], [Value(FLAT, 1), Value(HOME, 2)], [Value(HOME, 3), Value(FLAT, 6)]),
    "no partner": ([Value(HOME, 5), Value(FLAT, 7)], [Value(FLAT, 1)], [Value(FLAT, 6)]),
    "no labels on one side": ([Value(HOME, 5), Value(FLAT, 7)], [Value((), 1)], [Value(HOME, 4), Value(FLAT, 6)]),
    "more labels on one side": ([Value(BOTH, 5)], [Value(HOME, 2), Value(FLAT, 1)], [Value(BOTH, 3)]),
    "one against one, whatever the labels": ([Value(HOME, 5)], [Value(FLAT, 2)], [Value((), 3)]),
    "one against two without a partner": ([Value(HOME, 5)], [Value(FLAT, 2), Value((("meter", "x"),), 2)], []),
    "nothing on one side": ([Value(HOME, 5)], [], []),
    "no data on one side": ([Value(HOME, 5)], [NO_DATA], [NO_DATA]),
    "missing value": ([Value(HOME, None)], [Value(HOME, 2)], [Value(HOME, None)]),
    "series and number": ([Series(HOME, ((1, 5), (2, None)))], [Value(HOME, 2)], [Series(HOME, ((1, 3), (2, None)))]),
    "number and series": ([Value(HOME, 9)], [Series(HOME, ((1, 5),))], [Series(HOME, ((1, 4),))]),
    "two series by time": ([Series(HOME, ((1, 5), (2, 6)))], [Series(HOME, ((2, 1), (3, 1)))], [Series(HOME, ((2, 5),))]),
}


@pytest.mark.parametrize(("left", "right", "answer"), JOINED.values(), ids=JOINED)
def test_joining(left, right, answer) -> None:
    """Which results are joined, and under which labels."""
    assert computed("$a - $b", a=left, b=right) == answer


# -- reduce, threshold --

POINTS = Series(HOME, ((1, 4.0), (2, None), (3, 2.0), (4, None)))
REDUCED = {
    ("last", "dropNN"): 2, ("max", "dropNN"): 4, ("min", "dropNN"): 2, ("mean", "dropNN"): 3, ("sum", "dropNN"): 6, ("count", "dropNN"): 2,
    ("last", ""): None, ("count", ""): 4, ("max", ""): math.nan, ("mean", ""): math.nan,
}  # fmt: skip


@pytest.mark.parametrize(("how", "answer"), REDUCED.items(), ids=[" ".join(how) for how in REDUCED])
def test_reduce(how, answer) -> None:
    """The result of missing points."""
    reducer, mode = how
    (found,) = expressions._reduce({"expression": "a", "reducer": reducer, "settings": {"mode": mode}}, {"a": [POINTS]})

    assert found.labels == HOME
    assert found.value == answer or (math.isnan(answer) and math.isnan(found.value))


def test_reduce_of_nothing() -> None:
    """A series that has only missing points has no last point."""
    model = {"expression": "a", "reducer": "last", "settings": {"mode": "dropNN"}}

    assert expressions._reduce(model, {"a": [Series(HOME, ((1, None),)), NO_DATA]}) == [Value(HOME, None), NO_DATA]


@pytest.mark.parametrize(("value", "answer"), [(1, 1), (0, 0), (-1, 0), (None, None), (math.nan, 0)])
def test_threshold(value, answer) -> None:
    """Above, not above, missing; not-a-number is not above."""
    model = {"expression": "a", "conditions": [{"evaluator": {"type": "gt", "params": [0]}}]}

    assert expressions._threshold(model, {"a": [Value(HOME, value)]}) == [Value(HOME, answer)]


# -- the whole rule --


def rule(**more):
    """A rule on one query: above zero."""
    expression = {"datasourceUid": "__expr__"}
    return {
        "condition": "breach", "for": "2m", "noDataState": "OK", "execErrState": "Error",
        "data": [
            {"refId": "a", "datasourceUid": "x", "relativeTimeRange": {"from": 60, "to": 0}, "model": {"query": "$timeFilter; now()"}},
            {"refId": "last", **expression, "model": {"type": "reduce", "expression": "a", "reducer": "last"}},
            {"refId": "breach", **expression, "model": {
                "type": "threshold", "expression": "last", "conditions": [{"evaluator": {"type": "gt", "params": [0]}}],
            }},
        ],
    } | more  # fmt: skip


def test_evaluation() -> None:
    """One instance per series, with the numbers that its texts may show. The times are those of the evaluation."""
    asked = []

    def ask(influxql):
        asked.append(influxql)
        return [Series(HOME, ((1, 5.0),)), Series(FLAT, ((1, -5.0),)), Series(BOTH, ((1, None),))]

    outcome = expressions.evaluate(rule(), 100_000, ask)

    assert asked == ["time >= 40000ms and time <= 100000ms; 100000ms"]
    assert outcome.instances == {HOME: True, FLAT: False, BOTH: None}
    assert outcome.values["last"] == {HOME: 5, FLAT: -5, BOTH: None}
    assert not outcome.no_data


def test_evaluation_without_any_series() -> None:
    """If a query finds nothing, the whole rule has no data."""
    assert expressions.evaluate(rule(), 0, lambda _: []).no_data


def test_evaluation_of_two_series_alike() -> None:
    """Two series with the same labels are an error, because nobody could distinguish their alerts."""
    with pytest.raises(expressions.NodeError, match="cannot uniquely be identified"):
        expressions.evaluate(rule(), 0, lambda _: [Series(HOME, ((1, 1.0),)), Series(HOME, ((1, 2.0),))])


def test_evaluation_of_a_series() -> None:
    """A condition that is still a series is an error."""
    with pytest.raises(expressions.NodeError, match="only reduced data"):
        expressions.evaluate(rule(condition="a"), 0, lambda _: [Series(HOME, ((1, 1.0),))])


# -- states --

BREACH, FINE, NOTHING = Outcome({HOME: True}, {}, no_data=False), Outcome({HOME: False}, {}, no_data=False), Outcome({}, {}, no_data=True)
MISSING, ERROR = Outcome({FLAT: False}, {}, no_data=False), None
HISTORIES = {
    "waiting": ({}, [BREACH, BREACH, BREACH, FINE], ["Pending", "Pending", "Alerting", "Normal"]),
    "waiting begins anew": ({}, [BREACH, FINE, BREACH, BREACH], ["Pending", "Normal", "Pending", "Pending"]),
    "no waiting": ({"for": "0s"}, [BREACH, FINE], ["Alerting", "Normal"]),
    "keeps firing": (
        {"for": "0s", "keepFiringFor": "2m"},
        [BREACH, FINE, BREACH, FINE, FINE, FINE, FINE],
        ["Alerting", "Recovering", "Alerting", "Recovering", "Recovering", "Normal", "Normal"],
    ),
    "no data is fine": ({"noDataState": "OK"}, [BREACH, BREACH, BREACH, NOTHING], ["Pending", "Pending", "Alerting", "Normal"]),
    "no data is a breach": ({"noDataState": "Alerting"}, [FINE, NOTHING, NOTHING, NOTHING], ["Normal", "Pending", "Pending", "Alerting"]),
    "no data is told": ({"noDataState": "NoData"}, [FINE, NOTHING, FINE], ["Normal", "NoData", "Normal"]),
    "no data keeps": (
        {"noDataState": "KeepLast", "for": "0s"},
        [BREACH, NOTHING, FINE, NOTHING],
        ["Alerting", "Alerting", "Normal", "Normal"],
    ),
    "errors keep": ({"execErrState": "KeepLast"}, [BREACH, ERROR, ERROR, ERROR], ["Pending", "Pending", "Alerting", "Alerting"]),
    "errors are a breach": ({"execErrState": "Alerting"}, [FINE, ERROR, ERROR, ERROR], ["Normal", "Pending", "Pending", "Alerting"]),
    "missing once": ({"for": "0s"}, [BREACH, MISSING, BREACH], ["Alerting", "Alerting", "Alerting"]),
    "missing twice": ({"for": "0s"}, [BREACH, MISSING, MISSING], ["Alerting", "Alerting", None]),
    "missing for long": (
        {"for": "0s", "missing_series_evals_to_resolve": 3},
        [BREACH, MISSING, MISSING, MISSING],
        ["Alerting", "Alerting", "Alerting", None],
    ),
}


@pytest.mark.parametrize(("more", "outcomes", "names"), HISTORIES.values(), ids=HISTORIES)
def test_states(more, outcomes, names) -> None:
    """The states of an instance, evaluation by evaluation, one per minute."""
    machine = states.Rule(rule(**more), "1m")
    found = []
    for minute, outcome in enumerate(outcomes):
        if outcome is ERROR:
            machine.error(60 * minute)
        else:
            machine.outcome(outcome, 60 * minute)
        found.append(machine.named().get("home"))

    assert found == names


@pytest.mark.parametrize(("text", "answer"), [("1m", 60), ("1h30m", 5400), ("0", 0), ("500ms", 0.5), ("1d", 86_400), ("2w1d", 1_296_000)])
def test_durations(text, answer) -> None:
    """Durations as Grafana reads them."""
    assert states.seconds(text) == answer


@pytest.mark.parametrize("text", ["", "5", "m", "1.5h", "1m1h", "-1m", "1 m"])
def test_no_durations(text) -> None:
    """A text that is no duration is an error."""
    with pytest.raises(ValueError, match="not a valid duration"):
        states.seconds(text)
