"""Who may publish what, and when it shows."""

from __future__ import annotations

from datetime import date

from domain.lifecycle.publishing import LifecyclePublished, LifecycleUnpublished, PublishLifecycle, UnpublishLifecycle
from domain.lifecycle.view import view
from tests.given import Case, person

SECRETARIAT = person("office")
DAY = date(2026, 4, 1)


def test_the_secretariat_publishes_and_takes_back() -> None:
    case = Case()
    case.start().done()
    publish = {"summary": "窓口の待ち時間を減らします。", "since": DAY}
    case.when(case.make(UnpublishLifecycle, reason="x"), SECRETARIAT).refused("not-published")
    case.when(case.make(PublishLifecycle, **publish)).refused("not-secretariat")
    case.when(case.make(PublishLifecycle, **publish), SECRETARIAT).then(LifecyclePublished)
    case.when(case.make(PublishLifecycle, **publish), SECRETARIAT).then()
    row = view(case.state).rows["publications"][0]
    assert row["since"] == DAY and row["parts"] == ["stages", "kpis", "outcomes"]
    case.when(case.make(PublishLifecycle, **publish, parts=("budget",)), SECRETARIAT).then(LifecyclePublished)
    assert view(case.state).rows["publications"][0]["parts"] == ["budget"]
    case.when(case.make(UnpublishLifecycle, reason="誤り"), SECRETARIAT).then(LifecycleUnpublished)
    assert view(case.state).rows["publications"] == []


def test_what_was_merged_away_is_not_published() -> None:
    case = Case()
    case.start().done()
    case.state = case.state.model_copy(update={"merged_into": "other", "closed": True, "closed_as": "merged"})
    command = case.make(PublishLifecycle, summary="x", since=DAY)
    case.when(command, SECRETARIAT).refused("merged-away")


def test_a_closed_lifecycle_is_published_too() -> None:
    case = Case()
    case.start().done()
    case.state = case.state.model_copy(update={"closed": True, "closed_as": "completion"})
    case.when(case.make(PublishLifecycle, summary="x", since=DAY), SECRETARIAT).then(LifecyclePublished)
