"""The virtual sticks against literal bytes, and each receiver with each twin and each of its faults."""

import pytest

from telegraf_han import receivers
from telegraf_han.errors import ConfigError
from telegraf_han.simulate import encode, sticks
from telegraf_han.telegram import Fault, Frame, Lost, Ready, Send

S = 1_000_000_000
SHORT = bytes.fromhex("1044ed147856341201027804032a000000")
LONG = bytes([190]) + bytes.fromhex("44ed147856341201027a04030000") + bytes(range(176))
"""As long as a telegram of three phases, every byte value that needs care in it."""
ANSWERS = {
    # stick: what it is asked and what it answers, from the makers' manuals and logs
    "im871a": [
        ("a5010f00", "a50110083300141678563412"),
        ("a5010100", "a5010200"),
        ("a501030600020a300100", "a501040100"),
        ("a501030600020a", ""),
    ],
    "amb8465": [
        ("ff040109f3", "ff8401007a"),
        ("ff040108f2", "ff8401007a"),
        ("ff040103f9", "ff8401017b"),
        ("ff0b00f4", "ff8b0418001234" + "4e"),
        ("ff040109f2", ""),
    ],
    "rc1180": [("00", "3e"), ("0058", "3e"), ("0547", "")],
    "cul": [
        ("560d0a", b"V 1.67 nanoCUL868\r\n".hex()),
        ("6272740d0a", b"TMODE\r\n".hex()),
        ("5832310d0a", ""),
        ("710d0a", b"? (q is unknown) Use one of A B C e F G h i K k l M O R T t U V W X x Z\r\n".hex()),
    ],
    "iu891a": [("c00103", "")],
}


@pytest.mark.parametrize(
    ("kind", "asked", "answered"),
    [(kind, asked, answered) for kind, pairs in ANSWERS.items() for asked, answered in pairs],
)
def test_answers(kind: str, asked: str, answered: str) -> None:
    """The twin says what the maker's manual has the stick say, whole or byte by byte."""
    whole, pieces = sticks.twin(kind), sticks.twin(kind)
    octets = bytes.fromhex(asked)

    assert whole.told(octets).hex() == answered
    assert b"".join(pieces.told(bytes([octet])) for octet in octets).hex() == answered


def test_sleeping_iu891a() -> None:
    """It answers once it was woken, and its packets carry their CRC."""
    asked = bytes.fromhex("c00103fe")[:3]
    from telegraf_han.ciphers import crc

    asked += crc.x25(asked[1:]).to_bytes(2, "little") + b"\xc0"
    one = sticks.twin("iu891a")

    assert one.told(asked) == b""
    answer = one.told(b"\xc0" * 30 + asked)
    assert answer[:8] == bytes.fromhex("c00104006e785634")
    one.opened()
    assert one.told(asked) == b""


class Talk:
    """A receiver at a twin's port."""

    def __init__(self, kind: str, fault: str) -> None:
        self.receiver, self.twin = receivers.named(kind).Receiver(), sticks.twin(kind, fault)
        self.now_ns = 1000 * S
        self.frames: list[Frame] = []
        self.faults: list[str] = []
        self.ready: list[str] = []
        self.lost: list[str] = []
        greeting = self.twin.opened()
        self._follow(self.receiver.start(self.now_ns))
        self.hears(greeting)

    def hears(self, octets: bytes) -> "Talk":
        """Bytes come out of the port."""
        if octets:
            self._follow(self.receiver.feed(octets, self.now_ns))
        return self

    def waits(self, seconds: int) -> "Talk":
        """Nothing is on the air."""
        for _ in range(2 * seconds):
            self.now_ns += S // 2
            self._follow(self.receiver.idle(self.now_ns))
        return self

    def _follow(self, events) -> None:
        for event in events:
            match event:
                case Send(data):
                    self.hears(self.twin.told(data))
                case Frame():
                    self.frames.append(event)
                case Fault():
                    self.faults.append(event.detail)
                case Ready(what):
                    self.ready.append(what)
                case Lost(reason):
                    self.lost.append(reason)


@pytest.mark.parametrize("fault", ["", "garbage", "other-mode"])
@pytest.mark.parametrize("kind", sticks.KINDS)
def test_found_set_up_and_heard(kind: str, fault: str) -> None:
    """Each stick is set up, whatever is in its port and however it was left. Its telegrams come out with their level."""
    one = Talk(kind, fault).waits(3)
    assert (len(one.ready), one.lost) == (1, [])
    for frame in (SHORT, LONG, SHORT):
        one.hears(one.twin.hears(frame)).waits(2)

    assert [frame.data for frame in one.frames] == [SHORT, LONG, SHORT]
    assert all(-130 < frame.rssi_dbm < 0 for frame in one.frames)
    assert one.twin.flash_writes == 0


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("im871a", "firmware 1.3, listening to T1"),
        ("amb8465", "AMB8465 listening to T1"),
        ("iu891a", "iU891A listening to T1"),
        ("rc1180", ""),
        ("cul", ""),
    ],
)
def test_old_firmware(kind: str, words: str) -> None:
    """Sticks that cannot hear both modes are set to T1. Sticks that cannot hear at all are lost, and the message says what to do."""
    one = Talk(kind, "old-firmware").waits(5)

    assert one.twin.flash_writes == 0
    if words:
        assert one.ready[0].endswith(words)
        assert one.hears(one.twin.hears(SHORT)).frames[0].data == SHORT
    else:
        assert any(word in one.lost[0] for word in ("by hand", "built with it"))


@pytest.mark.parametrize("kind", sticks.KINDS)
def test_refusal(kind: str) -> None:
    """A stick that does not accept its mode is lost, and the message has its name."""
    one = Talk(kind, "refuses").waits(5)

    assert one.ready == []
    assert one.receiver.NAME in one.lost[0]
    assert one.twin.hears(SHORT) == b""


@pytest.mark.parametrize("kind", sticks.KINDS)
def test_hang(kind: str) -> None:
    """A stick that hangs after a telegram is lost within 70 seconds, and hears again when its port is opened anew."""
    one = Talk(kind, "hangs").waits(1)
    one.hears(one.twin.hears(SHORT)).waits(70)
    assert len(one.frames) == 1
    assert "does not answer any more" in one.lost[0]

    assert one.twin.opened() == b""
    assert one.twin.hears(SHORT)


@pytest.mark.parametrize("kind", sticks.KINDS)
def test_truncation(kind: str) -> None:
    """A telegram that was cut is a fault and never a frame. The telegrams after the silence behind it are heard."""
    one = Talk(kind, "truncated").waits(1)
    one.hears(one.twin.hears(LONG)).waits(3)
    whole = sticks.twin(kind)
    whole.told(b"brt\r\nX21\r\n")
    one.hears(whole.hears(SHORT)).waits(1)

    assert [frame.data for frame in one.frames] == [SHORT]
    assert one.faults


def test_truncated_line_of_a_cul() -> None:
    """148 bytes are left, and the fault says whose fault it is."""
    one = Talk("cul", "truncated").waits(1)
    message = one.twin.hears(LONG)
    one.hears(message)

    assert len(message) == 2 * 148 + 2
    assert message[1:-3].decode() in encode.format_a(LONG).hex().upper()
    assert "the stick's firmware cuts long telegrams" in one.faults[0]


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (("--receiver", "cul"), "--receiver"),
        (("--receiver", "cul", "--to", "pty"), "--receiver"),
        (("--stick-fault", "hangs"), "--stick-fault"),
    ],
    ids=["not on a terminal", "not on the radio", "no stick"],
)
def test_options_that_do_not_go_together(words: tuple[str, ...], key: str) -> None:
    """A stick needs a port that can be asked, and a radio meter."""
    from argparse import ArgumentParser

    from telegraf_han.commands import simulate

    parser = ArgumentParser()
    simulate.add_arguments(parser)
    with pytest.raises(ConfigError) as raised:
        simulate.run(parser.parse_args(["gama350", *words]))

    assert raised.value.key == key
