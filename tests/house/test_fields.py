"""Metrics are an API: a field key once published stays, with its meaning."""

from pathlib import Path

import pytest

from telegraf_han import obis

PUBLISHED = Path(__file__).parents[1] / "published_fields.txt"


def registry() -> dict[str, str]:
    """Field key → code (and occurrence) of everything the registry names."""
    fields = {}
    for code, row in obis.registry().items():
        for occurrence in range(1, max(1, len(row.occurrences)) + 1):
            column = obis.column(code, None, "", occurrence)
            if column.field:
                fields[column.field] = f"{code}#{occurrence}" if row.occurrences else code
    return fields


def published() -> dict[str, str]:
    """The list as it was released."""
    return dict(line.split() for line in PUBLISHED.read_text().splitlines() if not line.startswith("#"))


def test_nothing_published_vanishes(request: pytest.FixtureRequest) -> None:
    """Each field of the list is still there and still says the same code; a new one is entered with `--accept`, none is ever removed."""
    known, found = published(), registry()
    if request.config.getoption("--accept"):
        head = [line for line in PUBLISHED.read_text().splitlines() if line.startswith("#")]
        PUBLISHED.write_text("\n".join([*head, *sorted(f"{field} {code}" for field, code in (found | known).items()), ""]))
        known = published()

    assert {field: found.get(field) for field in known} == known
    assert sorted(set(found) - set(known)) == []


def test_the_list_is_sorted_and_free_of_doubles() -> None:
    """A diff of the list shows what a change does to users."""
    lines = [line for line in PUBLISHED.read_text().splitlines() if not line.startswith("#")]

    assert lines == sorted(lines)
    assert len({line.split()[0] for line in lines}) == len(lines)


def test_field_keys_need_no_escaping() -> None:
    """Lower case, digits and underscores, in queries without quotes."""
    assert [field for field in published() if not field.isidentifier() or field != field.lower()] == []
