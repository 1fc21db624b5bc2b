"""api: pages of resources, and every failure as one of two errors. tests/stack tests the rest with the real InfluxDB."""

import itertools
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from telegraf_han.errors import SourceError
from telegraf_han.influx import api as api_module
from telegraf_han.influx.api import PAGE, SAID_LIMIT, Api, RefusedError

CANARY = "cAnaRy-t0ken"


class Answering(BaseHTTPRequestHandler):
    """Gives the server's answers and remembers the requests."""

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers["Authorization"]))
        self.answer()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, self.headers["Authorization"], body))
        self.answer()

    def answer(self) -> None:
        status, body = self.server.answer
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing on stderr."""


@pytest.fixture(scope="module")
def listening() -> Iterator[ThreadingHTTPServer]:
    found = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = Thread(target=found.serve_forever, args=(0.02,))
    thread.start()
    yield found
    found.shutdown()
    thread.join()
    found.server_close()


@pytest.fixture
def server(listening: ThreadingHTTPServer) -> ThreadingHTTPServer:
    listening.asked, listening.answer = [], (200, b"{}")
    return listening


@pytest.fixture
def api(server: ThreadingHTTPServer) -> Iterator[Api]:
    found = Api(f"http://127.0.0.1:{server.server_port}", "home", CANARY)
    yield found
    found.close()


def test_asks_with_its_token(api: Api, server: ThreadingHTTPServer) -> None:
    """Path, query and token arrive as InfluxDB wants them."""
    server.answer = (200, b'{"orgs": [{"id": "1"}]}')

    assert api.call("GET", "/api/v2/orgs", query={"org": "my home"}) == {"orgs": [{"id": "1"}]}
    assert server.asked == [("/api/v2/orgs?org=my+home", f"Token {CANARY}")]


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        ((401, b'{"code": "unauthorized", "message": "unauthorized access"}'), 401, "unauthorized access"),
        ((422, b'{"message": "two\\nlines"}'), 422, "two; lines"),
        ((500, b"<html>not InfluxDB</html>"), 500, "a web page"),
        ((400, b'{"message": "' + b"x" * 5000 + b'"}'), 400, "x" * SAID_LIMIT),
    ],
    ids=["token", "lines", "html", "long"],
)
def test_a_no(api: Api, server: ThreadingHTTPServer, answer: tuple[int, bytes], status: int, words: str) -> None:
    """A refusal has InfluxDB's words, in one short line, and no token."""
    server.answer = answer

    with pytest.raises(RefusedError) as error:
        api.call("GET", "/api/v2/orgs")
    assert error.value.status == status
    assert words in error.value.words
    assert len(error.value.words) <= SAID_LIMIT
    assert "\n" not in str(error.value)
    assert CANARY not in repr(error.value)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_nobody_there(scheme: str) -> None:
    """If nobody answers, the error names the address and the system's reason in words."""
    api = Api(f"{scheme}://127.0.0.1:1", "home", CANARY)

    with pytest.raises(SourceError) as error:
        api.call("GET", "/api/v2/orgs")
    assert (
        str(error.value) == f"no InfluxDB answers at {scheme}://127.0.0.1:1 (connection refused). Is it running, and is the address right?"
    )
    assert CANARY not in repr(error.value)
    api.close()


def test_no_tls(server: ThreadingHTTPServer) -> None:
    """https:// to a server without TLS gives an error that says so."""
    api = Api(f"https://127.0.0.1:{server.server_port}", "home", CANARY)

    with pytest.raises(SourceError, match="no TLS"):
        api.call("GET", "/api/v2/orgs")
    api.close()


def test_a_write_is_stored_or_an_error(api: Api, server: ThreadingHTTPServer) -> None:
    """Lines arrive with bucket and unit. The answer of a web page does not count as stored."""
    server.answer = (204, b"")
    api.write("energy", b"a x=1 1\n")

    assert server.asked == [("/api/v2/write?org=home&bucket=energy&precision=ns", f"Token {CANARY}", b"a x=1 1\n")]
    server.answer = (200, b"<html>welcome</html>")
    with pytest.raises(RefusedError, match=r"\(200\)"):
        api.write("energy", b"a x=1 1\n")


@pytest.mark.parametrize("body", [b"", b"[1]", b'"text"', b"null"], ids=["nothing", "list", "text", "null"])
def test_answers_that_are_no_resource(api: Api, server: ThreadingHTTPServer, body: bytes) -> None:
    """Another server's answer is an empty resource, not a crash."""
    server.answer = (200, body)

    assert api.call("GET", "/api/v2/orgs") == {}


DEEP = b"[" * 100_000 + b"]" * 100_000


@pytest.mark.parametrize("answer", [(200, DEEP), (200, b'{"orgs": "\xff\xfe"}'), (400, DEEP)], ids=["deep", "no UTF-8", "deep refusal"])
def test_answers_that_cannot_be_read(api: Api, server: ThreadingHTTPServer, answer: tuple[int, bytes]) -> None:
    """Whatever a server answers, the error is one of two, and short."""
    server.answer = answer

    with pytest.raises((SourceError, RefusedError)) as error:
        api.call("GET", "/api/v2/orgs")
    assert len(str(error.value)) < 2 * SAID_LIMIT


@pytest.mark.parametrize("status", [200, 500])
def test_answer_that_does_not_end(api: Api, server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    """An answer is read up to a limit, JSON and rows of Flux alike."""
    monkeypatch.setattr(api_module, "ANSWER_LIMIT_BYTES", 1 << 20)
    server.answer = (status, b"x" * (3 << 20))

    for ask in (lambda: api.call("GET", "/api/v2/orgs"), lambda: api.flux("buckets()")):
        with pytest.raises(SourceError, match="its answer has more than 1 MB"):
            ask()


@pytest.mark.parametrize("body", [b'{"orgs": 5}', b'{"orgs": "home"}', b'{"orgs": [5]}', b'{"orgs": [{}]}', b'{"orgs": [{"id": 1}]}'])
def test_lists_of_another_form(api: Api, server: ThreadingHTTPServer, body: bytes) -> None:
    """A list of something else is an error that says so, not a crash."""
    server.answer = (200, body)

    with pytest.raises(SourceError, match="its list of orgs has another form"):
        list(api.listed("/api/v2/orgs", "orgs", {}))


def test_list_that_does_not_end(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that always has one more page is left."""
    numbers = itertools.count()
    monkeypatch.setattr(api, "call", lambda *_, **__: {"checks": [{"id": str(next(numbers))} for _ in range(PAGE)]})

    with pytest.raises(SourceError, match="its list of checks does not end"):
        list(api.listed("/api/v2/checks", "checks", {}))


@pytest.mark.parametrize("count", [0, 1, PAGE - 1, PAGE, PAGE + 1, 3 * PAGE])
@pytest.mark.parametrize("paged", [True, False])
def test_pages(api: Api, monkeypatch: pytest.MonkeyPatch, count: int, paged: bool) -> None:
    """All resources are listed once, whether they come in pages or all at once each time, as tokens do."""
    there = [{"id": f"{number:04}"} for number in range(count)]
    asked = []

    def call(_: str, __: str, *, query: dict[str, int]) -> dict[str, object]:
        asked.append(query["offset"])
        return {"checks": there[query["offset"] :][: query["limit"]] if paged else there}

    monkeypatch.setattr(api, "call", call)

    assert list(api.listed("/api/v2/checks", "checks", {"orgID": "1"})) == there
    assert len(asked) <= count // PAGE + 1 + (count > 0)
