"""The questions about the meter: how it is read, what is heard, which keys open it.

The keys are tried at once on what was heard, so a mistake is found here and not days later. A key is never an option, because `ps` would
show it: the options name files.
"""

import os
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from telegraf_han import receivers
from telegraf_han.ciphers import secret
from telegraf_han.ciphers.secret import Key, Written
from telegraf_han.config import values
from telegraf_han.config.sections import MeterConfig
from telegraf_han.errors import ConfigError, reason
from telegraf_han.inspection.keytrial.findings import GOOD
from telegraf_han.language import _, decimal, marked
from telegraf_han.printing import say
from telegraf_han.setup import hearing, texts
from telegraf_han.setup.console import Console, given
from telegraf_han.setup.hearing import Hearing
from telegraf_han.telegram import Telegram

CABLE_S: Final = 12.0
"""A meter on a cable sends at least every 10 s."""
RADIO_S: Final = 90.0
"""By radio a GAMA350 sends once per minute, and a telegram may get lost."""
TRIES: Final = 3
"""How often keys are asked for before the set-up goes on with what was typed."""
KEY_LIMIT_BYTES: Final = 4096
_P1: Final = "p1"
_WMBUS: Final = "wmbus"
_OTHER: Final = ""
_SUFFIXES: Final = {"encryption_key": "ek", "authentication_key": "ak", "key": "key"}
_FILES: Final = {
    "encryption_key": "--encryption-key-file",
    "authentication_key": "--authentication-key-file",
    "key": "--key-file",
}


class Offer(NamedTuple):
    """A port that was found on this machine."""

    port: str
    """"" for a dongle, which its program finds by itself."""
    words: str
    kind: str
    """The type of the receiver, or "" for a cable or if it is not known."""
    dongle: bool = False
    likely: bool = True
    """Whether it may be the answer without a word: something that was plugged in, and no port of the board itself."""


class Answer(NamedTuple):
    """The meter, and the text of each key by option."""

    meter: texts.Meter
    keys: Mapping[str, Written]
    heard: bool
    """Whether a telegram of the meter was heard and could be read."""


def asked(console: Console, options: Namespace, offers: Sequence[Offer]) -> Answer:
    """Ask about the meter. Raises ConfigError, PortInUseError."""
    by_radio = any(offer.kind or offer.dongle for offer in offers) and not any(not (offer.kind or offer.dongle) for offer in offers)
    interface = options.interface or _interface(console, options, by_radio=by_radio)
    _require_used(options, interface)
    return _by_radio(console, options, offers) if interface == _WMBUS else _by_cable(console, options, offers)


def _interface(console: Console, options: Namespace, *, by_radio: bool) -> str:
    if options.id or options.receiver:
        return _WMBUS
    choices = [_("by cable, over its P1 port (RJ12)"), _("by radio, wireless M-Bus (868.95 MHz)")]
    return (_P1, _WMBUS)[console.choice(_("How is the meter read?"), choices, int(by_radio))]


def _require_used(options: Namespace, interface: str) -> None:
    """Raise ConfigError for an option of the other interface."""
    others = {_P1: ("receiver", "id", "key_file"), _WMBUS: ("encryption_key_file", "authentication_key_file")}[interface]
    for option in others:
        if getattr(options, option):
            name = f"--{option.replace('_', '-')}"
            raise ConfigError("", name, _("this option has no effect with --interface {interface}", interface=interface))


# --- by cable ---


def _by_cable(console: Console, options: Namespace, offers: Sequence[Offer]) -> Answer:
    cables = [offer for offer in offers if not offer.kind and not offer.dongle]
    port = _given_port(options) or _port(console, _("Which port is the cable on?"), cables)
    name = _name(console, options)
    heard = _listened(options, CABLE_S, port, hearing.cable(name, port), lambda one: bool(one.frames))
    config = MeterConfig(name, _P1, port)
    if heard is not None and heard.frames:
        maker, enciphered = hearing.whose(heard.frames[0])
        say(_heard(maker, enciphered=enciphered))
        if not enciphered and not options.encryption_key_file:
            return _done(texts.Meter(name, _P1, port), config, {}, heard)
    elif heard is not None:
        _tell_of_silence(hearing.line_fault(heard), there=_is_there(port))
    keys = _keys(console, options, ("encryption_key", "authentication_key"), config, heard)
    return _done(texts.Meter(name, _P1, port, key_files=_files(name, keys)), config, keys, heard)


def _heard(maker: str, *, enciphered: bool) -> str:
    if maker and enciphered:
        return _("A telegram of a {maker} meter was heard. It is enciphered, so its keys are needed.", maker=maker)
    if maker:
        return _("A telegram of a {maker} meter was heard. It is not enciphered, so no keys are needed.", maker=maker)
    if enciphered:
        return _("A telegram was heard. It is enciphered, so its keys are needed.")
    return _("A telegram was heard. It is not enciphered, so no keys are needed.")


def _tell_of_silence(fault: str, *, there: bool) -> None:
    if not there:  # the log line before this one says so
        say(_("The set-up can go on. Telegraf then waits for the meter."))
    elif fault:
        say(_("No telegram was heard: {fault}.", fault=fault))
    else:
        say(
            _("No telegram was heard. Either the operator has not switched the port on yet, or the cable is not in the meter's P1 socket."),
            _("The set-up can go on. Telegraf then waits for the meter."),
        )


# --- by radio ---


def _by_radio(console: Console, options: Namespace, offers: Sequence[Offer]) -> Answer:
    kind, port = _receiver(console, options, offers)
    heard = _listened(options, RADIO_S, port or kind, hearing.radio(kind, port, receivers.command(kind)), _enough(options.id))
    found = hearing.in_range(heard) if heard is not None else []
    number = given(options.id, "--id", _digits) if options.id else _number(console, found)
    name = _name(console, options)
    config = MeterConfig(name, _WMBUS, id=number)
    meter = next((one for one in found if one.id == number), None)
    if heard is not None and meter is None:
        seconds = RADIO_S if options.listen is None else options.listen
        say(_("Meter {number} was not heard within {seconds:g} s. The set-up can go on.", number=number, seconds=seconds))
    if meter is not None and not meter.enciphered and not options.key_file:
        return _done(texts.Meter(name, _WMBUS, port, kind, number), config, {}, heard)
    keys = _keys(console, options, ("key",), config, heard if meter is not None else None)
    return _done(texts.Meter(name, _WMBUS, port, kind, number, _files(name, keys)), config, keys, heard)


def _enough(number: str) -> Callable[[Hearing], bool]:
    """Whether the meter that was asked for was heard. Without a number the whole time is needed, because others may come.

    Each new meter is told at once, because a person does not wait for a minute and a half in silence.
    """
    told: set[str] = set()

    def enough(one: Hearing) -> bool:
        for meter in hearing.in_range(one):
            if meter.id not in told:
                told.add(meter.id)
                say(_("Heard: {meter}", meter=_row(meter)))
        return bool(number) and number in one.meters_heard

    return enough


def _row(meter: hearing.Meter) -> str:
    how = _("enciphered") if meter.enciphered else _("not enciphered")
    return f"{meter.id}  {meter.maker}  {meter.medium}, {how}"


def _receiver(console: Console, options: Namespace, offers: Sequence[Offer]) -> tuple[str, str]:
    """Type and port of the receiver."""
    if options.receiver:
        kind = options.receiver
        if kind not in receivers.kinds():
            raise ConfigError("", "--receiver", _("one of {kinds} is expected", kinds=", ".join(receivers.kinds())))
        by_itself = bool(receivers.command(kind))
        return kind, _given_port(options) or ("" if by_itself else _port(console, _("Which port is the receiver on?"), offers))
    sticks = [offer for offer in offers if offer.kind or offer.dongle]
    choices = [f"{offer.port or offer.words}  {offer.words if offer.port else ''}".rstrip() for offer in sticks]
    place = console.choice(_("Which receiver?"), [*choices, _("another one")]) if sticks else len(sticks)
    if place < len(sticks):
        return sticks[place].kind, sticks[place].port
    kinds = list(receivers.kinds())
    kind = kinds[console.choice(_("Which type of receiver?"), kinds)] if console.asks else console.text("", "--receiver")
    return kind, _given_port(options) or ("" if receivers.command(kind) else _port(console, _("Which port is the receiver on?"), offers))


def _number(console: Console, found: Sequence[hearing.Meter]) -> str:
    choices = [*map(_row, found), _("another one")]
    place = console.choice(_("Which meter is yours? Compare the number with the one on its front."), choices)
    if place < len(found):
        return found[place].id
    return console.text(_("The eight digits on the front of the meter"), "--id", read=_digits)


# --- both ---


def _name(console: Console, options: Namespace) -> str:
    if options.name is not None:
        return given(options.name, "--name", _called)
    return console.text(_("Name of the meter"), "--name", "home", _called)


def _called(text: str) -> str:
    """A name that the configuration takes. Raises ValueError, with a sentence for someone who types no quotation marks."""
    try:
        return values.name(text)
    except ValueError:
        said = _("a name is expected: 1 to {limit} printable characters, no backslash, and no key", limit=values.NAME_LIMIT)
        raise ValueError(said) from None


def _digits(text: str) -> str:
    """The number of a meter. Raises ValueError."""
    try:
        return values.meter_id(text)
    except ValueError:
        raise ValueError(_("the eight digits printed on the meter are expected")) from None


def _given_port(options: Namespace) -> str:
    return given(options.port, "--port", _place) if options.port else ""


def _place(port: str) -> str:
    """A port. A path starts at the folder where the person is, not at that of the configuration. Raises ValueError."""
    found = values.port(port)
    return found if "://" in found else os.path.abspath(found)


def _port(console: Console, question: str, offers: Sequence[Offer]) -> str:
    found = [offer for offer in offers if offer.port]
    choices = [f"{offer.port}  {offer.words}" for offer in found]
    likely = next((place for place, offer in enumerate(found) if offer.likely), len(found))
    place = console.choice(question, [*choices, _("another one, or a network address")], likely) if found else 0
    if place < len(found):
        return found[place].port
    if not found:
        say(_("No serial device was found. Plug in the cable, or give its address in the network: socket://HOST:PORT."))
    while True:
        port = console.text(_("Port"), "--port", read=_place)
        if _is_there(port) or not console.confirmed(_("{port} is not there. Type another one?", port=port)):
            return port


def _is_there(port: str) -> bool:
    """Whether a port exists. Of an address in the network that is known only when it is opened."""
    return "://" in port or os.path.exists(port)


def _listened(options: Namespace, default_s: float, place: str, config: object, enough: object) -> Hearing | None:
    """What was heard. None if the user does not want to listen."""
    whole_s = default_s if options.listen is None else options.listen
    if not whole_s:
        return None
    say(_("Listening to {place} for up to {seconds:g} s …", place=place, seconds=whole_s))
    return hearing.listen(config, whole_s, enough)  # type: ignore[arg-type]


def _keys(console: Console, options: Namespace, wanted: Sequence[str], config: MeterConfig, heard: Hearing | None) -> dict[str, Written]:
    """The text of each key, as typed or as found."""
    in_files = {option: _in_file(path, _FILES[option]) for option in wanted if (path := getattr(options, f"{option}_file"))}
    if not in_files and console.asks:
        say(_("The keys are in the operator's letter: 32 hex digits each. They are not shown while you type or paste them."))
    keys: dict[str, Written] = in_files
    for _attempt in range(TRIES):
        keys = in_files or _typed(console, wanted)
        keys, good = _tried(console, config, heard, keys)
        if good or in_files or not console.confirmed(_("Type the keys again?")):
            break
    for option, text in keys.items():
        _require_key(text, _FILES[option])
    return keys


_QUESTIONS: Final = {
    "encryption_key": marked("Encryption key (EK, GUEK)"),
    "authentication_key": marked("Authentication key (AK, GAK); Enter if you have none"),
    "key": marked("Key"),
}


def _typed(console: Console, wanted: Sequence[str]) -> dict[str, Written]:
    if not console.asks:
        raise ConfigError("", _FILES[wanted[0]], _("a file with the key is expected, because --yes asks no questions"))
    keys = {}
    for option in wanted:
        while True:
            text = console.secret(_(_QUESTIONS[option]))
            if text or option == "authentication_key":
                break
            say(_("A key is expected: 32 hex digits. They stand in the operator's letter."))
        if text:
            keys[option] = Written(text)
    return keys


def _in_file(path: str, option: str) -> Written:
    try:
        with open(path, "rb") as file:
            return Written(file.read(KEY_LIMIT_BYTES).decode("utf-8-sig", "replace").strip(), path)
    except OSError as error:
        shown = "…" if secret.may_be_key(path) else path  # somebody gave the key itself
        raise ConfigError(shown, option, _("a file that can be read is expected: {reason}", reason=reason(error))) from None


def _require_key(text: Written, option: str) -> None:
    try:
        secret.key(text.reveal())
    except ValueError as error:
        raise ConfigError(text.place, option, str(error)) from None


def _tried(console: Console, config: MeterConfig, heard: Hearing | None, keys: dict[str, Written]) -> tuple[dict[str, Written], bool]:
    """The keys, corrected if a mistake was found and the person agrees, and whether they are good as far as anybody can know."""
    if heard is None or not heard.frames:
        faults = {option: why for option, text in keys.items() if (why := _fault(text))}
        if faults:
            say(*(_("{option} is no key: {why}.", option=option, why=why) for option, why in faults.items()))
        else:
            say(_("The keys cannot be tried before a telegram is heard. They are written as they are."))
        return keys, not faults
    for one in hearing.judged(heard, config, keys):
        finding = one.finding
        if finding.verdict in GOOD:
            continue
        say(_("The keys do not fit: {said}.", said=finding.said))
        if finding.found and console.confirmed(_("The right key follows from what was typed. Use the right key?")):
            return {**keys, **{option: Written(key.reveal().hex()) for option, key in finding.found}}, True
        if finding.todo:
            say(_("What to do: {todo}.", todo=finding.todo))
        return keys, False
    return keys, True


def _fault(text: Written) -> str:
    """Why a text is no key. "" if it is one."""
    try:
        secret.key(text.reveal())
    except ValueError as error:
        return str(error)
    return ""


def _files(name: str, keys: Mapping[str, Written]) -> tuple[tuple[str, str], ...]:
    return tuple((option, f"{_plain(name)}.{_SUFFIXES[option]}") for option in keys)


def _plain(name: str) -> str:
    """A name that every file system takes."""
    return "".join(character if character.isalnum() or character in "._-" else "_" for character in os.path.basename(name)) or "meter"


def _done(meter: texts.Meter, config: MeterConfig, keys: Mapping[str, Written], heard: Hearing | None) -> Answer:
    """Read one telegram with the keys, so that the person sees the numbers that are on the meter, too."""
    known: dict[str, Key] = {option: secret.key(text.reveal()) for option, text in keys.items()}
    telegram = hearing.read(heard, config, known) if heard is not None else None
    if telegram is not None:
        say(_shown(telegram))
    return Answer(meter, keys, telegram is not None)


def _shown(telegram: Telegram) -> str:
    """A telegram in one sentence."""
    read = {reading.name: reading for reading in telegram.readings()}
    energy, power = read.get("active_energy_import"), read.get("active_power_import")
    parts = [telegram.model or _("the meter"), telegram.serial]
    if energy is not None and isinstance(energy.value, int | float):
        parts.append(f"{decimal(energy.value / 1000, 3)} kWh")
    if power is not None and isinstance(power.value, int | float):
        parts.append(f"{power.value:g} W")
    return _("The telegram can be read: {what}.", what=", ".join(filter(None, parts)))
