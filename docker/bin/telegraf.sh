#!/bin/sh
# Starts Telegraf for docker-compose.yml. Before that, it repairs the buffer, which a power cut may have torn.
set -eu
python3 /opt/telegraf-han/docker/mend_buffer.py /var/lib/telegraf/buffer
exec telegraf --config /etc/telegraf/telegraf.conf --config-directory /etc/telegraf-han
