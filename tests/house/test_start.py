"""Start-up is counted: what a run may load, how long it may take, how much memory it may hold. Measured in children, P1 and radio.

Times are compared with bare Python's on the same machine in the same minute, and generously: the budgets (60 ms and 25 MB) are the
README's; a machine that is busy must not fail a build, a module too many must.
"""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CASES = {"p1": ROOT / "tests/cases/p1-gama350-stoen", "wmbus": ROOT / "tests/cases/wmbus-gama350-stoen"}
ENVIRONMENT = {"PYTHONPATH": os.pathsep.join([str(ROOT / "plugin"), *filter(None, sys.path)]), "PATH": os.environ.get("PATH", "")}

HEAVY = [
    "asyncio",
    "bz2",
    "concurrent",
    "csv",
    "ctypes",
    "dataclasses",
    "decimal",
    "difflib",
    "email",
    "fractions",
    "hashlib",
    "holidays",
    "html",
    "http",
    "importlib.metadata",
    "importlib.resources",
    "inspect",
    "json",
    "logging",
    "lzma",
    "multiprocessing",
    "pathlib",
    "pickle",
    "pkgutil",
    "platform",
    "queue",
    "random",
    "secrets",
    "selectors",
    "serial",
    "shutil",
    "socket",
    "ssl",
    "statistics",
    "subprocess",
    "tempfile",
    "textwrap",
    "threading",
    "tokenize",
    "traceback",
    "unicodedata",
    "unittest",
    "urllib",
    "uuid",
    "xml",
    "zipfile",
    "zoneinfo",
    "influxdb_client",
    "numpy",
    "yaml",
    "requests",
    "urllib3",
    "certifi",
    "dateutil",
]
"""What each costs 1 to 200 ms and nothing on this way needs."""
OURS = {
    "p1": [
        "ciphers",
        "ciphers.aes",
        "ciphers.crc",
        "ciphers.secret",
        "cli",
        "clock",
        "commands",
        "commands._arguments",
        "commands._inputs",
        "commands.decode",
        "config",
        "config.cores",
        "config.file",
        "config.keys",
        "config.options",
        "config.rows",
        "config.sections",
        "config.values",
        "decoding",
        "decoding.admission",
        "decoding.decoder",
        "decoding.health",
        "decoding.lineprotocol",
        "decoding.meters",
        "decoding.registers",
        "decoding.timing",
        "dlms",
        "dlms.ciphering",
        "errors",
        "inspection",
        "inspection.captures",
        "language",
        "obis",
        "p1",
        "p1.capture",
        "p1.dialects",
        "p1.envelope",
        "p1.expected",
        "p1.extents",
        "p1.framer",
        "p1.lines",
        "p1.shapes",
        "p1.text",
        "p1.values",
        "ports",
        "ports.rights",
        "printing",
        "receivers",
        "telegram",
        "units",
    ],
}
"""Our own modules that a decode of P1 loads: a new one here is a decision."""

LIMIT_TIMES, LIMIT_MB = 15.0, 33.0
"""Processor time above bare Python's, in its multiples, and memory in all. Bare Python takes 9 ms where a decode takes 60 to 90, so the first is
generous by intent. Both are measured in one run, because machines differ. Memory is a third over the 25 MB of the promise."""


def words(kind: str) -> list[str]:
    """The command line of a decode."""
    case = CASES[kind]
    return [sys.executable, "-S", "-m", "telegraf_han", "decode", "--config", str(case / "config.toml"), str(case / "input.hex")]


def child(command: list[str]) -> subprocess.CompletedProcess[bytes]:
    """A child that succeeds."""
    found = subprocess.run(command, env=ENVIRONMENT, capture_output=True, timeout=60, check=False)
    assert found.returncode == 0, found.stderr[-2000:]
    return found


def loaded(kind: str, config: Path | None = None) -> set[str]:
    """Modules that a decode loads, with the configuration of the case or another one."""
    code = "import sys; from telegraf_han.cli import main; main(sys.argv[1:]); sys.stderr.write('\\n'.join(sys.modules))"
    command = words(kind)[4:]
    if config is not None:
        command[2] = str(config)
    return set(child([sys.executable, "-S", "-c", code, *command]).stderr.decode().splitlines())


@pytest.mark.parametrize("kind", CASES)
def test_nothing_heavy_is_loaded(kind: str) -> None:
    """A decode loads none of the modules that cost milliseconds, nor anything inside them."""
    found = {name for name in loaded(kind) if name.split(".")[0] in HEAVY or ".".join(name.split(".")[:2]) in HEAVY}

    assert sorted(found) == []


def test_own_modules_of_a_p1_run() -> None:
    """A decode of P1 loads these modules of ours, and nothing of radio, run, influx or simulator."""
    found = {name.removeprefix("telegraf_han.") for name in loaded("p1") if name.startswith("telegraf_han.")}

    assert sorted(found) == sorted(OURS["p1"])


def test_a_tariff_loads_decimals_and_no_holidays(tmp_path: Path) -> None:
    """A tariff is checked at each start. What computes with it is not loaded, and least of all the library of holidays."""
    config = tmp_path / "han.toml"
    tariff = ROOT / "docs/examples/tariff-g12.toml"
    config.write_text(f'{(CASES["p1"] / "config.toml").read_text()}\nyearly_use_kwh = 2000\ntariff = "file:{tariff}"\n')
    new = loaded("p1", config) - loaded("p1")

    assert {name for name in new if name.split(".")[0] in HEAVY} == {"decimal"}
    assert {name.removeprefix("telegraf_han.") for name in new if name.startswith("telegraf_han.")} == {
        "config.tariffs", "config.timelines", "tariffs", "tariffs.calendar", "tariffs.components", "tariffs.tariff",
    }  # fmt: skip


def test_a_run_with_radio_loads_no_reader_of_p1_lines() -> None:
    """A decode of radio looks whether the capture is P1, but loads nothing that reads the lines of P1."""
    found = {name.removeprefix("telegraf_han.") for name in loaded("wmbus")}

    assert not found & {"p1.text", "p1.lines", "p1.shapes", "p1.values", "p1.expected", "p1.signal"}


def test_garbage_is_looked_for_after_the_start() -> None:
    """While the modules are loaded nobody looks for garbage. Afterwards Python does, but not among what was loaded."""
    code = (
        "import gc, sys; from telegraf_han.cli import main; main(); sys.stderr.write(f'{gc.isenabled()} {gc.get_freeze_count() > 10_000}')"
    )
    found = child([sys.executable, "-S", "-c", code, *words("p1")[4:]])

    assert found.stderr == b"True True"


def test_importing_the_package_costs_nothing() -> None:
    """`import telegraf_han` loads nothing else at all."""
    bare = child([sys.executable, "-S", "-c", "import sys; print(len(sys.modules))"]).stdout
    ours = child([sys.executable, "-S", "-c", "import telegraf_han, sys; print(len(sys.modules) - 1)"]).stdout

    assert int(ours) == int(bare)


def busy_ms(command: list[str]) -> float:
    """The least processor time of some runs, which a busy machine changes less than the time on the clock."""
    taken = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        child(command)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(taken) * 1000


@pytest.mark.parametrize("kind", CASES)
def test_start_up(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A decode takes little more time than bare Python."""
    bare_ms = busy_ms([sys.executable, "-S", "-c", "pass"])
    more_ms = busy_ms(words(kind)) - bare_ms
    with capsys.disabled():
        print(f"\n{kind}: {more_ms:.0f} ms over the {bare_ms:.0f} ms of bare Python")

    assert more_ms < LIMIT_TIMES * bare_ms


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this system does not tell a process's peak memory")
@pytest.mark.parametrize("kind", CASES)
def test_memory(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A decode's peak stays small; measured inside, since a child begins with the size of its parent."""
    code = (
        "import sys; sys.stdout = open('/dev/null', 'w'); from telegraf_han.cli import main; main(sys.argv[1:]);"
        "sys.__stdout__.write(next(line for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )
    found = child([sys.executable, "-S", "-c", code, *words(kind)[4:]]).stdout.split()
    megabytes = int(found[1]) / 1024
    with capsys.disabled():
        print(f"\n{kind}: {megabytes:.1f} MB")

    assert megabytes < LIMIT_MB
