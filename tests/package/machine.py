"""Empty Debian machines to install packages on, where neither a virtual machine nor a container engine runs.

A machine is the files of a release, as mmdebstrap makes them, and namespaces of its own: processes, mounts, and a network in which not even
localhost answers. apt has the packages that ours depends on in its cache, so what is not there cannot be installed without being noticed.
No systemd and no udev run in it. Where a test needs them, it stands in for them.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FURNITURE", "Machine", "archive", "missing", "started"]

Done = subprocess.CompletedProcess[str]

MAKE_TIMEOUT_S = 900
RUN_TIMEOUT_S = 300
FURNITURE = ("python3", "tzdata", "man-db", "bash-completion", "zsh", "systemd-standalone-tmpfiles")
"""Packages that a lived-in machine has: what ours needs, the programs that show its pages and its completion, and systemd's for folders."""
NOTES = ("/dev", "/proc", "/run", "/tmp", "/var/cache", "/var/lib/apt", "/var/lib/dpkg", "/var/log")
"""What the system itself writes when packages come and go."""
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "DEBIAN_FRONTEND": "noninteractive",
    "LANG": "C.UTF-8",
}
# Process 1 of the machine; the mounts are gone with it.
BOOT = """
set -e
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$1"
tar -C "$1" -xf "$2"
echo force-unsafe-io > "$1/etc/dpkg/dpkg.cfg.d/unsafe-io"
mount -t proc proc "$1/proc"
mount -t tmpfs -o mode=755 tmpfs "$1/run"
mount -t tmpfs -o mode=755 tmpfs "$1/dev"
for node in null zero full random urandom tty; do touch "$1/dev/$node" && mount --bind "/dev/$node" "$1/dev/$node"; done
mkdir "$1/dev/pts" && mount -t devpts -o newinstance,ptmxmode=0666 devpts "$1/dev/pts" && ln -s pts/ptmx "$1/dev/ptmx"
ln -s /proc/self/fd "$1/dev/fd"
cd "$1" && exec chroot . sh -c 'echo up; exec sleep infinity'
"""


class Machine:
    """A machine that runs."""

    def __init__(self, first_pid: int) -> None:
        """Take over namespaces made by `started`."""
        self.root = Path(f"/proc/{first_pid}/root")
        self.running: list[subprocess.Popen[bytes]] = []
        self._enter = ["nsenter", f"--target={first_pid}", "--mount", "--pid", "--net", "--root", "--wd", "--"]

    def words(self, *words: str) -> list[str]:
        """A command of the machine as a command from here, for who holds its terminal."""
        return [*self._enter, *words]

    def localhost(self) -> None:
        """Let the machine reach itself. It has no program for that, so ours does it (SIOCSIFFLAGS, IFF_UP)."""
        up = "import fcntl, socket, struct; fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sh14x', b'lo', 1))"
        subprocess.run([*self._enter[:2], "--net", "--", sys.executable, "-c", up], check=True, timeout=RUN_TIMEOUT_S)

    def run(self, *words: str, user: str = "root") -> Done:
        """Run a command to its end, as root or as another user with that user's groups."""
        as_user = [] if user == "root" else ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"]
        return subprocess.run(
            [*self._enter, *as_user, *words], env=ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=RUN_TIMEOUT_S, check=False,
        )  # fmt: skip

    def do(self, *words: str, user: str = "root") -> str:
        """What a command says that must not fail: both streams."""
        done = self.run(*words, user=user)
        assert done.returncode == 0, f"{' '.join(words)} failed with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def start(self, log: Path, *words: str, user: str) -> None:
        """Start a command that runs until the machine ends; its output goes to a file."""
        as_user = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"]
        with log.open("wb") as out:
            process = subprocess.Popen([*self._enter, *as_user, *words], env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        self.running.append(process)

    def install(self, package: Path) -> str:
        """Install a package file with apt, with what it depends on."""
        shutil.copyfile(package, self.root / "tmp" / package.name)
        try:
            return self.do("apt-get", "--yes", "--no-install-recommends", "install", f"/tmp/{package.name}")
        finally:
            (self.root / "tmp" / package.name).unlink()

    def path(self, name: str) -> Path:
        """A file of the machine, seen from here; a link in it is not followed well."""
        return self.root / name.lstrip("/")

    def processes(self, mark: str) -> set[int]:
        """The numbers, outside, of the machine's processes whose command line has this text."""
        found = set()
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):  # it ended meanwhile
                words = (process / "cmdline").read_text().replace("\0", " ")
                if mark in words and not words.startswith("nsenter ") and (process / "root").samefile(self.root):
                    found.add(int(process.name))
        return found

    def files(self) -> dict[str, str]:
        """Every file with its kind, mode, owner and, for links, target; without what dpkg, apt and their logs note."""
        skipped = [word for name in NOTES for word in ("-path", name, "-prune", "-o")]
        lines = self.do("find", "/", *skipped, "-printf", r"%p\t%y %m %u %g %l\n").splitlines()
        return dict(line.split("\t", 1) for line in lines)


@contextlib.contextmanager
def started(release_archive: Path) -> Iterator[Machine]:
    """A fresh machine; nothing of it is left at the end."""
    with tempfile.TemporaryDirectory() as place:  # its files are in memory, and gone with the namespaces
        holder = subprocess.Popen(
            # If the tests are killed, the machine ends with them.
            ["setpriv", "--pdeathsig=KILL", "unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "sh", "-c", BOOT, "boot", place, release_archive],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=os.environ | ENVIRONMENT,
        )  # fmt: skip
        machine = None
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"up\n"
            (first,) = Path(f"/proc/{holder.pid}/task/{holder.pid}/children").read_text().split()
            machine = Machine(int(first))
            yield machine
        finally:
            holder.kill()  # and with it every process of the machine
            for process in (*(machine.running if machine else ()), holder):
                process.communicate()


def archive(folder: Path, release: str, *, cached: tuple[str, ...] = (), installed: tuple[str, ...] = ()) -> Path:
    """The files of a small Debian, with these packages in apt's cache, or installed; made once."""
    place = folder / f"{'-'.join((release, *cached, *installed))}.tar"
    if not place.exists():
        fresh = folder / f"{release}.new.tar"
        fetch = 'chroot "$1" apt-get -qq --yes --download-only --no-install-recommends install ' + " ".join(cached)
        options = [f"--customize-hook={fetch}", "--skip=cleanup/apt"] if cached else [f"--include={','.join(installed)}"]
        words = ["mmdebstrap", "--quiet", "--variant=minbase", *options, release, str(fresh)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=MAKE_TIMEOUT_S, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        fresh.rename(place)
    return place


def missing() -> str:
    """What this computer lacks to make machines; "" where it has it all."""
    if os.geteuid():
        return "root is needed to make namespaces"
    lacking = [
        program for program in ("mmdebstrap", "lintian", "readelf", "unshare", "nsenter", "setpriv") if shutil.which(program) is None
    ]
    return f"no {', '.join(lacking)} (Debian: apt-get install mmdebstrap lintian binutils)" if lacking else ""
