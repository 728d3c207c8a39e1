"""What if on pages and by the API: one question at a time in a process of its own, whatever becomes of that; seen as the shell tells it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Literal

import pytest
from playwright.sync_api import Browser

from domain.messages import Refused, Text
from rehearsal import reckoning
from rehearsal.errors import RehearsalError
from store.store import Store
from store.whatifs import ALL, DIED, EACH, KEPT, STALE, Questions
from tests.integration.pages import Pages, client, look, signed_in
from tests.integration.test_api import caller, problem

PATH = "/board/whatif"


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 27, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    store = Store.create(database_url)
    yield store
    store.close()


def rule(refused: pytest.ExceptionInfo[Refused]) -> str:
    return refused.value.refusal.rule


def test_one_question_is_reckoned_at_a_time_in_their_order(store: Store) -> None:
    clock = Clock()
    queue = Questions(store, clock)
    first, again, second = queue.ask("a", "1", "{}"), queue.ask("a", "1", "{}"), queue.ask("b", "1", "{}")
    assert first.id == again.id != second.id and (first.ahead, second.ahead) == (0, 1) and queue.unattended()
    with pytest.raises(Refused) as refused:
        queue.ask("a", "1", '{"seed": 2}')
    assert rule(refused) == "command-id-reused"
    taken = queue.claim("x")
    assert taken is not None and taken.id == first.id and taken.state == "reckoning"
    assert queue.claim("y") is None and not queue.unattended()
    assert queue.beat(first.id, "x") and not queue.beat(first.id, "y") and not queue.finish(second.id, "x", "{}")
    assert queue.put_back(first.id, "x") and queue.unattended()
    assert (taken := queue.claim("y")) is not None and taken.id == first.id and not queue.finish(first.id, "x", "no")
    assert queue.finish(first.id, "y", "{}")
    done = queue.find(first.id)
    assert done is not None and done.over and done.found == "{}" and queue.latest()[1].found is None


def test_whoever_dies_is_told_so_and_the_next_one_goes_on(store: Store) -> None:
    clock = Clock()
    queue = Questions(store, clock)
    first, second = queue.ask("a", "1", "{}"), queue.ask("a", "2", "{}")
    assert queue.claim("x") is not None
    clock.now += STALE
    dead = queue.find(first.id)
    assert dead is not None and dead.state == "failed" and dead.problem == DIED and queue.unattended()
    taken = queue.claim("y")
    assert taken is not None and taken.id == second.id and not queue.beat(first.id, "x")
    with pytest.raises(Refused) as refused:
        queue.cancel(second.id, "b")
    assert rule(refused) == "not-your-question" and queue.cancel("none", "a") is None
    back = queue.cancel(second.id, "a")
    assert back is not None and back.state == "cancelled" and not queue.beat(second.id, "y")
    clock.now += KEPT
    assert [q.id for q in (queue.ask("a", "3", "{}"), *queue.latest())].count(first.id) == 0


def test_nobody_fills_the_queue(store: Store) -> None:
    queue = Questions(store)
    for n in range(ALL):
        queue.ask(f"p{n // EACH}", str(n), "{}")
    for person in ("p0", "q"):
        with pytest.raises(Refused) as refused:
            queue.ask(person, "x", "{}")
        assert rule(refused) == "too-many-questions"
    assert queue.ask("p0", "0", "{}").state == "waiting", "what was asked already is told again"


def test_what_becomes_of_a_question(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    queue, left = Questions(store), Event()
    monkeypatch.setattr(reckoning, "BEAT", 0.01)

    def played(found: object, key: str) -> tuple[str, Text | None]:
        def do(*_: object) -> object:
            if isinstance(found, BaseException):
                raise found
            return found if found is not None else left.wait(20) and "late"

        monkeypatch.setattr(reckoning, "found", do)
        queue.ask("a", key, "{}")
        question = queue.claim("x")
        assert question is not None
        if found is None and key == "back":
            queue.cancel(question.id, "a")
        reckoning.answer(store, queue, question, "x", left.set)
        ended = queue.find(question.id)
        assert ended is not None
        return ended.state, ended.problem

    assert played("{}", "good") == ("done", None)
    assert played(RehearsalError("だめ / no"), "no") == ("failed", Text(ja="だめ", en="no"))
    assert played(KeyError("bug"), "bug") == ("failed", reckoning.BUG)
    assert played(None, "back") == ("cancelled", None) and left.is_set(), "it is left at once"
    left.clear()
    monkeypatch.setattr(reckoning, "LONGEST", 0.0)
    assert played(None, "long") == ("failed", reckoning.TOO_LONG)
    with pytest.raises(reckoning.Ended):
        played(reckoning.Ended(), "end")
    assert queue.unattended(), "it waits again"


def test_a_question_is_asked_by_the_api_and_reckoned_beside(town: Pages) -> None:
    with caller(town, "p33", "read", "write") as drafter:
        assert problem(drafter.post("/whatif", json={"pace": {"all": 2}})) == (409, "not-your-duty")
        assert problem(drafter.get("/whatif")) == (409, "not-your-duty")
    with caller(town, "p07", "read", "write") as office:
        wrong = office.post("/whatif", json={"pace": {"nobody": 2}, "without": ["setup/none"]})
        assert problem(wrong) == (422, "form-shape")
        assert [p["field"] for p in wrong.json()["problems"]] == ["without", "pace.nobody"]
        for unfit in ('{"pace": {"all": NaN}}', '{"definition": "a\\u0000"}', '{"seed": -1}', '{"until": "x"}'):
            assert (
                office.post("/whatif", content=unfit, headers={"Content-Type": "application/json"}).status_code == 422
            )
        before = office.get("/events").json()
        body, key = {"pace": {"drafter": 3}, "until": "2199-03-31"}, {"Idempotency-Key": "1"}
        assert problem(office.post("/whatif", json=body, headers=key)) == (422, "form-shape")
        del body["until"]
        asked, again = (office.post("/whatif", json=body, headers=key) for _ in range(2))
        assert asked.status_code == again.status_code == 202 and asked.json()["id"] == again.json()["id"]
        place = asked.headers["location"].removeprefix("/api/v1")
        for _ in range(240):
            seen = office.get(place).json()
            if seen["state"] not in ("waiting", "reckoning"):
                break
            time.sleep(0.25)
        assert seen["state"] == "done", seen
        found = seen["found"]
        by_shell = town.json("whatif", "--pace", "drafter=3")
        names = ("until", "seed", "deadlines", "changes", "lifecycles", "effects", "misses", "shifts")
        assert {n: found[n] for n in names} == {n: by_shell[n] for n in names} and found["lifecycles"] == 1
        assert [q["state"] for q in office.get("/whatif").json()["items"]] == ["done"]
        assert office.post(f"{place}/cancel").json()["state"] == "done", "what is over stays as it is"
        assert problem(office.post("/whatif/none/cancel")) == (404, "not-found")
        assert office.get("/events").json() == before, "nothing is recorded"
    with client(town, "p07") as reader:
        page = reader.get(f"{PATH}/{seen['id']}").text
        assert "〔台本〕" in page and "takes 3 times as long" in page and "answered" in page
        assert f"{PATH}/{seen['id']}" in reader.get(PATH).text
        assert 'value="3"' in reader.get(f"{PATH}?again={seen['id']}").text
        assert reader.get(f"{PATH}/{seen['id']}/live", params={"seen": "done-0"}).status_code == 204


def test_a_question_on_a_page(town: Pages, browser: Browser) -> None:
    with client(town, "p32") as chief:
        assert chief.get(PATH).status_code == 409 and PATH not in chief.get("/board").text
    with client(town, "p07") as office:
        assert PATH in office.get("/board").text and PATH in office.get("/definitions").text
        token, number = (
            re.findall(rf'name="{name}" value="([^"]+)"', office.get(PATH).text)[0] for name in ("csrf", "command_id")
        )
        form = {"csrf": token, "command_id": number}
        wrong = office.post(
            PATH,
            data=form | {"pace.mayor": "quick", "until": "2020-01-01", "document": "a: [", "without.setup/none": "yes"},
        )
        assert wrong.status_code == 422 and 'value="quick"' in wrong.text and "a: [" in wrong.text
        for name in ("pace-mayor", "until", "document"):
            assert f'id="w-{name}"' in wrong.text, name
        assert (
            office.post(PATH, data=form | {"document": "x" * (3 << 20)}, files={"file": ("", b"")}).status_code == 409
        )
        assert office.post(PATH, data=form | {"csrf": "x", "pace.all": "2"}).status_code == 403
        twice = {office.post(PATH, data=form | {"pace.all": "２倍"}).headers["location"] for _ in range(2)}
        assert len(twice) == 1
    looks: tuple[tuple[str, int, Literal["light", "dark"]], ...] = (("ja-JP", 390, "dark"), ("en-US", 1280, "light"))
    for language, width, scheme in looks:
        context = browser.new_context(viewport={"width": width, "height": 900}, locale=language, color_scheme=scheme)
        page = signed_in(town, context, "p07")
        if page.query_selector(f".tools button[value={language[:2]}]"):
            page.click(f".tools button[value={language[:2]}]")
        page.goto(f"{town.base}{twice.copy().pop()}")
        page.wait_for_selector("#counts", timeout=60_000)  # it comes by itself
        for name, path in (("form", PATH), ("found", twice.copy().pop())):
            look(page, f"{town.base}{path}", f"whatif-{name}-{language}-{width}-{scheme}")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        context.close()
