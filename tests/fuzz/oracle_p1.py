"""The oracle of P1 texts: which numbers a text says, by the P1 companion 5.0.2, 6.4 and IEC 62056-61, with exact fractions.

It imports nothing of `telegraf_han`, and it is simple rather than fast. A standard line is `code(value)` or `code(value*unit)`. The oracle
knows what each of these says, in which order they come, and which of them have to come out. Lines of any other form are taken together with
their odd neighbours as one `Bag`: a number may come out of it only if it stands there within brackets, under a code that stands there.
"""

import re
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import oracle_obis

LARGEST = 2**53
"""No number above this is kept exactly by a database."""

BASES = {
    "Wh": "Wh",
    "W": "W",
    "varh": "varh",
    "var": "var",
    "VAr": "var",
    "VArh": "varh",
    "VA": "VA",
    "VAh": "VAh",
    "V": "V",
    "A": "A",
    "Hz": "Hz",
    "J": "J",
    "s": "s",
}
SI = {"": 0, "m": -3, "k": 3, "M": 6, "G": 9}
UNITS = {prefix + spelling: (base, power) for spelling, base in BASES.items() for prefix, power in SI.items()}
UNITS |= {"": ("", 0), "m3": ("m3", 0), "dm3": ("m3", -3), "l": ("m3", -3), "h": ("h", 0), "d": ("d", 0), "%": ("%", 0), "°C": ("°C", 0)}
"""The units of the companion, of Sweden and of Lithuania, as written. All else is judged by `readings_of_unit`."""
OTHER_PREFIXES = {"p": -12, "n": -9, "u": -6, "µ": -6, "μ": -6, "c": -2, "d": -1, "da": 1, "h": 2, "K": 3, "T": 12, "P": 15, "E": 18}
UNITS_FOLDED = {spelling.lower(): reading for spelling, reading in UNITS.items()}
BASES_FOLDED = {spelling.lower(): base for spelling, base in BASES.items()} | {"l": "l"}

CODE = rb"(?:\d{1,3}-\d{1,3}:)?\d{1,3}\.\d{1,3}(?:\.\d{1,3})?(?:[*.]\d{1,3})?"
LETTER_CODE = rb"(?:\d{1,3}-\d{1,3}:)?[CFLP]\.(?:\d{1,3}|F)(?:\.\d{1,3}){0,2}(?:\*\d{1,3})?"
STANDARD = re.compile(rb"(%b)\(([^()*]*)(?:\*([^()]*))?\)" % CODE)
ANY_CODE = re.compile(rb"(?:^|(?<=[\r\n)( \t\0]))(?:%b|%b)(?=[\r\n \t\0]*[()])" % (CODE, LETTER_CODE))
INSIDE = re.compile(rb"(?<=\()[^()]*")
UNIT_ALONE = re.compile(rb"[^\W\d][^()]*")
NUMBER = re.compile(rb"([+-]?)(\d{0,18})(?:\.(\d{0,18}))?")
TST = re.compile(rb"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)([SW])")
NAMING = {"0.0", "0.2", "42.0", "96.1", "C.1", "C.90", "F.F"}
"""C.D of codes that name something. Digits under them are no number, unless a unit follows."""
WORDS = {"0-0:1.0.0", "0-0:96.1.0", "0-0:96.1.1", "0-0:96.13.0", "0-0:96.13.1", "0-0:97.97.0", "1-0:0.2.0", "1-3:0.2.8"}
"""Codes whose values are never numbers."""
STRANGE = "?"
"""Any unit that is no word."""
CLOCK_PARTS = {"0-0:0.9.1", "1-0:0.9.1", "0-0:0.9.2", "1-0:0.9.2"}


class Fact(NamedTuple):
    """One number that a text says."""

    code: str
    value: int | Fraction
    unit: str
    must: bool
    """Whether it has to come out."""


class Bag(NamedTuple):
    """Lines of no standard form."""

    text: bytes


class Said(NamedTuple):
    """All that a text says."""

    facts: tuple
    time_s: int | None
    """UTC, if the clock has DSMR's form and its season letter. None if the oracle does not judge it."""


@lru_cache(20000)
def readings_of_unit(raw):
    """Each way to understand a unit: pairs of base unit and power of ten. A unit that is spelt as it should be has one."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    text = text.replace("³", "3").strip()
    if text in UNITS:
        return (UNITS[text],)
    found = [(text, 0)]
    for size in (0, 1, 2):
        prefix, base = text[:size], BASES_FOLDED.get(text[size:].lower())
        powers = SI | OTHER_PREFIXES
        power = powers.get(prefix, powers.get(prefix.lower(), powers.get(prefix.upper())))
        if base is not None and power is not None:
            found.append(("m3", power - 3) if base == "l" else (base, power))
    folded = UNITS_FOLDED.get(text.lower())
    return tuple(dict.fromkeys([*found, *([folded] if folded else [])]))


def number(raw):
    """The number that a text is: its digits as one integer, and how many of them are decimals. None if it is none."""
    found = NUMBER.fullmatch(raw.strip())
    if found is None or not (found[2] or found[3]):
        return None
    decimals = found[3] or b""
    digits = int(found[2] + decimals)
    return -digits if found[1] == b"-" else digits, len(decimals)


def scaled(value, power):
    """A number times ten to the power: an integer, or a fraction if it is none."""
    digits, decimals = value
    power -= decimals
    if power >= 0:
        return digits * 10**power
    whole, rest = divmod(digits, 10**-power)
    return Fraction(digits, 10**-power) if rest else whole


def standard(line):
    """What a standard line says: a code and its facts (none, one, or one for each way to read its unit). None if the line is not standard."""
    found = STANDARD.fullmatch(line)
    if found is None or len(found[1]) > 23 or line[found.end(1) + 1 :].startswith(b"**"):
        return None
    code, ways = under(found[1], found[3])
    value = number(found[2]) if ways else None
    if value is None:
        return code, ()
    exact = [(scaled(value, power), unit, sure) for unit, power, sure in ways]
    return code, tuple([Fact(code, one, unit, sure) for one, unit, sure in exact if abs(one) <= LARGEST])


@lru_cache(20000)
def under(raw_code, raw_unit):
    """A code, and each way to understand a number under it: its unit, its power of ten, and whether the number has to come out."""
    code = oracle_obis.full(raw_code.decode("ascii"))
    lacks_group_e = re.search(r":\d+\.\d+\*", code) is not None
    if code in WORDS or (not raw_unit and names_something(code) and not lacks_group_e):
        return code, ()
    sure = (raw_unit or b"").decode("latin-1") in UNITS and code not in CLOCK_PARTS and not lacks_group_e
    return code, tuple([(base or oracle_obis.unit(code) or "", power, sure) for base, power in readings_of_unit(raw_unit or b"")])


def names_something(code):
    """Whether digits without a unit under a code are no number."""
    return ".".join(code.rpartition(":")[2].split("*")[0].split(".")[:2]) in NAMING


def said(text):
    """All numbers that a text says."""
    facts, odd = [], []
    clock_s, clocks = None, 0
    lines = [line.strip(b" \t\0") for line in text.splitlines()]
    lines = [line for line in lines if line]
    for line, following in zip(lines, [*lines[1:], b""], strict=True):
        found = None if following.startswith(b"(") or line.startswith(b"(") else standard(line)
        if found is None:
            odd.append(line)
            continue
        if odd:
            facts.append(Bag(b"\n".join(odd)))
            odd = []
        if found[0] == "0-0:1.0.0":
            clocks += 1
            clock_s = moment(line) if clocks == 1 else clock_s
        if len(found[1]) == 1:
            facts += found[1]
        elif found[1]:
            facts.append(Bag(line))
    if odd:
        facts.append(Bag(b"\n".join(odd)))
        if b"1.0.0" in b"".join(odd):
            clock_s = None
    return Said(tuple(facts), clock_s)


@lru_cache(5000)
def bag(text):
    """What may come out of odd lines (code, value, unit): any code there with any number in brackets there, with the unit behind it or beside it."""
    codes = {oracle_obis.full(code.decode("ascii")) for code in ANY_CODE.findall(text)}
    codes |= {oracle_obis.full(code.decode("ascii")) for inside in INSIDE.findall(text) if re.fullmatch(CODE, inside) for code in [inside]}
    parts = INSIDE.findall(text)
    # What stands between brackets that do not come in pairs reaches to the end of a bracket, over brackets between.
    ends = [at.start() for at in re.finditer(rb"\)", text)]
    parts += [text[at.end() : end] for at in re.finditer(rb"\(", text) for end in [end for end in ends if end >= at.end()][:4]]
    alone = [part for part in parts if UNIT_ALONE.fullmatch(part)] + ([b"?"] if re.search(rb"\([^\W\d][^()]*\(", text) else [])
    facts = set()
    for part in dict.fromkeys(parts):
        raw, star, unit = part.partition(b"*")
        value = number(raw)
        if value is None:
            continue
        for spelling in [unit] if star else [b"", *alone]:
            for base, power in readings_of_unit(spelling):
                exact = scaled(value, power)
                facts |= {(code, exact, base or oracle_obis.unit(code) or "") for code in codes if abs(exact) <= LARGEST}
        if star or alone:
            # A unit with brackets or line ends in it is nobody's unit. Its number stays as it is.
            facts |= {(code, scaled(value, 0), STRANGE) for code in codes}
    return frozenset(facts)


def moment(line):
    """UTC seconds of the clock's line. None if it has another form than DSMR's, or if there is no such time."""
    found = TST.search(line)
    if found is None or line[found.start() - 1 : found.start()] != b"(" or line[found.end() :] != b")":
        return None
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    try:
        days = day_number(2000 + year, month, day)
    except ValueError:
        return None
    if hour > 23 or minute > 59 or second > 59:
        return None
    return days * 86400 + hour * 3600 + minute * 60 + second - (7200 if found[7] == b"S" else 3600)


def day_number(year, month, day):
    """Days since 1970-01-01. Raises ValueError for a day that does not exist. Counted, not looked up in a calendar of Python."""
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    lengths = (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    if not 1 <= month <= 12 or not 1 <= day <= lengths[month - 1]:
        raise ValueError("no such day")
    before = year - 1
    return before * 365 + before // 4 - before // 100 + before // 400 + sum(lengths[: month - 1]) + day - 719163


def compared(facts, found):
    """Compare the numbers that came out, in order, with the facts.

    `found` are triples of code, value and unit. Returns how many were compared, and what is wrong ("" if nothing is).
    """
    good, wrong = _compared([fact for fact in facts if isinstance(fact, Fact)], found)
    return (good, wrong) if not wrong or not any(isinstance(fact, Bag) for fact in facts) else _compared(facts, found)


def _compared(facts, found):
    place = 0
    excused = set()
    for code, value, unit in found:
        while place < len(facts):
            fact = facts[place]
            if isinstance(fact, Bag):
                within = bag(fact.text)
                excused |= within
                if any(
                    one[0] == code and (one[2] == unit or (one[2] == STRANGE and not unit.isalnum())) and same(one[1], value)
                    for one in within
                ):
                    break
            elif fact.code == code and fact.unit == unit and same(fact.value, value):
                break
            elif fact.must and fact[:3] not in excused:
                return 0, f"{fact.code} is {shown(fact.value)} {fact.unit}, but {code} {value!r} {unit} came out"
            place += 1
        else:
            return 0, f"{code} {value!r} {unit} came out, which the text does not say"
        place += not isinstance(facts[place], Bag)
    for fact in facts[place:]:
        excused |= bag(fact.text) if isinstance(fact, Bag) else set()
    missing = [fact for fact in facts[place:] if isinstance(fact, Fact) and fact.must and fact[:3] not in excused]
    if missing:
        return 0, f"{missing[0].code} {shown(missing[0].value)} {missing[0].unit} did not come out"
    return len(found), ""


def same(exact, value):
    """Whether a number is this fraction, or the float nearest to it."""
    if isinstance(value, int):
        return exact == value
    return isinstance(exact, Fraction) and float(exact) == value


def shown(value):
    """A fraction as a person writes it."""
    return str(value) if isinstance(value, int) else repr(float(value))
