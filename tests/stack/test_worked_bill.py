"""The bill that docs/bill.md follows line by line: what the real program prints of it, from registers in a real InfluxDB."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from document import Document
from telegraf_han import cli

if TYPE_CHECKING:
    from servers.running import Influx

ROOT = Path(__file__).parents[2]
NS = 1_000_000_000
SEPTEMBER_S = 1_788_213_600
OCTOBER_S = 1_790_805_600
"""Midnight in Warsaw, 2026-10-01T00:00:00+02:00."""
HOURS = 745
"""October has one hour more, because the clock is set back."""
FIRST_WH = 4_120_000
HOURLY_WH = 400
WINDOW_S = 300
WINDOWS = 12
FED_IN_WH = 400_000
"""In September, which has 30 days."""


@pytest.fixture
def october(influx: Influx, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A house that draws 400 W all the time, and the tariff that the repository has as an example. Returns the configuration's path."""
    influx.make_bucket("energy/5m")
    for name, value in (("URL", influx.url), ("TOKEN", influx.token), ("ORG", influx.org), ("BUCKET", influx.bucket)):
        monkeypatch.setenv(f"INFLUX_{name}", value)
    lines = []
    for window in range(-1, HOURS * WINDOWS):
        wh = Decimal(FIRST_WH) + Decimal(HOURLY_WH * (window + 1)) / WINDOWS
        stamp_ns = (OCTOBER_S + window * WINDOW_S) * NS
        lines.append(f"electricity,interface=p1,meter=home,serial=15000001 active_energy_import_wh={wh:.0f} {stamp_ns}\n")
    influx.write("".join(lines), "energy/5m")
    (tmp_path / "tariff-g12.toml").write_bytes((ROOT / "docs/examples/tariff-g12.toml").read_bytes())
    path = tmp_path / "han.toml"
    path.write_text(
        '[[meter]]\nname = "home"\ninterface = "p1"\nport = "/dev/null"\ntariff = "file:tariff-g12.toml"\nyearly_use_kwh = 2400\n'
    )
    return str(path)


@pytest.mark.parametrize(("page", "language"), [("docs/bill.md", "en"), ("docs/bill.pl.md", "pl")])
def test_statement(october: str, page: str, language: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The page shows what the program prints."""
    assert cli.main(["bill", "--config", october, "--month", "2026-10", "--language", language]) == 0
    printed = capsys.readouterr().out

    assert printed.rstrip() in "\n".join(block.rstrip() for block in Document(page).blocks)


@pytest.mark.parametrize(("page", "language"), [("docs/bill.md", "en"), ("docs/bill.pl.md", "pl")])
def test_deposit(october: str, influx: Influx, page: str, language: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The end of the statement, if the house fed in during September and the tariff says what the page adds to it."""
    document = Document(page)
    (added,) = [block for block in document.blocks if "[tariff.feed_in]" in block]
    tariff = Path(october).with_name("tariff-g12.toml")
    tariff.write_text(f"{tariff.read_text()}\n{added}\n")
    windows = (OCTOBER_S - SEPTEMBER_S) // WINDOW_S
    influx.write(
        "".join(
            "electricity,interface=p1,meter=home,serial=15000001 "
            f"active_energy_import_wh={FIRST_WH},active_energy_export_wh={Decimal(FED_IN_WH * (window + 1)) / windows:.0f} "
            f"{(SEPTEMBER_S + window * WINDOW_S) * NS}\n"
            for window in range(-1, windows)
        ),
        "energy/5m",
    )

    # As long as September is not settled, nobody knows the deposit. The statement says so, and what to do.
    assert cli.main(["bill", "--config", october, "--month", "2026-10", "--language", language]) == 0
    assert "telegraf-han bill --since 2026-08-31 --to influx" in capsys.readouterr().out
    assert cli.main(["bill", "--config", october, "--since", "2026-09-01", "--to", "influx"]) == 0
    capsys.readouterr()
    assert cli.main(["bill", "--config", october, "--month", "2026-10", "--language", language]) == 0
    end = capsys.readouterr().out.rstrip().rpartition("\n\n")[2]

    assert end in [block.rstrip() for block in document.blocks]
    assert "258.27 PLN" in end.replace(",", ".")


def test_lines_by_hand() -> None:
    """The page's table multiplies and adds up right."""
    for page in ("docs/bill.md", "docs/bill.pl.md"):
        (table,) = [table for table in Document(page).tables if len(table[0]) == 4]
        total = Decimal(0)
        for _, amount, price, net in table[1:]:
            product = Decimal(_number(amount)) * Decimal(_number(price))
            assert product.quantize(Decimal("0.01"), ROUND_HALF_UP) == Decimal(_number(net)), amount
            total += Decimal(_number(net))
        vat = (total * Decimal("0.23")).quantize(Decimal("0.01"), ROUND_HALF_UP)
        spoken = Document(page).text.replace(",", ".")
        assert all(f"{number} PLN" in spoken for number in (total, vat, total + vat))


def _number(cell: str) -> str:
    return cell.replace(",", ".").split(" ")[0]
