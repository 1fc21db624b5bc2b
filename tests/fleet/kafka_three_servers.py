"""Three Kafka servers, of which one is killed: run by hand, because three of them need over a gigabyte.

.venv/bin/python -m pytest tests/fleet/kafka_three_servers.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import test_kafka

if TYPE_CHECKING:
    from pathlib import Path


def test_lines_flow_while_one_of_three_servers_is_away(tmp_path: Path) -> None:
    """Whichever server is killed, the others take and give the lines; the one that comes back has them, too."""
    with test_kafka.running_fleet(tmp_path, servers=3) as fleet:
        fleet.centre("only")
        for number in (1, 2, 3):
            for site in fleet.sites:
                fleet.uplinks[site].send(1000)
            fleet.kafka.kill(number)
            for site in fleet.sites:
                fleet.uplinks[site].send(500)
            fleet.all_stored(*fleet.sites)
            fleet.kafka.start(number)

        assert {site: fleet.stored(site) for site in fleet.sites} == {site: fleet.uplinks[site].sent for site in fleet.sites}
