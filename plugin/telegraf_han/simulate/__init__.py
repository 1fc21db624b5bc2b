"""Virtual meters: the other end of every test and the meter of who has none. The inverse of the decoder, sharing no parser with it."""
