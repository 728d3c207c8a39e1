"""What is sent to other systems: each notice, as a signed CloudEvent. Described in the document; sent by `notifications/webhook.py`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Header
from pydantic import Field

from domain.messages import Frozen
from notifications.contract import SIGNATURE

router = APIRouter()


class NoticeSent(Frozen):
    """Whom a notice is for, and what it says."""

    lifecycle: str = Field(description="The stream that it is about: a lifecycle, a session, a round")
    recipient: str = Field(description="A person, or a post as `post:ID`")
    ja: str
    en: str


class NoticeEvent(Frozen):
    """A CloudEvent 1.0 in structured JSON. The same `id` comes again when its arrival was in doubt: take it once."""

    specversion: Literal["1.0"]
    id: str
    source: str = Field(examples=["/taskforce/lifecycles/36eeda63-4acd-50c7-b65e-3a9ae67390cf"])
    type: Literal["taskforce.notice"]
    subject: str
    time: datetime
    datacontenttype: Literal["application/json"]
    data: NoticeSent


@router.post("notice", status_code=204, operation_id="notice-webhook", tags=["me"])
def notice(
    event: NoticeEvent,
    signed: Annotated[
        str,
        Header(
            alias=SIGNATURE,
            description="`t=SECONDS,v1=HEX`: HMAC-SHA256 with the shared secret over `SECONDS.BODY`; refuse what is old",
        ),
    ],
) -> None:
    """A notice, posted to the address in `TASKFORCE_WEBHOOK_URL` as `application/cloudevents+json`. Any 2xx takes it; 408, 425, 429 and 5xx
    are tried again; whatever else is answered is shown to operators."""
