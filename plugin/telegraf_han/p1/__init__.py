"""The P1 port: bytes into frames, frames into plain telegrams, text lines into values (DSMR P1 companion standard 5.0.2).

`text` and `values` turn a line into a value. May import `dlms`, `ciphers`, `clock`, `obis` and what lies below them.
"""
