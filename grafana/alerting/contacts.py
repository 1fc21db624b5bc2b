"""Where alerts are sent: makes one contact point per channel, and the texts of the messages.

The addresses come from Grafana's environment variables. Each rule names its contact point (`notification_settings`), so nobody's
notification policies are touched. Grafana refuses to start if a contact point lacks a required setting, and it replaces an unset
variable by nothing. So every required setting has a constant part that does no harm (a comma after the addresses, a fragment or a query
after a URL). The settings of Telegram can have no such part. So its contact point is a file of its own, which you copy to the other
files if you want it.
"""

from typing import Any, Final

from alerting.texts import messages

NAME: Final = "telegraf-han"
ONCE: Final = "telegraf-han-once"
"""The same contact points without a message at the end. A message that a day's sum is back at zero would come at midnight."""
_TITLE: Final = '{{ template "telegraf_han.title" . }}'
_MESSAGE: Final = '{{ template "telegraf_han.message" . }}'
_NTFY_TEMPLATES: Final = "tpl=1&t=%7B%7B.title%7D%7D&m=%7B%7B.message%7D%7D"
"""ntfy takes title and message from the fields `title` and `message` of Grafana's JSON. Braces are escaped, else Grafana replaces them."""
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
"""Value of HAN_ALERT_CHANNEL → type and settings."""
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
    """The contact points with which Grafana starts, whichever variables are set."""
    return _points(_ALWAYS)


def telegram() -> list[dict[str, Any]]:
    """The contact point whose two variables must be set."""
    return _points(_TELEGRAM)


def _points(channels: dict[str, tuple[str, dict[str, str]]]) -> list[dict[str, Any]]:
    return [
        {
            "orgId": 1,
            "name": name + channel,
            "receivers": [{"uid": name + (channel or "-email"), "type": kind, "settings": settings, **more}],
        }
        for name, more in ((NAME, {}), (ONCE, {"disableResolveMessage": True}))
        for channel, (kind, settings) in channels.items()
    ]


def templates(language: str, label: str = "meter") -> list[dict[str, Any]]:
    """The messages in one language, about meters or about what another label names."""
    return [{"orgId": 1, "name": NAME, "template": messages(language, label)}]
