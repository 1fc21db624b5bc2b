"""tokens: made once, kept private, renewed when lost, never more than needed."""

import os
import stat
from pathlib import Path

import pytest

from telegraf_han.errors import ConfigError, SourceError
from telegraf_han.influx import tokens


@pytest.fixture(autouse=True)
def _buckets(api) -> None:
    api.resources["buckets"] = [{"id": "b1", "name": "energy"}, {"id": "b2", "name": "energy/5m"}, {"id": "b3", "name": "_monitoring"}]


@pytest.mark.parametrize(
    ("grant", "allowed"),
    [
        (tokens.write, [("write", "b1"), ("write", "b2")]),
        (tokens.read, [("read", "b1"), ("read", "b2")]),
        (tokens.bill, [("read", "b1"), ("read", "b2")]),
    ],
    ids=["write", "read", "bill"],
)
def test_a_new_token(api, place, say, said, tmp_path: Path, grant, allowed) -> None:
    """The token has its rights and no others, and only the file's owner can read it."""
    path = tmp_path / "token"

    tokens.settle(place, grant("energy"), str(path), say)

    (made,) = api.resources["authorizations"]
    assert [(right["action"], right["resource"]["id"]) for right in made["permissions"]] == allowed
    assert path.read_text() == "made-token"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert said == [f"created token telegraf-han energy: {grant('energy').name} in {path}"]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("grant", [tokens.write, tokens.read, tokens.bill])
def test_a_token_that_works_is_kept(api, place, say, said, tmp_path: Path, grant) -> None:
    """The second run changes nothing: Telegraf and Grafana keep their tokens, written with or without a newline."""
    path = tmp_path / "token"
    tokens.settle(place, grant("energy"), str(path), say)
    path.write_text("made-token")

    tokens.settle(place, grant("energy"), str(path), say)

    assert [line.split()[0] for line in said] == ["created", "ok"]
    assert len(api.resources["authorizations"]) == 1
    assert path.read_text() == "made-token"


@pytest.mark.parametrize("content", [None, "", "another-token", "\x89PNG"], ids=["lost", "empty", "unknown", "damaged"])
def test_a_lost_token_is_made_again(api, place, say, said, tmp_path: Path, content: str | None) -> None:
    """The old token, which nobody has any more, is deleted."""
    path = tmp_path / "token"
    tokens.settle(place, tokens.write("energy"), str(path), say)
    path.unlink() if content is None else path.write_text(content)

    tokens.settle(place, tokens.write("energy"), str(path), say)

    assert [line.split()[0] for line in said] == ["created", "changed"]
    assert len(api.resources["authorizations"]) == 1
    assert path.read_text() == "made-token"


def test_a_token_of_one_bucket_is_made_again(api, place, say, said, tmp_path: Path) -> None:
    """Telegraf writes costs into the second bucket. A token that was made when it did not is replaced."""
    path = tmp_path / "token"
    tokens.settle(place, tokens.write("energy"), str(path), say)
    api.forbidden = {"energy/5m"}

    tokens.settle(place, tokens.write("energy"), str(path), say)

    assert [line.split()[0] for line in said] == ["created", "changed"]
    assert len(api.resources["authorizations"]) == 1


def test_no_place_for_the_file(api, place, say, tmp_path: Path) -> None:
    """A token that cannot be saved is not made."""
    with pytest.raises(ConfigError, match="nowhere/token: --write-token-file: a file that can be written is expected"):
        tokens.settle(place, tokens.write("energy"), str(tmp_path / "nowhere" / "token"), say)

    assert api.resources.get("authorizations", []) == []


@pytest.mark.parametrize("put", [os.symlink, os.link, lambda _, path: os.mkfifo(path)], ids=["link", "second name", "pipe"])
def test_nobody_can_divert_the_file(api, place, say, tmp_path: Path, put) -> None:
    """What the folder's owner puts there is neither followed, nor written to, nor waited for."""
    path, victim = tmp_path / "token", tmp_path / "victim"
    victim.write_text("root's")
    put(victim, f"{path}.new")

    tokens.settle(place, tokens.write("energy"), str(path), say)

    assert victim.read_text() == "root's"
    assert not path.is_symlink()
    assert path.read_text() == "made-token"


def test_nothing_is_left_of_a_token_that_was_not_made(api, place, say, tmp_path: Path, monkeypatch) -> None:
    """So `remove` finds the folder empty."""

    def cut(method: str, *words: object, **options: object) -> object:
        raise SourceError("cut off")

    monkeypatch.setattr(tokens.items, "every", lambda _, kind: api.resources.get("buckets", []) if kind is tokens.BUCKET else [])
    monkeypatch.setattr(api, "call", cut)
    with pytest.raises(SourceError):
        tokens.settle(place, tokens.write("energy"), str(tmp_path / "token"), say)

    assert list(tmp_path.iterdir()) == []
