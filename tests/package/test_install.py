"""The Debian package from an empty machine to purge: what it brings, whom it lets, and that nothing of it is left."""

from __future__ import annotations

import re
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from telegraf_han import __version__, cli

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from package.conftest import Built
    from package.machine import Machine

ROOT = Path(__file__).parents[2]
CASE = ROOT / "tests/cases/p1-gama350-stoen"
NEXT = "next: sudo telegraf-han init"
# What Telegraf's own package does before it is unpacked [scripts/deb/pre-install.sh of Telegraf 1.39.3].
TELEGRAFS_USER = "groupadd -r telegraf && useradd -r -M telegraf -s /bin/false -d /etc/telegraf -g telegraf"


def decoded(machine: Machine, user: str = "root") -> str:
    """What the installed program makes of a telegram that a test case has."""
    for name in ("config.toml", "input.hex"):
        machine.path(f"/srv/{name}").write_text((CASE / name).read_text())
    return machine.do("telegraf-han", "decode", "--config", "/srv/config.toml", "/srv/input.hex", user=user)


@pytest.mark.parametrize(("release", "python"), [("bookworm", "3.11"), ("trixie", "3.13")])
def test_empty_machine(built: Built, empty: Callable[[str], AbstractContextManager[Machine]], release: str, python: str) -> None:
    """apt installs it with what it depends on, without any network, and it works with the Python of that Debian."""
    with empty(release) as machine:
        assert machine.run("python3", "--version").returncode == 127
        said = machine.install(built.packages["amd64"])

        assert f"telegraf-han: {NEXT}\n" in said
        assert "W!" not in said
        assert machine.do("telegraf-han", "--version") == f"telegraf-han {__version__}\n"
        assert machine.do("/opt/telegraf-han/bin/telegraf-han", "--version") == f"telegraf-han {__version__}\n"
        assert decoded(machine) == (CASE / "expected.lp").read_text()
        # Each command finds the packages that it needs: InfluxDB's client, holidays, serial ports, cffi.
        for command in cli.COMMANDS:
            assert "usage:" in machine.do("telegraf-han", command, "--help")
        code = "import sys, cffi, _cffi_backend; print(sys.prefix, *sys.version_info[:2], _cffi_backend.__file__)"
        prefix, major, minor, backend = machine.do("/opt/telegraf-han/bin/python3", "-I", "-c", code).split()
        assert (prefix, f"{major}.{minor}") == ("/opt/telegraf-han", python)
        assert backend.startswith("/opt/telegraf-han/lib/python")
        # What `init` writes into Telegraf's and Grafana's configuration.
        code = "from telegraf_han.setup import places; print(places.boards(), places.program())"
        found = machine.do("/opt/telegraf-han/bin/python3", "-I", "-c", code).split()
        assert found == ["/usr/share/telegraf-han/grafana", "/opt/telegraf-han/bin/telegraf-han"]
        # The program was compiled when it was installed: an ordinary user could not do it.
        names = [path.name for path in machine.path("/opt/telegraf-han/lib/python3/site-packages/telegraf_han/__pycache__").iterdir()]
        assert f"cli.cpython-{python.replace('.', '')}.pyc" in names


@pytest.fixture
def installed(lived_in: Machine, built: Built) -> Machine:
    """A machine without Telegraf that has the package."""
    lived_in.install(built.packages["amd64"])
    return lived_in


def test_manual_and_completion(installed: Machine) -> None:
    """The manual page has every command, without a complaint of `man`; both shells complete commands and options."""
    page = "/usr/share/man/man1/telegraf-han.1.gz"
    text = installed.do("sh", "-c", f"MANWIDTH=200 man --warnings -l {page} | cat")
    assert "warning" not in text
    assert [name for name in cli.COMMANDS if f"telegraf-han {name}" not in text] == []
    helps = installed.do("sh", "-c", "; ".join(f"telegraf-han {name} --help" for name in cli.COMMANDS))
    for command, known in (("influx", {"setup", "import"}), ("fleet", {"create", "check"})):
        actions = re.findall(r"^ {4}(\w+) ", installed.do("telegraf-han", command, "--help").partition("actions:")[2], re.MULTILINE)
        helps += installed.do("sh", "-c", "; ".join(f"telegraf-han {command} {name} --help" for name in actions))
        assert known <= set(actions)
    shown, told = (set(re.findall(r"(?<![\w-])--[a-z0-9][a-z0-9-]*", said)) for said in (text, helps))
    assert shown - {"--version"} == told - {"--help"}
    assert f"telegraf-han {__version__}" in text

    bash = (
        "source /usr/share/bash-completion/bash_completion; _completion_loader telegraf-han; "
        'COMP_WORDS=(telegraf-han {words}); COMP_CWORD={place}; $(complete -p telegraf-han | sed "s/.*-F \\([^ ]*\\) .*/\\1/") telegraf-han {last} x; '
        'echo "${{COMPREPLY[@]}}"'
    )
    assert "simulate" in installed.do("bash", "-c", bash.format(words="sim", place=1, last="sim"))
    assert "--redact" in installed.do("bash", "-c", bash.format(words="decode --re", place=2, last="--re"))
    zsh = "autoload -Uz compinit && compinit -u -d /tmp/zcompdump && echo $_comps[telegraf-han] && autoload +X _telegraf-han && echo loaded"
    assert installed.do("zsh", "-f", "-c", zsh).split() == ["_telegraf-han", "loaded"]
    assert installed.do("zsh", "-n", "/usr/share/zsh/vendor-completions/_telegraf-han") == ""


def test_files_and_rights(installed: Machine) -> None:
    """Everything belongs to root, nobody else may write, and nothing is below /etc: what is there is the owner's."""
    names = installed.do("dpkg", "--listfiles", "telegraf-han").split()
    assert not [name for name in names if name.startswith(("/etc", "/var", "/usr/local"))]
    for name in names:
        about = installed.path(name).lstat()
        assert (about.st_uid, about.st_gid) == (0, 0), name
        assert stat.S_ISLNK(about.st_mode) or not about.st_mode & 0o022, name
    for name in ("examples/han.toml", "examples/telegraf.conf", "copyright", "changelog.gz"):
        assert f"/usr/share/doc/telegraf-han/{name}" in names
    rules = installed.path("/usr/lib/udev/rules.d/60-telegraf-han.rules").read_text()
    assert (ROOT / "docs/examples/60-telegraf-han.rules").read_text().endswith(rules.partition("\n\n")[2])
    assert rules.count("idVendor") == (ROOT / "docs/examples/60-telegraf-han.rules").read_text().count("idVendor")
    assert installed.path("/opt/telegraf-han/bin/mend_buffer.py").read_bytes() == (ROOT / "docker/bin/mend_buffer.py").read_bytes()
    for path in (ROOT / "grafana/dashboards").rglob("*.json"):
        assert f"/usr/share/telegraf-han/grafana/{path.relative_to(ROOT / 'grafana')}" in names


def test_telegrafs_user(lived_in: Machine, built: Built, tmp_path: Path) -> None:
    """Telegraf's user may open serial ports, also if Telegraf is installed later, and is told once."""
    said = lived_in.install(built.packages["amd64"])
    assert "dialout" not in said
    assert lived_in.run("id", "telegraf").returncode == 1

    said = lived_in.install(_like_telegrafs(tmp_path))
    assert said.count("telegraf-han: the user telegraf is in the group dialout now") == 1
    assert "dialout" in lived_in.do("id", "-nG", "telegraf").split()
    assert decoded(lived_in, user="telegraf") == (CASE / "expected.lp").read_text()

    again = lived_in.do("dpkg-reconfigure", "-fnoninteractive", "telegraf-han")
    assert "dialout" not in again
    assert lived_in.do("id", "-nG", "telegraf").split().count("dialout") == 1


def test_where_systemd_and_udev_run(lived_in: Machine, built: Built) -> None:
    """The folder of the reader's socket is there at once, for Telegraf's user alone, and udev looks at serial ports again."""
    lived_in.do("sh", "-c", TELEGRAFS_USER)
    lived_in.do("mkdir", "-p", "/run/systemd/system", "/run/udev")
    lived_in.do("python3", "-c", "import socket; socket.socket(socket.AF_UNIX).bind('/run/udev/control')")
    lived_in.path("/usr/bin/udevadm").write_text('#!/bin/sh\necho "$@" >> /srv/udevadm\n')
    lived_in.do("chmod", "755", "/usr/bin/udevadm")

    said = lived_in.install(built.packages["amd64"])

    assert "W!" not in said
    assert lived_in.do("stat", "--format=%U:%G %a", "/run/telegraf-han") == "telegraf:telegraf 750\n"
    asked = lived_in.path("/srv/udevadm").read_text().splitlines()
    assert asked[0] == "control --reload"
    assert "trigger --action=change --subsystem-match=tty" in asked[1:]


def _like_telegrafs(folder: Path) -> Path:
    """A package that makes the user and brings the file that Telegraf's makes and brings."""
    root = folder / "telegraf"
    (root / "usr/bin").mkdir(parents=True)
    (root / "usr/bin/telegraf").write_text("#!/bin/sh\n")
    (root / "DEBIAN").mkdir()
    (root / "DEBIAN/control").write_text(
        "Package: telegraf\nVersion: 1.39.3-1\nArchitecture: all\nMaintainer: a test <test@localhost>\nDescription: stands for Telegraf\n"
    )
    script = root / "DEBIAN/preinst"
    script.write_text(f"#!/bin/sh\n{TELEGRAFS_USER}\n")
    script.chmod(0o755)
    package = folder / "telegraf_1.39.3-1_all.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", root, package], check=True, capture_output=True, timeout=60)
    return package


def test_remove_and_purge(lived_in: Machine, built: Built) -> None:
    """After purge every file is as before, but for what the owner wrote; remove and purge each say in a line what is left to do."""
    lived_in.do("sh", "-c", TELEGRAFS_USER)
    lived_in.do("sh", "-c", "mkdir -p /etc/telegraf/telegraf.d && echo '# mine' > /etc/telegraf/han.toml && mkdir /var/lib/telegraf-han")
    empty = lived_in.files()
    said = lived_in.install(built.packages["amd64"])
    assert "the user telegraf is in the group dialout now" in said
    decoded(lived_in)
    lived_in.do("sh", "-c", "rm -r /srv/* && mkdir /run/telegraf-han")
    assert len(lived_in.files()) > len(empty) + 1000
    starts = '[[inputs.execd]]\n  command = ["/opt/telegraf-han/bin/telegraf-han", "run"]\n'
    lived_in.path("/etc/telegraf/telegraf.d/telegraf-han.conf").write_text(starts)

    said = lived_in.do("apt-get", "--yes", "remove", "telegraf-han")
    assert "W! Telegraf does not start any more until you remove [[inputs.execd]] with telegraf-han from: /etc/telegraf/telegraf.d/" in said
    assert not lived_in.path("/run/telegraf-han").exists()
    lived_in.path("/etc/telegraf/telegraf.d/telegraf-han.conf").unlink()
    assert lived_in.files() == empty

    said = lived_in.do("apt-get", "--yes", "purge", "telegraf-han")
    assert "telegraf-han: what you or `telegraf-han init` wrote stays: /etc/telegraf/han.toml /var/lib/telegraf-han. So do the keys" in said
    assert lived_in.files() == empty
    assert lived_in.run("dpkg", "--status", "telegraf-han").returncode == 1
    assert "dialout" in lived_in.do("id", "-nG", "telegraf").split()  # the line of purge says so
