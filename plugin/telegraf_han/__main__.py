"""`python -m telegraf_han`: the same as the command `telegraf-han`."""

from telegraf_han.cli import main

raise SystemExit(main())
