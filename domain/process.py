"""The process definition: a lifecycle's stages, gates and outcomes as a validated, versioned document.

A city changes its process by publishing another document, not by touching code. `definitions/himeji.yaml` ships as default.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal

from pydantic import Field, model_validator

from domain.calendar import Span
from domain.messages import Frozen, Misfit, Text

REOPENING = "reopening"
"""Key of the piece of work that decides whether a closed lifecycle is reopened."""
UnitRef = Literal["owner", "headquarters", "finance", "city", "departments"]
"""Where a role is looked for: the lifecycle's own section (and above it), the digital headquarters, the finance section,
the city's top, or each member department (one request for each: 合議)."""


class PostRef(Frozen):
    """A post by its role, relative to the lifecycle; resolved to a post of the directory when a gate opens."""

    role: str
    unit: UnitRef = "owner"


class Step(Frozen):
    """One step of a route: who must agree. Several posts are asked at once; `need` says how many must agree."""

    key: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: Text
    posts: tuple[PostRef, ...] = Field(min_length=1)
    need: int | Literal["all"] = "all"
    due: Span
    remind_before: Span | None = None
    escalate_after: Span | None = None
    escalate_to: PostRef | None = None
    drafter_may_decide: bool = False
    """課長専決: the definition gives the drafter this authority. Otherwise nobody decides on what they drafted."""
    on_reject: Literal["return", "drop", "consult"] = "return"
    """What a refusal at this step means: back to the drafter (返付), the end of the matter (廃案), or, in a concurrence,
    consultation between the two (協議) and, unresolved, a decision of their common superior."""
    consult_within: Span | None = None
    """How long a consultation may last; without it five working days."""
    superior: PostRef | None = None
    """Who decides what a consultation leaves open; without it the nearest head of a unit above both (`heads`)."""
    covers: tuple[str, ...] = ()
    """The fields of the deliverable that this step agrees to: its agreement outlives a new version in which none of them
    changed. Empty: all of them, so that every new version is asked for again."""
    absence: Literal["deputy", "wait"] = "deputy"
    """Whether the next in order may decide while the post is absent (代決), or the matter waits."""
    coordinator_after: Span | None = None
    """So long after the due date the coordinator (庶務担当) of the section asked is told."""
    question_stops_clock: bool = False
    """While a question asked from this step is open, the due dates of the step stand still."""


class Delegation(Frozen):
    """専決: a standing delegation. When the deliverable meets it, the route ends with the step `ends_at`.

    `field` is a path into the deliverable (`amounts.asked`); an amount is met up to `at_most` yen, a kind when it is one of
    `one_of`.
    """

    ends_at: str
    field: str = Field(min_length=1)
    at_most: int | None = Field(default=None, ge=0)
    one_of: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one(self) -> Delegation:
        if (self.at_most is None) == (not self.one_of):
            raise Misfit(
                f"delegations.{self.ends_at}: at_most(金額)か one_of(種類)のどちらか一方を書いてください",
                f"delegations.{self.ends_at}: give either at_most (an amount) or one_of (kinds)",
            )
        return self


class Stage(Frozen):
    """One stage: the deliverable it asks for, by whom and until when, the gate it must pass, and where it leads."""

    key: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: Text
    phase: Literal["taskforce", "project"] = "taskforce"
    deliverable: str
    drafter: PostRef
    due: Span
    remind_before: Span | None = None
    gate: tuple[Step, ...] = Field(min_length=1)
    next: str | None = None
    send_back_to: tuple[str, ...] = ()
    repeats: bool = False
    """After its gate it is asked for again, period by period, until a review is opened (monitoring)."""
    decides_outcome: bool = False
    """The last step of its gate names an outcome (review)."""
    passes_when: tuple[str, ...] = ()
    """Names of checks that the last agreement of the gate must meet, see `domain/lifecycle/checks.py`."""
    inform: tuple[PostRef, ...] = ()
    """供覧: posts that get what the gate has agreed to, for information."""
    delegations: tuple[Delegation, ...] = ()
    """専決: the first that the deliverable meets shortens the route."""
    important: bool = False
    """Matters of this stage are important ones: decided in absence (代決) only on instruction or when urgent."""
    outside_decision: bool = False
    """Its decision may be made in the city's own document system and be entered here with number and date."""


class WindDownTask(Frozen):
    """Something that is to be done before an abolished lifecycle closes: by whom and until when."""

    key: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: Text
    owner: PostRef | None = None
    """Whose task it is; without it the drafter's of the wind-down."""
    due: Span | None = None
    """Within which it is to be done; without it that of the wind-down."""
    remind_before: Span | None = None


def _task(key: str, ja: str, en: str) -> WindDownTask:
    return WindDownTask(key=key, title=Text(ja=ja, en=en))


WIND_DOWN_TASKS: tuple[WindDownTask, ...] = (
    _task("notice", "利用者等への周知", "notice to users"),
    _task("data", "データの保存・消去", "retention or deletion of data"),
    _task("contracts", "契約の終了・解約", "contracts ended"),
    _task("assets", "資産・機器・アカウントの整理", "assets, devices and accounts"),
    _task("lessons", "得られた教訓の記録", "lessons learnt written down"),
)
"""What every wind-down asks for, unless the definition names its own tasks."""


class Outcome(Frozen):
    """A result of the review and what follows from it."""

    key: Literal["expansion", "improvement", "abolition", "continuation", "completion"]
    title: Text
    then: Literal["new_round", "same_round", "wind_down", "close"]
    stage: str | None = None
    """Where the lifecycle goes on; for improvement the council may name another of `stages`."""
    stages: tuple[str, ...] = ()


class ProcessDefinition(Frozen):
    """A whole process. `name@version` is its reference; a lifecycle pins the one it started with."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    version: int = Field(ge=1)
    title: Text
    stages: tuple[Stage, ...] = Field(min_length=1)
    outcomes: tuple[Outcome, ...] = Field(min_length=1)
    wind_down: Stage | None = None
    wind_down_tasks: tuple[WindDownTask, ...] | None = None
    """What is to be done one by one in a wind-down; without it `WIND_DOWN_TASKS`. An empty list asks for nothing."""
    max_rounds: int | None = Field(default=None, ge=1)
    """After so many rounds only a session of the council decides on another improvement; without it there is no limit."""
    reopening: Stage | None = None
    """How a closed lifecycle is reopened; without it, by the gate that decides the outcome."""
    question_due: Span | None = None
    """Within which the drafter answers a question; without it two working days."""
    merge_steps: bool = False
    """Steps of a route that meet in one person are decided at once, and the merge is recorded."""
    heads: tuple[str, ...] = ()
    """Roles that head a unit, lowest first: among their posts the common superior of a consultation is found."""
    units: dict[Literal["headquarters", "finance", "city"], str] = {}
    """Which unit of the directory is meant by each name; `owner` is the lifecycle's own section."""

    @model_validator(mode="after")
    def _consistent(self) -> ProcessDefinition:
        keys = [s.key for s in self.stages]
        if len(set(keys)) != len(keys):
            raise Misfit(
                "stages: 同じ key が2度あります。段階ごとに別の key にしてください",
                "stages: a key appears twice; give each stage its own key",
            )
        if REOPENING in keys or (self.reopening is not None and self.reopening.key != REOPENING):
            raise Misfit(
                f"reopening.key: {REOPENING!r} は再開だけの key です",
                f"reopening.key: {REOPENING!r} is the key of the reopening and of nothing else",
            )
        if self.wind_down is not None:
            if self.wind_down.key in (*keys, REOPENING):
                raise Misfit(
                    f"wind_down.key: {self.wind_down.key!r} は既に段階の key です。別の key にしてください",
                    f"wind_down.key: {self.wind_down.key!r} is a stage already; choose another key",
                )
            if self.wind_down.send_back_to:
                raise Misfit(
                    "wind_down.send_back_to: 廃止は差戻しでは取り消せません。消してください",
                    "wind_down.send_back_to: an abolition is not undone by sending back; leave it out",
                )
        _tasks_can_be_given(self.wind_down_tasks or (), self.wind_down)
        for stage in self.all_stages:
            _people_can_be_found(stage)
            _route_is_whole(stage, self.heads)
        for i, stage in enumerate(self.stages):
            if stage.decides_outcome and (stage.next is not None or stage.repeats):
                raise Misfit(
                    f"stages.{stage.key}: 結果を決める段階に `next` と `repeats` は書けません。消してください",
                    f"stages.{stage.key}: a stage that decides the outcome has neither `next` nor `repeats`; leave them out",
                )
            if stage.next is not None and stage.next not in keys:
                raise Misfit(
                    f"stages.{stage.key}.next: {stage.next!r} という段階はありません。{', '.join(keys)} のいずれかを書いてください",
                    f"stages.{stage.key}.next: {stage.next!r} is no stage; name one of {', '.join(keys)}",
                )
            if stage.next is None and not stage.decides_outcome:
                raise Misfit(
                    f"stages.{stage.key}.next: 次の段階がありません。道筋の終わりは結果を決める段階だけです",
                    f"stages.{stage.key}.next: missing; only a stage that decides the outcome ends the way",
                )
            for back in stage.send_back_to:
                if back not in keys[: i + 1]:
                    raise Misfit(
                        f"stages.{stage.key}.send_back_to: {back!r} はこの段階でも前の段階でもありません",
                        f"stages.{stage.key}.send_back_to: {back!r} is not this or an earlier stage",
                    )
        if not any(s.decides_outcome for s in self.stages):
            raise Misfit(
                "stages: 結果を決める段階がありません。再検討の段階に decides_outcome を付けてください",
                "stages: none decides the outcome; set decides_outcome on the review",
            )
        reached, todo = set(), [keys[0]]
        while todo:
            key = todo.pop()
            if key not in reached:
                reached.add(key)
                following = self.stage(key).next
                if following:
                    todo.append(following)
        if missing := [k for k in keys if k not in reached]:
            raise Misfit(
                f"stages: {keys[0]} から届かない段階があります: {', '.join(missing)}。`next` を直してください",
                f"stages: never reached from {keys[0]}: {', '.join(missing)}; correct `next`",
            )
        named = [o.key for o in self.outcomes]
        if len(set(named)) != len(named):
            raise Misfit("outcomes: 同じ key が2度あります", "outcomes: a key appears twice")
        for outcome in self.outcomes:
            for key in (*((outcome.stage,) if outcome.stage else ()), *outcome.stages):
                if key not in keys:
                    raise Misfit(
                        f"outcomes.{outcome.key}: {key!r} という段階はありません。{', '.join(keys)} のいずれかを書いてください",
                        f"outcomes.{outcome.key}: {key!r} is no stage; name one of {', '.join(keys)}",
                    )
            if outcome.stages and outcome.stage not in outcome.stages:
                raise Misfit(
                    f"outcomes.{outcome.key}.stage: {outcome.stage!r} が `stages` にありません。加えてください",
                    f"outcomes.{outcome.key}.stage: {outcome.stage!r} is not among its `stages`; add it",
                )
            if outcome.then in ("new_round", "same_round") and outcome.stage is None:
                raise Misfit(
                    f"outcomes.{outcome.key}.stage: ありません。どの段階から続けるかを書いてください",
                    f"outcomes.{outcome.key}.stage: missing; say where the lifecycle goes on",
                )
            if outcome.then == "wind_down" and self.wind_down is None:
                raise Misfit(
                    "wind_down: 廃止の整理を求める結果がありますが、その段階がありません。書いてください",
                    "wind_down: missing, but an outcome asks for it; describe the wind-down stage",
                )
        return self

    @property
    def reference(self) -> str:
        return f"{self.name}@{self.version}"

    @property
    def digest(self) -> str:
        """sha256 of the canonical JSON of the document, without what it leaves at a default that came later."""
        document = _without_later_defaults(self.model_dump(mode="json"))
        text = json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def all_stages(self) -> tuple[Stage, ...]:
        """The stages, and the wind-down and the reopening where the document has them."""
        return (*self.stages, *(s for s in (self.wind_down, self.reopening) if s is not None))

    def stage(self, key: str) -> Stage:
        """The stage (or the wind-down, or the reopening) with a key; KeyError if there is none."""
        if self.wind_down is not None and key == self.wind_down.key:
            return self.wind_down
        if key == REOPENING:
            return self.reopening or self._reopened_by_review
        for stage in self.stages:
            if stage.key == key:
                return stage
        raise KeyError(key)

    @property
    def _reopened_by_review(self) -> Stage:
        """Who decides how a lifecycle ends decides whether it goes on after all."""
        review = next(s for s in self.stages if s.decides_outcome)
        return review.model_copy(
            update={
                "key": REOPENING,
                "title": Text(ja="再開の決定", en="reopening"),
                "deliverable": REOPENING,
                "decides_outcome": False,
                "send_back_to": (),
                "passes_when": (),
            }
        )

    def outcome(self, key: str) -> Outcome | None:
        return next((o for o in self.outcomes if o.key == key), None)


_LATER: dict[str, Any] = {
    "question_stops_clock": False,
    "inform": [],
    "reopening": None,
    "question_due": None,
    "consult_within": None,
    "superior": None,
    "covers": [],
    "absence": "deputy",
    "coordinator_after": None,
    "delegations": [],
    "important": False,
    "outside_decision": False,
    "merge_steps": False,
    "wind_down_tasks": None,
    "max_rounds": None,
    "heads": [],
}
"""Fields that came after definitions had been published, with their defaults: digests published before stay what they were."""


def _without_later_defaults(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_later_defaults(v) for k, v in value.items() if not (k in _LATER and v == _LATER[k])}
    if isinstance(value, list):
        return [_without_later_defaults(v) for v in value]
    return value


def _route_is_whole(stage: Stage, heads: tuple[str, ...]) -> None:
    """Delegations end at a step that there is, consultations at somebody."""
    steps = [s.key for s in stage.gate]
    for delegation in stage.delegations:
        if delegation.ends_at not in steps:
            raise Misfit(
                f"stages.{stage.key}.delegations: {delegation.ends_at!r} という手順はありません。"
                f"{', '.join(steps)} のいずれかを書いてください",
                f"stages.{stage.key}.delegations: {delegation.ends_at!r} is no step of its gate; name one of {', '.join(steps)}",
            )
        if stage.decides_outcome:
            raise Misfit(
                f"stages.{stage.key}.delegations: 結果を決める手順は専決にできません。消してください",
                f"stages.{stage.key}.delegations: who decides the outcome cannot be left out; leave them out",
            )
    for step in stage.gate:
        where = f"stages.{stage.key}.gate.{step.key}"
        if step.on_reject == "consult" and step.superior is None and not heads:
            raise Misfit(
                f"{where}.superior: ありません。協議のあとに決める職を書くか、`heads` に職位を書いてください",
                f"{where}.superior: missing; name who decides after a consultation, or the roles in `heads`",
            )
        if step.superior is not None and step.superior.unit == "departments":
            raise Misfit(
                f"{where}.superior.unit: 'departments' は一つに定まりません。一つの組織を書いてください",
                f"{where}.superior.unit: 'departments' are several or none; name one unit",
            )


def _tasks_can_be_given(tasks: tuple[WindDownTask, ...], wind_down: Stage | None) -> None:
    """Each task once, to one post, and only where something is wound down."""
    keys = [t.key for t in tasks]
    if len(set(keys)) != len(keys):
        raise Misfit(
            "wind_down_tasks: 同じ key が2度あります。作業ごとに別の key にしてください",
            "wind_down_tasks: a key appears twice; give each task its own key",
        )
    if tasks and wind_down is None:
        raise Misfit(
            "wind_down_tasks: 廃止の整理がありません。`wind_down` を書くか、作業を消してください",
            "wind_down_tasks: there is no wind-down; describe it in `wind_down`, or leave the tasks out",
        )
    for task in tasks:
        if task.owner is not None and task.owner.unit == "departments":
            raise Misfit(
                f"wind_down_tasks.{task.key}.owner.unit: 'departments' は一つに定まりません。一つの組織を書いてください",
                f"wind_down_tasks.{task.key}.owner.unit: 'departments' are several or none; name one unit",
            )


def _people_can_be_found(stage: Stage) -> None:
    """One drafter and one superior each, a step's key once, and no more agreements needed than people asked."""
    if stage.drafter.unit == "departments":
        raise Misfit(
            f"stages.{stage.key}.drafter.unit: 'departments' は一つに定まりません。一つの組織を書いてください",
            f"stages.{stage.key}.drafter.unit: 'departments' are several or none; name one unit",
        )
    steps = [s.key for s in stage.gate]
    if len(set(steps)) != len(steps):
        raise Misfit(
            f"stages.{stage.key}.gate: 同じ key の手順が2度あります。手順ごとに別の key にしてください",
            f"stages.{stage.key}.gate: a step key appears twice; give each step its own key",
        )
    for step in stage.gate:
        where = f"stages.{stage.key}.gate.{step.key}"
        if step.escalate_to is not None and step.escalate_to.unit == "departments":
            raise Misfit(
                f"{where}.escalate_to.unit: 'departments' は一つに定まりません。一つの組織を書いてください",
                f"{where}.escalate_to.unit: 'departments' are several or none; name one unit",
            )
        many = any(p.unit == "departments" for p in step.posts)
        if isinstance(step.need, int) and (step.need < 1 or (not many and step.need > len(step.posts))):
            raise Misfit(
                f"{where}.need: {len(step.posts)} のうち {step.need} は満たせません。直してください",
                f"{where}.need: {step.need} of {len(step.posts)} cannot be met; correct it",
            )
