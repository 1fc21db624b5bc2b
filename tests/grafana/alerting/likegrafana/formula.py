"""Parses the text of a math expression into a tree, as Grafana's server-side expressions do.

Grammar, loosest first: `||`, `&&`, comparisons, `+ -`, `* / %`, `**`, unary `! -`, then number, `$name`, `${name with spaces}`,
`function(…)` and brackets. A run of operator signs is one sign, so `1--1` is an error, as in Grafana.
"""

import re
from typing import NamedTuple

_LEVELS = (("||",), ("&&",), ("==", "!=", ">", ">=", "<", "<="), ("+", "-"), ("*", "/", "%"), ("**",))
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d[\d.]*(?:[eE][+-]?\d+)?)|\$\{(?P<braced>[\w\s]+)\}|\$(?P<name>\w+)"
    r"|(?P<call>[A-Za-z_]+)|(?P<bracket>[(),])|(?P<sign>[!<>=&|+\-*/%]+))"
)
FUNCTIONS = ("abs", "log", "round", "ceil", "floor", "is_inf", "is_nan", "is_null", "is_number")


class FormulaError(Exception):
    """Grafana would not accept the expression."""


class Number(NamedTuple):
    """A constant."""

    value: float


class Variable(NamedTuple):
    """The result of another node."""

    name: str


class Unary(NamedTuple):
    """`!` or `-` before something."""

    sign: str
    inner: object


class Binary(NamedTuple):
    """Two results joined by an operator."""

    sign: str
    left: object
    right: object


class Call(NamedTuple):
    """A function of one result."""

    function: str
    inner: object


def parsed(text):
    """The tree of an expression. Raises FormulaError."""
    tokens = _tokens(text)
    tree, rest = _level(tokens, 0)
    if rest:
        raise FormulaError(f"unexpected {rest[0][1]!r}")
    return tree


def names(tree):
    """The other nodes that an expression needs."""
    if isinstance(tree, Variable):
        return {tree.name}
    return set().union(*(names(part) for part in tree if isinstance(part, tuple)), set())


def _tokens(text):
    found, at = [], 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None:
            raise FormulaError(f"invalid character {text[at]!r}")
        kind = match.lastgroup
        found.append(("name" if kind == "braced" else kind, match[kind]))
        at = match.end()
    return found


def _level(tokens, depth):
    """Operators of one level, from left to right."""
    if depth == len(_LEVELS):
        return _factor(tokens)
    left, rest = _level(tokens, depth + 1)
    while rest and rest[0][0] == "sign" and rest[0][1] in _LEVELS[depth]:
        sign = rest[0][1]
        right, rest = _level(rest[1:], depth + 1)
        left = Binary(sign, left, right)
    return left, rest


def _factor(tokens):
    if not tokens:
        raise FormulaError("unexpected end")
    (kind, text), rest = tokens[0], tokens[1:]
    if kind == "number":
        return Number(float(text)), rest
    if kind == "name":
        return Variable(text), rest
    if kind == "sign" and text in ("!", "-"):
        inner, rest = _factor(rest)
        return Unary(text, inner), rest
    if kind == "bracket" and text == "(":
        return _closed(*_level(rest, 0))
    if kind == "call":
        if text not in FUNCTIONS:
            raise FormulaError(f"non existent function {text}")
        if not rest or rest[0] != ("bracket", "("):
            raise FormulaError(f"no bracket behind {text}")
        inner, rest = _closed(*_level(rest[1:], 0))
        return Call(text, inner), rest
    raise FormulaError(f"unexpected {text!r}")


def _closed(tree, rest):
    if not rest or rest[0] != ("bracket", ")"):
        raise FormulaError("missing )")
    return tree, rest[1:]
