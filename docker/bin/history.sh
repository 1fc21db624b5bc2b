#!/bin/bash
# The virtual meter's past into InfluxDB, once: a telegram every ten seconds since its registers began to count, and the
# down-sampled data of those days. Where the configuration has no virtual meter there is nothing to do.
#
# Telegrams depend on seed and time alone, so what is interrupted is simply written again.
set -euo pipefail
done_file=/run/admin/demo_history

if [ ! -e /etc/telegraf-han/meter.sh ]; then
  echo "I! no virtual meter, no history to make up"
  exit
fi
if [ -e "$done_file" ]; then
  echo "I! the virtual meter's history is there"
  exit
fi
since=$(cat /var/lib/telegraf/demo_since)
now=$(date --utc +%Y-%m-%dT%H:%M:%S+00:00)
echo "I! the virtual meter's history since $since, which takes a minute"
sh /etc/telegraf-han/meter.sh --start "$since" --until "$now" --interval 10 --speed max --to - |
  telegraf-han influx import --format p1 --config /etc/telegraf-han/han.toml --token-file /run/secrets/influx_token -
telegraf-han influx backfill --start "$since" --stop "$now" --token-file /run/admin/influx_token
echo "$now" >"$done_file"
