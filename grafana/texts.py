"""Every word on the boards, English and Polish: `NAMES` for what occurs inside panels, `BOARDS` and `PANELS` for the rest.

A panel's `missing` is what it says where there is nothing to show; it names the reason, since a panel that merely stands empty looks broken.
"""

from collections.abc import Mapping
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
    "cost_before": ("Cost a year before", "Koszt rok wcześniej"),
    "data_since": ("Not a whole year: data since", "Niepełny rok: dane od"),
    "data_until": ("data until", "dane do"),
    "late": ("Begins late by", "Spóźniony początek"),
    "produced": ("Produced", "Wyprodukowane"),
    "self_used": ("Used in the house", "Autokonsumpcja"),
    "autarky": ("Own share of all use", "Samowystarczalność"),
    "against_week": ("vs a week ago", "wobec zeszłego tygodnia"),
    "hour": ("Hour", "Godzina"),
    "hour_before": ("Hour a week ago", "Godzina tydzień temu"),
    "so_far": ("So far", "Dotąd"),
    "forecast": ("Forecast", "Prognoza"),
    "after_a_week": ("after a week", "po tygodniu"),
    "to_pay": ("To pay", "Do zapłaty"),
    "to_come": ("Still to come", "Do końca okresu"),
    "estimated": ("Estimated", "Szacowane"),
    "limit": ("Limit", "Limit"),
    "limiter": ("Limiter", "Strażnik mocy"),
    "zone_1": ("Zone 1", "Strefa 1"),
    "zone_2": ("Zone 2", "Strefa 2"),
    "zone_3": ("Zone 3", "Strefa 3"),
    "zone_4": ("Zone 4", "Strefa 4"),
    "demand": ("Quarter-hour demand", "Moc 15-minutowa"),
    "day": ("Day", "Dzień"),
    # bill
    "period": ("Billing period", "Okres rozliczeniowy"),
    "series": ("Price series", "Seria cen"),
    "item": ("Item", "Pozycja"),
    "amount": ("Amount", "Kwota"),
    "kwh": ("Energy", "Energia"),
    "energy": ("Energy, net", "Energia, netto"),
    "distribution": ("Network rate per kWh, net", "Opłata sieciowa zmienna, netto"),
    "quality": ("Quality rate, net", "Opłata jakościowa, netto"),
    "renewables": ("Renewables fee, net", "Opłata OZE, netto"),
    "cogeneration": ("Cogeneration fee, net", "Opłata kogeneracyjna, netto"),
    "other": ("Other per kWh, net", "Inne za kWh, netto"),
    "trade_fee": ("Trade fee, net", "Opłata handlowa, netto"),
    "network_fee": ("Fixed network fee, net", "Opłata sieciowa stała, netto"),
    "transitional_fee": ("Transitional fee, net", "Opłata przejściowa, netto"),
    "subscription_fee": ("Subscription fee, net", "Opłata abonamentowa, netto"),
    "capacity_fee": ("Capacity fee, net", "Opłata mocowa, netto"),
    "other_fee": ("Other per month, net", "Inne za miesiąc, netto"),
    "vat": ("VAT", "VAT"),
    "total": ("Total with VAT", "Razem brutto"),
    "by_deposit": ("Paid by the deposit", "Z depozytu"),
    "credit": ("For energy taken back", "Za energię odebraną"),
    "deposit_left": ("Deposit left", "Depozyt na koniec"),
    "per_kwh": ("Per kWh", "Za kWh"),
    "taken_back": ("Taken back", "Odebrane z sieci"),
    "billed_import": ("Imported, balanced by hour", "Pobrane po bilansowaniu"),
    "billed_export": ("Fed in, balanced by hour", "Oddane po bilansowaniu"),
    "unpriced": ("No price yet", "Jeszcze bez ceny"),
    "settled": ("Settled so far", "Rozliczono"),
    "serial": ("Serial number", "Numer licznika"),
    "read_at": ("Read at", "Odczyt z"),
    "part_energy": ("Energy", "Energia"),
    "part_network": ("Network", "Sieć"),
    "part_levies": ("Levies", "Opłaty publiczne"),
    "part_trade": ("Trade fee", "Opłata handlowa"),
    "part_other": ("Other", "Inne"),
    "price": ("Price per kWh", "Cena kWh"),
    "cheapest": ("Cheapest hours", "Najtańsze godziny"),
    "own_tariff": ("Your tariff", "Twoja taryfa"),
    # quality
    "heard_share": ("Heard", "Odebrano"),
    "lowest": ("Lowest voltage", "Najniższe napięcie"),
    "highest": ("Highest voltage", "Najwyższe napięcie"),
    "within": ("EN 50160, worst phase", "EN 50160, najgorsza faza"),
    "tan_inductive": ("tan φ, inductive", "tg φ, indukcyjny"),
    "tan_capacitive": ("tan φ, capacitive", "tg φ, pojemnościowy"),
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
    "fault": ("Not OK", "Nie OK"),
    "state_ok": ("OK", "OK"),
    "state_silent": ("Silent", "Cisza"),
    "state_noise": ("Noise", "Zakłócenia"),
    "state_wrong_key": ("Wrong key", "Zły klucz"),
    "state_port_missing": ("Port missing", "Brak portu"),
    "state_bad_key_file": ("Bad key file", "Zły plik klucza"),
    "wrong_all_well": ("All well", "Wszystko gra"),
    "wrong_not_running": ("Read-out is off", "Odczyt nie działa"),
    "wrong_silent": ("Meter is silent", "Licznik milczy"),
    "wrong_noise": ("Noise on the line", "Zakłócenia"),
    "wrong_wrong_key": ("Wrong key", "Zły klucz"),
    "wrong_bad_key_file": ("Bad key file", "Zły plik klucza"),
    "wrong_port_missing": ("Port missing", "Brak portu"),
    "wrong_no_data": ("No data", "Brak danych"),
    "wrong_energy_late": ("Energy out of date", "Energia nieaktualna"),
    "wrong_no_tariff": ("No tariff set", "Brak taryfy"),
    "wrong_cost_late": ("Costs out of date", "Koszty nieaktualne"),
    "wrong_prices_missing": ("Prices missing", "Brak cen"),
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
    "main_meter": ("Main meter", "Licznik główny"),
    "group_by": ("Group by", "Grupuj według"),
    "group": ("Group", "Grupa"),
    "count": ("Number of meters", "Liczba liczników"),
    "trouble": ("Trouble", "Problem"),
    "estimated_kwh": ("Estimated, kWh", "Szacowane, kWh"),
    "unpriced_kwh": ("No price yet, kWh", "Bez ceny, kWh"),
    "reading_begin": ("First reading, kWh", "Pierwszy odczyt, kWh"),
    "reading_end": ("Last reading, kWh", "Ostatni odczyt, kWh"),
    "month_kwh": ("Imported, kWh", "Pobrane, kWh"),
    "month_cost": ("To pay", "Do zapłaty"),
    "kwh_before": ("Period before, kWh", "Poprzedni, kWh"),
    "cost_before_month": ("Period before", "Poprzedni"),
    "main_kwh": ("Main meter counted", "Licznik główny"),
    "others_kwh": ("All others", "Pozostałe razem"),
    "common_kwh": ("Common parts and losses", "Części wspólne i straty"),
    "common_share": ("Their share of the main meter", "Ich udział w liczniku głównym"),
    "common_before": ("The same, period before", "To samo, okres wcześniej"),
    "others_cost": ("To pay, all others", "Do zapłaty, pozostałe"),
    "open_bill": ("This meter's bill", "Rachunek tego licznika"),
    "open_meter": ("This meter's board", "Pulpit tego licznika"),
}
"""Name → English, Polish."""

BOARDS: Final = {
    "home": Both(
        Words("Home", "Power now, what today has cost, and where the energy goes."),
        Words("Dom", "Moc teraz, koszt dnia i to, na co idzie energia."),
    ),
    "bill": Both(
        Words("Bill", "The statement of a billing period, months, deposit, market price, tariffs side by side."),
        Words("Rachunek", "Rozliczenie okresu, miesiące, depozyt, cena rynkowa, porównanie taryf."),
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
        Words("Building", "Meters in trouble, readings and cost by flat, main meter, all meters."),
        Words("Budynek", "Liczniki z problemem, odczyty i koszt mieszkań, licznik główny, wszystkie liczniki."),
    ),
}

_NO_ENERGY: Final = "No energy yet: it appears after the first two five-minute points (telegraf-han influx setup makes their task)."
_BRAK_ENERGII: Final = (
    "Nie ma jeszcze danych: będą po dwóch pierwszych punktach pięciominutowych (zadanie tworzy telegraf-han influx setup)."
)
_NOTHING_GIVEN: Final = "This meter has counted no energy fed in."
_NIC_NIE_ODDANO: Final = "Ten licznik nie zliczył żadnej energii oddanej."
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

_NO_FLATS: Final = "No bills yet: write a tariff for each meter to the configuration, and let Telegraf run telegraf-han bill."
_BRAK_MIESZKAN: Final = (
    "Nie ma jeszcze rachunków: wpisz do konfiguracji taryfę każdego licznika i niech Telegraf uruchamia telegraf-han bill."
)
_NO_COST: Final = "No tariff yet: write your prices to [[meter.tariff]] of the configuration, and let Telegraf run telegraf-han bill."
_BRAK_KOSZTU: Final = "Brak taryfy: wpisz ceny do [[meter.tariff]] w konfiguracji i niech Telegraf uruchamia telegraf-han bill."
_FROM_BILL: Final = (
    " All of the bill counts: energy, distribution, fees and VAT, as telegraf-han bill has settled it by the hour, in ${currency}."
)
_Z_RACHUNKU: Final = (
    " Liczy się cały rachunek: energia, dystrybucja, opłaty stałe i VAT, rozliczone co godzinę przez telegraf-han bill, w ${currency}."
)

PANELS: Final = {
    # --- home
    "power_now": Both(
        Words(
            "Power now",
            "Power of the newest telegram of the last 15 minutes. Power that is fed in is shown while there is any.",
            "No telegram within 15 minutes.",
        ),
        Words(
            "Moc teraz",
            "Moc z ostatniego telegramu z ostatnich 15 minut. Moc oddawana jest widoczna, gdy jest co oddawać.",
            "Brak telegramu od 15 minut.",
        ),
    ),
    "cost_today": Both(
        Words(
            "Cost today",
            "Cost since midnight, and the difference to the same weekday a week ago up to the same hour (hours that are over and settled on both days)."
            + _FROM_BILL,
            _NO_COST,
        ),
        Words(
            "Koszt dziś",
            "Koszt od północy i różnica wobec tego samego dnia tydzień temu do tej samej godziny (godziny zakończone i rozliczone w obu dniach)."
            + _Z_RACHUNKU,
            _BRAK_KOSZTU,
        ),
    ),
    "this_bill": Both(
        Words(
            "This bill",
            "What is to be paid for the billing period up to now, and the forecast for its end, which is known after seven days of data."
            + _FROM_BILL,
            _NO_COST,
        ),
        Words(
            "Ten rachunek",
            "Do zapłaty za okres rozliczeniowy do tej chwili i prognoza na jego koniec, znana po siedmiu dniach danych." + _Z_RACHUNKU,
            _BRAK_KOSZTU,
        ),
    ),
    "all_well": Both(
        Words(
            "State",
            "What is wrong first, and when the last telegram came. Read-out is off: no status line within 15 minutes, so Telegraf or the plugin does not run. "
            "Meter is silent, noise, wrong key, bad key file, port missing: see docs/trouble.md. No data: telegrams are read but do not reach InfluxDB. "
            "Energy out of date: no five-minute point within 25 minutes (telegraf-han influx check). No tariff set: [[meter.tariff]]. "
            "Costs out of date: no hour settled within 150 minutes (telegraf-han bill). Prices missing: hours of two days without a market price.",
            "Nothing known of this meter: neither telegrams nor status lines within 40 days.",
        ),
        Words(
            "Stan",
            "Co jest nie tak w pierwszej kolejności i kiedy przyszedł ostatni telegram. Odczyt nie działa: brak wiersza stanu od 15 minut, nie działa Telegraf albo wtyczka. "
            "Licznik milczy, zakłócenia, zły klucz, zły plik klucza, brak portu: docs/trouble.pl.md. Brak danych: telegramy są odczytywane, ale nie docierają do InfluxDB. "
            "Energia nieaktualna: brak punktu pięciominutowego od 25 minut (telegraf-han influx check). Brak taryfy: [[meter.tariff]]. "
            "Koszty nieaktualne: żadnej godziny nie rozliczono od 150 minut (telegraf-han bill). Brak cen: godziny z dwóch dni bez ceny rynkowej.",
            "Nic nie wiadomo o tym liczniku: od 40 dni nie ma telegramów ani wierszy stanu.",
        ),
    ),
    "alerts": Both(
        Words("Active alerts", "Alert rules of this meter that fire or will soon fire. Rules: grafana/ALERTS.md."),
        Words("Aktywne alerty", "Reguły, które alarmują dla tego licznika albo zaraz zaczną. Opis reguł: grafana/ALERTS.pl.md."),
    ),
    "today": Both(
        Words(
            "Energy today",
            "Energy from midnight until the newest telegram, from the registers. It does not wait for the five-minute points.",
            "No telegram today.",
        ),
        Words(
            "Energia dziś",
            "Energia od północy do ostatniego telegramu, z rejestrów. Nie czeka na punkty pięciominutowe.",
            "Brak telegramu dzisiaj.",
        ),
    ),
    "month": Both(
        Words("Energy this month", "Energy since the month began, until ten minutes ago.", _NO_ENERGY),
        Words("Energia w tym miesiącu", "Energia od początku miesiąca do stanu sprzed dziesięciu minut.", _BRAK_ENERGII),
    ),
    "power": Both(
        Words(
            "Power",
            "Mean power; fed-in power is below zero. Views of up to two days show single telegrams, longer views show five-minute means. "
            "Points: your limit (active_power_import_w of [meter.limits]) and the meter's limiter threshold, where the power reaches 80 % of them.",
            _NO_TELEGRAM,
        ),
        Words(
            "Moc",
            "Średnia moc, oddawana poniżej zera. Do dwóch dni z pojedynczych telegramów, w dłuższych widokach ze średnich pięciominutowych. "
            "Punkty: ustawiony limit (active_power_import_w z [meter.limits]) i próg strażnika mocy licznika, gdy moc sięga 80 % z nich.",
            _BRAK_TELEGRAMU,
        ),
    ),
    "days": Both(
        Words(
            "Energy per day, 30 days",
            "Imported energy of each local day by tariff zone of the meter, from the differences of the registers. Yellow points: energy of this day that was spread over a gap, so it is estimated.",
            _NO_ENERGY,
        ),
        Words(
            "Energia dzienna, 30 dni",
            "Energia pobrana w każdej dobie według stref taryfowych licznika, z różnic rejestrów. Żółte punkty: energia tego dnia rozłożona na czas przerwy w odczycie, czyli szacowana.",
            _BRAK_ENERGII,
        ),
    ),
    "cost_of_days": Both(
        Words(
            "Cost per day, 30 days",
            "Cost of each local day; what was earned by feeding in is below zero. Yellow points: the part of the cost that comes from estimated energy."
            + _FROM_BILL,
            _NO_COST,
        ),
        Words(
            "Koszt dzienny, 30 dni",
            "Koszt każdej doby, przychód z energii oddanej poniżej zera. Żółte punkty: część kosztu z energii szacowanej." + _Z_RACHUNKU,
            _BRAK_KOSZTU,
        ),
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
    "bills": Both(
        Words(
            "Bills of a year",
            "What is to be paid for each billing period, by the month in which it began. The last bar is the running period: so far, and what the forecast adds."
            + _FROM_BILL,
            _NO_COST,
        ),
        Words(
            "Rachunki z roku",
            "Do zapłaty za każdy okres rozliczeniowy, według miesiąca jego początku. Ostatni słupek to okres bieżący: dotąd i to, co dodaje prognoza."
            + _Z_RACHUNKU,
            _BRAK_KOSZTU,
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
    # --- bill
    "bill_of": Both(
        Words(
            "Bill of ${period}",
            "The chosen billing period. To pay: the total with VAT, less what the deposit and energy taken back pay. A period that runs shows what it has cost so far, and a forecast after a week of data.",
            _NO_COST,
        ),
        Words(
            "Rachunek za ${period}",
            "Wybrany okres rozliczeniowy. Do zapłaty: suma brutto bez tego, co pokrywa depozyt i energia odebrana z sieci. Okres w toku: koszt dotąd, a po tygodniu danych także prognoza.",
            _BRAK_KOSZTU,
        ),
    ),
    "use": Both(
        Words("Energy and its price", "Imported energy of the period, and its total with VAT and fees, per kWh.", _NO_COST),
        Words("Energia i jej cena", "Energia pobrana w okresie i suma brutto z opłatami w przeliczeniu na kWh.", _BRAK_KOSZTU),
    ),
    "provisional": Both(
        Words(
            "Provisional",
            "What may still change in this period: energy that was spread over a gap in the data, energy whose market price has not come yet (it counts as 0), hours that are not settled.",
            "Nothing: all hours are settled from readings, and every price is known.",
        ),
        Words(
            "Jeszcze niepewne",
            "Co może się zmienić w tym okresie: energia rozłożona na przerwę w danych, energia bez znanej ceny rynkowej (liczona po 0), godziny jeszcze nierozliczone.",
            "Nic: wszystkie godziny są rozliczone z odczytów i każda cena jest znana.",
        ),
    ),
    "statement": Both(
        Words(
            "Statement",
            "The lines of the bill that are not zero: parts without VAT, then VAT, the total, the deposit, and what is to pay. telegraf-han bill --month prints it with every price.",
            _NO_COST,
        ),
        Words(
            "Rozliczenie",
            "Niezerowe pozycje rachunku: składniki bez VAT, potem VAT, suma, depozyt i kwota do zapłaty. telegraf-han bill --month drukuje je z każdą ceną.",
            _BRAK_KOSZTU,
        ),
    ),
    "statement_energy": Both(
        Words("Energy of the period", "Energy by zone, fed in, taken back, and of it what was estimated or has no price yet.", _NO_COST),
        Words("Energia okresu", "Energia według stref, oddana, odebrana z sieci, a w niej szacowana i jeszcze bez ceny.", _BRAK_KOSZTU),
    ),
    "readings": Both(
        Words(
            "Readings at both ends, kWh",
            "The registers at the begin and at the end of the period, of each meter that was in place. If nothing was heard at that moment, it is the nearest reading within the period; its time stands beside it.",
            "No reading in this period.",
        ),
        Words(
            "Odczyty na początku i na końcu, kWh",
            "Stan rejestrów na początku i na końcu okresu, osobno dla każdego zamontowanego licznika. Jeśli w tej chwili nic nie odebrano, najbliższy odczyt w okresie; obok jest jego czas.",
            "Brak odczytu w tym okresie.",
        ),
    ),
    "parts_by_month": Both(
        Words(
            "Cost by billing period and part, ${currency}",
            "The total of each billing period: energy; network (rates and fees of the operator); levies (renewables, cogeneration, capacity); trade fee; other; VAT. The deposit is not taken off.",
            _NO_COST,
        ),
        Words(
            "Koszt okresów według składników, ${currency}",
            "Suma każdego okresu: energia; sieć (opłaty operatora); opłaty publiczne (OZE, kogeneracyjna, mocowa); opłata handlowa; inne; VAT. Bez odjęcia depozytu.",
            _BRAK_KOSZTU,
        ),
    ),
    "deposit": Both(
        Words(
            "Deposit, ${currency}",
            "Value of what was fed in, what the deposit paid, and what was left at the end of each billing period.",
            "No energy fed in has a value: the tariff has no feed_in, or nothing was fed in.",
        ),
        Words(
            "Depozyt, ${currency}",
            "Wartość energii oddanej, ile pokrył depozyt i ile zostało na koniec każdego okresu.",
            "Energia oddana nie ma wartości: taryfa nie ma feed_in albo nic nie oddano.",
        ),
    ),
    "price": Both(
        Words(
            "Market price, ${series}",
            "Price of a kWh in the chosen series, today and tomorrow. Marked: the six cheapest hours of each day.",
            "No price series: docs/examples/rce-prices.conf brings the market's prices.",
        ),
        Words(
            "Cena rynkowa, ${series}",
            "Cena kWh w wybranej serii, dziś i jutro. Zaznaczone: sześć najtańszych godzin każdej doby.",
            "Brak serii cen: ceny rynku daje docs/examples/rce-prices.conf.",
        ),
    ),
    "cheapest_hours": Both(
        Words(
            "Cheapest hours to come",
            "The six cheapest of the hours to come whose price is known. Tomorrow's prices come in the afternoon.",
            "No price of an hour to come is known.",
        ),
        Words(
            "Najtańsze najbliższe godziny",
            "Sześć najtańszych z nadchodzących godzin o znanej cenie. Ceny na jutro pojawiają się po południu.",
            "Nie jest znana cena żadnej nadchodzącej godziny.",
        ),
    ),
    "cost_by_hour": Both(
        Words(
            "Cost by hour, ${currency}",
            "Total of each hour with fees and VAT. Hours with estimated energy and hours without a price yet have their own colours.",
            _NO_COST,
        ),
        Words(
            "Koszt godzinowy, ${currency}",
            "Suma każdej godziny z opłatami i VAT. Godziny z energią szacowaną i godziny jeszcze bez ceny mają swoje kolory.",
            _BRAK_KOSZTU,
        ),
    ),
    "tariffs": Both(
        Words(
            "The last 12 months in other tariffs, ${currency}",
            "What was to pay in the last twelve billing periods, and what it would have been in the tariffs of `compare`. Compare only if the months beside it show every tariff in every month; if not, telegraf-han bill --since settles the past.",
            _NO_COST,
        ),
        Words(
            "Ostatnie 12 miesięcy w innych taryfach, ${currency}",
            "Kwota do zapłaty w ostatnich dwunastu okresach i jaka byłaby w taryfach z `compare`. Porównanie ma sens, gdy obok każda taryfa ma każdy miesiąc; jeśli nie, przeszłość rozlicza telegraf-han bill --since.",
            _BRAK_KOSZTU,
        ),
    ),
    "tariffs_by_month": Both(
        Words(
            "Tariffs by month, ${currency}", "What was to pay by billing period, and what it would have been in other tariffs.", _NO_COST
        ),
        Words("Taryfy według miesięcy, ${currency}", "Kwota do zapłaty w każdym okresie i jaka byłaby w innych taryfach.", _BRAK_KOSZTU),
    ),
    # --- history
    "range_total": Both(
        Words(
            "The chosen time", "Energy of the days in the chosen time (this year, if you do not choose another)." + _FROM_BILL, _NO_ENERGY
        ),
        Words("Wybrany czas", "Energia z dni w wybranym czasie (domyślnie w tym roku)." + _Z_RACHUNKU, _BRAK_ENERGII),
    ),
    "range_before": Both(
        Words(
            "A year before",
            "Energy and cost of the same days a year earlier. If the chosen year is not over, only the same number of days counts. "
            "A year before that is not complete is not compared; then the panel says since when there is data.",
            "There is no data of a year before.",
        ),
        Words(
            "Rok wcześniej",
            "Energia i koszt z tych samych dni rok wcześniej; z niepełnego roku tyle samo dni. "
            "Jeśli poprzedni rok nie jest kompletny, nie ma porównania, tylko dzień, od którego są dane.",
            "Brak danych sprzed roku.",
        ),
    ),
    "months": Both(
        Words("Imported, month by month", "Imported energy of each month, next to the same month a year before.", _NO_ENERGY),
        Words("Pobrane miesiąc po miesiącu", "Energia pobrana w każdym miesiącu obok tego samego miesiąca rok wcześniej.", _BRAK_ENERGII),
    ),
    "year": Both(
        Words("Imported, cumulated", "Imported energy since the start of the chosen time, next to the year before.", _NO_ENERGY),
        Words("Pobrane narastająco", "Energia pobrana od początku wybranego czasu, obok poprzedniego roku.", _BRAK_ENERGII),
    ),
    "cost_months": Both(
        Words(
            "Cost, month by month",
            "Cost of each calendar month, next to the same month a year before." + _FROM_BILL,
            _NO_COST,
        ),
        Words(
            "Koszt miesiąc po miesiącu",
            "Koszt każdego miesiąca kalendarzowego obok tego samego miesiąca rok wcześniej." + _Z_RACHUNKU,
            _BRAK_KOSZTU,
        ),
    ),
    "own_use": Both(
        Words(
            "Own production",
            "Energy that the house produced in the chosen time, how much of it the house used itself, and which share of all its use that was.",
            "No production in the settled hours: record it as electricity_production, if there is an inverter.",
        ),
        Words(
            "Własna produkcja",
            "Energia wyprodukowana w wybranym czasie, jaka jej część została w domu i jaką część całego zużycia pokryła.",
            "Brak produkcji w rozliczonych godzinach: jeśli jest falownik, zapisuj ją jako electricity_production.",
        ),
    ),
    "feed_in_months": Both(
        Words("Fed in, month by month", "Energy fed in in each month, next to the same month a year before.", _NOTHING_GIVEN),
        Words("Oddane miesiąc po miesiącu", "Energia oddana w każdym miesiącu obok tego samego miesiąca rok wcześniej.", _NIC_NIE_ODDANO),
    ),
    "feed_in_year": Both(
        Words("Fed in, cumulated", "Energy fed in since the start of the chosen time, next to the year before.", _NOTHING_GIVEN),
        Words("Oddane narastająco", "Energia oddana od początku wybranego czasu, obok poprzedniego roku.", _NIC_NIE_ODDANO),
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
    "supply": Both(
        Words(
            "Supply at a glance",
            "What this meter sends about its supply: share of five-minute windows in which it was heard, longest gap, limiter threshold; lowest and highest voltage, share of 10-minute means from 207 to 253 V, and tan φ, if it sends them.",
            _NO_TELEGRAM,
        ),
        Words(
            "Zasilanie w liczbach",
            "Co ten licznik mówi o zasilaniu: udział pięciominutowych odcinków, w których go odebrano, najdłuższa przerwa, próg strażnika mocy; a jeśli je wysyła, także skrajne napięcia, udział średnich 10-minutowych od 207 do 253 V i tg φ.",
            _BRAK_TELEGRAMU,
        ),
    ),
    "sent_by_some": Both(
        Words("Voltages, phases, reactive power (of meters that send them)", "Curves of what only some meters send; a click opens them."),
        Words(
            "Napięcia, fazy, moc bierna (z liczników, które je wysyłają)",
            "Wykresy tego, co wysyłają tylko niektóre liczniki; otwiera je kliknięcie.",
        ),
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
            "State of this meter, reported by the plugin: OK, silent, wrong key, bad key file, noise, port missing. Empty while the plugin did not run. The second lane has each state other than OK, however short it was.",
            _NO_STATUS,
        ),
        Words(
            "Stan odczytu",
            "Co wtyczka mówi o tym liczniku: OK, cisza, zły klucz, zły plik klucza, zakłócenia, brak portu. Pusto tam, gdzie nie działała. Na drugim pasku jest każdy stan inny niż OK, choćby krótki.",
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
    "troubled": Both(
        Words(
            "Meters that need a look",
            "Meters whose read-out state is not OK, then meters that have been silent for 15 minutes, then those whose running bill has estimated energy. A click opens the meter's board.",
            "All meters are well.",
        ),
        Words(
            "Liczniki do sprawdzenia",
            "Liczniki, których stan odczytu nie jest OK, potem te, które milczą od 15 minut, potem te z energią szacowaną w bieżącym rachunku. Kliknięcie otwiera pulpit licznika.",
            "Wszystkie liczniki działają.",
        ),
    ),
    "against_main": Both(
        Words(
            "Main meter and flats, ${period}",
            "Energy of the main meter beside the sum of all others. The rest is common parts and losses. The meter with the most energy is taken as the main one; choose another above. Below zero: there is no such meter, or it is another.",
            _NO_FLATS,
        ),
        Words(
            "Licznik główny i mieszkania, ${period}",
            "Energia licznika głównego obok sumy pozostałych; reszta to części wspólne i straty. Za główny uchodzi licznik o największym poborze; inny można wybrać u góry. Poniżej zera: nie ma takiego licznika albo jest nim inny.",
            _BRAK_MIESZKAN,
        ),
    ),
    "by_group": Both(
        Words("Sums by group", "Sums by a tag of the meters, which is chosen above."),
        Words("Sumy według grup", "Sumy według znacznika liczników, który wybiera się u góry."),
    ),
    "groups": Both(
        Words(
            "Groups: now, this month, cost of ${period}",
            "Meters with the same value of the tag that is chosen in Group by: their number, power, energy and what is to pay for the chosen period. A meter belongs to the group that its newest settings name, also for energy of the past. Meters without the tag are left out.",
            'Choose a tag in Group by. In the plugin\'s configuration write, for example, tags = { staircase = "B" } for each meter.',
        ),
        Words(
            "Grupy: teraz, ten miesiąc, koszt za ${period}",
            "Liczniki z tą samą wartością znacznika wybranego w polu Grupuj według: ich liczba, moc, energia i kwota do zapłaty za wybrany okres. Licznik należy do grupy z najnowszych ustawień, także dla energii z przeszłości. Liczników bez tego znacznika tu nie ma.",
            'Wybierz znacznik w polu Grupuj według. W konfiguracji wtyczki napisz na przykład tags = { staircase = "B" } przy każdym liczniku.',
        ),
    ),
    "flats": Both(
        Words(
            "Readings and cost, ${period}",
            "Each meter's readings at both ends of the period, its energy and its bill, and those of the period before. As a file: menu of this panel → Inspect → Data → Download CSV. If a meter was replaced, the first reading is of the old one.",
            _NO_FLATS,
        ),
        Words(
            "Odczyty i koszt, ${period}",
            "Odczyty każdego licznika na początku i na końcu okresu, energia i rachunek, obok okres wcześniejszy. Jako plik: menu panelu → Inspect → Data → Download CSV. Po wymianie licznika odczyt początkowy jest ze starego.",
            _BRAK_MIESZKAN,
        ),
    ),
    "sum_power": Both(
        Words(
            "Power now, all meters",
            "Sum of the newest power of all meters that were heard within 15 minutes. A main meter counts, too.",
            "No telegram within 15 minutes.",
        ),
        Words(
            "Moc teraz, wszystkie liczniki",
            "Suma najnowszych mocy wszystkich liczników słyszanych w ciągu 15 minut, także licznika głównego.",
            "Brak telegramu od 15 minut.",
        ),
    ),
    "sum_energy": Both(
        Words("Total this month", "Imported energy of all meters since the month began. A main meter counts, too.", _NO_ENERGY),
        Words(
            "Razem w miesiącu", "Energia pobrana przez wszystkie liczniki od początku miesiąca, także przez licznik główny.", _BRAK_ENERGII
        ),
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


def by_key(all_words: Mapping[str, Both], language: str) -> dict[str, str]:
    """Title, description and text without data of each key, as `key.title` and so on."""
    place = LANGUAGES.index(language)
    return {f"{key}.{part}": text for key, both in all_words.items() for part, text in both[place]._asdict().items()}


def dictionary(language: str) -> dict[str, str]:
    """Everything that a «name» may stand for."""
    place = LANGUAGES.index(language)
    return {name: both[place] for name, both in NAMES.items()} | by_key(BOARDS | PANELS, language)
