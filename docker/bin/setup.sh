#!/bin/sh
# Sets up an empty InfluxDB for the stack. It runs to its end before Telegraf and Grafana start. It runs again at every
# `docker compose up` and does no harm: it makes what is missing and leaves what is there.
#
# Three folders hold secrets that nobody has to know. Each is a volume that only its user can see. All files have mode 600:
#
#   $SECRETS/admin      influx_password, influx_token     InfluxDB's administrator: this script alone
#   $SECRETS/telegraf   influx_token, demo keys           may write the two buckets
#                       bill_token                        may read them: `telegraf-han bill`
#   $SECRETS/grafana    influx_token, admin_password      may read the two buckets
#
# InfluxDB keeps only hashes of tokens, so a token is written to its file at the moment it is made. An InfluxDB that somebody
# else has set up before is used as it is. Then you have to provide $SECRETS/admin/influx_token (docs/compose.md).
set -eu
umask 077

SECRETS=/run/secrets
STATE=/var/lib/telegraf
GRAFANA_OWNER=472:0
DEMO_DAYS=${DEMO_DAYS:-30}

say() { echo "I! $*"; }

fail() {
  echo "E! $*" >&2
  exit 1
}

# write FILE: writes standard input into FILE, whole or not at all, without a newline at its end.
write() {
  content=$(cat)
  printf %s "$content" >"$1.new"
  mv "$1.new" "$1"
}

random() { head -c 24 /dev/urandom | base64 | tr '+/' '-_'; }

# made_once FILE COMMAND…: writes the command's output into FILE, unless the file has content already.
made_once() {
  file=$1
  shift
  [ -s "$file" ] || "$@" | write "$file"
}

# Does the first set-up of an InfluxDB: its administrator and the bucket. Secrets go through pipes, never into arguments.
onboard() {
  made_once "$SECRETS/admin/influx_password" random
  made_once "$SECRETS/admin/influx_token" random
  printf '{"username":"admin","password":"%s","token":"%s","org":"%s","bucket":"%s","retentionPeriodSeconds":0}' \
    "$(cat "$SECRETS/admin/influx_password")" "$(cat "$SECRETS/admin/influx_token")" "$INFLUX_ORG" "$INFLUX_BUCKET" |
    curl --silent --show-error --fail --output /dev/null --header 'Content-Type: application/json' --data @- "$INFLUX_URL/api/v2/setup"
  # These tokens and this history belong to an InfluxDB whose data are gone.
  rm -f "$SECRETS/telegraf/influx_token" "$SECRETS/telegraf/bill_token" "$SECRETS/grafana/influx_token" "$SECRETS/admin/demo_history"
  say "InfluxDB is set up: organisation $INFLUX_ORG, bucket $INFLUX_BUCKET"
}

mkdir -p "$SECRETS/admin" "$SECRETS/telegraf" "$SECRETS/grafana" "$STATE/buffer"

state=$(curl --silent --show-error --fail "$INFLUX_URL/api/v2/setup") || fail "no InfluxDB 2 answers at $INFLUX_URL. Is it running?"
case $state in
  *'"allowed":true'* | *'"allowed": true'*) onboard ;;
esac
[ -s "$SECRETS/admin/influx_token" ] ||
  fail "the InfluxDB at $INFLUX_URL was set up by somebody else: provide a token of its administrator, see docs/compose.md"

telegraf-han influx setup --token-file "$SECRETS/admin/influx_token" \
  --write-token-file "$SECRETS/telegraf/influx_token" --bill-token-file "$SECRETS/telegraf/bill_token" \
  --read-token-file "$SECRETS/grafana/influx_token"

made_once "$SECRETS/grafana/admin_password" random
# The virtual meter's keys are public (see `telegraf-han simulate --help`). Its registers begin to count DEMO_DAYS before the first start.
made_once "$SECRETS/telegraf/demo_ek" echo 000102030405060708090a0b0c0d0e0f
made_once "$SECRETS/telegraf/demo_ak" echo d0d1d2d3d4d5d6d7d8d9dadbdcdddedf
made_once "$STATE/demo_since" date --utc --date="-$DEMO_DAYS days" +%Y-%m-%dT%H:00:00+00:00

chmod 700 "$SECRETS"/*
chown -R "$TELEGRAF_OWNER" "$SECRETS/telegraf" "$STATE"
chown -R "$GRAFANA_OWNER" "$SECRETS/grafana"
say "setup is done: Telegraf may write, Grafana and the bill may read"
