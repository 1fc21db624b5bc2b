"""Reads sources without end: one thread per source, one queue, and the pipe to Telegraf. `run` does this.

`watch`, `scan` and `keys` read through the same threads. May import `decoding`, `config`, `ports`, `receivers` and the layers below them.
"""
