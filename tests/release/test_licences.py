"""packaging/licences.py: what is shipped has a licence that allows it, and the page that says so is complete."""

import re

import licences
import pytest

from document import ROOT, Document

PAGE = "THIRD-PARTY.md"
ALLOWED = {"Apache-2.0", "BSD-3-Clause", "MIT", "MIT-0", "MPL-2.0", "PSF-2.0"}
"""Licences of which a person has read that this project, with the MIT licence, may ship such a package unchanged."""
HEAD = "Metadata-Version: 2.4\nName: Some_Package\nVersion: 1.0\n"


def rows() -> list[list[str]]:
    """The packages that the page lists."""
    return Document(PAGE).tables[0][1:]


def test_every_pinned_package_is_listed() -> None:
    """The page has each package of docker/requirements.txt in its version, and no other. If not, run docker/lock.sh."""
    pinned = licences.pinned((ROOT / "docker/requirements.txt").read_text())
    listed = {re.sub(r"^\[(.+)\]\(https?://.+\)$", r"\1", name): version for name, version, _ in rows()}

    assert len(pinned) >= 10
    assert listed == pinned


def test_every_licence_is_allowed() -> None:
    """No package has a licence that nobody has read."""
    assert {word for _, _, licence in rows() for word in re.split(r" OR | AND |[()]", licence) if word} <= ALLOWED


def test_a_package_says_its_licence() -> None:
    """The expression in the metadata is taken, with the texts that lie beside it and the address of the source."""
    head = f"{HEAD}License-Expression: MIT\nProject-URL: Source, https://example.org/source\n"
    files = {"licenses/LICENSE": "a", "licenses/sub/COPYING.txt": "b", "RECORD": "c"}
    found = licences.package(head, files)

    assert found == licences.Package(
        "some-package", "1.0", "MIT", "https://example.org/source", {"licenses/LICENSE": "a", "licenses/sub/COPYING.txt": "b"}
    )


def test_an_old_package_gets_its_licence_from_the_table() -> None:
    """pyserial has neither an expression nor a text in its wheel."""
    found = licences.package("Name: pyserial\nVersion: 3.5\nLicense: BSD\n", {})

    assert found.licence == "BSD-3-Clause"
    assert "Chris Liechti" in found.texts["pyserial.txt"]


@pytest.mark.parametrize(
    ("head", "files", "told"),
    [
        (f"{HEAD}License: Dual License\n", {"LICENSE": "a"}, "some-package 1.0 names no SPDX licence"),
        (f"{HEAD}License-Expression: MIT\n", {"RECORD": ""}, "some-package 1.0 brings no text of its licence"),
    ],
)
def test_what_is_missing_is_an_error(head: str, files: dict[str, str], told: str) -> None:
    """A package without a licence or without its text is not shipped by mistake."""
    with pytest.raises(ValueError, match=told):
        licences.package(head, files)


def test_update_changes_only_the_table() -> None:
    """Words around the table stay. A second update changes nothing."""
    page = (ROOT / PAGE).read_text()
    one = licences.Package("one", "1", "MIT", "https://example.org", {})
    changed = licences.updated(page, [one])

    assert "| [one](https://example.org) | 1 | MIT |" in changed
    assert "holidays" not in changed
    assert licences.updated(changed, [one]) == changed
    assert changed.partition("<!-- packages")[0] == page.partition("<!-- packages")[0]
    assert changed.partition("<!-- /packages")[2] == page.partition("<!-- /packages")[2]
