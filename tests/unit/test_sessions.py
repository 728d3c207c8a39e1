"""A session of a body, from its notice to final minutes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.bodies import Body as Rules
from domain.bodies import members_of, quorum_met
from domain.calendar import local_day
from domain.directory import Post, Tenure
from domain.lifecycle.concluding import CarryConclusion
from domain.messages import SYSTEM, Refusal, Refused, Text
from domain.selection.messages import ConcludeSelection
from domain.sessions import messages as m
from domain.sessions.kind import CATEGORIES, CONCLUSIONS, SessionKind
from domain.sessions.privacy import ever_withheld, public_line, sees_all, veiled
from domain.sessions.rhythm import RhythmKind, SetRhythm
from domain.written import readable
from tests.bodies import OFFICE, Body, facts, rules
from tests.city import START, person

DAY = date(2026, 4, 10)
SITS = datetime(2026, 4, 10, 1, 0, tzinfo=UTC)
MAYOR, DEPUTY = "p-mayor", "p-deputy"
OTHERS = (("life-1", "lifecycle"), ("life-2", "lifecycle"), ("selection:2026", "selection"))
SHA = "a" * 64
NO = Refusal(rule="x", message=Text(ja="あ", en="a"), remedy=Text(ja="い", en="b"))


def convened(body: str = "council", **changes: Any) -> Body:
    case = Body(SessionKind(), f"{body}:2026-1", facts(*OTHERS))
    fields: dict[str, Any] = {"body": body, "fiscal_year": 2026, "number": 1, "held_on": DAY}
    case.do(m.ConveneSession, **{**fields, **changes})
    return case


def everybody(case: Body) -> list[str]:
    return [s.person for s in members_of(rules().body(case.state.body), case.facts.directory, local_day(case.now))]


def sitting(*items: dict[str, Any], **changes: Any) -> Body:
    case = convened(**changes)
    for fields in items:
        case.do(m.PutItem, **{"category": "proposal", "title": fields["item"], **fields})
    case.now = max(case.now, SITS)
    case.do(m.TakeAttendance, present=everybody(case), presiding=MAYOR)
    return case


WAITING: dict[str, Any] = {"item": "p-1", "lifecycle": "life-1", "request": "r-1", "seen": "h"}
SELECTION = {"item": "s-1", "category": "selection", "selection": "selection:2026", "seen": "laid"}


def test_a_body_is_convened_in_time_by_the_secretariat() -> None:
    case = Body(SessionKind(), "council:2026-1", facts())
    fields: dict[str, Any] = {"body": "council", "fiscal_year": 2026, "number": 1, "held_on": DAY}
    case.refused("session-unknown", m.CloseSession)
    case.refused("not-secretariat", m.ConveneSession, person("drafter"), **fields)
    case.refused("session-day-past", m.ConveneSession, **{**fields, "held_on": date(2026, 3, 31)})
    case.refused("notice-too-short", m.ConveneSession, **{**fields, "held_on": date(2026, 4, 7)})
    only = rules(bodies=[b.model_dump() for b in rules().bodies if b.key == "council"])
    case.under(only)
    case.refused("body-unknown", m.ConveneSession, **{**fields, "body": "monitoring"})
    nobody = [{**b.model_dump(), "chair": {"role": "king"}} for b in rules().bodies]
    case.under(rules(bodies=nobody))
    case.refused("chair-vacant", m.ConveneSession, **fields)
    case.under(None)
    assert (
        "himeji-bodies@9"
        in case.refused("rules-unknown", m.ConveneSession, **fields, rules="himeji-bodies@9").message.en
    )
    case.under(rules())
    case.refused("not-a-working-day", m.ConveneSession, **{**fields, "held_on": date(2026, 4, 11)})
    case.do(m.ConveneSession, **{**fields, "held_on": date(2026, 4, 7), "urgent": "災害対応"})
    case.refused("session-exists", m.ConveneSession, **fields)
    seats = {s.person: s.seat for s in case.state.members}
    assert seats[MAYOR] == "chair" and seats[DEPUTY] == seats["p-manager"] == "vice_chair"
    assert seats["p-director"] == "member" and "p-drafter" not in seats
    assert {n.post for n in case.kind.notices(case.state, case.log[0])} >= {"mayor", "deputy-mayor", "child-director"}


def test_matters_come_on_the_agenda_once() -> None:
    case = convened()
    put: dict[str, Any] = {"category": "proposal", "title": "x"}
    case.refused("matter-unknown", m.PutItem, item="a", lifecycle="nowhere", **put)
    case.refused("selection-missing", m.PutItem, item="a", **{**put, "category": "selection"})
    case.refused("seen-missing", m.PutItem, **{**put, **SELECTION, "seen": ""})
    case.do(m.PutItem, **WAITING, **put)
    case.refused("on-agenda-already", m.PutItem, **{**WAITING, "item": "p-2"}, **put)
    case.do(m.PutItem, **{**WAITING, "seen": "h2"}, **put)
    assert case.state.items["p-1"].seen == "h2"
    case.refused("item-unknown", m.TakeItemOff, item="z", reason="x")
    case.do(m.TakeItemOff, item="p-1", reason="準備不足")
    assert not case.state.items
    case.refused("item-key-used", m.PutItem, **WAITING, **put)
    case.do(m.PutItem, **{**WAITING, "item": "p-2"}, **put)


def test_papers_are_versions_and_nothing_is_overwritten() -> None:
    case = convened()
    case.do(m.PutItem, item="a", category="other", title="x")
    paper: dict[str, Any] = {"item": "a", "name": "資料1.pdf", "sha256": SHA, "size": 3}
    case.refused("nothing-to-replace", m.PutPaper, **paper, as_="replacement")
    case.do(m.PutPaper, **paper)
    assert not case.do(m.PutPaper, **paper)
    case.do(m.PutPaper, **{**paper, "sha256": "b" * 64}, as_="replacement")
    case.do(m.PutPaper, **{**paper, "name": "席上.pdf"}, as_="handout")
    found = [(p.name, p.version, p.kind) for p in case.state.items["a"].papers]
    assert found == [("資料1.pdf", 1, "paper"), ("資料1.pdf", 2, "replacement"), ("席上.pdf", 1, "handout")]
    case.do(m.RecordBriefing, on=DAY, text="市長レク")
    opinion: dict[str, Any] = {"item": "a", "source": "官民データ活用推進会議", "text": "x"}
    case.refused("treatment-unreasoned", m.ObtainOpinion, **opinion, treatment="not_adopted")
    case.do(m.ObtainOpinion, **opinion, treatment="not_adopted", because="費用が見合わない")
    assert case.state.items["a"].opinions == 1 and case.state.briefings == 1


def test_who_sits_and_who_may_preside() -> None:
    case = convened()
    case.refused("not-yet-the-day", m.TakeAttendance, present=everybody(case), presiding=MAYOR)
    case.now = SITS
    case.refused("not-a-member", m.TakeAttendance, present=["p-drafter"], presiding="p-drafter")
    case.refused("cannot-preside", m.TakeAttendance, present=[DEPUTY, "p-director"], presiding="p-director")
    case.refused("cannot-preside", m.TakeAttendance, present=[DEPUTY], presiding=MAYOR)
    case.do(m.TakeAttendance, present=[DEPUTY], presiding=DEPUTY, guests=["スマートシティ・アドバイザー"])
    assert not case.state.quorum
    case.do(m.PutItem, item="a", category="other", title="x")
    case.refused("no-quorum", m.ConcludeItem, item="a", conclusion="noted")
    case.do(m.TakeAttendance, present=everybody(case), presiding=DEPUTY)
    assert case.state.quorum


def test_without_a_quorum_there_is_still_a_way_out() -> None:
    case = sitting({"item": "a", "category": "other"}, WAITING)
    case.do(m.TakeAttendance, present=[MAYOR], presiding=MAYOR)
    case.do(m.ConcludeItem, item="a", conclusion="held")
    case.do(m.ConcludeItem, item="p-1", conclusion="held")
    case.do(m.CloseSession)
    assert [e for e in case.plan().effects if e.kind == "instruct"] == []
    other = sitting({"item": "a", "category": "other"})
    other.do(m.TakeAttendance, present=[MAYOR], presiding=MAYOR)
    other.do(m.CancelSession, reason="定足数に足りないため")
    assert other.kind.closed(other.state)
    third = sitting({"item": "a", "category": "other"})
    third.do(m.ConcludeItem, item="a", conclusion="noted")
    third.refused("items-concluded", m.CancelSession, reason="x")


def test_who_has_an_interest_neither_counts_nor_votes_nor_presides() -> None:
    case = sitting(WAITING)
    case.refused("not-a-member", m.RecuseFromItem, item="p-1", person="p-drafter", reason="x")
    case.refused("not-secretariat", m.RecuseFromItem, person("director"), item="p-1", person=MAYOR, reason="x")
    case.do(m.RecuseFromItem, person("director"), item="p-1", person="p-director", reason="親族の会社")
    assert not case.do(m.RecuseFromItem, person("director"), item="p-1", person="p-director", reason="x")
    votes = dict.fromkeys(everybody(case), "yes")
    wrong = case.refused("votes-incomplete", m.ConcludeItem, item="p-1", conclusion="endorsed", way="vote", votes=votes)
    assert [p.field for p in wrong.problems] == ["votes.p-director"]
    case.do(m.RecuseFromItem, item="p-1", person=MAYOR, reason="x")
    del votes["p-director"], votes[MAYOR]
    case.refused("presiding-recused", m.ConcludeItem, item="p-1", conclusion="endorsed", way="vote", votes=votes)
    case.do(m.TakeAttendance, present=everybody(case), presiding=DEPUTY)
    case.do(m.ConcludeItem, item="p-1", conclusion="endorsed", way="vote", votes=votes)
    assert case.state.items["p-1"].present == tuple(votes)
    case.refused("concluded-already", m.PutItem, category="proposal", title="x", **WAITING)


def test_a_conclusion_fits_its_item_and_its_votes() -> None:
    case = sitting(WAITING, SELECTION)
    people = everybody(case)
    split = {p: "yes" if n < len(people) // 2 else "no" for n, p in enumerate(people)}

    def refused(rule: str, conclusion: str, **more: Any) -> None:
        case.refused(rule, m.ConcludeItem, **{"item": "p-1", "conclusion": conclusion, **more})

    refused("conclusion-unfit", "selected")
    refused("conclusion-unfit", "endorsed", item="s-1")
    refused("conclusion-unfit", "review")
    refused("conclusion-unfit", "expansion")
    refused("conclusion-unfit", "sent_back", reason="x", back_to="nosuch")
    refused("conclusion-unfit", "conditions", conditions=[{"text": "x", "before": "nosuch"}])
    refused("conclusion-unfit", "conditions")
    refused("conclusion-unfit", "sent_back")
    refused("consensus-with-votes", "endorsed", votes={MAYOR: "yes"})
    refused("votes-say-otherwise", "endorsed", way="vote", votes=split)
    refused("votes-incomplete", "endorsed", way="vote", votes={MAYOR: "yes"})
    case.do(
        m.ConcludeItem,
        item="p-1",
        conclusion="not_endorsed",
        way="vote",
        votes=split,
        reason="費用",
        dissent=[{"person": people[0], "text": "進めるべき"}],
    )
    case.do(
        m.ConcludeItem, item="p-1", conclusion="endorsed", reason="聞き違い"
    )  # until the closing an entry may be corrected
    assert case.state.items["p-1"].conclusion == "endorsed" and not case.state.items["p-1"].votes
    case.do(m.ConcludeItem, item="s-1", conclusion="selected")


def voted(case: Body, item: str, **ballots: str) -> None:
    for who, ballot in ballots.items():
        case.do(m.CastVote, person(who.replace("_", "-")), item=item, ballot=ballot)


def test_by_circulation_members_vote_by_themselves_and_nobody_votes_for_them() -> None:
    case = convened(circulation=True)
    case.do(m.PutItem, item="a", category="other", title="x")
    case.refused("may-not-vote", m.CastVote, person("drafter"), item="a", ballot="yes")
    case.refused("circulation-without-attendance", m.TakeAttendance, present=everybody(case), presiding=MAYOR)
    voted(case, "a", **{p.removeprefix("p-"): "no" for p in everybody(case) if p != "p-director"})
    yes = dict.fromkeys(everybody(case), "yes")
    case.refused("votes-are-their-own", m.ConcludeItem, item="a", conclusion="endorsed", way="vote", votes=yes)
    case.refused("still-voting", m.ConcludeItem, item="a", conclusion="endorsed")
    case.now = datetime(2026, 4, 10, 12, 0, tzinfo=UTC)
    case.refused("voting-over", m.CastVote, person("director"), item="a", ballot="yes")
    case.refused("votes-say-otherwise", m.ConcludeItem, item="a", conclusion="endorsed")
    case.do(m.ConcludeItem, item="a", conclusion="not_endorsed", reason="反対多数")
    assert case.state.items["a"].way == "vote" and "p-director" not in case.state.items["a"].present
    case.do(m.CloseSession)
    assert set(case.state.present) == set(everybody(case)) - {"p-director"} and case.state.presiding == MAYOR
    case.do(m.WriteMinutes, text="書面による")
    case.refused("was-not-present", m.ConfirmMinutes, person("director"), version=1)
    for member in case.state.present:
        case.do(m.ConfirmMinutes, person(member.removeprefix("p-")), version=1)
    case.do(m.FinaliseMinutes)
    sitting({"item": "a", "category": "other"}).refused(
        "not-a-circulation", m.CastVote, person("director"), item="a", ballot="yes"
    )


def test_nobody_has_voted_and_nothing_is_concluded() -> None:
    case = convened(circulation=True)
    case.refused("not-sitting", m.CloseSession)
    case.do(m.PutItem, item="a", category="other", title="x")
    case.now = datetime(2026, 4, 10, 12, 0, tzinfo=UTC)
    case.refused("no-quorum", m.ConcludeItem, item="a", conclusion="endorsed")
    case.do(m.ConcludeItem, item="a", conclusion="held")
    case.do(m.CloseSession)
    meeting = convened()
    meeting.do(m.PutItem, item="a", category="other", title="x")
    meeting.refused("not-sitting", m.ConcludeItem, item="a", conclusion="noted")


def test_what_was_voted_on_stays_what_it_was() -> None:
    case = convened(circulation=True)
    put: dict[str, Any] = {"category": "proposal", "title": "x"}
    case.do(m.PutItem, **WAITING, **put)
    voted(case, "p-1", mayor="yes")
    case.refused("votes-cast", m.PutItem, **{**WAITING, "lifecycle": "life-2", "request": "r-2"}, **put)
    papers = convened()
    papers.do(m.PutItem, **WAITING, **put)
    papers.do(m.PutPaper, item="p-1", name="x.pdf", sha256=SHA, size=1)
    papers.refused("matter-swapped", m.PutItem, **{**WAITING, "lifecycle": "life-2", "request": "r-2"}, **put)
    papers.do(m.PutItem, **{**WAITING, "seen": "h2"}, **put)
    assert papers.state.items["p-1"].papers


def test_a_vote_given_before_the_recusal_falls_away() -> None:
    case = convened(circulation=True)
    case.do(m.PutItem, item="a", category="other", title="x")
    voted(case, "a", **{p.removeprefix("p-"): "yes" for p in everybody(case)})
    case.do(m.RecuseFromItem, person("director"), item="a", person="p-director", reason="親族の会社")
    case.do(m.ConcludeItem, item="a", conclusion="endorsed")
    assert "p-director" not in case.state.items["a"].votes


def test_who_joined_after_the_notice_votes_and_counts() -> None:
    case = convened(circulation=True)
    case.do(m.PutItem, item="a", category="other", title="x")
    before = case.state.members
    here = case.facts.directory
    post = Post(id="new-director", title=Text(ja="n", en="n"), role="bureau_director", unit="finance-bureau")
    people = here.model_copy(
        update={
            "posts": (*here.posts, post),
            "tenures": (*here.tenures, Tenure(person="p-stranger", post="new-director", since=START.date())),
        }
    )
    case.facts = case.facts.model_copy(update={"directory": people})
    assert "p-stranger" not in {s.person for s in before}
    voted(case, "a", **{p.removeprefix("p-"): "yes" for p in everybody(case)})
    case.do(m.ConcludeItem, item="a", conclusion="endorsed")
    assert "p-stranger" in case.state.items["a"].present


def test_closing_carries_every_conclusion_to_where_it_belongs() -> None:
    case = sitting(
        WAITING,
        {"item": "m-1", "category": "evaluation", "lifecycle": "life-2"},
        SELECTION,
        {"item": "o-1", "category": "other"},
        {"item": "h-1", "category": "progress", "lifecycle": "life-2"},
    )
    case.do(m.ConcludeItem, item="p-1", conclusion="conditions", conditions=[{"text": "費用を示す"}])
    case.do(m.ConcludeItem, item="m-1", conclusion="review")
    case.do(m.ConcludeItem, item="s-1", conclusion="selected")
    case.do(m.ConcludeItem, item="o-1", conclusion="noted")
    case.refused("items-unconcluded", m.CloseSession)
    case.do(m.ConcludeItem, item="h-1", conclusion="held")
    case.do(m.CloseSession)
    effects = [e for e in case.plan().effects if e.kind == "instruct"]
    assert [e.key for e in effects] == ["carry/p-1/0", "carry/m-1/0", "carry/s-1/0"]
    made = [dict(e.command or {}) for e in effects]
    for fields in made:
        del fields["kind"]
    assert [f.pop("type") for f in made] == ["CarryConclusion", "CarryConclusion", "ConcludeSelection"]
    answer, review, chosen = CarryConclusion(**made[0]), CarryConclusion(**made[1]), ConcludeSelection(**made[2])
    assert (answer.effect, answer.decision, answer.request, answer.seen) == ("answer", "conditions", "r-1", "h")
    assert (answer.presided, answer.post, answer.conditions[0].text) == (MAYOR, "mayor", "費用を示す")
    assert review.effect == "review" and chosen.session == case.stream and chosen.seen == "laid"
    assert not chosen.reasoned and answer.quotes is None
    case.refused("session-phase", m.ConcludeItem, item="h-1", conclusion="noted")
    case.refused("session-phase", m.CancelSession, reason="x")


def test_a_conclusion_that_is_refused_comes_back_by_name_and_can_be_carried_again() -> None:
    case = sitting(WAITING)
    case.do(m.ConcludeItem, item="p-1", conclusion="endorsed")
    case.do(m.CloseSession)
    case.refused("no-exception", m.SettleException, item="p-1", again=True, text="x")
    assert case.kind.turned_down(case.stream, "announce-1", NO) is None
    note = case.kind.turned_down(case.stream, "carry/p-1/0", NO)
    assert isinstance(note, m.NoteCarryRefusal) and note.item == "p-1"
    case.do(m.NoteCarryRefusal, SYSTEM, **note.model_dump(exclude={"command_id", "stream"}))
    assert case.kind.view(case.state).rows["session_items"][0]["exception"] == "x"
    assert not case.kind.closed(case.state)
    at = len(case.log)
    case.do(m.SettleException, item="p-1", again=True, text="起案が戻った")
    assert [e.key for e in case.plan(at).effects if e.kind == "instruct"] == ["carry/p-1/1"]


def test_an_entry_that_was_refused_is_corrected_and_carried_again() -> None:
    case = sitting(WAITING)
    case.do(m.ConcludeItem, item="p-1", conclusion="endorsed")
    case.do(m.CloseSession)
    case.do(m.NoteCarryRefusal, SYSTEM, item="p-1", rule="x", message=NO.message, remedy=NO.remedy)
    right = {"conclusion": "sent_back", "back_to": "analysis"}
    case.refused("corrected-for-nothing", m.SettleException, item="p-1", again=False, text="x", corrected=right)
    case.refused(
        "conclusion-unfit", m.SettleException, item="p-1", again=True, text="x", corrected={"conclusion": "expansion"}
    )
    at = len(case.log)
    case.do(m.SettleException, item="p-1", again=True, text="記入誤り", corrected=right)
    (effect,) = [e for e in case.plan(at).effects if e.kind == "instruct"]
    assert effect.command is not None
    assert (effect.command["decision"], effect.command["back_to"]) == ("return", "analysis")


def test_a_reason_goes_on_only_where_the_item_is_public_and_never_through_the_plan() -> None:
    case = sitting(WAITING, {"item": "q", "lifecycle": "life-2", "request": "r-2", "public": False})
    for item in ("p-1", "q"):
        case.do(m.ConcludeItem, item=item, conclusion="sent_back", reason="費用の根拠が足りない")
    case.do(m.CloseSession)
    commands = [e.command for e in case.plan().effects if e.command]
    assert [bool(c["quotes"]) for c in commands] == [True, False]
    assert "費用の根拠" not in str(commands)
    quote = commands[0]["quotes"]
    assert (quote["stream"], quote["into"]) == (case.stream, "comment")
    event = next(r.event for r in case.log if r.version == quote["version"])
    assert isinstance(event, m.ItemConcluded) and event.item == "p-1"


def test_closing_drafts_the_decision_that_the_rules_ask_for() -> None:
    case = sitting(SELECTION, {"item": "o", "category": "policy"}, {"item": "n", "category": "policy"})
    case.do(m.ConcludeItem, item="s-1", conclusion="selected")
    case.do(m.ConcludeItem, item="o", conclusion="endorsed")
    case.do(m.ConcludeItem, item="n", conclusion="held")
    case.do(m.CloseSession)
    assert set(case.state.decisions) == {"s-1", "o"}
    drafted = case.state.decisions["o"]
    assert "了承" in drafted.text and drafted.due_at > case.now
    (effect,) = [e for e in case.plan().effects if e.kind == "instruct"]
    assert effect.command is not None and effect.command["document"] == case.state.decisions["s-1"].document
    fields: dict[str, Any] = {"item": "o", "number": "総第12号", "decided_on": case.now.date(), "post": "mayor"}
    case.refused("no-decision-drafted", m.EnterDecision, **{**fields, "item": "n"})
    case.refused("not-secretariat", m.EnterDecision, person("stranger"), **fields)
    case.refused("decided-on-unfit", m.EnterDecision, **{**fields, "decided_on": date(2026, 4, 9)})
    case.refused("matter-unknown", m.EnterDecision, **{**fields, "post": "nobody"})
    case.do(m.EnterDecision, **fields)
    case.refused("no-decision-drafted", m.EnterDecision, **fields)
    assert case.state.decisions["o"].number == "総第12号"


def test_others_see_of_a_non_public_item_only_that_there_is_one() -> None:
    case = sitting({"item": "a", "category": "other", "title": "懲戒の件", "public": False}, WAITING)
    case.do(m.PutItem, item="gone", category="other", title="取りやめた件", public=False)
    case.do(m.TakeItemOff, item="gone", reason="x")
    case.do(m.ConcludeItem, item="a", conclusion="noted", reason="x")
    here, day = case.facts.directory, local_day(case.now)
    assert sees_all(case.state, MAYOR, here, day) and sees_all(case.state, OFFICE.person, here, day)
    assert not sees_all(case.state, "p-drafter", here, day) and not sees_all(case.state, None, here, day)
    shown = veiled(case.state)
    ever = ever_withheld([r.event for r in case.log])
    lines = [public_line(shown, r.event, ever) for r in case.log]
    for secret in ("懲戒の件", "取りやめた件"):
        assert secret not in shown.model_dump_json() and secret not in str(lines)
    assert shown.items["a"].conclusion is None and shown.items["p-1"] == case.state.items["p-1"]
    said = {r.version: r.event for r in case.log}
    assert {said[v].type for v, _ in readable(case.state, case.log, True)} == {"ItemConcluded"}
    assert not readable(case.state, case.log, False), "nobody else finds what was said of it"


def test_instructions_have_a_due_date_and_an_answer() -> None:
    case = sitting()
    fields: dict[str, Any] = {
        "about": "planning",
        "lifecycle": "life-1",
        "post": "child-chief",
        "text": "検討すること",
        "due": "令和8年5月8日",
    }
    case.refused("matter-unknown", m.GiveInstruction, **{**fields, "post": "nobody"})
    case.refused("due-past", m.GiveInstruction, **{**fields, "due": date(2026, 4, 1) - timedelta(days=1)})
    case.do(m.GiveInstruction, **fields)
    (key,) = case.state.instructions
    case.do(m.CloseSession)
    case.refused("not-due-yet", m.RemindOfInstructions, SYSTEM, instruction=key)
    case.tick()
    assert case.state.instructions[key].reminded and case.kind.next_due(case.state) is None
    case.refused("not-your-post", m.AnswerInstruction, person("stranger"), instruction=key, text="x")
    at = len(case.log)
    case.do(m.GiveInstruction, **{**fields, "post": "mayor", "due": date(2026, 6, 8)})
    (mayor,) = set(case.state.instructions) - {key}
    assert at < len(case.log)
    case.refused("not-your-post", m.AnswerInstruction, person("drafter"), instruction=mayor, text="x")
    case.do(m.AnswerInstruction, person("mayor"), instruction=mayor, text="答える")
    case.do(m.AnswerInstruction, person("drafter"), instruction=key, text="検討した")
    case.refused("instruction-not-open", m.AnswerInstruction, person("chief"), instruction=key, text="x")


def test_minutes_go_from_draft_to_final_and_are_corrected_beside() -> None:
    case = sitting()
    case.do(m.CloseSession)
    case.refused("minutes-unconfirmed", m.FinaliseMinutes)
    case.do(m.WriteMinutes, text="要旨", closed_part="非公開の審議")
    case.refused("was-not-present", m.ConfirmMinutes, person("drafter"), version=1)
    case.refused("minutes-moved-on", m.ConfirmMinutes, person("mayor"), version=2)
    case.do(m.ConfirmMinutes, person("mayor"), version=1)
    assert not case.do(m.ConfirmMinutes, person("mayor"), version=1)
    case.refused("minutes-unconfirmed", m.FinaliseMinutes)
    for member in everybody(case)[1:]:
        case.do(m.ConfirmMinutes, person(member.removeprefix("p-")), version=1)
    assert not readable(case.state, case.log, False)
    case.do(m.FinaliseMinutes)
    assert [field for _, field in readable(case.state, case.log, False)] == ["text"]
    assert [field for _, field in readable(case.state, case.log, True)] == ["text", "closed_part"]
    assert case.kind.closed(case.state) and case.state.final == 1
    (event,) = case.do(m.WriteMinutes, text="誤字の訂正")
    assert isinstance(event, m.MinutesDrafted) and event.correction and case.state.final == 1


def test_a_session_that_does_not_take_place() -> None:
    case = convened()
    case.do(m.CancelSession, reason="台風")
    assert case.kind.closed(case.state)
    case.refused("session-phase", m.PutItem, item="a", category="other", title="x")


@given(st.integers(0, 40), st.integers(0, 40), st.decimals(0, "0.99", places=2))
def test_a_quorum_is_more_than_its_share_and_more_people_never_lose_it(present: int, members: int, share: Any) -> None:
    body: Rules = rules().body("council").model_copy(update={"quorum": share})
    met = quorum_met(body, present, members)
    assert met == (members > 0 and present > share * members)
    assert not met or quorum_met(body, present + 1, members)


@given(st.sets(st.sampled_from(["p-director", "p-health-director", "p-school-director", "p-deputy", "p-manager"])))
def test_the_recused_never_take_part_in_a_conclusion(recused: set[str]) -> None:
    case = sitting(WAITING)
    for member in sorted(recused):
        case.do(m.RecuseFromItem, item="p-1", person=member, reason="x")
    try:
        case.do(m.ConcludeItem, item="p-1", conclusion="endorsed")
    except Refused as no:
        assert no.refusal.rule == "no-quorum"
        return
    assert not recused & set(case.state.items["p-1"].present)


def test_a_number_taken_by_hand_is_not_taken_again_and_nothing_is_missed_silently() -> None:
    case = Body(RhythmKind(), "rhythm:monitoring", facts())
    case.do(SetRhythm, body="monitoring")
    at = len(case.log)
    case.tick()
    (effect,) = case.plan(at).effects
    assert effect.command is not None and effect.command["number"] == 1

    def refused(rule: str, key: str) -> int:
        note = case.kind.turned_down(case.stream, key, NO.model_copy(update={"rule": rule}))
        assert note is not None
        before = len(case.log)
        case.do(type(note), SYSTEM, **note.model_dump(exclude={"command_id", "stream"}))
        return before

    (again,) = case.plan(refused("session-exists", effect.key)).effects
    assert again.command is not None and again.command["number"] == 2
    assert again.command["stream"] == str(effect.command["stream"]).replace("-1", "-2")
    refused("chair-vacant", again.key)
    assert [e.rule for e in case.state.missed] == ["chair-vacant"]
    assert [n.person for n in case.kind.notices(case.state, case.log[-1])] == [OFFICE.person]
    case.tick()
    assert case.log[-1].event.type == "MeetingPlanned" and case.state.planned == {2026: 3}


def test_whoever_wakes_late_holds_the_meeting_later_and_says_so() -> None:
    case = Body(RhythmKind(), "rhythm:monitoring", facts())
    case.now = datetime(2026, 5, 19, 1, 0, tzinfo=UTC)  # the day before one of its days: too near for a notice
    case.do(SetRhythm, body="monitoring")
    assert case.state.next_on == date(2026, 9, 10)
    case.now = datetime(2026, 9, 9, 1, 0, tzinfo=UTC)  # nothing woke it for a fortnight
    at = len(case.log)
    case.tick()
    (effect,) = case.plan(at).effects
    assert effect.command is not None and date.fromisoformat(effect.command["held_on"]) > date(2026, 9, 11)
    case.now += timedelta(days=7)
    note = case.kind.turned_down(case.stream, effect.key, NO.model_copy(update={"rule": "notice-too-short"}))
    assert note is not None
    case.do(type(note), SYSTEM, **note.model_dump(exclude={"command_id", "stream"}))
    assert case.log[-1].event.type == "MeetingPostponed" and not case.state.missed
    assert [n.person for n in case.kind.notices(case.state, case.log[-1])] == [OFFICE.person]
    (again,) = case.plan(len(case.log) - 1).effects
    assert again.command is not None and again.key != effect.key


def test_a_body_meets_in_its_rhythm_on_working_days() -> None:
    case = Body(RhythmKind(), "rhythm:monitoring", facts())
    case.refused("not-secretariat", SetRhythm, person("drafter"), body="monitoring")
    still = [{**b.model_dump(), "rhythm": []} for b in rules().bodies]
    case.under(rules(bodies=still))
    case.refused("no-rhythm", SetRhythm, body="monitoring")
    case.under(rules())
    case.do(SetRhythm, body="monitoring")
    days = []
    for _ in range(7):
        at = len(case.log)
        case.tick()
        (effect,) = case.plan(at).effects
        command = m.ConveneSession.model_validate(
            {k: v for k, v in (effect.command or {}).items() if k not in ("kind", "type")}
        )
        assert case.facts.calendar.is_working(command.held_on)
        assert command.held_on > local_day(case.now)
        days.append((command.stream, command.held_on.isoformat()))
    assert days[:4] == [
        ("monitoring:2026-1", "2026-05-20"),
        ("monitoring:2026-2", "2026-09-10"),
        ("monitoring:2026-3", "2027-01-20"),
        ("monitoring:2027-1", "2027-05-20"),
    ]
    assert len(set(days)) == 7 and case.now > START


@pytest.mark.parametrize("words", [CONCLUSIONS, CATEGORIES])
def test_words_are_in_both_languages(words: dict[str, Text]) -> None:
    assert all(t.ja.strip() and t.en.isascii() for t in words.values())
