"""`bill`: what it refuses before it asks InfluxDB. tests/stack has the rest."""

from __future__ import annotations

from argparse import Namespace
from datetime import date
from pathlib import Path

import pytest

from telegraf_han import cli
from telegraf_han.commands import bill
from telegraf_han.config.file import load
from telegraf_han.config.sections import MeterConfig
from telegraf_han.influx.settling import Contract, Window
from telegraf_han.tariffs.calendar import HOUR_S
from telegraf_han.tariffs.components import PER_KWH, PER_MONTH
from telegraf_han.tariffs.tariff import Fixed, Plan, Section, Timeline

DAY_S = 86_400
NOW_S = 1_790_000_000 // HOUR_S * HOUR_S
METER = '[[meter]]\nname = "home"\ninterface = "p1"\nport = "/dev/x"\n'
TARIFF = "[[meter.tariff]]\n[meter.tariff.per_kwh]\nenergy = 0.5\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "han.toml"
    path.write_text(METER + TARIFF)
    return path


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--since", "yesterday"], "a day such as 2025-01-01 is expected"),
        (["--back", "0"], "a time from 1h on is expected"),
        (["--month", "2026-13"], "a month such as 2026-10 is expected"),
        (["--meter", "hmoe"], "--meter: a meter of the configuration is expected: home"),
        (["--output", "csv"], "--output: --month is expected, too"),
        (["--language", "pl"], "--language: --month is expected, too"),
        (["--month", "2026-10", "--since", "2026-01-01"], "--since: no --month is expected"),
        (["--month", "2026-10", "--to", "influx"], "--to: no --month is expected"),
        (["--since", "2026-01-01", "--back", "3d"], "--back: either --since or --back is expected"),
    ],
)
def test_options(config: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An option that cannot be used or would have no effect is an error, with what is expected instead."""
    try:
        code = cli.main(["bill", "--config", str(config), *words])
    except SystemExit as ended:  # argparse
        code = ended.code

    assert code == 2
    assert said in capsys.readouterr().err


def test_a_statement_without_a_tariff(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """InfluxDB is not asked for anything."""
    config.write_text(METER)
    (tmp_path / "token").write_text("token")
    (tmp_path / "token").chmod(0o600)

    code = cli.main(["bill", "--config", str(config), "--token-file", str(tmp_path / "token"), "--month", "2026-10"])

    assert code == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        "E! no statement: no meter of the configuration has a tariff. Write [meter.prices] or [[meter.tariff]]"
    )


@pytest.mark.parametrize(("given", "expected"), [(None, "pl"), ("en", "en")])
def test_the_language_of_a_statement(config: Path, monkeypatch: pytest.MonkeyPatch, given: str | None, expected: str) -> None:
    """The environment's, as for all commands. An empty LC_ALL is none."""
    monkeypatch.setenv("LC_ALL", "")
    monkeypatch.setenv("LANG", "pl_PL.UTF-8")
    monkeypatch.delenv("LANGUAGE", raising=False)
    monkeypatch.delenv("LC_MESSAGES", raising=False)
    written = []
    monkeypatch.setattr(bill.settling, "statement", lambda *_: "statement")
    monkeypatch.setattr(bill._statement, "written", lambda found, output, language: written.append(language) or "")
    contracts = bill._contracts(load(str(config)), [])

    assert bill._state(None, contracts, Namespace(month=date(2026, 10, 1), tariff=None, output=None, language=given)) == 0
    assert written == [expected]


def test_obis_layout(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The registers are read in the wide layout, so the other one is refused with a sentence."""
    config.write_text(f'[output]\nlayout = "obis"\n{METER}{TARIFF}')

    assert cli.main(["bill", "--config", str(config)]) == 2
    assert '[output]: layout: "wide" is expected' in capsys.readouterr().err


def test_keys_are_not_needed(config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A key file that cannot be read stops no bill."""
    monkeypatch.delenv("INFLUX_TOKEN", raising=False)
    config.write_text(f'{METER}encryption_key = "file:none.ek"\n{TARIFF}')

    assert cli.main(["bill", "--config", str(config)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "token" in line
    assert "none.ek" not in line


def contract(begin: date = date.min, end: date = date.max, name: str = "home") -> Contract:
    section = Section("G11", begin, end, (Fixed(),) * len(PER_KWH), (0,) * len(PER_MONTH))
    return Contract(MeterConfig(name, "p1"), Plan(Timeline("own", (section,))))


@pytest.mark.parametrize(
    ("one", "newest", "first", "expected"),
    [
        pytest.param(contract(), None, NOW_S - 90 * DAY_S, NOW_S - 90 * DAY_S, id="nothing is settled: from the first reading on"),
        pytest.param(contract(), None, None, NOW_S, id="never read"),
        pytest.param(contract(), NOW_S - 9 * DAY_S, 0, NOW_S - 9 * DAY_S, id="the newest hour again, because it may not have been over"),
        pytest.param(contract(date(2026, 9, 1)), None, 0, 1_788_213_600, id="not before the tariff holds: midnight in Warsaw"),
        pytest.param(contract(end=date(2026, 9, 1)), 1_788_213_600 - HOUR_S, 0, NOW_S, id="a tariff that has ended is settled"),
        pytest.param(
            contract(end=date(2026, 9, 1)),
            1_788_213_600 - 2 * HOUR_S,
            0,
            1_788_213_600 - 2 * HOUR_S,
            id="it has ended with an hour missing",
        ),
    ],
)
def test_first_hour_that_is_missing(one: Contract, newest: int | None, first: int | None, expected: int) -> None:
    """Where a run without options begins."""
    settled = {} if newest is None else {("home", "own"): newest}
    readings = {} if first is None else {"home": first}

    assert bill._missing_s(one, one.plan.own, settled, readings, NOW_S) == expected


@pytest.mark.parametrize(("meters", "reach_h"), [(1, 5000), (2, 5000), (3000, 7 * 24)])
def test_a_run_has_an_end(meters: int, reach_h: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """If years are missing, a run settles the oldest part of them, and always more than it settles again. What is up to date is settled whole."""
    names = [f"flat-{number}" for number in range(meters)]
    newest = {(names[-1], "own"): NOW_S - 2 * HOUR_S} if meters > 1 else {}
    monkeypatch.setattr(bill, "RUN_LIMIT", 5000 * min(meters, 2))
    monkeypatch.setattr(bill.billing, "newest_hours", lambda source, meters: newest)
    monkeypatch.setattr(bill.billing, "first_hours", lambda source, meters: dict.fromkeys(meters, NOW_S - 900 * DAY_S))
    arguments = Namespace(since=None, back=None)

    found = {one.meter.name: window for one, window in bill._windows(None, [contract(name=name) for name in names], arguments, NOW_S)}

    assert found["flat-0"] == Window(NOW_S - 900 * DAY_S, NOW_S - 900 * DAY_S + reach_h * HOUR_S)
    if meters > 1:
        assert found[names[-1]] == Window(NOW_S - bill.BACK_S, NOW_S + HOUR_S)


def test_groups_have_one_window_and_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Meters of one window are settled together, as many as fit into the memory; a long window is settled meter by meter."""
    monkeypatch.setattr(bill, "AT_ONCE", 250)
    short, long, empty = Window(0, 100 * HOUR_S), Window(0, 1000 * HOUR_S), Window(5, 5)
    work = [(contract(name=str(place)), (short, long, empty)[place % 3]) for place in range(12)]

    found = [([one.meter.name for one in group], window) for group, window in bill._groups(work)]

    assert found == [(["0", "3"], short), (["6", "9"], short), *(([str(place)], long) for place in (1, 4, 7, 10))]
