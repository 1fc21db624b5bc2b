"""Every sentence of the alerts, English and Polish side by side.

Summaries are Grafana's templates: `$labels.meter` is the meter, `$values.NAME.Value` a number of the rule. No `${…}` in them (a
provisioning file would fill in environment variables), and no number is computed here: `humanize` writes 7012 as 7.012k, so that
`W` behind it makes kW.
"""

from typing import Final, NamedTuple


class RuleText(NamedTuple):
    """What a rule says in one language."""

    title: str
    summary: str
    description: str


def _against(measured: str, limit: str, unit: str) -> str:
    """`measured 7.012kW, limit 6kW`."""
    return f"{measured} {{{{ humanize $values.measured.Value }}}}{unit}, {limit} {{{{ humanize $values.limit.Value }}}}{unit}"


def _plain(measured: str, limit: str, unit: str) -> str:
    """`measured 254.1 V, limit 253.0 V`: no prefixes."""
    number = '{{{{ printf "%.1f" $values.{}.Value }}}} {}'
    return f"{measured} {number.format('measured', unit)}, {limit} {number.format('limit', unit)}"


_METER: Final = "{{ $labels.meter }}: "

RULES: Final = {
    "telegraf-han-import-power": {
        "en": RuleText(
            "Import power above the limit",
            _METER + _against("import", "limit", "W"),
            "Import power has been above active_power_import_w for five minutes. Switch something off.",
        ),
        "pl": RuleText(
            "Pobór mocy powyżej limitu",
            _METER + _against("pobór", "limit", "W"),
            "Od pięciu minut pobór jest większy, niż pozwala active_power_import_w. Wyłącz coś.",
        ),
    },
    "telegraf-han-quarter-hour-demand": {
        "en": RuleText(
            "Quarter-hour demand above the limit",
            _METER + _against("mean of a quarter of an hour", "limit", "W"),
            "The mean power of a quarter of an hour is above active_power_import_w.",
        ),
        "pl": RuleText(
            "Moc 15-minutowa powyżej limitu",
            _METER + _against("średnia z kwadransa", "limit", "W"),
            "W jednym kwadransie pobrano więcej energii, niż średnio pozwala active_power_import_w.",
        ),
    },
    "telegraf-han-voltage-high": {
        "en": RuleText(
            "Voltage too high",
            _METER + _plain("highest phase", "limit", "V"),
            "The ten-minute mean of a phase is above voltage_high_v. EN 50160 allows at most 253 V. The network operator has to act.",
        ),
        "pl": RuleText(
            "Napięcie za wysokie",
            _METER + _plain("najwyższe napięcie fazy", "limit", "V"),
            "Średnia dziesięciominutowa jednej z faz przekracza voltage_high_v. EN 50160 dopuszcza 253 V; to sprawa dla operatora sieci.",
        ),
    },
    "telegraf-han-voltage-low": {
        "en": RuleText(
            "Voltage too low",
            _METER + _plain("lowest phase", "limit", "V"),
            "The ten-minute mean of a phase is below voltage_low_v, or the phase is gone. EN 50160 allows at least 207 V.",
        ),
        "pl": RuleText(
            "Napięcie za niskie",
            _METER + _plain("najniższe napięcie fazy", "limit", "V"),
            "Średnia dziesięciominutowa jednej z faz jest poniżej voltage_low_v albo fazy brakuje. EN 50160 dopuszcza 207 V.",
        ),
    },
    "telegraf-han-phase-imbalance": {
        "en": RuleText(
            "Phases unbalanced",
            _METER + _plain("imbalance", "limit", "%"),
            "The ten-minute mean voltage of one phase differs from the mean of the phases by more than phase_imbalance_percent.",
        ),
        "pl": RuleText(
            "Asymetria faz",
            _METER + _plain("asymetria", "limit", "%"),
            "Średnia dziesięciominutowa napięcia jednej z faz odbiega od średniej wszystkich faz bardziej, niż pozwala phase_imbalance_percent.",
        ),
    },
    "telegraf-han-limiter": {
        "en": RuleText(
            "Limiter active",
            _METER + "the limiter's threshold is {{ humanize $values.measured.Value }}W below normal",
            "The operator has lowered the power limit. Above this limit the meter disconnects the supply.",
        ),
        "pl": RuleText(
            "Strażnik mocy ogranicza",
            _METER + "próg strażnika mocy obniżony o {{ humanize $values.measured.Value }}W",
            "Operator obniżył moc, którą wolno pobierać; powyżej niej licznik odłącza zasilanie.",
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
    "telegraf-han-decode-errors": {
        "en": RuleText(
            "Telegrams unreadable or not believed",
            _METER
            + "{{ if gt $values.refused.Value 0.0 }}{{ humanize $values.refused.Value }} telegrams refused or held back in 15 minutes"
            "{{ else if gt $values.back.Value 0.0 }}a register ran backwards"
            "{{ else }}" + _plain("unreadable", "limit", "%") + "{{ end }}",
            "If all telegrams are unreadable, the key is wrong: telegraf-han keys says which one. If only some are, there is noise on the cable or the signal is weak. "
            "Refused or held back: they are not encrypted, have a wrong tag or are old. Somebody may send false telegrams; none of them is in the data. "
            'If the operator switched encryption off, set encryption = "optional" for this meter. If the meter\'s clock was set, wait. '
            "A step of a register backwards is no energy on the boards. If the meter was not exchanged or reset, compare its display and ask the operator.",
        ),
        "pl": RuleText(
            "Telegramy nieczytelne lub niewiarygodne",
            _METER
            + "{{ if gt $values.refused.Value 0.0 }}telegramy odrzucone lub wstrzymane w ciągu 15 minut: {{ humanize $values.refused.Value }}"
            "{{ else if gt $values.back.Value 0.0 }}rejestr się cofnął"
            "{{ else }}" + _plain("nieczytelne", "limit", "%") + "{{ end }}",
            "Jeśli nieczytelne są wszystkie: zły klucz; telegraf-han keys powie, który. Jeśli niektóre: zakłócenia na kablu albo słaby sygnał. "
            "Odrzucone lub wstrzymane: nie są zaszyfrowane, mają zły znacznik uwierzytelniający albo są stare. Ktoś może nadawać fałszywe telegramy; do danych nie trafił żaden. "
            'Jeśli operator wyłączył szyfrowanie, ustaw temu licznikowi encryption = "optional". Jeśli przestawiono zegar licznika, poczekaj. '
            "Kroku rejestru wstecz pulpity nie liczą jako energii. Jeśli licznika nie wymieniono ani nie wyzerowano, porównaj wyświetlacz i zapytaj operatora.",
        ),
    },
    "telegraf-han-daily-energy": {
        "en": RuleText(
            "Daily energy budget used up",
            _METER + _against("today", "budget", "Wh"),
            "The energy drawn since midnight is more than daily_import_wh.",
        ),
        "pl": RuleText(
            "Dzienny budżet energii wyczerpany",
            _METER + _against("dzisiaj", "budżet", "Wh"),
            "Od północy pobrano więcej niż daily_import_wh.",
        ),
    },
    "telegraf-han-daily-cost": {
        "en": RuleText(
            "Cost of today above the budget",
            _METER + _plain("today", "budget", "").replace(" ,", ","),
            "The energy drawn since midnight costs more than daily_cost, at the prices of its tariff zones.",
        ),
        "pl": RuleText(
            "Dzisiejszy koszt powyżej budżetu",
            _METER + _plain("dzisiaj", "budżet", "").replace(" ,", ","),
            "Energia pobrana od północy kosztuje więcej niż daily_cost, po cenach jej stref taryfowych.",
        ),
    },
}
"""By the rule's uid."""

_MESSAGE: Final = """\
{{{{ define "telegraf_han.title" -}}}}
{{{{ if .Alerts.Firing }}}}⚠{{{{ else }}}}✓ {over}:{{{{ end }}}} {{{{ .CommonLabels.alertname }}}}\
{{{{ if .CommonLabels.meter }}}} ({{{{ .CommonLabels.meter }}}}){{{{ end }}}}
{{{{- end }}}}
{{{{ define "telegraf_han.message" -}}}}
{{{{ range .Alerts.Firing }}}}{{{{ .Annotations.summary }}}}
{{{{ .Annotations.description }}}}
{{{{ end }}}}{{{{ range .Alerts.Resolved }}}}{over}: {{{{ .Annotations.summary }}}}
{{{{ end }}}}{{{{- end }}}}
"""
MESSAGES: Final = {"en": _MESSAGE.format(over="resolved"), "pl": _MESSAGE.format(over="koniec")}
"""Title and text of a message; by language."""
