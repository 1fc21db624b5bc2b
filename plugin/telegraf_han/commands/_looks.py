"""Says what an input without a telegram looks like, and what to do about it.

People give a capture of another meter, the output of another command, a file that was saved as text, or an empty one. `decode` prints one
sentence about that. It is loaded only if an input has no telegram.
"""

import re
from typing import Final

from telegraf_han.config.sections import Config
from telegraf_han.inspection import captures
from telegraf_han.p1 import capture, others, signal
from telegraf_han.telegram import Interface

_FILES: Final = {
    # first bytes: what a file is that begins so
    b"\x1f\x8b": "a file compressed by gzip: unpack it first",
    b"PK\x03\x04": "a zip archive: unpack it first",
    b"\x28\xb5\x2f\xfd": "a file compressed by zstd: unpack it first",
    b"\xfd7zXZ": "a file compressed by xz: unpack it first",
    b"\xd4\xc3\xb2\xa1": "a capture of network packets: save the bytes of the stream instead",
    b"\x0a\x0d\x0d\x0a": "a capture of network packets: save the bytes of the stream instead",
    b"\x89PNG": "a picture: the bytes themselves are needed",
    b"\xff\xd8\xff": "a picture: the bytes themselves are needed",
    b"%PDF": "a PDF document: the bytes of the meter are needed",
    b"\xff\xfe": "text in UTF-16, as PowerShell saves it: save it again as UTF-8, or as bytes",
    b"\xfe\xff": "text in UTF-16: save it again as UTF-8, or as bytes",
}
_TEXTS: Final = (
    (re.compile(rb"\A\s*(?:\{\s*[\"}]|\[\s*[\"{\]])"), "JSON, which `decode` prints but does not read: give the capture itself"),
    (re.compile(rb"^\s*\[\[?(?:meter|receiver|output)\]\]?", re.MULTILINE), "a configuration of this program: give a capture as INPUT"),
    (
        re.compile(rb"\A[^\s,=]+(?:,[^\s=]+=[^\s]+)+ [^\s=]+="),
        "line protocol, which `decode` prints but does not read: give the capture itself",
    ),
)
_REPLACED: Final = b"\xef\xbf\xbd"
"""What an editor puts in place of a byte that is no UTF-8."""
_REPLACED_LEAST: Final = 3


def described(first: bytes, interface: Interface | None, config: Config, *, whole: bool = False) -> str:
    """What a recording without a telegram looks like, and what to do, in one sentence. "" if nothing can be told.

    `whole` says that telegrams were there from their beginning to their end, and damaged.
    """
    sample = first[: captures.SAMPLE_BYTES]
    if not sample.strip(b"\r\n\0 \t"):
        return (
            "it holds nothing but line ends, blanks or zeros" if first else "it is empty. If a program should have written it, look at that"
        )
    for opening, words in _FILES.items():
        if sample.startswith(opening):
            return f"this is {words}"
    if sample.count(_REPLACED) >= _REPLACED_LEAST:
        return "it was saved as text, and bytes that are no text were replaced. Record it again in binary"
    octets = capture.octets(sample)
    if interface == "wmbus" and captures.holds_p1(sample):
        return "these are telegrams of a P1 port. Leave out --interface wmbus"
    if whole:
        return ""
    return _wireless(sample, interface, config) or signal.wrong(octets) or _p1_part(octets) or _other_text(sample)


def _wireless(sample: bytes, interface: Interface | None, config: Config) -> str:
    """Whether these are radio telegrams that were taken for a cable's bytes."""
    if interface == "wmbus" or not sample.isascii():
        return ""
    kind, found = captures.best(sample, config)
    if not found.ours and not found.strangers:
        return ""
    todo = "Leave out --interface p1" if interface == "p1" else 'Configure a [[meter]] with interface = "wmbus" and its id'
    return f'these are wireless M-Bus telegrams, as a receiver of type "{kind}" writes them. {todo}'


def _p1_part(octets: bytes) -> str:
    """Parts of P1 telegrams."""
    if not signal.readable(octets):
        return ""
    opening = others.ident(octets)
    if opening:
        return f'a telegram begins with the ident line "{opening}", but it is not whole. Record for longer, and in binary'
    return "there are lines of P1 telegrams, but no telegram is whole. Record for longer, from one ident line to the next"


def _other_text(sample: bytes) -> str:
    for pattern, words in _TEXTS:
        if pattern.search(sample):
            return f"this is {words}"
    readable = sum(0x20 <= octet < 0x7F or octet in b"\r\n\t" for octet in sample)  # noqa: PLR2004, ASCII
    if readable == len(sample):
        return "this is text, but no telegram, neither as DSMR lines nor as hex digits"
    return ""
