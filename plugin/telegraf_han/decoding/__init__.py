"""The core: turns frames into telegrams of configured meters, telegrams into line protocol, and counters into status lines.

Pure: it opens no port, starts no thread and asks no clock. May import `config`, `mbus`, `p1` and the layers below them.
"""
