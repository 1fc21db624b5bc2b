#!/bin/sh
# Stands for systemd on a machine without it: knows one service, telegraf.service, and really restarts that Telegraf as its user.
set -e
pid=/run/telegraf.pid

stop() {
  [ -s "$pid" ] || return 0
  kill "$(cat "$pid")" 2>/dev/null || true
  # Nobody reaps it on this machine. A process that has ended has no program any more.
  while readlink "/proc/$(cat "$pid")/exe" >/dev/null 2>&1; do sleep 0.1; done
  rm -f "$pid"
}

echo "$*" >>/run/systemctl.said
case "$*" in
  "cat telegraf.service" | daemon-reload) ;;
  "is-active --quiet telegraf") [ -s "$pid" ] && readlink "/proc/$(cat "$pid")/exe" >/dev/null ;;
  "stop telegraf") stop ;;
  "start telegraf" | "restart telegraf")
    stop
    install -d -o telegraf -g telegraf -m 750 /run/telegraf-han # RuntimeDirectory= of the drop-in
    RUNTIME_DIRECTORY=/run/telegraf-han setsid setpriv --reuid=telegraf --regid=telegraf --init-groups /usr/bin/telegraf \
      --config /etc/telegraf/telegraf.conf --config-directory /etc/telegraf/telegraf.d >>/tmp/telegraf.log 2>&1 </dev/null &
    echo $! >"$pid"
    ;;
  *) exit 1 ;;
esac
