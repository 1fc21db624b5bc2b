"""Reading without end: a thread per source, one queue, and the pipe to Telegraf. What `run` does.

May import `decoding`, `config`, `ports`, `receivers` and what lies below them.
"""
