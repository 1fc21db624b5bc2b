"""Every sentence of the alerts of a fleet, English and Polish side by side, as in `texts`. `$labels.site` is the site."""

from typing import Final

from alerting.sitequeries import MANY_ERRORS, NOT_OK_PERCENT
from alerting.texts import RuleText

_SITE: Final = "{{ $labels.site }}: "
_FOR: Final = "{{ humanizeDuration $values.measured.Value }}"

RULES: Final = {
    "telegraf-han-fleet-silent": {
        "en": RuleText(
            "Site silent",
            "{{ if $labels.site }}{{ $labels.site }}{{ else }}all sites{{ end }}: "
            "{{ if gt $values.measured.Value 0.0 }}nothing has come for more than "
            + _FOR
            + "{{ else }}no data in the database, or it does not answer{{ end }}",
            "If all sites are silent, look at the centre: the broker, the Telegrafs behind it, InfluxDB. If it is one, look at its uplink, its power and its Telegraf. "
            "What the site cannot send now is kept there and comes later. telegraf-han fleet check says what the broker knows about it.",
        ),
        "pl": RuleText(
            "Obiekt milczy",
            "{{ if $labels.site }}{{ $labels.site }}{{ else }}wszystkie obiekty{{ end }}: "
            "{{ if gt $values.measured.Value 0.0 }}nic nie przyszło od ponad "
            + _FOR
            + "{{ else }}brak danych w bazie albo baza nie odpowiada{{ end }}",
            "Jeśli milczą wszystkie obiekty, sprawdź centrum: brokera, stojące za nim Telegrafy i InfluxDB. Jeśli jeden, sprawdź jego łącze, zasilanie i Telegrafa. "
            "To, czego obiekt teraz nie może wysłać, zostaje u niego i przyjdzie później. telegraf-han fleet check powie, co wie o nim broker.",
        ),
    },
    "telegraf-han-fleet-late": {
        "en": RuleText(
            "Data of a site late",
            _SITE + "nothing newer than " + _FOR + " has come",
            "The uplink is down or too slow, or the site is sending what it had to keep. If this goes on, look at its uplink and at its clock.",
        ),
        "pl": RuleText(
            "Dane z obiektu się spóźniają",
            _SITE + "najnowsze dane są sprzed ponad " + _FOR,
            "Łącze nie działa albo jest za wolne, albo obiekt dosyła to, co musiał przechować. Jeśli to nie mija, sprawdź jego łącze i zegar.",
        ),
    },
    "telegraf-han-fleet-not-stored": {
        "en": RuleText(
            "Telegrams of a site are not stored",
            _SITE + "no telegram stored for more than " + _FOR + ", although the site reports",
            "Either no meter of the site is read, or InfluxDB refuses its telegrams. The board shows whether its meters are read. "
            "If they are, look in the log of the Telegrafs at the centre for the word dropped.",
        ),
        "pl": RuleText(
            "Telegramy z obiektu się nie zapisują",
            _SITE + "od ponad " + _FOR + " nie zapisano żadnego telegramu, choć obiekt się zgłasza",
            "Albo nie jest odczytywany żaden licznik obiektu, albo InfluxDB odrzuca jego telegramy. Czy liczniki są odczytywane, pokazuje pulpit. "
            "Jeśli są, poszukaj słowa dropped w dzienniku Telegrafów w centrum.",
        ),
    },
    "telegraf-han-fleet-meters": {
        "en": RuleText(
            "Meters of a site in trouble",
            _SITE
            + '{{ printf "%.0f" $values.measured.Value }} % of the meters are silent or cannot be read, limit '
            + f"{NOT_OK_PERCENT} %",
            "The board shows which meters they are. If all meters of one receiver or cable are among them, start there.",
        ),
        "pl": RuleText(
            "Problemy z licznikami w obiekcie",
            _SITE
            + '{{ printf "%.0f" $values.measured.Value }} % liczników milczy albo nie daje się odczytać, limit '
            + f"{NOT_OK_PERCENT} %",
            "Pulpit pokazuje, które to liczniki. Jeśli są wśród nich wszystkie z jednego odbiornika albo kabla, zacznij od niego.",
        ),
    },
    "telegraf-han-fleet-errors": {
        "en": RuleText(
            "Many unreadable telegrams from a site",
            _SITE + '{{ printf "%.0f" $values.measured.Value }} unreadable telegrams per meter in 15 minutes, limit ' + str(MANY_ERRORS),
            "If it is one meter, its key or its cable is wrong. If it is all of them, there is noise, or the receiver is in a bad place.",
        ),
        "pl": RuleText(
            "Dużo nieczytelnych telegramów z obiektu",
            _SITE
            + '{{ printf "%.0f" $values.measured.Value }} nieczytelnych telegramów na licznik w ciągu 15 minut, limit '
            + str(MANY_ERRORS),
            "Jeśli chodzi o jeden licznik: zły klucz albo kabel. Jeśli o wszystkie: zakłócenia albo złe miejsce odbiornika.",
        ),
    },
    "telegraf-han-fleet-demand": {
        "en": RuleText(
            "Demand of a site above its contracted power",
            _SITE + "mean of a quarter of an hour {{ humanize $values.measured.Value }}W, contracted {{ humanize $values.limit.Value }}W",
            "All meters of the site together drew more than their contracted powers add up to. The operator may charge for it. Spread large loads over time, or order more power.",
        ),
        "pl": RuleText(
            "Moc obiektu powyżej mocy umownej",
            _SITE + "średnia z kwadransa {{ humanize $values.measured.Value }}W, moc umowna {{ humanize $values.limit.Value }}W",
            "Wszystkie liczniki obiektu razem pobrały więcej, niż wynosi suma ich mocy umownych. Operator może za to naliczyć opłatę. Rozłóż duże odbiory w czasie albo zamów większą moc.",
        ),
    },
    "telegraf-han-fleet-flood": {
        "en": RuleText(
            "A site sends far more than usual",
            _SITE + '{{ printf "%.0f" $values.measured.Value }} telegrams per minute, a day ago {{ printf "%.0f" $values.usual.Value }}',
            "If meters were added, or one is read more often now, wait a day. If not, its configuration is wrong, or somebody else sends in its name: telegraf-han fleet revoke ends that.",
        ),
        "pl": RuleText(
            "Obiekt wysyła dużo więcej niż zwykle",
            _SITE + 'telegramów na minutę: {{ printf "%.0f" $values.measured.Value }}, dobę temu {{ printf "%.0f" $values.usual.Value }}',
            "Jeśli przybyło liczników albo któryś jest teraz odczytywany częściej, poczekaj dobę. Jeśli nie, konfiguracja jest zła albo ktoś wysyła w imieniu obiektu: zakończy to telegraf-han fleet revoke.",
        ),
    },
}
"""By the rule's uid."""
