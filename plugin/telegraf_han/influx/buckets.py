"""Makes and removes the two buckets: one for raw telegrams, one for down-sampled data.

Raw telegrams are kept as long as the user sets, down-sampled data for ever by default. A bucket that was there before is used as it is
(InfluxDB's own set-up makes one). Its retention is changed only on request, because a shorter retention deletes data. The description of a
bucket says whether this module made it. Only buckets that this module made are ever removed, and only together with their data.
"""

from typing import Final, NamedTuple

from telegraf_han.errors import ConfigError
from telegraf_han.influx import downsampling, items
from telegraf_han.influx.api import Json
from telegraf_han.influx.connection import Place
from telegraf_han.influx.items import BUCKET, Say

RAW: Final = "Telegrams of smart meters, made by telegraf-han."
DOWNSAMPLED: Final = "Telegrams of smart meters by five minutes, made by telegraf-han."
_MARK: Final = "made by telegraf-han."

SHARD_S: Final = 30 * 86_400
"""Time span of one file of the down-sampled bucket. A year then has 13 files instead of 52. A month's points are few enough for one."""
SHORTEST_S: Final = 3600
"""The shortest retention, InfluxDB's own limit."""


def settle(place: Place, raw_s: int | None, downsampled_s: int | None, say: Say) -> None:
    """Make both buckets. None leaves a retention as it is; in a new bucket it means for ever.

    Raises ConfigError, RefusedError, SourceError.
    """
    if raw_s and downsampled_s and downsampled_s < raw_s:
        raise ConfigError("", "--retention-5m", "a time that is not shorter than --retention is expected")
    wishes = (
        _Wish(place.bucket, RAW, raw_s, None),
        _Wish(downsampling.bucket(place.bucket), DOWNSAMPLED, downsampled_s, SHARD_S),
    )
    for wish in wishes:
        items.settle(place, BUCKET, _wanted(wish, items.found(place, BUCKET, wish.name)), say)


def adopt(place: Place) -> None:
    """Describe the bucket of the telegrams as one that was made here. Raises RefusedError, SourceError."""
    there = items.found(place, BUCKET, place.bucket)
    if there is not None:
        place.api.call("PATCH", f"{BUCKET.path}/{there['id']}", {"description": RAW})


class _Wish(NamedTuple):
    name: str
    description: str
    kept_s: int | None
    """Retention; None leaves it as it is."""
    shard_s: int | None


def _wanted(wish: _Wish, there: Json | None) -> Json:
    """The bucket as InfluxDB's API takes it."""
    if there is not None:
        rules = {"retentionRules": [{"type": "expire", "everySeconds": wish.kept_s}]} if wish.kept_s is not None else {}
        return {"name": wish.name, **rules}
    rule: Json = {"type": "expire", "everySeconds": wish.kept_s or 0}
    # InfluxDB requires that a file spans less time than is kept. If little is kept, InfluxDB chooses the span itself.
    if wish.shard_s and (not wish.kept_s or wish.kept_s > 2 * wish.shard_s):
        rule["shardGroupDurationSeconds"] = wish.shard_s
    return {"name": wish.name, "description": wish.description, "retentionRules": [rule]}


def remove(place: Place, say: Say, *, with_data: bool) -> None:
    """Delete the buckets made here and all their data if `with_data` is set. Raises RefusedError, SourceError."""
    names = (downsampling.bucket(place.bucket), place.bucket)
    for there in [there for there in items.every(place, BUCKET) if there.get("name") in names]:
        if with_data and str(there.get("description", "")).endswith(_MARK):
            items.remove(place, BUCKET, there, say)
        else:
            say("kept", f"bucket {there['name']}, {'which setup did not make' if with_data else 'with its data'}")
