#!/bin/sh
# The virtual meter: the same household in its history (docker/bin/history.sh) as live (meter.conf beside this file).
exec telegraf-han simulate MA309M --config /etc/telegraf-han/han.toml --tariff g12 --limits 11000,11000,5500 --dsm 3000,1500 \
  --since "$(cat /var/lib/telegraf/demo_since)" "$@"
