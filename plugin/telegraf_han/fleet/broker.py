"""Speaks with the running NATS: makes the stream and its consumer, and reads what the servers know of sites. The only user of nats-py.

The consumer is made here and not by Telegraf: a consumer that a subscription made is deleted when that Telegraf stops, and the other
Telegrafs of the centre get nothing any more [seen with Telegraf 1.39.3]. All requests are those of JetStream's own API, as JSON.
"""

import asyncio
import json
import logging
import ssl
from collections.abc import Awaitable, Callable
from typing import Any, Final, Literal, TypeVar

from telegraf_han.errors import ConfigError, SourceError, reason
from telegraf_han.fleet import natsfiles
from telegraf_han.fleet.plan import Fleet
from telegraf_han.language import _

Json = dict[str, Any]
Outcome = Literal["made", "changed", "ok"]
T = TypeVar("T")

CONNECT_S: Final = 5
ANSWER_S: Final = 10
_NS: Final = 1_000_000_000
NOT_FOUND: Final = frozenset((10059, 10014))
"""JetStream's numbers for a stream and for a consumer that it does not have."""
NO_MAJORITY: Final = 10008
"""JetStream's number for a cluster of which too few servers run."""
_PENDING: Final = 500
"""Messages under way to all Telegrafs of the centre.

What is not acknowledged in time is sent again, for ever. The copies that come while InfluxDB is away are at most `pending_message_limit`.
"""


class RefusedError(Exception):
    """The broker refused a request."""

    def __init__(self, code: int, words: str) -> None:
        """JetStream's own number, and its words."""
        super().__init__(words)
        self.code = code


def stream(fleet: Fleet) -> Json:
    """The stream. A message is deleted when the centre has acknowledged it. A site that sends too much is refused, and no other."""
    return {
        "name": natsfiles.STREAM,
        "description": "lines of all sites that are not in InfluxDB yet",
        "subjects": [natsfiles.SUBJECTS],
        "retention": "workqueue",
        "storage": "file",
        "num_replicas": fleet.copies,
        "discard": "new",
        "discard_new_per_subject": True,
        "max_msgs_per_subject": fleet.site_messages,
        "max_bytes": fleet.store_gb * 1_000_000_000 * 9 // 10,
        "max_msg_size": natsfiles.MESSAGE_LIMIT_BYTES,
    }


def door(fleet: Fleet) -> Json:
    """The empty stream whose description sites get."""
    return {
        "name": natsfiles.DOOR,
        "description": "stays empty. Sites that ask for the stream see this one",
        "subjects": ["han-sites.none"],
        "storage": "file",
        "num_replicas": fleet.copies,
        "max_msgs": 1,
        "max_bytes": 1024,
        "max_msg_size": 1024,
    }


def consumer(fleet: Fleet) -> Json:
    """The durable consumer of the centre."""
    return {
        "durable_name": natsfiles.CONSUMER,
        "description": "the Telegrafs of the centre",
        "deliver_subject": natsfiles.DELIVERY,
        "deliver_group": natsfiles.CONSUMER,
        "deliver_policy": "all",
        "ack_policy": "explicit",
        "ack_wait": int(fleet.redelivery_s * _NS),
        "max_deliver": -1,
        "max_ack_pending": _PENDING,
        "filter_subject": natsfiles.SUBJECTS,
    }


class Connection:
    """A connection to the broker, with one certificate."""

    def __init__(self, client: Any) -> None:
        """Take over a client that is connected."""
        self._client: Final = client

    async def ask(self, subject: str, body: Json | None = None) -> Json:
        """Send a request of JetStream's API and return its answer. Raises RefusedError, SourceError."""
        import nats.errors  # noqa: PLC0415, loaded already

        try:
            answer = await self._client.request(subject, json.dumps(body).encode() if body is not None else b"", timeout=ANSWER_S)
        except (nats.errors.TimeoutError, nats.errors.NoRespondersError):
            raise SourceError(_("the broker does not answer. A stream in a cluster needs more than half of the servers")) from None
        found: Json = json.loads(answer.data)
        if error := found.get("error"):
            raise RefusedError(int(error.get("err_code", 0)), str(error.get("description", "")))
        return found

    async def gathered(self, subject: str, body: Json, count: int) -> list[Json]:
        """Send a request that each server answers. Returns the answers that came in time."""
        inbox = self._client.new_inbox()
        listening = await self._client.subscribe(inbox)
        await self._client.publish(subject, json.dumps(body).encode(), reply=inbox)
        found: list[Json] = []
        try:
            while len(found) < count:
                found.append(json.loads((await listening.next_msg(timeout=2)).data))
        except TimeoutError:
            pass  # a server that does not answer is missing in the list
        finally:
            await listening.unsubscribe()
        return found


def asked(fleet: Fleet, authority: str, certificate: str, key: str, work: Callable[[Connection], Awaitable[T]]) -> T:
    """Connect with a certificate (paths of PEM files), do some work, and close. Raises ConfigError, SourceError, RefusedError."""
    return asyncio.run(_asked(fleet, authority, certificate, key, work))


async def _asked(fleet: Fleet, authority: str, certificate: str, key: str, work: Callable[[Connection], Awaitable[T]]) -> T:
    try:
        import nats  # noqa: PLC0415, nothing else of this program needs it
        import nats.errors  # noqa: PLC0415
    except ImportError:
        raise ConfigError("", "", _("the library nats-py is expected. Install it: pip install 'telegraf-han[fleet]'")) from None
    try:
        tls = ssl.create_default_context(cafile=authority)
        tls.load_cert_chain(certificate, key)
    except OSError as error:
        raise ConfigError(
            certificate, "", _("a certificate of this fleet and its key are expected: {reason}", reason=reason(error))
        ) from None

    logging.getLogger("asyncio").setLevel(logging.ERROR)  # it warns of TLS connections that end as they should

    try:
        client = await _connected(fleet, tls)
    except (OSError, nats.errors.Error) as error:
        where = ", ".join(fleet.urls)
        said = _(
            "no NATS server of this fleet answers at {urls} ({why}). Is it running, and does it have its archive?",
            urls=where,
            why=_why(error),
        )
        raise SourceError(said) from None
    try:
        return await work(Connection(client))
    except nats.errors.Error as error:
        raise SourceError(_("the connection to NATS ended ({why})", why=_why(error))) from None
    finally:
        await client.close()


async def _connected(fleet: Fleet, tls: ssl.SSLContext) -> Any:
    """A client of the first server that takes it. Raises what the last one said.

    nats-py gets one server at a time. Of a list, it gives up all if one of them takes the connection and says nothing, and it tries those
    that refuse for two minutes [seen in 2.16].
    """
    import nats  # noqa: PLC0415, loaded already
    import nats.errors  # noqa: PLC0415

    said: list[Exception] = []

    async def keep(error: Exception) -> None:
        said.append(error)

    for url in fleet.urls:
        try:
            return await nats.connect(
                [url],
                tls=tls,
                allow_reconnect=False,
                max_reconnect_attempts=1,
                reconnect_time_wait=0,
                connect_timeout=CONNECT_S,
                error_cb=keep,
                name="telegraf-han fleet",
            )
        except nats.errors.NoServersError:
            pass  # what was kept says why
        except (OSError, nats.errors.Error) as error:
            said.append(error)
    raise said[-1] if said else nats.errors.NoServersError


def _why(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return _("no answer in time")
    return reason(error) if isinstance(error, OSError) else str(error) or type(error).__name__


async def settle(connection: Connection, fleet: Fleet) -> list[tuple[Outcome, str]]:
    """Make or change the streams and the consumer. Returns what was done, by name. Raises RefusedError, SourceError."""
    done: list[tuple[Outcome, str]] = []
    for wanted in (stream(fleet), door(fleet)):
        name = wanted["name"]
        present = await _present(connection, f"{natsfiles.INFO}{name}")
        if present is None:
            await connection.ask(f"$JS.API.STREAM.CREATE.{name}", wanted)
        elif not _agrees(present, wanted):
            await connection.ask(f"$JS.API.STREAM.UPDATE.{name}", {**present, **wanted})
        done.append((_outcome(present, wanted), name))
    wanted = consumer(fleet)
    place = f"{natsfiles.STREAM}.{natsfiles.CONSUMER}"
    present = await _present(connection, f"$JS.API.CONSUMER.INFO.{place}")
    if present is None or not _agrees(present, wanted):
        config = {**(present or {}), **wanted}
        await connection.ask(f"$JS.API.CONSUMER.DURABLE.CREATE.{place}", {"stream_name": natsfiles.STREAM, "config": config})
    done.append((_outcome(present, wanted), place))
    return done


async def _present(connection: Connection, subject: str) -> Json | None:
    """The configuration of a stream or consumer. None if there is none."""
    try:
        found: Json = (await connection.ask(subject))["config"]
    except RefusedError as error:
        if error.code in NOT_FOUND:
            return None
        raise
    return found


def _agrees(present: Json, wanted: Json) -> bool:
    return all(present.get(key) == value for key, value in wanted.items())


def _outcome(present: Json | None, wanted: Json) -> Outcome:
    if present is None:
        return "made"
    return "ok" if _agrees(present, wanted) else "changed"
