"""A real Kafka from Maven Central's files, for the tests of the fleet.

`kafka()` returns a folder of jars: the broker and its command-line tools, of the version that `kafka/pom.xml` pins. Maven resolves
and copies them. `kafka/jars.sha256` pins every file, as go.sum does for the servers in Go. After a change of the version
`python tests/servers/maven.py --accept` writes it anew, and the diff is what gets reviewed.

The jars stay in `.cache/servers/kafka-<version>-<recipe>`, so a second run starts at once. KAFKA_LIBS names a folder to use instead,
such as `libs` of an unpacked Kafka. It needs Java 17 and Maven; only the standard library of Python is used.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from servers.build import CACHE, CannotBuildError

__all__ = ["kafka", "version"]

RECIPE = Path(__file__).resolve().parent / "kafka"
SUMS = RECIPE / "jars.sha256"
MAVEN_TIMEOUT_S = 900


def version() -> str:
    """Return Kafka's version, which is written in the pom.xml."""
    found = re.search(r"<kafka\.version>([^<]+)<", (RECIPE / "pom.xml").read_text(encoding="utf-8"))
    assert found is not None
    return found[1]


def kafka(say: Callable[[str], None] = lambda _line: None, *, accept: bool = False) -> Path:
    """Return the folder with Kafka's jars, fetched when there is none. Raises CannotBuildError with the reason."""
    if not shutil.which("java"):
        message = "Java (17 or later) is missing: no `java` on the PATH"
        raise CannotBuildError(message)
    named = os.environ.get("KAFKA_LIBS")
    if named:
        return Path(named).absolute()
    recipe = hashlib.sha256((RECIPE / "pom.xml").read_bytes()).hexdigest()[:8]
    folder = CACHE / f"kafka-{version()}-{recipe}"
    if not folder.exists() or accept:
        if not shutil.which("mvn"):
            message = "Maven is missing: no `mvn` on the PATH"
            raise CannotBuildError(message)
        say(f"fetching Kafka {version()} with Maven")
        _fetch(folder, accept=accept)
    return folder


def _fetch(folder: Path, *, accept: bool) -> None:
    """Let Maven copy the jars, compare their sums, and give the folder its name at the end."""
    CACHE.mkdir(parents=True, exist_ok=True)
    (CACHE / ".gitignore").write_text("*\n", encoding="utf-8")
    workshop = CACHE / f"{folder.name}.{os.getpid()}"
    # Maven reads the pom where it stands, and writes into the workshop only.
    command = ["mvn", "--batch-mode", "--quiet", "--file", str(RECIPE / "pom.xml"), "dependency:copy-dependencies"]
    command.append(f"-DoutputDirectory={workshop}")
    try:
        done = subprocess.run(
            command, cwd=CACHE, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=MAVEN_TIMEOUT_S, check=False
        )
        if done.returncode != 0:
            message = f"Maven failed with {done.returncode}: {' '.join((done.stdout + done.stderr).split())[:400]}"
            raise CannotBuildError(message)
        found = "".join(f"{hashlib.sha256(jar.read_bytes()).hexdigest()}  {jar.name}\n" for jar in sorted(workshop.glob("*.jar")))
        if accept:
            SUMS.write_text(found, encoding="utf-8")
            shutil.rmtree(folder, ignore_errors=True)
        elif found != SUMS.read_text(encoding="utf-8"):
            other = set(found.splitlines()) ^ set(SUMS.read_text(encoding="utf-8").splitlines())
            message = f"Maven brought other files than {SUMS.name} names: {', '.join(sorted(other))[:400]}"
            raise CannotBuildError(message)
        with contextlib.suppress(OSError):  # another run has just put its own there
            workshop.rename(folder)
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


def main() -> int:
    """Fetch Kafka and print its folder."""
    parser = argparse.ArgumentParser(description="Fetch Kafka's jars with Maven, and print where they are.")
    parser.add_argument("--accept", action="store_true", help="write jars.sha256 anew")
    try:
        print(kafka(lambda line: print(line, file=sys.stderr, flush=True), accept=parser.parse_args().accept))
    except CannotBuildError as error:
        print(f"kafka: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
