"""Keys and what is computed with them: AES, the check values of the links, and `Key`, a type that never prints its bytes.

Only `aes` imports `cryptography`. A module here imports nothing else of ours except its neighbours.
"""
