"""cores: a process that read a key writes no core file, and others of its user cannot look into it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import telegraf_han

SOURCES = str(Path(telegraf_han.__file__).parent.parent)
LOOK = """
import ctypes, resource, sys
from telegraf_han.config import file
file.load(sys.argv[1])
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), resource.getrlimit(resource.RLIMIT_CORE)[0])
"""
"""3 is PR_GET_DUMPABLE."""


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
@pytest.mark.parametrize(("key", "dumpable"), [('encryption_key = "00112233445566778899aabbccddeeff"', "0 0"), ("", "1 ")])
def test_no_core_after_a_key_was_read(written, key: str, dumpable: str) -> None:
    """Reading a key switches core files off. A configuration without a key changes nothing."""
    path = written(f'[[meter]]\nname = "home"\ninterface = "p1"\nport = "x"\n{key}')
    looked = subprocess.run(
        [sys.executable, "-c", LOOK, path], env=os.environ | {"PYTHONPATH": SOURCES}, capture_output=True, text=True, check=True
    )

    assert looked.stdout.startswith(dumpable)


def test_children_may_be_looked_into(written) -> None:
    """The programs of receivers are not touched: a child is dumpable again."""
    path = written('[[meter]]\nname = "home"\ninterface = "p1"\nport = "x"\nencryption_key = "00112233445566778899aabbccddeeff"')
    child = "import ctypes; print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    code = f"import subprocess, sys; from telegraf_han.config import file; file.load({path!r}); subprocess.run([sys.executable, '-c', {child!r}])"
    looked = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": SOURCES}, capture_output=True, text=True, check=True
    )

    assert looked.stdout == "1\n"
