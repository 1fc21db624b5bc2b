"""`./dev bench` at a hundredth of its size: the table is complete, and each row measured what it says.

No time of one machine is asserted. What is compared took turns in one run, and the margins are wide: a busy machine must not fail a build, a
peer that was not read or a cost that grows with the number of meters must.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".cache/bench/bin/python"
OURS = "telegraf-han"
READ_BY_PEERS = {
    ("P1, encrypted by Stoen", "ciphers"): 0,
    ("P1, encrypted by Stoen", "dlms-cosem, block"): 0,
    ("P1, encrypted as in Luxembourg", "dsmr_parser, ciphered"): 24,
    ("P1, encrypted as in Luxembourg", "dlms-cosem, envelope"): 0,
    ("P1, plain, of a GAMA350", "dsmr_parser"): 21,
    ("P1, plain, of a GAMA350", "amshan"): 36,
    ("P1, plain, three phases (DSMR 5)", "dsmr_parser"): 54,
    ("P1, plain, three phases (DSMR 5)", "amshan"): 54,
    ("wireless, mode 5", "pymbusparser"): 36,
}
"""Who reads which telegrams, and how many readings of the first three are compared. Who only deciphers compares the text itself."""
FLAT = 2.5
"""A telegram of one of 10,000 meters may take so many times as long as one of a single meter. It was 1.1 to 1.4."""
METER_BYTES = 12_000
"""Memory of a wireless meter with a key, a tag and a limit. It was 4,500."""


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """One run of everything."""
    if not PYTHON.exists():
        subprocess.run([ROOT / "dev", "peers"], check=True, cwd=ROOT, timeout=600)
    path = tmp_path_factory.mktemp("bench") / "figures.json"
    words = ["--scale", "0.01", "--rounds", "2", "--json", path]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "plugin")}
    done = subprocess.run(
        [PYTHON, ROOT / "tests/benchmarks/bench.py", *words], env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode in (0, 1), done.stderr  # 1: rounds far apart, which two short rounds may be
    return json.loads(path.read_text()) | {"printed": done.stdout}


def rates(figures: dict) -> dict[tuple[str, str], dict]:
    """Each row of the rates, by telegrams and program."""
    return {(group["title"], row["name"]): row for group in figures["rates"] for row in group["rates"]}


def test_every_program_that_can_read_a_capture_is_measured(figures) -> None:
    """Ours reads all captures. Each peer reads those that it can, all their telegrams, and its readings are equal to ours."""
    found = rates(figures)
    read = {who: row["equal"] + row["cut"] for who, row in found.items() if row["per_s"] and who[1] != OURS}
    whole = {who for who, row in found.items() if row["per_s"] and row["good"] != row["count"] and not who[0].startswith("mixed")}

    assert (READ_BY_PEERS, set()) == (read, whole)
    assert [f"{who}: {row['differ']}" for who, row in found.items() if row["differ"]] == []


def test_ours_reads_every_telegram_of_every_capture(figures) -> None:
    """Seven captures, and from each as many lines as it has telegrams of configured meters."""
    ours = {who[0]: row for who, row in rates(figures).items() if who[1] == OURS}

    assert len(ours) == 7
    assert [row["ours"] for row in ours.values()] == [45, 45, 45, 54, 45, 45, 0]


def test_what_cannot_read_is_said(figures) -> None:
    """A peer that is not measured has its reason in the table."""
    silent = [row for row in rates(figures).values() if row["per_s"] is None]

    assert len(silent) >= 10
    assert all(row["does"].startswith(("cannot read it: ", "not measured: ")) for row in silent)


def test_ours_is_faster_than_the_readers_of_p1(figures) -> None:
    """Ours with deciphering is faster than dsmr_parser and amshan are without, on the same content."""
    found = rates(figures)
    ours = found["P1, encrypted by Stoen", OURS]["per_s"]
    peers = [found["P1, plain, of a GAMA350", name]["per_s"] for name in ("dsmr_parser", "amshan")]

    assert all(ours > 2 * peer for peer in peers), (ours, peers)


def test_many_meters_cost_no_more_than_one(figures) -> None:
    """A telegram of one of 10,000 meters takes about as long as one of a single meter, and a meter takes a few kilobytes."""
    one, _, many = figures["meters"]

    assert (one["meters"], many["meters"]) == (1, 10_000)
    assert many["telegram_us"] < FLAT * one["telegram_us"]
    assert (many["peak_mb"] - one["peak_mb"]) * 1024**2 < METER_BYTES * 10_000


def test_run_loses_no_line(figures) -> None:
    """`run` writes a line for each telegram of a configured meter, from one cable, from one receiver, and from all at once with noise."""
    runs = figures["run"]

    assert [(one["title"], one["lost"]) for one in runs[:2]] == [("P1, encrypted by Stoen", 0), ("wireless, mode 5, 20 meters", 0)]
    assert runs[2]["lost"] <= 0.05 * runs[2]["telegrams"]  # noise may hide a telegram behind it


def test_start_and_latency_have_their_rows(figures) -> None:
    """Four starts, and the latency of seven ports and paces, each with times above zero."""
    assert [one["what"] for one in figures["start"]] == [
        "bare Python",
        "decode, a P1 telegram",
        "decode, a wireless telegram",
        "run, to its first line",
    ]
    assert all(one["over_python_ms"] > 0 for one in figures["start"][1:])
    assert [one["per_s"] for one in figures["latency"]] == [1, 1, 1, 10, 10, 100, 100]
    assert all(0 < one["median_ms"] <= one["percentile_99_ms"] <= one["worst_ms"] for one in figures["latency"])
    assert all(one["cpu_us"] > 0 for one in figures["latency"])


def test_every_figure_is_in_the_printed_table(figures) -> None:
    """Each part has its table, and each table says on what machine it was made."""
    printed = figures["printed"]

    for title in (
        "one core, without the start",
        "Whole commands",
        "Start",
        "By number of wireless meters",
        "From the last byte",
        "Processor time of one",
    ):
        assert title in printed
    for word in ("cores", "Python 3.", "load average", "dsmr-parser 1."):
        assert word in printed.splitlines()[0]
