"""mbus.naming: gives records their OBIS codes, by the table of OMS's Annex A and by the makers' own ways."""

import pytest

from telegraf_han import obis
from telegraf_han.mbus import dif, link, naming, values, vif


def _code(header: str, maker: str = "APA", device: int = 0x02) -> str | None:
    """The code of a record by its header."""
    octets = bytes.fromhex(header)
    end = 1
    while octets[end - 1] & 0x80:
        end += 1
    letters = 0
    for letter in maker:
        letters = letters << 5 | ord(letter) - 64
    address = link.address(letters.to_bytes(2, "little") + bytes.fromhex("7856341202") + bytes([device]))
    found = naming.named(address, dif.dib(octets[:end]), vif.vib(octets[end:]))
    return found.code if found else None


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("0403", "1-0:1.8.0"),
        ("04833b", "1-0:1.8.0"),
        ("04833c", "1-0:2.8.0"),
        ("8e1003", "1-0:1.8.1"),
        ("8e8010833c", "1-0:2.8.4"),
        ("04fb00", "1-0:1.8.0"),
        ("04fb813c", "1-0:2.8.0"),
        ("0483fc10", "1-0:15.8.0"),
        ("0483fc0c", "1-0:16.8.0"),
        ("0483fc01", "1-0:21.8.0"),
        ("0483fc02", "1-0:41.8.0"),
        ("0483ff03", "1-0:61.8.0"),
        ("0483fc813c", "1-0:22.8.0"),
        ("8410fb8273", "1-0:3.8.1"),
        ("0efb8273", "1-0:3.8.0"),
        ("8410fb82f33c", "1-0:4.8.1"),
        ("04fb82fc08", "1-0:5.8.0"),
        ("04fb82fc0b", "1-0:8.8.0"),
        ("04fb04", "1-0:9.8.0"),
        ("04fb843c", "1-0:10.8.0"),
        ("042b", "1-0:1.7.0"),
        ("04fb28", "1-0:1.7.0"),
        ("0bab3c", "1-0:2.7.0"),
        ("0babfc10", "1-0:15.7.0"),
        ("0babfc0c", "1-0:16.7.0"),
        ("0babfc01", "1-0:21.7.0"),
        ("04a9ff02", "1-0:41.7.0"),
        ("0babfc833c", "1-0:62.7.0"),
        ("1b2b", "1-0:1.6.0"),
        ("9b102b", "1-0:1.6.1"),
        ("1bab3c", "1-0:2.6.0"),
        ("2b2b", "1-0:1.3.0"),
        ("0bab12", "1-0:1.4.0"),
        ("5b2b", "1-0:1.6.0*1"),
        ("0bfb14", "1-0:3.7.0"),
        ("0bfb943c", "1-0:4.7.0"),
        ("0bfb94fc01", "1-0:23.7.0"),
        ("0bfb94fc833c", "1-0:64.7.0"),
        ("04fb34", "1-0:9.7.0"),
        ("04fbb4fc02", "1-0:49.7.0"),
        ("0afdc9fc01", "1-0:32.7.0"),
        ("0afdc8fc02", "1-0:52.7.0"),
        ("0afdc8ff03", "1-0:72.7.0"),
        ("02fd48", "1-0:12.7.0"),
        ("02fdc8fc05", "1-0:124.7.0"),
        ("02fdc8fc07", "1-0:126.7.0"),
        ("0bfddbfc01", "1-0:31.7.0"),
        ("0bfddafc03", "1-0:71.7.0"),
        ("0bfddafc04", "1-0:91.7.0"),
        ("02fd59", "1-0:11.7.0"),
        ("02fb2e", "1-0:14.7.0"),
        ("02fbabfc02", "1-0:81.7.15"),
        ("02fbaafc05", "1-0:81.7.1"),
        ("02fbaafc07", "1-0:81.7.2"),
        ("02fdc8fc91fc01", "1-0:32.7.0"),
        ("066d", "0-0:1.0.0"),
        ("026c", "1-0:0.9.2"),
        ("0c78", "0-0:96.1.0"),
        ("0779", "0-0:96.1.255"),
        ("02fd17", "0-0:97.97.0"),
        ("0422", "0-0:96.8.0"),
        ("01fd60", "1-0:0.1.0"),
        ("02fd0e", "1-0:0.2.0"),
        ("02fd74", "0-0:96.6.6"),
        ("4e03", "1-0:1.8.0*1"),
        ("ce11833c", "1-0:2.8.1*3"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_table(header: str, code: str) -> None:
    """Each record of the table has its code: tariff in E, earlier readings in F, phases and directions in C."""
    assert _code(header) == code


@pytest.mark.parametrize(
    "header",
    [
        "844003",
        "84102b",
        "1403",
        "0483fc55",
        "048325",
        "3403",
        "0413",
        "04ff13",
        "0babc8ff13",
        "0483ff04",
        "0bab9225",
        "1afd48",
        "0483fc12",
        "04ab56",
        "04ab49",
        "02fbaafc06",
    ],
    ids=[
        "subunit",
        "tariff of a power",
        "maximum of a register",
        "unknown FC",
        "per minute",
        "error state",
        "volume",
        "own VIF",
        "own limit",
        "own",
        "two VIFEs",
        "maximum of a voltage",
        "bits",
        "duration",
        "count",
        "third angle",
    ],
)
def test_no_code(header: str) -> None:
    """A record that is not in the table gets no code and keeps its header."""
    assert _code(header) is None


@pytest.mark.parametrize("device", [0x03, 0x04, 0x06, 0x07, 0x0D, 0x16])
def test_other_media(device: int) -> None:
    """Heat, gas and water meters have no electricity codes; what every meter has keeps its code."""
    assert _code("0403", device=device) is None
    assert _code("066d", device=device) == "0-0:1.0.0"


@pytest.mark.parametrize("device", sorted(naming.ELECTRICITY))
def test_electricity(device: int) -> None:
    """Electricity meters and devices that say no medium have electricity's codes."""
    assert _code("0403", device=device) == "1-0:1.8.0"


@pytest.mark.parametrize(
    ("maker", "header", "code"),
    [
        ("EGM", "0babc8ff13", "0-0:17.0.0"),
        ("EGM", "0babc8ff15", "0-0:17.0.0"),
        ("EGM", "0babc8ff16", "0-0:17.0.0"),
        ("EGM", "0babc8ff17", "0-0:94.98.31"),
        ("EGM", "0babc8ff18", "0-0:94.98.32"),
        ("EGM", "09ff19", "0-0:94.98.33"),
        ("SAM", "0483ff04", "1-0:1.128.0"),
        ("ABB", "0e04", "1-0:1.8.0"),
        ("ABB", "8e4004", "1-0:2.8.0"),
        ("ABB", "8e804004", "1-0:3.8.0"),
        ("ABB", "8ec04004", "1-0:4.8.0"),
        ("ABB", "8e80804004", "1-0:9.8.0"),
        ("ABB", "8ec0804004", "1-0:10.8.0"),
        ("ABB", "8e80c04004", "1-0:16.8.0"),
        ("ABB", "8e5004", "1-0:2.8.1"),
        ("ABB", "0afdc8ff05", "1-0:124.7.0"),
        ("ABB", "0affd900", "1-0:14.7.0"),
        ("SEC", "8540abff01", "1-0:23.7.0"),
        ("SEC", "05abff09", "1-0:2.7.0"),
        ("SEC", "05fdc8ff04", "1-0:12.7.0"),
        ("SEC", "05ff0b", "1-0:14.7.0"),
        ("SEC", "05ff10", "0-0:96.14.0"),
        ("IME", "845003", "1-0:1.8.0"),
        ("IME", "84904003", "1-0:3.8.0"),
        ("IME", "02fdbaff02", "1-0:53.7.0"),
        ("IME", "02ff5a", "1-0:14.7.0"),
        ("GSS", "8240fd48", "1-0:32.7.0"),
        ("GSS", "82c040fd48", "1-0:72.7.0"),
        ("GAV", "8440fd59", "1-0:31.7.0"),
        ("GAV", "84c040fd59", "1-0:71.7.0"),
        ("GAV", "02fdba73", "1-0:13.7.0"),
        ("NZR", "8201fd49", "1-0:32.7.0"),
        ("NZR", "8202fd49", "1-0:52.7.0"),
        ("NZR", "8203fd49", "1-0:72.7.0"),
        ("ELT", "02acff00", "1-0:1.7.0"),
        ("ELT", "8240acff00", "1-0:3.7.0"),
        ("ELT", "02fddbff01", "1-0:31.7.0"),
    ],
)
def test_makers(maker: str, header: str, code: str) -> None:
    """Makers that say things in their own way have rows, and only these makers."""
    assert _code(header, maker) == code


@pytest.mark.parametrize("header", ["8e804004", "0babc8ff13", "0affd900", "8201fd49"])
def test_rows_are_one_makers(header: str) -> None:
    """A maker's own code says nothing about another maker's."""
    assert _code(header, "XYZ") in (None, "1-0:12.7.0*2")


def test_thresholds_have_names() -> None:
    """The three thresholds share a code and are told apart by name."""
    rows = naming.HABITS["EGM"].rows.values()

    assert [row.name for row in rows if row.code == "0-0:17.0.0"] == [
        "limiter_threshold_active",
        "limiter_threshold_normal",
        "limiter_threshold_emergency",
    ]


@pytest.mark.parametrize("code", [0x6D, 0x78, 0x79, 0xFD0E, 0xFD0F, 0xFD17], ids=lambda code: f"{code:X}")
@pytest.mark.parametrize("field", ["01", "02", "05", "0c", "0d"])
def test_text_everywhere(code: int, field: str) -> None:
    """If the registry says that a code's values are text, every data field gives text, because a field's type never changes."""
    header = bytes.fromhex(field) + code.to_bytes(2 if code > 0xFF else 1, "big")
    what = vif.vib(header[1:])

    assert values.reader(header[0], what, b"\xc4\0\0\0\0").text
    assert obis.row(str(_code(header.hex()))).kind != "number" or code == 0x79


def test_codes_are_the_registrys() -> None:
    """Every code of the flows is one that the registry names."""
    codes = {row.code.replace("7.E", "7.0").replace("E", "0") for row in naming._CODES.values() if row.code}
    unnamed = {code for code in codes if not obis.row(code).name}

    assert unnamed == {"0-0:96.1.255", "1-0:0.9.2", "1-0:81.7.1", "1-0:81.7.2", "1-0:81.7.4", "1-0:81.7.15", "1-0:81.7.26"}


@pytest.mark.parametrize(
    ("maker", "header", "code"),
    [
        ("APA", "0e03", "1-0:1.8.0"),
        ("APA", "8e801003", "1-0:1.8.4"),
        ("APA", "8e10833c", "1-0:2.8.1"),
        ("APA", "0b2b", "1-0:1.7.0"),
        ("APA", "1b2b", "1-0:1.6.0"),
        ("APA", "0afdc9fc03", "1-0:72.7.0"),
        ("APA", "0bfddafc01", "1-0:31.7.0"),
        ("APA", "8e10fb8273", "1-0:3.8.1"),
        ("APA", "0efb82f33c", "1-0:4.8.0"),
        ("APA", "0bfb943c", "1-0:4.7.0"),
        ("APA", "0babc8fc10", ""),
        ("ABB", "8e804004", "1-0:3.8.0"),
        ("ABB", "0afdd9ff04", "1-0:91.7.0"),
        ("ABB", "0bfdd9ff04", "1-0:91.7.0"),
        ("ABB", "02ffe000", "1-0:13.7.0"),
        ("ABB", "0afdc8ff07", "1-0:126.7.0"),
        ("ABB", "8ec0c04004", None),
        ("SEC", "05abff01", "1-0:21.7.0"),
        ("SEC", "844003", "1-0:3.8.0"),
        ("SEC", "84804003", "1-0:9.8.0"),
        ("SEC", "0483ff09", "1-0:2.8.0"),
        ("SEC", "0483ff0d", None),
        ("SEC", "844083ff0d", None),
        ("SEC", "05fddcff00", "1-0:11.7.0"),
        ("SEC", "05fddcff04", None),
        ("SEC", "05fdc8ff08", None),
        ("SEC", "05ff0a", "1-0:13.7.0"),
        ("IME", "85502b", "1-0:1.7.0"),
        ("IME", "8590402b", "1-0:3.7.0"),
        ("IME", "846003", None),
        ("IME", "02fdc8ff04", "1-0:124.7.0"),
        ("IME", "05fd3a", "1-0:13.7.0"),
        ("IME", "02fd3a", None),
        ("IME", "04fd3a", None),
        ("GSS", "02fd48", "1-0:12.7.0"),
        ("GSS", "8440fd5b", "1-0:31.7.0"),
        ("GSS", "02fb2d", "1-0:14.7.0"),
        ("NZR", "84002c", "1-0:1.7.0"),
        ("NZR", "840329", "1-0:61.7.0"),
        ("EBZ", "04a9ff03", "1-0:61.7.0"),
        ("ESY", "04a9ff01", "1-0:21.7.0"),
        ("ELT", "02acff02", "1-0:41.7.0"),
        ("ELT", "8240acff03", "1-0:63.7.0"),
        ("ELT", "02fdc9ff02", "1-0:52.7.0"),
        ("ELT", "02fddbff03", "1-0:71.7.0"),
        ("KAM", "0405", "1-0:1.8.0"),
        ("KAM", "04fb82f53c", "1-0:4.8.0"),
        ("GAV", "042a", "1-0:1.7.0"),
        ("GAV", "04fdd9fc02", "1-0:51.7.0"),
        ("GAV", "02fb2e", "1-0:14.7.0"),
        ("GAV", "02fd3a", None),
        ("XYZ", "05fd3a", None),
        ("XYZ", "02fdba73", None),
        ("BMT", "02fdba73", None),
        ("XYZ", "02fddaff04", "1-0:91.7.0"),
        ("XYZ", "02fdc8ff04", None),
    ],
)
def test_every_makers_convention(maker: str, header: str, code: str | None) -> None:
    """What is known of each maker: phases, directions, reactive subunits, power factors. Nothing is guessed where a maker is unknown."""
    assert _code(header, maker) == code
