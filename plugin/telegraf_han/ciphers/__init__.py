"""Keys and what is computed with them: AES, check values, and `Key`, the type that never prints.

May import nothing of ours but `errors`. Only `aes` imports `cryptography`.
"""
