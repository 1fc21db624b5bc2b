"""Looks at the key files once per minute, so that a corrected key is used without a restart.

A key that cannot be had silences its own meter only. The meter says so in its state, and here in the log. An owner corrects the file, or
the operator sends a new key, and the next look takes it. A file that was good and then is not any more changes nothing: the meter keeps the
key that was read before, and the log says so. Only `file:…` is looked at: a key in the configuration itself or in the environment cannot
change while the program runs, and systemd copies a credential when it starts the service.

A look compares the file's time, size and number with those of the last look, and reads only what changed. A file without a good key is read
each time, because the reason may be elsewhere, such as the rights of a folder. One thread looks, and it holds the readers' lock only while
it exchanges a key. It is the main thread, because a file on a network disk that does not answer must not stop the lines.
"""

import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any, Final

from telegraf_han.ciphers.secret import Written
from telegraf_han.config.keys import Keys
from telegraf_han.config.sections import BadKey, Config, MeterConfig
from telegraf_han.decoding.decoder import Decoder
from telegraf_han.language import _
from telegraf_han.live.log import Log

LOOK_S: Final = 60.0
"""Time between two looks. The log and the page `trouble` promise a minute."""


class _File:
    """The file of one key."""

    __slots__ = ("meter", "option", "stamp", "text", "told")

    def __init__(self, meter: str, option: str, text: Written) -> None:
        self.meter: Final = meter
        self.option: Final = option
        self.text: Final = text
        self.stamp: tuple[int, ...] | None = None
        """The file as it was when its key was read. None before the first look, and as long as it gives no key."""
        self.told = ""
        """What was last told of a file whose key from before is still used."""


class KeyFiles:
    """The key files of all meters of a configuration. Only one thread uses it."""

    __slots__ = ("_clock", "_config_file", "_decoder", "_due_s", "_files", "_lock", "_log")

    def __init__(
        self,
        config: Config,
        decoder: Decoder,
        lock: AbstractContextManager[object],
        log: Log,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Look at nothing yet. `lock` is held around each use of the decoder; `clock` gives seconds."""
        self._config_file: Final = config.file
        self._files: Final = [_File(meter.name, option, text) for meter in config.meters for option, text in meter.key_files]
        self._decoder: Final = decoder
        self._lock: Final = lock
        self._log: Final = log
        self._clock: Final = clock
        self._due_s = clock() + LOOK_S

    def tell(self, meters: Iterable[MeterConfig]) -> None:
        """Log the meters among these that are not read because of a key."""
        for meter in meters:
            tell(self._log, meter)

    def wait_s(self) -> float | None:
        """Seconds until the next look. None if no key comes from a file."""
        return max(0.0, self._due_s - self._clock()) if self._files else None

    def look(self) -> None:
        """Look at all files, if a minute has passed. Never raises for a file."""
        if not self._files or self._clock() < self._due_s:
            return
        self._due_s = self._clock() + LOOK_S
        for file in self._files:
            self._look_at(file)

    def _look_at(self, file: _File) -> None:
        notes: list[str] = []
        keys = Keys(self._config_file, notes.append)
        stamp = keys.stamp(file.text.reveal())  # before the key is read, so a change in between is seen at the next look
        if stamp is not None and stamp == file.stamp:
            return
        config = self._decoder.meters[file.meter].config  # only this thread exchanges it
        try:
            key = keys.resolved(file.text.reveal())
        except ValueError as error:
            file.stamp = None
            self._lost(file, config, str(error))
            return
        file.stamp = stamp
        if key == getattr(config, file.option):
            if file.told:
                said = _("{name}: {option} can be read again, and is the same as before", name=file.meter, option=file.option)
                self._log.say("I", said)
        else:
            new: dict[str, Any] = {file.option: key}
            self._found(file, config._replace(**new), notes)
        file.told = ""

    def _lost(self, file: _File, config: MeterConfig, why: str) -> None:
        """The file gives no key."""
        if getattr(config, file.option) is not None:
            if why != file.told:
                file.told = why
                said = _("{name}: {option}: {why}. The key that was read before stays in use", name=file.meter, option=file.option, why=why)
                self._log.say("W", said)
            return
        bad_keys = tuple(BadKey(file.option, why) if bad.option == file.option else bad for bad in config.bad_keys)
        if bad_keys != config.bad_keys:
            self._exchange(config._replace(bad_keys=bad_keys))

    def _found(self, file: _File, config: MeterConfig, notes: Iterable[str]) -> None:
        """The file gives another key than before. `notes` say what should be changed about the file."""
        for note in notes:
            self._log.say("W", note)
        said = _("{name}: a new {option} was read from its file. It is used from now on", name=file.meter, option=file.option)
        self._log.say("I", said)
        self._exchange(config._replace(bad_keys=tuple(bad for bad in config.bad_keys if bad.option != file.option)))

    def _exchange(self, config: MeterConfig) -> None:
        with self._lock:
            self._decoder.rekey(config)
        self.tell([config])


def tell(log: Log, meter: MeterConfig) -> None:
    """Log why a meter is not read, and what to do. The same reason is logged once per minute and counted in between."""
    if not meter.bad_keys:
        return  # it was corrected just now
    files = {option for option, _ in meter.key_files}
    lasting = [bad.option for bad in meter.bad_keys if bad.option not in files]
    why = "; ".join(f"{bad.option}: {bad.why}" for bad in meter.bad_keys)
    todo = (
        _("Correct {options}, then restart Telegraf", options=_(" and ").join(lasting))
        if lasting
        else _("It is read within a minute after the file is right")
    )
    said = _("{name}: {why}. This meter is not read. {todo}", name=meter.name, why=why, todo=todo)
    log.repeated("E", why, meter.name, said)
