"""Starts a program under the rules of a systemd unit, where no systemd runs: `python confined.py UNIT FOLDER COMMAND…`.

What systemd does with the kernel's help is done here with the same calls, read from the same file: `NoNewPrivileges`, an empty
`CapabilityBoundingSet`, `SystemCallFilter`, `SystemCallArchitectures`, `RestrictAddressFamilies`, `MemoryDenyWriteExecute` and `LimitCORE`. For
`ProtectSystem=strict` the root becomes read-only but for FOLDER, if root runs this. One thing is stricter: a forbidden system call ends the
program with SIGSYS, while systemd lets it fail with EPERM. So nothing is forgiven silently.

Not done: device rules, limits of memory and tasks (control groups), hidden processes, private /tmp and /home. Only systemd does these.

The sets of system calls come from `systemd-analyze`, and libseccomp makes the filter, as in systemd. Only x86-64 and arm64 were thought of.
"""

import ctypes
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

_KILL, _ALLOW = 0x80000000, 0x7FFF0000
_EQUAL, _MASKED_EQUAL = 4, 7
_CAPBSET_DROP, _NO_NEW_PRIVS = 24, 38
_NEW_MOUNTS, _BIND, _REMOUNT, _READ_ONLY, _RECURSIVE, _PRIVATE = 0x20000, 0x1000, 0x20, 0x1, 0x4000, 0x40000
_WRITE, _EXECUTE = 2, 4
_LAST_CAPABILITY = 63

libc = ctypes.CDLL(None, use_errno=True)


class _Compare(ctypes.Structure):
    _fields_ = (("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64))


def directives(unit: Path) -> dict[str, list[str]]:
    """The settings of a unit or drop-in, each with all its lines."""
    found: dict[str, list[str]] = {}
    for line in unit.read_text().splitlines():
        name, is_one, value = line.partition("=")
        if is_one and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def calls(names: Iterable[str]) -> set[str]:
    """The system calls of these names and sets."""
    found: set[str] = set()
    for name in names:
        if not name.startswith("@"):
            found.add(name)
            continue
        told = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager", name], capture_output=True, text=True, check=True).stdout
        found |= calls(word for line in told.splitlines()[1:] if (word := line.strip()) and not word.startswith("#"))
    return found


def allowed(settings: dict[str, list[str]]) -> set[str]:
    """What the filter lets through. The first line lists what is allowed, and a line with ~ takes away."""
    found: set[str] = set()
    for line in settings["SystemCallFilter"]:
        if line.startswith("~"):
            found -= calls(line[1:].split())
        else:
            found |= calls(line.split())
    return found


def _checked(result: int, what: str) -> None:
    if result:
        raise OSError(ctypes.get_errno(), what)


def filtered(settings: dict[str, list[str]]) -> None:
    """Let only the unit's system calls through from now on. Others end the process."""
    seccomp = ctypes.CDLL("libseccomp.so.2")
    seccomp.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(seccomp.seccomp_init(_KILL))
    families = [getattr(socket, name) for name in " ".join(settings["RestrictAddressFamilies"]).split()]
    guarded = {
        "socket": [[(0, _EQUAL, family, 0)] for family in families],
        "mmap": [[(2, _MASKED_EQUAL, _WRITE | _EXECUTE, bits)] for bits in (0, _WRITE, _EXECUTE)],
        "mprotect": [[(2, _MASKED_EQUAL, _EXECUTE, 0)]],
        "pkey_mprotect": [[(2, _MASKED_EQUAL, _EXECUTE, 0)]],
    }
    for name in allowed(settings):
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        for rule in guarded.get(name, [[]]) if number >= 0 else ():
            array = (_Compare * len(rule))(*(_Compare(*one) for one in rule))
            _checked(seccomp.seccomp_rule_add_array(context, ctypes.c_uint32(_ALLOW), number, len(rule), array), name)
    _checked(seccomp.seccomp_load(context), "seccomp_load")


def read_only_but(folder: Path) -> None:
    """A root of this process's own, in which only the folder can be written."""
    _checked(libc.unshare(_NEW_MOUNTS), "unshare")
    _checked(libc.mount(b"none", b"/", None, _RECURSIVE | _PRIVATE, None), "private mounts")
    path = os.fsencode(folder)
    _checked(libc.mount(path, path, None, _BIND, None), "bind")
    _checked(libc.mount(b"none", b"/", None, _BIND | _REMOUNT | _READ_ONLY, None), "read-only root")


def main(unit: Path, folder: Path, command: list[str]) -> None:
    """Confine this process, and become the command."""
    settings = directives(unit)
    assert settings["CapabilityBoundingSet"] == [""]
    assert (settings["NoNewPrivileges"], settings["MemoryDenyWriteExecute"], settings["LimitCORE"]) == (["true"], ["true"], ["0"])
    assert settings["ProtectSystem"] == ["strict"]
    if os.getuid() == 0:
        read_only_but(folder)
        for capability in range(_LAST_CAPABILITY + 1):
            libc.prctl(_CAPBSET_DROP, capability, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _checked(libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges")
    os.chdir(folder)
    filtered(settings)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
