"""From notices to posts to messages to people: who holds the post when it is sent, in the way that each has chosen.

Done when the in-app inbox has its notices, in the transaction that marks them: so each (event, person, channel) comes into being
once, and `record` writes no more rows than before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa

from domain.calendar import JST, Calendar, local_day
from domain.directory import Directory
from domain.kinds import Row
from domain.reader_stream import Choice
from store.engine import insertion
from store.store import Store
from store.tables import deliveries, notice_choices, requests

TO_PEOPLE = "email"
"""The channel whose messages go to persons; all others go out as they were owed, once an event and recipient."""
NOBODY = (
    "空席で、代わりに受け取る者もいません。後任か代決者を名簿に加えてから再送してください / "
    "the post is vacant and nobody stands in: add a holder or a deputy to the directory, then send it again"
)


def spread(store: Store, connection: sa.Connection, rows: Sequence[Row], channels: Sequence[str]) -> int:
    """Insert what the notices in `rows` become on `channels`. Returns how many go to somebody; doubles fall away.

    A notice to a post where nobody hears it (vacant, and nobody stands in) becomes one that failed, so that an operator sees it
    and can send it again once somebody is there; one that asks for a decision goes to the post that the step escalates to.
    """
    facts = store.facts(connection=connection)
    chosen = {
        (c.person, c.channel): Choice(digest=c.digest, hour=c.hour)
        for c in connection.execute(sa.select(notice_choices))
    }
    now = store.clock.now()
    made: dict[tuple[str, str, str], Row] = {}
    for row in rows:
        for channel in channels:
            recipients = list(_recipients(row, channel, facts.directory, local_day(now)))
            if not recipients:
                beyond = {**row, "recipient": f"post:{_stands_in(connection, row)}"}
                recipients = list(_recipients(beyond, channel, facts.directory, local_day(now)))
            if not recipients:
                new = _message(row, channel, row["recipient"], Choice(), facts.calendar, now)
                made[new["event_id"], new["recipient"], channel] = new | {"state": "failed", "problem": NOBODY}
            for recipient in recipients:
                choice = chosen.get((recipient.removeprefix("person:"), channel), Choice())
                if choice.digest != "off":
                    new = _message(row, channel, recipient, choice, facts.calendar, now)
                    made.setdefault((new["event_id"], recipient, channel), new)
    if made:
        connection.execute(insertion(connection, deliveries).on_conflict_do_nothing(), list(made.values()))
    return sum(m["state"] == "pending" for m in made.values())


def _recipients(row: Row, channel: str, directory: Directory, day: date) -> Iterator[str]:
    kind, _, name = row["recipient"].partition(":")
    if channel != TO_PEOPLE or kind == "person":
        yield row["recipient"]
        return
    holders = directory.holders(name, day)
    stand_in = (
        [p.id for p in directory.people if name in directory.stands_in_for(p.id, day)]
        if _away(directory, holders, day)
        else []
    )
    for person in dict.fromkeys((*holders, *stand_in)):
        found = directory.person(person)
        if found is not None and not found.service:
            yield f"person:{person}"


def _stands_in(connection: sa.Connection, row: Row) -> str | None:
    """The post that decides where nobody is there to: the one that the step escalates to."""
    r = requests.c
    asked = sa.select(r.escalate_to).where(r.stream == row["stream"], r.post == row["recipient"].partition(":")[2])
    found: str | None = connection.execute(asked.where(r.escalate_to.is_not(None)).limit(1)).scalar()
    return found


def _away(directory: Directory, holders: list[str], day: date) -> bool:
    return all(directory.is_absent(p, day) for p in holders)


def _message(row: Row, channel: str, recipient: str, choice: Choice, calendar: Calendar, now: datetime) -> Row:
    at_once = channel != TO_PEOPLE or choice.digest == "immediate"
    return {
        **{k: row[k] for k in ("event_id", "stream", "subject_ja", "subject_en", "created_at")},
        "recipient": recipient,
        "channel": channel,
        "digest": "immediate" if at_once else choice.digest,
        "state": "pending",
        "attempts": 0,
        "sent_at": None,
        "not_before": None if at_once else digest_at(choice, calendar, now),
        "problem": None,
    }


def digest_at(choice: Choice, calendar: Calendar, now: datetime) -> datetime:
    """When the next digest goes out: at the hour chosen, on the next working day, weekly on the first of a week."""
    day = local_day(now)
    if choice.digest == "weekly":
        day += timedelta(days=-day.weekday())
    while True:
        sent = datetime.combine(calendar.working_day_from(day), time(choice.hour), JST)
        if sent > now:
            return sent.astimezone(now.tzinfo)
        day += timedelta(days=7 if choice.digest == "weekly" else 1)
