#!/bin/sh
# Sites in Kafka: a topic, what its certificate may do, and a quota. Kafka's own commands do all of it.
#
#   site.sh init           once: what the centre may do, and the quota of every site
#   site.sh add SITE       the topic han.SITE.lines. SITE may write to it, and nothing else
#   site.sh quota SITE N   another quota for one site: N bytes per second
#   site.sh revoke SITE    SITE may do nothing any more, from the next request on. What it has sent stays
#   site.sh list           who may do what
#
# From the environment: KAFKA_BIN, the folder with kafka-topics.sh; BOOTSTRAP, a server's address, or several with commas; ADMIN, the file admin.properties;
# QUOTA, bytes per second for each site; PARTITIONS for each site.
set -eu

KAFKA_BIN=${KAFKA_BIN:-/opt/kafka/bin}
BOOTSTRAP=${BOOTSTRAP:-kafka.example.org:9093}
ADMIN=${ADMIN:-/etc/kafka/admin.properties}
QUOTA=${QUOTA:-65536}
PARTITIONS=${PARTITIONS:-1}

kafka() {
	tool=$1
	shift
	"$KAFKA_BIN/kafka-$tool.sh" --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" "$@"
}

usage() {
	sed -n '4,8s/^#   //p' "$0" >&2
	exit 2
}

command=${1:-}
site=${2:-}
case $command in
init | list) [ $# -eq 1 ] || usage ;;
add | revoke) [ $# -eq 2 ] || usage ;;
quota) [ $# -eq 3 ] || usage ;;
*) usage ;;
esac
case $site in
"") ;;
-* | *[!a-z0-9-]*)
	echo "site.sh: a site's name has only a-z, 0-9 and -, and does not begin with -: $site" >&2
	exit 2
	;;
esac
if [ ${#site} -gt 32 ]; then
	echo "site.sh: a site's name has at most 32 characters: $site" >&2
	exit 2
fi

case $command in
init)
	# Read and Describe on the topics, Read on the group; "prefixed": on all whose names begin like this.
	kafka acls --add --allow-principal User:centre.fleet --consumer --topic han. --group influx --resource-pattern-type prefixed
	kafka configs --alter --entity-type users --entity-default --add-config "producer_byte_rate=$QUOTA"
	;;
add)
	kafka topics --create --if-not-exists --topic "han.$site.lines" --partitions "$PARTITIONS"
	kafka acls --add --allow-principal "User:$site" --operation Write --operation Describe --topic "han.$site.lines"
	;;
quota)
	kafka configs --alter --entity-type users --entity-name "$site" --add-config "producer_byte_rate=$3"
	;;
revoke)
	kafka acls --remove --force --allow-principal "User:$site" --operation Write --operation Describe --topic "han.$site.lines"
	;;
list)
	kafka acls --list
	;;
esac
