"""The invented registers and prices of the four households: whole Wh by hour, PLN/MWh by quarter hour. Nothing here is measured.

`make.py` writes them into the sheets. From then on the sheets alone hold them: the tests read the registers there.
"""

import math

BASE_WH = (9, 8, 7, 7, 7, 9, 17, 24, 19, 15, 14, 16, 19, 21, 17, 16, 20, 27, 34, 37, 35, 29, 21, 13)
"""How an ordinary day goes, by local hour; times a household's size."""
STANDBY_WH = 61


def noise(number: int, salt: int) -> int:
    """An integer from 0 to 999 that looks random, and is the same everywhere."""
    value = (number * 2_654_435_761 + salt * 40_503 + 12_345) & 0xFFFFFFFF
    value = (value ^ value >> 15) * 2_246_822_519 & 0xFFFFFFFF
    value = (value ^ value >> 13) * 3_266_489_917 & 0xFFFFFFFF
    return (value >> 16) % 1000


def load_wh(hour: int, local_hour: int, size: int, salt: int) -> int:
    """What a household uses in an hour. About every twelfth day nobody is at home."""
    if noise(hour // 24, salt) < 80:
        return STANDBY_WH + noise(hour, salt) % 7
    washing = 1100 if noise(hour, salt + 1) < 35 else 0
    return BASE_WH[local_hour] * size * (600 + noise(hour, salt + 2)) // 1000 + noise(hour, salt + 3) % 97 + washing


def sun_wh(hour: int, day_of_year: int, utc_hour: int) -> int:
    """What panels of about 8 kWp at 52° N, 21° E make in an hour."""
    declination = math.radians(-23.44 * math.cos(2 * math.pi * (day_of_year + 10) / 365))
    angle = math.radians(15 * (utc_hour + 0.5 + 21 / 15 - 12))
    latitude = math.radians(52.2)
    height = math.sin(latitude) * math.sin(declination) + math.cos(latitude) * math.cos(declination) * math.cos(angle)
    clouds = 150 + noise(hour // 24, 71) * 7 // 10 + noise(hour, 72) * 15 // 100
    return max(0, int(8000 * max(0.0, height) * clouds / 1000))


def roof_wh(hour: int, used: int, day_of_year: int, utc_hour: int) -> tuple[int, int]:
    """Import and export of a house with panels that uses so much. Clouds move within the hour: both registers count."""
    made = sun_wh(hour, day_of_year, utc_hour)
    own = min(used, made) * (700 + noise(hour, 73) % 250) // 1000
    return used - own, made - own


def quarter_price(hour: int, quarter: int, local_hour: int, month: int) -> int:
    """A market price in hundredths of PLN/MWh: dear in the evening, below zero on some sunny noons and in some windy nights."""
    shape = (330, 310, 300, 298, 305, 350, 430, 520, 500, 420, 350, 310, 290, 280, 300, 370, 470, 610, 680, 640, 560, 470, 410, 360)[
        local_hour
    ]
    price = shape * 100 + (noise(hour, 81) - 500) * 21 + (noise(hour * 4 + quarter, 82) - 500) * 13
    if month in {10, 3} and 10 <= local_hour <= 14 and noise(hour // 24, 83) < 450:
        price -= 33_000
    if local_hour < 5 and noise(hour // 24, 84) < 60:
        price -= 44_000
    return price
