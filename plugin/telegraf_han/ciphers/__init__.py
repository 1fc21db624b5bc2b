"""Holds keys and computes AES and the check values of the links. `Key` is a type that never prints its bytes.

Only `aes` imports `cryptography`. A module here imports nothing else of ours except its neighbours.
"""
