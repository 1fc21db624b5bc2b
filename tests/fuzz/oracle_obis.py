"""The oracle's names: what field a code of electricity has, and its unit. Written from IEC 62056-61 and docs/metrics.md, not from the plugin.

It covers the regular grid of medium 1 and the codes of Stoen's telegrams. Of any other code it knows nothing, and says so.
"""

QUANTITIES = {
    # group C: name with a place for energy or power, unit of energy, unit of power
    1: ("active_{}_import", "Wh", "W"),
    2: ("active_{}_export", "Wh", "W"),
    3: ("reactive_{}_import", "varh", "var"),
    4: ("reactive_{}_export", "varh", "var"),
    5: ("reactive_{}_q1", "varh", "var"),
    6: ("reactive_{}_q2", "varh", "var"),
    7: ("reactive_{}_q3", "varh", "var"),
    8: ("reactive_{}_q4", "varh", "var"),
    9: ("apparent_{}_import", "VAh", "VA"),
    10: ("apparent_{}_export", "VAh", "VA"),
    15: ("active_{}_sum", "Wh", "W"),
    16: ("active_{}_net", "Wh", "W"),
}
MEASURED = {11: ("current", "A"), 12: ("voltage", "V"), 13: ("power_factor", ""), 14: ("frequency", "Hz")}
PHASES = ("", "_l1", "_l2", "_l3")
OTHERS = {
    "0-0:94.98.31": ("dsm_threshold_1", "W"),
    "0-0:94.98.32": ("dsm_threshold_2", "W"),
    "0-0:94.98.33": ("limiter_mode", ""),
    "0-0:96.14.0": ("tariff", ""),
    "0-0:96.3.10": ("breaker_state", ""),
    "0-0:96.7.21": ("power_failures", ""),
    "0-0:96.7.9": ("long_power_failures", ""),
    "0-0:96.8.0": ("operating_time", "s"),
    "0-0:96.6.6": ("battery_life", "d"),
    "1-0:0.1.0": ("reset_counter", ""),
    "1-0:31.4.0": ("fuse_threshold", "A"),
    "1-0:91.7.0": ("current_neutral", "A"),
    "1-0:124.7.0": ("voltage_l1_l2", "V"),
    "1-0:125.7.0": ("voltage_l2_l3", "V"),
    "1-0:126.7.0": ("voltage_l3_l1", "V"),
    **{f"1-0:{32 + 20 * phase}.32.0": (f"voltage_sags_l{phase + 1}", "") for phase in range(3)},
    **{f"1-0:{32 + 20 * phase}.36.0": (f"voltage_swells_l{phase + 1}", "") for phase in range(3)},
}
THRESHOLDS = ("limiter_threshold_active", "limiter_threshold_normal", "limiter_threshold_emergency")


def _grid():
    for phase, ending in enumerate(PHASES):
        for group, (name, energy, power) in QUANTITIES.items():
            if phase and group > 10:
                continue
            code = f"1-0:{group + 20 * phase}"
            for zone in range(9):
                yield f"{code}.8.{zone}", (name.format("energy") + ending + (f"_t{zone}" if zone else ""), energy)
                yield f"{code}.6.{zone}", (name.format("power") + "_max" + ending + (f"_t{zone}" if zone else ""), power)
            yield f"{code}.7.0", (name.format("power") + ending, power)
            yield f"{code}.4.0", (name.format("power") + "_average" + ending, power)
            yield f"{code}.5.0", (name.format("power") + "_last_average" + ending, power)
        for group, (name, unit) in MEASURED.items():
            yield f"1-0:{group + 20 * phase}.7.0", (name + ending, unit)


NAMES = {**dict(_grid()), **OTHERS}
"""Code → name and unit."""
SUFFIXES = {
    "": "",
    "Wh": "_wh",
    "W": "_w",
    "varh": "_varh",
    "var": "_var",
    "VAh": "_vah",
    "VA": "_va",
    "V": "_v",
    "A": "_a",
    "Hz": "_hz",
    "s": "_s",
    "d": "_d",
    "m3": "_m3",
}


def unit(code):
    """The base unit of a code whose telegram says none. None if the oracle does not know."""
    return "W" if code == "0-0:17.0.0" else NAMES.get(code, (None, None))[1]


def field(code, base_unit, occurrence):
    """The field key of a number in the wide layout. None if the oracle does not know."""
    if base_unit not in SUFFIXES:
        return None
    if code == "0-0:17.0.0":
        return THRESHOLDS[occurrence - 1] + SUFFIXES[base_unit] if occurrence <= 3 else None
    if code not in NAMES or occurrence > 1:
        return None
    return NAMES[code][0] + SUFFIXES[base_unit]


def full(code):
    """A code with its medium and channel, and without `*255`: `1.8.0` is `1-0:1.8.0`."""
    before, colon, rest = code.rpartition(":")
    parts = rest.replace("*", ".").split(".")
    if not parts[0].isdigit():
        return code.removesuffix("*255")
    if len(parts) == 4 or ("*" in rest and len(parts) == 3):
        last = parts.pop()
        rest = ".".join(parts) + ("" if last == "255" else f"*{last}")
    if colon:
        return f"{before}:{rest}"
    general = int(parts[0]) == 0 or int(parts[0]) >= 90 or parts[0] == "17" or rest == "1.0.0"
    return f"0-0:{rest}" if general else f"1-0:{rest}"
