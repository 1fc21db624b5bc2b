"""DLMS/COSEM: opens the ciphered block that a P1 port sends (Green Book, IEC 62056-5-3).

May import `ciphers` and `errors`. Knows nothing of P1: `p1` finds the block and reads its content.
"""
