#!/bin/sh
# Telegraf as docker-compose.yml starts it; a power cut may have torn its buffer.
set -eu
python3 /opt/telegraf-han/docker/mend_buffer.py /var/lib/telegraf/buffer
exec telegraf --config /etc/telegraf/telegraf.conf --config-directory /etc/telegraf-han
