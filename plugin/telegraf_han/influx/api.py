"""InfluxDB's HTTP API as five verbs over JSON, through influxdb-client: the only module that loads that library.

influxdb-client gives the connection, authorization and Flux; resources (buckets, tasks, checks, …) go through its `call_api` as
the JSON that InfluxDB's own documentation shows, and lines too, since its writer does not tell a page's 200 from InfluxDB's 204.
Its generated classes are passed over on purpose: one set of dicts can be compared, made and deleted by one function for all
kinds of resources (`items`), where classes would need five.

Whatever goes wrong becomes one of two errors with a sentence for the user: `RefusedError`, InfluxDB said no, and `SourceError`,
nobody answered. No token is in either: urllib3's and the library's texts, which hold addresses and headers, are not repeated.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from telegraf_han.errors import HanError, SourceError, reason

CONNECT_S: Final = 10
"""Nobody's InfluxDB takes longer to accept a connection; a wrong address should not."""
SETTLED_S: Final = 60
"""Who answers no question about a resource in a minute is no InfluxDB, or none that can be worked with now."""
ANSWER_S: Final = 600
"""A day of a hundred meters, down-sampled on a small machine, takes minutes, and so may a bucket's end."""
PAGE: Final = 100
"""Resources asked for at once; InfluxDB gives no more."""
SAID_LIMIT: Final = 300
"""Characters of InfluxDB's own words in an error; it may repeat a whole line of data."""

STORED: Final = 204
"""What InfluxDB answers to a write; a page that is there for everybody answers 200, and nothing is stored."""
WRAPPED: Final = 5
"""Exceptions around the system's own that are looked through."""

Json = dict[str, Any]


class RefusedError(HanError):
    """InfluxDB's answer is no."""

    def __init__(self, status: int, words: str) -> None:
        """HTTP status and what InfluxDB said."""
        super().__init__(status, words)
        self.status = status
        self.words = words

    def __str__(self) -> str:
        """Its words and the status."""
        return f"InfluxDB says: {self.words} ({self.status})"


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
        """Send JSON and return the answer's, {} where there is none. Raises RefusedError, SourceError."""
        answer_s = ANSWER_S if method == "DELETE" else SETTLED_S
        answer, _ = self._sent(method, path, body, query or {}, content="application/json", answer_s=answer_s)
        return answer if isinstance(answer, dict) else {}

    def listed(self, path: str, key: str, query: Mapping[str, str]) -> Iterator[Json]:
        """All resources of a kind, page by page. Raises RefusedError, SourceError."""
        seen: set[str] = set()
        while True:
            page = self.call("GET", path, query={"limit": PAGE, "offset": len(seen), **query}).get(key) or []
            # Tokens are not paged: their list comes whole, whatever the offset.
            new = [one for one in page if one["id"] not in seen]
            yield from new
            seen.update(one["id"] for one in new)
            if len(page) < PAGE or not new:
                return

    def flux(self, text: str) -> list[Mapping[str, Any]]:
        """Run a Flux script; the rows of its results. Raises RefusedError, SourceError."""
        tables = self._asked(self._client.query_api().query, text)
        return [record.values for table in tables for record in table.records]

    def write(self, bucket: str, lines: bytes) -> None:
        """Store line protocol with times in ns. Raises RefusedError, SourceError; also for a yes that is not InfluxDB's."""
        place = {"org": self.org, "bucket": bucket, "precision": "ns"}
        _, status = self._sent("POST", "/api/v2/write", lines, place, content="text/plain; charset=utf-8", answer_s=ANSWER_S)
        if status != STORED:
            raise RefusedError(status, "something that InfluxDB would not")

    def _sent(
        self, method: str, path: str, body: Json | bytes | None, query: Mapping[str, str | int], *, content: str, answer_s: int
    ) -> tuple[Any, int]:
        """The answer's JSON and status. Raises RefusedError, SourceError."""
        answer, status, _ = self._asked(
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
        """The library's answer, its errors turned into ours."""
        try:
            return question(*arguments, **options)
        except self._refusal as error:
            response = cast("Any", error).response
            if response is None:  # so the library says that TLS failed
                sentence = "no TLS, or with a certificate that nobody trusts: http:// is for a server without"
                raise SourceError(f"no InfluxDB answers at {self.url} ({sentence})") from None
            raise RefusedError(response.status, _words(cast("Any", error).message)) from None
        except self._silence as error:
            raise SourceError(f"no InfluxDB answers at {self.url} ({_why(error)}): is it running, and --url right?") from None


def _words(message: object) -> str:
    """What was said, in one short line."""
    text = message.decode("utf-8", "replace") if isinstance(message, bytes) else str(message or "no reason given")
    if text.lstrip().startswith("<"):
        return "a web page"
    return "; ".join(line.strip() for line in text.strip().splitlines())[:SAID_LIMIT]


def _why(error: BaseException) -> str:
    """The system's words for a connection that failed, which urllib3 wraps twice."""
    inner: BaseException | None = error
    for _ in range(WRAPPED):
        if isinstance(inner, TimeoutError):
            return "no answer in time"
        if isinstance(inner, OSError) and inner.strerror:
            return reason(inner)
        inner = getattr(inner, "reason", None) or getattr(inner, "__cause__", None)
    return "an answer cut short, or none of a web server"
