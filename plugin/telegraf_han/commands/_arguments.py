"""Turns option texts of the command line into values, for options that several commands have.

The functions here raise ArgumentTypeError, because argparse prints the message of an ArgumentTypeError, with exit code 2. It does not print
the message of a ValueError.
"""

from argparse import ArgumentTypeError

from telegraf_han.config import values


def duration_s(text: str) -> float:
    """Seconds of `90s` or `5m`. Raises ArgumentTypeError."""
    try:
        return values.duration_s(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None
