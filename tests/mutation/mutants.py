"""Changes the pure packages in small ways, one at a time, and looks whether a test notices. `./dev mutants [PACKAGE…]` runs it.

A mutant is the program with one change: a `<` that became `<=`, a 7 that became 8, a word that became another, an argument that became
None. mutmut makes them. A mutant that no test notices survives, and shows a number, a word or a refusal that nobody tests (or a change that
makes no difference). A package may have thousands, so a sample is taken: the same seed takes the same ones from the same code.

The tests of each mutant run in a process of their own, and not in mutmut's. There, what the program remembers of earlier telegrams hides
mutants, what is computed while a module is loaded is not changed, and tests with bytes in their names cannot be chosen.

mutmut wants the package in a folder `src` and writes beside it, so all is copied to `.cache/mutants`. [seen] it leaves functions with a
decorator alone, such as those with a cache, and tables, which are outside functions.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
WORKSHOP = ROOT / ".cache/mutants"
SAMPLE = 100
SEED = 13
TIMEOUT_S = 24 * 3600
_QUIET: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "check": False}
_COPIED = (
    "plugin/telegraf_han",
    "tests",
    "fleet",
    "packaging",
    "docs",
    "grafana",
    "docker",
    "dev",
    "README.md",
    "README.pl.md",
    "CHANGELOG.md",
)


class Package(NamedTuple):
    """Modules, and the tests that ought to notice a change in them."""

    modules: tuple[str, ...]
    tests: tuple[str, ...]


_MBUS = ("tests/unit/mbus", "tests/properties/test_mbus.py")
_P1 = ("tests/unit/p1", "tests/properties/test_p1.py")
_DECODING = ("tests/unit/decoding", "tests/properties/test_lineprotocol.py")
PACKAGES = {
    "ciphers": Package(("ciphers/crc", "ciphers/aes", "ciphers/secret"), ("tests/unit/ciphers",)),
    "clock": Package(("clock",), ("tests/unit/test_clock.py", "tests/properties/test_clock.py")),
    "decoding": Package(("decoding/timing", "decoding/registers", "decoding/admission", "decoding/lineprotocol"), _DECODING),
    "dlms": Package(("dlms/ciphering", "dlms/frames", "dlms/axdr"), ("tests/unit/dlms", "tests/unit/p1/test_envelope.py")),
    "mbus": Package(("mbus/values", "mbus/vif", "mbus/records", "mbus/security"), _MBUS),
    "obis": Package(("obis",), ("tests/unit/test_obis.py", "tests/unit/p1/test_text.py", "tests/unit/mbus/test_naming.py")),
    "p1": Package(("p1/values", "p1/lines", "p1/shapes", "p1/extents", "p1/envelope"), _P1),
    "tariffs": Package(("tariffs/settlement", "tariffs/periods"), ("tests/unit/tariffs", "tests/properties/test_tariffs.py")),
    "units": Package(("units",), ("tests/unit/test_units.py",)),
}


def main(words: list[str]) -> int:
    """Run the packages that are named, or all, and print a line for each module and each survivor."""
    parser = argparse.ArgumentParser(prog="./dev mutants", description=__doc__.splitlines()[0])
    parser.add_argument("packages", nargs="*", metavar="PACKAGE", help=f"one of {', '.join(PACKAGES)}; all if none is named")
    parser.add_argument("--sample", type=int, default=SAMPLE, help=f"mutants of each module, 0 for all (default: {SAMPLE})")
    parser.add_argument("--seed", type=int, default=SEED, help=f"which ones (default: {SEED})")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at a time")
    given = parser.parse_args(words)
    for name in given.packages:
        if name not in PACKAGES:
            parser.error(f"there is no package {name}: {', '.join(PACKAGES)}")
    print(f"{'module':24} {'mutants':>8} {'tried':>6} {'killed':>7} {'survived':>9}", flush=True)
    for name in given.packages or PACKAGES:
        _tried(name, PACKAGES[name], given)
    return 0


def _tried(name: str, package: Package, given: argparse.Namespace) -> None:
    folder = WORKSHOP / name
    _prepare(folder, package)
    # It makes all mutants, and then finds that no test that it knows of reaches them.
    subprocess.run([sys.executable, "-m", "mutmut", "run"], cwd=folder, env=_environment(folder), **_QUIET)  # noqa: PLW1510, in _QUIET
    took_s = _tests(folder, package, "")
    if took_s is None:
        sys.exit(f"E! the tests of {name} fail without any change: {', '.join(package.tests)}")
    limit_s = 60 + 10 * took_s
    random_one = random.Random(given.seed)
    for module in package.modules:
        made = sorted(_made(folder, module))
        chosen = random_one.sample(made, min(given.sample or len(made), len(made)))
        with ThreadPoolExecutor(given.jobs) as pool:
            passed = pool.map(lambda mutant: _tests(folder, package, mutant, limit_s) is not None, chosen)
            left = sorted(mutant for mutant, survived in zip(chosen, passed, strict=True) if survived)
        print(f"{module:24} {len(made):8} {len(chosen):6} {len(chosen) - len(left):7} {len(left):9}", flush=True)
        for mutant in left:
            print(_indented(_shown(folder, mutant)), flush=True)


def _tests(folder: Path, package: Package, mutant: str, limit_s: float = TIMEOUT_S) -> float | None:
    """Run a package's tests in a process of their own, where nothing is remembered. The seconds they took if all passed, otherwise None."""
    env = _environment(folder / "mutants") | {"MUTANT_UNDER_TEST": mutant}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *package.tests]
    began_s = time.monotonic()
    try:
        code = subprocess.run(command, cwd=folder / "mutants", env=env, timeout=limit_s, **_QUIET).returncode  # noqa: PLW1510, in _QUIET
    except subprocess.TimeoutExpired:
        return None  # a loop without end
    if code not in (0, 1, 2, 4) or (code and not mutant):  # 1: a test failed; 2 and 4: a module or a conftest could not be loaded
        sys.exit(f"E! pytest ended with {code} for {mutant or 'the program without any change'}")
    return time.monotonic() - began_s if code == 0 else None


def _environment(folder: Path) -> dict[str, str]:
    env = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONPYCACHEPREFIX")}
    return {**env, "PYTHONPATH": str(folder / "src")}


def _prepare(folder: Path, package: Package) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "src").mkdir(parents=True)
    for name in _COPIED:
        there = folder / ("src/telegraf_han" if name == "plugin/telegraf_han" else name)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, there, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / name, there)
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (folder / "pyproject.toml").write_text(settings.replace('"plugin", "tests"', '"src", "tests"'), encoding="utf-8")
    lines = {
        "source_paths": [f"src/telegraf_han/{module}.py" for module in package.modules],
        "also_copy": ["src", *(name for name in _COPIED[1:] if name != "tests")],
        "pytest_add_cli_args_test_selection": ["tests/unit/test_language.py"],
    }
    text = "[mutmut]\n" + "".join(f"{key}=\n" + "".join(f"    {value}\n" for value in values) for key, values in lines.items())
    (folder / "setup.cfg").write_text(text, encoding="utf-8")


def _made(folder: Path, module: str) -> list[str]:
    """The names of a module's mutants."""
    written = folder / f"mutants/src/telegraf_han/{module}.py.meta"
    if not written.exists():
        sys.exit(f"E! mutmut made no mutants of {module}")
    return list(json.loads(written.read_text(encoding="utf-8"))["exit_code_by_key"])


def _shown(folder: Path, mutant: str) -> str:
    """The changed lines of a mutant."""
    done = subprocess.run(
        [sys.executable, "-m", "mutmut", "show", mutant], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    changed = [line for line in done.stdout.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    return "\n".join([mutant, *changed])


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
