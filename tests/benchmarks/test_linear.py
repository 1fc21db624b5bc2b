"""Linear time: twice the bytes take twice the instructions, for the worst bytes of each layer."""

from pathlib import Path

import instructions
import pytest
import worstbytes

HERE = Path(__file__).parent
FOLDERS = (HERE.parents[1] / "plugin", HERE.parent / "tools")
AT_MOST = 2.3
"""The step from twice to four times the bytes takes twice what the step from once to twice takes. In quadratic time it takes four times."""
NOISE = 150_000
"""Instructions that say nothing: tens of microseconds."""
ROWS = [row.name for row in worstbytes.worst()]


@pytest.fixture(scope="module")
def counts() -> dict[str, int]:
    """The instructions of each row at each size, all counted in one process."""
    return instructions.counted(HERE / "worstbytes.py", folders=FOLDERS)


def grew(once: int, twice: int, four_times: int) -> float:
    """How many times as much the second step takes as the first. What does not depend on the number of bytes is in neither."""
    return (four_times - twice - NOISE) / max(twice - once, 1)


@pytest.mark.parametrize("name", ROWS)
def test_linear(name: str, counts: dict[str, int]) -> None:
    """The worst bytes of a layer take twice the instructions at twice the size."""
    once, twice, four_times = [counts[f"{name} *{factor}"] for factor in worstbytes.FACTORS]

    assert four_times - twice < NOISE or grew(once, twice, four_times) <= AT_MOST, (once, twice, four_times)


def test_quadratic_function_is_found(tmp_path: Path) -> None:
    """A search that starts again at each byte is told from one that does not, so this test can fail."""
    program = tmp_path / "quadratic.py"
    program.write_text(
        "from instructions import section\n"
        "def quadratic(size):\n    return sum(1 for at in range(size) for _ in range(at))\n"
        "def linear(size):\n    return sum(bytes(99).find(b'x') for at in range(size))\n"
        "section('nothing', lambda: None)\n"
        "for function in (quadratic, linear):\n"
        "    for factor in (1, 2, 4):\n"
        "        section(f'{function.__name__} *{factor}', lambda: function(200 * factor))\n"
    )

    counts = instructions.counted(program)

    assert grew(*[counts[f"quadratic *{factor}"] for factor in (1, 2, 4)]) > 3
    assert grew(*[counts[f"linear *{factor}"] for factor in (1, 2, 4)]) < AT_MOST
