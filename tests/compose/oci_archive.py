"""What an OCI archive holds, read without an engine: the images of its manifest list, and the files of each, layer upon layer."""

from __future__ import annotations

import io
import json
import tarfile
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["AARCH64", "X86_64", "Entry", "Image", "images"]

X86_64, AARCH64 = 0x3E, 0xB7  # the machine of an ELF file
HEAD = 20  # bytes of an ELF file up to its machine
REMOVED = ".wh."  # a layer's mark for a file that is no more
TEXTS = ("THIRD-PARTY-LICENCES.txt", "METADATA", "pyvenv.cfg")  # files whose content the tests read


class Entry(NamedTuple):
    """A file of an image."""

    mode: int
    time_s: int
    target: str  # of a link
    machine: int | None  # of an ELF file
    text: str


class Image(NamedTuple):
    """An image of a list."""

    platform: str  # as the list says it: linux/arm64
    config: dict[str, Any]
    files: dict[str, Entry]


def images(archive: Path) -> list[Image]:
    """The images of the one manifest list in the archive."""
    with tarfile.open(archive) as opened:

        def blob(digest: str) -> bytes:
            content = opened.extractfile(f"blobs/{digest.replace(':', '/')}")
            assert content is not None
            return content.read()

        index = opened.extractfile("index.json")
        assert index is not None
        (listed,) = json.loads(index.read())["manifests"]
        return [_image(one, blob) for one in json.loads(blob(listed["digest"]))["manifests"]]


def _image(listed: dict[str, Any], blob: Any) -> Image:
    manifest = json.loads(blob(listed["digest"]))
    files: dict[str, Entry] = {}
    for layer in manifest["layers"]:
        for name, entry in _layer(blob(layer["digest"])):
            folder, _, last = name.rpartition("/")
            if last.startswith(REMOVED):
                files.pop(f"{folder}/{last.removeprefix(REMOVED)}", None)
            else:
                files[name] = entry
    platform = f"{listed['platform']['os']}/{listed['platform']['architecture']}"
    return Image(platform, json.loads(blob(manifest["config"]["digest"])), files)


def _layer(packed: bytes) -> Iterator[tuple[str, Entry]]:
    with tarfile.open(fileobj=io.BytesIO(packed)) as layer:
        for member in layer:
            content = layer.extractfile(member) if member.isreg() else None
            head = content.read(HEAD) if content else b""
            machine = int.from_bytes(head[18:20], "little") if head.startswith(b"\x7fELF") else None
            text = (head + content.read()).decode() if content and member.name.endswith(TEXTS) else ""
            if not member.isdir():
                yield member.name.removeprefix("./"), Entry(member.mode, int(member.mtime), member.linkname, machine, text)
