"""keytrial.exchanges: advice that can be followed in any order, and destroys no key."""

import pytest

from telegraf_han.inspection.keytrial.exchanges import settled
from telegraf_han.inspection.keytrial.findings import Finding, Move, Verdict

EK, AK = "encryption_key", "authentication_key"


def finding(meter: str, *moves: tuple[str, str, str], verdict: Verdict = "wrong", free: bool = False) -> Finding:
    """A finding: option, and meter and option where its right key is."""
    made = tuple(Move((there, other), (meter, option), free) for option, there, other in moves)
    return Finding(meter, verdict, "", "", "; ".join(move.copied for move in made), moves=made)


def advice(*findings: Finding) -> list[str]:
    """What the findings say in the end."""
    return [found.todo for found in settled(findings)]


@pytest.mark.parametrize("option", [EK, "key"])
def test_two_meters(option: str) -> None:
    """Two meters that have each other's key: both findings say the same, and neither says copy."""
    todo = advice(finding("home", (option, "garden", option)), finding("garden", (option, "home", option)))

    assert all("exchange them" in one and "Do not copy" in one and "copy that key" not in one for one in todo)


def test_two_keys_each() -> None:
    """Both keys of two meters are exchanged, in one piece of advice for each key."""
    moves = [finding(one, (EK, other, EK), (AK, other, AK)) for one, other in (("home", "garden"), ("garden", "home"))]

    assert [one.count("exchange them") for one in advice(*moves)] == [2, 2]


@pytest.mark.parametrize("count", [3, 4])
def test_ring(count: int) -> None:
    """A ring of more meters is told as a whole."""
    names = ["home", "garden", "attic", "cellar"][:count]
    todo = advice(*(finding(name, (EK, names[at - 1], EK)) for at, name in enumerate(names)))

    for one in todo:
        assert f"exchange them, all {count}" in one
        assert one.count("belongs to") == count
        assert "a copy over a key destroys it" in one


def test_ring_across_options() -> None:
    """The keys of two meters, crossed: EK of one is AK of the other."""
    todo = advice(finding("home", (EK, "garden", AK), (AK, "garden", EK)), finding("garden", (EK, "home", AK), (AK, "home", EK)))

    assert all(one.count("exchange them") == 2 for one in todo)


@pytest.mark.parametrize("order", [1, -1])
def test_row_that_ends(order: int) -> None:
    """A place that is needed elsewhere is not overwritten without a warning, whatever the order of the findings."""
    row = [finding("home", (EK, "garden", EK)), finding("garden", (EK, "attic", EK))]

    assert all("only together with the advice on the other meters" in one for one in advice(*row[::order]))


def test_meter_that_was_not_heard() -> None:
    """The key at the wrong place may be that of the meter that was not heard."""
    (todo,) = advice(finding("home", (EK, "garden", EK)))

    assert todo.startswith('exchange them: encryption_key of [[meter]] "home" and encryption_key of [[meter]] "garden"')


def test_copies() -> None:
    """A copy loses nothing if the place is free, or if the other meter is proven right with its own key."""
    assert "copy that key" in advice(finding("home", (EK, "garden", EK), free=True))[0]
    assert "copy that key" in advice(finding("home", (EK, "garden", EK)), finding("garden", verdict="right"))[0]
    assert "exchange" not in advice(finding("home", (AK, "home", EK)))[0]
