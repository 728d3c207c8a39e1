"""Notices reach people: a real mail server, a real HTTP receiver, real stores; once for each person, across a crash."""

from __future__ import annotations

import hashlib
import hmac
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from activities.channels import INCIDENT_AFTER, ChannelActivities
from domain.calendar import JST
from domain.directory_changes import RecordAbsence, RecordMoves
from domain.directory_stream import STREAM as DIRECTORY
from domain.directory_stream import ImportDirectory, Named
from domain.messages import SYSTEM
from domain.process_stream import PublishDefinition, stream_of
from domain.reader_stream import ChooseNotices
from domain.reader_stream import stream_of as reader_of
from notifications.chat import Chat
from notifications.contract import SIGNATURE, Address, Owed, Undeliverable
from notifications.email import Email, Smtp, compose
from notifications.registry import ALWAYS
from notifications.webhook import Webhook
from runtime.devserver import free_port
from settings import ROOT
from store import outbox, queries
from store.store import Store
from tests.city import PROCESS, directory, person
from tests.given import Case
from workflows.contract import ChannelInput

NAMES = tuple(
    Named(person=p.id, name=f"職員 {p.id}", email=f"{p.id}@city.example")
    for p in directory().people
    if p.id not in ("p-robot", "p-chief2")
)


class Box:
    """A mailbox: what a real SMTP server took. `answer` is what it says to the data."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.to: list[str] = []
        self.answer = "250 OK"
        self.unknown: set[str] = set()

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address in self.unknown:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.answer.startswith("250"):
            self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
            self.to += envelope.rcpt_tos
        return self.answer


@pytest.fixture
def box() -> Iterator[tuple[Box, int]]:
    held, port = Box(), free_port()
    controller = Controller(held, hostname="127.0.0.1", port=port)
    controller.start()
    yield held, port
    controller.stop()


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    made = Store.create(database_url)
    made.record(ImportDirectory(command_id="d", stream=DIRECTORY, directory=directory(), names=NAMES), SYSTEM)
    made.record(PublishDefinition(command_id="p", stream=stream_of(PROCESS.name), definition=PROCESS), SYSTEM)
    yield made
    made.close()


def begin(store: Store, ref: str = "a") -> None:
    """A lifecycle handed in: its drafter was asked, and now the section chief is."""
    from domain.lifecycle import commands as c

    case = Case()
    case.start().done()
    start = c.StartLifecycle(
        command_id="s", stream=f"s-{ref}", ref=ref, title="窓口", section="child-section", definition=PROCESS.reference
    )
    store.record(start, person("drafter"))
    submit = c.SubmitDeliverable(command_id="u", stream=f"s-{ref}", stage="setup", content=case.form())
    store.record(submit, person("drafter"))


def mail(port: int) -> Email:
    return Email(Smtp(host="127.0.0.1", port=port, sender="taskforce@city.example", page="https://tf.city.example"))


def deliver(store: Store, *channels: Any) -> dict[str, Any]:
    """The inbox, and then every channel that leads out of the house."""
    activities = ChannelActivities(store, {**ALWAYS, **{c.name: c for c in channels}})
    results = {}
    for name in ("inbox", *(c.name for c in channels)):
        results[name] = activities.send_pending(ChannelInput(channel=name))
    return results


def test_each_person_hears_once_in_their_language(store: Store, box: tuple[Box, int]) -> None:
    held, port = box
    begin(store)
    for _ in range(2):
        deliver(store, mail(port))
    assert sorted(held.to) == ["p-auditor@city.example", "p-chief@city.example", "p-drafter@city.example"]
    sent = next(m for m in held.mails if "p-chief@" in m["To"])
    assert sent["Message-ID"].endswith("@city.example>") and "窓口" in sent["Subject"]
    bodies = {part.get_content_type(): part.get_content() for part in sent.walk() if not part.is_multipart()}
    assert "決裁依頼" in bodies["text/plain"] and "https://tf.city.example/lifecycles/s-a" in bodies["text/plain"]
    assert '<html lang="ja">' in bodies["text/html"]
    # Who has no address is seen by an operator, with the remedy.
    [failed] = outbox.unsettled(store)
    assert (failed["recipient"], failed["state"]) == ("person:p-chief2", "failed") and "email" in failed["problem"]


def test_a_successor_hears_and_the_next_in_order_where_all_are_away(store: Store, box: tuple[Box, int]) -> None:
    held, port = box
    today = datetime.now(UTC).astimezone().date()
    move = {"person": "p-member", "post": "child-chief"}
    store.record(
        RecordMoves.model_validate(
            {"command_id": "m", "stream": DIRECTORY, "on": today - timedelta(days=1), "moves": [move]}
        ),
        SYSTEM,
    )
    begin(store)
    deliver(store, mail(port))
    assert "p-member@city.example" in held.to and "p-chief@city.example" not in held.to
    store.record(
        RecordAbsence(
            command_id="a",
            stream=DIRECTORY,
            person="p-member",
            since=today - timedelta(days=1),
            until=today + timedelta(days=1),
        ),
        SYSTEM,
    )


def test_a_notice_to_a_vacant_post_is_an_operators_until_somebody_is_there(store: Store, box: tuple[Box, int]) -> None:
    held, port = box
    today = datetime.now(UTC).astimezone(JST).date()
    here = store.facts().directory
    empty = ("child-chief", "office-director")  # the post itself, and the one that stands in where nobody is there
    vacant = here.model_copy(update={"tenures": tuple(t for t in here.tenures if t.post not in empty)})
    store.record(ImportDirectory(command_id="vacant", stream=DIRECTORY, directory=vacant), SYSTEM)
    begin(store)
    deliver(store, mail(port))
    [failed] = [r for r in outbox.unsettled(store) if r["recipient"] == "post:child-chief"]
    assert (failed["channel"], failed["state"]) == ("email", "failed") and "vacant" in failed["problem"]
    outbox.mark(store, [failed], "pending")
    deliver(store, mail(port))
    assert [r["state"] for r in outbox.unsettled(store) if r["recipient"] == "post:child-chief"] == ["failed"]
    move = {"person": "p-member", "post": "child-chief"}
    moves = {"command_id": "m", "stream": DIRECTORY, "on": today, "moves": [move]}
    store.record(RecordMoves.model_validate(moves), SYSTEM)
    outbox.mark(store, [failed], "pending")
    deliver(store, mail(port))
    assert "p-member@city.example" in held.to
    assert not [r for r in outbox.unsettled(store) if r["recipient"] == "post:child-chief"]


def test_a_notice_to_a_vacant_post_goes_to_whoever_decides_instead(store: Store, box: tuple[Box, int]) -> None:
    held, port = box
    here = store.facts().directory
    vacant = here.model_copy(update={"tenures": tuple(t for t in here.tenures if t.post != "child-chief")})
    store.record(ImportDirectory(command_id="vacant", stream=DIRECTORY, directory=vacant), SYSTEM)
    begin(store)
    deliver(store, mail(port))
    assert "p-office@city.example" in held.to
    assert [r["subject_ja"] for r in queries.inbox(store, "p-office")] and outbox.unsettled(store) == []


def test_a_dead_channel_keeps_what_it_owes_and_becomes_an_incident(store: Store, box: tuple[Box, int]) -> None:
    held, port = box
    begin(store)
    held.answer = "451 try later"
    for count in range(1, INCIDENT_AFTER + 1):
        result = deliver(store, mail(port))["email"]
        assert result.failed and result.left == 4 and result.incident == (count >= INCIDENT_AFTER)
    [down] = outbox.health(store)
    assert down["channel"] == "email" and "451" in down["problem"] and down["failures"] == INCIDENT_AFTER
    held.answer = "250 OK"
    assert deliver(store, mail(port))["email"].sent == 3
    assert outbox.health(store) == [] and len(held.mails) == 3


def test_who_is_refused_for_good_stands_in_nobodys_way(store: Store, box: tuple[Box, int]) -> None:
    held, port = box
    begin(store)
    held.unknown = {"p-chief@city.example"}
    deliver(store, mail(port))
    assert sorted(held.to) == ["p-auditor@city.example", "p-drafter@city.example"]
    problems = {r["recipient"]: r["problem"] for r in outbox.unsettled(store)}
    assert "550" in problems["person:p-chief"]
    held.unknown = set()
    outbox.mark(store, [r for r in outbox.unsettled(store) if "550" in r["problem"]], "pending")
    deliver(store, mail(port))
    assert "p-chief@city.example" in held.to


_DIES = """
import os, sys
from activities.channels import ChannelActivities
from notifications.registry import ALWAYS
from store import outbox
from store.store import Store
from tests.integration.test_notices import mail
from workflows.contract import ChannelInput
was = outbox.mark
outbox.mark = lambda store, rows, state, *more, **named: os._exit(9) if state == "sent" else was(store, rows, state, *more, **named)
channel = mail(int(sys.argv[2]))
ChannelActivities(Store.open(sys.argv[1]), {**ALWAYS, "email": channel}).send_pending(ChannelInput(channel="email"))
"""


def test_a_crash_behind_the_servers_250_is_in_doubt_and_not_sent_again(
    store: Store, box: tuple[Box, int], database_url: str
) -> None:
    held, port = box
    begin(store)
    ChannelActivities(store, {**ALWAYS, "email": mail(port)}).send_pending(ChannelInput(channel="inbox"))
    died = subprocess.run(
        [sys.executable, "-c", _DIES, database_url, str(port)], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert died.returncode == 9, died.stderr
    assert len(held.mails) == 1
    deliver(store, mail(port))
    doubtful = [r for r in outbox.unsettled(store) if r["state"] == "in_doubt"]
    assert len(doubtful) == 1 and len(held.mails) == 3 and len(set(held.to)) == 3
    first = held.mails[0]["Message-ID"]
    outbox.mark(store, doubtful, "pending")
    deliver(store, mail(port))
    assert held.mails[-1]["Message-ID"] == first


def test_a_digest_gathers_what_came_and_off_is_off(
    store: Store, box: tuple[Box, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    held, port = box
    for who, digest in (("chief", "daily"), ("drafter", "off")):
        choice = ChooseNotices.model_validate(
            {"command_id": who, "stream": reader_of(f"p-{who}"), "channel": "email", "digest": digest}
        )
        store.record(choice, person(who))
    for ref in ("a", "b"):
        begin(store, ref)
    deliver(store, mail(port))
    assert set(held.to) == {"p-auditor@city.example"}
    later = datetime.now(UTC) + timedelta(days=14)
    monkeypatch.setattr(store.clock, "now", lambda: later)
    deliver(store, mail(port))
    [gathered] = [m for m in held.mails if "p-chief@" in m["To"]]
    assert gathered["Subject"] == "通知 2 件" and "p-drafter@city.example" not in held.to


class Receiver(HTTPServer):
    """Keeps what was posted, and answers with `status`."""

    status = 204
    posted: list[tuple[dict[str, str], bytes]]


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posted.append((dict(self.headers), body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return None


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver(("127.0.0.1", 0), _Handler)
    server.posted = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_webhook_gets_signed_cloud_events_once(store: Store, receiver: Receiver) -> None:
    hook = Webhook(f"http://127.0.0.1:{receiver.server_port}/in", "secret")
    begin(store)
    deliver(store, hook)
    deliver(store, hook)
    events = [json.loads(body) for _, body in receiver.posted]
    assert [e["subject"] for e in events] == ["post:child-drafter", "post:child-chief"]
    assert all(e["specversion"] == "1.0" and e["type"] == "taskforce.notice" for e in events)
    assert len({e["id"] for e in events}) == 2
    headers, body = receiver.posted[0]
    assert headers["Content-Type"].startswith("application/cloudevents+json")
    seconds, given = (part.partition("=")[2] for part in headers[SIGNATURE].split(","))
    assert hmac.new(b"secret", seconds.encode() + b"." + body, hashlib.sha256).hexdigest() == given


@pytest.mark.parametrize(("status", "down"), [(503, True), (429, True), (400, False), (302, False)])
def test_a_webhook_that_refuses_for_now_and_one_that_refuses_for_good(
    store: Store, receiver: Receiver, status: int, down: bool
) -> None:
    receiver.status = status
    begin(store)
    result = deliver(store, Webhook(f"http://127.0.0.1:{receiver.server_port}/in", "secret"))["webhook"]
    assert result.failed == down and (len(outbox.unsettled(store)) == 2) == (not down)


def test_chat_goes_through_the_library(store: Store, receiver: Receiver) -> None:
    begin(store)
    deliver(store, Chat([f"json://127.0.0.1:{receiver.server_port}/"]))
    assert [json.loads(b)["message"].count("\n") for _, b in receiver.posted] == [1, 1]
    assert (
        "決裁依頼" in receiver.posted[1][1].decode("unicode_escape", "ignore")
        or "窓口" in json.loads(receiver.posted[1][1])["message"]
    )


def owed(**changes: Any) -> Owed:
    given: dict[str, Any] = {
        "message_id": "m",
        "recipient": "person:p",
        "stream": "s",
        "subject_ja": "件名",
        "subject_en": "subject",
        "created_at": datetime(2026, 4, 1, tzinfo=UTC),
        "address": Address(email="p@city.example", name="氏名", language="ja"),
    }
    return Owed(**(given | changes))


SMTP = Smtp(host="h", port=25, sender="taskforce@city.example")


def test_nothing_that_people_write_becomes_a_header() -> None:
    address = Address(email="p@city.example", name="A\r\nBcc: x@y.example", language="en")
    mail_ = compose([owed(subject_en="a\r\nBcc: z@y.example", address=address)], SMTP)
    assert mail_["Bcc"] is None and mail_["Subject"] == "a Bcc: z@y.example"
    body = mail_.get_body(("html",))
    assert body is not None and "Bcc: x@y" in body.get_content()
    tagged = compose([owed(subject_ja="<script>x</script>")], SMTP).get_body(("html",))
    assert tagged is not None and "<script>" not in tagged.get_content()


@pytest.mark.parametrize("email", ["", "p", "p@", "a@b,c@d", "a@b\nBcc: c@d", "名@市.example"])
def test_what_is_no_address_is_said(email: str) -> None:
    with pytest.raises(Undeliverable, match="email"):
        compose([owed(address=Address(email=email, name="n", language="ja"))], SMTP)


def test_the_same_notices_have_the_same_message_id() -> None:
    one, two = owed(message_id="1"), owed(message_id="2")
    assert compose([one, two], SMTP)["Message-ID"] == compose([two, one], SMTP)["Message-ID"]
    assert compose([one], SMTP)["Message-ID"] != compose([two], SMTP)["Message-ID"]


def test_a_rehearsal_sends_nothing_out_of_the_house(tmp_path: Path, box: tuple[Box, int]) -> None:
    _, port = box
    rehearsed = Store.create(f"sqlite:///{tmp_path / 'v.db'}", clock="virtual", start=datetime(2026, 4, 1, tzinfo=UTC))
    activities = ChannelActivities(rehearsed, {**ALWAYS, "email": mail(port)})
    assert activities.send_pending(ChannelInput(channel="email")).failed
    rehearsed.close()
