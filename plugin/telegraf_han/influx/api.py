"""Sends requests to InfluxDB's HTTP API and returns the answers as JSON, through influxdb-client.

This is the only module that loads that library. influxdb-client gives the connection, the authorization and Flux. Resources (buckets,
tasks, checks, …) go through its `call_api`, as the JSON that InfluxDB's own documentation shows. Lines go through `call_api`, too, because
the library's writer cannot distinguish a web page's 200 from InfluxDB's 204. The generated classes of the library are not used, on purpose.
With dicts one function can compare, make and delete resources of all kinds (`items`). With classes five functions would be necessary.

Every failure becomes one of two errors with a sentence for the user: `RefusedError` (InfluxDB said no) or `SourceError` (nobody
answered). Neither of them contains a token. The texts of urllib3 and of the library hold addresses and headers, so they are not repeated.
"""

import io
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from telegraf_han.errors import HanError, SourceError, reason
from telegraf_han.language import _

CONNECT_S: Final = 10
"""No InfluxDB takes longer to accept a connection. A wrong address should not make the user wait longer."""
SETTLED_S: Final = 60
"""A server that does not answer a question about a resource within a minute is no InfluxDB, or cannot be used now."""
ANSWER_S: Final = 600
"""Down-sampling a day of a hundred meters takes minutes on a small machine. Deleting a bucket may take as long."""
PAGE: Final = 100
"""Resources per request; InfluxDB gives no more."""
PAGES_LIMIT: Final = 100
"""Ten thousand resources of one kind. A server that always has one more page is no InfluxDB."""
ANSWER_LIMIT_BYTES: Final = 64 << 20
"""The longest answer is a hundred pages' worth of tasks, about 1 MB. A server that never ends its answer must not fill the memory."""
PIECE_BYTES: Final = 1 << 16
SAID_LIMIT: Final = 300
"""Characters of InfluxDB's own words in an error. InfluxDB may repeat a whole line of data."""

STORED: Final = 204
"""InfluxDB's answer to a write. A web page that answers everybody gives 200, and nothing is stored."""
WRAPPED: Final = 5
"""How many wrapping exceptions are searched for the system's own."""

Json = dict[str, Any]


class RefusedError(HanError):
    """InfluxDB refused the request."""

    def __init__(self, status: int, words: str) -> None:
        """HTTP status and what InfluxDB said."""
        super().__init__(status, words)
        self.status = status
        self.words = words

    def __str__(self) -> str:
        """Its words and the status."""
        return _("InfluxDB says: {words} ({status})", words=self.words, status=self.status)


class Api:
    """One InfluxDB, one organisation, one token."""

    def __init__(self, url: str, org: str, token: str) -> None:
        """Nothing is sent yet."""
        from influxdb_client.client.exceptions import InfluxDBError  # noqa: PLC0415
        from influxdb_client.client.influxdb_client import InfluxDBClient  # noqa: PLC0415, 220 ms
        from urllib3.exceptions import HTTPError  # noqa: PLC0415

        self.url: Final = url
        self.org: Final = org
        self._token: Final = token
        self._client: Final = cast("Any", InfluxDBClient)(url, token, org=org, timeout=(CONNECT_S * 1000, ANSWER_S * 1000))
        rest = self._client.api_client.rest_client
        rest.pool_manager = _Bounded(rest.pool_manager)
        self._refusal: Final = InfluxDBError
        self._silence: Final = HTTPError

    def __repr__(self) -> str:
        """Without the token."""
        return f"Api({self.url!r}, {self.org!r})"

    def as_token(self, token: str) -> "Api":
        """The same InfluxDB with another token."""
        return Api(self.url, self.org, token)

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def call(self, method: str, path: str, body: Json | None = None, query: Mapping[str, str | int] | None = None) -> Json:
        """Send JSON and return the JSON of the answer, {} if there is none. Raises RefusedError, SourceError."""
        answer_s = ANSWER_S if method == "DELETE" else SETTLED_S
        answer, _ = self._sent(method, path, body, query or {}, content="application/json", answer_s=answer_s)
        return answer if isinstance(answer, dict) else {}

    def listed(self, path: str, key: str, query: Mapping[str, str]) -> Iterator[Json]:
        """All resources of a kind, page by page. Raises RefusedError, SourceError."""
        seen: set[str] = set()
        for _page in range(PAGES_LIMIT):
            page = resources(self.call("GET", path, query={"limit": PAGE, "offset": len(seen), **query}), key)
            # Tokens are not paged: their list comes whole, whatever the offset.
            new = [one for one in page if one["id"] not in seen]
            yield from new
            seen.update(one["id"] for one in new)
            if len(page) < PAGE or not new:
                return
        raise odd(_("its list of {key} does not end", key=key))

    def flux(self, text: str) -> list[Mapping[str, Any]]:
        """Run a Flux script; returns the rows of its results. Raises RefusedError, SourceError."""
        tables = self._asked(self._client.query_api().query, text)
        return [record.values for table in tables for record in table.records]

    def influxql(self, database: str, text: str) -> list[Json]:
        """Run an InfluxQL query; returns its series (tags, columns, values), with times in s. Raises RefusedError, SourceError."""
        answer = self.call("POST", "/query", query={"db": database, "epoch": "s", "q": text})
        results = answer.get("results")
        if not isinstance(results, list) or not all(isinstance(result, dict) for result in results):
            raise odd(_("its answer to a query has another form"))
        for result in results:
            if "error" in result:
                raise RefusedError(200, str(result["error"])[:SAID_LIMIT])
        return [series for result in results for series in result.get("series", [])]

    def write(self, bucket: str, lines: bytes) -> None:
        """Store line protocol with times in ns. Raises RefusedError (also for a positive answer that is not InfluxDB's), SourceError."""
        place = {"org": self.org, "bucket": bucket, "precision": "ns"}
        status = self._sent("POST", "/api/v2/write", lines, place, content="text/plain; charset=utf-8", answer_s=ANSWER_S)[1]
        if status != STORED:
            raise RefusedError(status, _("not InfluxDB's answer to a write"))

    def _sent(
        self, method: str, path: str, body: Json | bytes | None, query: Mapping[str, str | int], *, content: str, answer_s: int
    ) -> tuple[Any, int]:
        """The answer's JSON and status. Raises RefusedError, SourceError."""
        answer, status, _headers = self._asked(
            self._client.api_client.call_api,
            path,
            method,
            query_params=list(query.items()),
            header_params={"Accept": "application/json", "Content-Type": content},
            body=body,
            response_type="object",
            _request_timeout=(CONNECT_S * 1000, answer_s * 1000),
        )
        return answer, status

    def _asked(self, question: Any, *arguments: Any, **options: Any) -> Any:
        """Return the library's answer. Turns its errors into ours."""
        try:
            return question(*arguments, **options)
        except self._refusal as error:
            response = cast("Any", error).response
            if response is None:  # the library's way to report that TLS failed
                why = _("no TLS, or a certificate that is not trusted; use http:// for a server without TLS")
                raise SourceError(_("no InfluxDB answers at {url} ({why})", url=self.url, why=why)) from None
            raise RefusedError(response.status, _words(cast("Any", error).message)) from None
        except self._silence as error:
            said = _("no InfluxDB answers at {url} ({why}). Is it running, and is the address right?", url=self.url, why=_why(error))
            raise SourceError(said) from None
        except _TooLongError:
            raise odd(_("its answer has more than {size} MB", size=ANSWER_LIMIT_BYTES >> 20)) from None
        except RecursionError:
            raise odd(_("its answer is nested too deep")) from None
        except (ValueError, LookupError, TypeError):  # what the library's parsers raise at bytes of any kind
            raise odd(_("its answer cannot be read")) from None


def odd(why: str) -> SourceError:
    """The error about a server that answers as no InfluxDB does."""
    return SourceError(_("the server does not answer as InfluxDB does: {why}. Is --url right?", why=why))


def resources(answer: Json, key: str) -> list[Json]:
    """The resources in an answer. Each of them has an id. Raises SourceError."""
    found = answer.get(key) or []
    if not isinstance(found, list) or not all(isinstance(one, dict) and isinstance(one.get("id"), str) for one in found):
        raise odd(_("its list of {key} has another form", key=key))
    return found


def text_of(answer: Json, key: str) -> str:
    """A text in an answer, such as an id. Raises SourceError."""
    found = answer.get(key)
    if not isinstance(found, str):
        raise odd(_("its answer has no {key}", key=key))
    return found


class _TooLongError(Exception):
    """An answer does not end."""


class _Bounded:
    """The library's connections. Every answer is read whole, but no further than its limit."""

    def __init__(self, pool: Any) -> None:
        self._pool: Final = pool
        self.clear: Final = pool.clear

    def request(self, *words: Any, preload_content: bool, **options: Any) -> Any:
        """See urllib3's PoolManager."""
        from urllib3 import HTTPResponse  # noqa: PLC0415, the library has loaded it

        answer = self._pool.request(*words, preload_content=False, **options)
        content = bytearray()
        while piece := answer.read(PIECE_BYTES, decode_content=True):
            content += piece
            if len(content) > ANSWER_LIMIT_BYTES:
                answer.close()
                raise _TooLongError
        answer.release_conn()
        headers = {name: value for name, value in answer.headers.items() if name.lower() != "content-encoding"}
        return HTTPResponse(
            io.BytesIO(content), headers=headers, status=answer.status, reason=answer.reason, preload_content=preload_content
        )


def _words(message: object) -> str:
    """What was said, in one short line."""
    text = message.decode("utf-8", "replace") if isinstance(message, bytes) else str(message or _("no reason given"))
    if text.lstrip().startswith("<"):
        return _("a web page")
    return "; ".join(line.strip() for line in text.strip().splitlines())[:SAID_LIMIT]


def _why(error: BaseException) -> str:
    """The system's words for a connection that failed, which urllib3 wraps twice."""
    inner: BaseException | None = error
    for _layer in range(WRAPPED):
        if isinstance(inner, TimeoutError):
            return _("no answer in time")
        if isinstance(inner, OSError) and inner.strerror:
            return reason(inner)
        inner = getattr(inner, "reason", None) or getattr(inner, "__cause__", None)
    return _("a cut-off answer, or not the answer of a web server")
