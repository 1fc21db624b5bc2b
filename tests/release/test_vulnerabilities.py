"""packaging/vulnerabilities.py: a known vulnerability of a pinned package is found, and what was not checked is said. The records are made up."""

import json
from pathlib import Path

import pytest
import vulnerabilities
import yaml

LOCK = "Some_Lib==2.5.0 \\\n    --hash=sha256:00\nother==1.0 \\\n    --hash=sha256:00\n"
RANGE = {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.6"}]}


def record(name: str = "some-lib", **affected) -> dict:
    return {
        "id": "PYSEC-2026-1",
        "aliases": ["CVE-2026-1"],
        "modified": "2026-11-02T10:00:00Z",
        "affected": [{"package": {"ecosystem": "PyPI", "name": name}, **affected}],
    }


@pytest.fixture
def check(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Check a lock file against records. Returns the exit code and what was printed."""
    lock = tmp_path / "lock.txt"
    lock.write_text(LOCK)

    def checked(*records: dict | str, kind: str = "yaml") -> tuple[int, str]:
        folder = tmp_path / "database"
        for number, one in enumerate(records):
            place = folder / f"vulns/some-lib/PYSEC-{number}.{kind}"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(one if isinstance(one, str) else json.dumps(one) if kind == "json" else yaml.safe_dump(one))
        code = vulnerabilities.main(["--database", str(folder), "--lock", str(lock)])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return checked


def events(*pairs: tuple[str, str]) -> dict:
    return {"ranges": [{"type": "ECOSYSTEM", "events": [{kind: version} for kind, version in pairs]}]}


@pytest.mark.parametrize("kind", ["yaml", "json"])
@pytest.mark.parametrize(
    "affected",
    [
        {"versions": ["2.4", "2.5"]},
        {"versions": ["1.0-not-a-version", "2.5.0"]},
        events(("introduced", "0"), ("fixed", "2.6")),
        events(("introduced", "2.5")),
        events(("introduced", "2"), ("last_affected", "2.5.0")),
        events(("introduced", "1"), ("fixed", "1.5"), ("introduced", "2"), ("fixed", "3")),
        events(("fixed", "2.10"), ("introduced", "2.5rc1")),
    ],
)
def test_found(check, affected: dict, kind: str) -> None:
    """Whichever way a record says it: the package is named, with its version, the record and its aliases."""
    code, printed = check(record(**affected), kind=kind)

    assert code == 1
    assert "E! some-lib 2.5.0: PYSEC-2026-1 (CVE-2026-1)" in printed


@pytest.mark.parametrize(
    "affected",
    [
        {"versions": ["2.5.1"]},
        events(("introduced", "0"), ("fixed", "2.5")),
        events(("introduced", "0"), ("last_affected", "2.4.9")),
        events(("introduced", "2.5.1")),
        events(("introduced", "1"), ("fixed", "2"), ("introduced", "3")),
        {"ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}]},
    ],
)
def test_not_concerned(check, affected: dict) -> None:
    """A version outside of what is affected is no finding, but the package counts as known."""
    code, printed = check(record(**affected))

    assert code == 0
    assert "0 findings. 1 packages have records" in printed


@pytest.mark.parametrize("name", ["Some.Lib", "some_lib", "SOME-LIB"])
def test_spellings_of_a_name(check, name: str) -> None:
    """PyPI takes these for one name (PEP 503)."""
    assert check(record(name, ranges=[RANGE]))[0] == 1


def test_others_are_left_alone(check) -> None:
    """A record that was withdrawn, one of another package, and one of another registry are no findings."""
    elsewhere = record(ranges=[RANGE])
    elsewhere["affected"][0]["package"]["ecosystem"] = "npm"

    assert check(record(ranges=[RANGE]) | {"withdrawn": "2026-11-03T00:00:00Z"}, record("some-library", ranges=[RANGE]), elsewhere)[0] == 0


def test_what_was_not_checked_is_said(check) -> None:
    """How old the database is, how much it knows, and what nobody looked at."""
    _, printed = check(record(versions=["9"]))

    assert "1 records. The newest is of 2026-11-02" in printed
    assert "not checked: the base images with Debian's packages" in printed
    assert "Telegraf, InfluxDB, Grafana" in printed


@pytest.mark.parametrize(
    "broken", ["some-lib: [", "some-lib\n", "id: X\naffected: [{package: {ecosystem: PyPI, name: some-lib}, ranges: [{}]}]\n"]
)
def test_a_broken_record_is_no_success(check, broken: str) -> None:
    """What cannot be read is named, and the check does not say that all is well."""
    code, printed = check(record(versions=["9"]), broken)

    assert code == 2
    assert "W! not read: PYSEC-1.yaml" in printed


def test_an_empty_folder_is_no_database(check) -> None:
    """Nothing was checked, so the exit code says so."""
    code, printed = check()

    assert code == 2
    assert "so nothing was checked" in printed


def test_without_a_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """If the database cannot be fetched, the message says which option takes a copy."""
    monkeypatch.setattr(vulnerabilities, "SOURCE", str(tmp_path / "nothing"))
    monkeypatch.setattr(vulnerabilities, "KEPT", tmp_path / "kept")

    assert vulnerabilities.main([]) == 2
    assert "--database FOLDER" in capsys.readouterr().err
