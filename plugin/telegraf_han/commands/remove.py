"""`remove`: takes away what `init` wrote, and keeps data and keys unless it is told to remove them, too.

`init` keeps a record of what it wrote. A file that its owner has changed since is not deleted but renamed, so that nothing is lost and
Telegraf does not read it any more.
"""

from argparse import ArgumentParser, Namespace

from telegraf_han.commands._arguments import add_config
from telegraf_han.config.file import place
from telegraf_han.errors import INTERRUPTED, ConfigError
from telegraf_han.language import _
from telegraf_han.printing import say
from telegraf_han.setup import machine, removing
from telegraf_han.setup.console import Console
from telegraf_han.setup.places import places
from telegraf_han.setup.steps import Record
from telegraf_han.terminal import screen


def add_arguments(parser: ArgumentParser) -> None:
    """Name the options."""
    add_config(parser, "that `init` wrote or used")
    parser.add_argument("--yes", action="store_true", help="ask nothing: do what the summary says")
    parser.add_argument("--dry-run", action="store_true", help="show the summary and end")
    parser.add_argument("--with-keys", action="store_true", help="also remove the configuration and the key files that `init` wrote")
    parser.add_argument("--with-data", action="store_true", help="also remove the buckets that `init` made, with all data, and the buffer")
    parser.add_argument(
        "--token-file", metavar="FILE", help="file with an all-access token of InfluxDB, to remove tokens, tasks and buckets there"
    )


def run(options: Namespace) -> int:
    """Show, ask, remove. Returns 0, 1 if something stays in InfluxDB against the plan, or 130 if the person does not want it.

    Raises ConfigError, SourceError.
    """
    paths, console = places(place(options.config)), Console(asks=not options.yes)
    if not machine.is_root() and not options.dry_run:
        raise ConfigError("", "remove", _("root is expected, because files below /etc are removed. Run: sudo telegraf-han remove"))
    if not (options.yes or options.dry_run or screen.is_input()):
        raise ConfigError("", "remove", _("a terminal is expected as stdin. Without one, use --yes"))
    record = Record(paths.record)
    plan = removing.planned(record, paths, options)
    if not plan.told:
        say(_("There is nothing to remove: `init` has set up nothing on this machine."))
        return 0
    say(_("This will be done:"), *(f"  - {line}" for line in plan.told), *plan.kept)
    if options.dry_run:
        return 0
    if not console.confirmed(_("Do this?")):
        say(_("Nothing was changed."))
        return INTERRUPTED
    return 0 if removing.carried_out(plan, record) else 1
