"""Telegrams that do not open, into one sentence on which key is wrong and how: what `keys` knows, without any port or file."""
