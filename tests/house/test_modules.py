"""The rules of the house that a reader of the source can check: every module says its law, none is a god, differences are rows."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "plugin" / "telegraf_han"
UNIT = Path(__file__).parents[1] / "unit"
MODULES = sorted(str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py"))
PROTOCOLS = [name for name in MODULES if name.startswith(("p1/", "dlms/", "mbus/")) and not name.endswith("__init__.py")]

LONGEST = 400
"""Lines of a module. One that is longer has two subjects."""
BANNED = re.compile(r"utils?|helpers?|common|misc|manager|base")

TABLES = {"p1/dialects.py", "mbus/naming.py", "inspection/keytrial/openings.py"}
"""Modules whose rows say how meters, makers and networks differ; besides them only the simulator names any."""
MAKERS = re.compile(
    r"gama|ma110m|ma309m|elgama|kaifa|apator|otus|amiplus|landis|kamstrup|aidon|iskra|sagemcom|honeywell|itron|diehl|elster"
    r"|(?-i:\b(?:EGM|KFM|APT|APA|NES|DEV|KPL|LGZ|KAM|ISK|SAG)\b)"
    r"|stoen|pge|tauron|enea|energa|poland|polish|luxem|austria|dutch|swed|norw|german|lithuan|belgi",
    re.IGNORECASE,
)

SAID = {"cli.py": "sends the telegrams of a virtual "}
"""Help that names what the simulator makes."""


def source(name: str) -> ast.Module:
    """A module, parsed."""
    return ast.parse((PACKAGE / name).read_text())


def texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every name and text of a module's code; docstrings and the strings below constants, which explain them, are no code."""
    explained = {
        id(node.value)
        for owner in ast.walk(tree)
        for node in (owner.body if isinstance(owner, ast.Module | ast.ClassDef | ast.FunctionDef) else ())
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if id(node) not in explained:
                yield node.lineno, text
            case ast.Constant(value=bytes(raw)):
                yield node.lineno, raw.decode("latin-1")
            case ast.Name(id=text) | ast.Attribute(attr=text) | ast.FunctionDef(name=text) | ast.ClassDef(name=text):
                yield node.lineno, text


@pytest.mark.parametrize("name", MODULES)
def test_module_says_its_law(name: str) -> None:
    """Every module begins with a sentence; one of a protocol tells norm, reasons and what is only assumed, in five lines or more."""
    text = ast.get_docstring(source(name)) or ""

    assert re.search(r"\.(\s|$)", text)
    if name in PROTOCOLS:
        assert len(text.split("\n")) >= 5


@pytest.mark.parametrize("name", MODULES)
def test_everything_public_is_explained(name: str) -> None:
    """Every public class and function has its sentence."""
    tree = source(name)
    public = [
        node
        for owner in [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_"))]
        for node in owner.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    ]

    assert [node.name for node in public if not ast.get_docstring(node)] == []


@pytest.mark.parametrize("name", MODULES)
def test_module_is_of_readable_size(name: str) -> None:
    """No module is longer than a reader's patience, none is called after nothing."""
    assert len((PACKAGE / name).read_text().splitlines()) <= LONGEST
    assert not BANNED.fullmatch(Path(name).stem)


@pytest.mark.parametrize(
    "name", [name for name in MODULES if name not in TABLES and not name.startswith(("simulate/", "commands/simulate.py"))]
)
def test_a_difference_is_a_row(name: str) -> None:
    """No meter, maker or country decides anything outside the tables: their names stand in no code, only in what is said to people."""
    assert [text for _, text in texts(source(name)) if MAKERS.search(text) and not text.startswith(SAID.get(name, "\0"))] == []


@pytest.mark.parametrize("name", [name for name in MODULES if name.endswith("/__init__.py")])
def test_package_says_what_it_may_import(name: str) -> None:
    """A newcomer reads in the first lines of a package what it is for and what it may import; the contracts check the same."""
    text = ast.get_docstring(source(name)) or ""

    assert "ay import" in text or "imports nothing else of ours" in text


def test_unit_tests_mirror_the_packages() -> None:
    """The tests of a module are in the folder of its package's name."""
    folders = {str(path.parent.relative_to(UNIT)) for path in UNIT.rglob("test_*.py")}

    assert folders <= {str(Path(name).parent) for name in MODULES}
