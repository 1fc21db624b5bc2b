"""The Debian packages as files, before anybody installs them: Debian's own checker, and both architectures side by side."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from telegraf_han import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from package.conftest import Built

MACHINES = {"amd64": "X86-64", "arm64": "AArch64"}
DEBIANS_OWN = {"libc.so.6", "libdl.so.2", "libgcc_s.so.1", "libm.so.6", "libpthread.so.0", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}
"""Libraries of libc6 and libgcc-s1, which the package depends on."""
GLIBC = (2, 34)
"""The version of libc6 that the package asks for."""


def said(*words: str | Path) -> str:
    """What a program says that must not fail."""
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def unpacked(built: Built, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The files of each package, by architecture."""
    folders = {name: tmp_path_factory.mktemp(name) for name in built.packages}
    for name, package in built.packages.items():
        said("dpkg-deb", "--extract", package, folders[name])
    return folders


@pytest.mark.parametrize("architecture", MACHINES)
@pytest.mark.usefixtures("_able")
def test_lintian(built: Built, architecture: str) -> None:
    """Debian's checker finds neither an error nor a warning, and every exception of ours is one that it knows and needs."""
    assert said("lintian", "--allow-root", "--fail-on", "error,warning", "--tag-display-limit", "0", built.packages[architecture]) == ""


def test_names(built: Built) -> None:
    """The names of the files are those that the documents tell."""
    assert {name: path.name for name, path in built.packages.items()} == {
        name: f"telegraf-han_{__version__}_{name}.deb" for name in MACHINES
    }
    for name, package in built.packages.items():
        assert said("dpkg-deb", "--field", package, "Version", "Architecture") == f"Version: {__version__}\nArchitecture: {name}\n"


def test_both_architectures_hold_the_same(unpacked: dict[str, Path]) -> None:
    """Only compiled files differ, and their names only in the name of the machine."""
    content = {name: _content(folder) for name, folder in unpacked.items()}

    assert content["amd64"].keys() == content["arm64"].keys()
    assert [name for name, text in content["amd64"].items() if text != content["arm64"][name]] == []
    assert len(content["amd64"]) > 1000


def _content(folder: Path) -> dict[str, bytes]:
    """Every file by its name without the machine; those that are compiled, or list what is compiled, count as empty."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file():
            differs = path.suffix == ".so" or path.name in {"RECORD", "WHEEL"} or path.parent.name == "sboms"
            found[re.sub("x86_64|aarch64", "MACHINE", str(path.relative_to(folder)))] = b"" if differs else path.read_bytes()
    return found


@pytest.mark.parametrize("architecture", MACHINES)
@pytest.mark.usefixtures("_able")
def test_compiled_files(unpacked: dict[str, Path], architecture: str) -> None:
    """Each is for that machine, needs no library but Debian's, no newer one than the package asks for; each Python has its cffi."""
    compiled = sorted(unpacked[architecture].rglob("*.so"))
    assert sorted(re.sub(r"-linux-gnu|-x86_64|-aarch64", "", path.name) for path in compiled) == [
        "_cffi_backend.cpython-311.so", "_cffi_backend.cpython-312.so", "_cffi_backend.cpython-313.so", "_rust.abi3.so",
    ]  # fmt: skip
    for path in compiled:
        header = said("readelf", "--wide", "--file-header", "--dynamic", "--version-info", path)
        assert re.search(rf"Machine:.*{MACHINES[architecture]}$", header, re.MULTILINE)
        assert set(re.findall(r"\(NEEDED\).*\[(.*)\]", header)) <= DEBIANS_OWN
        versions = {(int(major), int(minor)) for major, minor in re.findall(r"GLIBC_(\d+)\.(\d+)", header)}
        assert max(versions) <= GLIBC


def test_licences(unpacked: dict[str, Path]) -> None:
    """The copyright file has every package that is in the environment, under its licence."""
    folder = unpacked["amd64"]
    text = (folder / "usr/share/doc/telegraf-han/copyright").read_text()
    others = [
        path.name.removesuffix(".dist-info").split("-") for path in folder.rglob("*.dist-info") if not path.name.startswith("telegraf_han-")
    ]

    assert len(others) >= 10
    for name, version in others:
        assert re.search(rf"^{name.replace('_', '[-_]')} {re.escape(version)}\nLicence: \S", text, re.MULTILINE), name
    assert text.count("\nCopyright") >= len(others) - 4  # the Apache licence, certifi's and two more have none in their text
