"""stored: what InfluxDB answers becomes facts of sites. Points without a site are those of a house beside the fleet."""

from typing import Any, cast

import pytest

from telegraf_han.fleet import stored
from telegraf_han.fleet.facts import Stored
from telegraf_han.influx.connection import Place

NOW = 1_800_000_000.0


class Api:
    """An InfluxDB whose answers depend on words in the query."""

    def __init__(self, answers: dict[str, list[tuple[dict[str, str], float, Any]]]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def influxql(self, database: str, query: str) -> list[dict[str, Any]]:
        assert database == "energy"
        self.asked.append(query)
        rows = next((rows for words, rows in self.answers.items() if all(word in query for word in words.split("|"))), [])
        return [{"name": "x", "tags": tags, "columns": ["time", "x"], "values": [[time_s, value]]} for tags, time_s, value in rows]


def read(answers: dict[str, list[tuple[dict[str, str], float, Any]]]) -> dict[str, Stored]:
    return stored.read(Place(cast("Any", Api(answers)), "", "energy"), NOW, 600.0)


def test_all_that_is_known_of_a_site() -> None:
    """Each fact from its measurement; the newest of the fields that a meter may have."""
    found = read(
        {
            f"electricity_link|<= {int(NOW)}s": [
                ({"site": "wola", "meter": "a"}, NOW - 20, "ok"),
                ({"site": "wola", "meter": "b"}, NOW - 10, "silent"),
                ({"site": "wola", "meter": "c"}, NOW - 30, "ok"),
                ({"site": "wola", "meter": "gone"}, NOW - 7200, "ok"),
            ],
            'last("active_energy_import_wh")|<=': [({"site": "wola"}, NOW - 50, 1.0)],
            'last("active_power_import_w")|<=': [({"site": "wola"}, NOW - 40, 1.0)],
            "internal_write|'telegraf-han fleet'": [({"site": "wola"}, NOW - 60, 17)],
            'count("active_energy_import_wh")': [({"site": "wola"}, 0, 300)],
            'last("active_power_import_w")|> 1800000900s': [({"site": "wola"}, NOW + 1000, 1.0)],
        }
    )

    assert found == {
        "wola": Stored(
            reading_s=NOW - 40,
            status_s=NOW - 10,
            uplink_s=NOW - 60,
            uplink_lines=17,
            future_s=NOW + 1000,
            states={"ok": 2, "silent": 1},
            lines_per_minute=60.0,
        )
    }


def test_points_without_a_site() -> None:
    """They are not of this fleet."""
    assert read({"electricity_link|<=": [({"site": "", "meter": "a"}, NOW, "ok"), ({"meter": "a"}, NOW, "ok")]}) == {}


def test_nothing_is_written_into_a_query_from_outside() -> None:
    """All queries consist of words of this program and of numbers."""
    api = Api({})
    stored.read(Place(cast("Any", api), "", "energy"), NOW, 600.0)

    assert len(api.asked) == len(set(api.asked))
    assert all(query.startswith("SELECT ") and ";" not in query for query in api.asked)


@pytest.mark.parametrize(
    ("before", "moved_s"),
    [({}, NOW - 5), ({"wola": Stored()}, NOW - 5), ({"wola": Stored(status_s=NOW - 65)}, 60.0), ({"wola": Stored(reading_s=NOW - 5)}, 0.0)],
)
def test_the_newest_point_moved(before: dict[str, Stored], moved_s: float) -> None:
    """The first point of a site counts as having moved far."""
    assert stored.compared(before, {"wola": Stored(status_s=NOW - 5)})["wola"].moved_s == moved_s


def test_nothing_new() -> None:
    """A site with nothing does not move, and one that was there before is forgotten only with its points."""
    assert stored.compared({"wola": Stored()}, {"wola": Stored(uplink_s=NOW)})["wola"].moved_s == 0.0
