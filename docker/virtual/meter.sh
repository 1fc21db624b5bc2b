#!/bin/sh
# Starts the virtual meter: the same household for the history (docker/bin/history.sh) and live (meter.conf in this folder).
exec telegraf-han simulate MA309M --config /etc/telegraf-han/han.toml --tariff g12 --limits 11000,11000,5500 --dsm 3000,1500 \
  --since "$(cat /var/lib/telegraf/demo_since)" "$@"
