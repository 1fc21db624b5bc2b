"""The catalogue of the Polish sentences: collects the sentences of the code, and makes the .mo that gettext reads from the .po.

`./dev words` calls this. Babel finds the sentences by the names of the functions around them. A sentence whose English changes counts as a
new one: nothing is taken over by likeness, because a translation that is almost right reads well and says the wrong thing. The .po has no
places of the sentences and no dates, so a change of the code changes only the sentences that it changes.
"""

import sys
from contextlib import redirect_stderr
from io import BytesIO, StringIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "plugin/telegraf_han"
PO = PACKAGE / "locale/pl/LC_MESSAGES/telegraf-han.po"
MO = PO.with_suffix(".mo")
FUNCTIONS = {"_": (1,), "marked": (1,), "counted": (1, 2)}
"""The functions of `language` that are given a sentence, and which of their arguments it is."""
PLURALS = "nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);"
_HEADER = [
    ("Project-Id-Version", "telegraf-han"),
    ("Language", "pl"),
    ("Plural-Forms", PLURALS),
    ("MIME-Version", "1.0"),
    ("Content-Type", "text/plain; charset=utf-8"),
    ("Content-Transfer-Encoding", "8bit"),
]


class _Undated(Catalog):
    """A catalogue whose header has no dates and no version of a tool."""

    mime_headers = property(lambda _: _HEADER, lambda *_: None)  # type: ignore[assignment]


def sentences() -> set[str | tuple[str, str]]:
    """The sentences of the code. One that depends on a number is a pair: singular and plural."""
    with redirect_stderr(StringIO()):  # it takes an f-string that fills a field for a sentence, and complains
        found = list(extract_from_dir(PACKAGE, [("**.py", "python")], keywords=FUNCTIONS))
    return {tuple(message) if isinstance(message, tuple | list) else message for _, _, message, _, _ in found}


def translated() -> Catalog:
    """The catalogue in the repository. Empty if there is none yet."""
    if not PO.exists():
        return Catalog(locale="pl")
    with PO.open("rb") as file:
        return read_po(file, locale="pl")


def updated(before: Catalog) -> Catalog:
    """The sentences of the code in their order, with the translations that they have already."""
    after = _Undated(
        locale="pl", fuzzy=False, header_comment="# The Polish sentences. `./dev words` keeps this file in step with the code."
    )
    for sentence in sorted(sentences(), key=lambda one: one if isinstance(one, str) else one[0]):
        known = before.get(sentence if isinstance(sentence, str) else sentence[0])
        after[sentence if isinstance(sentence, str) else sentence[0]] = Message(
            sentence, known.string if known and known.id == sentence else ""
        )
    return after


def as_po(catalogue: Catalog) -> bytes:
    """The text of the .po file."""
    file = BytesIO()
    write_po(file, catalogue, width=120, no_location=True)
    return file.getvalue()


def as_mo(catalogue: Catalog) -> bytes:
    """The bytes of the .mo file."""
    file = BytesIO()
    write_mo(file, catalogue)
    return file.getvalue()


def main() -> int:
    """Write both files. Returns 1 if a translation is missing, and names the sentence."""
    catalogue = updated(translated())
    PO.parent.mkdir(parents=True, exist_ok=True)
    PO.write_bytes(as_po(catalogue))
    MO.write_bytes(as_mo(catalogue))
    missing = [message.id for message in catalogue if message.id and not (all(message.string) and message.string)]
    for sentence in missing:
        print(f"E! no translation: {sentence}", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
