"""The rules of the bodies as a stream: published like a process definition, so that rounds and sessions rest on what the city
has laid down and never on what somebody sends. What was published last holds for whatever begins from then on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import ClassVar

from domain.bodies import BodyRules
from domain.calendar import local_day
from domain.directory import Directory
from domain.duties import has_duty
from domain.facts import Facts
from domain.kinds import Quiet
from domain.lifecycle.authority import known_person
from domain.messages import Actor, Command, Display, Event, Frozen, Plan, Recorded, refuse

STREAM = "bodies"


class PublishRules(Command):
    """Lay down a version of the rules: the engine (those that ship), or somebody of the headquarters or above it."""

    type = "PublishRules"
    kind: ClassVar[str] = "rules"
    system_may = True
    rules: BodyRules


class RulesPublished(Event):
    type = "RulesPublished"
    rules: BodyRules
    digest: str


class RulesState(Frozen):
    """`published`: every version by its reference, oldest first."""

    stream: str
    published: dict[str, BodyRules] = {}

    @property
    def title(self) -> str:
        return next(reversed(self.published), "")

    def find(self, reference: str = "") -> BodyRules | None:
        """A version by its reference (`name@version`); without one, what was published last."""
        return self.published.get(reference or self.title)


def digest(rules: BodyRules) -> str:
    """sha256 of the canonical JSON of the rules."""
    text = json.dumps(rules.model_dump(mode="json"), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


class RulesKind(Quiet[RulesState]):
    name = "rules"
    fold_version = 1
    workflow: str | None = None
    commands: Mapping[str, type[Command]] = {PublishRules.type: PublishRules}
    events: Mapping[str, type[Event]] = {RulesPublished.type: RulesPublished}
    state_type = RulesState

    def initial(self, stream: str) -> RulesState:
        return RulesState(stream=stream)

    def decide(self, state: RulesState, command: Command, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
        assert isinstance(command, PublishRules)
        rules = command.rules
        if command.stream != STREAM:
            raise refuse(
                "rules-stream",
                f"規程は {STREAM} に公開します",
                f"rules belong to the stream {STREAM!r}",
                remedy_ja="stream を直してください",
                remedy_en="correct the stream",
            )
        if not actor.is_system:
            _require_headquarters(state, known_person(actor, facts), facts, now)
        _require_units(rules, facts)
        known = state.published.get(rules.reference)
        if known == rules:
            return []
        newest = max((r.version for r in state.published.values() if r.name == rules.name), default=0)
        if rules.version <= newest:
            raise refuse(
                "rules-version-taken",
                f"{rules.reference} は別の内容で公開済みか、より新しい版があります",
                f"{rules.reference} has been published with other content, or a newer version exists",
                remedy_ja=f"version を {newest + 1} にしてください",
                remedy_en=f"set version to {newest + 1}",
            )
        return [RulesPublished(rules=rules, digest=digest(rules))]

    def evolve(self, state: RulesState, recorded: Recorded) -> RulesState:
        event = recorded.event
        assert isinstance(event, RulesPublished)
        return state.model_copy(update={"published": {**state.published, event.rules.reference: event.rules}})

    def react(self, state: RulesState, fresh: Sequence[Recorded], facts: Facts) -> Plan:
        to = fresh[-1].version if fresh else 0
        return Plan(to=to, display=Display(summary=state.title, details="", attributes={}))


def may_lay_down(held: BodyRules | None, person: str, directory: Directory, day: date) -> bool:
    """By the rules that hold: whoever has a post in the secretariat's unit or in one above it. Nobody makes themselves that.

    Where no rules hold yet, or their secretariat is no unit of this city: whoever looks after the process definitions.
    """
    if held is None or directory.unit(held.secretariat) is None:
        return has_duty(person, "processes", directory, day)
    return not directory.own_units_of(person, day).isdisjoint(directory.lineage(held.secretariat))


def _require_headquarters(state: RulesState, person: str, facts: Facts, now: datetime) -> None:
    may = may_lay_down(state.find(), person, facts.directory, local_day(now))
    if not may:
        raise refuse(
            "not-headquarters",
            f"規程を定めるのは事務局とその上の組織です({person} はその職にありません)",
            f"the rules are laid down by the secretariat and the units above it; {person} holds no post there",
            remedy_ja="事務局か本部の職員が公開してください(初めての規程は、プロセス定義を扱う組織の職員)",
            remedy_en="let someone of the secretariat or the headquarters publish them (the first rules: who looks after processes)",
        )


def _require_units(rules: BodyRules, facts: Facts) -> None:
    if facts.directory.units and facts.directory.unit(rules.secretariat) is None:
        raise refuse(
            "unit-unknown",
            f"secretariat: {rules.secretariat} は名簿にない組織です",
            f"secretariat: {rules.secretariat!r} is no unit of the directory",
            remedy_ja="組織IDを確かめてください",
            remedy_en="check the id of the unit",
        )


def required(facts: Facts, asked: str) -> BodyRules:
    """The published rules that a round or a session begins with. Raises `Refused` when there are none by that reference."""
    if facts.rules is None:
        raise refuse(
            "rules-unknown",
            f"rules: {asked or '規程'} は公開されていません",
            f"rules: {asked or 'none'}: not published",
            remedy_ja="`./taskforce council rules` で確かめ、`./taskforce council rules FILE` で公開してください",
            remedy_en="see `./taskforce council rules`; publish some with `./taskforce council rules FILE`",
        )
    return facts.rules
