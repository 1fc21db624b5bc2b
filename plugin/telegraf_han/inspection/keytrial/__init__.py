"""Finds out why a telegram does not open: tries the keys, and says in one sentence which key is wrong and how. `keys` prints the result.

Opens no port and no file. May import the same packages as `inspection`.
"""
