"""Makes the contents of telegrams: lines of P1 and records of M-Bus, good, odd and damaged, from one source of chance."""

import re

LINES = [
    b"1-0:1.8.0(012345.035*kWh)",
    b"1-0:1.8.1(012000.030*kWh)",
    b"1-0:1.8.4(000000.000*kWh)",
    b"1-0:2.8.0(000336.420*kWh)",
    b"1-0:1.7.0(00.278*kW)",
    b"1-0:2.7.0(00.000*kW)",
    b"1-0:3.7.0(00.132*kvar)",
    b"1-0:32.7.0(229.6*V)",
    b"1-0:31.7.0(001.23*A)",
    b"1-0:14.7.0(50.01*Hz)",
    b"0-0:96.1.0(3335303030303031)",
    b"0-0:96.1.1(4D413330394D)",
    b"0-0:17.0.0(16500)",
    b"0-0:94.98.31(00000)",
    b"0-0:94.98.33(3)",
    b"0-0:96.14.0(0002)",
    b"0-0:96.13.0()",
    b"0-0:96.13.0(507265727761)",
    b"0-0:96.7.21(00004)",
    b"1-0:99.97.0(2)(0-0:96.7.19)(101208152415W)(0000000240*s)(101208151004W)(0000000301*s)",
    b"0-1:24.1.0(003)",
    b"0-1:24.2.1(101209112500W)(12785.123*m3)",
    b"0-1:96.1.0(3232323241424344)",
    b"1-0:1.6.0(260106111500W)(03.291*kW)",
    b"1-0:1.6.0(03.291*kW)(260106111500W)",
    b"0-1:24.3.0(121030140000)(00)(60)(1)(0-1:24.2.1)(m3)\r\n(00024.123)",
    b"1-3:0.2.8(50)",
    b"0-0:98.1.0(2)(1-0:1.6.0)(1-0:1.6.0)(200501000000S)(200423192538S)(03.695*kW)",
    b"1.8.0(002121.054*kWh)",
    b"C.1.0(35000001)",
    b"0.9.1(22:25:53)\r\n0.9.2(25-10-02)",
    b"1-0:0.2.0((ER11))",
    b"0-0:96.13.0(Przerwa\r\n10-12)",
    b"1-0:1.8.0*255(000001.5*kWh)",
    b"1-0:1.8.0*5(000007.25*kWh)",
    b"1-0:1.8.0(****)",
]
UNITS = [
    "kWh",
    "kWh",
    "kWh",
    "kW",
    "kW",
    "W",
    "Wh",
    "kvar",
    "kvarh",
    "kVAr",
    "kVA",
    "V",
    "V",
    "kV",
    "mV",
    "A",
    "kA",
    "mA",
    "Hz",
    "VAh",
    "MWh",
    "GJ",
    "m3",
    "dm3",
    "s",
    "h",
    "%",
    "KWH",
    "kwh",
    "mWH",
    "furlong",
]
GROUPS = (*range(1, 11), 15, 16, *range(21, 31), *range(41, 51), *range(61, 71), 12, 32, 52, 72, 31, 51, 71, 14, 99)
KINDS = ("8.0", "8.1", "8.2", "8.3", "8.4", "8.8", "7.0", "7.0", "6.0", "6.3", "4.0", "5.0", "29.0", "8.0*1")
NUMBERS = [
    b"0",
    b"1",
    b"-1",
    b"+5",
    b".5",
    b"5.",
    b"007",
    b"9007199254740993",
    b"9007199254740992",
    b"1234567890123456789",
    b"0.000000001",
    b"12a",
    b"1,5",
    b"----",
    b"",
    b"ON",
    b"FFFF",
    b"1e5",
    b" 12 ",
    b"0x10",
    b"-0",
    b"--1",
    b"1.2.3",
]
PIECES = [
    b"(",
    b")",
    b"*",
    b"\r",
    b"\n",
    b"\r\n",
    b"\r\n\r\n",
    b"0",
    b"1",
    b"9",
    b".",
    b":",
    b"-",
    b" ",
    b"\0",
    b"((",
    b"))",
    b"**",
    b"C.",
    b"*k",
    b"*kWh",
    b"*V",
    b"k",
    b"M",
    b"m",
    b"\xb9",
    b"\xc2\xb3",
    b"\xff",
    b"!",
    b"/",
    b"+",
    b"e3",
    b"\t",
    b"\x0b",
    b"x",
    b"1-0:1.8.0(",
    b")(",
]


def number(chance):
    """A number as text, or something like it."""
    kind = chance.random()
    if kind < 0.05:
        return chance.choice(NUMBERS)
    whole = chance.getrandbits(chance.choice((3, 10, 17, 27)))
    if kind < 0.35:
        return b"%d" % whole
    places = chance.choice((1, 2, 3, 3, 3, 6))
    return b"%06d.%0*d" % (whole % 1000000, places, chance.getrandbits(24) % 10**places)


def line(chance):
    """A line."""
    kind = chance.random()
    if kind < 0.4:
        found = chance.choice(LINES)
        if kind < 0.3:
            return re.sub(rb"\d+\.\d+(?=\*)", lambda _: number(chance), found, count=1)
        return found
    code = b"1-0:%d.%s" % (chance.choice(GROUPS), chance.choice(KINDS).encode())
    if kind > 0.97:
        code = b"%d-%d:%d.%d.%d" % tuple(chance.randrange(0, 300) for _ in range(5))
    unit = chance.choice(UNITS).encode()
    return code + b"(" + number(chance) + (b"*" + unit if kind < 0.93 else b"") + b")"


def text(chance):
    """The data lines of a telegram."""
    stamp = b"26%02d%02d%02d%02d%02d%s" % (
        chance.randrange(1, 13),
        chance.randrange(1, 29),
        chance.randrange(24),
        chance.randrange(60),
        chance.randrange(60),
        chance.choice((b"S", b"W")),
    )
    lines = [b"0-0:1.0.0(" + stamp + b")", *[line(chance) for _ in range(chance.choice((1, 2, 3, 4, 6, 9)))]]
    found = b"".join([one + b"\r\n" for one in lines])
    return mutated(chance, found, 10) if chance.random() < 0.6 else found


_VALUE = re.compile(rb"\([^()]*")
_CLOCK_BYTES = 27


def varied(chance, found):
    """The same text with other digits in its values, as a meter sends it a second later. The clock stays."""
    digits = bytes.maketrans(b"0123456789", bytes(chance.choices(b"0123456789", k=10)))
    return found[:_CLOCK_BYTES] + _VALUE.sub(lambda value: value[0].translate(digits), found[_CLOCK_BYTES:])


def texts(chance, count):
    """Data lines of telegrams, some of which are built alike."""
    found = []
    while len(found) < count:
        found.append(text(chance))
        found += [varied(chance, found[-1]) for _ in range(chance.choice((0, 5, 30)))]
    return found[:count]


def mutated(chance, data, begin):
    """The data with up to three changes behind its first bytes."""
    for _ in range(chance.choice((1, 1, 2, 3))):
        at = chance.randrange(begin, max(len(data), begin + 1))
        kind = chance.random()
        if kind < 0.3:
            data = data[:at] + chance.choice(PIECES) + data[at:]
        elif kind < 0.5:
            data = data[:at] + data[at + 1 :]
        elif kind < 0.7:
            data = data[:at] + chance.choice(PIECES) + data[at + 1 :]
        elif kind < 0.8:
            data = data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :] if at < len(data) else data
        elif kind < 0.9:
            end = min(len(data), at + chance.randrange(1, 40))
            data = data[:end] + data[at:end] + data[end:]
        else:
            data = data[:at] + data[at + chance.randrange(1, 40) :]
    return data


def damaged(chance, data):
    """The data damaged on its way: never what it was."""
    found = data
    while found == data:
        at = chance.randrange(len(data))
        kind = chance.random()
        if kind < 0.35:
            found = data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]
        elif kind < 0.5:
            found = data[:at] + chance.randbytes(chance.randrange(1, 6)) + data[at + 1 :]
        elif kind < 0.65:
            found = data[:at] + data[at + chance.randrange(1, 30) :]
        elif kind < 0.8:
            found = data[:at]
        elif kind < 0.9:
            found = data[:at] + data[: chance.randrange(len(data))]
        else:
            found = data[:at] + chance.randbytes(chance.randrange(1, 30)) + data[at:]
    return found


# -- records --

SIZES = {1: 1, 2: 2, 3: 3, 4: 4, 5: 4, 6: 6, 7: 8, 9: 1, 10: 2, 11: 3, 12: 4, 14: 6}
HEADERS = [
    bytes.fromhex(found)
    for found in [
        "066d",
        "046d",
        "026c",
        "036d",
        "0c78",
        "0e03",
        "8e1003",
        "8e2003",
        "8e3003",
        "8e801003",
        "0e833c",
        "8e10833c",
        "8e8010833c",
        "0b2b",
        "0bab3c",
        "1b2b",
        "9b102b",
        "0bfb14",
        "0bfb943c",
        "0afdc9fc01",
        "0afdc9fc02",
        "0afdc9fc03",
        "0afdc8fc01",
        "0bfddbfc01",
        "0bfddbfc02",
        "0bfddbfc03",
        "0babc8ff13",
        "0babc8ff15",
        "0babc8ff16",
        "0babc8ff17",
        "0babc8ff18",
        "09ff19",
        "0babc8fc10",
        "0efb8273",
        "8e10fb8273",
        "0efb82f33c",
        "0403",
        "04833c",
        "0406",
        "04fb8275",
        "042b",
        "04ab3c",
        "042a",
        "04fb14",
        "04fdc8fc01",
        "04fdd9fc01",
        "02fb2e",
        "052b",
        "05fdc9ff01",
        "8201fd49",
        "04a9ff01",
        "04acfc01",
        "01fd17",
        "02fd17",
        "0413",
        "0c14",
        "025a",
        "025e",
        "0420",
        "0424",
        "4403",
        "440683",
        "c40103",
        "44833c",
        "07",
        "0703",
        "0e80fb01",
        "0efb00",
        "05fb01",
        "0efd3a",
        "04fd60",
        "02fd61",
        "01fd0c",
        "06fd0e",
        "0dfd10",
        "0dfd0c",
        "04fd08",
        "326c",
        "426c",
        "04837d",
        "8410fb82f33c",
        "04837410",
        "0483fc10",
        "04fb05",
        "04fb843c",
        "04fb34",
        "0afb2a",
        "0afbab01",
        "02fb1a",
        "04fd71",
        "02fd74",
        "146d",
        "1b2a",
        "22ab12",
        "04ab12",
        "0403",
        "24ab3c",
    ]
    if len(found) > 2
]
DIFS = [
    0x01,
    0x02,
    0x03,
    0x04,
    0x05,
    0x06,
    0x07,
    0x09,
    0x0A,
    0x0B,
    0x0C,
    0x0E,
    0x0D,
    0x14,
    0x24,
    0x34,
    0x44,
    0x4C,
    0x84,
    0x8E,
    0xC4,
    0x00,
    0x0F,
    0x1F,
    0x2F,
    0x08,
]
VIBS = ["7f", "fd", "fb", "ef", "83", "ff", "fc", "93", "a0", "bb", "bc", "c0", "f0", "f7", "fd03"]


def header(chance):
    """A header, as meters send it or with changes."""
    found = chance.choice(HEADERS)
    kind = chance.random()
    if kind < 0.6:
        return found
    if kind < 0.72:
        at = chance.randrange(len(found))
        return found[:at] + bytes([found[at] ^ 1 << chance.randrange(8)]) + found[at + 1 :]
    if kind < 0.8:
        return bytes([chance.choice(DIFS) & 0x7F]) + found[1:] if not found[0] & 0x80 else found
    if kind < 0.88:
        return found[:-1] + bytes([found[-1] | 0x80, chance.getrandbits(7)])
    if kind < 0.94:
        return bytes([found[0] | 0x80, chance.getrandbits(7)]) + found[1:] if not found[0] & 0x80 else found
    vif = (bytes([chance.getrandbits(7)]), b"\xfb" + bytes([chance.getrandbits(7)]), b"\xfd" + bytes([chance.getrandbits(7)]))[
        chance.randrange(3)
    ]
    return bytes([chance.choice(DIFS) & 0x3F]) + vif


def data(chance, octet):
    """The data of a record with this DIF."""
    field = octet & 0x0F
    kind = chance.random()
    if field == 0x0D:
        lvar = chance.choice((0, 3, 8, 0xC2, 0xC5, 0xD3, 0xE2, 0xE4, 0xE8, 0xEA))
        size = lvar if lvar < 0xC0 else lvar & 0x0F
        return bytes([lvar]) + (
            bytes(chance.choice(b"\x12\x34\x56\x99\x00") for _ in range(size)) if kind < 0.6 else chance.randbytes(size)
        )
    size = SIZES.get(field, 0)
    if kind < 0.15:
        return chance.randbytes(size)
    if kind < 0.2:
        return chance.choice((b"\xff", b"\x00", b"\x80")) * size
    if kind < 0.25:
        return bytes(max(size - 1, 0)) + chance.choice((b"\x80", b"\xf1", b"\x7f"))[: min(size, 1)]
    if field in (9, 10, 11, 12, 14):
        return bytes.fromhex(f"{chance.getrandbits(chance.choice((4, 10, 20, 38))) % 10 ** (2 * size):0{2 * size}d}")[::-1]
    if field == 5:
        return bytes(
            [chance.getrandbits(8), chance.getrandbits(8), chance.getrandbits(7), chance.choice((0x41, 0x43, 0x45, 0xC3, 0x00, 0x7F))]
        )
    if size in (4, 6) and kind < 0.5:
        stamp = [
            chance.randrange(60),
            chance.randrange(24) | chance.choice((0, 0, 0x80)),
            chance.randrange(1, 29) | (26 & 7) << 5,
            chance.randrange(1, 13) | 26 >> 3 << 4,
        ]
        return (
            bytes(stamp)
            if size == 4
            else bytes([chance.randrange(60) | chance.choice((0, 0x40)), stamp[0], stamp[1] & 0x1F, *stamp[2:], 12])
        )
    return chance.getrandbits(chance.choice((3, 10, 20))).to_bytes(8, "little")[:size]


def bodies(chance, count):
    """Records of telegrams, at most 180 bytes each. Some are built alike."""
    found = []
    while len(found) < count:
        heads = [header(chance) for _ in range(chance.choice((1, 2, 3, 4, 6, 9, 12)))]
        fillers = [b"\x2f" if chance.random() < 0.05 else b"" for _ in heads]
        for _ in range(chance.choice((1, 5, 30))):
            body = b"".join([head + data(chance, head[0]) + filler for head, filler in zip(heads, fillers, strict=True)])[:180]
            found.append(body if chance.random() < 0.9 or len(body) < 2 else mutated_octets(chance, body)[:180])
    return found[:count]


def mutated_octets(chance, octets):
    """Octets with one change."""
    at = chance.randrange(len(octets))
    kind = chance.random()
    if kind < 0.5:
        return octets[:at] + bytes([octets[at] ^ 1 << chance.randrange(8)]) + octets[at + 1 :]
    if kind < 0.75:
        return octets[:at] + octets[at + 1 :]
    return octets[:at] + chance.randbytes(chance.randrange(1, 4)) + octets[at:]
