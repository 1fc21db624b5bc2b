"""The core: a frame into a telegram of a configured meter, and a telegram into lines. Pure: no port, no thread, no clock.

May import `config`, the protocols and what lies below them.
"""
