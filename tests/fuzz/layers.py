"""Feeds contents, whole and damaged, through the plugin's layers, and compares what comes out with the oracle.

A layer is a function that plays one round: a stream of some inputs. It counts what happened in a `Tally`, and raises `WrongError` when a rule
is broken:

- Out of a stream come only events, out of a telegram only errors of the family `TelegramError`.
- Each number that comes out is the number that the oracle reads, with its code, unit, field and time. What must come out does.
- What was damaged after it was sealed gives no number. A telegram beside it is not lost.
- The meter's counters add up: telegrams = decoded + errors + duplicates + waiting.
- No key is in any output.
"""

import re
from collections import Counter
from contextlib import suppress

import mutating
import oracle_mbus
import oracle_obis
import oracle_p1
import sealing

from telegraf_han import receivers
from telegraf_han.ciphers.secret import Key
from telegraf_han.config.sections import Config, MeterConfig, Output
from telegraf_han.decoding.decoder import Decoder, UnknownMeterError
from telegraf_han.errors import TelegramError, WaitingError
from telegraf_han.mbus import link as plugin_link
from telegraf_han.p1.framer import Framer
from telegraf_han.telegram import Fault, Frame

LINES_READ = 0.3
"""The share of telegrams whose line protocol is read, too."""
NOW_NS = 1_795_348_800_000_000_000
ENCRYPTED = MeterConfig("home", "p1", encryption_key=Key(sealing.EK), authentication_key=Key(sealing.AK))
STRICT = ENCRYPTED._replace(authentication="required")
OPEN = MeterConfig("home", "p1")

METERS = {
    # id: M A in link order, maker, device type
    "12345678": (bytes.fromhex("ed14785634120102"), "EGM", 0x02),
    "23456789": (bytes.fromhex("0106896745230202"), "APA", 0x02),
    "34567890": (bytes.fromhex("4204907856340202"), "ABB", 0x02),
    "45678901": (bytes.fromhex("2d2c018967451b04"), "KAM", 0x04),
}
JUDGED = ("EGM", "APA", "KAM")
"""Makers whose codes the oracle knows. Others have habits of their own."""
RADIO = tuple(MeterConfig(f"m{number}", "wmbus", id=number, key=Key(sealing.RADIO_KEY)) for number in METERS)
RADIO_OPEN = tuple(one._replace(encryption="optional") for one in RADIO)
PROOF = bytes.fromhex("066d0a0d27498c300e037856341200000e833c0000000000000b2b7802000bab3c0000000c7878563412")
"""Records that prove a key: clock, registers, powers, number."""


class WrongError(Exception):
    """A rule is broken."""


class Tally(Counter):
    """What happened so far, by name."""


class _Counting(Decoder):
    """A decoder, and how many telegrams it passed over."""

    passed = 0


def _decoder(*meters):
    return _Counting(Config("han.toml", Output(), meters, ()))


def _taken(decoder, frame, tally, *, said):
    """What a frame becomes: a telegram, None or an error."""
    try:
        found = decoder.take(frame)
    except TelegramError as error:
        tally[f"refused: {type(error).__name__}"] += 1
        said.append(str(error))
        return error
    tally["decoded" if found is not None else "passed over"] += 1
    decoder.passed += found is None
    return found


def _add_up(decoder, tally):
    """The counters of all meters add up. Telegrams without data and those that were heard before are passed over."""
    meters = decoder.meters.values()
    telegrams = sum(meter.telegrams for meter in meters)
    counted = decoder.passed + sum(meter.decoded + sum(meter.errors.values()) + meter.waiting for meter in meters)
    if telegrams != counted:
        raise WrongError(f"{telegrams} telegrams were counted, but decoded, errors, waiting and passed over are {counted}")
    tally["counters that add up"] += 1


def _no_secret(said):
    """No key is in what was said."""
    joined = "\n".join(said).lower()
    for secret in sealing.SECRETS:
        if secret in joined:
            raise WrongError(f"a key is in an output: {joined}")


_TEXTS = re.compile(r'"(?:[^"\\]|\\.)*"')
_HEAD = re.compile(r"(?<!\\) ")
_FIELDS = re.compile(r"(?:^|,)([a-z0-9_]+)=(-?[0-9.]+(?:e[+-]?[0-9]+)?)(?=,|$)")


def _line(decoder, telegram, said):
    """The line protocol, and the fields that are numbers."""
    line = decoder.line(telegram).decode()
    said.append(line)
    fields = {}
    for one in line.splitlines():
        fields |= _FIELDS.findall(_TEXTS.sub('""', _HEAD.split(one, maxsplit=1)[1]).rpartition(" ")[0])
    return line, fields


def _judge_fields(telegram, line, fields):
    """Each reading whose field the oracle knows is in the line under that name, with that value."""
    if not line:
        return 0
    seen, good = {}, 0
    columns = telegram.shape.columns
    for column in columns:
        seen.setdefault(column.obis, []).append(column)
    for column, value in zip(columns, telegram.values, strict=True):
        if isinstance(value, str) or value is None or column.obis is None:
            continue
        is_limit = column.obis == "0-0:17.0.0"
        if (len(seen[column.obis]) > 1 and not is_limit) or (is_limit and telegram.interface == "wmbus"):
            continue
        field = oracle_obis.field(column.obis, column.unit, 1 + [one is column for one in seen[column.obis]].index(True))
        if field is None:
            continue
        if field not in fields or float(fields[field]) != value:
            raise WrongError(f"{column.obis} {value} must be the field {field}, which is {fields.get(field)} in {line}")
        good += 1
    return good


def _numbers(telegram):
    return [(one.obis, one.value, one.unit) for one in telegram.readings() if isinstance(one.value, int | float) and one.obis]


# -- P1 --


def _judge_text(decoder, telegram, text, tally, said, *, line=True):
    """Compare a telegram with its text."""
    if isinstance(telegram, TelegramError):
        if text.startswith(b"0-0:1.0.0(") and any(isinstance(fact, oracle_p1.Fact) and fact.must for fact in oracle_p1.said(text).facts):
            raise WrongError(f"refused, although it says numbers: {telegram} {text!r}")
        return
    oracle = oracle_p1.said(text)
    good, wrong = oracle_p1.compared(oracle.facts, _numbers(telegram))
    if wrong:
        raise WrongError(f"{wrong}: {text!r}")
    if oracle.time_s is not None and telegram.time_ns != oracle.time_s * 1_000_000_000:
        raise WrongError(f"the clock says {oracle.time_s}, but {telegram.time_ns} came out: {text!r}")
    tally["values"] += good
    tally["times"] += oracle.time_s is not None
    if line:
        tally["fields"] += _judge_fields(telegram, *_line(decoder, telegram, said))


def _fed(chance, framer, stream):
    """The events of a stream that comes in pieces."""
    if chance.random() < 0.6:
        events = framer.feed(stream, NOW_NS)
    else:
        events, at = [], 0
        while at < len(stream):
            size = chance.choice((1, 7, 64, 256, 1024))
            events += framer.feed(stream[at : at + size], NOW_NS)
            at += size
    return events + framer.finish(NOW_NS)


def _frames(events, said):
    said += [event.detail for event in events if isinstance(event, Fault)]
    return [event for event in events if isinstance(event, Frame)]


def _p1_round(chance, tally, meter, make, count=40):
    """Telegrams that are sealed right, whatever they say."""
    decoder, said = _decoder(meter), []
    texts = mutating.texts(chance, count)
    stream = b"".join(make(text) for text in texts)
    frames = _frames(_fed(chance, Framer(), stream), said)
    tally["inputs"] += count
    if len(frames) != count:
        raise WrongError(f"{count} telegrams were sent, {len(frames)} were found: {stream.hex()}")
    for text, frame in zip(texts, frames, strict=True):
        _judge_text(decoder, _taken(decoder, frame, tally, said=said), text, tally, said, line=chance.random() < LINES_READ)
    _add_up(decoder, tally)
    _no_secret(said)


def p1_block(chance, tally):
    """Text in Stoen's block."""
    ident = chance.choice((b"/EGM5G35", b"/EGM5G15", b"/KFM5KAIFA-METER", b"/XXX5a"))
    _p1_round(chance, tally, ENCRYPTED, lambda text: sealing.stoen(text, ident))


def p1_glo(chance, tally):
    """A whole telegram in a general-glo block."""
    counter = chance.getrandbits(31)
    _p1_round(chance, tally, ENCRYPTED, lambda text: sealing.luxembourg(text, counter))


_NOT_IN_TEXT = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|[\r\n]!|/")
"""What a plain telegram cannot hold: its end, and the head of another."""


def p1_plain(chance, tally):
    """Plain text with a CRC."""
    decoder, said, count = _decoder(OPEN), [], 40
    texts = [_NOT_IN_TEXT.sub(b".", text) for text in mutating.texts(chance, count)]
    texts = [text if text.endswith(b"\n") else text + b"\r\n" for text in texts]
    with_crc = chance.random() < 0.7
    stream = b"".join(sealing.plain(text) if with_crc else b"/EGM5G35\r\n\r\n" + text + b"!\r\n" for text in texts)
    frames = _frames(_fed(chance, Framer(), stream), said)
    tally["inputs"] += count
    if len(frames) != count:
        raise WrongError(f"{count} telegrams were sent, {len(frames)} were found: {stream!r}")
    for text, frame in zip(texts, frames, strict=True):
        _judge_text(decoder, _taken(decoder, frame, tally, said=said), text, tally, said, line=chance.random() < LINES_READ)
    _add_up(decoder, tally)
    _no_secret(said)


_DIGITS = re.compile(rb"!([0-9A-Fa-f]{1,4})")


def _is_collision(frame, stream):
    """Whether the digits of some footer in the stream fit the frame, so that its line could not know better."""
    values = {sealing.arc(frame.data), sealing.x25(frame.data)}
    values |= {value >> 8 | (value & 0xFF) << 8 for value in values}
    return any(int(found[1], 16) in values for found in _DIGITS.finditer(stream))


def _forged(chance, text):
    """A telegram that somebody changed in its ciphertext or tag. Its CRC is right."""
    block = bytearray(sealing.block(text))
    block[chance.randrange(9, len(block))] ^= 1 << chance.randrange(8)
    return sealing.closed(b"/EGM5G35", bytes(block))


def p1_damaged(chance, tally):
    """Telegrams with damage after the seal, between good ones and noise."""
    is_stoen = chance.random() < 0.5
    make = sealing.stoen if is_stoen else lambda text: sealing.luxembourg(text, 7)
    decoder, said = _decoder(STRICT), []
    stream, good, sent = b"", [], []
    for _ in range(6):
        text = b"0-0:1.0.0(260410150553S)\r\n1-0:1.8.0(%06d.%03d*kWh)\r\n1-0:1.7.0(%s*kW)\r\n" % (
            chance.randrange(10**6),
            chance.randrange(1000),
            mutating.number(chance),
        )
        telegram = make(text)
        sent.append(text)
        kind = chance.random()
        if is_stoen and kind < 0.15:
            stream += _forged(chance, text)
        elif kind < 0.7:
            stream += mutating.damaged(chance, telegram)
            if kind < 0.3:
                stream += chance.randbytes(chance.randrange(40))
        else:
            # Line ends behind the damage are another telegram's beginning on a real line.
            stream += telegram
            good.append(text)
        tally["inputs"] += 1
    found, by_chance = [], 0
    for frame in _frames(_fed(chance, Framer(), stream), said):
        telegram = _taken(decoder, frame, tally, said=said)
        if not isinstance(telegram, TelegramError):
            found.append(telegram)
        elif is_stoen and _is_collision(frame, stream):
            by_chance += 1
    _add_up(decoder, tally)
    _no_secret(said)
    if by_chance:
        # Such a frame is refused by its tag. But it may be the end of a telegram before it and the head of a good one.
        tally["chance: CRC of 16 bits fits"] += by_chance
        return
    _in_order(decoder, found, good, sent, tally, said, stream)


def _in_order(decoder, found, good, sent, tally, said, stream):
    """The telegrams that came out are the good ones, and those that damage left whole."""
    if len(found) < len(good):
        raise WrongError(f"{len(good)} good telegrams were sent, {len(found)} came out: {stream.hex()}")
    rest = iter(found)
    for text in good:
        facts = oracle_p1.said(text).facts
        for telegram in rest:
            if not oracle_p1.compared(facts, _numbers(telegram))[1]:
                _judge_text(decoder, telegram, text, tally, said)
                break
        else:
            raise WrongError(f"a good telegram did not come out: {text!r} in {stream.hex()}")
    # What is left must be proven by its tag: damage that only touched what is around it.
    for telegram in found:
        if not telegram.verified or not any(not oracle_p1.compared(oracle_p1.said(text).facts, _numbers(telegram))[1] for text in sent):
            raise WrongError(f"{telegram} came out of damage: {stream.hex()}")
    tally["whole after damage"] += len(found) - len(good)


def p1_plain_damaged(chance, tally):
    """The same with plain text, which only a CRC of 16 bits guards."""
    decoder, said = _decoder(OPEN), []
    stream = b""
    whole = set()
    for _ in range(6):
        telegram = sealing.plain(
            b"0-0:1.0.0(260410150553S)\r\n1-0:1.8.0(%06d.%03d*kWh)\r\n1-0:1.7.0(00.1*kW)\r\n"
            % (chance.randrange(10**6), chance.randrange(1000))
        )
        whole.add(telegram[: telegram.rindex(b"!") + 1])
        stream += mutating.damaged(chance, telegram) if chance.random() < 0.7 else telegram
        tally["inputs"] += 1
    for frame in _frames(_fed(chance, Framer(), stream), said):
        telegram = _taken(decoder, frame, tally, said=said)
        if isinstance(telegram, TelegramError):
            continue
        if frame.data not in whole:
            if frame.checked and not _is_collision(frame, stream):
                raise WrongError(f"a damaged telegram came out as checked: {frame.data!r} of {stream!r}")
            if not frame.checked and not re.search(rb"![\0 ]{0,4}[\r\n]|!\Z", stream):
                raise WrongError(f"a damaged telegram came out: {frame.data!r} of {stream!r}")
            tally["chance: CRC of 16 bits fits" if frame.checked else "legal without CRC"] += 1
        content = re.sub(rb"\A/[^\r\n]*[\r\n]{1,8}", b"", frame.data)
        _judge_text(decoder, telegram, content[:-1], tally, said, line=False)
    _add_up(decoder, tally)
    _no_secret(said)


# -- radio --


def _judge_records(decoder, telegram, octets, number, tally, said, *, must, line=True):
    """Compare a telegram with its records."""
    cut = oracle_mbus.cut(octets)
    if telegram is None:
        return
    if isinstance(telegram, TelegramError):
        if must and cut.records and cut.whole:
            raise WrongError(f"refused, although it has records: {telegram} {octets.hex()}")
        return
    _, maker, device = METERS[number]
    columns = [column for column in telegram.shape.columns if not column.name.startswith("meter_status")]
    if cut.whole and len(columns) != len(cut.records):
        raise WrongError(f"{len(cut.records)} records became {len(columns)}: {octets.hex()}")
    if maker not in JUDGED and any(b"\xff" in record.header for record in cut.records):
        return  # a habit may scale what only the maker explains
    coded = [(record, oracle_mbus.code(record.header, maker, device) if maker in JUDGED else "?") for record in cut.records]
    good, wrong = oracle_mbus.compared(coded, [(one.obis, one.record, one.unit) for one in columns], telegram.values)
    if wrong:
        raise WrongError(f"{wrong}: {maker} {octets.hex()}")
    tally["values"] += good
    tally["not judged"] += len(columns) - len(cut.records)
    for record, code in coded:
        if code == "0-0:1.0.0":
            said_there = oracle_mbus.value(record)
            if isinstance(said_there, oracle_mbus.Date) and said_there.time_s is not None and len(record.data) > 3:
                if telegram.time_ns != said_there.time_s * 1_000_000_000:
                    raise WrongError(f"the clock says {said_there.time_s}, but {telegram.time_ns} came out: {octets.hex()}")
                tally["times"] += 1
            break
    if line:
        tally["fields"] += _judge_fields(telegram, *_line(decoder, telegram, said))


class _Air:
    """Sends telegrams through a receiver to a decoder."""

    def __init__(self, chance, tally, meters=RADIO):
        self.tally, self.said = tally, []
        self.decoder = _decoder(*meters)
        kind = chance.random()
        self.kind = "hex" if kind < 0.6 else "format b" if kind < 0.7 else chance.choice(tuple(sealing.RECEIVERS))
        self.receiver = receivers.named("hex" if self.kind == "format b" else self.kind).Receiver()

    def sealed(self, telegram):
        """As the receiver sends it."""
        if self.kind == "format b":
            return sealing.format_b(telegram).hex().encode() + b"\n" if len(telegram) <= 250 else sealing.hexline(telegram)
        return sealing.RECEIVERS[self.kind](telegram)

    def take(self, telegram):
        """What a telegram becomes. It must come out of its receiver as it went in."""
        self.tally["inputs"] += 1
        events = self.receiver.feed(self.sealed(telegram), NOW_NS)
        frames = _frames(events, self.said)
        if self.is_like_b(telegram):
            self.tally["chance: bare frame ends like format B"] += 1
            return None
        if len(frames) != 1 or frames[0].data != telegram:
            raise WrongError(f"{self.kind} made {[one.data.hex() for one in frames]} of {telegram.hex()} ({self.said[-1:]})")
        return _taken(self.decoder, frames[0], self.tally, said=self.said)

    def is_like_b(self, telegram):
        """Whether the last bytes of a frame without CRCs are by chance the CRC of format B (one in 65536). Then they are taken for it."""
        if self.kind in ("hex", "format b", "cul"):
            return False
        first, last = (telegram[:128], telegram[128:]) if len(telegram) > 128 else (b"", telegram)
        return all(sealing.link(part[:-2]) == int.from_bytes(part[-2:], "big") for part in (first, last) if part)

    def end(self):
        """All counters add up, and nothing was told."""
        _add_up(self.decoder, self.tally)
        _no_secret(self.said)


def radio_mode_5(chance, tally):
    """Records under mode 5, with a short or long header, bare or behind an extended link layer."""
    air = _Air(chance, tally)
    number, meter = _one_meter(chance)
    access = chance.randrange(256)
    long = meter if chance.random() < 0.15 else b""
    wrap = sealing.unsealed_extended if chance.random() < 0.15 else lambda content: content
    air.take(sealing.frame(meter, sealing.mode_5(meter, access, PROOF)))
    for records in mutating.bodies(chance, 39):
        status = chance.choice((0, 0, 0, 0x10))
        for _again in range(2):
            access = access + 1 & 0xFF
            found = air.take(sealing.frame(meter, wrap(sealing.mode_5(meter, access, records, long=long, status=status))))
            if not isinstance(found, WaitingError):
                break
        _judge_records(air.decoder, found, sealing.filled(records), number, tally, air.said, must=True, line=chance.random() < LINES_READ)
    air.end()


def radio_mode_7(chance, tally):
    """Records under mode 7 with a MAC."""
    air = _Air(chance, tally)
    number, meter = _one_meter(chance)
    count = chance.getrandbits(31)
    long = meter if chance.random() < 0.2 else b""
    _proven(air, chance, number, lambda step, records: sealing.mode_7(meter, count + step, records, long=long), sealing.filled)


def radio_mode_10(chance, tally):
    """Records under mode 10 with a tag."""
    air = _Air(chance, tally)
    number, meter = _one_meter(chance)
    count = chance.getrandbits(31)
    _proven(air, chance, number, lambda step, records: sealing.mode_10(meter, count + step, records, access=step), bytes)


def _one_meter(chance):
    """The number of a meter, and its address."""
    number = chance.choice(tuple(METERS))
    return number, METERS[number][0]


def _proven(air, chance, number, sealed, said):
    """Telegrams that a MAC or tag proves: each must be read. `said` is what stands in the text for the records."""
    for step, records in enumerate(mutating.bodies(chance, 40)):
        found = air.take(sealing.frame(METERS[number][0], sealed(step, records)))
        _judge_records(air.decoder, found, said(records), number, air.tally, air.said, must=True, line=chance.random() < LINES_READ)
    air.end()


def radio_plain(chance, tally):
    """Records without security, bare or in an enciphered extended link layer."""
    in_link = chance.random() < 0.4
    air = _Air(chance, tally, RADIO if in_link else RADIO_OPEN)
    number, meter = _one_meter(chance)
    session = chance.getrandbits(29)
    for step, records in enumerate(mutating.bodies(chance, 40)):
        content = sealing.mode_0(meter, step, records)
        if in_link:
            content = sealing.extended(meter, session + step, content)
        found = air.take(sealing.frame(meter, content))
        _judge_records(air.decoder, found, records, number, tally, air.said, must=not in_link, line=chance.random() < LINES_READ)
    air.end()


def radio_refused(chance, tally):
    """Modes that are not read, and modes 7 and 10 with a MAC or tag that is none: no number comes out."""
    air = _Air(chance, tally)
    _, meter = _one_meter(chance)
    for step in range(10):
        kind = chance.randrange(4)
        if kind == 0:
            content = sealing.mode_13(step, sealing.filled(PROOF))
        elif kind == 1:
            content = bytearray(sealing.mode_7(meter, step + 1, PROOF))
            content[chance.randrange(9, len(content))] ^= 1 << chance.randrange(8)
        elif kind == 2:
            content = bytearray(sealing.mode_10(meter, step + 1, PROOF, access=step))
            content[chance.randrange(7, len(content))] ^= 1 << chance.randrange(8)
        else:
            content = sealing.mode_0(meter, step, PROOF)
        found = air.take(sealing.frame(meter, bytes(content)))
        if not isinstance(found, TelegramError | None):
            raise WrongError(f"numbers came out of a telegram that is not proven: {bytes(content).hex()}")
    air.end()


def _says(body, said_there):
    """Whether these are the values of these records."""
    records = oracle_mbus.cut(body).records
    return [record.header.hex().upper() for record in records] == [header for header, _ in said_there] and all(
        not oracle_mbus._wrong(oracle_mbus.value(record), value) for record, (_, value) in zip(records, said_there, strict=True)
    )


def radio_damaged(chance, tally):
    """Telegrams with damage after link CRCs, between good ones."""
    air = _Air(chance, tally)
    _, meter = _one_meter(chance)
    stream, whole = b"", {}
    for step in range(8):
        body = PROOF + bytes([4, 3]) + chance.randbytes(3) + b"\0"
        telegram = sealing.frame(meter, sealing.mode_7(meter, step + 1, body))
        whole[telegram] = body
        sent = air.sealed(telegram)
        stream += mutating.damaged(chance, sent) if chance.random() < 0.7 else sent
        tally["inputs"] += 1
    events = []
    at = 0
    while at < len(stream):
        size = chance.choice((50, 300, 2000))
        events += air.receiver.feed(stream[at : at + size], NOW_NS)
        at += size
    events += air.receiver.finish(NOW_NS)
    for frame in _frames(events, air.said):
        try:
            found = _taken(air.decoder, frame, tally, said=air.said)
        except UnknownMeterError:
            continue
        tally["chance: frame of damaged bytes"] += frame.data not in whole
        if isinstance(found, TelegramError | None):
            continue
        # No MAC covers maker, version and type of a link, and some sticks send no CRC. But it covers all that is said.
        said_there = [(one.record, one.value) for one in found.readings() if one.record]
        if not found.verified or not any(_says(body, said_there) for body in whole.values()):
            raise WrongError(f"numbers came out of a damaged telegram: {frame.data.hex()} of {stream.hex()}")
        tally["whole after damage"] += frame.data not in whole
    air.end()


# -- anything --


def anything(chance, tally):
    """Bytes of no kind, and pieces of telegrams, into framer and receivers: only events come out."""
    pieces = []
    for _ in range(8):
        kind = chance.random()
        if kind < 0.3:
            pieces.append(chance.randbytes(chance.randrange(1, 80)))
        elif kind < 0.6:
            pieces.append(mutating.damaged(chance, sealing.stoen(mutating.text(chance)[:100])))
        elif kind < 0.8:
            pieces.append(
                mutating.damaged(
                    chance,
                    chance.choice(tuple(sealing.RECEIVERS.values()))(sealing.frame(METERS["12345678"][0], sealing.mode_0(b"", 1, PROOF))),
                )
            )
        else:
            pieces.append(mutating.damaged(chance, chance.choice(OTHERS)))
        tally["inputs"] += 1
    stream = b"".join(pieces)
    decoder, said = _decoder(STRICT, *RADIO), []
    for receiver in (Framer(), receivers.named(chance.choice(tuple(sealing.RECEIVERS))).Receiver()):
        for frame in _frames(_fed(chance, receiver, stream), said):
            found = _taken(decoder, frame, tally, said=said)
            if not isinstance(found, TelegramError | None) and not found.verified:
                raise WrongError(f"numbers came out of nothing: {stream.hex()}")
    with suppress(TelegramError):
        plugin_link.telegram(stream[:255])
    _no_secret(said)


OTHERS = [
    bytes.fromhex("7ea067cefF031338bde6e700") + bytes(60) + b"\x7e",
    bytes.fromhex("68fafa6853ff000167db084b464d6550") + bytes(60),
    bytes.fromhex("1b1b1b1b01010101") + bytes(40) + bytes.fromhex("1b1b1b1b1a03ffff"),
    bytes.fromhex("e0400001000000") + bytes(40),
    bytes.fromhex("0f00000001000212") + b"/KFM5\r\n\r\n" + bytes(30),
]

LAYERS = {
    # name: function and its share of all inputs, in percent
    "p1 text in a block": (p1_block, 16),
    "p1 text in a general-glo block": (p1_glo, 5),
    "p1 plain text": (p1_plain, 5),
    "p1 damaged after sealing": (p1_damaged, 20),
    "p1 plain, damaged": (p1_plain_damaged, 16),
    "radio mode 5": (radio_mode_5, 8),
    "radio mode 7": (radio_mode_7, 3),
    "radio mode 10": (radio_mode_10, 3),
    "radio plain and link layer": (radio_plain, 4),
    "radio not proven": (radio_refused, 4),
    "radio damaged after sealing": (radio_damaged, 8),
    "any bytes": (anything, 8),
}
