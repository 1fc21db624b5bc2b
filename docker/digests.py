#!/usr/bin/env python3
"""Writes the digests of the images that are pulled into docker-compose.yml and docker/Dockerfile.

    docker/digests.py            asks the registry which image each tag names now, and pins that image
    docker/digests.py --check    only says whether a tag has moved since; the exit code is then 1

A tag can be moved by whoever may push it. A digest is the hash of the image's list of platforms, which has the hashes of all else. So an
engine that pulls by digest gets this image or none. The digest is computed here from what came, and not taken from the registry's word.
Each image must be there for amd64 and arm64.

A digest is pinned together with its tag, because the tag says to people what it is. Engines look at the digest alone.
"""

import argparse
import hashlib
import json
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
FILES: Final = ("docker-compose.yml", "docker/Dockerfile")
IMAGE: Final = re.compile(r"docker\.io/([a-z/]+):(\d+\.\d+\.\d+)(?:@(sha256:[0-9a-f]{64}))?")
HUB: Final = "https://registry-1.docker.io"
PLATFORMS: Final = {"amd64", "arm64"}
_LISTS: Final = "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json"
_PATIENCE_S: Final = 60


def fetched(url: str, headers: dict[str, str]) -> bytes:
    """What a registry answers."""
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=_PATIENCE_S) as answer:  # noqa: S310, the registry's
        content: bytes = answer.read()
        return content


def manifest(registry: str, name: str, tag: str) -> bytes:
    """The list of an image's platforms. Anybody may pull, but the registry wants a token that says so."""
    url = f"{registry}/v2/{name}/manifests/{tag}"
    try:
        return fetched(url, {"Accept": _LISTS})
    except urllib.error.HTTPError as error:
        asked = dict(re.findall(r'(\w+)="([^"]*)"', error.headers.get("WWW-Authenticate", "")))
        if error.code != 401 or "realm" not in asked:  # noqa: PLR2004, HTTP
            raise
    words = urllib.parse.urlencode({word: asked[word] for word in ("service", "scope") if word in asked})
    token = json.loads(fetched(f"{asked['realm']}?{words}", {}))["token"]
    return fetched(url, {"Accept": _LISTS, "Authorization": f"Bearer {token}"})


def digest(registry: str, name: str, tag: str) -> str:
    """The digest of an image. ValueError if it is not there for both platforms."""
    content = manifest(registry, name, tag)
    found = {one.get("platform", {}).get("architecture") for one in json.loads(content).get("manifests", ())}
    if not found >= PLATFORMS:
        raise ValueError(f"{name}:{tag} is not there for {' and '.join(sorted(PLATFORMS - found))}")
    return "sha256:" + hashlib.sha256(content).hexdigest()


def main(words: list[str] | None = None) -> int:
    """Pin or check all images. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing")
    parser.add_argument("--registry", default=HUB, help="another registry, for tests")
    parser.add_argument("--root", type=Path, default=ROOT, help="another folder, for tests")
    asked = parser.parse_args(words)
    texts = {path: (asked.root / path).read_text(encoding="utf-8") for path in FILES}
    known: dict[tuple[str, str], str] = {}
    moved = 0
    for path, text in texts.items():
        for name, tag, pinned in IMAGE.findall(text):
            try:
                now = known.get((name, tag)) or digest(asked.registry, name, tag)
            except (OSError, ValueError, KeyError) as error:
                print(f"E! {name}:{tag}: {error}", file=sys.stderr)
                return 2
            if (name, tag) not in known:
                print(f"{'=' if pinned == now else '!'} {name}:{tag} {now}")
            known[name, tag] = now
            moved += pinned != now
        if not asked.check:
            (asked.root / path).write_text(
                IMAGE.sub(lambda one: f"docker.io/{one[1]}:{one[2]}@{known[one[1], one[2]]}", text), encoding="utf-8"
            )
    return int(bool(moved) and asked.check)


if __name__ == "__main__":
    sys.exit(main())
