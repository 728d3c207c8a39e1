"""A webhook: each notice as a CloudEvent 1.0 (structured JSON), signed. Off unless configured."""

from __future__ import annotations

import hashlib
import hmac
import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from datetime import UTC, datetime

from notifications.contract import SIGNATURE, ChannelDown, Owed, Undeliverable


class Webhook:
    name = "webhook"
    repeatable = True
    """The receiver knows a double by its CloudEvents id."""
    one_by_one = True

    def __init__(self, url: str, secret: str, timeout: float = 10.0) -> None:
        self._url, self._secret, self._timeout = url, secret, timeout

    def send(self, owed: Sequence[Owed]) -> None:
        for o in owed:
            self._post(json.dumps(cloud_event(o), ensure_ascii=False).encode())

    def _post(self, body: bytes) -> None:
        request = urllib.request.Request(
            self._url,
            data=body,
            method="POST",
            headers={
                "Content-Type": "application/cloudevents+json; charset=utf-8",
                SIGNATURE: signature(self._secret, body, datetime.now(UTC)),
            },
        )
        try:
            with _OPENER.open(request, timeout=self._timeout):
                return
        except urllib.error.HTTPError as error:
            told = f"{self._url}: {error.code} {error.reason}"
            # Too many requests, a timeout and the server's own trouble pass; what else is refused stays refused.
            if error.code in (408, 425, 429) or error.code >= 500:
                raise ChannelDown(told) from None
            raise Undeliverable(told) from None
        except (OSError, ValueError) as error:
            raise ChannelDown(f"{self._url}: {error}") from None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """What is signed for one address is not carried to another."""

    def redirect_request(self, *args: object, **more: object) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


def cloud_event(o: Owed) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "id": o.message_id,
        "source": f"/taskforce/lifecycles/{o.stream}",
        "type": "taskforce.notice",
        "subject": o.recipient,
        "time": o.created_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": {"lifecycle": o.stream, "recipient": o.recipient, "ja": o.subject_ja, "en": o.subject_en},
    }


def signature(secret: str, body: bytes, now: datetime) -> str:
    seconds = str(int(now.timestamp()))
    digest = hmac.new(secret.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"
