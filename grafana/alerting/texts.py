"""Every sentence of the alerts, English and Polish side by side.

People read them on a phone: which meter, what was measured, the limit, the unit, and what to do. They know no option of the configuration.
Summaries are Grafana's templates: `$labels.meter` is the meter, `$values.NAME.Value` a number of the rule. No `${…}` in them (a
provisioning file would fill in environment variables), and no number is computed here: `humanize` writes 7012 as 7.012k, so that
`W` behind it makes kW.
"""

from typing import Final, NamedTuple

from alerting.queries import CURRENCIES


class RuleText(NamedTuple):
    """What a rule says in one language."""

    title: str
    summary: str
    description: str


def _against(measured: str, limit: str, unit: str) -> str:
    """`measured 7.012kW, limit 6kW`."""
    return f"{measured} {{{{ humanize $values.measured.Value }}}}{unit}, {limit} {{{{ humanize $values.limit.Value }}}}{unit}"


def _plain(measured: str, limit: str, unit: str, digits: int = 1) -> str:
    """`measured 254.1 V, limit 253.0 V`: no prefixes."""
    number = f'{{{{{{{{ printf "%.{digits}f" $values.{{}}.Value }}}}}}}}'
    return f"{measured} {number.format('measured')}{unit}, {limit} {number.format('limit')}{unit}"


_METER: Final = "{{ $labels.meter }}: "
_CURRENCY: Final = (
    '{{ $currency := "" }}{{ '
    + "{{ else ".join(
        f'if eq $values.currency.Value {place}.0 }}}}{{{{ $currency = " {code}" }}}}' for place, code in enumerate(CURRENCIES, 1)
    )
    + "{{ end }}"
)
"""Sets the template's variable `$currency`, with a space before it. An unknown currency is not said."""


def _money(measured: str, limit: str) -> str:
    """`measured 12.40 PLN, limit 10.00 PLN`."""
    return _CURRENCY + _METER + _plain(measured, limit, "{{ $currency }}", 2)


RULES: Final = {
    "telegraf-han-import-power": {
        "en": RuleText(
            "Import power above the limit",
            _METER + _against("import", "limit", "W"),
            "Import power has been above the limit for five minutes. Switch something off.",
        ),
        "pl": RuleText(
            "Pobór mocy powyżej limitu",
            _METER + _against("pobór", "limit", "W"),
            "Od pięciu minut pobór jest większy od limitu. Wyłącz coś.",
        ),
    },
    "telegraf-han-contracted-power": {
        "en": RuleText(
            "Contracted power exceeded",
            _METER + _against("mean of a quarter of an hour", "contracted", "W"),
            "The mean power of a quarter of an hour was above the contracted power. The operator may charge for it. "
            "Spread large loads over time, or order more power.",
        ),
        "pl": RuleText(
            "Moc umowna przekroczona",
            _METER + _against("średnia z kwadransa", "moc umowna", "W"),
            "Średnia moc w kwadransie była większa od mocy umownej. Operator może za to naliczyć opłatę. "
            "Rozłóż duże odbiory w czasie albo zamów większą moc.",
        ),
    },
    "telegraf-han-contracted-power-soon": {
        "en": RuleText(
            "Contracted power about to be exceeded",
            _METER + _against("this quarter of an hour will end at", "contracted", "W"),
            "If nothing changes, the mean power of the running quarter of an hour will be above the contracted power. Switch something off now.",
        ),
        "pl": RuleText(
            "Moc umowna zaraz będzie przekroczona",
            _METER + _against("prognoza na koniec kwadransa", "moc umowna", "W"),
            "Jeśli nic się nie zmieni, średnia moc w tym kwadransie będzie większa od mocy umownej. Wyłącz coś teraz.",
        ),
    },
    "telegraf-han-long-load": {
        "en": RuleText(
            "A load has been running for hours",
            _METER + 'for {{ printf "%.1f" $values.measured.Value }} hours never below {{ humanize $values.limit.Value }}W',
            "Something large may have been left on: an oven, an iron, a heater. Look for it, unless you know what it is.",
        ),
        "pl": RuleText(
            "Coś działa od wielu godzin",
            _METER
            + 'od {{ printf "%.1f" $values.measured.Value }} godz. pobór ani razu nie spadł poniżej {{ humanize $values.limit.Value }}W',
            "Być może coś dużego zostało włączone: piekarnik, żelazko, grzejnik. Poszukaj, chyba że wiesz, co to jest.",
        ),
    },
    "telegraf-han-base-load": {
        "en": RuleText(
            "Base load above the limit",
            _METER + _against("at night", "limit", "W"),
            "In the last seven nights the house drew more than the limit even in its quietest hour. "
            "Look for a device that was added or does not switch off any more. 10 W all year are 88 kWh.",
        ),
        "pl": RuleText(
            "Pobór w spoczynku powyżej limitu",
            _METER + _against("w nocy", "limit", "W"),
            "W ostatnich siedmiu nocach dom nawet w najspokojniejszej godzinie pobierał więcej od limitu. "
            "Poszukaj urządzenia, które przybyło albo przestało się wyłączać. 10 W przez cały rok to 88 kWh.",
        ),
    },
    "telegraf-han-feed-in-noon": {
        "en": RuleText(
            "No feed-in at noon",
            _METER + _against("best noon of three days", "expected at least", "W"),
            "Between 11 and 13 o'clock the house has fed in less than expected, three days in a row. "
            "Look at the inverter and its fuse. Snow, or a load that uses everything itself, explains it, too.",
        ),
        "pl": RuleText(
            "W południe nic nie płynie do sieci",
            _METER + _against("najlepsze południe z trzech dni", "oczekiwane co najmniej", "W"),
            "Trzeci dzień z rzędu między 11 a 13 do sieci popłynęło mniej, niż oczekiwano. "
            "Sprawdź falownik i jego bezpiecznik. Przyczyną może być też śnieg albo odbiornik, który zużywa wszystko na miejscu.",
        ),
    },
    "telegraf-han-voltage-high": {
        "en": RuleText(
            "Voltage too high",
            _METER + _plain("highest phase", "limit", " V"),
            "The ten-minute mean of a phase is above the limit. EN 50160 allows at most 253 V. The network operator has to act: report it.",
        ),
        "pl": RuleText(
            "Napięcie za wysokie",
            _METER + _plain("najwyższe napięcie fazy", "limit", " V"),
            "Średnia dziesięciominutowa jednej z faz jest wyższa od limitu. EN 50160 dopuszcza 253 V. To sprawa operatora sieci: zgłoś ją.",
        ),
    },
    "telegraf-han-voltage-low": {
        "en": RuleText(
            "Voltage too low",
            _METER + _plain("lowest phase", "limit", " V"),
            "The ten-minute mean of a phase is below the limit, or the phase is gone. EN 50160 allows at least 207 V. "
            "Look at the fuses first, then report it to the network operator.",
        ),
        "pl": RuleText(
            "Napięcie za niskie",
            _METER + _plain("najniższe napięcie fazy", "limit", " V"),
            "Średnia dziesięciominutowa jednej z faz jest niższa od limitu albo fazy brakuje. EN 50160 dopuszcza 207 V. "
            "Najpierw sprawdź bezpieczniki, potem zgłoś to operatorowi sieci.",
        ),
    },
    "telegraf-han-phase-imbalance": {
        "en": RuleText(
            "Phases unbalanced",
            _METER + _plain("imbalance", "limit", " %"),
            "The ten-minute mean voltage of one phase differs from the mean of the phases by more than the limit. Move large loads to another phase.",
        ),
        "pl": RuleText(
            "Asymetria faz",
            _METER + _plain("asymetria", "limit", " %"),
            "Średnia dziesięciominutowa napięcia jednej z faz odbiega od średniej wszystkich faz bardziej, niż pozwala limit. "
            "Przenieś duże odbiory na inną fazę.",
        ),
    },
    "telegraf-han-limiter": {
        "en": RuleText(
            "Limiter active",
            _METER + "the limiter's threshold is {{ humanize $values.measured.Value }}W below normal",
            "The operator has lowered the power limit. Above this limit the meter disconnects the supply. Use less until it is over.",
        ),
        "pl": RuleText(
            "Strażnik mocy ogranicza",
            _METER + "próg strażnika mocy obniżony o {{ humanize $values.measured.Value }}W",
            "Operator obniżył moc, którą wolno pobierać; powyżej niej licznik odłącza zasilanie. Do odwołania pobieraj mniej.",
        ),
    },
    "telegraf-han-silent": {
        "en": RuleText(
            "Meter silent",
            "{{ if $labels.meter }}{{ $labels.meter }}{{ else }}all meters{{ end }}: "
            "{{ if gt $values.measured.Value 999999.0 }}no telegrams, and nothing from the plugin either"
            "{{ else if gt $values.measured.Value 0.0 }}no telegram for {{ humanizeDuration $values.measured.Value }}"
            "{{ else }}no data in the database, or it does not answer{{ end }}",
            "Look at the cable or the receiver, then at Telegraf and InfluxDB: telegraf-han check shows what is wrong.",
        ),
        "pl": RuleText(
            "Licznik milczy",
            "{{ if $labels.meter }}{{ $labels.meter }}{{ else }}wszystkie liczniki{{ end }}: "
            "{{ if gt $values.measured.Value 999999.0 }}brak telegramów, milczy też wtyczka"
            "{{ else if gt $values.measured.Value 0.0 }}brak telegramu od {{ humanizeDuration $values.measured.Value }}"
            "{{ else }}brak danych w bazie albo baza nie odpowiada{{ end }}",
            "Sprawdź kabel lub odbiornik, potem Telegrafa i InfluxDB: telegraf-han check powie, co jest nie tak.",
        ),
    },
    "telegraf-han-not-stored": {
        "en": RuleText(
            "Nothing new in the database",
            _METER
            + "no telegram stored for more than {{ humanizeDuration $values.measured.Value }}"
            + "{{ if gt $values.lines.Value 1.0 }}, although the meter is read{{ else }}, and nothing from the plugin{{ end }}",
            "If the meter is read, InfluxDB refuses its telegrams: look in Telegraf's log for the word dropped. "
            "If nothing comes at all, look at the computer that reads the meter, and at its network.",
        ),
        "pl": RuleText(
            "W bazie nie ma nic nowego",
            _METER
            + "od ponad {{ humanizeDuration $values.measured.Value }} nie zapisano żadnego telegramu"
            + "{{ if gt $values.lines.Value 1.0 }}, choć licznik jest odczytywany{{ else }} i milczy też wtyczka{{ end }}",
            "Jeśli licznik jest odczytywany, InfluxDB odrzuca jego telegramy: poszukaj słowa dropped w dzienniku Telegrafa. "
            "Jeśli nie przychodzi nic, sprawdź komputer, który odczytuje licznik, i jego sieć.",
        ),
    },
    "telegraf-han-refused": {
        "en": RuleText(
            "InfluxDB refused data",
            "{{ if $labels.meter }}{{ $labels.meter }}{{ else }}all meters{{ end }}: "
            'InfluxDB refused {{ printf "%.0f" $values.measured.Value }} lines in 24 hours, and they are lost',
            "Telegraf's log says why: look for the word dropped. If Telegraf writes a copy into files, telegraf-han influx import brings the lines back.",
        ),
        "pl": RuleText(
            "InfluxDB odrzuciło dane",
            "{{ if $labels.meter }}{{ $labels.meter }}{{ else }}wszystkie liczniki{{ end }}: "
            'InfluxDB odrzuciło {{ printf "%.0f" $values.measured.Value }} wierszy w ciągu 24 godzin, przepadły',
            "Dlaczego, mówi dziennik Telegrafa: poszukaj w nim słowa dropped. Jeśli Telegraf zapisuje kopię do plików, odzyska je telegraf-han influx import.",
        ),
    },
    "telegraf-han-decode-errors": {
        "en": RuleText(
            "Telegrams unreadable or not believed",
            _METER
            + "{{ if gt $values.refused.Value 0.0 }}{{ humanize $values.refused.Value }} telegrams refused or held back in 15 minutes"
            "{{ else if gt $values.back.Value 0.0 }}a register ran backwards"
            "{{ else }}" + _plain("unreadable", "limit", " %") + "{{ end }}",
            "If all telegrams are unreadable, the key is wrong (telegraf-han keys says which one) or its file is (telegraf-han check). If only some are, there is noise on the cable or the signal is weak. "
            "Refused or held back: they are not encrypted, have a wrong tag or are old. Somebody may send false telegrams; none of them is in the data. "
            "If the operator switched encryption off, allow it in the meter's configuration. If the meter's clock was set, wait. "
            "A step of a register backwards is no energy on the boards. If the meter was not exchanged or reset, compare its display and ask the operator.",
        ),
        "pl": RuleText(
            "Telegramy nieczytelne lub niewiarygodne",
            _METER
            + "{{ if gt $values.refused.Value 0.0 }}telegramy odrzucone lub wstrzymane w ciągu 15 minut: {{ humanize $values.refused.Value }}"
            "{{ else if gt $values.back.Value 0.0 }}rejestr się cofnął"
            "{{ else }}" + _plain("nieczytelne", "limit", " %") + "{{ end }}",
            "Jeśli nieczytelne są wszystkie: zły klucz (telegraf-han keys powie, który) albo jego plik (telegraf-han check). Jeśli niektóre: zakłócenia na kablu albo słaby sygnał. "
            "Odrzucone lub wstrzymane: nie są zaszyfrowane, mają zły znacznik uwierzytelniający albo są stare. Ktoś może nadawać fałszywe telegramy; do danych nie trafił żaden. "
            "Jeśli operator wyłączył szyfrowanie, zezwól na to w konfiguracji licznika. Jeśli przestawiono zegar licznika, poczekaj. "
            "Kroku rejestru wstecz pulpity nie liczą jako energii. Jeśli licznika nie wymieniono ani nie wyzerowano, porównaj wyświetlacz i zapytaj operatora.",
        ),
    },
    "telegraf-han-clock": {
        "en": RuleText(
            "The meter's clock is wrong",
            _METER
            + "the meter's clock is {{ humanizeDuration $values.measured.Value }} {{ if gt $values.offset.Value 0.0 }}fast{{ else }}slow{{ end }}, "
            "limit {{ humanizeDuration $values.limit.Value }}",
            "Energy and cost go to the wrong hour. First see whether the computer's clock is right. The meter's clock is set by the network operator: report it.",
        ),
        "pl": RuleText(
            "Zegar licznika źle chodzi",
            _METER
            + "zegar licznika {{ if gt $values.offset.Value 0.0 }}spieszy się{{ else }}spóźnia się{{ end }} o {{ humanizeDuration $values.measured.Value }}, "
            "limit {{ humanizeDuration $values.limit.Value }}",
            "Energia i koszt trafiają do złej godziny. Najpierw sprawdź, czy dobrze idzie zegar komputera. Zegar licznika ustawia operator sieci: zgłoś mu to.",
        ),
    },
    "telegraf-han-down-sampling-late": {
        "en": RuleText(
            "Five-minute values are missing",
            _METER + 'of the last hour, {{ printf "%.0f" $values.measured.Value }} minutes are not computed, limit 30 minutes',
            "Energy and cost on the boards stand still, although the meter is read. Run telegraf-han influx check: it says which task in InfluxDB does not run.",
        ),
        "pl": RuleText(
            "Brakuje wartości pięciominutowych",
            _METER + 'z ostatniej godziny nie obliczono {{ printf "%.0f" $values.measured.Value }} minut, limit 30 minut',
            "Energia i koszt na pulpitach stoją w miejscu, choć licznik jest odczytywany. "
            "Uruchom telegraf-han influx check: powie, które zadanie w InfluxDB nie działa.",
        ),
    },
    "telegraf-han-bill-late": {
        "en": RuleText(
            "The bill is not computed",
            _METER + 'the cost of {{ printf "%.0f" $values.measured.Value }} hours is not computed, limit 2 hours',
            "Cost and budget on the boards stand still. Look in Telegraf's log for telegraf-han bill, or run it by hand: it says what is wrong. "
            "What is missing is computed later, nothing is lost.",
        ),
        "pl": RuleText(
            "Rachunek się nie liczy",
            _METER + 'nie obliczono kosztu {{ printf "%.0f" $values.measured.Value }} godzin, limit 2 godziny',
            "Koszt i budżet na pulpitach stoją w miejscu. Poszukaj telegraf-han bill w dzienniku Telegrafa albo uruchom to polecenie: powie, co jest nie tak. "
            "Brakujące godziny policzą się później, nic nie przepadło.",
        ),
    },
    "telegraf-han-daily-energy": {
        "en": RuleText(
            "Daily energy budget used up",
            _METER + _against("today", "budget", "Wh"),
            "More energy has been drawn since midnight than planned for a whole day. What can wait, can wait until tomorrow.",
        ),
        "pl": RuleText(
            "Dzienny budżet energii wyczerpany",
            _METER + _against("dzisiaj", "budżet", "Wh"),
            "Od północy pobrano więcej energii, niż zaplanowano na cały dzień. Co może poczekać, niech poczeka do jutra.",
        ),
    },
    "telegraf-han-daily-cost": {
        "en": RuleText(
            "Cost of today above the budget",
            _money("today", "budget"),
            "Electricity since midnight has cost more than planned for a whole day, fees and VAT included. What can wait, can wait until tomorrow.",
        ),
        "pl": RuleText(
            "Dzisiejszy koszt powyżej budżetu",
            _money("dzisiaj", "budżet"),
            "Prąd od północy kosztował więcej, niż zaplanowano na cały dzień, z opłatami i VAT. Co może poczekać, niech poczeka do jutra.",
        ),
    },
    "telegraf-han-budget-80": {
        "en": RuleText(
            "80 % of the month's budget used",
            _money("this bill so far", "budget"),
            "The running bill has reached 80 % of its budget. Compare with the days that are left.",
        ),
        "pl": RuleText(
            "Wykorzystano 80 % budżetu miesiąca",
            _money("ten rachunek dotąd", "budżet"),
            "Bieżący rachunek doszedł do 80 % budżetu. Porównaj to z liczbą dni, które zostały.",
        ),
    },
    "telegraf-han-budget-100": {
        "en": RuleText(
            "The month's budget is used up",
            _money("this bill so far", "budget"),
            "The running bill is above its budget. Everything until its end comes on top.",
        ),
        "pl": RuleText(
            "Budżet miesiąca wyczerpany",
            _money("ten rachunek dotąd", "budżet"),
            "Bieżący rachunek przekroczył budżet. Wszystko do końca okresu dojdzie ponadto.",
        ),
    },
    "telegraf-han-budget-forecast": {
        "en": RuleText(
            "The month's budget will not be enough",
            _money("forecast of this bill", "budget") + ', so far {{ printf "%.2f" $values.spent.Value }}{{ $currency }}',
            "If the rest of the period is like the last four weeks, the bill will be above its budget. There is still time to use less.",
        ),
        "pl": RuleText(
            "Budżetu miesiąca nie wystarczy",
            _money("prognoza rachunku", "budżet") + ', dotąd {{ printf "%.2f" $values.spent.Value }}{{ $currency }}',
            "Jeśli reszta okresu będzie taka jak ostatnie cztery tygodnie, rachunek przekroczy budżet. Jest jeszcze czas, żeby zużyć mniej.",
        ),
    },
}
"""By the rule's uid."""

_MESSAGE: Final = """\
{{{{ define "telegraf_han.title" -}}}}
{{{{ if .Alerts.Firing }}}}⚠{{{{ else }}}}✓ {over}:{{{{ end }}}} {{{{ .CommonLabels.alertname }}}}\
{{{{ if .CommonLabels.{label} }}}} ({{{{ .CommonLabels.{label} }}}}){{{{ end }}}}
{{{{- end }}}}
{{{{ define "telegraf_han.message" -}}}}
{{{{ range .Alerts.Firing }}}}{{{{ .Annotations.summary }}}}
{{{{ .Annotations.description }}}}
{{{{ template "telegraf_han.link" . }}}}{{{{ end }}}}{{{{ range .Alerts.Resolved }}}}{over}: {{{{ .Annotations.summary }}}}
{{{{ template "telegraf_han.link" . }}}}{{{{ end }}}}{{{{- end }}}}
{{{{ define "telegraf_han.link" -}}}}
{{{{ if .PanelURL }}}}{{{{ .PanelURL }}}}{{{{ if .Labels.{label} }}}}&var-{label}={{{{ urlquery .Labels.{label} }}}}{{{{ end }}}}
{{{{ end }}}}{{{{- end }}}}
"""
_OVER: Final = {"en": "resolved", "pl": "koniec"}


def messages(language: str, label: str) -> str:
    """Title and text of a message. The link opens the panel for the alert's meter, or its site; `PanelURL` always has a `?`."""
    return _MESSAGE.format(over=_OVER[language], label=label)
