"""buckets: made as requested, used as they are if they existed before, and removed only if they are ours."""

import pytest

from telegraf_han.errors import ConfigError
from telegraf_han.influx import buckets


def test_both_are_made(api, place, say, said) -> None:
    """Raw data are kept as long as requested, down-sampled data for ever, in long files."""
    buckets.settle(place, 90 * 86400, None, say)

    assert said == ["created bucket energy", "created bucket energy/5m"]
    assert [(bucket["name"], bucket["retentionRules"]) for bucket in api.resources["buckets"]] == [
        ("energy", [{"type": "expire", "everySeconds": 90 * 86400}]),
        ("energy/5m", [{"type": "expire", "everySeconds": 0, "shardGroupDurationSeconds": 30 * 86400}]),
    ]


def test_a_bucket_that_is_there(api, place, say, said) -> None:
    """Its retention is changed only on request."""
    api.resources["buckets"] = [
        {"id": "1", "name": "energy", "description": "mine", "retentionRules": [{"type": "expire", "everySeconds": 7}]}
    ]

    buckets.settle(place, None, None, say)
    assert api.resources["buckets"][0]["retentionRules"] == [{"type": "expire", "everySeconds": 7}]
    buckets.settle(place, 0, None, say)

    assert said == ["ok bucket energy", "created bucket energy/5m", "changed bucket energy", "ok bucket energy/5m"]
    assert api.resources["buckets"][0]["retentionRules"] == [{"type": "expire", "everySeconds": 0}]


def test_down_sampled_data_are_not_kept_shorter(place, say) -> None:
    """Retentions that would leave a gap between the two buckets are refused."""
    with pytest.raises(ConfigError, match="--retention-5m"):
        buckets.settle(place, 90 * 86400, 30 * 86400, say)


@pytest.mark.parametrize(("with_data", "left"), [(False, ["energy", "energy/5m", "other"]), (True, ["energy", "other"])])
def test_removal(api, place, say, said, with_data: bool, left: list[str]) -> None:
    """Data are deleted only on request, and only those of buckets that were made here."""
    api.resources["buckets"] = [
        {"id": "1", "name": "energy"},
        {"id": "2", "name": "energy/5m", "description": buckets.DOWNSAMPLED},
        {"id": "3", "name": "other", "description": buckets.RAW},
    ]

    buckets.remove(place, say, with_data=with_data)

    assert [bucket["name"] for bucket in api.resources["buckets"]] == left
    assert len(said) == 2
