#!/bin/sh
# An empty InfluxDB into one that the stack can use. Runs to its end before Telegraf and Grafana start, and again at every
# `docker compose up` without harm: it makes what is missing and leaves what is there.
#
# Three folders, each a volume that only its user gets to see, hold what nobody has to know; all files have mode 600:
#
#   $SECRETS/admin      influx_password, influx_token     InfluxDB's administrator: this script alone
#   $SECRETS/telegraf   influx_token, demo keys           may write the one bucket
#   $SECRETS/grafana    influx_token, admin_password      may read the two buckets
#
# InfluxDB keeps hashes of tokens only, so a token is written down at the moment it is made. An InfluxDB that was set up
# before by somebody else is used as it is; then $SECRETS/admin/influx_token has to be put there (docs/compose.md).
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

# write FILE: standard input into FILE, whole or not at all, without a newline at its end.
write() {
  content=$(cat)
  printf %s "$content" >"$1.new"
  mv "$1.new" "$1"
}

random() { head -c 24 /dev/urandom | base64 | tr '+/' '-_'; }

# made_once FILE COMMAND…: the command's output in FILE, unless there is something in it.
made_once() {
  file=$1
  shift
  [ -s "$file" ] || "$@" | write "$file"
}

# The first set-up of an InfluxDB: its administrator and the bucket. Secrets go through pipes, never into arguments.
onboard() {
  made_once "$SECRETS/admin/influx_password" random
  made_once "$SECRETS/admin/influx_token" random
  printf '{"username":"admin","password":"%s","token":"%s","org":"%s","bucket":"%s","retentionPeriodSeconds":0}' \
    "$(cat "$SECRETS/admin/influx_password")" "$(cat "$SECRETS/admin/influx_token")" "$INFLUX_ORG" "$INFLUX_BUCKET" |
    curl --silent --show-error --fail --output /dev/null --header 'Content-Type: application/json' --data @- "$INFLUX_URL/api/v2/setup"
  # Tokens and history of an InfluxDB whose data are gone.
  rm -f "$SECRETS/telegraf/influx_token" "$SECRETS/grafana/influx_token" "$SECRETS/admin/demo_history"
  say "InfluxDB is set up: organisation $INFLUX_ORG, bucket $INFLUX_BUCKET"
}

mkdir -p "$SECRETS/admin" "$SECRETS/telegraf" "$SECRETS/grafana" "$STATE/buffer"

state=$(curl --silent --show-error --fail "$INFLUX_URL/api/v2/setup") || fail "no InfluxDB 2 answers at $INFLUX_URL"
case $state in
  *'"allowed":true'* | *'"allowed": true'*) onboard ;;
esac
[ -s "$SECRETS/admin/influx_token" ] ||
  fail "the InfluxDB at $INFLUX_URL was set up by somebody else: give a token of its administrator, see docs/compose.md"

telegraf-han influx setup --token-file "$SECRETS/admin/influx_token" \
  --write-token-file "$SECRETS/telegraf/influx_token" --read-token-file "$SECRETS/grafana/influx_token"
for user in telegraf grafana; do
  write "$SECRETS/$user/influx_token.whole" <"$SECRETS/$user/influx_token"
  mv "$SECRETS/$user/influx_token.whole" "$SECRETS/$user/influx_token"
done

made_once "$SECRETS/grafana/admin_password" random
# The virtual meter's keys are public (see `telegraf-han simulate --help`); its registers count from the first start's past.
made_once "$SECRETS/telegraf/demo_ek" echo 000102030405060708090a0b0c0d0e0f
made_once "$SECRETS/telegraf/demo_ak" echo d0d1d2d3d4d5d6d7d8d9dadbdcdddedf
made_once "$STATE/demo_since" date --utc --date="-$DEMO_DAYS days" +%Y-%m-%dT%H:00:00+00:00

chmod 700 "$SECRETS"/*
chown -R "$TELEGRAF_OWNER" "$SECRETS/telegraf" "$STATE"
chown -R "$GRAFANA_OWNER" "$SECRETS/grafana"
say "done: Telegraf may write, Grafana may read"
