"""What a virtual meter says, read from its clear text by a few lines that share nothing with the plugin's decoder.

The same household and the same times give the same telegrams, so a second run in clear tells what an encrypted one sent.
"""

import re
import subprocess
import sys
from datetime import datetime
from decimal import Decimal

FIELDS = {
    # code: (field, factor to base units)
    **{f"1-0:1.8.{e}": (f"active_energy_import{f'_t{e}' if e else ''}_wh", 1000) for e in range(5)},
    **{f"1-0:2.8.{e}": (f"active_energy_export{f'_t{e}' if e else ''}_wh", 1000) for e in range(5)},
    "1-0:1.7.0": ("active_power_import_w", 1000),
    "1-0:2.7.0": ("active_power_export_w", 1000),
    "1-0:3.7.0": ("reactive_power_import_var", 1000),
    "1-0:4.7.0": ("reactive_power_export_var", 1000),
    "1-0:32.7.0": ("voltage_l1_v", 1),
    "1-0:52.7.0": ("voltage_l2_v", 1),
    "1-0:72.7.0": ("voltage_l3_v", 1),
    "0-0:94.98.31": ("dsm_threshold_1_w", 1),
    "0-0:94.98.32": ("dsm_threshold_2_w", 1),
    "0-0:94.98.33": ("limiter_mode", 1),
}
THRESHOLDS = ("limiter_threshold_active_w", "limiter_threshold_normal_w", "limiter_threshold_emergency_w")


def simulate(*words: str) -> list[str]:
    """The command line of `telegraf-han simulate …`."""
    return [sys.executable, "-m", "telegraf_han", "simulate", *words]


def sent(model: str, start: str, seconds: int, *more: str) -> dict[int, dict[str, float]]:
    """Time stamp in ns → fields, of what a virtual meter says from `start` (ISO 8601) on."""
    until = datetime.fromtimestamp(datetime.fromisoformat(start).timestamp() + seconds).astimezone().isoformat()
    words = simulate(model, "--to", "-", "--plain", "--start", start, "--until", until, "--speed", "max", *more)
    text = subprocess.run(words, check=True, capture_output=True).stdout.decode("ascii")
    found: dict[int, dict[str, float]] = {}
    for telegram in text.split("/")[1:]:
        fields: dict[str, float] = {}
        thresholds = iter(THRESHOLDS)
        for code, value in re.findall(r"^([\d:.-]+)\(([^)*]*)", telegram, re.MULTILINE):
            if code == "0-0:1.0.0":
                offset = {"S": "+0200", "W": "+0100"}[value[-1]]
                stamp = int(datetime.strptime(value[:-1] + offset, "%y%m%d%H%M%S%z").timestamp()) * 10**9
            elif code == "0-0:17.0.0":
                fields[next(thresholds)] = float(value)
            elif code in FIELDS:
                name, factor = FIELDS[code]
                fields[name] = float(Decimal(value) * factor)
        found[stamp] = fields
    return found
