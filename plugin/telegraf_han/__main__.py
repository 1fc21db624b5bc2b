"""Makes `python -m telegraf_han` do the same as the command `telegraf-han`."""

from telegraf_han.cli import main

raise SystemExit(main())
