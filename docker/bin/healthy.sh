#!/bin/sh
# Checks that metrics flow through Telegraf. docker/telegraf.conf answers two questions, each at a socket of its own.
set -eu

ask() { # ask SOCKET WHAT-A-NO-MEANS
  curl --silent --fail --max-time 4 --output /dev/null --unix-socket "$1" http://localhost/ && return
  echo "$2"
  exit 1
}

ask /tmp/readings.sock "no reading has come for three minutes. The log shows the meter's state"
ask /tmp/waiting.sock "InfluxDB does not take the metrics. Telegraf's log shows why"
