"""The core: a frame becomes a telegram of a configured meter, a telegram becomes line protocol, counters become status lines.

Pure: it opens no port, starts no thread and asks no clock. May import `config`, `mbus`, `p1` and the layers below them.
"""
