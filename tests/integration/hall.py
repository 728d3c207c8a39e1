"""A session and a round made without a process a command: recorded on the town's store directly, by the same rules."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from domain.bodies import members_of
from domain.calendar import local_day
from domain.messages import Actor, Command, Via
from domain.sessions import messages as m
from domain.sessions.session import Session
from store import bodies, queries
from store.store import Store
from tests.integration.pages import Pages
from web.governing import CallForm, ConveningForm, calling, convening

TODAY = local_day(datetime.now(UTC))
OFFICE, MAYOR = "p07", "p01"


@contextmanager
def opened(town: Pages) -> Iterator[Store]:
    store = Store.open(town.url)
    try:
        yield store
    finally:
        store.close()


def record(store: Store, command: Command, person: str = OFFICE) -> None:
    store.record(command, Actor(person=person, via=Via.SHELL, authenticated_by="test"))


def do(town: Pages, command: type[Command], stream: str, by: str = OFFICE, **fields: Any) -> None:
    """Record one command on the town's store. Raises `Refused`."""
    with opened(town) as store:
        record(store, command.model_validate({"command_id": str(uuid4()), "stream": stream, **fields}), by)


def convened(town: Pages, *, circulation: bool = False) -> str:
    """The stream of a session of the council: held today, or by circulation for some weeks."""
    held_on = TODAY + timedelta(days=20 if circulation else 0)
    form = ConveningForm(body="council", held_on=held_on, circulation=circulation, urgent="急施")
    with opened(town) as store:
        command = convening(store, form, str(uuid4()))
        record(store, command)
        return command.stream


def first_session(town: Pages) -> str:
    with opened(town) as store:
        return str(bodies.all_sessions(store)[0]["stream"])


def called(town: Pages, name: str, closes_on: date) -> str:
    """The stream of a selection round."""
    with opened(town) as store:
        command = calling(store, CallForm(name=name, closes_on=closes_on, definition="himeji@1"), str(uuid4()))
        record(store, command)
        return command.stream


def put(town: Pages, stream: str, item: str, title: str, *, public: bool = True, lifecycle: str = "") -> None:
    fields: dict[str, Any] = {
        "item": item,
        "category": "other",
        "title": title,
        "public": public,
        "lifecycle": lifecycle,
    }
    do(town, m.PutItem, stream, **fields)


def attended(town: Pages, stream: str) -> None:
    """All members are there, and the mayor presides."""
    with opened(town) as store:
        state: Session = store.load(stream)[0]
        people = [s.person for s in members_of(state.of, store.facts().directory, TODAY)]
    do(town, m.TakeAttendance, stream, present=people, presiding=MAYOR)


def concluded(town: Pages, stream: str, item: str, conclusion: str = "noted", **fields: Any) -> None:
    do(town, m.ConcludeItem, stream, item=item, conclusion=conclusion, **fields)


def minutes(town: Pages, stream: str, text: str) -> None:
    do(town, m.WriteMinutes, stream, text=text)


def state(town: Pages, stream: str) -> Any:
    """The state of a session, a round or a lifecycle as it is on record."""
    with opened(town) as store:
        return store.load(stream)[0]


def lifecycle(town: Pages, ref: str) -> Any:
    """The state of the lifecycle whose reference begins so."""
    with opened(town) as store:
        return store.load(queries.resolve(store, ref))[0]


def answered(town: Pages, ref: str) -> int:
    """How many answers a lifecycle has on record."""
    with opened(town) as store:
        return len(queries.answers_of(store, queries.resolve(store, ref)))
