"""Makes sure that the advice of several findings, followed one after the other, destroys no key.

If two flats have each other's key, "copy that key to the first" and "copy that key to the second" lose the first one's key. So a key is
copied only where nothing is lost: the place is empty, or the key at that place belongs to nobody. In all other cases the keys are
exchanged, and a longer row of them is moved at once.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from telegraf_han.inspection.keytrial.findings import GOOD, Finding, Move
from telegraf_han.language import _, marked

_AT_ONCE: Final = marked("do that at once: a copy over a key destroys it. --save FOLDER writes each key into a new file first")

_PROVEN: Final = GOOD | {"untitled", "unproven"}
"""Verdicts on a meter whose keys stand where they belong."""

_Place = tuple[str, str]


def settled(findings: Sequence[Finding]) -> list[Finding]:
    """The findings, whose advice can be followed in any order."""
    moves = {move.here: move for finding in findings for move in finding.moves}
    proven = {finding.meter for finding in findings if finding.verdict in _PROVEN}
    return [_settled(finding, moves, proven) for finding in findings]


def _settled(finding: Finding, moves: Mapping[_Place, Move], proven: set[str]) -> Finding:
    todo = finding.todo
    for move in finding.moves:
        todo = todo.replace(move.copied, _advice(move, moves, proven), 1)
    return finding._replace(todo=todo)


def _advice(move: Move, moves: Mapping[_Place, Move], proven: set[str]) -> str:
    """What to do about one key."""
    row = _row(move, moves)
    if len(row) > 1 and row[-1].there == row[0].here:
        return _in_a_ring(row)
    needed_elsewhere = any(other.there == move.here for other in moves.values())
    if needed_elsewhere or len(row) > 1:
        return _("{copy}, but only together with the advice on the other meters: {how}", copy=move.copied, how=_(_AT_ONCE))
    if move.free or move.there[0] in proven or move.there[0] == move.here[0]:
        return move.copied
    return _(
        "exchange them: {one} and {other}. The key that is at the wrong place now may be the other meter's, and a copy over it destroys it",
        one=_named(move.here),
        other=_named(move.there),
    )


def _row(move: Move, moves: Mapping[_Place, Move]) -> list[Move]:
    """The move, the move that fills the place it leaves, and so on."""
    row = [move]
    while (following := moves.get(row[-1].there)) is not None and following not in row:
        row.append(following)
    return row


def _in_a_ring(row: Sequence[Move]) -> str:
    if len(row) == len("ab"):
        one, other = _named(row[0].here), _named(row[0].there)
        return _("exchange them: {one} and {other}. Do not copy one over the other, which destroys it", one=one, other=other)
    steps = ", ".join(_("{there} belongs to {here}", there=_named(move.there), here=_named(move.here)) for move in row)
    return _("exchange them, all {number}: {steps}; {how}", number=len(row), steps=steps, how=_(_AT_ONCE))


def _named(place: _Place) -> str:
    return _('{option} of [[meter]] "{meter}"', option=place[1], meter=place[0])
