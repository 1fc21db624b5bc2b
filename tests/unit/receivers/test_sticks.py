"""What all sticks share: questions and answers in time, noise, silence, and other devices on the port."""

import pytest

from telegraf_han import receivers
from telegraf_han.simulate import sticks


def _set_up(one, twin) -> None:
    """Let receiver and twin talk until neither has anything to say."""
    one.opened()
    said = 0
    while said < len(one.sent()):
        said, new = len(one.sent()), b"".join(one.sent()[said:])
        answer = twin.told(new)
        if answer:
            one.hears(answer)


def test_every_stick_is_a_type() -> None:
    """The types that have a twin are types of receivers, and their ports have a line setting."""
    assert set(sticks.KINDS) < set(receivers.kinds())
    assert {kind: receivers.named(kind).LINE for kind in sticks.KINDS} == {
        "im871a": "57600 8N1",
        "amb8465": "9600 8N1",
        "rc1180": "19200 8N1",
        "cul": "38400 8N1",
        "iu891a": "115200 8N1",
    }


@pytest.mark.parametrize("kind", sticks.KINDS)
def test_silence_is_asked_five_times_and_lost(bench, kind: str) -> None:
    """If nothing answers, the question is repeated each second, and the port is given up after five."""
    one = bench(kind).opened()
    asked = one.sent()[-1]
    one.waits(4.5)
    assert one.sent().count(asked) == 5
    assert one.lost() == []

    (reason,) = one.waits(1).lost()
    assert f"no {one.receiver.NAME} answers here: the device is another one, needs another line setting" in reason
    one.taken()
    assert one.waits(200).events == []


@pytest.mark.parametrize("kind", sticks.KINDS)
def test_quiet_stick_is_asked_whether_it_is_there(bench, kind: str) -> None:
    """A minute after its last message the stick is asked. One that answers stays, without a message. One that does not answer is lost."""
    one, twin = bench(kind), sticks.twin(kind)
    _set_up(one, twin)
    assert len(one.ready()) == 1
    one.taken()
    one.waits(59.5)
    assert one.taken() == []
    one.waits(1)
    assert one.sent()
    said = 0
    while said < len(one.sent()):
        said, new = len(one.sent()), b"".join(one.sent()[said:])
        one.hears(twin.told(new))
    assert (one.ready(), one.lost()) == ([], [])
    one.taken()

    (reason,) = one.waits(70).lost()
    assert "does not answer any more; if that lasts, unplug it and plug it in again" in reason


@pytest.mark.parametrize("kind", sticks.KINDS)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_chunks(bench, short: bytes, kind: str, size: int) -> None:
    """The same bytes give the same events in whatever pieces, behind noise and in front of it."""
    one, twin = bench(kind), sticks.twin(kind)
    _set_up(one, twin)
    one.taken()
    stream = twin.hears(short) * 3

    assert len(one.hears(*[stream[at : at + size] for at in range(0, len(stream), size)]).frames()) == 3
    assert len(one.events) == 3


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (b"/KFM5KAIFA-METER\r\n\r\n\x00\x82\x01", "it looks like a meter's P1 port"),
        (b"\xff\x03\x10\x44\x11", 'it looks like an AMB8465 (type = "amb8465")'),
        (b"? (x is unknown) Use one of A B C\r\n", 'it looks like a CUL (type = "cul")'),
        (bytes(range(0x81, 0x99)), "something else sends data"),
    ],
    ids=["P1", "AMB8465", "CUL", "unknown"],
)
def test_what_is_there_instead(bench, octets: bytes, words: str) -> None:
    """Another device on the port is recognised by what it sends."""
    (reason,) = bench("im871a").opened().hears(octets).waits(6).lost()

    assert words in reason


def test_noise_without_end_does_not_keep_the_port_open(bench) -> None:
    """If bytes never stop, the receiver is never idle. Its questions are repeated all the same."""
    one = bench("im871a").opened()
    for _ in range(60):
        one.now_ns += 100_000_000
        one.hears(b"\x55" * 20)

    assert len(one.sent()) == 5
    assert len(one.lost()) == 1
