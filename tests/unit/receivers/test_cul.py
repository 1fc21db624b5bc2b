"""receivers.cul: lines, as culfw's reference and users' logs have them."""

import pytest

from telegraf_han import receivers

T_LINE = "b2E44931578563412330333637A2A0020255923C95AAA26D1B2E7493BC2AD013EC4A6F6D3529B520EDFF0EA6DEFC955B29D6D69EBF3EC8A"
"""OMS Annex N, format A with its CRCs."""
T_FRAME = bytes.fromhex("2E4493157856341233037A2A0020255923C95AAA26D1B2E7493B013EC4A6F6D3529B520EDFF0EA6DEFC99D6D69EBF3")
C_LINE = "bY1444AE0C7856341201078C2027780B134365877AC5"
"""OMS, format B."""
C_FRAME = bytes.fromhex("1244AE0C7856341201078C2027780B13436587")
VERSION = b"V 1.67 nanoCUL868\r\n"
UNKNOWN = b"? (brt is unknown) Use one of A B C e F G h i K k l M O R T t U V W X x Z\r\n"


def test_set_up(bench) -> None:
    """The stick is asked for its version, then set to T mode and to levels in each line. Literal bytes."""
    one = bench("cul").opened().hears(VERSION).hears(b"TMODE\r\n")

    assert one.sent() == [b"V\r\n", b"brt\r\n", b"X21\r\n"]
    assert one.ready() == ["CUL with firmware 1.67 nanoCUL868, listening to T1"]


def test_other_firmware(bench) -> None:
    """a-culfw says more about itself. Characters that cannot be printed are replaced."""
    one = bench("cul").opened().hears(b"V 1.26.08 a-culfw Build: 355 \x07nanoCUL868\r\n", b"TMODE\r\n")

    assert one.ready() == ["CUL with firmware 1.26.08 a-culfw Build: 355 ?nanoCUL868, listening to T1"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (UNKNOWN, "(1.67 nanoCUL868) has no wireless M-Bus"),
        (b"OFF\r\n", "refuses to listen to T1"),
        (b"SMODE\r\n", "refuses to listen to T1"),
    ],
    ids=["unknown", "off", "another mode"],
)
def test_refusals(bench, answer: bytes, words: str) -> None:
    """A firmware without wireless M-Bus, and one that does not obey."""
    (reason,) = bench("cul").opened().hears(VERSION, answer).lost()

    assert words in reason


@pytest.mark.parametrize(
    ("line", "frame", "level"),
    [
        (T_LINE, T_FRAME, None),
        (f"{T_LINE}6AB0", T_FRAME, -114.0),
        (f"{T_LINE}6a4f".lower(), T_FRAME, -34.5),
        (C_LINE, C_FRAME, None),
        (f"{C_LINE}6AB0", C_FRAME, -114.0),
    ],
    ids=["T", "T with levels", "lower case", "C", "C with levels"],
)
def test_telegrams(bench, line: str, frame: bytes, level: float | None) -> None:
    """Format A behind b, format B behind bY, each with or without LQI and RSSI."""
    assert bench("cul").hears(f"{line}\r\n".encode()).frames() == [(frame, level)]


@pytest.mark.parametrize(
    ("line", "cause", "words"),
    [
        (T_LINE[:-1], "framing", "ends with half a byte; the stick's firmware cuts long telegrams"),
        (T_LINE[:-8], "framing", "length field announces 55 bytes, but 51 arrived; the stick's firmware cuts"),
        (T_LINE[: 1 + 2 * 47], "framing", "length field announces 55 bytes, but 47 arrived"),
        (f"{T_LINE}6AB000", "framing", "length field announces 55 bytes, but 58 arrived"),
        (T_LINE.replace("5AAA", "5AAB"), "checksum", "link CRC of block 2 of 4 does not fit"),
        (C_LINE[:-2] + "C4", "checksum", "format B does not fit"),
        ("bzz", "framing", "is not hex"),
        ("b2E44", "framing", "2 bytes are not a telegram"),
        ("b", "framing", "0 bytes are not a telegram"),
    ],
    ids=["half a byte", "cut", "as long as without CRCs", "too long", "CRC", "CRC of format B", "no hex", "very short", "nothing"],
)
def test_faults(bench, line: str, cause: str, words: str) -> None:
    """A line that was cut short is reported as such, and never passes for a frame without CRCs."""
    one = bench("cul").hears(f"{line}\r\n".encode())

    ((found, detail),) = one.faults()
    assert found == cause
    assert words in detail
    assert one.frames() == []


def test_logged_line_that_was_cut(bench) -> None:
    """A user's line of 253 characters: half a byte, where 148 bytes were to come."""
    line = (
        "b7E44242370491156200C7B0F7AF8007005A8C89DBBC2D0D4CF2CB54526F95FF7B32B43D0B1E3D04FADC189259C95F403EF9DAFD77167EFC91855B5A5FF0DA6D59CB9B"
        "3813CAD128D516EB14CC6F24C0D8B3243224191333425D4E0C2BA00ED9552439469144A02FAFFD6D56430EF80EC503602DEF08A5E4240C58DA29C4DA"
    )
    ((_, detail),) = bench("cul").hears(f"{line}\r\n".encode()).faults()

    assert "the stick's firmware cuts long telegrams" in detail


@pytest.mark.parametrize(("line", "lasts"), [(T_LINE[:-8], True), (T_LINE[:20] + "00" + T_LINE[22:], False)], ids=["cut", "CRC"])
def test_cutting_lasts(line: str, lasts: bool) -> None:
    """A stick that cuts one telegram cuts all of that length. This is worth a warning; noise is not."""
    (fault,) = receivers.named("cul").Receiver().feed(f"{line}\r\n".encode(), 0)

    assert fault.lasts is lasts


def test_endless_line(bench) -> None:
    """A line without an end is given up, and the next line is read."""
    one = bench("cul").hears(b"b" + b"4" * 5000).hears(f"\r\n{T_LINE}\r\n".encode())

    assert one.frames() == [(T_FRAME, None)]


def test_empty_lines_are_no_noise(bench) -> None:
    """A stick may end its lines twice."""
    assert bench("cul").opened().hears(b"\r\n\r\n", VERSION, b"\r\n", b"TMODE\r\n").faults() == []
