"""Holds keys and computes AES and the check values of the links. `Key` is a type that never prints its bytes.

Only `aes` imports `cryptography`. From this program, a module here imports only its neighbours.
"""
