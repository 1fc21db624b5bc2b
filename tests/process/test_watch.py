"""watch in a terminal: real ports, keys, sizes, signals; and the terminal as it was when it is over."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from virtual_terminal import SOON_S, Terminal, shows

COLOURS = {"31", "1;31", "32", "33"}
RAISES = """
from telegraf_han.terminal import screen
with screen.Signals() as signals, screen.Screen(screen.look(), signals) as page:
    page.draw([[("a page", "")]], page.size())
    raise ZeroDivisionError
"""


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    """Start `telegraf-han watch` with a configuration's text; it is gone at the test's end."""
    running: list[Terminal] = []

    def started(config: str, **others) -> Terminal:
        (tmp_path / "watch.toml").write_text(config)
        (tmp_path / "watch.toml").chmod(0o600)
        running.append(Terminal(["watch", "--config", str(tmp_path / "watch.toml")], **others))
        return running[-1]

    yield started
    for one in running:
        one.close()


def test_live(watch, config, cable, telegram: bytes) -> None:
    """A telegram on the cable is a page: who, how, power, registers, limiter; all readings on a key; q ends it and leaves nothing."""
    one = watch(config(cable.link))

    text = shows(one, cable, telegram, "import 278 W", "12 345.035", "limiter  active 16 500 W", "no errors")
    assert "home  p1  GAMA350  35000001  ok  verified" in text

    one.press("a")
    one.wait_for("1-0:1.8.0     active_energy_import", "12345035")
    one.press("q")

    assert one.wait_for_end() == 0
    assert one.restored()
    assert one.said.strip() == ""
    assert one.grid.foreign == []
    assert b"000102030405060708090a0b0c0d0e0f" not in one.raw.lower()


def test_unplugged_and_back(watch, config, cable, telegram: bytes) -> None:
    """The page says when the cable is pulled out. The cable is read again when it is back."""
    one = watch(config(cable.link))
    shows(one, cable, telegram, "import 278 W")

    cable.unplug()
    one.wait_for("port missing", "W! home:")
    cable.plug_in()

    one.wait_for("I! home: reading", without="port missing")
    shows(one, cable, telegram, "  ok  ")


def test_wrong_key(watch, config, cable, telegram: bytes) -> None:
    """Telegrams arrive, the key does not open them: said in words and counted."""
    one = watch(config(cable.link, key="ff" * 16))

    shows(one, cable, telegram, "wrong key", "telegraf-han keys", "errors  key")


def test_a_key_that_cannot_be_had(watch, config, cable, telegram: bytes) -> None:
    """The page says it at once, and the log below says why."""
    one = watch(config(cable.link, key="file:none.ek"))

    one.wait_for("bad key file", "telegraf-han check says why", "E! home: encryption_key: a file with 32 hex digits")
    shows(one, cable, telegram, "errors  key", "bad key file")


@pytest.mark.parametrize(
    "end",
    [
        lambda one: one.press("q"),
        lambda one: one.press("\x03"),
        lambda one: one.process.send_signal(signal.SIGTERM),
        lambda one: one.process.send_signal(signal.SIGHUP),
    ],
    ids=["q", "Ctrl-C", "SIGTERM", "SIGHUP"],
)
def test_every_end_gives_the_terminal_back(watch, config, tmp_path: Path, end: Callable[[Terminal], None]) -> None:
    """However it is ended: code 0, echo and cursor back, the user's own screen as it was."""
    one = watch(config(tmp_path / "nothing"))
    one.wait_for("port missing", "is not there", "q quit")
    assert not one.restored()

    end(one)

    assert one.wait_for_end() == 0
    assert one.restored()
    assert one.said.strip() == ""


def test_a_defect_gives_the_terminal_back() -> None:
    """Even an error of the program itself: its traceback stands on a terminal that works."""
    one = Terminal([], program=RAISES)
    try:
        assert one.wait_for_end() == 1
        assert one.restored()
        assert "ZeroDivisionError" in one.said
    finally:
        one.close()


def test_a_closed_window_ends_it(watch, config, tmp_path: Path) -> None:
    """A window that is closed, or an ssh that died, leaves no process behind."""
    one = watch(config(tmp_path / "nothing"))
    one.wait_for("q quit")

    one.hang_up()

    assert one.process.wait(SOON_S) is not None


def test_a_terminal_that_takes_nothing_does_not_hold_up_the_end(watch, config, tmp_path: Path) -> None:
    """A line that hangs: SIGTERM ends it all the same."""
    one = watch(config(tmp_path / "nothing"), size=(200, 100))
    one.wait_for("q quit")
    one.stall()
    for number in range(40):
        one.resize(200 - number % 2, 100)
        time.sleep(0.02)

    one.process.send_signal(signal.SIGTERM)

    assert one.process.wait(SOON_S) == 0


@pytest.mark.parametrize("size", [(120, 40), (40, 12), (20, 6), (3, 2)])
def test_resize(watch, config, cable, telegram: bytes, size: tuple[int, int]) -> None:
    """A window pulled to any size shows a page of that size at once, nothing beyond its edges."""
    one = watch(config(cable.link))
    shows(one, cable, telegram, "import 278 W")

    one.resize(*size)

    one.wait_for("telegraf-han watch"[: size[0]], "q quit"[: size[0]])

    def redrawn_inside() -> bool:
        """Whether a whole page stays inside. One that was on its way when the window was pulled may not."""
        one.grid.foreign.clear()
        before = len(one.raw)
        one.press("\x0c")
        one.until(lambda: len(one.raw) > before, "a new page")
        time.sleep(0.05)
        return one.grid.foreign == []

    one.until(redrawn_inside, "a page that stays inside its edges")
    one.resize(80, 24)
    one.wait_for("import 278 W", "limiter  active 16 500 W")


def test_without_utf8_and_colours(watch, config, cable, telegram: bytes) -> None:
    """A terminal of an old console gets seven bits; NO_COLOR gets none."""
    one = watch(config(cable.link, more="").replace('"home"', '"łazienka"'), LC_ALL="C", NO_COLOR="1")
    shows(one, cable, telegram, "import 278 W", "lazienka")

    assert one.raw.isascii()
    assert not one.grid.codes & COLOURS


def test_utf8_and_colours(watch, config, cable, telegram: bytes) -> None:
    """Elsewhere bars are bars, and a state has its colour."""
    one = watch(config(cable.link))
    shows(one, cable, telegram, "import 278 W", "█")

    assert "32" in one.grid.codes


def test_several_meters(watch, config, cable, telegram: bytes, tmp_path: Path) -> None:
    """All in a row each; a number shows one, o all again."""
    second = f'[[meter]]\nname = "cottage"\ninterface = "p1"\nport = "{tmp_path / "nothing"}"\n'
    one = watch(config(cable.link, more=second))
    shows(one, cable, telegram, "1  home", "278", "2  cottage", "port missing")

    one.press("2")
    one.wait_for("2 of 2", "cottage  p1  port missing")
    one.press("\x1b[C")
    one.wait_for("1 of 2", "import 278 W")
    one.press("o")
    one.wait_for("2  cottage")


def test_port_of_a_running_plugin(watch, start, config, cable) -> None:
    """A port that `run` has open stays with `run`: one sentence that says how to stop it, and code 2."""
    plugin = start(config(cable.link))
    plugin.log.wait_for("reading")

    one = watch(config(cable.link))

    assert one.wait_for_end() == 2
    assert "is in use by another program" in one.said
    assert "sudo systemctl stop telegraf" in one.said
    assert one.restored()
    assert plugin.process.poll() is None


@pytest.mark.parametrize("environment", [{}, {"TERM": "dumb"}], ids=["pipe", "dumb"])
def test_no_terminal(watch, config, tmp_path: Path, environment: dict[str, str]) -> None:
    """If no page can be shown, there is one line without escape sequences, and code 2."""
    if environment:
        one = watch(config(tmp_path / "nothing"), **environment)
        code, said = one.wait_for_end(), one.said
    else:
        (tmp_path / "watch.toml").write_text(config(tmp_path / "nothing"))
        found = subprocess.run(
            [sys.executable, "-m", "telegraf_han", "watch", "--config", str(tmp_path / "watch.toml")],
            cwd=Path(__file__).parents[2] / "plugin",
            capture_output=True,
            text=True,
            timeout=SOON_S,
            check=False,
        )
        code, said = found.returncode, found.stdout + found.stderr

    assert code == 2
    assert said.startswith("E! ")
    assert "a terminal that can show a page is expected" in said
    assert "\x1b" not in said
