"""Changes the pure packages in small ways, one at a time, and looks whether a test notices. `./dev mutants [PACKAGE…]` runs it.

A mutant is the program with one change: a `<` that became `<=`, a 7 that became 8, a word that became another, an argument that became
None. mutmut makes them and runs the tests that reach the changed function. A mutant that no test notices survives, and shows a number, a
word or a refusal that nobody tests (or a change that makes no difference). A package may have thousands, so a sample is taken: the same
seed takes the same ones from the same code.

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
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
WORKSHOP = ROOT / ".cache/mutants"
SAMPLE = 100
SEED = 13
TIMEOUT_S = 24 * 3600
_KILLED, _SURVIVED = (1, 3), 0
_NO_TEST = (5, 33)
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
    "tariffs": Package(("tariffs/settlement", "tariffs/components"), ("tests/unit/tariffs", "tests/properties/test_tariffs.py")),
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
    _mutmut(folder, "run", "nothing", jobs=given.jobs)  # it makes all mutants, and finds that none has this name
    made = {module: sorted(_results(folder, module)) for module in package.modules}
    random_one = random.Random(given.seed)
    chosen = {module: random_one.sample(names, min(given.sample or len(names), len(names))) for module, names in made.items()}
    log = _mutmut(folder, "run", *[one for names in chosen.values() for one in names], jobs=given.jobs)
    for module in package.modules:
        found = _results(folder, module)
        codes = {one: found[one] for one in chosen[module]}
        if None in codes.values():
            sys.exit(f"E! mutmut did not try all mutants of {module}: see {log}")
        left = sorted(one for one, code in codes.items() if code == _SURVIVED or code in _NO_TEST)
        print(f"{module:24} {len(made[module]):8} {len(codes):6} {len(codes) - len(left):7} {len(left):9}", flush=True)
        for one in left:
            print(_indented(_shown(folder, one)), flush=True)


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
    (folder / "pyproject.toml").write_text(settings.replace('"plugin", "tests"', '"src", "tests", "tests/mutation"'), encoding="utf-8")
    lines = {
        "source_paths": [f"src/telegraf_han/{module}.py" for module in package.modules],
        "also_copy": ["src", *(name for name in _COPIED[1:] if name != "tests")],
        "pytest_add_cli_args_test_selection": list(package.tests),
        "pytest_add_cli_args": ["-q", "-p", "no:cacheprovider", "-p", "fresh"],
        # A process that has run no test before forks one for each mutant, so nothing is remembered from another.
        "process_isolation": ["forkserver"],
    }
    text = "[mutmut]\n" + "".join(
        f"{key}={values[0]}\n" if key == "process_isolation" else f"{key}=\n" + "".join(f"    {value}\n" for value in values)
        for key, values in lines.items()
    )
    (folder / "setup.cfg").write_text(text, encoding="utf-8")


def _mutmut(folder: Path, *words: str, jobs: int) -> Path:
    log = folder / "mutmut.log"
    with log.open("ab") as out:
        env = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONPYCACHEPREFIX")}
        subprocess.run(
            [sys.executable, "-m", "mutmut", words[0], "--max-children", str(jobs), *words[1:]],
            cwd=folder,
            env={**env, "PYTHONPATH": str(folder / "tests/mutation")},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            timeout=TIMEOUT_S,
            check=False,  # it fails if a mutant survives, too
        )
    return log


def _results(folder: Path, module: str) -> dict[str, int | None]:
    """The exit code of the tests for each mutant. None if it was not tried."""
    written = folder / f"mutants/src/telegraf_han/{module}.py.meta"
    if not written.exists():
        sys.exit(f"E! mutmut made no mutants of {module}: see {folder / 'mutmut.log'}")
    found: dict[str, int | None] = json.loads(written.read_text(encoding="utf-8"))["exit_code_by_key"]
    return found


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
