"""How people want to hear: chosen by themselves alone, gathered at the hour they named."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from domain.calendar import Calendar
from domain.messages import Refused
from domain.reader_stream import Choice, ChooseNotices, Reader, ReaderKind
from domain.reader_stream import stream_of as reader_of
from store.spreading import digest_at
from tests.given import FACTS, START, person


def test_only_the_person_chooses() -> None:
    command = ChooseNotices(command_id="c", stream=reader_of("p-chief"), channel="email", digest="off")
    with pytest.raises(Refused) as no:
        ReaderKind().decide(Reader(stream=command.stream), command, person("drafter"), FACTS, START)
    assert no.value.refusal.rule == "not-your-notices"
    with pytest.raises(Refused) as no:
        ReaderKind().decide(Reader(stream=command.stream), command, person("nobody"), FACTS, START)
    assert no.value.refusal.rule == "person-unknown"


def test_when_a_digest_goes_out() -> None:
    days = Calendar(version="t", closed=frozenset({date(2026, 11, 23)}))
    friday = datetime(2026, 11, 20, 3, tzinfo=UTC)
    assert digest_at(Choice(digest="daily"), days, friday) == datetime(2026, 11, 23, 23, tzinfo=UTC)
    assert digest_at(Choice(digest="daily", hour=17), days, friday) == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert digest_at(Choice(digest="weekly"), days, friday) == datetime(2026, 11, 23, 23, tzinfo=UTC)
