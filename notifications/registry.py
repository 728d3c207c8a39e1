"""Every channel, one line each."""

from __future__ import annotations

from collections.abc import Mapping

from notifications.chat import Chat
from notifications.contract import Channel
from notifications.email import Email, Smtp
from notifications.inbox import Inbox
from notifications.log import Log
from notifications.webhook import Webhook
from settings import Settings

ALWAYS: Mapping[str, Channel] = {c.name: c for c in (Inbox(), Log())}


def configured(settings: Settings) -> dict[str, Channel]:
    """The channels of this installation: inbox and log, and those that lead out of the house where the settings allow them."""
    found: dict[str, Channel] = dict(ALWAYS)
    secret = settings.webhook_secret
    if settings.smtp_host is not None:
        password = settings.smtp_password
        found["email"] = Email(
            Smtp(
                host=settings.smtp_host,
                port=settings.smtp_port,
                sender=settings.mail_from,
                starttls=settings.smtp_starttls,
                user=settings.smtp_user,
                password=password.get_secret_value() if password else None,
                page=settings.page_url,
            )
        )
    if settings.webhook_url is not None and secret is not None:
        found["webhook"] = Webhook(settings.webhook_url, secret.get_secret_value())
    if settings.chat_urls:
        found["chat"] = Chat(settings.chat_urls)
    return found
