"""Keys and what is computed with them: AES, the check values of the links, and `Key`, a type that never prints its bytes.

Only `aes` imports `cryptography`. From this program, a module here imports only its neighbours.
"""
