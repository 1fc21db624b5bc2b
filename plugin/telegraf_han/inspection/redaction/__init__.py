"""Turns the capture of a real meter into that of an invented one, which can be posted: what `decode --redact` writes.

May import what `inspection` may.
"""
