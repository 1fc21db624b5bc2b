"""DLMS/COSEM: the ciphered block that comes out of a P1 port into its plain content (Green Book, IEC 62056-5-3)."""
