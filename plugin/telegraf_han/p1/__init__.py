"""Reads a P1 port: bytes become frames, frames plain telegrams, text lines values (DSMR P1 companion standard 5.0.2).

`text` and `values` turn a line into a value. May import `dlms`, `ciphers`, `clock`, `obis` and the layers below them.
"""
