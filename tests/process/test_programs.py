"""`telegraf-han run` with rtl_433 and rtl_wmbus, each a script of this name that prints what a virtual meter's telegrams look like there."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import telegraf_han

SOURCES = str(Path(telegraf_han.__file__).parent.parent)
SINCE = time.strftime("%Y-%m-%dT%H:00:00Z", time.gmtime(time.time() - 3600))
"""All virtual meters began to count at one time, so two of them say the same."""
SIMULATE = f"{sys.executable} -m telegraf_han simulate gama350 --interface wmbus --interval 1s"
TELEGRAM = "electricity,interface=wmbus,meter=flat-12,"
LINK = "electricity_link,interface=wmbus,meter=flat-12"
METER = """
[[meter]]
name = "flat-12"
interface = "wmbus"
id = "35000001"
key = "000102030405060708090a0b0c0d0e0f"
"""
WMBUS = "[[receiver]]\nname = 'attic'\ntype = 'rtl_wmbus'\n"
RTL433 = "[[receiver]]\nname = 'roof'\ntype = 'rtl_433'\n"
STATUS = "[output]\nstatus_interval = '300ms'\n"
LONG_S = 60.0
"""Two simulators start on a busy machine."""


@pytest.fixture
def installed(tmp_path: Path) -> Callable[..., str]:
    """Put scripts into a folder; the PATH that finds them, and of the system only what scripts need. Each notes the ids of its processes.

    The system's own folders are not in the PATH, because the real programs may be installed there.
    """
    folder, system = tmp_path / "bin", tmp_path / "system"
    for made in (folder, system):
        made.mkdir()
    for name in ("cat", "sh", "sleep"):
        (system / name).symlink_to(shutil.which(name))

    def put(**programs: str) -> str:
        for name, words in programs.items():
            (folder / name).write_text(f'#!/bin/sh\necho $$ >>{tmp_path}/{name}.pids\necho "$*" >{tmp_path}/{name}.options\n{words}\n')
            (folder / name).chmod(0o755)
        return f"{folder}:{system}"

    return put


def simulate(envelope: str, *words: str) -> str:
    """The words of a script that prints what this program would."""
    return f"PYTHONPATH={SOURCES} exec {' '.join((SIMULATE, *words))} --envelope {envelope} --to - 2>/dev/null"


def processes(folder: Path, name: str) -> list[int]:
    """All that a script has been so far."""
    return [int(word) for word in (folder / f"{name}.pids").read_text().split()]


def alive(process: int) -> bool:
    """Whether it runs; an orphan that nobody reaps yet does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    end_s = time.monotonic() + LONG_S
    while not condition():
        assert time.monotonic() < end_s
        time.sleep(0.02)


def field(line: str, name: str) -> int:
    """An integer field of a line."""
    return int(line.partition(f"{name}=")[2].partition("i")[0])


def test_both_by_their_type_alone(start: Callable, installed: Callable, tmp_path: Path) -> None:
    """The type alone starts each program with its options. A telegram that both hear is one line, and neither program is left behind."""
    path = installed(
        rtl_433=simulate("rtl_433", f"--since {SINCE}"),
        rtl_sdr="while echo samples; do sleep 0.1; done",
        rtl_wmbus=simulate("rtl_wmbus", f"--since {SINCE}"),
    )
    plugin = start(STATUS + WMBUS + RTL433 + METER, PATH=path)
    plugin.log.wait_for("I! attic: reading rtl_sdr and rtl_wmbus", wait_s=LONG_S)
    plugin.log.wait_for("I! roof: reading rtl_433", wait_s=LONG_S)
    plugin.output.wait_for(TELEGRAM, "active_energy_import_wh=", times=6, wait_s=LONG_S)
    until(lambda: any(field(line, "duplicates") > 2 for line in plugin.output.having(LINK)))
    lines, last = plugin.output.having(TELEGRAM), plugin.output.having(LINK)[-1]

    assert plugin.close_stdin() < LONG_S
    assert len({line.rpartition(" ")[2] for line in lines}) == len(lines)
    assert field(last, "decoded") + field(last, "duplicates") == field(last, "telegrams")
    assert (tmp_path / "rtl_433.options").read_text() == "-R 104 -f 868.95M -s 1200k -F json\n"
    assert (tmp_path / "rtl_wmbus.options").read_text() == "-f -o\n"
    assert not [name for name in ("rtl_433", "rtl_sdr", "rtl_wmbus") if any(map(alive, processes(tmp_path, name)))]


def test_ends_and_is_started_again(start: Callable, installed: Callable, tmp_path: Path) -> None:
    """A dongle that is pulled out ends its program, whose words are the reason. The program is started until telegrams come again."""
    path = installed(rtl_433=f"test -e {tmp_path}/pulled && {{ echo No supported devices found >&2; exit 3; }}\n{simulate('rtl_433')}")
    plugin = start(RTL433 + METER, PATH=path)
    plugin.output.wait_for(TELEGRAM, times=2, wait_s=LONG_S)
    (tmp_path / "pulled").touch()
    os.kill(processes(tmp_path, "rtl_433")[0], signal.SIGKILL)
    plugin.log.wait_for("W! roof: rtl_433 was ended by signal 9")
    plugin.log.wait_for("W! roof: rtl_433 ended with exit code 3. It finds no RTL-SDR dongle. Plug it in.", wait_s=LONG_S)
    (tmp_path / "pulled").unlink()
    plugin.log.wait_for("I! roof: reading rtl_433", times=2, wait_s=LONG_S)
    before = len(plugin.output.having(TELEGRAM))

    plugin.output.wait_for(TELEGRAM, times=before + 2, wait_s=LONG_S)


def test_hangs(start: Callable, installed: Callable, tmp_path: Path) -> None:
    """A program that runs and prints nothing is logged, ended with its children, and started again."""
    (tmp_path / "sitecustomize.py").write_text("from telegraf_han.receivers import rtl_433\nrtl_433.QUIET_S = 3.0\n")
    once = simulate("rtl_433", "--start 2026-11-22T16:00:00Z --days 0.00002 --speed max").replace("exec ", "")
    # The child that must end, too, is there before the first output, from which on the time counts.
    path = installed(rtl_433=f"sleep 600 & echo $! >>{tmp_path}/sleeps\n{once}\nwait")
    plugin = start(STATUS + RTL433 + METER, PATH=path, PYTHONPATH=f"{tmp_path}:{SOURCES}")
    plugin.log.wait_for("W! roof: rtl_433 runs, but has printed nothing for 0.05 minutes, so it is restarted", wait_s=LONG_S)
    plugin.log.wait_for("I! roof: reading rtl_433", times=2, wait_s=LONG_S)
    first, *_ = processes(tmp_path, "rtl_433")

    assert not alive(first)
    assert not alive(int((tmp_path / "sleeps").read_text().split()[0]))


def test_plugin_is_killed(start: Callable, installed: Callable, tmp_path: Path) -> None:
    """SIGKILL leaves no program that keeps the dongle."""
    path = installed(rtl_sdr="while echo samples; do sleep 0.1; done", rtl_wmbus="cat >/dev/null")
    plugin = start(WMBUS + METER, PATH=path)
    plugin.log.wait_for("I! attic: reading rtl_sdr and rtl_wmbus", wait_s=LONG_S)
    left = [*processes(tmp_path, "rtl_sdr"), *processes(tmp_path, "rtl_wmbus")]
    assert all(map(alive, left))
    plugin.process.kill()

    until(lambda: not any(map(alive, left)))


@pytest.mark.parametrize(
    ("receiver", "there", "missing", "place"),
    [
        (RTL433, [], "rtl_433", "sudo apt install rtl-433"),
        (WMBUS, [], "rtl_sdr", "sudo apt install rtl-sdr"),
        (WMBUS, ["rtl_sdr"], "rtl_wmbus", "https://github.com/xaelsouth/rtl-wmbus"),
    ],
    ids=["rtl_433", "rtl_sdr", "rtl_wmbus"],
)
def test_not_installed(start: Callable, installed: Callable, receiver: str, there: list[str], missing: str, place: str) -> None:
    """A missing program is named with the place to get it. The plugin stays, and starts reading as soon as the program is there."""
    path = installed(**dict.fromkeys(there, "exec sleep 600"))
    plugin = start(receiver + METER, PATH=path)
    plugin.log.wait_for("W! ", f"{missing} cannot be started: no such program. Install it ({place})", wait_s=LONG_S)
    installed(**dict.fromkeys(("rtl_433", "rtl_sdr", "rtl_wmbus"), "exec sleep 600"))

    plugin.log.wait_for("I! ", ": reading rtl_", wait_s=LONG_S)


@pytest.mark.parametrize("kind", ["rtl_wmbus", "rtl_433"])
def test_printed_elsewhere(start: Callable, tmp_path: Path, converter, kind: str) -> None:
    """The lines may also come from a file or over TCP, with other output before and between them."""
    lately = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60))
    words = f"{SIMULATE} --envelope {kind} --start {lately} --days 0.00005 --speed max --to -".split()
    environment = os.environ | {"PYTHONPATH": SOURCES}
    printed = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, check=True).stdout.decode()
    noise = "Detached kernel driver\n0;0;0\n{}\n"
    (tmp_path / "log").write_text(noise + printed[: len(printed) // 2] + "\n" + noise + printed)
    file = f"[[receiver]]\nname = 'file'\ntype = '{kind}'\nport = 'log'\n"
    port = f"[[receiver]]\nname = 'remote'\ntype = '{kind}'\nport = 'socket://127.0.0.1:{converter.getsockname()[1]}'\n"
    plugin = start(STATUS + file + port + METER)
    connection, _ = converter.accept()
    with connection:
        connection.sendall((noise + printed).encode())
        lines = plugin.output.wait_for(TELEGRAM, times=4, wait_s=LONG_S)
        plugin.output.wait_for(LINK, "decoded=4i", wait_s=LONG_S)

    assert len({line.rpartition(" ")[2] for line in lines}) == 4
    assert plugin.log.having("E! ") == []
