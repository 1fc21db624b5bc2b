"""Reading that never ends: one thread per source, one queue, and the pipe to Telegraf. This is what `run` does.

`watch`, `scan` and `keys` read through the same threads. May import `decoding`, `config`, `ports`, `receivers` and what lies below them.
"""
