"""Defines the result of a trial of keys: a verdict, one sentence, what to do, and the keys that would work.

A finding says which meter's key is wrong and how. It names meters and options, but never any part of a key. `Holding` is one key of the
configuration, and `Held` is all of them. Both trials (cable and radio) draw their guesses from `Held`.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final, Literal, NamedTuple

from telegraf_han.ciphers.secret import Key, Written
from telegraf_han.config.sections import MeterConfig
from telegraf_han.inspection.keytrial import guesses
from telegraf_han.inspection.keytrial.guesses import Guess
from telegraf_han.language import _, marked

Verdict = Literal["right", "wrong", "untitled", "unproven", "missing", "unknown", "plain", "refused", "unread", "noise", "nothing"]
"""In this order: all is well; a mistake was found and named; the key is right, but the system title is not; the key is right but
not proven; there is no key to try; no explanation was found; no key is needed; no key is needed, but one is configured; the telegram itself
cannot be read; telegrams arrive damaged; no telegram arrived."""

GOOD: Final = frozenset(("right", "plain"))
ASK: Final = marked("ask for help with `decode --redact` if the meter is one of those that this program names")
"""What to do about content that this program does not read."""
OPTIONAL_TODO: Final = marked(
    'write encryption = "optional" if the operator switched encryption off. Otherwise somebody else sends these telegrams'
)
"""What to do about telegrams that are not encrypted although a key is configured."""
UNBELIEVED: Final = marked(
    "the telegrams are not encrypted, although {option} is configured. So they are not believed, because anybody could send them"
)
PLAIN: Final = marked("the telegrams are not encrypted; no key is needed to read them")


class Tried(NamedTuple):
    """What was tried in vain on a telegram, whatever its nonce."""

    readings: int
    keys: int
    first: date
    last: date
    """Days of the clock."""
    others: int
    """Other beginnings of the text."""
    complete: bool
    """Whether all readings of all keys were tried."""

    @property
    def days(self) -> int:
        """Number of days."""
        return (self.last - self.first).days + 1


class Move(NamedTuple):
    """A key that is configured at one place and belongs to another. A place is a meter and an option."""

    there: tuple[str, str]
    here: tuple[str, str]
    free: bool = False
    """Whether nothing is lost if the key is copied: the place where it belongs holds no key."""

    @property
    def copied(self) -> str:
        """The advice if nothing is lost by a copy."""
        return _('copy that key to {option} of [[meter]] "{meter}"', option=self.here[1], meter=self.here[0])


class Finding(NamedTuple):
    """A verdict on the keys of a meter, and what to do."""

    meter: str
    """The meter whose keys the finding is about."""
    verdict: Verdict
    what: str
    """Short name of the case, such as "swapped" or "encryption_key: reversed"."""
    said: str
    """One sentence for people."""
    todo: str = ""
    found: tuple[tuple[str, Key], ...] = ()
    """Option → key that the meter uses, if the configuration has another key."""
    title: bytes | None = None
    """The system title that the configuration needs, if it has another one or none."""
    moves: tuple[Move, ...] = ()
    """The keys among `found` that are configured as they are, but at another place."""
    basis: str = ""
    """What the finding rests on, for a finding that is a proof under conditions."""
    letter: Tried | None = None
    """What was tried, if a letter to the operator is due."""


class Holding(NamedTuple):
    """One key of the configuration."""

    meter: str
    option: str
    written: Written

    def named(self, reader: str) -> str:
        """The option. The name of its meter is added if that is not the meter `reader`."""
        return self.option if self.meter == reader else _('{option} of "{meter}"', option=self.option, meter=self.meter)


class Source(NamedTuple):
    """Where a key that fits came from."""

    holding: Holding
    mistake: str
    """A row of MISTAKES, or AS_WRITTEN."""

    def stands_as(self, meter: str, option: str) -> bool:
        """Whether the key is this option of this meter, as it is written."""
        return (self.holding.meter, self.holding.option, self.mistake) == (meter, option, guesses.AS_WRITTEN)


class Candidate(NamedTuple):
    """A key to try."""

    source: Source
    key: Key

    @property
    def typed(self) -> bool:
        """Whether the key is one of hundreds of guesses."""
        return self.source.mistake != guesses.AS_WRITTEN and guesses.MISTAKES[self.source.mistake].typed


class Held:
    """All keys of a configuration."""

    __slots__ = ("_holdings", "_meters")

    def __init__(self, written: dict[tuple[str, str], Written], meters: Iterable[MeterConfig] = ()) -> None:
        """`written` has the text of each key by meter and option. `meters` has the other options."""
        self._holdings: Final = [Holding(meter, option, text) for (meter, option), text in written.items()]
        self._meters: Final = {meter.name: meter for meter in meters}

    def config(self, meter: str) -> MeterConfig | None:
        """The other options of a meter."""
        return self._meters.get(meter)

    def of(self, meter: str, option: str) -> Holding | None:
        """One key, or None if it is not configured."""
        return next((one for one in self._holdings if (one.meter, one.option) == (meter, option)), None)

    def all_of(self, meter: str) -> list[Holding]:
        """All keys of one meter."""
        return [one for one in self._holdings if one.meter == meter]

    def candidates(self, meter: str, option: str, size: int) -> Iterator[Candidate]:
        """Keys of `size` bytes that one option of one meter may have been meant to be, in the order they are tried.

        First the option as it is written, then all keys of the configuration as they are, then other readings of each key, then
        typing mistakes in the keys of this meter. In each round the option's own key comes first, then the other keys of its meter.
        """
        near = sorted(self._holdings, key=lambda one: (one.meter != meter, one.option != option))
        for one in near:
            yield from _tried(one, (guess for guess in guesses.simple(one.written, (size,)) if guess.mistake == guesses.AS_WRITTEN))
        for one in near:
            yield from _tried(one, (guess for guess in guesses.simple(one.written, (size,)) if guess.mistake != guesses.AS_WRITTEN))
        for one in near:
            if one.meter == meter:
                yield from _tried(one, (guess for guess in guesses.guesses(one.written, (size,)) if guess.mistake in _TYPED))

    def readings(self, size: int) -> Iterator[Candidate]:
        """All keys of `size` bytes that any text of the configuration may mean: first those that are no typing mistakes."""
        for one in self._holdings:
            yield from _tried(one, guesses.simple(one.written, (size,)))
        for one in self._holdings:
            yield from _tried(one, (guess for guess in guesses.guesses(one.written, (size,)) if guess.mistake in _TYPED))


def _tried(holding: Holding, found: Iterator[Guess]) -> Iterator[Candidate]:
    for guess in found:
        yield Candidate(Source(holding, guess.mistake), guess.key)


_TYPED: Final = frozenset(name for name, mistake in guesses.MISTAKES.items() if mistake.typed)


def as_written(holding: Holding | None, size: int) -> Key | None:
    """The key as `run` would read it, or None if the text is no key or has another length."""
    if holding is None:
        return None
    first = next(guesses.guesses(holding.written, (size,)), None)
    return first.key if first is not None and first.mistake == guesses.AS_WRITTEN else None


def copied(held: Held, meter: str, option: str, size: int) -> str:
    """The options of a meter that hold the same key as this option, or "" if none does. A meter has two keys, so one was copied twice."""
    key = as_written(held.of(meter, option), size)
    others = [one.option for one in held.all_of(meter) if one.option != option and as_written(one, size) == key]
    return ", ".join(others) if key is not None else ""


def moved(held: Held, meter: str, option: str, source: Source, size: int) -> tuple[Move, ...]:
    """The move of a key that is right as it is written, but stands at another place."""
    there = (source.holding.meter, source.holding.option)
    if source.mistake != guesses.AS_WRITTEN or there == (meter, option):
        return ()
    present = as_written(held.of(meter, option), size)
    return (Move(there, (meter, option), present is None or not any(present.reveal())),)


def mended(held: Held, meter: str, option: str, source: Source) -> tuple[str, str]:
    """What is wrong with an option of a meter, and what to do. `source` is where the right key was found."""
    holding, mistake = source
    spoiled = guesses.MISTAKES.get(mistake)
    if (holding.meter, holding.option) == (meter, option):
        assert spoiled is not None
        return _(spoiled.found, option=option), _(spoiled.todo)
    there = holding.named(meter)
    if held.of(meter, option):
        wrong = _("{option} is wrong; the right key is configured as {there}", option=option, there=there)
    else:
        wrong = _("{option} is missing; the right key is configured as {there}", option=option, there=there)
    copy = Move((holding.meter, holding.option), (meter, option)).copied
    if spoiled is None:
        return wrong, copy
    how = _(spoiled.found, option=_("which"))
    return f"{wrong}, {how}", _("{copy} and {mend}", copy=copy, mend=_(spoiled.todo))
