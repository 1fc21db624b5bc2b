"""One program that reads telegrams, in a process of its own: ours or a peer. `bench.py` starts it, and says when it works.

    python contenders.py NAME    the job comes as a line of JSON through stdin

First it reads a few telegrams, and answers what they say and how fast it is. Then each line of stdin is the number of telegrams of a pass, and the
answer is the processor time that the pass took. So several programs can take turns on one core, and what disturbs one disturbs all.

Only processor time of the work counts: no start, no imports, no reading of the file (ours reads it; a peer gets its telegrams in memory). A
peer that is a library is called as its own documentation does, and gets a telegram at a time. What it hands back has to hold the readings.
"""

from __future__ import annotations

import gc
import io
import json
import os
import re
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST = 3
"""So many telegrams are compared, value by value."""
WATT = {"kWh": 1000, "kW": 1000, "kvarh": 1000, "kvar": 1000}
"""Units and what they are in base units."""


class Job(NamedTuple):
    """What to read, and with which keys. The keys are the tests' own."""

    files: list[str]
    config: str
    sizes: list[int]
    telegrams: int
    texts: list[str]
    ek: str
    ak: str
    key: str


class Contender(NamedTuple):
    """A program that is ready."""

    work: Callable[[int], int]
    """Reads so many telegrams. Returns how many it read well."""
    readings: list[dict[str, float | str]]
    """By OBIS code, of the first telegrams: energies in Wh, powers in W, voltages in V, currents in A."""


def single(job: Job) -> list[bytes]:
    """The telegrams of a capture, one by one."""
    data = Path(job.files[0]).read_bytes()
    found, place = [], 0
    for size in job.sizes:
        found.append(data[place : place + size])
        place += size
    return found


def lines_in(telegrams: list[bytes]) -> list[str]:
    """Hex lines without their ends."""
    return [one.decode().strip() for one in telegrams]


# -- ours


def ours(job: Job) -> Contender:
    """`telegraf-han decode`, the whole command but for Python's start: file in, line protocol out."""
    from telegraf_han.cli import main

    class Counting(io.RawIOBase):
        """A sink that counts lines."""

        lines = 0

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            self.lines += bytes(data).count(b"\n")
            return len(data)

    def decoded(files: list[str], *options: str) -> tuple[bytes, int]:
        said, sys.stdout = sys.stdout, io.TextIOWrapper(io.BytesIO())
        main(["decode", "--config", job.config, *options, *files])
        sys.stdout.flush()
        data = sys.stdout.buffer.getvalue()  # type: ignore[union-attr]
        sys.stdout = said
        return data, data.count(b"\n")

    def work(count: int) -> int:
        said, silent, sink = sys.stdout, sys.stderr, Counting()
        with open(os.devnull, "w") as nowhere:
            sys.stdout, sys.stderr = io.TextIOWrapper(io.BufferedWriter(sink)), nowhere
            main(["decode", "--config", job.config, *(cut(count) if count < job.telegrams else job.files)])
            sys.stdout.flush()
            sys.stdout, sys.stderr = said, silent
        return sink.lines

    def cut(count: int) -> list[str]:
        if not job.sizes:
            return job.files
        data = Path(job.files[0]).read_bytes()[: sum(job.sizes[:count])]
        with tempfile.NamedTemporaryFile(dir=Path(job.files[0]).parent, delete=False) as file:
            file.write(data)
        return [file.name]

    found = []
    if job.sizes:
        for line in decoded(cut(FIRST), "--output", "json")[0].decode().splitlines():
            readings = json.loads(line)["readings"]
            found.append({one["obis"]: one["value"] for one in readings if one["obis"] and one["unit"] in ("Wh", "W", "V", "A")})
    return Contender(work, found)


def ciphers(job: Job) -> Contender:
    """No reader at all: AES-GCM with its tag and the CRC of the telegram, by the libraries in C that ours uses. What nobody can beat."""
    from binascii import crc_hqx

    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    telegrams = single(job)
    text_from = telegrams[0].index(b"\r\n\r\n") + 4 + 9  # behind the title's length, the length and the head
    nonce, cipher, aad = bytes(12), AESGCM(bytes.fromhex(job.ek)), b"\x30" + bytes.fromhex(job.ak)
    reverse = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))

    def opened(telegram: bytes) -> bytes:
        value = crc_hqx(telegram[:-6].translate(reverse), 0xFFFF)
        footer = bytes([reverse[value >> 8] ^ 0xFF, reverse[value & 0xFF] ^ 0xFF])
        assert footer.hex().upper().encode() == telegram[-6:-2]
        text = cipher.encrypt(nonce, telegram[text_from:-19], None)[:-16]
        assert cipher.encrypt(nonce, text, aad)[-16:-4] == telegram[-19:-7]
        return text

    assert [opened(one).hex() for one in telegrams[:FIRST]] == job.texts
    return Contender(lambda count: sum(1 for one in telegrams[:count] if opened(one)), [])


# -- peers


def dsmr_parser(job: Job) -> Contender:
    """Frame by its own buffer, CRC, values as objects. It needs to be told the country: version 5 of DSMR."""
    from dsmr_parser import telegram_specifications
    from dsmr_parser.clients.telegram_buffer import TelegramBuffer
    from dsmr_parser.parsers import TelegramParser

    telegrams = [one.decode() for one in single(job)]
    parser = TelegramParser(telegram_specifications.V5)

    def work(count: int) -> int:
        buffer, good = TelegramBuffer(), 0
        for one in telegrams[:count]:
            buffer.append(one)
            for whole in buffer.get_all():
                good += bool(parser.parse(whole))
        return good

    return Contender(work, [dsmr_readings(parser.parse(one)) for one in telegrams[:FIRST]])


def dsmr_parser_ciphered(job: Job) -> Contender:
    """The same for Luxembourg: deciphering with the tag as well."""
    from dsmr_parser import telegram_specifications
    from dsmr_parser.clients.telegram_buffer import EncryptedTelegramBuffer
    from dsmr_parser.parsers import TelegramParser

    telegrams = single(job)
    parser = TelegramParser(telegram_specifications.MSN)

    def work(count: int) -> int:
        buffer, good = EncryptedTelegramBuffer(), 0
        for one in telegrams[:count]:
            buffer.append(one)
            for whole in buffer.get_all():
                good += bool(parser.parse(whole, job.ek, job.ak))
        return good

    return Contender(work, [dsmr_readings(parser.parse(one.hex(), job.ek, job.ak)) for one in telegrams[:FIRST]])


def dsmr_readings(telegram: Any) -> dict[str, float | str]:
    """The readings of electricity that have a unit, by code."""
    found: dict[str, float | str] = {}
    for reference, one in dict.items(telegram):
        code = re.search(r"(\d+)\\\.(\d+)\\\.(\d+)", reference)
        unit = getattr(one, "unit", None)
        if code and unit in ("kWh", "kW", "V", "A") and isinstance(one.value, Decimal):
            found[f"1-0:{code[1]}.{code[2]}.{code[3]}"] = float(one.value * WATT.get(unit, 1))
    return found


def amshan(job: Job) -> Contender:
    """Frame by its own reader, CRC, a dictionary of values."""
    from han import dlde, obis_map

    telegrams = single(job)
    codes = {name: code for code, name in obis_map.obis_name_map.items()}

    def work(count: int) -> int:
        reader, good = dlde.ModeDReader(), 0
        for one in telegrams[:count]:
            for whole in reader.read(one):
                good += whole.is_valid and bool(dlde.decode_p1_readout(whole))
        return good

    def readings(telegram: bytes) -> dict[str, float | str]:
        (whole,) = dlde.ModeDReader().read(telegram)
        found = dlde.decode_p1_readout(whole)
        units = dict(re.findall(r"1-0:(\d+\.\d+\.\d+)\([\d.]+\*(\w+)\)", telegram.decode()))
        return {f"1-0:{codes.get(name, name)}": value for name, value in found.items() if codes.get(name, name) in units}

    return Contender(work, [readings(one) for one in telegrams[:FIRST]])


def dlms_cosem_general(job: Job) -> Contender:
    """Takes the envelope apart and deciphers with the tag. The text inside is no DLMS, so it does not read it; no CRC."""
    from dlms_cosem.protocol.xdlms import GeneralGlobalCipher

    telegrams = single(job)
    ek, ak = bytes.fromhex(job.ek), bytes.fromhex(job.ak)

    def opened(telegram: bytes) -> bytes:
        return GeneralGlobalCipher.from_bytes(telegram).to_plain_apdu(ek, ak)

    assert [opened(one).hex() for one in telegrams[:FIRST]] == job.texts
    return Contender(lambda count: sum(1 for one in telegrams[:count] if opened(one)), [])


def dlms_cosem_bare(job: Job) -> Contender:
    """Deciphers with the tag. It knows no envelope of Stoen's, so the block is cut out for it beforehand; no CRC, no values."""
    from dlms_cosem.security import SecurityControlField, decrypt

    telegrams = single(job)
    head = telegrams[0].index(b"\r\n\r\n") + 4 + 4
    blocks = [one[head:-7] for one in telegrams]
    ek, ak = bytes.fromhex(job.ek), bytes.fromhex(job.ak)

    def opened(block: bytes) -> bytes:
        control = SecurityControlField.from_bytes(block[:1])
        return decrypt(control, bytes(8), int.from_bytes(block[1:5], "big"), ek, block[5:], ak)

    assert [opened(one).hex() for one in blocks[:FIRST]] == job.texts
    return Contender(lambda count: sum(1 for one in blocks[:count] if opened(one)), [])


def pymbusparser(job: Job) -> Contender:
    """Written in Rust. It deciphers, and hands back all records as dictionaries. It checks no MAC."""
    import pymbusparser as library

    telegrams = lines_in(single(job))

    def work(count: int) -> int:
        parsed = (library.parse(one, key=job.key, include_enrichment=False) for one in telegrams[:count])
        return sum(1 for one in parsed if one["records"])

    return Contender(work, [mbus_readings(library.parse(one, key=job.key)) for one in telegrams[:FIRST]])


def mbus_readings(parsed: dict[str, Any]) -> dict[str, float | str]:
    """Energies and powers by code. A record of another kind (limits) has no code of its own here."""
    if not parsed["records"]:
        raise ValueError(f"it reads no records: {parsed['security']['decryption_state']}")
    found: dict[str, float | str] = {}
    for one in parsed["records"]:
        kinds = one["quantities"]
        if kinds[0] not in ("Energy", "Power") or len(kinds) > 1 + ("Accumulation only if value is negative" in kinds):
            continue
        sign = len(kinds)
        code = f"1-0:{sign}.8.{one['tariff']}" if kinds[0] == "Energy" else f"1-0:{sign}.7.0"
        found[code] = float(one["value"]["value"])
    return found


CONTENDERS: dict[str, Callable[[Job], Contender]] = {
    "telegraf-han": ours,
    "ciphers": ciphers,
    "dsmr_parser": dsmr_parser,
    "dsmr_parser, ciphered": dsmr_parser_ciphered,
    "amshan": amshan,
    "dlms-cosem, envelope": dlms_cosem_general,
    "dlms-cosem, block": dlms_cosem_bare,
    "pymbusparser": pymbusparser,
}


def timed(contender: Contender, count: int) -> dict[str, object]:
    """A pass."""
    gc.collect()
    gc.freeze()
    begun_s = time.process_time()
    good = contender.work(count)
    return {"cpu_s": time.process_time() - begun_s, "good": good, "count": count}


def main() -> None:
    """Answer lines of stdin with lines of stdout, until stdin ends."""
    job = json.loads(sys.stdin.readline())
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    made = Job(**job)
    try:
        contender = CONTENDERS[sys.argv[1]](made)
        warm = min(made.telegrams, 200)
        timed(contender, warm)
        ready = timed(contender, warm) | {"readings": contender.readings}
    except Exception as error:
        answers.write(json.dumps({"cannot": f"{type(error).__name__}: {error}"}) + "\n")
        return
    answers.write(json.dumps(ready) + "\n")
    for line in sys.stdin:
        answers.write(json.dumps(timed(contender, int(line))) + "\n")


if __name__ == "__main__":
    main()
