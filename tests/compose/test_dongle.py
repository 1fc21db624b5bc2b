"""The stack with docker/rtl-sdr.yml: the really built image with Debian's rtl_433, and docker/real/han.rtl-sdr.toml.example as it stands.

No dongle is here. So rtl_433 itself only says that it finds none. For telegrams, a script of the same name prints a line as rtl_433 does.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from telegraf_han import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from compose import containers, image_store

ROOT = Path(__file__).parents[2]
CASE = ROOT / "tests/cases/receiver-rtl_433-gama350"
OWNER = 1000
KEY = "000102030405060708090a0b0c0d0e0f"
CONFIG = "/etc/telegraf-han/han.toml"
RUN = ("sh", "-c", f"sleep infinity | telegraf-han run --config {CONFIG}")  # the end of stdin would end it
LONG_S = 60


@pytest.fixture(scope="module")
def stack(
    tmp_path_factory: pytest.TempPathFactory, stack_of: Callable[..., AbstractContextManager[containers.Stack]]
) -> Iterator[containers.Stack]:
    """Return the stack with the example's configuration and a key of the owner's, on a machine with an empty folder of USB devices."""
    folder = tmp_path_factory.mktemp("owner")
    folder.chmod(0o755)
    (folder / "usb").mkdir()
    real = folder / "real"
    real.mkdir()
    shutil.copy(ROOT / "docker/real/han.rtl-sdr.toml.example", real / "han.toml")
    (real / "flat-12.key").write_text(KEY + "\n")
    (real / "flat-12.key").chmod(0o600)
    os.chown(real / "flat-12.key", OWNER, OWNER)
    digits = "".join(line for line in (CASE / "input.hex").read_text().splitlines() if not line.startswith("#"))
    (real / "heard").write_bytes(bytes.fromhex(digits))
    (real / "rtl_433").write_text('#!/bin/sh\necho "$*" >/tmp/options\ncat /etc/telegraf-han/heard\nexec sleep infinity\n')
    (real / "rtl_433").chmod(0o755)
    with stack_of("docker/rtl-sdr.yml", HAN_METER="real") as stack:
        stack.replace[str(ROOT / "docker/real")] = str(real)
        stack.replace["/dev/bus/usb"] = str(folder / "usb")
        yield stack


def test_rtl_433_is_in_the_image(stack: containers.Stack, images: image_store.Images) -> None:
    """Debian's rtl_433 starts in this image and knows protocol 104. The image without a dongle has neither it nor its libraries."""
    done = stack.run("telegraf", "rtl_433", "-R", "help")

    assert "[104]  Wireless M-Bus" in done.stdout + done.stderr
    assert (images.root(f"telegraf-han:{__version__}-rtl-sdr") / "usr/bin/rtl_433").exists()
    plain = images.root(f"telegraf-han:{__version__}")
    assert not (plain / "usr/bin/rtl_433").exists()
    assert not list((plain / "usr/lib").rglob("librtlsdr*"))


def test_check_names_the_program(stack: containers.Stack) -> None:
    """`check` finds the program and the key, and warns that no dongle is there."""
    done = stack.run("telegraf", "telegraf-han", "check", "--config", CONFIG)

    assert "ok       dongle: /usr/bin/rtl_433" in done.stdout, done.stdout + done.stderr
    assert "no RTL-SDR dongle with a known USB id is plugged in" in done.stdout
    assert KEY not in done.stdout + done.stderr


def test_without_a_dongle_one_line_says_what_to_do(stack: containers.Stack) -> None:
    """rtl_433 itself, without a dongle, ends. The owner reads one line, which says why and what to do."""
    plugin = stack.start("telegraf", *RUN)
    line = plugin.process.wait_for_log(r"W! dongle: .*", LONG_S)[0]
    plugin.kill()

    advice = "It finds no RTL-SDR dongle. Plug it in. A container also needs the folder /dev/bus/usb"
    assert line == f"W! dongle: rtl_433 ended with exit code 2. {advice}. Trying again until it is back"


def test_what_rtl_433_hears_becomes_a_metric(stack: containers.Stack) -> None:
    """The plugin starts rtl_433 with its own options. A telegram of the configured meter becomes a metric under its name."""
    plugin = stack.start("telegraf", *RUN, env={"PATH": "/etc/telegraf-han:/opt/telegraf-han/bin:/usr/bin:/bin"})
    line = plugin.process.wait_for_log(r"electricity,interface=wmbus,meter=flat-12,.*", LONG_S)[0]
    options = Path(f"/proc/{plugin.first_pid}/root/tmp/options").read_text()
    plugin.kill()

    assert "serial=12345678 active_energy_import_wh=3171835," in line
    assert options == "-R 104 -f 868.95M -s 1200k -F json\n"
