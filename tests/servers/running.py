"""Programs built by build.py into running servers for one test: Telegraf with a configuration, InfluxDB with a bucket.

Both are context managers. Each server gets a session (process group) of its own and is ended by its own process id;
when the block ends, for whatever reason, so does all that is left of the group, also a plugin that outlived a killed
Telegraf. A server that ended is not reaped before that, so its number cannot meanwhile belong to somebody else.

Nothing sleeps for a fixed time: `until` polls a condition, and every wait has a bound. Logs go to files, because a
pipe that nobody reads stops its writer, and because the file is what one wants to see of a test that failed.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import signal
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = ["PLUGIN", "PLUGIN_TO_INFLUX", "TO_BOTH_BUCKETS", "Influx", "InfluxError", "Process", "Row", "influxd", "telegraf", "until"]

T = TypeVar("T")
Row = dict[str, Any]  # a column's or a tag's name → its value

POLL_S = 0.02
SOON_S = 60.0  # longer than anything takes that a test waits for by default, also on a machine that does ten other things
START_TIMEOUT_S = 120.0  # influxd is there after a second; a loaded machine takes longer
STOP_TIMEOUT_S = 60.0  # Telegraf gives a plugin 10 s, and one last write to an InfluxDB that is away 5 s
HTTP_TIMEOUT_S = 60.0

PLUGIN = """
[agent]
  interval = "1s"
  flush_interval = "200ms"
  omit_hostname = true
  metric_buffer_limit = 100000
[[inputs.execd]]
  command = ["{python}", "-m", "telegraf_han", "run", "--config", "{config}"]
  signal = "none"
  data_format = "influx"
"""  # Telegraf's configuration that runs the plugin, without an output

TO_INFLUX = """
[[outputs.influxdb_v2]]
  urls = ["{url}"]
  token = "${{INFLUX_TOKEN}}"
  organization = "home"
  bucket = "energy"
"""  # The output to the InfluxDB of a test; the token is in the environment

PLUGIN_TO_INFLUX = PLUGIN + TO_INFLUX

_COSTS = '["electricity_cost", "electricity_bill", "electricity_price"]'
TO_BOTH_BUCKETS = (
    f"{TO_INFLUX}  namedrop = {_COSTS}\n" + TO_INFLUX.replace('"energy"', '"energy/5m"') + f"  namepass = {_COSTS}\n"
)  # The outputs of a Telegraf that also runs `bill`: costs and prices go into the bucket that is kept

# Straight to 127.0.0.1, whatever proxy the environment names.
_HTTP = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class InfluxError(Exception):
    """InfluxDB refused a request; the message is what it said."""


def until(condition: Callable[[], T], what: str, timeout_s: float = SOON_S) -> T:
    """Return the condition's first true result; TimeoutError names what did not come."""
    end = time.monotonic() + timeout_s
    while not (result := condition()):
        if time.monotonic() > end:
            message = f"not within {timeout_s:g} s: {what}"
            raise TimeoutError(message)
        time.sleep(POLL_S)
    return result


class Process:
    """A server's process, its log and its end."""

    def __init__(self, command: Sequence[str], log: Path, cwd: Path, env: Mapping[str, str]) -> None:
        """Start the command with its output added to the log."""
        self.log = log
        with log.open("ab") as output:
            self._log_start = output.tell()
            # A session of its own: Ctrl-C in the terminal reaches pytest only, which then stops the server in order.
            self._popen = subprocess.Popen(
                command,
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.pid = self._popen.pid

    def log_text(self) -> str:
        """Return what this process has written so far."""
        with self.log.open("rb") as output:
            output.seek(self._log_start)
            return output.read().decode(errors="replace")

    def wait_for_log(self, pattern: str, timeout_s: float = SOON_S) -> re.Match[str]:
        """Return the pattern's first match in the log; fail when the process ends without it."""

        def found() -> re.Match[str] | None:
            running = self.running()  # asked before reading: what it wrote last counts too
            match = re.search(pattern, self.log_text())
            if match is None and not running:
                message = f"{self.log.name}: ended without {pattern!r}:\n{self.log_text()[-2000:]}"
                raise AssertionError(message)
            return match

        match = until(found, f"{pattern!r} in {self.log}", timeout_s)
        assert match is not None
        return match

    def running(self) -> bool:
        """Say whether the process has not ended yet."""
        return self.status() is None

    def status(self) -> int | None:
        """Return the exit status, minus the signal's number when one ended it, None while it runs."""
        if self._popen.returncode is not None:
            return self._popen.returncode
        # WNOWAIT leaves the ended process unreaped, so that its id and its group's stay its own until `close`.
        ended = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is None:
            return None
        return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status

    def wait(self, timeout_s: float = STOP_TIMEOUT_S) -> int:
        """Return the exit status of a process that ends by itself."""
        until(lambda: not self.running(), f"the end of process {self.pid} ({self.log.name})", timeout_s)
        status = self.status()
        assert status is not None
        return status

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> int:
        """Ask the process to end (SIGTERM) and return its exit status; TimeoutError if it stays."""
        self._signal(signal.SIGTERM)
        return self.wait(timeout_s)

    def kill(self) -> int:
        """End the process at once (SIGKILL), as a power cut would; its children are left to notice."""
        self._signal(signal.SIGKILL)
        return self.wait()

    def close(self) -> None:
        """End the process and what is left of its group; nothing happens the second time."""
        if self._popen.returncode is not None:
            return
        try:
            self.stop()
        except TimeoutError:
            pass  # it has had its time
        finally:  # also when a second Ctrl-C cuts the waiting short
            os.killpg(self.pid, signal.SIGKILL)
            self._popen.wait(STOP_TIMEOUT_S)

    def _signal(self, number: signal.Signals) -> None:
        """Send a signal, unless the process was closed and the number may be another's."""
        if self._popen.returncode is None:
            os.kill(self.pid, number)


@contextlib.contextmanager
def telegraf(
    program: Path, config: Path, cwd: Path, env: Mapping[str, str] | None = None, arguments: Sequence[str] = ()
) -> Iterator[Process]:
    """Run Telegraf in `cwd`, with its log in telegraf.log there, until the block ends.

    `env` is added to the tests' own environment: the place for tokens and keys, which never go into `arguments`.
    """
    command = [str(program), "--config", str(config), *arguments]
    process = Process(command, cwd / "telegraf.log", cwd, {**os.environ, **(env or {})})
    try:
        yield process
    finally:
        process.close()


class Influx:
    """An InfluxDB with one organization and one bucket, which can go away and come back."""

    org = "home"
    bucket = "energy"
    username = "tester"

    def __init__(self, program: Path, data_folder: Path) -> None:
        """Start on a free port with fresh data in the folder, and do the first set-up."""
        self.token = secrets.token_hex(24)
        self.password = secrets.token_hex(12)
        self._program = program
        self._folder = data_folder
        self._port = 0  # the system chooses one, and it stays for every later start
        data_folder.mkdir(parents=True, exist_ok=True)
        self.process = self._started()
        try:
            self._set_up()
        except BaseException:
            self.process.close()
            raise

    @property
    def url(self) -> str:
        """Return the address for outputs, clients and browsers."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start again on the same data and port, as after an outage."""
        assert not self.process.running(), "InfluxDB runs already"
        self.process.close()
        self.process = self._started()

    def stop(self) -> None:
        """Stop in order: data are kept."""
        self.process.stop()

    def kill(self) -> None:
        """Stop as a power cut would."""
        self.process.kill()

    def query(self, sql: str, db: str | None = None, *, times: str = "ns") -> list[Row]:
        """Return the rows that answer an InfluxQL statement.

        A row holds the columns and the tags of its GROUP BY. `times` is InfluxQL's epoch (`ns`, `s`); with `rfc3339`
        times are text, in the zone of the statement's tz().
        """
        form = {"db": db or self.bucket, "q": sql}
        if times != "rfc3339":
            form["epoch"] = times
        answer = json.loads(self.request("/query", urllib.parse.urlencode(form).encode()))
        rows: list[Row] = []
        for result in answer["results"]:
            if "error" in result:
                raise InfluxError(result["error"])
            for series in result.get("series", []):
                tags = series.get("tags", {})
                rows += [{**tags, **dict(zip(series["columns"], row, strict=True))} for row in series.get("values", [])]
        return rows

    def wait_for_rows(self, sql: str, count: int = 1, db: str | None = None, timeout_s: float = SOON_S) -> list[Row]:
        """Return the rows of a statement once there are at least `count` of them."""
        found: list[Row] = []

        def enough() -> bool:
            found[:] = self.query(sql, db)
            return len(found) >= count

        until(enough, f"{count} rows of {sql}", timeout_s)
        return found

    def write(self, lines: str | bytes, bucket: str | None = None) -> None:
        """Store line protocol with times in nanoseconds."""
        body = lines.encode() if isinstance(lines, str) else lines
        target = urllib.parse.urlencode({"org": self.org, "bucket": bucket or self.bucket, "precision": "ns"})
        self.request(f"/api/v2/write?{target}", body, "text/plain; charset=utf-8")

    def make_bucket(self, name: str) -> None:
        """Make an empty bucket that keeps its data for ever."""
        organizations = json.loads(self.request(f"/api/v2/orgs?org={self.org}"))["orgs"]
        wanted = {"orgID": organizations[0]["id"], "name": name, "retentionRules": []}
        self.request("/api/v2/buckets", json.dumps(wanted).encode(), "application/json")

    def request(
        self, path: str, body: bytes | None = None, content_type: str = "application/x-www-form-urlencoded", *, method: str | None = None
    ) -> bytes:
        """Return the answer to a GET, to a POST of `body`, or to another method, made with the token."""
        headers = {"Authorization": f"Token {self.token}", "Content-Type": content_type}
        request = urllib.request.Request(self.url + path, body, headers, method=method)
        try:
            with _HTTP.open(request, timeout=HTTP_TIMEOUT_S) as response:
                answer: bytes = response.read()
        except urllib.error.HTTPError as error:
            with error:
                text = error.read().decode(errors="replace")[:500]
            message = f"{error.code} at {path.partition('?')[0]}: {text}"
            raise InfluxError(message) from None
        return answer

    def _started(self) -> Process:
        """Start the server and return it once it is healthy."""
        command = [
            str(self._program),
            "--bolt-path",
            str(self._folder / "influxd.bolt"),
            "--engine-path",
            str(self._folder / "engine"),
            "--sqlite-path",
            str(self._folder / "influxd.sqlite"),
            "--http-bind-address",
            f"127.0.0.1:{self._port}",
            "--reporting-disabled",
        ]
        # Settings of another InfluxDB on this machine; influxd also looks for a configuration file in its folder.
        env = {name: value for name, value in os.environ.items() if not name.startswith("INFLUXD_")}
        process = Process(command, self._folder / "influxd.log", self._folder, env)
        try:
            # The port is read from the log, not chosen beforehand: nobody can take it in between.
            self._port = int(process.wait_for_log(r"msg=Listening .*\bport=(\d+)", START_TIMEOUT_S)[1])
            until(self._healthy, f"an answer at {self.url}/health", START_TIMEOUT_S)
        except BaseException:
            process.close()
            raise
        return process

    def _healthy(self) -> bool:
        """Say whether the server answers and passes its own check."""
        try:
            return bool(json.loads(self.request("/health"))["status"] == "pass")
        except (InfluxError, OSError):
            return False

    def _set_up(self) -> None:
        """Make the user, the organization, the bucket and the token, which 2.9 tells nobody afterwards."""
        wanted = {
            "username": self.username,
            "password": self.password,
            "org": self.org,
            "bucket": self.bucket,
            "token": self.token,
        }
        self.request("/api/v2/setup", json.dumps(wanted).encode(), "application/json")


@contextlib.contextmanager
def influxd(program: Path, data_folder: Path) -> Iterator[Influx]:
    """Run an InfluxDB with fresh data in the folder until the block ends."""
    influx = Influx(program, data_folder)
    try:
        yield influx
    finally:
        influx.process.close()
