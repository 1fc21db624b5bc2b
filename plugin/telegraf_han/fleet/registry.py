"""Keeps the sites of a fleet: which there are, which certificate of each is in force, and which are revoked.

It is a JSON file, `sites.json`. A site that is revoked stays in it, so `check` can say that it still tries. The accounts of the NATS
servers are made from it.
"""

import datetime as dt
import json
import re
from typing import Final, NamedTuple

from telegraf_han.errors import ConfigError
from telegraf_han.fleet import plan
from telegraf_han.language import _

NAME: Final = "sites.json"
_MARK: Final = re.compile("[0-9a-f]{8}")


class Site(NamedTuple):
    """One site."""

    issue: str
    """The mark of its certificate, see `certificates`."""
    made: str
    """When the certificate was made, RFC 3339."""
    until: str
    """When the certificate ends, RFC 3339."""
    revoked: str = ""
    """When the site was revoked, RFC 3339. "" if it may send."""


Sites = dict[str, Site]


def read(text: str | None, path: str) -> Sites:
    """The sites in the text of a registry; none if there is no text. Raises ConfigError."""
    if text is None:
        return {}
    try:
        return {plan.site(name): _checked(Site(**row)) for name, row in json.loads(text).items()}
    except (ValueError, TypeError, AttributeError):
        expected = _("a registry that `telegraf-han fleet` wrote is expected. Restore this file from a backup")
        raise ConfigError(path, "", expected) from None


def _checked(site: Site) -> Site:
    """The same site. Raises ValueError, TypeError for a row that nobody wrote like this: its mark becomes part of the servers' files."""
    if not _MARK.fullmatch(site.issue):
        raise ValueError
    for time in (site.made, site.until, site.made if site.revoked == "" else site.revoked):
        dt.datetime.fromisoformat(time).astimezone(dt.UTC)
    return site


def written(sites: Sites) -> str:
    """The text of a registry."""
    return json.dumps({name: site._asdict() for name, site in sorted(sites.items())}, indent=1) + "\n"


def active(sites: Sites) -> Sites:
    """The sites that may send."""
    return {name: site for name, site in sorted(sites.items()) if not site.revoked}
