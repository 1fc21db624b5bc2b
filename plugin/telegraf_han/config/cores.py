"""Keeps this process out of core files, because its memory holds keys.

A crash writes a core file on many systems, and other programs of the same user may read the memory of a process. Both end when the process
is not "dumpable" (prctl, Linux). Elsewhere only the size of a core file can be limited. A child that is started later is dumpable again, so
the programs of receivers are not touched, but they inherit the limit. A system that offers neither is left as it is.

`ctypes` would add 60 % to the instructions of a start (16 million, cachegrind, bare Python has 28 million). The module below it adds
1.5 million, and one function of it is enough.
"""

from functools import cache
from typing import Final

_PR_SET_DUMPABLE: Final = 4


@cache
def withhold() -> None:
    """Keep this process out of core files from now on. Never raises. Calls after the first do nothing."""
    try:
        import resource  # noqa: PLC0415, a program without keys does without

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    except (ImportError, OSError, ValueError):
        pass
    try:
        from _ctypes import call_function, dlopen, dlsym  # noqa: PLC0415

        call_function(dlsym(dlopen(None, 0), "prctl"), (_PR_SET_DUMPABLE, 0, 0, 0, 0))  # type: ignore[arg-type]
    except (ImportError, OSError):
        return  # not Linux
