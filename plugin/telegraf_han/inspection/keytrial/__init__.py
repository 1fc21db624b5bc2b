"""Finds out why a telegram does not open: tries the keys, and says in one sentence which one is wrong and how. What `keys` knows.

Opens no port and no file. May import what `inspection` may.
"""
