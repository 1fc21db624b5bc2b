"""The words that only the boards of a fleet need, English and Polish. They stand beside those of `texts`, and before them if both have one."""

from typing import Final

from grafana import texts
from grafana.fleetqueries import DEMAND_DAYS, LATE_M, MANY_ERRORS, SILENT_M, SITE_DEMAND_DAYS
from grafana.texts import LANGUAGES, Both, Words, by_key

NAMES: Final = {
    "site": ("Site", "Obiekt"),
    "known_sites": ("Sites", "Obiekty"),
    "meters_read": ("Meters read", "Liczniki"),
    "errors_today": ("Errors today", "Błędy dziś"),
    "not_heard_sites": ("Not heard", "Bez danych"),
    "last_data": ("Last data", "Ostatnie dane"),
    "highest_quarter": ("Peak, 15 min", "Szczyt 15-min"),
    "ever": ("Heard ever", "Słyszany kiedyś"),
    "prompt": ("Heard now", "Słyszany teraz"),
    "there": ("Heard lately", "Słyszany niedawno"),
    "wrong_meters": ("Meters wrong", "Liczniki wadliwe"),
    "wrong_errors": ("Errors wrong", "Błędy wadliwe"),
    "site_fine": ("OK", "OK"),
    "site_errors": ("Many errors", "Dużo błędów"),
    "site_meters": ("Meters in trouble", "Liczniki z problemem"),
    "site_late": ("Data late", "Dane się spóźniają"),
    "site_silent": ("Silent", "Milczy"),
    "open_building": ("All meters of this site", "Wszystkie liczniki obiektu"),
    "open_home": ("Home board of this site", "Pulpit Dom tego obiektu"),
    "open_health": ("Read-out health of this site", "Stan odczytu w tym obiekcie"),
    "open_history": ("History of this site", "Historia obiektu"),
}
"""Name → English, Polish."""

BOARDS: Final = {
    "fleet": Both(
        Words("Fleet", "All sites: those in trouble first, power and energy of all together, the largest."),
        Words("Wszystkie obiekty", "Obiekty z problemem na początku, łączna moc i energia, najwięksi odbiorcy."),
    ),
}

_NO_SUMS: Final = "No sums by site yet: they come every quarter of an hour (telegraf-han influx setup --fleet makes their tasks)."
_BRAK_SUM: Final = "Nie ma jeszcze sum obiektów: przybywają co kwadrans (ich zadania tworzy telegraf-han influx setup --fleet)."

_UNTIL: Final = (
    "Energy since the month began, until 25 minutes ago.",
    "Energia od początku miesiąca do stanu sprzed 25 minut.",
)

PANELS: Final = {
    "fleet_sites": Both(
        Words(
            "Sites",
            f"Sites heard within 31 days, sites of which nothing has come for {LATE_M} minutes, and sites with a meter whose state is not OK.",
            "No site was heard within 31 days.",
        ),
        Words(
            "Obiekty",
            f"Obiekty, z których coś przyszło w ciągu 31 dni; te, z których nic nie przyszło od {LATE_M} minut; te, w których stan któregoś licznika jest inny niż OK.",
            "Od 31 dni nic nie przyszło z żadnego obiektu.",
        ),
    ),
    "fleet_meters": Both(
        Words("Meters", "Meters of all sites that were read in the newest quarter of an hour, and meters whose state is not OK.", _NO_SUMS),
        Words("Liczniki", "Liczniki wszystkich obiektów odczytane w ostatnim kwadransie i te, których stan jest inny niż OK.", _BRAK_SUM),
    ),
    "fleet_power": Both(
        Words(
            "Power of all sites",
            f"Sum of the mean powers of the newest quarter of an hour, and the highest quarter hour of all sites together in the chosen time, if this is not longer than {DEMAND_DAYS} days.",
            _NO_SUMS,
        ),
        Words(
            "Moc wszystkich obiektów",
            f"Suma średnich mocy z ostatniego kwadransa i najwyższa moc 15-minutowa wszystkich obiektów razem w wybranym czasie, jeśli nie jest dłuższy niż {DEMAND_DAYS} dni.",
            _BRAK_SUM,
        ),
    ),
    "fleet_energy": Both(
        Words("Energy of all sites", "Imported energy of all sites since midnight and since the month began.", _NO_SUMS),
        Words("Energia wszystkich obiektów", "Energia pobrana przez wszystkie obiekty od północy i od początku miesiąca.", _BRAK_SUM),
    ),
    "fleet_list": Both(
        Words(
            "All sites",
            f"Sites in trouble first. A click on a site shows its meters, a click on other cells another board of the site. Silent: nothing came for {SILENT_M} minutes. Data late: nothing came for {LATE_M} minutes. "
            f"Meters in trouble: the state of a meter is not OK. Many errors: {MANY_ERRORS} unreadable telegrams per meter in a quarter of an hour. Peak: the highest mean import power of a quarter of an hour in the chosen time, of all meters of the site together, if this is not longer than {SITE_DEMAND_DAYS} days. "
            "Energy that was counted while nothing was read counts when the meter was read again. It is no peak.",
            _NO_SUMS,
        ),
        Words(
            "Lista obiektów",
            f"Obiekty z problemem na początku. Kliknięcie obiektu pokazuje jego liczniki, kliknięcie innych pól inny pulpit obiektu. Milczy: od {SILENT_M} minut nic nie przyszło. Dane się spóźniają: od {LATE_M} minut nic nie przyszło. "
            f"Liczniki z problemem: stan któregoś licznika jest inny niż OK. Dużo błędów: {MANY_ERRORS} nieczytelnych telegramów na licznik w kwadransie. Szczyt: najwyższa średnia moc z kwadransa w wybranym czasie, wszystkich liczników obiektu razem, jeśli nie jest dłuższy niż {SITE_DEMAND_DAYS} dni. "
            "Energia zliczona podczas przerwy w odczycie wlicza się wtedy, gdy licznik znów odczytano. Szczytem nie jest.",
            _BRAK_SUM,
        ),
    ),
    "fleet_course": Both(
        Words("Power of all sites over time", "Sum of the mean powers of all meters of all sites; fed-in power is below zero.", _NO_SUMS),
        Words(
            "Moc wszystkich obiektów w czasie",
            "Suma średnich mocy wszystkich liczników we wszystkich obiektach, oddawana poniżej zera.",
            _BRAK_SUM,
        ),
    ),
    "fleet_days": Both(
        Words("Energy per day", "Energy of all sites by day; energy fed in is below zero.", _NO_SUMS),
        Words("Energia dzień po dniu", "Energia wszystkich obiektów w kolejnych dniach, oddana poniżej zera.", _BRAK_SUM),
    ),
    "fleet_ranking": Both(
        Words("Most use", "The ten sites with the most imported energy in the chosen time.", _NO_SUMS),
        Words("Największe zużycie", "Dziesięć obiektów o największym poborze energii w wybranym czasie.", _BRAK_SUM),
    ),
    "fleet_demand": Both(
        Words(
            "Highest demand",
            f"The ten sites with the highest quarter hour in the chosen time, if this is not longer than {SITE_DEMAND_DAYS} days.",
            f"{_NO_SUMS} Or the chosen time is longer than {SITE_DEMAND_DAYS} days.",
        ),
        Words(
            "Najwyższa moc 15-minutowa",
            f"Dziesięć obiektów o najwyższej mocy 15-minutowej w wybranym czasie, jeśli nie jest dłuższy niż {SITE_DEMAND_DAYS} dni.",
            f"{_BRAK_SUM} Albo wybrany czas jest dłuższy niż {SITE_DEMAND_DAYS} dni.",
        ),
    ),
    "all_well": Both(*(words._replace(description=words.description.replace("25 min", "45 min")) for words in texts.PANELS["all_well"])),
    "month": Both(*(words._replace(description=said) for words, said in zip(texts.PANELS["month"], _UNTIL, strict=True))),
    "all": Both(
        Words(
            "All meters",
            "A click on a meter opens its board. Energy of today and of this month, until 25 minutes ago.",
            "No meter was heard within 31 days.",
        ),
        Words(
            "Wszystkie liczniki",
            "Kliknięcie licznika otwiera jego pulpit. Energia dziś i w miesiącu do stanu sprzed 25 minut.",
            "Żaden licznik nie odezwał się od 31 dni.",
        ),
    ),
    "alerts": Both(
        Words("Active alerts", "Alert rules of this site that fire or will soon fire. Rules: fleet/README.md."),
        Words("Aktywne alerty", "Reguły, które alarmują dla tego obiektu albo zaraz zaczną. Opis reguł: fleet/README.pl.md."),
    ),
}


def dictionary(language: str) -> dict[str, str]:
    """Everything that a «name» may stand for on a board of the fleet, beside `texts.dictionary`."""
    return {name: both[LANGUAGES.index(language)] for name, both in NAMES.items()} | by_key(BOARDS | PANELS, language)
