"""Compares the pinned Python packages with a database of known vulnerabilities, which may be a copy on this disk.

    ./dev vulnerabilities                          asks the network for the database once, and keeps it in .cache
    ./dev vulnerabilities --database FOLDER        uses a copy, without a network

The database is PyPA's (https://github.com/pypa/advisory-database), or any folder of OSV records as YAML or JSON. A check without a network
is only as new as its copy, so its age is printed, and so is what nobody looked at. The exit code is 0 if nothing is known, 1 if something
is, and 2 if it could not be checked. Versions are compared by the library `packaging`, as pip does (PEP 440). The form of the records is in
the OSV schema (https://ossf.github.io/osv-schema).
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import licences
import yaml
from images import ROOT
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

LOCKS: Final = (ROOT / "docker/requirements.txt", ROOT / "docker/build-requirements.txt")
SOURCE: Final = "https://github.com/pypa/advisory-database"
KEPT: Final = ROOT / ".cache/advisory-database"
NOT_CHECKED: Final = (
    "the base images with Debian's packages, Python itself, and the programs Telegraf, InfluxDB, Grafana and NATS. "
    "An image scanner reads those (docs/releasing.md)"
)
_MODIFIED: Final = re.compile(r"""^\s*["']?modified["']?:\s*["']?(\d{4}-\d\d-\d\d)""", re.MULTILINE)


class Finding(NamedTuple):
    """A pinned package with a known vulnerability."""

    package: str
    version: str
    record: str
    aliases: tuple[str, ...]
    fixed: tuple[str, ...]


class Looked(NamedTuple):
    """What a database says of some packages."""

    findings: list[Finding]
    records: int
    """Records of the database."""
    known: set[str]
    """Packages that have a record, vulnerable or not."""
    newest: str
    """The day of the newest record. "" if no record has one."""
    unread: list[str]
    """Files that are no records, as "name: reason"."""


def looked(database: Path, packages: Mapping[str, str]) -> Looked:
    """Look up packages (name → version) in a folder of OSV records. A record that was withdrawn counts as none."""
    wanted = {canonicalize_name(name): Version(version) for name, version in packages.items()}
    # Thousands of records are about other packages. To read all of them as YAML would take minutes.
    named = re.compile(rf"\b({'|'.join(name.replace('-', '[-_.]+') for name in wanted)})\b", re.IGNORECASE)
    found = Looked([], 0, set(), "", [])
    records, newest = 0, ""
    for path in sorted([*database.rglob("*.yaml"), *database.rglob("*.yml"), *database.rglob("*.json")]):
        if ".git" in path.parts:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        records += 1
        newest = max([newest, *_MODIFIED.findall(text)])
        if not named.search(text):
            continue
        try:
            record = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
            about = list(_affected(record))
        except (yaml.YAMLError, ValueError, LookupError, TypeError, AttributeError) as error:
            found.unread.append(f"{path.name}: {str(error).splitlines()[0] if str(error) else type(error).__name__}")
            continue
        for name, affected in about:
            if name not in wanted or record.get("withdrawn"):
                continue
            found.known.add(name)
            try:
                hit = concerns(affected, wanted[name])
            except (ValueError, LookupError, TypeError, AttributeError) as error:
                found.unread.append(f"{path.name}: {error}")
                continue
            if hit:
                fixed = tuple(event["fixed"] for one in affected.get("ranges", []) for event in one["events"] if "fixed" in event)
                found.findings.append(Finding(name, str(wanted[name]), record["id"], tuple(record.get("aliases", ())), fixed))
    return found._replace(records=records, newest=newest)


def _affected(record: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The packages of PyPI that a record names. Raises LookupError or TypeError if it is no record."""
    if not record["id"]:
        raise LookupError("the record has no id")
    for one in record["affected"]:
        if one["package"]["ecosystem"] == "PyPI":
            yield canonicalize_name(one["package"]["name"]), one


def concerns(affected: Mapping[str, Any], version: Version) -> bool:
    """Whether a version is in the list, or in a range, of what is affected. Raises ValueError for versions that are none."""
    if any(_equal(one, version) for one in affected.get("versions", [])):
        return True
    return any(_within(one["events"], version) for one in affected.get("ranges", []) if one["type"] != "GIT")


def _equal(text: str, version: Version) -> bool:
    """Whether a listed version is this one. Old packages have versions that are none today, and no pinned package has such a version."""
    try:
        return Version(str(text)) == version
    except InvalidVersion:
        return False


def _within(events: list[dict[str, str]], version: Version) -> bool:
    """Whether a version lies in the range that these events describe (OSV schema, "Evaluation")."""
    begun: list[tuple[Version | None, bool]] = []
    for event in events:
        ((kind, text),) = event.items()
        if kind == "introduced":
            begun.append((None if text == "0" else Version(text), True))
        elif kind == "fixed" or (kind == "last_affected" and version > Version(text)):
            begun.append((Version(text), False))
    affected = False
    for at, is_affected in sorted(begun, key=lambda one: (one[0] is not None, one[0] or Version("0"))):
        if at is None or at <= version:
            affected = is_affected
    return affected


def fetched() -> Path | None:
    """The database from the network, in .cache. None, with a line on stderr, if it cannot be had."""
    words = ["git", "-C", str(KEPT), "pull", "--quiet"] if KEPT.is_dir() else ["git", "clone", "--quiet", "--depth", "1", SOURCE, str(KEPT)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return KEPT
    why = (done.stderr.strip().splitlines() or ["git said nothing"])[-1]
    print(f"E! {SOURCE} cannot be fetched ({why}). Give a copy of it: ./dev vulnerabilities --database FOLDER", file=sys.stderr)
    return None


def main(words: list[str] | None = None) -> int:
    """Carry out the command; the exit code."""
    parser = argparse.ArgumentParser(prog="./dev vulnerabilities", description="Known vulnerabilities of the pinned Python packages")
    parser.add_argument("--database", type=Path, help="a copy of PyPA's database, or a folder of OSV records; without it, it is fetched")
    parser.add_argument("--lock", type=Path, action="append", help="a file with pinned packages (default: both of docker/)")
    options = parser.parse_args(words)
    packages: dict[str, str] = {}
    for lock in options.lock or LOCKS:
        packages |= licences.pinned(lock.read_text(encoding="utf-8"))
    database = options.database or fetched()
    if database is None:
        return 2
    found = looked(database, packages)
    if not found.records:
        print(f"E! {database} has no records (*.yaml, *.json), so nothing was checked", file=sys.stderr)
        return 2
    for one in found.findings:
        also = f" ({', '.join(one.aliases)})" if one.aliases else ""
        mended = f"Fixed in {', '.join(one.fixed)}" if one.fixed else "No fix is known"
        print(f"E! {one.package} {one.version}: {one.record}{also}. {mended}")
    for unread in found.unread:
        print(f"W! not read: {unread}")
    print(f"I! {len(packages)} packages, {len(found.findings)} findings. {len(found.known)} packages have records, vulnerable or not")
    print(f"I! the database has {found.records:,} records. The newest is of {found.newest or 'no known day'}. It knows nothing later")
    print(f"I! not checked: {NOT_CHECKED}")
    return 1 if found.findings else 2 if found.unread else 0


if __name__ == "__main__":
    sys.exit(main())
