"""Simulates meters, for tests and for people who have no meter. It is the inverse of the decoder and uses none of its parsers.

May import `config`, `mbus.link` and the layers below them, but never `decoding`.
"""
