"""`run` as a child process on real pseudo-terminals, sockets and programs, and every way it may end."""

import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import telegraf_han

GOOD = "electricity,interface=p1,meter=home,model=GAMA350,serial=35000001 "
LINK = "electricity_link,interface=p1,meter=home "
RADIO_TELEGRAM = (
    # A GAMA350's with invented id, key and values; the key is the P1 tests' encryption key.
    "be44ed147856341201027a4f00b0050d0cd1688f43f1cc4c4a80646ce68888bd3878fca5ff9f1422f7dece30bcdc1f42a88c8c781b647708e4714dc5"
    "b965125f96f67325c94344727d69fdab27fa54a8d758b780dee958138f80c920e6bed3e46640ba17f2fbc6ed3e96c0754f82d8e5e78fcbf4fd757e51"
    "653a10602fe55f7f7298a78496c2919594ec20694cc4ff7ecd652af2bca7ecf476ae5c535f7c716b0b532bdc7b5551d3afeef20b6b0c7da3a4175250"
    "6c5ce68f3241160d4a456e"
)
ENDS_S = 1.0
"""The program's promise."""


def field(line: str, name: str) -> str:
    """A field's value in a line of protocol."""
    found = re.search(rf'[ ,]{name}=("[^"]*"|[^, ]*)', line)
    assert found, line
    return found[1].strip('"').removesuffix("i")


# -- reading --


def test_cable(start, config, cable, telegram) -> None:
    """A telegram on a serial device becomes a line, stamped now, as its clock is far from the host's."""
    plugin = start(config(cable.link))
    before_ns = time.time_ns()
    cable.send(telegram)

    line = plugin.output.wait_for(GOOD)[0]

    assert field(line, "active_energy_import_wh") == "12345035"
    assert before_ns < int(line.rpartition(" ")[2]) < time.time_ns()


def test_settings_at_start(start, config, cable) -> None:
    """Limits and prices are told at once, and once."""
    plugin = start(config(cable.link, more="limits.silence_s = 90\nprices.currency = 'PLN'"))

    plugin.output.wait_for(LINK, times=3)

    assert [line.rpartition(" ")[0] for line in plugin.output.having("_settings")] == [
        'electricity_settings,interface=p1,meter=home silence_s=90.0,decode_errors_percent=10.0,currency="PLN",billing_day=1.0'
    ]


def test_status_on_newline(start, config, cable) -> None:
    """A newline on stdin (signal = "STDIN") brings the status lines at once. Without a newline they follow their interval."""
    plugin = start(config(cable.link, interval="1h", more="limits.silence_s = 90"))
    plugin.output.wait_for("_settings")
    assert plugin.output.having(LINK) == []

    for count in (1, 2):
        plugin.process.stdin.write(b"\n")
        assert len(plugin.output.wait_for(LINK, times=count)) == count


def test_socket_comes_back(start, config, converter, telegram) -> None:
    """A converter that drops the connection is connected to again. Its loss and its return are logged once each."""
    plugin = start(config(f"socket://127.0.0.1:{converter.getsockname()[1]}"))
    for count in (1, 2):
        with converter.accept()[0] as connection:
            connection.sendall(telegram)
            plugin.output.wait_for(GOOD, times=count)

    plugin.log.wait_for("closed the connection", times=2)

    assert len(plugin.log.having("I! home: reading socket://")) == 2
    assert len(plugin.log.having("W! home: ", "closed the connection. Trying again")) == 2


def test_unplugged_and_back(start, config, cable, telegram) -> None:
    """A cable that is pulled out is logged once, shows in the state, and is read again when it is back under its name."""
    plugin = start(config(cable.link))
    cable.send(telegram)
    plugin.output.wait_for(GOOD)
    cable.unplug()
    plugin.output.wait_for(LINK, 'state="port_missing"')
    plugin.log.wait_for("is not there")

    cable.plug_in()
    cable.send(telegram)

    plugin.output.wait_for(GOOD, times=2)
    plugin.output.wait_for(LINK, 'state="ok"', times=2)
    assert len(plugin.log.having("W! ")) == len(plugin.log.having("days behind, so this machine's time is used")) + 2
    assert len(plugin.log.having("was unplugged or has disconnected")) == 1


def test_missing_from_the_start(start, config, tmp_path) -> None:
    """A port that does not exist keeps the program running and is logged once."""
    plugin = start(config(tmp_path / "none"))

    plugin.output.wait_for(LINK, 'state="port_missing"', times=5)

    assert len(plugin.log.having("W! home: ", "is not there. Is it plugged in?")) == 1
    assert plugin.process.poll() is None


def test_one_meter_missing_does_not_stop_another(start, config, cable, tmp_path, telegram) -> None:
    """A meter without its port costs the other nothing."""
    other = f"[[meter]]\nname = 'shop'\ninterface = 'p1'\nport = '{tmp_path / 'none'}'"
    plugin = start(config(cable.link, more=other))
    cable.send(telegram)

    plugin.output.wait_for(GOOD)
    plugin.output.wait_for("meter=shop", 'state="port_missing"')


def test_replay(start, config, tmp_path, telegram) -> None:
    """A file is read to its end and stamped with the meter's clock. It waits for a slow reader, and the program goes on."""
    count = 12_000
    (tmp_path / "capture").write_bytes(telegram * count)
    plugin = start(config(tmp_path / "capture", interval="1s"))
    plugin.output.stall()
    time.sleep(0.5)
    plugin.output.resume()

    plugin.log.wait_for("was read to its end")
    lines = plugin.output.wait_for(GOOD, times=count)

    assert {line.rpartition(" ")[2] for line in lines} == {"1775826353000000000"}
    assert plugin.process.poll() is None
    assert field(plugin.output.wait_for(LINK, f"decoded={count}i")[0], "lines_dropped") == "0"


def test_program(start, tmp_path) -> None:
    """A program's lines are read, its stderr goes to the log, and it ends with its children when the plugin does."""
    script = tmp_path / "receiver"
    words = f"echo warming up >&2; echo $$ >{tmp_path}/pid; sleep 600 & echo $! >{tmp_path}/child; echo nonsense; wait"
    script.write_text(f"#!/bin/sh\n{words}\n")
    script.chmod(0o755)
    plugin = start(f"[[receiver]]\nname = 'attic'\ntype = 'hex'\ncommand = ['{script}']")
    plugin.log.wait_for("D! attic says: warming up")
    plugin.log.wait_for(f"I! attic: reading {script}")

    assert plugin.close_stdin() < ENDS_S
    for name in ("pid", "child"):
        process = int((tmp_path / name).read_text())
        assert not Path(f"/proc/{process}").exists() or " Z " in Path(f"/proc/{process}/stat").read_text()


def test_radio_telegram_heard_twice(start, tmp_path) -> None:
    """A radio telegram that a program and a port both deliver is one line. Telegrams of other meters are none."""
    neighbour = RADIO_TELEGRAM.replace("785634120102", "010000000102", 1)
    (tmp_path / "port").write_text(f"{neighbour}\n{RADIO_TELEGRAM}\n")
    plugin = start(
        f"""
        output.status_interval = "200ms"
        [[receiver]]
        name = "attic"
        type = "hex"
        command = ["sh", "-c", "echo {RADIO_TELEGRAM}; sleep 600"]
        [[receiver]]
        name = "cellar"
        type = "hex"
        port = "port"
        [[meter]]
        name = "flat-12"
        interface = "wmbus"
        id = "12345678"
        key = "000102030405060708090a0b0c0d0e0f"
        """
    )

    plugin.output.wait_for("electricity_link,interface=wmbus,meter=flat-12", "telegrams=2i,decoded=1i,duplicates=1i")
    lines = plugin.output.having("electricity,")

    assert len(lines) == 1
    assert field(lines[0], "active_energy_import_wh") == "3171835"
    assert len(plugin.log.having("D! cellar: ", "EGM 00000001")) == 1


def test_program_that_ends(start, tmp_path) -> None:
    """A program that ends is logged once, with its exit code and last lines, however often it is restarted."""
    code = f"import sys; open({str(tmp_path / 'starts')!r}, 'a').write('x'); sys.exit('no device found')"
    plugin = start(f"[[receiver]]\nname = 'attic'\ntype = 'hex'\ncommand = ['{sys.executable}', '-c', {code!r}]".replace("\\'", "'"))

    plugin.log.wait_for("W! attic: ", "ended with exit code 1. Its last lines: no device found. Trying again until it is back")
    plugin.log.wait_for("D! attic says: no device found", times=2)

    assert len((tmp_path / "starts").read_text()) >= 2
    assert len(plugin.log.having("W! ")) == 1


# -- noise and keys --


def test_noise_is_counted_and_told_once(start, config, cable, telegram) -> None:
    """Damaged telegrams count under their cause and are logged once per minute. Good telegrams between them go through."""
    plugin = start(config(cable.link))
    damaged = telegram[:300] + bytes([telegram[300] ^ 1]) + telegram[301:]
    cable.send(telegram + damaged + telegram + damaged + telegram + damaged + telegram)

    plugin.output.wait_for(GOOD, times=4)
    plugin.output.wait_for(LINK, "errors_checksum=3i")

    assert len(plugin.log.having("W! home: ", "noise on the line")) == 1


def test_no_key_anywhere(start, config, cable, telegram) -> None:
    """With a wrong key and with the right one, no key is in the output, the log or the arguments."""
    wrong = "5ec2e7c0ffee5ec2e7c0ffee5ec2e7c0"
    plugin = start(config(cable.link, key=wrong))
    cable.send(telegram)
    plugin.output.wait_for(LINK, "errors_key=1i", 'state="wrong_key"')
    plugin.log.wait_for("W! home: ")
    arguments = Path(f"/proc/{plugin.process.pid}/cmdline").read_text()
    plugin.close_stdin()

    everything = (plugin.output.text + plugin.log.text + arguments).lower()
    for key in (wrong, "000102030405060708090a0b0c0d0e0f", "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"):
        assert key[:12] not in everything
        assert repr(bytes.fromhex(key))[2:-1].lower() not in everything


def test_bad_configuration_is_one_line(start, config, cable) -> None:
    """An unusable configuration ends with exit code 2 and one line that names file, place and what is expected, and no key."""
    key = "5ec2e7c0ffee5ec2e7c0ffee5ec2e7c"
    plugin = start(config(cable.link, more=f'timezone = "{key}"'))
    assert plugin.process.wait(20) == 2
    plugin.end_by(lambda: None)

    assert re.fullmatch(r'E! .*/han\.toml: \[\[meter\]\] "home": timezone: .* is expected.*\n', plugin.log.text)
    assert plugin.output.text == ""
    assert key not in plugin.log.text


def test_bad_configuration_is_one_line_whatever_else_it_has(start, config, cable, tmp_path) -> None:
    """A key that all users may read is a warning, but there is no warning if the configuration cannot be used."""
    (tmp_path / "home.ek").write_text("000102030405060708090a0b0c0d0e0f")
    (tmp_path / "home.ek").chmod(0o644)
    plugin = start(config(cable.link, key=f"file:{tmp_path}/home.ek", more='[[meter]]\nname = "home"\ninterface = "p1"\n'))
    assert plugin.process.wait(20) == 2
    plugin.end_by(lambda: None)

    assert re.fullmatch(r'E! .*/han\.toml: \[\[meter\]\] "home": name: another name is expected.*\n', plugin.log.text)


# -- the end --


@pytest.mark.parametrize("how", ["stdin", "SIGTERM", "SIGINT"])
def test_ends(how, start, config, cable, telegram) -> None:
    """Closed stdin, SIGTERM and SIGINT end it with 0 within a second, the last telegram's line written."""
    plugin = start(config(cable.link, interval="1h"))
    cable.send(telegram)
    plugin.output.wait_for(GOOD)
    cable.send(telegram * 3)
    plugin.output.wait_for(GOOD, times=4)

    took_s = plugin.close_stdin() if how == "stdin" else plugin.send(signal.Signals[how])

    assert plugin.process.returncode == 0
    assert took_s < ENDS_S
    assert len(plugin.output.having(GOOD)) == 4
    assert plugin.output.text.endswith("\n")
    assert "Traceback" not in plugin.log.text


def test_what_was_read_is_flushed(start, config, tmp_path, telegram) -> None:
    """Lines that wait for a slow reader at the end still go out whole, as far as the reader takes them in time."""
    (tmp_path / "capture").write_bytes(telegram * 500)
    plugin = start(config(tmp_path / "capture", interval="1h"))
    plugin.output.stall()
    plugin.log.wait_for("was read to its end")
    plugin.process.stdin.close()
    plugin.output.resume()
    plugin.process.wait(20)
    plugin.output.wait_for(GOOD, times=500)

    assert plugin.process.returncode == 0


@pytest.mark.parametrize("stdin", ["null", "closed"])
def test_no_stdin_is_the_end(stdin, start, config, cable, tmp_path) -> None:
    """Without a stdin there is nobody to end it later: it ends at once, well."""
    if stdin == "null":
        plugin = start(config(cable.link), stdin=subprocess.DEVNULL)
        plugin.process.wait(20)
        assert plugin.process.returncode == 0
        return
    plugin = start(config(cable.link))
    plugin.close_stdin()
    words = ["sh", "-c", f"exec {' '.join(plugin.words)} <&-"]
    assert subprocess.run(words, env=environment(), capture_output=True, timeout=60, check=False).returncode == 0


def environment() -> dict[str, str]:
    """Where a child finds the package."""
    return os.environ | {"PYTHONPATH": str(Path(telegraf_han.__file__).parent.parent)}


def test_terminal_as_stdin(start, config, cable, telegram) -> None:
    """From a terminal it runs on until Ctrl-D."""
    ours, theirs = pty.openpty()
    plugin = start(config(cable.link), stdin=theirs)
    os.close(theirs)
    cable.send(telegram)
    plugin.output.wait_for(GOOD)
    assert plugin.process.poll() is None

    plugin.end_by(lambda: os.write(ours, b"\x04"))
    os.close(ours)

    assert plugin.process.returncode == 0


@pytest.mark.parametrize("how", ["stdin", "SIGTERM"])
def test_ends_though_nobody_reads(how, start, config, tmp_path, telegram) -> None:
    """A stalled stdout does not keep the program from ending in time, and all its output is whole lines."""
    (tmp_path / "capture").write_bytes(telegram * 1000)
    plugin = start(config(tmp_path / "capture", interval="1h"))
    plugin.output.stall()
    plugin.log.wait_for("was read to its end")

    took_s = plugin.close_stdin() if how == "stdin" else plugin.send(signal.SIGTERM)
    plugin.output.resume()
    plugin.output.wait_for(GOOD, times=20)

    assert plugin.process.returncode == 0
    assert took_s < ENDS_S
    assert plugin.output.text.endswith("\n")


def test_ends_when_stdout_is_closed(start, config, cable, telegram) -> None:
    """When nobody can read its lines any more, it ends, well."""
    plugin = start(config(cable.link))
    cable.send(telegram)
    plugin.output.wait_for(GOOD)
    plugin.output.hang_up()
    cable.send(telegram * 3)

    plugin.process.wait(20)

    assert plugin.process.returncode == 0
    assert plugin.log.wait_for("W! stdout takes no more lines (broken pipe), so telegraf-han stops")
    assert "Traceback" not in plugin.log.text


# -- stalls --


def test_stalled_stdout(start, config, converter, telegram) -> None:
    """While nobody reads stdout, the port is still read. The oldest lines are lost and counted, and the output is whole lines."""
    count, batch = 15_000, 50
    plugin = start(config(f"socket://127.0.0.1:{converter.getsockname()[1]}", interval="500ms"))
    with converter.accept()[0] as connection:
        connection.settimeout(60)
        connection.sendall(telegram)
        plugin.output.wait_for(GOOD)
        plugin.output.stall()
        for _ in range(count // batch):
            connection.sendall(telegram * batch)  # times out if the port is not read
        plugin.output.resume()
        link = plugin.output.wait_for(LINK, f"decoded={count + 1}i")[-1]
        plugin.close_stdin()

    dropped = int(field(plugin.output.having(LINK)[-1], "lines_dropped"))
    lines = plugin.output.having("")
    assert field(link, "errors_framing") == "0"
    assert dropped > 0
    assert all(re.match(r"electricity(_link|_settings)?,\S+ .+ \d{19}$", line) for line in lines)
    assert len(plugin.output.having(GOOD)) + dropped == count + 1


def test_stderr_nobody_reads(start, config, cable, telegram) -> None:
    """A log that nobody reads costs log lines, never telegrams."""
    plugin = start(config(cable.link))
    cable.opened()
    plugin.log.hang_up()
    damaged = telegram[:300] + bytes([telegram[300] ^ 1]) + telegram[301:]
    for count in range(1, 4):
        cable.send(damaged + telegram)
        plugin.output.wait_for(GOOD, times=count)


def test_stray_print_is_no_metric(config, cable, tmp_path, telegram) -> None:
    """What any module prints goes to stderr; stdout has lines only."""
    (tmp_path / "han.toml").write_text(config(cable.link))
    code = (
        "import sys, os; from telegraf_han.live import execd; load = execd.load\n"
        "execd.load = lambda *given: (print('stray,a=b c=1', flush=True), os.write(1, b'stray,a=b c=2\\n'), load(*given))[-1]\n"
        f"sys.exit(execd.main({str(tmp_path / 'han.toml')!r}))"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=-1, stdout=-1, stderr=-1, env=environment()) as process:
        cable.send(telegram)
        first = process.stdout.readline()
        rest, log = process.communicate(timeout=60)

    assert first.decode().startswith("electricity")
    assert b"stray" not in first + rest
    assert log.count(b"stray,a=b") == 2
    assert process.returncode == 0
