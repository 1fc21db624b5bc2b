"""Reads M-Bus, wireless and wired, one module per layer: link, extended link, authentication, transport, security, records (EN 13757, OMS).

`layers` puts them in order, `naming` gives a record its OBIS code. May import `ciphers`, `clock`, `obis` and the layers below them.
"""
