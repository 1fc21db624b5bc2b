"""Turns outcomes over time into the states of a rule's alert instances, as Grafana's state manager does.

`for` makes an instance Pending before it is Alerting, and `keepFiringFor` Recovering, which is still an alert, after it. Each rule decides what happens to its instances without data. If the series of an
instance is missing, the instance keeps its state for some evaluations, and then it is over. If everything is missing, all known instances
take the state for no data and keep their labels. Only if there is no known instance, one without labels is made.
"""

import re
from typing import NamedTuple

_UNITS_S = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
_DURATION = re.compile(r"(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m(?!s))?(?:\d+s)?(?:\d+ms)?")
NORMAL, PENDING, ALERTING, NO_DATA, RECOVERING = "Normal", "Pending", "Alerting", "NoData", "Recovering"


def seconds(duration):
    """Seconds of `1h30m`. Raises ValueError."""
    text = str(duration)
    if text != "0" and (not text or not _DURATION.fullmatch(text)):
        raise ValueError(f"not a valid duration string: {text!r}")
    return sum(int(number) * _UNITS_S[unit] for number, unit in re.findall(r"(\d+)(ms|[ywdhms])", text))


class State(NamedTuple):
    """One instance now."""

    name: str
    since_s: float
    seen_s: float
    """When it was last evaluated."""


class Rule:
    """A rule's instances; evaluate it again and again."""

    def __init__(self, rule, interval):
        """`rule` as in a provisioning file, and its group's interval."""
        self.rule = rule
        self.interval_s = seconds(interval)
        self.states = {}

    def outcome(self, outcome, now_s):
        """Take an evaluation's outcome."""
        if outcome.no_data:
            self._everywhere(self.rule["noDataState"], now_s)
        for labels, breach in outcome.instances.items():
            self._mapped(labels, self.rule["noDataState"] if breach is None else "Alerting" if breach else "OK", now_s)
        allowed = self.rule.get("missing_series_evals_to_resolve", 2)
        for labels, state in list(self.states.items()):
            if now_s - state.seen_s >= allowed * self.interval_s:
                del self.states[labels]

    def error(self, now_s):
        """Take an evaluation that failed."""
        self._everywhere(self.rule["execErrState"], now_s)

    def named(self):
        """Names of the states by meter, "" for an instance without labels."""
        return {dict(labels).get("meter", ""): state.name for labels, state in self.states.items()}

    def _everywhere(self, becomes, now_s):
        for labels in list(self.states) or [()]:
            self._mapped(labels, becomes, now_s)

    def _mapped(self, labels, becomes, now_s):
        known = self.states.get(labels)
        if becomes == "KeepLast":
            # A pending instance goes on waiting, and becomes alerting in time.
            becomes = "Alerting" if known and known.name in (ALERTING, PENDING) else "OK"
        wait_s = seconds(self.rule["for"])
        name = {"OK": NORMAL, "NoData": NO_DATA}.get(becomes)
        if name == NORMAL and known and known.name in (ALERTING, RECOVERING):
            begun_s = known.since_s if known.name == RECOVERING else now_s
            name = RECOVERING if now_s - begun_s < seconds(self.rule.get("keepFiringFor", "0s")) else NORMAL
        if name is None:
            waited = wait_s == 0 or (
                known and (known.name in (ALERTING, RECOVERING) or (known.name == PENDING and now_s - known.since_s >= wait_s))
            )
            name = ALERTING if waited else PENDING
        since_s = known.since_s if known and known.name == name else now_s
        self.states[labels] = State(name, since_s, now_s)
