"""items: resources are made, changed, left alone or removed, and nobody else's resources are touched."""

import pytest

from telegraf_han.influx import items

CHECK = {
    "name": "telegraf-han energy: silent",
    "every": "60s",
    "tags": [{"key": "a", "value": "b"}],
    "query": {"text": "from()\n    |> last()"},
}


def test_made_then_left_alone_then_changed(api, place, said, say) -> None:
    """The first run creates the check, the second leaves it alone. A changed wish changes it, and its id stays."""
    items.settle(place, items.CHECK, CHECK, say)
    items.settle(place, items.CHECK, CHECK, say)
    changed = items.settle(place, items.CHECK, CHECK | {"every": "5s"}, say)

    assert said == [f"{what} check telegraf-han energy: silent" for what in ("created", "ok", "changed")]
    assert [check["every"] for check in api.resources["checks"]] == ["5s"]
    assert changed["id"] == api.resources["checks"][0]["id"]
    assert [method for method, _ in api.calls if method != "GET"] == ["POST", "PUT"]


def test_a_secret_is_sent_each_time_but_is_no_change(api, place, said, say) -> None:
    """Fields that InfluxDB never shows cannot be compared. They are sent again, and the item is reported as ok."""
    endpoint = {"name": "telegraf-han energy: webhook", "url": "http://hook.test"}
    for _ in range(2):
        items.settle(place, items.ENDPOINT, endpoint, say, {"token": "s3cret"})

    assert [line.split()[0] for line in said] == ["created", "ok"]
    assert [method for method, _ in api.calls if method != "GET"] == ["POST", "PUT"]


def test_pruning(api, place, said, say) -> None:
    """Only resources that were made for this bucket and are no longer wanted are removed."""
    names = ["telegraf-han energy: a", "telegraf-han energy: b", "telegraf-han cottage: a", "telegraf-han energy", "mine"]
    api.resources["checks"] = [{"id": f"{place}", "name": name} for place, name in enumerate(names)]

    items.prune(place, items.CHECK, ["telegraf-han energy: b"], say)

    assert said == ["removed check telegraf-han energy: a"]
    assert [check["name"] for check in api.resources["checks"]] == names[1:]


def test_tasks_are_paged(api, place, say) -> None:
    """Tasks come page by page, each beginning after the last one's id."""
    api.resources["tasks"] = [{"id": f"{number:04}", "name": f"task {number}"} for number in range(5)]

    assert [task["name"] for task in items.every(place, items.TASK)] == [f"task {number}" for number in range(5)]


@pytest.mark.parametrize(
    ("wanted", "there", "same"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({"a": 1}, {"a": 2}, False),
        ({"a": 1}, {}, False),
        ({"a": []}, {"a": None}, False),
        ({"a": False}, {}, True),
        ({"a": 0}, {"a": None}, True),
        ({"a": [{"b": 1}]}, {"a": [{"b": 1, "c": 2}]}, True),
        ({"a": [1]}, {"a": [1, 2]}, False),
        ({"a": [1, 2]}, {"a": [2, 1]}, False),
        ("from(x)\n|> last()", "from( x )\n    |> last()\n", True),
        ('c = {_check_id: "", n: "x"}', 'c = {\n    _check_id: "0123",\n    n: "x",\n}', True),
        ('c = {n: "x"}', 'c = {n: "y"}', False),
        ("-1h", "-2h", False),
    ],
)
def test_alike(wanted: object, there: object, same: bool) -> None:
    """Only the wanted fields are compared, and Flux without its layout."""
    assert items.alike(wanted, there) is same
