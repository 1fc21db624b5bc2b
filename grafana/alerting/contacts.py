"""Where alerts are sent: a contact point a channel, its address from Grafana's environment, and the words of the messages.

Rules name their contact point themselves (`notification_settings`), so nobody's notification policies are touched. Grafana
refuses to start with a contact point that lacks a required setting, and fills in an unset variable as nothing: so every setting
that must be there has a constant part that does no harm (a comma behind addresses, a fragment or a query behind an URL). Telegram's
have no such part; its contact point is a file of its own, which is copied beside the others by who wants it.
"""

from typing import Any, Final

from alerting.texts import MESSAGES

NAME: Final = "telegraf-han"
_TITLE: Final = '{{ template "telegraf_han.title" . }}'
_MESSAGE: Final = '{{ template "telegraf_han.message" . }}'
_NTFY_TEMPLATES: Final = "tpl=1&t=%7B%7B.title%7D%7D&m=%7B%7B.message%7D%7D"
"""ntfy takes title and message from the fields `title` and `message` of Grafana's JSON; braces are escaped, else Grafana fills them in."""
_ALWAYS: Final = {
    "": ("email", {"addresses": "${HAN_ALERT_EMAIL},", "subject": _TITLE, "message": _MESSAGE}),
    "-webhook": (
        "webhook",
        {
            "url": "${HAN_ALERT_WEBHOOK_URL}#telegraf-han",
            "authorization_credentials": "${HAN_ALERT_WEBHOOK_TOKEN}",
            "title": _TITLE,
            "message": _MESSAGE,
        },
    ),
    "-ntfy": (
        "webhook",
        {
            "url": f"${{HAN_ALERT_NTFY_URL}}?{_NTFY_TEMPLATES}",
            "authorization_credentials": "${HAN_ALERT_NTFY_TOKEN}",
            "title": _TITLE,
            "message": _MESSAGE,
        },
    ),
}
"""By the value of HAN_ALERT_CHANNEL: type and settings."""
_TELEGRAM: Final = {
    "-telegram": (
        "telegram",
        {
            "bottoken": "${HAN_ALERT_TELEGRAM_TOKEN}",
            "chatid": "${HAN_ALERT_TELEGRAM_CHAT}",
            "parse_mode": "None",
            "message": f"{_TITLE}\n{_MESSAGE}",
        },
    ),
}


def always() -> list[dict[str, Any]]:
    """Contact points that Grafana starts with whatever variables are set."""
    return _points(_ALWAYS)


def telegram() -> list[dict[str, Any]]:
    """The contact point whose two variables must be set."""
    return _points(_TELEGRAM)


def _points(channels: dict[str, tuple[str, dict[str, str]]]) -> list[dict[str, Any]]:
    return [
        {"orgId": 1, "name": NAME + channel, "receivers": [{"uid": NAME + (channel or "-email"), "type": kind, "settings": settings}]}
        for channel, (kind, settings) in channels.items()
    ]


def templates(language: str) -> list[dict[str, Any]]:
    """The messages in one language."""
    return [{"orgId": 1, "name": NAME, "template": MESSAGES[language]}]
