"""Turns the capture of a real meter into a capture of an invented meter, which can be posted. `decode --redact` writes it.

May import the same packages as `inspection`.
"""
