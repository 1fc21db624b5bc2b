"""What Grafana's container is given, read as Grafana reads it: a folder of files, environment variables and `$__file{…}` put in.

Grafana expands every value of a provisioning file in this order: `$__env{NAME}` and `${NAME}`, `$__file{PATH}` without the
white space around, then `$NAME`; `$$` is a dollar sign, an unset variable is nothing, a missing file an error that ends it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["expanded", "files", "on_host", "read"]

PROVISIONING = "/etc/grafana/provisioning"
Service = dict[str, Any]


def on_host(service: Service, place: str, volumes: Path | None = None) -> Path | None:
    """Where a path of the container lies on the host; volumes are folders in `volumes`. None for what only the image holds."""
    inner = Path(place)
    covering = [mount for mount in service["volumes"] if inner.is_relative_to(mount["target"])]
    if not covering:
        return None
    mount = max(covering, key=lambda one: len(one["target"]))
    if mount["type"] == "volume" and volumes is None:
        return None
    source = Path(mount["source"]) if mount["type"] == "bind" else (volumes or Path()) / mount["source"]
    return source / inner.relative_to(mount["target"])


def files(service: Service, kind: str) -> list[Path]:
    """The files on the host that Grafana finds in a folder of its provisioning."""
    folder = f"{PROVISIONING}/{kind}"
    found: set[Path] = set()
    for mount in service["volumes"]:
        source = Path(mount["source"])
        if mount["target"] == folder:
            found |= {path for path in source.iterdir() if path.suffix in {".yaml", ".yml"}}
        elif Path(mount["target"]).parent == Path(folder):
            found.add(source)
    return sorted(found)


def read(service: Service, kind: str, volumes: Path | None = None) -> dict[str, list[Any]]:
    """All files of a kind, their lists joined, every value expanded. FileNotFoundError where a `$__file` is not there."""
    joined: dict[str, list[Any]] = {}
    for file in files(service, kind):
        for key, value in yaml.safe_load(file.read_text(encoding="utf-8")).items():
            if isinstance(value, list):
                joined.setdefault(key, []).extend(_deep(value, service, volumes))
    return joined


def _deep(value: Any, service: Service, volumes: Path | None) -> Any:
    if isinstance(value, dict):
        return {key: _deep(one, service, volumes) for key, one in value.items()}
    if isinstance(value, list):
        return [_deep(one, service, volumes) for one in value]
    return expanded(value, service, volumes) if isinstance(value, str) else value


def expanded(text: str, service: Service, volumes: Path | None = None) -> str:
    """One value with variables and files put in; without `volumes` the files stay as they are written."""
    env: Mapping[str, str] = service["environment"]

    def content(match: re.Match[str]) -> str:
        if volumes is None:
            return match[0]
        file = on_host(service, match[1], volumes)
        if file is None:
            raise FileNotFoundError(match[1])
        return file.read_text().strip()

    def one(part: str) -> str:
        part = re.sub(r"\$(?:__env)?\{([^}]+)\}", lambda match: env.get(match[1]) or "", part)
        part = re.sub(r"\$__file\{([^}]+)\}", content, part)
        return re.sub(r"\$(?!__file\b)(\w+)", lambda match: env.get(match[1]) or "", part)

    return "$".join(one(part) for part in text.split("$$"))
