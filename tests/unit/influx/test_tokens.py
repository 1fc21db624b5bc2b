"""tokens: made once, kept private, renewed when lost, never more than needed."""

import os
import stat
from pathlib import Path

import pytest

from telegraf_han.errors import ConfigError
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


def test_nobody_can_divert_the_file(api, place, say, tmp_path: Path) -> None:
    """A link in place of the file is not followed."""
    path = tmp_path / "token"
    os.symlink(tmp_path / "elsewhere", f"{path}.new")

    with pytest.raises(ConfigError):
        tokens.settle(place, tokens.write("energy"), str(path), say)
    assert not (tmp_path / "elsewhere").exists()
