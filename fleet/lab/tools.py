"""Commands of a host of the lab that stand in for those of a real machine: systemctl, journalctl, ssh, scp, sudo, reboot.

`first.py` puts a script for each of them in front of the PATH. They do what the fleet's documents need and nothing more.
"""

from __future__ import annotations

import json
import os
import pwd
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LOGS = Path("/var/log/units")
PLAIN = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "USER": "root"}


def _asked(host: str, request: dict[str, object], stdin: int = 0, stdout: int = 1) -> int:
    """Ask the first process of a host, which uses this command's own input and output. Returns the exit code."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        try:
            connection.connect(f"{os.environ['LAB']}/{host}.sock")
        except OSError:
            print(f"there is no host {host} in this lab", file=sys.stderr)
            return 255
        socket.send_fds(connection, [json.dumps(request).encode()], [stdin, stdout, 2])
        return int(connection.recv(16) or b"255")


def systemctl(words: Sequence[str]) -> int:
    """Ask this host's stand-in for systemd."""
    return _asked(socket.gethostname(), {"do": "systemctl", "words": list(words)})


def reboot(words: Sequence[str]) -> int:
    """Cut this host's power for a moment."""
    return systemctl(["reboot", *words])


def journalctl(words: Sequence[str]) -> int:
    """Show what a unit said: `-u UNIT`, `-n LINES`, `-f`, `--no-pager`."""
    names, count, follow = [], 0, False
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word in ("-u", "--unit"):
            names.append(rest.pop(0))
        elif word in ("-n", "--lines"):
            count = int(rest.pop(0))
        follow = follow or word in ("-f", "-fu", "--follow")
        if word == "-fu":
            names.append(rest.pop(0))
    (name,) = names or [""]
    file = LOGS / f"{name.removesuffix('.service')}.service.log"
    if not file.exists():
        print("-- No entries --")
        return 0
    with file.open(encoding="utf-8", errors="replace") as log:
        lines = log.readlines()
        print("".join(lines[-count:]), end="", flush=True)
        while follow:
            print(log.read(), end="", flush=True)
            time.sleep(0.2)
    return 0


def ssh(words: Sequence[str]) -> int:
    """Run a command on another host as root: `ssh HOST COMMAND`."""
    rest = [word for word in words if not word.startswith("-")]
    host, *command = rest
    return _remote(host.rpartition("@")[2], " ".join(command))


def _remote(host: str, line: str, stdin: int = 0, stdout: int = 1) -> int:
    home = f"{os.environ['LAB']}/{host}.home"
    environment = PLAIN | {"HOME": home, "LAB": os.environ["LAB"]}
    words = ["sh", "-c", line] if line else ["bash"]
    return _asked(host, {"do": "run", "words": words, "folder": home, "environment": environment}, stdin, stdout)


def scp(words: Sequence[str]) -> int:
    """Copy files to another host, `scp FILE… HOST:[PATH]`, or one from there, `scp HOST:FILE PATH`."""
    *sources, target = [word for word in words if not word.startswith("-")]
    host, is_remote, path = target.rpartition("@")[2].partition(":")
    if not is_remote:
        host, _, path = sources[0].rpartition("@")[2].partition(":")
        into = Path(target) / Path(path).name if Path(target).is_dir() else Path(target)
        with into.open("wb") as file:
            return _remote(host, f"cat '{path}'", stdout=file.fileno())
    for source in sources:
        name = Path(source).name
        line = f'p=\'{path or "."}\'; if [ -d "$p" ]; then p="$p/{name}"; fi; cat > "$p"'
        with Path(source).open("rb") as file:
            code = _remote(host, line, stdin=file.fileno())
        if code:
            return code
    return 0


def sudo(words: Sequence[str]) -> int:
    """Run a command as root, who the user of a host is, or as another user (`-u USER`). `NAME=value` goes into the environment."""
    rest, user = list(words), "root"
    while rest and (rest[0].startswith("-") or "=" in rest[0]):
        word = rest.pop(0)
        if word in ("-u", "--user"):
            user = rest.pop(0)
        elif not word.startswith("-"):
            name, _, value = word.partition("=")
            os.environ[name] = value
    if user == "root":
        os.execvp(rest[0], rest)
    entry = pwd.getpwnam(user)
    os.environ |= {"HOME": entry.pw_dir, "USER": user}
    return subprocess.run(
        rest, user=entry.pw_uid, group=entry.pw_gid, extra_groups=os.getgrouplist(user, entry.pw_gid), check=False
    ).returncode


TOOLS: dict[str, Callable[[Sequence[str]], int]] = {
    "systemctl": systemctl, "journalctl": journalctl, "ssh": ssh, "scp": scp, "sudo": sudo, "reboot": reboot,
}  # fmt: skip


def main() -> NoReturn:
    """Be the command that the first word names."""
    try:
        sys.exit(TOOLS[sys.argv[1]](sys.argv[2:]))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(141)


if __name__ == "__main__":
    main()
