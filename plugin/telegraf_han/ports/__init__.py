"""Gives the outside world as bytes: serial ports, sockets, programs and files to replay. Knows who may open them.

Nothing here knows what the bytes mean. From this program, may import only `errors`, `printing` and `ciphers.secret`.
"""
