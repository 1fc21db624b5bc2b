"""Virtual meters: the other end of every test, and a meter for people who have none. The inverse of the decoder, with no parser of it.

May import `config`, `mbus.link` and what lies below them, but never `decoding`.
"""
