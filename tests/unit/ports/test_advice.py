"""advice: what to do, from what rtl_433 and rtl_sdr say when they give up. The lines are those of their sources."""

import pytest

from telegraf_han.ports import advice

NO_DONGLE = ["Registered 1 out of 223 device decoding protocols [ 104 ]", "No supported devices found."]
NO_RIGHT = [
    "Please fix the device permissions, e.g. by installing the udev rules file rtl-sdr.rules",
    "Failed to open rtlsdr device #0.",
    "Unable to open a device",
]
IN_USE = ["usb_claim_interface error -6", "Failed to open rtlsdr device #0.", "Unable to open a device"]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (NO_DONGLE, "It finds no RTL-SDR dongle. Plug it in"),
        (["SDR: No supported devices found."], "It finds no RTL-SDR dongle. Plug it in"),
        (NO_RIGHT, "It may not open the dongle. `telegraf-han check` says which right is missing"),
        (IN_USE, "Another program or the kernel's driver for TV (dvb_usb_rtl28xxu) has the dongle"),
    ],
)
def test_of_dongle(said: list[str], told: str) -> None:
    """Each known end has one sentence, which says what to do."""
    assert advice.of_dongle(said).startswith(told)


@pytest.mark.parametrize("said", [[], ["bad option --key"], ["Signal caught, exiting!"]])
def test_of_dongle_unknown(said: list[str]) -> None:
    """Other words get no advice, so the program's own words are shown."""
    assert advice.of_dongle(said) == ""
