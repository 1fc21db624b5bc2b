"""receivers.rc1180: prompts, the memory and bare telegrams, as the data sheet has them."""

import pytest


def _memory(mode: int = 1, rssi: int = 1, form: int = 0) -> bytes:
    octets = bytearray(b"\xff" * 256)
    octets[0:6] = bytes([0x0C, 5, 3, mode, 0, rssi])
    octets[0x30], octets[0x36] = 5, form
    return bytes(octets) + b">"


def test_set_up(bench) -> None:
    """The receiver opens the configuration, reads the memory, and leaves again. Nothing is written."""
    one = bench("rc1180").opened()
    assert one.sent() == [b"\0"]
    assert one.hears(b">").sent() == [b"\0", b"0"]
    one.hears(_memory())

    assert one.sent() == [b"\0", b"0", b"X"]
    assert one.ready() == ["RC1180 listening to T1"]


@pytest.mark.parametrize(("mode", "words"), [(1, "T1"), (2, "T1 and T2"), (10, "T1 and C1"), (11, "T2 and C2")])
def test_modes_that_hear_t(bench, mode: int, words: str) -> None:
    """A module that hears T1 is left as it is."""
    one = bench("rc1180").opened().hears(b">", _memory(mode))

    assert one.ready() == [f"RC1180 listening to {words}"]
    assert b"G" not in one.sent()


def test_mode_until_the_power_goes(bench) -> None:
    """Another mode is changed by G, prompt by prompt. This touches no memory."""
    one = bench("rc1180").opened().hears(b">", _memory(0), b">")
    assert one.sent() == [b"\0", b"0", b"G", b"\x01"]

    assert one.hears(b">").ready() == ["RC1180 listening to T1 until it loses power"]
    assert one.sent()[-1] == b"X"


def test_older_module_in_another_mode(bench) -> None:
    """A module without G is asked once and left in order, and the user is told what to do by hand."""
    one = bench("rc1180").opened().hears(b">", _memory(0)).waits(3)

    assert one.sent() == [b"\0", b"0", b"G", b"X"]
    (reason,) = one.lost()
    assert "listens to mode 00" in reason
    assert "byte 03 of its memory to 01 by hand" in reason


def test_other_form(bench) -> None:
    """Telegrams in a form that cannot be read are refused, with advice on what to do."""
    one = bench("rc1180").opened().hears(b">", _memory(form=4))

    assert one.sent()[-1] == b"X"
    (reason,) = one.lost()
    assert "byte 36 of its memory is 04" in reason


@pytest.mark.parametrize(("rssi", "level"), [(1, -45.0), (0, None)], ids=["with level", "without"])
def test_telegrams(bench, short: bytes, rssi: int, level: float | None) -> None:
    """The byte of signal strength is there if the memory says so, and L counts it."""
    body = bytes([short[0] + 1]) + short[1:] + b"\x5a" if rssi else short
    one = bench("rc1180").opened().hears(b">", _memory(rssi=rssi)).hears(body, body)

    assert one.frames() == [(short, level)] * 2
    assert ("reports no signal strength" in one.ready()[0]) is not bool(rssi)


def test_prompt_behind_a_telegram(bench, short: bytes) -> None:
    """A telegram that was on its way stands before the prompt. Only silence shows that it ends there."""
    one = bench("rc1180").opened().hears(short[5:] + b">")
    assert one.sent() == [b"\0"]

    assert one.waits(1).sent()[1] == b"0"


def test_byte_of_the_prompt_inside_a_telegram(bench, short: bytes) -> None:
    """3E in the middle of a telegram is no prompt."""
    one = bench("rc1180").opened().hears(short[:5] + b">").hears(short[5:])

    assert one.sent() == [b"\0"]


def test_memory_that_does_not_come_whole(bench) -> None:
    """The memory is asked for again, and read."""
    one = bench("rc1180").opened().hears(b">", _memory()[:100]).waits(1).hears(_memory())

    assert one.sent() == [b"\0", b"0", b"0", b"X"]
    assert len(one.ready()) == 1


def test_noise_while_a_prompt_is_waited_for_is_bounded(bench) -> None:
    """No more than half a kilobyte is kept, whatever floods the port."""
    one = bench("rc1180").opened().hears(*[b"U" * 100] * 20)

    assert len(one.receiver._buffer) <= 512
