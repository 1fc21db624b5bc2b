"""The licences of the Python packages that the image and the Debian package ship.

    python packaging/licences.py --update        writes THIRD-PARTY.md: what docker/requirements.txt pins, under which licence
    python packaging/licences.py --texts FOLDER  prints the texts of all licences of the packages that are installed in FOLDER

A package says its licence in its metadata, and most packages bring the text. `SPDX` and the folder `licences` fill what three old packages
leave open. A package that says nothing, or brings no text, is an error, because nobody may ship it then. The same packages always
give the same bytes. Only the standard library is used, because the image is built with this script before anything is installed.
"""

from __future__ import annotations

import argparse
import email.parser
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message

ROOT: Final = Path(__file__).resolve().parents[1]
REQUIREMENTS: Final = ROOT / "docker/requirements.txt"
THIRD_PARTY: Final = ROOT / "THIRD-PARTY.md"
TEXTS: Final = Path(__file__).resolve().parent / "licences"
"""Texts of packages whose wheels have none, from their source archives."""

SPDX: Final = {
    "certifi": "MPL-2.0",
    "influxdb-client": "MIT",
    "pyserial": "BSD-3-Clause",
    "python-dateutil": "Apache-2.0 OR BSD-3-Clause",
    "six": "MIT",
}
"""Packages whose metadata are older than `License-Expression`, by their licence files."""
_BEGIN: Final = "<!-- packages: written by packaging/licences.py -->"
_END: Final = "<!-- /packages -->"
_LICENCE_FILE: Final = re.compile(r"(?i)(^|/)(licen[cs]e|copying|notice|authors|contributors)[^/]*$")
_PIN: Final = re.compile(r"^([\w.-]+)==([^\s;]+)", re.MULTILINE)


class Package(NamedTuple):
    """A package that is shipped."""

    name: str
    version: str
    licence: str  # an SPDX expression
    home: str
    texts: dict[str, str]  # the name of a file → its text


def pinned(requirements: str) -> dict[str, str]:
    """The packages of a requirements file, name → version."""
    return {_normal(name): version for name, version in _PIN.findall(requirements)}


def package(metadata: str, files: dict[str, str]) -> Package:
    """Read a package's METADATA; `files` are its other files in `.dist-info`. Raises ValueError if a licence or its text is missing."""
    head = email.parser.HeaderParser().parsestr(metadata)
    name, version = _normal(head["Name"]), head["Version"]
    licence = head["License-Expression"] or SPDX.get(name)
    if not licence:
        raise ValueError(f"{name} {version} names no SPDX licence. Read its licence, then add a row to SPDX in packaging/licences.py")
    texts = {file: text for file, text in sorted(files.items()) if _LICENCE_FILE.search(file)}
    ours = TEXTS / f"{name}.txt"
    if not texts and ours.exists():
        texts = {ours.name: ours.read_text(encoding="utf-8")}
    if not texts:
        raise ValueError(f"{name} {version} brings no text of its licence. Put the text into packaging/licences/{name}.txt")
    return Package(name, version, licence, _home(head), texts)


def installed(folder: Path) -> list[Package]:
    """All packages that are installed in a folder, except this project itself. Raises ValueError as `package` does."""
    found = []
    for info in folder.glob("*.dist-info"):
        files = {path.relative_to(info).as_posix(): path for path in info.rglob("*") if path.is_file()}
        texts = {name: path.read_text(encoding="utf-8") for name, path in files.items() if _LICENCE_FILE.search(name)}
        found.append(package(files["METADATA"].read_text(encoding="utf-8"), texts))
    return sorted(one for one in found if one.name != "telegraf-han")


def of_wheels(folder: Path) -> list[Package]:
    """The packages of the wheels in a folder. Raises ValueError as `package` does."""
    found = []
    for path in folder.glob("*.whl"):
        with zipfile.ZipFile(path) as wheel:
            info = next(name for name in wheel.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name)).partition("/")[0] + "/"
            names = [name for name in wheel.namelist() if name.startswith(info) and not name.endswith("/")]
            files = {name.removeprefix(info): wheel.read(name).decode() for name in names if _LICENCE_FILE.search(name)}
            found.append(package(wheel.read(info + "METADATA").decode(), files))
    return sorted(found)


def table(packages: list[Package]) -> str:
    """The rows of THIRD-PARTY.md."""
    rows = ["| package | version | licence |", "|---|---|---|"]
    rows += [f"| [{one.name}]({one.home}) | {one.version} | {one.licence} |" for one in packages]
    return "\n".join(rows)


def texts(packages: list[Package]) -> Iterator[str]:
    """The texts of all licences, each below the name of its package."""
    for one in packages:
        yield f"{'=' * 100}\n{one.name} {one.version} ({one.licence})\n{one.home}\n"
        for file, text in one.texts.items():
            yield f"{'-' * 100}\n{file}\n\n{text.strip()}\n"


def updated(page: str, packages: list[Package]) -> str:
    """THIRD-PARTY.md with the rows of these packages."""
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}\n{table(packages)}\n{_END}{after}"


def _downloaded() -> list[Package]:
    """The pinned packages, whose wheels are downloaded. Which processor they are for makes no difference to their licences."""
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "download", "--require-hashes", "--no-deps"]
        subprocess.run([*words, "--only-binary", ":all:", "--dest", folder, "--requirement", str(REQUIREMENTS)], check=True)
        return of_wheels(Path(folder))


def _home(head: Message) -> str:
    """Where a package's source is."""
    urls = {label.strip().lower(): url.strip() for label, _, url in (line.partition(",") for line in head.get_all("Project-URL", []))}
    wanted = ("source", "source code", "repository", "code", "homepage", "home")
    return next((urls[label] for label in wanted if label in urls), None) or head["Home-page"] or f"https://pypi.org/project/{head['Name']}"


def _normal(name: str) -> str:
    """The one form of a package's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> int:
    """Carry out the command; the exit code."""
    parser = argparse.ArgumentParser(description="Licences of the Python packages that are shipped")
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--update", action="store_true", help="write THIRD-PARTY.md")
    group.add_argument("--texts", type=Path, metavar="FOLDER", help="print the texts of the packages installed in FOLDER")
    arguments = parser.parse_args()
    try:
        if arguments.update:
            THIRD_PARTY.write_text(updated(THIRD_PARTY.read_text(encoding="utf-8"), _downloaded()), encoding="utf-8")
        else:
            sys.stdout.writelines(f"{text}\n" for text in texts(installed(arguments.texts)))
    except ValueError as error:
        print(f"E! {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
