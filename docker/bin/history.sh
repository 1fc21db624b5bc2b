#!/bin/bash
# Writes the virtual meter's past into InfluxDB, once: a telegram every ten seconds since its registers began to count, the
# down-sampled data of those days, and what they cost. If the configuration has no virtual meter, there is nothing to do.
#
# Telegrams depend only on seed and time. So after an interruption the same telegrams are written again.
set -euo pipefail
done_file=/run/admin/demo_history

if [ ! -e /etc/telegraf-han/meter.sh ]; then
  echo "I! there is no virtual meter, so there is no history to write"
  exit
fi
if [ -e "$done_file" ]; then
  echo "I! the virtual meter's history is already there"
  exit
fi
since=$(cat /var/lib/telegraf/demo_since)
now=$(date --utc +%Y-%m-%dT%H:%M:%S+00:00)
echo "I! writing the virtual meter's history since $since. This takes a minute"
sh /etc/telegraf-han/meter.sh --start "$since" --until "$now" --interval 10s --speed max --to - |
  telegraf-han influx import --format p1 --config /etc/telegraf-han/han.toml --token-file /run/secrets/influx_token -
telegraf-han influx backfill --start "$since" --stop "$now" --token-file /run/admin/influx_token
telegraf-han bill --since "${since%T*}" --to influx --config /etc/telegraf-han/han.toml --token-file /run/admin/influx_token
echo "$now" >"$done_file"
