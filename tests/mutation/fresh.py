"""A pytest plugin that empties what the program remembers before each test.

The program keeps values, shapes and layouts of earlier telegrams. A test that finds them there does not run the function that made them.
Then mutmut, which notes which tests run which function, would not choose this test for a mutant of that function.
"""

import functools
import sys

import pytest

_HELD = (
    # module, what it keeps besides cached functions
    ("telegraf_han.p1.text", ("_layouts",)),
    ("telegraf_han.p1.shapes", ("_usual", "_shapes")),
    ("telegraf_han.p1.values", ("TEXT", "OCTETS", "SERIAL", "NOTHING")),
    ("telegraf_han.mbus.records", ("_shapes", "_layouts")),
)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Forget everything."""
    del item
    for name, module in list(sys.modules.items()):
        if name.startswith("telegraf_han"):
            for value in list(vars(module).values()):
                if isinstance(value, functools._lru_cache_wrapper):
                    value.cache_clear()
    for name, kept in _HELD:
        for one in kept if name in sys.modules else ():
            if (memory := getattr(sys.modules[name], one, None)) is not None:
                memory.clear()
    if "telegraf_han.mbus.records" in sys.modules:
        sys.modules["telegraf_han.mbus.records"]._newest[0] = (b"", None, ())
