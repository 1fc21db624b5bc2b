"""Holds the keys of every virtual meter and of every redacted capture. They are documented and protect nothing.

They are as public as the test vectors that use them. Help texts and the README name them in a short form. Only a redacted capture writes
them in full, because anybody should be able to open the capture.
"""

from typing import Final

from telegraf_han.ciphers.secret import Key

DEMO_ENCRYPTION_KEY: Final = Key(bytes(range(16)))
"""00 01 02 … 0F. On wireless M-Bus this is the only key."""
DEMO_AUTHENTICATION_KEY: Final = Key(bytes(range(0xD0, 0xE0)))
"""D0 D1 D2 … DF."""
