"""What is typed into forms, as the rules take it; and what the rules say, as pages say it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date

import pytest
from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from domain.deliverables.registry import DELIVERABLES
from domain.messages import Text
from tests.city import FACTS, person
from tests.given import Case
from web.app import Visit
from web.forms import Box, boxes, faults, identified, nothing, typed
from web.keeping import again, shown_again
from web.pages.for_whom import FOR_WHOM, is_for
from web.pages.steering import ACTS, LABELS
from web.saying import on_page


class Team(BaseModel):
    chair: str = Field(description="座長(氏名か職員ID) / chair")
    members: tuple[str, ...] = Field((), description="構成員(氏名か職員ID) / members")
    lifecycle: str = Field("", description="課題(番号か課題のID) / lifecycle")
    on: date = Field(description="日 / day")


class Optional(BaseModel):
    team: Team | None = Field(None, description="体制 / team")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("水上 七海 (p33)", "p33"),
        ("水上 七海（p33）", "p33"),
        ("  p33 ", "p33"),
        ("副市長(第一) 書写 四季 (p02)", "p02"),
        ("水上 七海", "水上 七海"),
        ("デジタル室(仮称)", "デジタル室(仮称)"),
    ],
)
def test_a_person_is_named_by_name_or_id(text: str, meant: str) -> None:
    assert identified(text) == meant


def test_several_people_have_a_box_each_and_days_are_written_as_people_write_them() -> None:
    given = {"chair": "青山 八重 (p30)", "members.0": "水上 七海 (p33)", "members.1": "", "members.7": "p34"}
    content = typed(Team, given | {"on": "令和９年２月１２日", "lifecycle": " R8 "})
    assert content == {"chair": "p30", "members": ["p33", "p34"], "lifecycle": "R8", "on": "2027-02-12"}
    assert typed(Team, {"on": "いつか"})["on"] == "いつか", "what is no day is kept as it was typed"
    names = {"p30": "青山 八重", "p33": "水上 七海"}
    shown = {b.path: b for b in boxes(Team, content, named=lambda show, id_: names.get(id_, ""))}
    assert shown["chair"].value == "青山 八重 (p30)" and shown["members"].show == "several"
    assert shown["members"].values == ["水上 七海 (p33)", "p34", ""]
    more = {b.path: b for b in boxes(Team, content, more="members")}
    assert len(more["members"].values) == 4
    found = typed(Team, {"chair": "青山 八重"}, ids=lambda show, text: {"青山 八重": "p30"}.get(text, text))
    assert found["chair"] == "p30"


def test_what_has_to_be_filled_in_is_marked_and_what_is_wrong_is_listed_with_its_place() -> None:
    wrong = {"members.0": [Text(ja="だれ", en="who")], "on": [Text(ja="いつ", en="when")]}
    shown = boxes(Team, {}, wrong)
    assert [b.required for b in shown] == [True, False, False, True]
    assert [(place, name) for place, name, _ in faults(shown, "ja")] == [("f-members-0", "構成員"), ("f-on", "日")]
    (group,) = boxes(Optional, {})
    assert not any(b.required for b in group.inside), "what may be left out asks for nothing"
    (group,) = boxes(Optional, {"team": {"chair": "p30"}})
    assert [b.required for b in group.inside] == [True, False, False, True]


def labelled(shown: list[Box]) -> Iterator[Box]:
    for b in shown:
        yield b
        for row in (b.inside, *b.rows):
            yield from labelled(row)


def test_forms_ask_for_names_and_offer_words() -> None:
    found = [b for act in ACTS.values() for b in labelled(boxes(act.command, {}, labels={**LABELS, **act.labels}))]
    found += [b for d in DELIVERABLES.values() for b in labelled(boxes(d.form, {}))]
    assert not [b.label.ja for b in found if "ID" in b.label.ja or re.search(r"\bids?\b", b.label.en)]
    offered = [(b.path, key, words.ja) for b in found for key, words in b.choices if b.path != "state"]
    assert not [o for o in offered if not re.search("[ぁ-んァ-ヶ一-龠]", o[2])]
    (serves,) = (b for b in found if b.path == "serves")
    assert serves.show == "ticks" and ("tactic-1", "戦術: 短中期的課題解決の着実な積み上げ") in [
        (key, words.ja) for key, words in serves.choices
    ]
    assert typed(DELIVERABLES["setup"].form, {"serves.3": "tactic-1"})["serves"] == ["tactic-1"]


def test_a_refusal_on_a_page_names_people_and_places_of_the_pages() -> None:
    names = {"p32": "増位 四季"}.get

    def name(id_: str) -> str:
        return names(id_) or id_

    assert on_page("すでに p32 が approve と答えています", "ja", name) == "すでに 増位 四季 が「同意」と答えています"
    assert (
        on_page("p32 has already answered it with reject", "en", name)
        == "増位 四季 has already answered it with “refused”"
    )
    assert (
        on_page("`./taskforce council show` で状態を確かめてください", "ja", name)
        == "会議のページで状態を確かめてください"
    )
    assert on_page("see `./taskforce show R8`", "en", name) == "see the lifecycle's page"
    assert (
        on_page("日を改めるか、--urgent で急ぐ理由を", "ja", name)
        == "日を改めるか、「通知期間に足りない理由」の欄で急ぐ理由を"
    )
    assert on_page("2027-04-01 R8-p32 https://x/p32", "ja", name) == "2027-04-01 R8-p32 https://x/p32"


def test_forms_are_found_again_by_their_address() -> None:
    @shown_again("/tests/{which}/do/{name}")
    def shower(visit: Visit, parts: dict[str, str], kept: Mapping[str, str]) -> Response:
        return Response(f"{parts['which']}-{parts['name']}-{kept['text']}")

    visit = Visit(Request({"type": "http", "headers": []}), "p32", "", "ja")
    page = again(visit, "/tests/a:1/do/b", {"text": "x"})
    assert page is not None and page.body == b"a:1-b-x"
    for other in ("/tests/a/do/b/c", "/tests/a/do/", "/elsewhere"):
        assert again(visit, other, {}) is None


def test_a_zero_is_something_and_an_empty_row_is_nothing() -> None:
    assert not nothing(0) and not nothing({"amount": 0}) and not nothing([{"a": "", "n": 0}])
    assert nothing(None) and nothing("") and nothing(False) and nothing([{"a": "", "b": []}]) and nothing({})


def test_every_act_is_offered_by_the_policy_of_its_rule() -> None:
    assert set(FOR_WHOM) == set(ACTS)
    case = Case()
    case.start()

    def offered(name: str) -> set[str]:
        return {key for key in ACTS if is_for(key, person(name), case.state, FACTS, case.now)}

    assert offered("stranger") == set(), "nothing of a matter that is none of theirs"
    assert {"comment", "hold", "procure", "measure", "budget"} <= offered("chief")
    assert not {"commit", "carry", "publish"} & offered("chief"), "recorded by finance, published by the secretariat"
    assert {"commit", "carry", "budget"} <= offered("finance")
