"""Renders the texts of alerts as Go's templates do, with the functions that Grafana adds. It knows what our texts use, and nothing more.

Grafana makes the annotations first: `$labels` and `$values` are the alert's. Then the contact point makes the message of all alerts of a
group from the named templates. An alert has `PanelURL` only if its rule names a board and a panel, and it always has a `?` in it.
"""

import math
import re
import urllib.parse

_ACTION = re.compile(r"(\s*)\{\{(-\s)?\s*(.*?)\s*(\s-)?\}\}(\s*)", re.DOTALL)
_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|\S+')


def annotation(text, labels, values):
    """The text of an annotation of one alert; `values` is number by name."""
    known = {"labels": labels, "values": {name: {"Value": value} for name, value in values.items()}}
    return _Page(text, {}).written(known, None)


def message(template, name, data):
    """The text of a named template. `data` has Alerts and CommonLabels."""
    names = dict(re.findall(r'\{\{ define "([\w.]+)" -\}\}\s*(.*?)\s*\{\{- end \}\}\n', template, re.DOTALL))
    return _Page(names[name], names).written({}, data)


class _Page:
    """A text in parts: text, action, text, action, …"""

    def __init__(self, text, names):
        self._names = names
        self._parts, at = [], 0
        for match in _ACTION.finditer(text):
            before, trims, action, trimmed, after = match.groups()
            self._parts += [text[at : match.start()] + ("" if trims else before), action]
            at = match.end() - (0 if trimmed else len(after))
        self._parts.append(text[at:])

    def written(self, variables, dot):
        text, at = self._until(0, dict(variables), dot, speaking=True)
        assert at == len(self._parts)
        return text

    def _until(self, at, variables, dot, *, speaking):
        """Text from a part on until the `else` or `end` that belongs to it, and where that is."""
        found = []
        while at < len(self._parts):
            part, is_action = self._parts[at], at % 2
            if is_action and part.split()[0] in ("else", "end"):
                break
            at += 1
            if not is_action:
                found.append(part)
            elif part.startswith("if "):
                text, at = self._if(part, at, variables, dot, speaking=speaking)
                found.append(text)
            elif part.startswith("range "):
                rows = _value(part[6:], variables, dot) if speaking else ()
                found += [self._until(at, variables, row, speaking=True)[0] for row in rows]
                at = self._until(at, variables, dot, speaking=False)[1] + 1
            elif speaking:
                found.append(self._done(part, variables, dot))
        return "".join(found) if speaking else "", at

    def _if(self, part, at, variables, dot, *, speaking):
        said, chosen = "", not speaking
        while True:
            words = part.removeprefix("else").strip()
            holds = not chosen and (not words or bool(_value(words.removeprefix("if "), variables, dot)))
            text, at = self._until(at, variables, dot, speaking=holds)
            said, chosen = said + text, chosen or holds
            part, at = self._parts[at], at + 1
            if part == "end":
                return said, at

    def _done(self, action, variables, dot):
        assignment = re.fullmatch(r"\$(\w+) :?= (.*)", action)
        if assignment:
            variables[assignment[1]] = _value(assignment[2], variables, dot)
            return ""
        if action.startswith("template "):
            _, name, path = action.split()
            return _Page(self._names[name.strip('"')], self._names).written({}, _value(path, variables, dot))
        return str(_value(action, variables, dot))


def _value(words, variables, dot):
    first, *rest = _WORD.findall(words)
    arguments = [_value(word, variables, dot) for word in rest]
    if first in _FUNCTIONS:
        return _FUNCTIONS[first](*arguments)
    assert not rest, f"{first} is not known here"
    if first.startswith('"'):
        return first[1:-1]
    if re.fullmatch(r"[\d.]+", first) and first != ".":
        return float(first)
    found, path = (variables, first[1:]) if first.startswith("$") else (dot, first[1:])
    for step in filter(None, path.split(".")):
        found = found.get(step, "") if step in {"meter", "PanelURL"} else found[step]
    return found


def _humanize(value):
    power = 0
    while abs(value) >= 1000 and power < 4:
        value, power = value / 1000, power + 1
    return f"{value:.4g}{('', 'k', 'M', 'G', 'T')[power]}"


def _duration(seconds):
    sign, whole = "-" if seconds < 0 else "", int(abs(seconds))
    if whole < 60:
        return f"{seconds:.4g}s"
    days, hours, minutes, rest = whole // 86_400, whole // 3600 % 24, whole // 60 % 60, whole % 60
    if days:
        return f"{sign}{days}d {hours}h {minutes}m {rest}s"
    return f"{sign}{hours}h {minutes}m {rest}s" if hours else f"{sign}{minutes}m {rest}s"


_FUNCTIONS = {
    "humanize": _humanize,
    "humanizeDuration": _duration,
    "printf": lambda form, *values: form % values,
    "eq": math.isclose,
    "gt": lambda one, other: one > other,
    "urlquery": urllib.parse.quote_plus,
}
