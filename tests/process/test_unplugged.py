"""`run` on a line that breaks, stalls, hangs or belongs to somebody else: no telegram is put together from two, and each loss is counted."""

import fcntl
import os
import pty
import struct
import threading
import time
import tty
from pathlib import Path

import pytest

import p1telegrams as p1

GOOD = "electricity,interface=p1,meter=home,model=GAMA350,serial=35000001 "
LINK = "electricity_link,interface=p1,meter=home "
TIOCVHANGUP = 0x5437
TIOCSPTLCK = 0x40045431
AT_ONCE = {"ports__sources": {"FIRST_PAUSE_S": 0.02, "LONGEST_PAUSE_S": 0.1}, "live__reader": {"SETTLED_S": 0.1}}
BYTE_S = 0.004
"""Time between two bytes of a slow line."""


def cuts(telegram: bytes) -> list[int]:
    """The places where a telegram may break off: nothing, its first byte, ident line, block, ciphertext, "!", footer, line end."""
    ident, end = telegram.index(b"\r\n\r\n"), telegram.rindex(b"!")
    return [0, 1, ident, ident + 4, ident + 5, ident + 8, len(telegram) // 2, end, end + 1, end + 3, end + 5, end + 6, len(telegram)]


@pytest.mark.parametrize("form", ["enciphered", "plain"])
def test_unplugged_within_a_telegram(start, config, cable, hurried, form) -> None:
    """Wherever a telegram breaks off, it is counted as lost, the next one is read, and the two are never taken for one."""
    telegram = p1.stoen() if form == "enciphered" else p1.plain()
    text = config(cable.link)
    if form == "plain":
        text = text.replace("encryption_key", "# ").replace("authentication_key", "# ")
    plugin = start(text, PYTHONPATH=hurried(**AT_ONCE))
    whole, halves = 0, 0
    for cut in cuts(telegram):
        cable.send(telegram[:cut])
        cable.taken()
        cable.unplug()
        cable.plug_in()
        cable.send(telegram)
        ended = cut > telegram.rindex(b"!") + 4
        whole, halves = whole + 1 + ended, halves + (cut > 0 and not ended)
        lines = plugin.output.wait_for(GOOD, times=whole)
        assert len(lines) == whole
    plugin.output.wait_for(LINK, f"telegrams={whole}i,decoded={whole}i", f"errors_framing={halves}i", 'state="ok"')

    assert {line.partition(GOOD)[2].rpartition(" ")[0] for line in lines} == {lines[0].partition(GOOD)[2].rpartition(" ")[0]}
    assert len({line.rpartition(" ")[2] for line in lines}) == whole
    assert plugin.close_stdin() < 1
    assert plugin.output.text.endswith("\n")


def test_connection_lost_within_a_telegram(start, config, converter, hurried, telegram) -> None:
    """The same of a converter in the network that closes the connection anywhere in a telegram."""
    plugin = start(config(f"socket://127.0.0.1:{converter.getsockname()[1]}"), PYTHONPATH=hurried(**AT_ONCE))
    halves = 0
    for number, cut in enumerate(cut for cut in cuts(telegram) if cut <= telegram.rindex(b"!") + 4):
        with converter.accept()[0] as connection:
            connection.sendall(telegram + telegram[:cut])
            plugin.output.wait_for(GOOD, times=number + 1)
        halves += cut > 0
    with converter.accept()[0]:
        plugin.output.wait_for(LINK, f"decoded={number + 1}i", f"errors_framing={halves}i")

    assert len(plugin.output.having(GOOD)) == number + 1


def test_device_that_stays_and_does_not_answer(start, config, hurried, tmp_path, telegram) -> None:
    """A device that keeps its name but gives errors is logged once with what to do, and read as soon as it answers."""
    meter, theirs = pty.openpty()
    tty.setraw(theirs)
    (tmp_path / "port").symlink_to(os.ttyname(theirs))
    plugin = start(config(tmp_path / "port"), PYTHONPATH=hurried(**AT_ONCE))
    plugin.log.wait_for("I! home: reading")
    os.write(meter, telegram + telegram[:300])
    plugin.output.wait_for(GOOD)

    fcntl.ioctl(meter, TIOCSPTLCK, struct.pack("i", 1))  # from now on, `open` fails with EIO
    fcntl.ioctl(theirs, TIOCVHANGUP)
    plugin.log.wait_for("W! home: ", "was unplugged or has disconnected")
    plugin.log.wait_for("W! home: ", "does not answer. Unplug it and plug it in again. Trying again until it is back")
    plugin.output.wait_for(LINK, 'state="port_missing"', times=3)
    fcntl.ioctl(meter, TIOCSPTLCK, struct.pack("i", 0))
    plugin.log.wait_for("I! home: reading", times=2)
    os.write(meter, telegram)
    plugin.output.wait_for(GOOD, times=2)
    plugin.output.wait_for(LINK, "decoded=2i", 'state="ok"')

    assert len(plugin.log.having("does not answer")) == 1
    os.close(theirs)
    os.close(meter)


def test_another_device_under_the_name(start, config, cable, hurried, telegram) -> None:
    """A name that leads to another device leads there after the first one goes. Half a telegram of the first is not continued by it."""
    plugin = start(config(cable.link), PYTHONPATH=hurried(**AT_ONCE))
    cable.send(telegram + telegram[:300])
    cable.taken()
    plugin.output.wait_for(GOOD)
    first, device = cable._meter, cable.link.readlink()
    cable.plug_in()
    first.send(telegram[300:])
    plugin.output.wait_for(GOOD, times=2)
    first.send(telegram[:300])
    cable.taken(device)
    first.close()
    cable.send(telegram[300:] + telegram)

    plugin.output.wait_for(GOOD, times=3)
    plugin.output.wait_for(LINK, "decoded=3i", 'state="ok"')
    assert len(plugin.output.having(GOOD)) == 3


def test_one_byte_after_the_other(start, config, cable, converter, telegram) -> None:
    """A telegram that comes byte by byte is read whole, at once after its last byte, and the waiting costs hardly any processor time."""
    more = f"""
    [[meter]]
    name = "far"
    interface = "p1"
    port = "socket://127.0.0.1:{converter.getsockname()[1]}"
    """
    plugin = start(config(cable.link, interval="1h", more=more))
    connection, _ = converter.accept()
    with connection:
        connection.setsockopt(6, 1, 1)  # TCP_NODELAY: each byte by itself
        cable.opened()
        plain, late_s = p1.plain(), []
        begun_s, used_s = time.monotonic(), processor_s(plugin.process.pid)
        for number in range(2):
            for place in range(len(telegram)):
                cable._meter.send(telegram[place : place + 1])
                connection.sendall(plain[place : place + 1])
                time.sleep(BYTE_S)
            last_s = time.monotonic()
            plugin.output.wait_for(GOOD, times=number + 1)
            late_s.append(time.monotonic() - last_s)
        took_s, used_s = time.monotonic() - begun_s, processor_s(plugin.process.pid) - used_s
        plugin.output.wait_for("meter=far", times=2)

    assert {len(plugin.output.having(f"electricity,interface=p1,meter={name},")) for name in ("home", "far")} == {2}
    assert min(late_s) < 0.3  # a reader that waits for more would need half a second
    assert used_s < took_s / 6


def processor_s(process: int) -> float:
    """Processor time of all threads of a process so far."""
    parts = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


def test_pauses_within_a_telegram(start, config, cable, telegram) -> None:
    """A pause of a second costs nothing, so one byte a second is enough. After more than two seconds the telegram is given up and counted."""
    plugin = start(config(cable.link))
    for place, byte in ((0, 1), (1, 14), (14, 560)):
        cable.send(telegram[place:byte])
        time.sleep(1.0)
    cable.send(telegram[560:] + telegram[:100])
    plugin.output.wait_for(GOOD)
    plugin.log.wait_for("W! home: ", "telegram stops after 100 bytes")
    cable.send(telegram)
    plugin.output.wait_for(GOOD, times=2)

    plugin.output.wait_for(LINK, "telegrams=2i,decoded=2i", "errors_framing=1i")


def test_two_plugins_on_one_port(start, config, cable, hurried, telegram) -> None:
    """The second says who has the port and what to do, and takes nothing from the first. When the first ends, the second goes on."""
    first = start(config(cable.link), PYTHONPATH=hurried(**AT_ONCE))
    cable.send(telegram)
    first.output.wait_for(GOOD)
    second = start(config(cable.link), PYTHONPATH=hurried(**AT_ONCE))
    said = second.log.wait_for("W! home: ", "is in use by another program")[0]
    sending = threading.Thread(target=lambda: [cable.send(telegram) for _ in range(99)])
    sending.start()
    first.output.wait_for(GOOD, times=100)
    sending.join()
    second.output.wait_for(LINK, 'state="port_missing"')

    assert f"process {first.process.pid} (" in said
    assert "A port has one reader, so end one of the two. Trying again until it is back" in said
    assert len(second.log.having("in use")) == 1
    assert second.output.having(GOOD) == []
    first.output.wait_for(LINK, "telegrams=100i,decoded=100i", "errors_framing=0i")
    first.close_stdin()
    second.log.wait_for("I! home: reading")
    cable.send(telegram)
    second.output.wait_for(GOOD)
    second.output.wait_for(LINK, 'state="ok"')
    assert len(first.output.having(GOOD)) == 100
