"""E-mail by SMTP: text and HTML, in the reader's language, with a Message-ID that stays the same however often it is tried.

A link shows the page and carries no authority: scanners open links too.
"""

from __future__ import annotations

import hashlib
import smtplib
from collections.abc import Sequence
from dataclasses import dataclass
from email.headerregistry import Address as Mailbox
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from html import escape

from domain.calendar import JST, local_day, wareki
from notifications.contract import Address, ChannelDown, Owed, Undeliverable

_WORDS = {
    "ja": {
        "many": "通知 {count} 件",
        "head": "{name} 様",
        "open": "開く",
        "shell": "確認: ./taskforce inbox / ./taskforce show {stream}",
        "foot": "この知らせの受け方は `./taskforce notices choose` で変えられます。このメールのリンクを開いても、何も決定されません。",
    },
    "en": {
        "many": "{count} notices",
        "head": "Dear {name},",
        "open": "open",
        "shell": "See: ./taskforce inbox, ./taskforce show {stream}",
        "foot": "Change how you hear with `./taskforce notices choose`. Opening a link in this mail decides nothing.",
    },
}


@dataclass(frozen=True)
class Smtp:
    """How the mail server is reached; `password` only over an encrypted connection."""

    host: str
    port: int
    sender: str
    starttls: bool = False
    user: str | None = None
    password: str | None = None
    page: str | None = None
    """Base URL of the pages; without it the mail names the commands of the shell."""
    timeout: float = 10.0


class Email:
    name = "email"
    repeatable = False
    one_by_one = True

    def __init__(self, smtp: Smtp) -> None:
        self._smtp = smtp

    def send(self, owed: Sequence[Owed]) -> None:
        """One mail with all of `owed`, which have one recipient."""
        mail = compose(owed, self._smtp)
        try:
            with smtplib.SMTP(self._smtp.host, self._smtp.port, timeout=self._smtp.timeout) as server:
                if self._smtp.starttls:
                    server.starttls()
                if self._smtp.user is not None:
                    server.login(self._smtp.user, self._smtp.password or "")
                server.send_message(mail)
        except smtplib.SMTPRecipientsRefused as refused:
            code, words = next(iter(refused.recipients.values()))
            raise _refused(code, words) from None
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
            raise _refused(error.smtp_code, error.smtp_error) from None
        except (smtplib.SMTPException, OSError) as error:
            raise ChannelDown(f"{self._smtp.host}:{self._smtp.port}: {error or type(error).__name__}") from None


def _refused(code: int, words: bytes | str) -> Exception:
    told = f"{code} {words.decode('utf-8', 'replace') if isinstance(words, bytes) else words}"
    return Undeliverable(told) if code >= 500 else ChannelDown(told)


def compose(owed: Sequence[Owed], smtp: Smtp) -> EmailMessage:
    """The mail. Raises `Undeliverable` when there is no address to send it to."""
    address = owed[0].address
    if address is None or not _usable(address.email):
        raise Undeliverable(
            "メールアドレスがありません(名簿の email) / no usable address: fill in `email` in the directory"
        )
    words = _WORDS["en" if address.language == "en" else "ja"]
    mail = EmailMessage()
    mail["Subject"] = one_line(_subject(owed, address, words))
    mail["From"] = smtp.sender
    mail["To"] = Mailbox(display_name=one_line(address.name), addr_spec=address.email)
    mail["Date"] = format_datetime(max(o.created_at for o in owed))
    mail["Message-ID"] = message_id(owed, smtp.sender)
    mail["Auto-Submitted"] = "auto-generated"
    mail["Content-Language"] = address.language
    mail.set_content(_text(owed, address, words, smtp.page))
    mail.add_alternative(_html(owed, address, words, smtp.page), subtype="html")
    return mail


def message_id(owed: Sequence[Owed], sender: str) -> str:
    """The same for the same notices, so that who gets a mail twice can tell."""
    digest = hashlib.sha256("\n".join(sorted(o.message_id for o in owed)).encode()).hexdigest()[:40]
    return f"<{digest}@{parseaddr(sender)[1].partition('@')[2] or 'taskforce.invalid'}>"


def one_line(text: str) -> str:
    """Without line breaks and other control characters: a header is one line."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _usable(email: str) -> bool:
    """One address with a domain, in ASCII, and nothing that would begin another header."""
    local, _, domain = email.partition("@")
    return bool(local and domain) and email.isascii() and email.isprintable() and not set(email) & set(' ,;<>"()\\')


def _subject(owed: Sequence[Owed], address: Address, words: dict[str, str]) -> str:
    return _said(owed[0], address) if len(owed) == 1 else words["many"].format(count=len(owed))


def _said(o: Owed, address: Address) -> str:
    return o.subject_en if address.language == "en" else o.subject_ja


def _day(o: Owed, address: Address) -> str:
    day = local_day(o.created_at)
    return f"{day if address.language == 'en' else wareki(day)} {o.created_at.astimezone(JST):%H:%M}"


def _where(o: Owed, words: dict[str, str], page: str | None) -> str:
    return f"{page.rstrip('/')}/lifecycles/{o.stream}" if page else words["shell"].format(stream=o.stream[:8])


def _text(owed: Sequence[Owed], address: Address, words: dict[str, str], page: str | None) -> str:
    lines = [words["head"].format(name=one_line(address.name)), ""]
    for o in owed:
        lines += [f"- {_said(o, address)} ({_day(o, address)})", f"  {_where(o, words, page)}", ""]
    return "\n".join([*lines, words["foot"], ""])


def _html(owed: Sequence[Owed], address: Address, words: dict[str, str], page: str | None) -> str:
    items = "".join(
        f"<li><strong>{escape(_said(o, address))}</strong><br><small>{escape(_day(o, address))}</small><br>"
        + (
            f'<a href="{escape(_where(o, words, page))}">{escape(words["open"])}</a>'
            if page
            else f"<code>{escape(_where(o, words, page))}</code>"
        )
        + "</li>"
        for o in owed
    )
    return (
        f'<!doctype html><html lang="{escape(address.language)}"><body style="font-family:sans-serif">'
        f"<p>{escape(words['head'].format(name=address.name))}</p><ul>{items}</ul><p><small>{escape(words['foot'])}</small></p>"
        "</body></html>"
    )
