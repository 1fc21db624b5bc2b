"""Option texts of the command line into values, for what several commands take alike.

argparse prints an ArgumentTypeError's own words, with exit code 2; of a ValueError it keeps none.
"""

from argparse import ArgumentTypeError

from telegraf_han.config import options


def duration_s(text: str) -> float:
    """Seconds of `90s` or `5m`. Raises ArgumentTypeError."""
    try:
        return options.duration_s(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None
