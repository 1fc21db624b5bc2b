"""The keys of every virtual meter and of every redacted capture: documented, as public as the vectors that use them, worth nothing.

They are named in help texts and in the README in a short form. Only a redacted capture spells them out, since it is made to be
opened by anybody.
"""

from typing import Final

from telegraf_han.ciphers.secret import Key

DEMO_ENCRYPTION_KEY: Final = Key(bytes(range(16)))
"""00 01 02 … 0F; on wireless M-Bus the one key there is."""
DEMO_AUTHENTICATION_KEY: Final = Key(bytes(range(0xD0, 0xE0)))
"""D0 D1 D2 … DF."""
