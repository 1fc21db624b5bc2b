"""Captures of a real meter into captures of an invented one: what `decode --redact` writes for a bug report."""
