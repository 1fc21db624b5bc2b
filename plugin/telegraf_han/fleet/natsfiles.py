"""Makes the configuration of the NATS servers. Pure: plan and sites in, text out.

Each site is an account of its own. So a site cannot hear what other sites send, and not even the answers that they get. Its account
imports two things from the account HAN:

- the service `han.SITE.>`, so that what it publishes there reaches the stream HAN, and the broker's acknowledgement comes back.
- the description of an empty stream, under the name of the stream HAN. Telegraf's output asks for it when it connects. The description of
  the real stream would name the subjects of all sites to who asks for them. ($JS.API… in `mappings` [seen on 2.15.3])

A user is a certificate (`verify_and_map`). So nothing secret stands in these files, and a server knows a revoked site no more as soon as
it has read its file again: it then ends the connection of that site, too [seen on 2.15.3].
"""

from typing import Final

from telegraf_han.fleet import certificates
from telegraf_han.fleet.plan import Fleet
from telegraf_han.fleet.registry import Sites, active

PLACE: Final = "/etc/telegraf-han-nats"
STORE: Final = "/var/lib/telegraf-han-nats"
UNIT: Final = "telegraf-han-nats.service"
STREAM: Final = "HAN"
DOOR: Final = "HAN_SITES"
"""An empty stream, for sites that ask for the stream."""
CONSUMER: Final = "influx"
"""The durable consumer that all Telegrafs of the centre share."""
DELIVERY: Final = "deliver.influx"
SUBJECTS: Final = "han.*.lines"
INFO: Final = "$JS.API.STREAM.INFO."
_DOOR_INFO: Final = "door.info"
ADMIN: Final = "admin"
WATCH: Final = "watch"
CENTRE: Final = "centre"
MESSAGE_LIMIT_BYTES: Final = 1 << 18
"""A message of 60 lines has at most 240 KiB, because a line of the plugin has at most 4 KiB.

The limit is this low because a hostile site can fill a message with the shortest lines that there are. The centre has to hold them.
"""
_CONNECTIONS: Final = 100
"""Of one site at the same time. It needs one, and some that the servers still take for open after its link has failed."""
_SUBSCRIPTIONS: Final = 100

_MARK: Final = "# Written by `telegraf-han fleet`, which writes it again when something has changed.\n"


def subject(site: str) -> str:
    """Where a site publishes its lines."""
    return f"han.{site}.lines"


def account(site: str, mark: str) -> str:
    """The account of a site. It names the certificate, too. So `check` sees which one a server admits.

    There is no dot in it, because NATS makes it a part of subjects of its own ($SYS.ACCOUNT…) [seen on 2.15.3].
    """
    return f"{site}_{mark}"


def server(name: str, fleet: Fleet, users: dict[str, str]) -> str:
    """The configuration of one server. `users` are those of ADMIN, WATCH and CENTRE, as NATS sees them in their certificates."""
    others = [other for other in fleet.servers if other != name]
    cluster = _CLUSTER.format(port=fleet.cluster_port, routes=_routes(others, fleet.cluster_port)) if others else ""
    return _SERVER.format(
        mark=_MARK,
        name=name,
        port=fleet.port,
        store=STORE,
        gigabytes=fleet.store_gb,
        cluster=cluster,
        admin=users[ADMIN],
        watch=users[WATCH],
        centre=users[CENTRE],
        stream=STREAM,
        consumer=CONSUMER,
        delivery=DELIVERY,
        info=INFO,
        door=DOOR,
        tls=_TLS,
    )


def sites(known: Sites) -> str:
    """The accounts of the sites that may send."""
    return _MARK + "".join(
        _SITE.format(
            name=name,
            account=account(name, site.issue),
            user=certificates.user(name, site.issue),
            stream=f"{INFO}{STREAM}",
            door=f"{INFO}{DOOR}",
            inside=_DOOR_INFO,
            connections=_CONNECTIONS,
            subscriptions=_SUBSCRIPTIONS,
        )
        for name, site in active(known).items()
    )


def unit() -> str:
    """The systemd unit of a server.

    It reloads twice. NATS does not start the imports of an account that a reload adds, but starts them with the next reload
    (configureAccounts in server.go: "only if not reloading") [seen on 2.9.10 and 2.15.3].
    """
    return _UNIT.format(mark=_MARK, place=PLACE)


def _routes(others: list[str], port: int) -> str:
    return ", ".join(f'"nats://{f"[{other}]" if ":" in other else other}:{port}"' for other in others)


_CLUSTER_TLS: Final = f'cert_file: "{PLACE}/cluster.pem", key_file: "{PLACE}/cluster.key", ca_file: "{PLACE}/cluster-ca.pem"'
_TLS: Final = f'cert_file: "{PLACE}/server.pem", key_file: "{PLACE}/server.key", ca_file: "{PLACE}/ca.pem"'
_SERVER: Final = """\
{mark}
server_name: "{name}"
port: {port}
# Figures of the server, for programs of this machine only.
http: "127.0.0.1:8222"
# What may be on its way to one Telegraf of the centre. NATS's own 64 MB are less than the largest messages under way.
max_pending: 200MB

# Who connects shows a certificate of the fleet. The name in it is the user.
tls {{ {tls}, verify_and_map: true }}

jetstream {{ store_dir: "{store}", max_file_store: {gigabytes}GB }}
{cluster}
system_account: "SYS"
accounts {{
  "SYS" {{ users: [ {{user: "{watch}"}} ] }}
  "HAN" {{
    jetstream: enabled
    users: [
      {{user: "{admin}"}}
      # The Telegrafs of the centre may take messages and acknowledge them, and nothing else.
      {{user: "{centre}", permissions: {{
        publish: [
          "$JS.API.INFO", "$JS.API.STREAM.NAMES", "{info}{stream}",
          "$JS.API.CONSUMER.INFO.{stream}.{consumer}", "$JS.ACK.{stream}.{consumer}.>"
        ]
        subscribe: ["_INBOX.>", "{delivery}"]
      }}}}
    ]
    exports: [ {{service: "han.>"}}, {{service: "{info}{door}"}} ]
  }}
  include "sites.conf"
}}
"""
_CLUSTER: Final = f"""
cluster {{{{
  name: "han"
  port: {{port}}
  # Who comes here is a server, and hears and says everything. So it shows a certificate that only servers have.
  tls {{{{ {_CLUSTER_TLS}, verify: true }}}}
  routes: [{{routes}}]
}}}}
"""
_SITE: Final = """\
"{account}" {{
  users: [ {{user: "{user}"}} ]
  limits {{ max_connections: {connections}, max_subscriptions: {subscriptions} }}
  mappings: {{ "{stream}": "{inside}" }}
  imports: [ {{service: {{account: "HAN", subject: "han.{name}.>"}}}}, {{service: {{account: "HAN", subject: "{door}"}}, to: "{inside}"}} ]
}}
"""
_UNIT: Final = """\
{mark}[Unit]
Description=NATS server of the telegraf-han fleet
After=network-online.target
Wants=network-online.target

[Service]
User=nats
ExecStart=/usr/bin/env nats-server -c {place}/nats.conf
# Twice: NATS connects an account that a reload adds only with the reload after it.
ExecReload=/bin/kill -HUP $MAINPID
ExecReload=/bin/sleep 1
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=5
StateDirectory=telegraf-han-nats
LimitNOFILE=65536

[Install]
WantedBy=multi-user.target
"""
