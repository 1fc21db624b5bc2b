"""What differs between the boards of a house and the boards of a fleet: the words that stand for a chosen site.

Both are built from the same tables. Each condition, link and uid in the tables has a «name» at the place where a site belongs, and the
build fills it in, as it fills in the words of a language. In a house, where no point has a tag `site`, each of them is empty. In a fleet the
names of meters are unique only within their site: `home` is on many. So each query of a fleet's board begins its condition with the
site that is chosen. `tests/grafana/test_fleet_files.py` looks at every query for that.

The fleet has one board more, the list of all sites (`LIST`). It reads sums by site, and no site is chosen on it.
"""

from typing import Final, NamedTuple

HOUSE_BOARDS: Final = ("home", "bill", "history", "quality", "health", "building")
"""The boards, in the order of the links."""
LIST: Final = "fleet"
SITE: Final = "\"site\" = '${site:raw}'"
"""The chosen site. A name of a site is lower-case letters, digits and hyphens, so it needs no escapes."""


class Variant(NamedTuple):
    """One set of boards."""

    boards: tuple[str, ...]
    folder: str
    """Where its files are, from the top of the repository."""
    words: dict[str, str]
    """What its «names» stand for, the same in all languages."""


HOUSE: Final = Variant(
    HOUSE_BOARDS,
    "grafana",
    {
        "of_site": "",
        "where_site": "",
        "and_site": "",
        "or_site": "",
        "kind": "",
        "alerts_of": 'meter=~"${meter:regex}"',
        "computed": "10m",
        "overdue": "25m",
    },
)
FLEET: Final = Variant(
    (LIST, *HOUSE_BOARDS),
    "fleet",
    {
        "of_site": f"{SITE} AND ",
        "where_site": f" WHERE {SITE}",
        "and_site": "&${site:queryparam}",
        "or_site": "|site",
        "kind": f"{LIST}-",
        "alerts_of": 'site="${site:raw}"',
        # The tasks of a fleet run every quarter of an hour instead of every five minutes.
        "computed": "25m",
        "overdue": "45m",
    },
)
VARIANTS: Final = (HOUSE, FLEET)
