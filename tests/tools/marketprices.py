"""PSE's interface for market prices as Telegraf meets it: rows of days of 92, 96 and 100 quarters, and a server that answers with them.

The form is that of https://api.raporty.pse.pl/api/rce-pln in November 2026. It is made with Microsoft's Data API builder: `$select`,
`$orderby`, `$first` (100 rows without it) and `$filter` are known, anything else that begins with `$` is refused with 400. All prices are
invented.
"""

from __future__ import annotations

import contextlib
import json
import threading
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

Row = dict[str, Any]

WARSAW = ZoneInfo("Europe/Warsaw")
QUARTER = timedelta(minutes=15)
DEFAULT_ROWS, MOST_ROWS = 100, 100_000


def price(begin_s: int) -> float:
    """An invented price of the quarter that begins at a UTC second, PLN/MWh: another one in each quarter of 100 days, some negative."""
    return round(begin_s // 900 % 9600 / 10 - 100, 2)


def day(text: str) -> list[Row]:
    """PSE's rows of a local day, as `2026-10-25`: 96, 92 or 100."""
    noon = datetime.combine(date.fromisoformat(text), datetime.min.time())
    begin, end = (moment.replace(tzinfo=WARSAW).astimezone(UTC) for moment in (noon, noon + timedelta(days=1)))
    rows = []
    while begin < end:
        stop = begin + QUARTER
        # PSE says 24:00 for the end of a day in the period, but names the moment itself by the next day's date.
        rows.append(
            {
                "dtime": f"{stop.astimezone(WARSAW):%Y-%m-%d %H:%M:%S}",
                "period": f"{begin.astimezone(WARSAW):%H:%M} - {stop.astimezone(WARSAW):%H:%M}".replace("- 00:00", "- 24:00"),
                "rce_pln": price(int(begin.timestamp())),
                "dtime_utc": f"{stop:%Y-%m-%d %H:%M:%S}",
                "period_utc": f"{begin:%H:%M} - {stop:%H:%M}",
                "business_date": text,
                "publication_ts": f"{noon - timedelta(hours=10):%Y-%m-%d %H:%M:%S}.056",
                "publication_ts_utc": f"{noon - timedelta(hours=12):%Y-%m-%d %H:%M:%S}.056000",
            }
        )
        begin = stop
    return rows


class Server:
    """Answers with the rows it has at the moment, or with what is wrong."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.rows: list[Row] = []
        self.raw: tuple[int, bytes] | None = None
        """Status and body to answer instead."""
        self.asked: list[str] = []

    def answer(self, path: str) -> tuple[int, bytes]:
        """Status and body."""
        self.asked.append(path)
        if self.raw is not None:
            return self.raw
        parts = urlsplit(path)
        query = dict(parse_qsl(parts.query))
        unknown = [name for name in query if name not in ("$select", "$orderby", "$first")]
        first = int(query.get("$first", DEFAULT_ROWS))
        if parts.path != "/api/rce-pln" or unknown or not 0 < first <= MOST_ROWS:
            return 400, json.dumps({"error": {"code": "BadRequest", "message": f"Invalid Query Parameter: {unknown}"}}).encode()
        name, _, order = query.get("$orderby", "dtime").partition(" ")
        found = sorted(self.rows, key=lambda row: row[name], reverse=order == "desc")[:first]
        chosen = query.get("$select", "").split(",") if "$select" in query else None
        return 200, json.dumps({"value": [{key: row[key] for key in chosen or row} for row in found]}).encode()


@contextlib.contextmanager
def server() -> Iterator[Server]:
    """A server on a free port until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = said.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        said = Server(f"http://127.0.0.1:{httpd.server_port}")
        thread = threading.Thread(target=httpd.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield said
        finally:
            httpd.shutdown()
            thread.join()
