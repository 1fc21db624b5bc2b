"""`init` and `remove` before anything is changed: what stops them, and what a dry run shows. The whole way is in tests/package."""

import os

import pytest

from telegraf_han import cli
from telegraf_han.commands import init, ports
from telegraf_han.ports import rights
from telegraf_han.setup import database, doing, machine, places, texts
from telegraf_han.setup.texts import Database, Telegraf
from telegraf_han.terminal import screen

EK = "000102030405060708090a0b0c0d0e0f"


@pytest.fixture
def main(monkeypatch, tmp_path, capsys):
    """Run a command as root on a machine of its own: a new InfluxDB answers, Telegraf is installed, nothing is plugged in."""
    monkeypatch.setattr(machine, "is_root", lambda: True)
    monkeypatch.setattr(machine, "user_id", lambda name: None if name == "nobody else" else 0)
    monkeypatch.setattr(rights, "may_open", lambda *_: True)
    monkeypatch.setattr(database, "state", lambda _: ("new", ""))
    monkeypatch.setattr(ports, "listed", list)
    monkeypatch.setattr(init, "program", lambda: "/opt/telegraf-han/bin/telegraf-han")

    (tmp_path / "telegraf.d").mkdir()

    def run(*words: str) -> tuple[int, str, str]:
        status = cli.main([*words, "--config", str(tmp_path / "han.toml")])
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


@pytest.fixture
def key_file(tmp_path) -> str:
    (tmp_path / "letter.ek").write_text(EK)
    return str(tmp_path / "letter.ek")


def _dry(key_file: str) -> list[str]:
    return ["init", "--yes", "--dry-run", "--interface", "p1", "--port", "/dev/ttyUSB0", "--encryption-key-file", key_file, "--listen", "0"]


def test_a_dry_run_shows_everything_but_the_keys(main, key_file, tmp_path):
    """What would be done, and the content of the files."""
    status, out, _ = main(*_dry(key_file))

    assert status == 0
    assert f"  - write {tmp_path}/home.ek (mode 600, telegraf:" in out
    assert f"  - write {tmp_path}/han.toml (mode 640, root:" in out
    assert 'encryption_key = "file:home.ek"' in out
    assert "[[outputs.influxdb_v2]]" in out
    assert "administrator admin, organisation home, buckets energy and energy/5m" in out
    assert EK not in out
    assert sorted(os.listdir(tmp_path)) == ["letter.ek", "telegraf.d"]


def test_a_configuration_that_is_there_is_used(main, key_file, tmp_path):
    """Options of the meter then have no effect, and that is an error."""
    (tmp_path / "han.toml").write_text('[[meter]]\nname = "home"\ninterface = "p1"\nport = "/dev/ttyUSB0"\n')

    status, _, err = main(*_dry(key_file))
    assert (status, err.startswith("E! --interface: this option has no effect, because ")) == (2, True)

    status, out, _ = main("init", "--yes", "--dry-run")
    assert status == 0
    assert f"{tmp_path}/han.toml exists and is used as it is." in out
    assert f"write {tmp_path}/han.toml" not in out


@pytest.mark.parametrize(("layout", "billed"), [("wide", True), ("obis", False)])
def test_a_bill_needs_the_wide_layout(main, tmp_path, layout, billed):
    """Otherwise Telegraf's log would have an error every quarter of an hour."""
    meter = '[[meter]]\nname = "home"\ninterface = "p1"\nport = "/dev/ttyUSB0"\n[meter.prices]\nimport_t0_per_kwh = 1.0\n'
    (tmp_path / "han.toml").write_text(f'[output]\nlayout = "{layout}"\n{meter}')

    status, out, err = main("init", "--yes", "--dry-run")

    assert status == 0
    assert ('"bill"' in out) is billed
    assert ("W! no bill is set up, because `bill` reads only the layout wide" in err) is not billed


def test_a_configuration_with_a_bad_key(main, tmp_path):
    """One bad key of several is told. If no meter has its key, nothing could ever arrive, so that is an error."""
    bad = '[[meter]]\nname = "home"\ninterface = "p1"\nport = "/dev/ttyUSB0"\nencryption_key = "file:none.ek"\n'
    (tmp_path / "han.toml").write_text(bad)
    status, _, err = main("init", "--yes", "--dry-run")
    assert (status, '"home": encryption_key: a file with 32 hex digits is expected' in err) == (2, True)

    (tmp_path / "han.toml").write_text(bad + bad[: bad.index("encryption")].replace("home", "shop").replace("USB0", "USB1"))
    status, out, err = main("init", "--yes", "--dry-run")
    assert status == 0
    assert f"{tmp_path}/han.toml exists and is used as it is." in out
    assert err.startswith("W! home: encryption_key: a file with 32 hex digits is expected")


@pytest.mark.parametrize(
    ("words", "spoil", "said"),
    [
        (
            ["init", "--yes"],
            {"is_root": lambda: False},
            "init: root is expected, because files below /etc are written. Run: sudo telegraf-han init",
        ),
        (["remove", "--yes"], {"is_root": lambda: False}, "remove: root is expected, because files below /etc are removed. Run: sudo"),
        (["init"], {}, "init: a terminal is expected as stdin. Without one, give the answers as options, with --yes"),
        (["remove"], {}, "remove: a terminal is expected as stdin. Without one, use --yes"),
        (["init", "--yes", "--user", "nobody else"], {}, "--user: this machine has no user nobody else. Install Telegraf first"),
    ],
)
def test_what_stops_them(main, monkeypatch, words, spoil, said):
    """One line, before any question."""
    monkeypatch.setattr(screen, "is_input", lambda: False)
    for name, value in spoil.items():
        monkeypatch.setattr(machine, name, value)

    status, _, err = main(*words)

    assert status == 2
    assert f"E! {said}" in err


def test_no_core_file_has_what_is_typed(main, monkeypatch, key_file):
    """Neither a key nor a password, so it begins before the first question."""
    done = []

    def asked(*_):
        done.append("asked")
        raise KeyboardInterrupt

    monkeypatch.setattr(init.cores, "withhold", lambda: done.append("withheld"))
    monkeypatch.setattr(init.meters, "asked", asked)

    main(*_dry(key_file))

    assert done == ["withheld", "asked"]


def test_a_program_that_telegraf_may_not_run(main, monkeypatch):
    """A virtual environment in somebody's home, for example."""
    monkeypatch.setattr(rights, "may_open", lambda *_: False)

    status, _, err = main("init", "--yes")

    assert status == 2
    assert "user telegraf may not run this program. Install it where every user may: /opt/telegraf-han" in err


def test_telegraf_starts_the_plugin_already(main, tmp_path):
    """Two inputs would fight for the port."""
    (tmp_path / "telegraf.conf").write_text('[[inputs.execd]]\n  command = ["telegraf-han", "run"]\n')

    status, _, err = main("init", "--yes")

    assert status == 2
    assert "telegraf.conf: this file starts telegraf-han already. Remove that section" in err


def test_a_file_of_the_owners_is_not_written_over(main, key_file, tmp_path):
    """The page by-hand names the same file as `init`."""
    own = tmp_path / "telegraf.d" / "telegraf-han.conf"
    own.write_text("[[inputs.execd]]\n")

    status, _, err = main(*_dry(key_file))

    assert status == 2
    assert err.startswith(f"E! {own}: this file was not written by `init`. Move it elsewhere, and run init again")


def test_another_configuration(main, key_file, tmp_path):
    """Two would overwrite each other's file, and `remove` would take away both."""
    database = Database("http://127.0.0.1:8086", "home", "energy")
    one = Telegraf("/opt/telegraf-han/bin/telegraf-han", '/etc/telegraf/the "$first".toml', "/etc/secrets", "")
    (tmp_path / "telegraf.d" / "telegraf-han.conf").write_text(texts.telegraf(one, database))

    status, _, err = main(*_dry(key_file))

    assert status == 2
    assert 'this file reads /etc/telegraf/the "$first".toml already. A configuration may have several meters: add the meter there' in err


def test_a_folder_that_telegraf_does_not_read(main, key_file, tmp_path):
    """Nothing would ever arrive."""
    (tmp_path / "telegraf.d").rmdir()

    status, _, err = main(*_dry(key_file))

    assert status == 2
    assert "--config: a place beside Telegraf's own configuration (telegraf.conf, telegraf.d) is expected" in err


def test_a_person_who_says_no(main, monkeypatch, key_file, tmp_path):
    """Nothing is changed."""
    monkeypatch.setattr(screen, "is_input", lambda: True)
    monkeypatch.setattr(doing, "carried_out", lambda *_: pytest.fail("done"))
    answers = iter(["home", "admin", "n"])
    monkeypatch.setattr("builtins.input", lambda _: next(answers))
    monkeypatch.setattr("telegraf_han.setup.console.getpass", lambda _: "")

    words = [word for word in _dry(key_file) if word not in ("--yes", "--dry-run")]
    status, out, _ = main(*words)

    assert (status, out.splitlines()[-1]) == (130, "Nothing was changed.")
    assert sorted(os.listdir(tmp_path)) == ["letter.ek", "telegraf.d"]


def test_only_a_point_after_the_restart_proves_something(main, monkeypatch, key_file):
    """A Telegraf that ran before may send until it is restarted, and the new one may not start."""
    now = [1000.0]
    asked = []
    monkeypatch.setattr("telegraf_han.commands.init.time.time", lambda: now[0])
    monkeypatch.setattr(doing, "carried_out", lambda *_: None)
    monkeypatch.setattr(doing, "restarted", lambda *_: now.append(now.pop() + 90))
    monkeypatch.setattr(doing, "first_point", lambda _setup, since_s, *_: asked.append(since_s) or True)

    status, _, _ = main(*(word for word in _dry(key_file) if word != "--dry-run"))

    assert (status, asked) == (0, [1090])


def test_ctrl_c(main, monkeypatch, key_file):
    """It ends the set-up, and says that nothing was changed."""
    monkeypatch.setattr(screen, "is_input", lambda: True)

    def pressed(_prompt):
        raise KeyboardInterrupt

    monkeypatch.setattr("builtins.input", pressed)

    status, _, err = main("init", "--interface", "p1")

    assert (status, err.splitlines()[-1]) == (130, "Interrupted. Nothing was changed.")


def test_nothing_to_remove(main, monkeypatch, tmp_path):
    """On a machine that `init` has not touched."""
    monkeypatch.setattr("telegraf_han.commands.remove.places", lambda config: places.places(config)._replace(record=str(tmp_path / "none")))

    assert main("remove", "--yes")[:2] == (0, "There is nothing to remove: `init` has set up nothing on this machine.\n")


def test_ports_become_offers(monkeypatch):
    """A stick is offered as a receiver. A chip that both use, or that nobody knows, is offered as a cable."""
    found = [
        ports.Port("/dev/ttyUSB0", 0x0403, 0x6001, "FTDI FT232R USB UART"),
        ports.Port("/dev/ttyUSB1", 0x10C4, 0xEA60, "IMST iM871A"),
        ports.Port("/dev/ttyS0", None, None, ""),
    ]
    monkeypatch.setattr(ports, "listed", lambda: found)

    offers = init._offers()

    assert [(offer.port, offer.kind, offer.likely) for offer in offers] == [
        ("/dev/ttyUSB0", "", True),
        ("/dev/ttyUSB1", "im871a", True),
        ("/dev/ttyS0", "", False),
    ]
