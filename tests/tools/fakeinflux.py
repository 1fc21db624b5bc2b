"""An InfluxDB of the tests' own that remembers what it was asked; the real one is in tests/stack."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from telegraf_han.errors import SourceError
from telegraf_han.influx.api import RefusedError
from telegraf_han.influx.connection import Place


class FakeApi:
    """Resources by path in memory; lines in `written`. What is put into `answers` happens to the next writes instead."""

    url = "http://influx.test"
    org = "home"

    def __init__(self) -> None:
        self.resources: dict[str, list[dict[str, Any]]] = {}
        self.calls: list[tuple[str, str]] = []
        self.written: list[bytes] = []
        self.buckets: set[str] = set()
        """Buckets written to."""
        self.answers: list[Exception | None] = []
        self.bad: dict[bytes, tuple[int, str]] = {}
        self.forbidden: set[str] = set()

    def call(self, method: str, path: str, body: dict[str, Any] | None = None, query: Mapping[str, Any] | None = None) -> dict[str, Any]:
        self.calls.append((method, path))
        kind, _, number = path.removeprefix("/api/v2/").partition("/")
        there = self.resources.setdefault(kind, [])
        if method == "GET":
            return {kind: [one for one in there if one["id"] > (query or {}).get("after", "")]}
        if method == "POST":
            assert body is not None
            there.append({"id": f"{len(self.calls):04}", "added_by_influxdb": True, **body, "token": "made-token"})
            return there[-1]
        place = next(place for place, one in enumerate(there) if one["id"] == number)
        if method == "DELETE":
            return there.pop(place)
        there[place] |= body or {}
        return there[place]

    def listed(self, path: str, key: str, query: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        assert query == {"orgID": "1"}
        return iter(list(self.call("GET", path)[key]))

    def write(self, bucket: str, lines: bytes) -> None:
        assert bucket in ("energy", "energy/5m")
        if bucket in self.forbidden:
            raise RefusedError(403, "insufficient permissions for write")
        self.buckets.add(bucket)
        answer = self.answers.pop(0) if self.answers else None
        if answer:
            raise answer
        bad = [self.bad[line] for line in lines.splitlines() if line in self.bad]
        if any(status == 400 for status, _ in bad):
            raise RefusedError(*bad[0])
        self.written += [line for line in lines.splitlines() if line not in self.bad]
        if bad:
            raise RefusedError(bad[0][0], f"{bad[0][1]} dropped={len(bad)}")

    def flux(self, _script: str) -> list[Mapping[str, Any]]:
        return []

    def as_token(self, token: str) -> "FakeApi":
        other = FakeApi()
        other.resources = self.resources
        other.forbidden = self.forbidden
        if token != "made-token":
            other.answers = [RefusedError(401, "unauthorized access")]
            other.resources = {}
        return other

    def close(self) -> None:
        pass


@pytest.fixture
def api() -> FakeApi:
    return FakeApi()


@pytest.fixture
def place(api: FakeApi) -> Place:
    return Place(api, "1", "energy")  # type: ignore[arg-type]


@pytest.fixture
def said() -> list[str]:
    """What was told of items, in order."""
    return []


@pytest.fixture
def say(said: list[str]):
    return lambda outcome, name: said.append(f"{outcome} {name}")


@pytest.fixture
def away() -> SourceError:
    return SourceError("no InfluxDB answers")
