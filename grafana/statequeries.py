"""Writes the query that says in one number whether all is well with a meter, or what is wrong first.

InfluxQL has no conditions, so each check that holds adds a power of two, the most important check the highest one. The state of the
read-out is counted above them. So whatever is wrong first decides in which range of numbers the sum lies, and the ranges (`MEANINGS`)
are texts on the board. A check holds if its sub-query finds a point, and nothing has to be compared with the clock.
"""

from typing import Final

from grafana import moneyqueries as m
from grafana import queries as q

_CHECKS: Final = {
    "no_data": f'SELECT last("{q.IMPORT}") * 0 + BIT AS "held" FROM {q.TELEGRAMS} WHERE {q.METER} AND {q.LATELY}',
    "energy_late": f'SELECT last("{q.IMPORT}") * 0 + BIT AS "held" FROM {q.WINDOWS} WHERE {q.METER} AND time > now() - «overdue» AND time <= now()',
    "no_tariff": f'SELECT last("total") * 0 + BIT AS "held" FROM {m.BILL} WHERE {m.OWN}{m.YEAR_OF_BILLS}',
    "cost_late": f'SELECT last("total") * 0 + BIT AS "held" FROM {m.COST} WHERE {m.OWN}time > now() - 150m AND time <= now()',
    "prices_missing": f'SELECT pow(0, "wh") * BIT AS "held" FROM ({m.unpriced(m.TWO_DAYS)}) WHERE {m.TWO_DAYS}',
}
"""What is wrong if the check does not hold, from the most important on → its sub-query, with BIT in the place of the check's number."""
STATES: Final = ("noise", "silent", "wrong_key", "bad_key_file", "port_missing", "ok")
"""States of the read-out, in the order of their numbers, which begin at 1. With no status line within 15 minutes the number is 0."""
_STEP: Final = 2 ** len(_CHECKS)


def _meanings() -> dict[str, tuple[int, int]]:
    ranges = {"not_running": (0, _STEP - 1)}
    for number, state in enumerate(STATES, 1):
        ranges[state] = (number * _STEP, (number + 1) * _STEP - 1)
    begin, end = ranges.pop("ok")
    for wrong in _CHECKS:
        half = (begin + end) // 2
        ranges[wrong] = (begin, half)
        begin = half + 1
    return ranges | {"all_well": (begin, end)}


MEANINGS: Final = _meanings()
"""What is wrong first, or `all_well` → the lowest and the highest number that says so."""


def state(name: str) -> str:
    """Rows whose sum is the number of `MEANINGS`: one row per measurement, because InfluxQL adds up each measurement for itself.

    The first sub-query gives 0 for a meter that was ever heard, so that there is a number also if no check holds.
    """
    newest = f'SELECT last("state") AS "state", "telegrams" FROM {q.LINK} WHERE {q.METER} AND {q.LATELY}'
    held = [f'SELECT last("{q.IMPORT}") * 0 AS "held" FROM {q.TELEGRAMS} WHERE {q.METER} AND time > now() - 40d AND time <= now()']
    held += [
        f'SELECT "telegrams" * 0.0 + {number * _STEP} AS "held" FROM ({newest}) WHERE "state" = \'{said}\''
        for number, said in enumerate(STATES, 1)
    ]
    held += [text.replace("BIT", str(2 ** (len(_CHECKS) - place))) for place, text in enumerate(_CHECKS.values(), 1)]
    sources = ", ".join(f"({text})" for text in held)
    return f'SELECT sum("held") AS "«{name}»" FROM {sources} WHERE {m.YEAR_OF_BILLS}'
