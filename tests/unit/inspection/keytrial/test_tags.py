"""keytrial.tags: what a tag proves, and what `run` makes of a tag that proves nothing."""

import pytest

import p1telegrams as p1
from keytrials import AK, EK, FOREIGN, TELEGRAM, judged


@pytest.mark.parametrize("aad", [b"\x30", b"", b"\x30" + bytes(16)], ids=["SC", "nothing", "SC || AK of zeros"])
@pytest.mark.parametrize("authentication", ["preferred", "required"])
def test_tag_that_binds_no_key(aad: bytes, authentication: str) -> None:
    """A tag that fits without the authentication key proves nothing about it. `required` drops such telegrams."""
    telegram = p1.stoen(ek=EK, ak=AK, aad=aad)
    found = judged(EK.hex(), AK.hex(), telegram, authentication=authentication)
    without = judged(EK.hex(), None, telegram)

    assert found.verdict == "unproven"
    assert "the tag fits without the authentication key" in found.said
    assert "so it proves nothing" in found.said
    assert ("`run` would drop every telegram" in found.said) == (authentication == "preferred")
    assert ("`run` drops every telegram" in found.todo) == (authentication == "required")
    assert without.verdict == "right"
    assert "No authentication_key is needed" in without.said


@pytest.mark.parametrize("telegram", [TELEGRAM, p1.stoen(ek=EK, ak=AK, control=0x20)], ids=["another key", "no tag"])
def test_required_drops(telegram: bytes) -> None:
    """With authentication = "required" a tag that does not fit, or is missing, costs the telegrams. The finding says so."""
    found = judged(EK.hex(), FOREIGN.hex(), telegram, authentication="required")

    assert found.verdict == "unproven"
    assert "`run` drops every telegram" in found.said + found.todo
    assert "values are used with" not in found.said + found.todo


@pytest.mark.parametrize("swapped", [False, True])
def test_content_that_a_tag_proves_without_a_key(swapped: bool) -> None:
    """The tag proves the encryption key even if no authentication key is in it and the content is no text."""
    keys = (FOREIGN, EK) if swapped else (EK, FOREIGN)
    found = judged(keys[0].hex(), keys[1].hex(), p1.stoen(b"\x0f\0\1\2" * 40, ek=EK, ak=AK, aad=b"\x30"))

    assert (found.verdict, found.what) == ("unread", "content")
    assert found.said.startswith("authentication_key is the" if swapped else "encryption_key is the")
