"""The images that `./dev images` makes for amd64 and arm64, read file by file. arm64's were started by an emulator while they were built.

The base image is a stand-in without Telegraf: the real one cannot be pulled here.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from compose import oci_archive
from compose.oci_archive import AARCH64, X86_64, Image

from telegraf_han import RELEASED_S, __version__

ROOT = Path(__file__).parents[2]
HOME = "opt/telegraf-han/"
MACHINES = {"linux/amd64": X86_64, "linux/arm64": AARCH64}
COMPILED = {"_cffi_backend", "cryptography/hazmat/bindings/_rust"}


@pytest.fixture(scope="module")
def plain(released: list[Path]) -> list[Image]:
    """Return the images of both processors."""
    return oci_archive.images(released[0])


@pytest.fixture(scope="module")
def with_dongle(released: list[Path]) -> list[Image]:
    """Return the images with rtl_433."""
    return oci_archive.images(released[1])


def ours(image: Image) -> dict[str, oci_archive.Entry]:
    """What this project puts into an image, under names that are the same for all processors."""
    return {re.sub("(x86_64|aarch64)-linux-gnu", "MACHINE", name): entry for name, entry in image.files.items() if name.startswith(HOME)}


def test_names(released: list[Path]) -> None:
    """One command writes both images, under names that have the version."""
    assert [path.name for path in released] == [
        f"telegraf-han-{__version__}-image.tar",
        f"telegraf-han-{__version__}-rtl-sdr-image.tar",
    ]


def test_each_processor_has_its_image(plain: list[Image], with_dongle: list[Image]) -> None:
    """The list names both processors. Each image's own configuration says the same, and has the same user and PATH."""
    for images in (plain, with_dongle):
        assert [image.platform for image in images] == list(MACHINES)
        assert [f"linux/{image.config['architecture']}" for image in images] == list(MACHINES)
        assert {image.config["config"]["User"] for image in images} == {"telegraf"}
        assert all(f"PATH=/{HOME}bin:" in " ".join(image.config["config"]["Env"]) for image in images)


def test_every_program_is_for_its_processor(plain: list[Image], with_dongle: list[Image]) -> None:
    """Each ELF file, Debian's and the wheels', is for the image's processor, and the wheels have the compiled modules that are needed."""
    for image in (*plain, *with_dongle):
        machine = MACHINES[image.platform]
        assert [name for name, entry in image.files.items() if entry.machine not in {None, machine}] == []
        assert image.files["usr/bin/python3.11"].machine == machine
        modules = {name.partition("site-packages/")[2].partition(".")[0] for name, entry in ours(image).items() if entry.machine}
        assert modules == COMPILED


def test_both_have_the_same_files(plain: list[Image]) -> None:
    """What this project puts in is the same for both processors, name for name, with the same rights, links and licences."""
    amd64, arm64 = map(ours, plain)
    shown = ("mode", "time_s", "target", "text")

    assert len(amd64) > 1000
    assert {name: [getattr(entry, one) for one in shown] for name, entry in amd64.items() if not name.endswith("dist-info/METADATA")} == {
        name: [getattr(entry, one) for one in shown] for name, entry in arm64.items() if not name.endswith("dist-info/METADATA")
    }


def test_what_is_pinned_is_in_it(plain: list[Image]) -> None:
    """The packages are those of docker/requirements.txt, in their versions, and this project's."""
    pinned = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / "docker/requirements.txt").read_text(), re.MULTILINE))
    for image in plain:
        heads = [entry.text for name, entry in image.files.items() if name.startswith(HOME) and name.endswith(".dist-info/METADATA")]
        found = {
            re.search(r"^Name: (.*)$", head, re.MULTILINE)[1].lower().replace("_", "-"): re.search(r"^Version: (.*)$", head, re.MULTILINE)[
                1
            ]
            for head in heads
        }
        assert found == {**pinned, "telegraf-han": __version__}


def test_licences_are_in_it(plain: list[Image]) -> None:
    """The texts of all licences are in one file."""
    for image in plain:
        text = image.files[f"{HOME}THIRD-PARTY-LICENCES.txt"].text
        for name in re.findall(r"^([\w.-]+)==", (ROOT / "docker/requirements.txt").read_text(), re.MULTILINE):
            assert re.search(rf"^={{100}}\n{name} \S+ \(.+\)$", text, re.MULTILINE), name


def test_nothing_else_is_in_it(plain: list[Image]) -> None:
    """No pip, no programs of packages, no sources of the build, nothing of an owner."""
    for image in plain:
        names = [name for name in image.files if name.startswith(("opt/", "src/", "build/", "wheel/"))]
        assert [name for name in names if not name.startswith(HOME)] == []
        assert [name for name in names if re.search(r"/pip3?(/|$)|site-packages/bin/|\.(ek|ak|key)$|/han\.toml$", name)] == []
        assert {name for name in names if name.startswith(f"{HOME}bin/")} >= {f"{HOME}bin/telegraf-han", f"{HOME}bin/python3"}


def test_only_one_has_rtl_433(plain: list[Image], with_dongle: list[Image]) -> None:
    """rtl_433 and its libraries are in the image for a dongle alone."""
    for image in with_dongle:
        assert image.files["usr/bin/rtl_433"].machine == MACHINES[image.platform]
    for image in plain:
        assert [name for name in image.files if re.match(r"usr/.*(rtl_433|librtlsdr|libSoapySDR|libusb)", name)] == []


def test_times_are_the_releases(plain: list[Image]) -> None:
    """What this project puts in has the time of the release, so the same sources give the same layers."""
    assert {entry.time_s for image in plain for entry in ours(image).values()} == {RELEASED_S}
