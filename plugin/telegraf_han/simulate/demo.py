"""Makes the configuration of a virtual meter if the user has none: documented keys, and the section that reads the meter.

The demo keys are as public as the vectors that use them, and they protect nothing. They are named here, in the help text, and in short form
in the README. Like any other key they are never printed.
"""

from typing import Final

from telegraf_han.ciphers.demokeys import DEMO_AUTHENTICATION_KEY, DEMO_ENCRYPTION_KEY
from telegraf_han.config.sections import MeterConfig
from telegraf_han.telegram import Interface

HELP: Final = (
    "Without --config the meter uses the demo keys: encryption key 00 01 02 … 0F (for wireless M-Bus, too), "
    "authentication key D0 D1 D2 … DF. They protect nothing. A key is never a command-line argument."
)


def meter(name: str, interface: Interface, serial: str, envelope: str) -> MeterConfig:
    """A meter's section with the demo keys, or without keys if the meter sends plain telegrams."""
    if envelope == "plain":
        return MeterConfig(name, interface)
    if interface == "wmbus":
        return MeterConfig(name, interface, id=serial, key=DEMO_ENCRYPTION_KEY)
    return MeterConfig(name, interface, encryption_key=DEMO_ENCRYPTION_KEY, authentication_key=DEMO_AUTHENTICATION_KEY)


_P1_PLAIN: Final = """\
[[meter]]
name = "{name}"
interface = "p1"
port = "{port}"
"""
_P1: Final = (
    _P1_PLAIN
    + """\
encryption_key = "file:demo.ek"        # a file with the demo encryption key, see simulate --help
authentication_key = "file:demo.ak"    # a file with the demo authentication key
"""
)
_WMBUS: Final = """\
[[receiver]]
name = "simulated"
type = "{receiver}"
port = "{port}"

[[meter]]
name = "{name}"
interface = "wmbus"
id = "{id}"
key = "file:demo.ek"    # a file with the demo encryption key, see simulate --help
"""


def section(config: MeterConfig, port: str, receiver: str = "hex") -> str:
    """The TOML text that reads this meter from `port`, by radio through a receiver of type `receiver`. It names key files, but no key."""
    ciphered = _P1 if config.encryption_key else _P1_PLAIN
    return (_WMBUS if config.interface == "wmbus" else ciphered).format(name=config.name, id=config.id, port=port, receiver=receiver)
