"""registry: sites.json is read as it was written, and a damaged one is refused whole."""

import json

import pytest

from telegraf_han.errors import ConfigError
from telegraf_han.fleet import registry
from telegraf_han.fleet.registry import Site

WOLA = Site("0123abcd", "2026-11-29T12:00:00Z", "2031-11-28T12:00:00Z")
URSUS = WOLA._replace(revoked="2026-11-30T12:00:00Z")
GOOD = {"wola": WOLA._asdict()}


def test_what_is_written_is_read() -> None:
    """In the order of names, whatever the order was."""
    text = registry.written({"wola": WOLA, "ursus": URSUS})

    assert registry.read(text, "x") == {"ursus": URSUS, "wola": WOLA}
    assert list(json.loads(text)) == ["ursus", "wola"]


def test_no_registry() -> None:
    """A new fleet has no sites."""
    assert registry.read(None, "x") == {}


def test_active() -> None:
    """A revoked site is not among them."""
    assert registry.active({"wola": WOLA, "ursus": URSUS}) == {"wola": WOLA}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '"wola"',
        '{"wola": null}',
        '{"wola": []}',
        '{"wola": {}}',
        json.dumps({"Wola": WOLA._asdict()}),
        json.dumps({"wola": {**WOLA._asdict(), "more": "x"}}),
        json.dumps({"wola": {**WOLA._asdict(), "issue": 1}}),
        json.dumps({"wola": {**WOLA._asdict(), "issue": '"}] }, "EVIL" {'}}),
        json.dumps({"wola": {**WOLA._asdict(), "until": "soon"}}),
        json.dumps({"wola": {**WOLA._asdict(), "revoked": None}}),
        json.dumps({"wola": {**WOLA._asdict(), "revoked": "yes"}}),
    ],
)
def test_a_damaged_registry(text: str) -> None:
    """Nothing is taken from it: servers would lose sites, or get what is no site."""
    with pytest.raises(ConfigError) as raised:
        registry.read(text, "sites.json")

    assert str(raised.value) == "sites.json: a registry that `telegraf-han fleet` wrote is expected. Restore this file from a backup"
    assert registry.read(json.dumps(GOOD), "sites.json")
