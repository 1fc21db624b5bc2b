"""receivers: types by the folder's files."""

import pkgutil

import pytest

from telegraf_han import receivers

NOW_NS = 1_000


def test_every_file_is_a_type() -> None:
    """The types are the modules of the folder without "_" in front, in alphabetical order."""
    names = [found.name for found in pkgutil.iter_modules(receivers.__path__)]

    assert "hex" in receivers.kinds()
    assert list(receivers.kinds()) == sorted(name for name in names if not name.startswith("_"))


@pytest.mark.parametrize("kind", receivers.kinds())
def test_every_type_keeps_the_convention(kind: str) -> None:
    """Each type says how its port is set and has a receiver that begins with nothing heard."""
    module = receivers.named(kind)
    baud, form = module.LINE.split()

    assert int(baud) >= 1200
    assert len(form) == 3
    assert module.__doc__
    assert module.Receiver().feed(b"", NOW_NS) == []
    assert module.Receiver().idle(NOW_NS) == []


@pytest.mark.parametrize("kind", ["", "nosuch", "__init__", "../config", "Hex", "hex.py", "_stick"])
def test_other_names_are_no_types(kind: str) -> None:
    """Only names of the folder are imported, whatever a configuration says."""
    with pytest.raises(ValueError, match="hex"):
        receivers.named(kind)


def test_error_inside_a_receiver_is_not_hidden(monkeypatch) -> None:
    """A receiver that cannot be imported says why."""

    def broken(name: str) -> None:
        raise ImportError(f"{name} wants something")

    monkeypatch.setattr(receivers, "import_module", broken)

    with pytest.raises(ImportError, match="wants something"):
        receivers.named("hex")
