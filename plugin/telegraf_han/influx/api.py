"""InfluxDB's HTTP API as five verbs over JSON, through influxdb-client: the only module that loads that library.

influxdb-client gives the connection, authorization, writing and Flux; resources (buckets, tasks, checks, …) go through its
`call_api` as the JSON that InfluxDB's own documentation shows. Its generated classes are passed over on purpose: one set of
dicts can be compared, made and deleted by one function for all kinds of resources (`items`), where classes would need five.

Whatever goes wrong becomes one of two errors with a sentence for the user: `RefusedError`, InfluxDB said no, and `SourceError`,
nobody answered. No token is in either: urllib3's and the library's texts, which hold addresses and headers, are not repeated.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from telegraf_han.errors import HanError, SourceError

CONNECT_S: Final = 10
"""Nobody's InfluxDB takes longer to accept a connection; a wrong address should not."""
ANSWER_S: Final = 600
"""A day of a hundred meters, down-sampled on a small machine, takes minutes."""
PAGE: Final = 100
"""Resources asked for at once; InfluxDB gives no more."""
SAID_LIMIT: Final = 300
"""Characters of InfluxDB's own words in an error; it may repeat a whole line of data."""

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
        from influxdb_client.client.write_api import SYNCHRONOUS  # noqa: PLC0415
        from urllib3.exceptions import HTTPError  # noqa: PLC0415

        self.url: Final = url
        self.org: Final = org
        self._token: Final = token
        self._client: Final = cast("Any", InfluxDBClient)(url, token, org=org, timeout=(CONNECT_S * 1000, ANSWER_S * 1000))
        self._write: Final = self._client.write_api(write_options=SYNCHRONOUS).write
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
        send = self._client.api_client.call_api
        answer = self._asked(
            send,
            path,
            method,
            query_params=list((query or {}).items()),
            header_params={"Accept": "application/json"},
            body=body,
            response_type="object",
            _return_http_data_only=True,
        )
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
        """Store line protocol with times in ns. Raises RefusedError, SourceError."""
        self._asked(self._write, bucket, self.org, lines, "ns")

    def _asked(self, question: Any, *arguments: Any, **options: Any) -> Any:
        """The library's answer, its errors turned into ours."""
        try:
            return question(*arguments, **options)
        except self._refusal as error:
            response = cast("Any", error).response
            status = response.status if response is not None else 0
            words = str(cast("Any", error).message or "no reason given").replace("\n", "; ")
            raise RefusedError(status, words[:SAID_LIMIT]) from None
        except self._silence as error:
            raise SourceError(f"no InfluxDB answers at {self.url} ({type(error).__name__}): is it running, and --url right?") from None
