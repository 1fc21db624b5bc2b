"""Every word on the boards, English and Polish: `NAMES` for what occurs inside panels, `BOARDS` and `PANELS` for the rest.

A panel's `missing` is what it says where there is nothing to show; it names the reason, since a panel that merely stands empty looks broken.
"""

from typing import Final, NamedTuple

LANGUAGES: Final = ("en", "pl")


class Words(NamedTuple):
    """A title, what is behind it, and what is said where there is no data."""

    title: str
    description: str
    missing: str = ""


class Both(NamedTuple):
    """The same in two languages."""

    en: Words
    pl: Words


NAMES: Final = {
    "language": ("en", "pl"),
    "data_source": ("Data source", "Źródło danych"),
    "meter": ("Meter", "Licznik"),
    # energy and power
    "imported": ("Imported", "Pobrane"),
    "exported": ("Fed in", "Oddane"),
    "imported_before": ("Imported a year before", "Pobrane rok wcześniej"),
    "exported_before": ("Fed in a year before", "Oddane rok wcześniej"),
    "cost": ("Cost", "Koszt"),
    "earned": ("Earned", "Przychód"),
    "limit": ("Limit", "Limit"),
    "limiter": ("Limiter", "Strażnik mocy"),
    "of_limit": ("of the limit", "limitu"),
    "of_limiter": ("of the limiter", "strażnika mocy"),
    "zone_1": ("Zone 1", "Strefa 1"),
    "zone_2": ("Zone 2", "Strefa 2"),
    "zone_3": ("Zone 3", "Strefa 3"),
    "zone_4": ("Zone 4", "Strefa 4"),
    "demand": ("Quarter-hour demand", "Moc 15-minutowa"),
    "day": ("Day", "Dzień"),
    # quality
    "l1": ("L1", "L1"),
    "l2": ("L2", "L2"),
    "l3": ("L3", "L3"),
    "imbalance": ("Imbalance", "Asymetria"),
    "reactive_import": ("Inductive", "Indukcyjna"),
    "reactive_export": ("Capacitive", "Pojemnościowa"),
    "gap": ("Gap", "Przerwa"),
    "meanwhile": ("Energy meanwhile", "Energia w tym czasie"),
    "until": ("Until", "Do"),
    "partly": ("Partly heard", "Odebrane częściowo"),
    "data": ("Data", "Dane"),
    "heard_all": ("Heard", "Odebrane"),
    "not_heard": ("Nothing heard", "Brak telegramów"),
    "threshold": ("Limiter", "Próg"),
    "mode": ("Mode", "Tryb"),
    "limited": ("Limited", "Obniżony"),
    "not_limited": ("Normal", "Normalny"),
    # read-out
    "telegrams": ("Telegrams", "Telegramy"),
    "telegram": ("Telegram", "Telegram"),
    "decoded": ("Decoded", "Odczytane"),
    "duplicates": ("Duplicates", "Duplikaty"),
    "unverified": ("Tag not verified", "Bez weryfikacji"),
    "host_stamped": ("Host's clock used", "Czas komputera"),
    "dropped": ("Dropped", "Utracone"),
    "refused": ("Refused", "Odrzucone"),
    "flaws": ("Odd lines", "Dziwne wiersze"),
    "waiting": ("Waiting for a part", "Czeka na resztę"),
    "stale": ("Held back as old", "Wstrzymane jako stare"),
    "registers_back": ("Registers back", "Cofnięte rejestry"),
    "fields_refused": ("Fields refused", "Odrzucone pola"),
    "state": ("State", "Stan"),
    "state_ok": ("OK", "OK"),
    "state_silent": ("Silent", "Cisza"),
    "state_noise": ("Noise", "Zakłócenia"),
    "state_wrong_key": ("Wrong key", "Zły klucz"),
    "state_port_missing": ("Port missing", "Brak portu"),
    "state_bad_key_file": ("Bad key file", "Zły plik klucza"),
    "age": ("Age", "Wiek"),
    "received": ("of what is due", "oczekiwanych"),
    "rate": ("Received", "Odebrane"),
    "due": ("Due", "Oczekiwane"),
    "checksum": ("Checksum", "Suma kontrolna"),
    "framing": ("Framing", "Ramka"),
    "key": ("Key", "Klucz"),
    "security": ("Security", "Zabezpieczenia"),
    "records": ("Records", "Rekordy"),
    "signal": ("Signal", "Sygnał"),
    "offset": ("Clock offset", "Różnica zegara"),
    "written": ("Written", "Zapisane"),
    "buffered": ("Waiting", "Oczekujące"),
    "memory": ("Memory", "Pamięć"),
    # building
    "known": ("Meters", "Liczniki"),
    "heard": ("Sending", "Aktywne"),
    "not_ok": ("In trouble", "Z problemem"),
    "today_energy": ("Today", "Dziś"),
    "month_energy": ("This month", "Ten miesiąc"),
    "last_heard": ("Last telegram", "Ostatni telegram"),
    "open_meter": ("This meter's board", "Pulpit tego licznika"),
}
"""Name → English, Polish."""

BOARDS: Final = {
    "home": Both(
        Words("Home", "Power now, what today has cost, and where the energy goes."),
        Words("Dom", "Moc teraz, koszt dnia i to, na co idzie energia."),
    ),
    "history": Both(
        Words("History", "Months and days of a year next to the year before."),
        Words("Historia", "Miesiące i dni roku obok poprzedniego roku."),
    ),
    "quality": Both(
        Words("Supply quality", "Voltage, phases, reactive power, outages, limiter."),
        Words("Jakość zasilania", "Napięcie, fazy, moc bierna, przerwy, strażnik mocy."),
    ),
    "health": Both(
        Words("Read-out health", "Whether telegrams come, can be read, and reach the database."),
        Words("Stan odczytu", "Czy telegramy przychodzą, dają się odczytać i docierają do bazy."),
    ),
    "building": Both(
        Words("Building", "All meters: power, energy, state, sums and ranking."),
        Words("Budynek", "Wszystkie liczniki: moc, energia, stan, sumy i ranking."),
    ),
}

_NO_ENERGY: Final = "No energy yet: it appears after the first two five-minute points (telegraf-han influx setup makes their task)."
_BRAK_ENERGII: Final = (
    "Nie ma jeszcze danych: będą po dwóch pierwszych punktach pięciominutowych (zadanie tworzy telegraf-han influx setup)."
)
_NO_TELEGRAM: Final = "No telegram of this meter in the chosen time."
_BRAK_TELEGRAMU: Final = "Brak telegramów tego licznika w wybranym czasie."
_NO_VOLTAGE: Final = "This meter sends no voltages (GAMA150 and GAMA350 at Stoen send none; MA110M sends one phase, MA309M three)."
_BRAK_NAPIEC: Final = "Ten licznik nie wysyła napięć (w Stoen nie wysyłają ich GAMA150 i GAMA350; MA110M wysyła jedno, MA309M trzy)."
_NO_PHASES: Final = "This panel needs the voltages of three phases. This meter does not send them (MA309M does)."
_BRAK_FAZ: Final = "Potrzebne są napięcia trzech faz, a ten licznik ich nie wysyła (MA309M wysyła)."
_NO_REACTIVE: Final = "This meter sends no reactive power (MA110M and MA309M do)."
_BRAK_BIERNEJ: Final = "Ten licznik nie wysyła mocy biernej (MA110M i MA309M wysyłają)."
_NO_STATUS: Final = "No status lines: the plugin did not run in the chosen time."
_BRAK_STANU: Final = "Brak wierszy stanu: wtyczka nie działała w wybranym czasie."
_NO_INTERNAL: Final = "No data about Telegraf itself: switch on [[inputs.internal]] in telegraf.conf."
_BRAK_INTERNAL: Final = "Telegraf nie podaje danych o sobie: włącz [[inputs.internal]] w telegraf.conf."
_NO_ZONES: Final = "This meter sends no registers by tariff zone."
_BRAK_STREF: Final = "Ten licznik nie wysyła rejestrów stref taryfowych."

_MONEY_EN: Final = (
    " Cost and earnings, in ${currency}, at today's prices of [meter.prices]: each zone's energy times its price, import_t0 for all energy."
)
_MONEY_PL: Final = (
    " Koszt i przychód, w ${currency}, po dzisiejszych cenach z [meter.prices]: energia każdej strefy razy jej cena, import_t0 za całość."
)

PANELS: Final = {
    # --- home
    "power_now": Both(
        Words(
            "Power now",
            "Power of the newest telegram, with two limits: active_power_import_w of [meter.limits] and the limiter threshold that the meter reports.",
            "No telegram within 15 minutes.",
        ),
        Words(
            "Moc teraz",
            "Moc z ostatniego telegramu obok limitu active_power_import_w z [meter.limits] i progu strażnika mocy podawanego przez licznik.",
            "Brak telegramu od 15 minut.",
        ),
    ),
    "load": Both(
        Words(
            "Share of the limits",
            "Import power now, in percent of the limit in [meter.limits] and of the meter's own limiter threshold.",
            "No telegram within 15 minutes, or no limit: active_power_import_w is not set in [meter.limits], and the meter has no limiter threshold.",
        ),
        Words(
            "Wykorzystanie limitów",
            "Moc pobierana teraz w procentach limitu z [meter.limits] i progu strażnika mocy licznika.",
            "Brak telegramu od 15 minut albo brak limitu: w [meter.limits] nie ma active_power_import_w, a licznik nie podaje progu strażnika mocy.",
        ),
    ),
    "alerts": Both(
        Words("Active alerts", "Alert rules of this meter that fire or will soon fire. Rules: grafana/ALERTS.md."),
        Words("Aktywne alerty", "Reguły, które alarmują dla tego licznika albo zaraz zaczną. Opis reguł: grafana/ALERTS.pl.md."),
    ),
    "today": Both(
        Words("Today", "Energy from midnight until ten minutes ago, from the registers." + _MONEY_EN, _NO_ENERGY),
        Words("Dziś", "Energia od północy do stanu sprzed dziesięciu minut, z rejestrów." + _MONEY_PL, _BRAK_ENERGII),
    ),
    "yesterday": Both(
        Words(
            "Yesterday until this time",
            "Yesterday's energy from midnight until 24 hours ago, to compare with today." + _MONEY_EN,
            _NO_ENERGY,
        ),
        Words(
            "Wczoraj do tej pory",
            "Energia wczorajsza od północy do stanu sprzed 24 godzin, do porównania z dzisiejszą." + _MONEY_PL,
            _BRAK_ENERGII,
        ),
    ),
    "month": Both(
        Words("This month", "Energy since the month began." + _MONEY_EN, _NO_ENERGY),
        Words("Ten miesiąc", "Energia od początku miesiąca." + _MONEY_PL, _BRAK_ENERGII),
    ),
    "power": Both(
        Words(
            "Power",
            "Mean power; fed-in power is below zero. Views of up to two days show single telegrams, longer views show five-minute means. "
            "Dashed: your limit and the meter's limiter threshold.",
            _NO_TELEGRAM,
        ),
        Words(
            "Moc",
            "Średnia moc, oddawana poniżej zera. Do dwóch dni z pojedynczych telegramów, w dłuższych widokach ze średnich pięciominutowych. Linie przerywane: ustawiony limit i próg strażnika mocy licznika.",
            _BRAK_TELEGRAMU,
        ),
    ),
    "days": Both(
        Words(
            "Energy per day, 30 days", "Imported energy of each local day by tariff zone, from the differences of the registers.", _NO_ZONES
        ),
        Words("Energia dzienna, 30 dni", "Energia pobrana w każdej dobie według stref taryfowych, z różnic rejestrów.", _BRAK_STREF),
    ),
    "zones": Both(
        Words("Share of zones, 30 days", "How the imported energy of 30 days divides into tariff zones.", _NO_ZONES),
        Words("Udział stref, 30 dni", "Jak energia pobrana w 30 dni dzieli się na strefy taryfowe.", _BRAK_STREF),
    ),
    "hours": Both(
        Words(
            "Energy hour by hour, 30 days",
            "Imported energy of each hour: days from left to right, hours from top to bottom. In October the hour from 2 to 3 comes twice; the panel shows the sum.",
            _NO_ENERGY,
        ),
        Words(
            "Energia godzinowa, 30 dni",
            "Energia pobrana w każdej godzinie: dni od lewej do prawej, godziny od góry do dołu. Z dwóch październikowych godzin od 2 do 3 widać sumę.",
            _BRAK_ENERGII,
        ),
    ),
    "demand": Both(
        Words(
            "Quarter-hour demand",
            "Mean import power of each quarter of an hour, from the register. Quarters with a gap are not shown.",
            _NO_ENERGY,
        ),
        Words("Moc 15-minutowa", "Średnia moc pobierana w każdym kwadransie, z rejestru; kwadranse z przerwą są pominięte.", _BRAK_ENERGII),
    ),
    "demand_of_month": Both(
        Words("Peak this month", "The quarter of an hour with the highest mean import power since the month began.", _NO_ENERGY),
        Words("Szczyt miesiąca", "Kwadrans z najwyższą średnią mocą pobieraną od początku miesiąca.", _BRAK_ENERGII),
    ),
    "base_load": Both(
        Words("Base load", "The lowest hourly mean of import power between 1 and 5 o'clock in the last seven nights.", _NO_ENERGY),
        Words("Pobór nocny", "Najniższa średnia godzinowa mocy pobieranej między 1 a 5 w ostatnich siedmiu nocach.", _BRAK_ENERGII),
    ),
    "top_days": Both(
        Words(
            "Days with the most use, 30 days",
            "The eight days with the most imported energy in the last 30 days. Only complete days count.",
            "No complete day yet.",
        ),
        Words(
            "Dni o największym zużyciu, 30 dni",
            "Osiem dni o największym poborze z ostatnich 30, spośród odebranych w całości.",
            "Żaden dzień nie został odebrany w całości.",
        ),
    ),
    # --- history
    "range_total": Both(
        Words(
            "The chosen time", "Energy of the days in the chosen time (this year, if you do not choose another)." + _MONEY_EN, _NO_ENERGY
        ),
        Words("Wybrany czas", "Energia z dni w wybranym czasie (domyślnie w tym roku)." + _MONEY_PL, _BRAK_ENERGII),
    ),
    "range_before": Both(
        Words(
            "A year before",
            "Energy of the same days a year earlier. If the chosen year is not over, only the same number of days counts.",
            "There is no data of a year before.",
        ),
        Words("Rok wcześniej", "Energia z tych samych dni rok wcześniej; z niepełnego roku tyle samo dni.", "Brak danych sprzed roku."),
    ),
    "months": Both(
        Words("Imported, month by month", "Imported energy of each month, next to the same month a year before.", _NO_ENERGY),
        Words("Pobrane miesiąc po miesiącu", "Energia pobrana w każdym miesiącu obok tego samego miesiąca rok wcześniej.", _BRAK_ENERGII),
    ),
    "year": Both(
        Words("Imported, cumulated", "Imported energy since the start of the chosen time, next to the year before.", _NO_ENERGY),
        Words("Pobrane narastająco", "Energia pobrana od początku wybranego czasu, obok poprzedniego roku.", _BRAK_ENERGII),
    ),
    "feed_in_months": Both(
        Words("Fed in, month by month", "Energy fed in in each month, next to the same month a year before.", _NO_ENERGY),
        Words("Oddane miesiąc po miesiącu", "Energia oddana w każdym miesiącu obok tego samego miesiąca rok wcześniej.", _BRAK_ENERGII),
    ),
    "feed_in_year": Both(
        Words("Fed in, cumulated", "Energy fed in since the start of the chosen time, next to the year before.", _NO_ENERGY),
        Words("Oddane narastająco", "Energia oddana od początku wybranego czasu, obok poprzedniego roku.", _BRAK_ENERGII),
    ),
    "daily": Both(
        Words("Energy per day", "Imported energy of each local day; energy fed in is below zero.", _NO_ENERGY),
        Words("Energia dzienna", "Energia pobrana w każdej dobie, a oddana poniżej zera.", _BRAK_ENERGII),
    ),
    "worst": Both(
        Words(
            "Days with the most use",
            "Days with the most imported energy in the chosen time. Only complete days count.",
            "No complete day in the chosen time.",
        ),
        Words(
            "Dni o największym zużyciu",
            "Dni o największym poborze w wybranym czasie, spośród odebranych w całości.",
            "Żaden dzień nie został odebrany w całości.",
        ),
    ),
    "best": Both(
        Words(
            "Days with the least use",
            "Days with the least imported energy in the chosen time. Only complete days count.",
            "No complete day in the chosen time.",
        ),
        Words(
            "Dni o najmniejszym zużyciu",
            "Dni o najmniejszym poborze w wybranym czasie, spośród odebranych w całości.",
            "Żaden dzień nie został odebrany w całości.",
        ),
    ),
    # --- quality
    "voltages": Both(
        Words("Voltages", "Mean voltage of each phase; red below 207 V and above 253 V (230 V ± 10 %, EN 50160).", _NO_VOLTAGE),
        Words("Napięcia", "Średnie napięcie każdej fazy; czerwone poniżej 207 V i powyżej 253 V (230 V ± 10%, EN 50160).", _BRAK_NAPIEC),
    ),
    "en50160": Both(
        Words(
            "EN 50160",
            "Share of the 10-minute means of voltage between 207 and 253 V in the chosen time. EN 50160 requires 95 % in each week.",
            _NO_VOLTAGE,
        ),
        Words(
            "EN 50160",
            "Udział 10-minutowych średnich napięcia między 207 a 253 V w wybranym czasie. EN 50160 wymaga 95% w każdym tygodniu.",
            _BRAK_NAPIEC,
        ),
    ),
    "highest_voltage": Both(
        Words("Highest voltage", "The highest voltage of a single telegram in the chosen time.", _NO_VOLTAGE),
        Words("Najwyższe napięcie", "Najwyższe napięcie pojedynczego telegramu w wybranym czasie.", _BRAK_NAPIEC),
    ),
    "lowest_voltage": Both(
        Words("Lowest voltage", "The lowest voltage of a single telegram in the chosen time.", _NO_VOLTAGE),
        Words("Najniższe napięcie", "Najniższe napięcie pojedynczego telegramu w wybranym czasie.", _BRAK_NAPIEC),
    ),
    "tan_phi_range": Both(
        Words(
            "tan φ",
            "Ratio of reactive to active power in the chosen time, while import is 100 W or more. Operators may charge for inductive power above 0.4 and for any capacitive power.",
            _NO_REACTIVE,
        ),
        Words(
            "tg φ",
            "Stosunek mocy biernej do czynnej w wybranym czasie, przy poborze od 100 W. Za indukcyjną powyżej 0,4 i za każdą pojemnościową operator może pobrać opłatę.",
            _BRAK_BIERNEJ,
        ),
    ),
    "longest_gap": Both(
        Words("Longest gap", "The longest time without a telegram in the chosen time.", "No gap of five minutes or more."),
        Words("Najdłuższa przerwa", "Najdłuższy okres bez telegramu w wybranym czasie.", "Żadna przerwa nie trwała pięciu minut."),
    ),
    "phase_imbalance": Both(
        Words(
            "Phase imbalance",
            "Largest distance of one phase from the mean of the three voltages. Dashed: phase_imbalance_percent of [meter.limits].",
            _NO_PHASES,
        ),
        Words(
            "Asymetria faz",
            "O ile najbardziej odległa faza odbiega od średniej trzech napięć. Linia przerywana: phase_imbalance_percent z [meter.limits].",
            _BRAK_FAZ,
        ),
    ),
    "reactive": Both(
        Words("Reactive power", "Mean reactive power; capacitive power is below zero.", _NO_REACTIVE),
        Words("Moc bierna", "Średnia moc bierna, pojemnościowa poniżej zera.", _BRAK_BIERNEJ),
    ),
    "tan_phi": Both(
        Words(
            "tan φ over time",
            "Ratio of reactive to active power per quarter of an hour or longer, while import is 100 W or more. The line is at 0.4.",
            _NO_REACTIVE,
        ),
        Words(
            "tg φ w czasie",
            "Stosunek mocy biernej do czynnej w kwadransie lub dłużej, przy poborze od 100 W; linia jest na 0,4.",
            _BRAK_BIERNEJ,
        ),
    ),
    "outages": Both(
        Words(
            "Outages and gaps",
            "Whether telegrams came, and which state the plugin reported. A missing port or silence often means that the supply was off.",
            _NO_TELEGRAM,
        ),
        Words(
            "Przerwy",
            "Czy telegramy przychodziły i co mówiła wtedy wtyczka: brak portu lub cisza to często brak zasilania.",
            _BRAK_TELEGRAMU,
        ),
    ),
    "gaps": Both(
        Words(
            "Gaps",
            "Times without a telegram, and how much the register grew in each of them. If it did not grow, the supply was probably off.",
            "No gap of five minutes or more.",
        ),
        Words(
            "Lista przerw",
            "Okresy bez telegramu i przyrost rejestru w tym czasie. Jeśli rejestr stał, zapewne nie było zasilania.",
            "Żadna przerwa nie trwała pięciu minut.",
        ),
    ),
    "limiter_states": Both(
        Words(
            "Limiter",
            "Whether the limiter's active threshold is below its normal threshold, and the limiter's mode that the meter reports.",
            "This meter sends no data about its limiter.",
        ),
        Words(
            "Strażnik mocy",
            "Czy obowiązujący próg strażnika mocy jest niższy od normalnego i jaki tryb strażnika podaje licznik.",
            "Ten licznik nic nie mówi o strażniku mocy.",
        ),
    ),
    # --- health
    "last_telegram": Both(
        Words("Last telegram", "When the newest telegram of this meter was sent.", "No telegram within 40 days."),
        Words("Ostatni odczyt", "Kiedy ten licznik wysłał najnowszy telegram.", "Brak telegramu od 40 dni."),
    ),
    "age": Both(
        Words(
            "Age",
            "Age of the last telegram, from the plugin's last status line.",
            "No status line within 15 minutes: the plugin does not run.",
        ),
        Words(
            "Wiek",
            "Wiek ostatniego telegramu według ostatniego wiersza stanu wtyczki.",
            "Brak wiersza stanu od 15 minut: wtyczka nie działa.",
        ),
    ),
    "received": Both(
        Words(
            "Received",
            "Telegrams in the chosen time, in percent of the usual rate of the last week.",
            "No usual rate yet: it is known when the plugin has run for ten minutes.",
        ),
        Words(
            "Odebrane",
            "Telegramy w wybranym czasie, w procentach zwykłej częstości z ostatniego tygodnia.",
            "Zwykła częstość nie jest jeszcze znana: będzie po dziesięciu minutach działania wtyczki.",
        ),
    ),
    "counters": Both(
        Words(
            "Counters of the chosen time",
            "Telegrams that came, that were read, that came twice, that had no fitting tag (by radio: all), that got the host's time; lines that Telegraf did not take.",
            _NO_STATUS,
        ),
        Words(
            "Zliczone w wybranym czasie",
            "Telegramy: wszystkie, odczytane, powtórzone, bez zgodnego znacznika uwierzytelniającego (przez radio: każdy) i z czasem komputera; wiersze, których nie odebrał Telegraf.",
            _BRAK_STANU,
        ),
    ),
    "set_aside": Both(
        Words(
            "Refused, held back, odd",
            "Telegrams refused because they are not encrypted or have a wrong tag; telegrams held back because they are old (a replay); registers that ran backwards; lines or records that could not be read in telegrams that were read; telegrams that wait for their other part; fields refused because there were too many.",
            _NO_STATUS,
        ),
        Words(
            "Odrzucone, wstrzymane, dziwne",
            "Telegramy odrzucone, bo nie są zaszyfrowane lub mają zły znacznik uwierzytelniający; telegramy wstrzymane, bo są stare (powtórzone); rejestry, które się cofnęły; wiersze lub rekordy nieodczytane w odczytanych telegramach; telegramy, które czekają na drugą część; pola odrzucone, bo było ich za dużo.",
            _BRAK_STANU,
        ),
    ),
    "states": Both(
        Words(
            "State of the read-out",
            "State of this meter, reported by the plugin: OK, silent, wrong key, bad key file, noise, port missing. Empty while the plugin did not run.",
            _NO_STATUS,
        ),
        Words(
            "Stan odczytu",
            "Co wtyczka mówi o tym liczniku: OK, cisza, zły klucz, zły plik klucza, zakłócenia, brak portu. Pusto tam, gdzie nie działała.",
            _BRAK_STANU,
        ),
    ),
    "rate": Both(
        Words(
            "Telegrams per minute",
            "Telegrams that came, and telegrams that are due. The due rate is the rate that nine of ten five-minute means of the last week stay below.",
            _NO_STATUS,
        ),
        Words(
            "Telegramy na minutę",
            "Telegramy odebrane i oczekiwane: częstość, poniżej której jest dziewięć na dziesięć średnich pięciominutowych z ostatniego tygodnia.",
            _BRAK_STANU,
        ),
    ),
    "errors": Both(
        Words(
            "Errors by cause",
            "Telegrams that were lost: noise on the line (checksum, framing), a key that does not fit, no encryption or a wrong tag (security), unknown content.",
            _NO_STATUS,
        ),
        Words(
            "Błędy według przyczyny",
            "Telegramy utracone: zakłócenia (suma kontrolna, ramka), zły klucz, brak szyfrowania lub zły znacznik (zabezpieczenia), nieznana treść.",
            _BRAK_STANU,
        ),
    ),
    "ages": Both(
        Words("Age of the last telegram over time", "The longest wait in each interval. Dashed: silence_s of [meter.limits].", _NO_STATUS),
        Words(
            "Wiek ostatniego telegramu w czasie",
            "Najdłuższe oczekiwanie w każdym odcinku czasu. Linia przerywana: silence_s z [meter.limits].",
            _BRAK_STANU,
        ),
    ),
    "signal": Both(
        Words(
            "Signal strength",
            "Signal strength of the meter's radio telegrams, reported by the receiver.",
            "No signal strength: a cable (P1) has none, and not every receiver reports it.",
        ),
        Words(
            "Siła sygnału",
            "Siła sygnału telegramów radiowych licznika, według odbiornika.",
            "Brak siły sygnału: przy kablu (P1) jej nie ma, a nie każdy odbiornik ją podaje.",
        ),
    ),
    "offset": Both(
        Words(
            "Clock offset",
            "The meter's clock minus the host's clock.",
            "No clock offset: the meter sends no time, or no telegram was read.",
        ),
        Words(
            "Różnica zegara",
            "Zegar licznika minus zegar komputera.",
            "Brak różnicy zegara: licznik nie wysyła czasu albo nic nie odczytano.",
        ),
    ),
    "dropped": Both(
        Words("Lines dropped", "Lines that the plugin had to drop because Telegraf did not take them.", _NO_STATUS),
        Words("Utrata wierszy", "Wiersze, z których wtyczka musiała zrezygnować, bo Telegraf ich nie odebrał.", _BRAK_STANU),
    ),
    "written": Both(
        Words(
            "Telegraf: metrics written", "Metrics per second that Telegraf wrote to InfluxDB, and metrics that it dropped.", _NO_INTERNAL
        ),
        Words(
            "Telegraf: zapisane metryki", "Metryki, które Telegraf zapisał do InfluxDB, i te, które utracił, na sekundę.", _BRAK_INTERNAL
        ),
    ),
    "buffer": Both(
        Words("Telegraf: buffer", "Metrics that wait for InfluxDB, and the largest number that may wait.", _NO_INTERNAL),
        Words("Telegraf: bufor", "Metryki, które czekają na InfluxDB, i ile ich może czekać.", _BRAK_INTERNAL),
    ),
    "memory": Both(
        Words("Telegraf: memory", "Memory that Telegraf itself uses.", _NO_INTERNAL),
        Words("Telegraf: pamięć", "Pamięć, której używa sam Telegraf.", _BRAK_INTERNAL),
    ),
    # --- building
    "sum_power": Both(
        Words(
            "Power now, all meters",
            "Sum of the newest power of all meters that were heard within 15 minutes.",
            "No telegram within 15 minutes.",
        ),
        Words(
            "Moc teraz, wszystkie liczniki",
            "Suma najnowszych mocy wszystkich liczników słyszanych w ciągu 15 minut.",
            "Brak telegramu od 15 minut.",
        ),
    ),
    "sum_energy": Both(
        Words("Total this month", "Imported energy of all meters since the month began.", _NO_ENERGY),
        Words("Razem w miesiącu", "Energia pobrana przez wszystkie liczniki od początku miesiąca.", _BRAK_ENERGII),
    ),
    "meters": Both(
        Words("Meters", "Meters heard within 31 days, meters heard within 15 minutes, and meters with another state than OK.", "None"),
        Words("Liczniki", "Słyszane w ciągu 31 dni, słyszane w ciągu 15 minut i te, których stan odczytu jest inny niż OK.", "Brak"),
    ),
    "all": Both(
        Words(
            "All meters",
            "A click on a meter opens its board. Energy of today and of this month, until ten minutes ago.",
            "No meter was heard within 31 days.",
        ),
        Words(
            "Wszystkie liczniki",
            "Kliknięcie licznika otwiera jego pulpit. Energia dziś i w miesiącu do stanu sprzed dziesięciu minut.",
            "Żaden licznik nie odezwał się od 31 dni.",
        ),
    ),
    "ranking": Both(
        Words("Most use this month", "The ten meters with the most imported energy since the month began.", _NO_ENERGY),
        Words("Największe zużycie w miesiącu", "Dziesięć liczników o największym poborze energii od początku miesiąca.", _BRAK_ENERGII),
    ),
    "power_of_all": Both(
        Words("Power of all meters, 24 hours", "Sum of the five-minute means of all meters; fed-in power is below zero.", _NO_TELEGRAM),
        Words(
            "Moc wszystkich liczników, 24 godziny",
            "Suma średnich pięciominutowych wszystkich liczników, oddawana poniżej zera.",
            _BRAK_TELEGRAMU,
        ),
    ),
}


def dictionary(language: str) -> dict[str, str]:
    """Everything that a «name» may stand for."""
    place = LANGUAGES.index(language)
    texts = {name: both[place] for name, both in NAMES.items()}
    for key, both in (BOARDS | PANELS).items():
        for part, text in both[place]._asdict().items():
            texts[f"{key}.{part}"] = text
    return texts
