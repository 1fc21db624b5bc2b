"""Reads a P1 port: bytes become frames, frames plain telegrams, text lines values (DSMR P1 companion standard 5.0.2).

`lines`, `shapes` and `values` turn a line into a value, and `text` puts a telegram together. May import `dlms`, `ciphers`, `clock`, `obis`
and the layers below them.
"""
