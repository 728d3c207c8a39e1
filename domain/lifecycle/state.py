"""What a lifecycle is now: the fold of its events. Holds what rules need, and no sealed text and no whole documents."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from domain.attachments import Attachment
from domain.calendar import local_day
from domain.deliverables.base import Evidence, Promise
from domain.feeds.messages import Terms
from domain.kpis.aim import Aim
from domain.kpis.stopping import CONTRADICTED_AFTER, Criterion, number
from domain.lifecycle.commands import Origin, Source
from domain.lifecycle.events import DocumentNumber, Extra, RequestKind, WindowAim
from domain.messages import Frozen, Text
from domain.money.benefits import Benefit

FOLD_VERSION = 12
Health = Literal["green", "amber", "red"]


class Fell(Frozen):
    """A request that was handed on is the post's own again. `left`: whoever handed it on left the post; `away`, `unable`: the deputy is
    away, or may not decide in their place any more; `recused`: either may not decide in the matter; `session`: the body decided."""

    why: Literal["left", "away", "unable", "recused", "session"]
    on: date


class Handed(Frozen):
    """代決の依頼: `by`, who holds the post asked, has handed the request on to `to`, a deputy who holds `to_post`."""

    to: str
    to_post: str
    by: str
    at: datetime
    fell: Fell | None = None
    """Once it is on record that it fell back; before that `deputising.fallen` says so."""


class Request(Frozen):
    """An open request."""

    id: str
    kind: RequestKind
    stage: str
    round: int
    step: str
    step_index: int
    title: Text
    post: str
    post_title: Text
    opened_at: datetime
    due_at: datetime
    remind_at: datetime | None = None
    escalate_at: datetime | None = None
    escalate_to: str | None = None
    reminded: bool = False
    overdue: bool = False
    escalated: bool = False
    coordinator_at: datetime | None = None
    coordinator: str | None = None
    coordinator_told: bool = False
    extra: Extra = ""
    about: str | None = None
    paused_at: datetime | None = None
    """Its clock stands since then, because of an open question (the definition says so)."""
    handed: Handed | None = None
    """As recorded; whether it holds today is `deputising.handed_on`."""


class Given(Frozen):
    """An answer given in the gate that is open now. `decision`: as answered, or `merged` or `overruled`."""

    request: str
    step: str
    post: str
    person: str
    decision: str
    at: datetime
    stands: str = "holder"
    """As what the person answered: as holder, for one who is absent (deputy), for a vacant post, … (`events.Stands`)."""


class Submission(Frozen):
    """The document in circulation, or the last one."""

    stage: str
    round: int
    version: int
    content_hash: str
    person: str
    at: datetime
    deliverable: str = ""
    """The form it was written in."""
    parts: dict[str, str] = {}
    """Hashes of the fields that steps of the route cover."""
    ends_at: str | None = None
    """The step with which a standing delegation (専決) ends the route."""


class Kpi(Aim):
    owner: str
    kind: str | None = None
    """outcome, cost, output or process, as its form says."""


class Reached(Frozen):
    """A stopping criterion that was met, or evidence that is contradicted. `opened`: a review has been opened since. `holds`: false
    once a correction has taken its ground; the review goes on, and people decide."""

    key: str
    basis: Literal["stopping", "contradiction"]
    kpi: str
    words: Text
    opened: bool = False
    holds: bool = True


class Figure(Frozen):
    """An amount in yen and the day on which it reached its state; no day for what was told of the past."""

    amount: int
    on: date | None = None


class BudgetLine(Frozen):
    """What was asked for in one window, and what became of it: the state's name -> its amount. No state takes another's place."""

    figures: dict[str, Figure] = {}
    bill: str = ""
    public_on: date | None = None
    """The bill is not public before this day."""

    def amount(self, state: str) -> int | None:
        return self.figures[state].amount if state in self.figures else None


class Budget(Frozen):
    """A fiscal year's amounts in yen, each state by itself: the sums over its windows (`lines`)."""

    asked: int | None = None
    assessed_section: int | None = None
    assessed_bureau: int | None = None
    assessed_mayor: int | None = None
    indicated: int | None = None
    appealed: int | None = None
    restored: int | None = None
    billed: int | None = None
    voted: int | None = None
    allotted: int | None = None
    executed: int | None = None
    settled: int | None = None
    lines: dict[str, BudgetLine] = {}


class Aiming(Frozen):
    """The window aimed at, and what was said of it."""

    at: WindowAim
    chosen: bool = False
    """A person named it; otherwise it is the first that can be reached."""
    warned: bool = False
    handed_in: bool = False


class Cut(Frozen):
    """An amount below what the small start needs: back to the proposal at `return_at`, unless restoration is asked for before."""

    fiscal_year: int
    window: str
    amount: int
    floor: int
    return_at: datetime | None
    appealed: bool = False


class Commitment(Frozen):
    """Money over years. `kind`: debt_burden (債務負担行為), continuing (継続費), long_term (長期継続契約)."""

    key: str
    kind: str
    title: str
    from_year: int
    to_year: int
    limit: int | None
    voted_on: date | None
    rests_on: str
    """The bill, or the by-law."""


class CarryOver(Frozen):
    """An amount carried into the next fiscal year. `kind`: approved (繰越明許費), accident (事故繰越し)."""

    kind: str
    from_year: int
    amount: int
    on: date


class Procurement(Frozen):
    """What is bought, how, and how far it has come. `steps`: the step's name -> its day."""

    key: str
    title: str
    method: str
    bought: str
    fiscal_year: int
    expected_price: int
    needs_vote: bool
    steps: dict[str, date] = {}
    supplier: str = ""
    price: int | None = None
    ended: str = ""
    """cancelled, once it was given up."""


class PromiseState(Frozen):
    id: str
    stage: str
    round: int
    text: str
    by: str | None
    due: date | None
    fulfilled_at: datetime | None = None
    before: str | None = None


class Hold(Frozen):
    since: datetime
    until: datetime | None = None
    reminded: bool = False


class Consultation(Frozen):
    """協議 between the drafter and who objected. `referred`: their common superior has been asked."""

    id: str
    request: str
    post: str
    post_title: Text
    step_index: int
    due_at: datetime
    referred: bool = False


class Pending(Frozen):
    """A post of a step that had been asked for its agreement and had not given it."""

    step: str
    post: str


class Former(Frozen):
    """The agreements to the version before, and the hashes of its parts: what did not change need not be asked again, and
    whoever is asked again is told why.

    `pending`: who had not agreed when it was taken back; a step that still waited for somebody was not complete. `added`:
    posts whose concurrence was added on the way; they are asked about the next version too."""

    given: tuple[Given, ...] = ()
    parts: dict[str, str] = {}
    pending: tuple[Pending, ...] = ()
    added: tuple[str, ...] = ()


class Decided(Frozen):
    """A decision that has not taken effect yet (施行)."""

    number: DocumentNumber | None
    title: Text
    on: date


class Question(Frozen):
    """An open question on the document in circulation. It decides nothing, and falls away with the document."""

    id: str
    post: str
    """Whom it is put to: the drafter's post."""
    post_title: Text
    asked_by: str
    asked_in: str
    """The post in which it was asked."""
    at: datetime
    due_at: datetime
    stops: tuple[str, ...] = ()
    """Requests whose clocks stand until it is answered."""


class Reading(Frozen):
    """供覧: something sent for information; waits for nothing but to be read."""

    id: str
    post: str
    stage: str
    round: int
    title: Text
    content_hash: str
    at: datetime
    later_viewing: bool = False
    """後閲: decided by a deputy; the absent one sees it now and reopens nothing."""


class Reopening(Frozen):
    """A closed lifecycle whose reopening is being decided."""

    stage: str
    closed_as: str
    work: str
    """The piece of work that was the last before it closed."""


class Proposed(Frozen):
    """What the review in circulation says besides its recommendation; it takes effect with the outcome."""

    learnt: tuple[str, ...] = ()
    scope: str = ""
    targets: tuple[str, ...] = ()
    spread_to: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


class Lesson(Frozen):
    """What a round taught, carried into what followed from its review."""

    round: int
    outcome: str
    learnt: tuple[str, ...]
    scope: str = ""
    targets: tuple[str, ...] = ()


class Spread(Frozen):
    """横展開: a lifecycle of another department that an expansion started (or was refused to)."""

    section: str
    section_name: Text
    stream: str
    ref: str
    title: str
    round: int
    why: str = ""
    attempt: int = 0
    rule: str = ""
    """The rule that refused the start, empty when nothing stands against it."""
    message: Text | None = None
    remedy: Text | None = None
    given_up: bool = False


class WindDownTask(Frozen):
    """Something to be done before an abolished lifecycle closes."""

    id: str
    key: str
    title: Text
    post: str
    post_title: Text
    opened_at: datetime
    due_at: datetime
    remind_at: datetime | None = None
    reminded: bool = False
    overdue: bool = False
    done_at: datetime | None = None
    done_by: str | None = None
    evidence: Evidence | None = None
    not_applicable: bool = False


class Publication(Frozen):
    """What citizens may read, from which day in Japan."""

    summary: Text
    since: date
    parts: tuple[str, ...]


class Before(Frozen):
    """What the last answer changed, as it was before. Kept until somebody else acts on it, so that it can be taken back."""

    request: str
    version: int
    """Version of the answer's event."""
    command_id: str
    person: str
    post: str
    step: str
    step_title: Text
    decision: str
    stage: str
    stage_title: Text
    work: str
    repeats: bool
    entered_at: datetime | None
    round: int
    requests: tuple[Request, ...]
    given: tuple[Given, ...]
    submission: Submission | None
    review_date: date | None
    measured: tuple[str, ...]
    values: dict[str, dict[str, str]]
    earlier: dict[str, dict[str, str]] = {}
    outdated: dict[str, dict[str, str]] = {}
    budgets: dict[int, Budget]
    claimed: Budget | None
    pledged: tuple[Promise, ...]
    recommendation: str | None
    recommended_stage: str | None
    promises: tuple[str, ...]
    readings: tuple[str, ...]
    questions: tuple[Question, ...]
    outcome: str | None
    reopening: Reopening | None
    merged_into: str | None
    consultations: tuple[Consultation, ...] = ()
    former: Former | None = None
    authors: tuple[str, ...] = ()
    numbers: dict[str, DocumentNumber] = {}
    decided: dict[str, Decided] = {}
    reached: tuple[Reached, ...] = ()
    judged: dict[str, tuple[str, ...]] = {}
    proposed: Proposed = Proposed()
    lessons: tuple[Lesson, ...] = ()
    tasks: tuple[WindDownTask, ...] = ()


class Lifecycle(Frozen):
    """State of one stream of kind `lifecycle`; `started_at` is None before its first event."""

    stream: str
    ref: str = ""
    title: str = ""
    section: str = ""
    section_name: Text = Text(ja="", en="")
    bureau: str = ""
    bureau_name: Text = Text(ja="", en="")
    viewpoint: str | None = None
    weight: str | None = None
    definition: str = ""
    tags: tuple[str, ...] = ()
    source: Source | None = None
    drafter: str | None = None

    started_at: datetime | None = None
    stage: str = ""
    stage_title: Text = Text(ja="", en="")
    work: str = ""
    """The piece of work asked for: the stage's key, or the wind-down's after an abolition."""
    repeats: bool = False
    """The stage is asked for again and again until a review is opened."""
    entered_at: datetime | None = None
    round: int = 1
    serial: int = 0
    """Counts openings of requests; part of their ids."""
    requests: tuple[Request, ...] = ()
    given: tuple[Given, ...] = ()
    submission: Submission | None = None
    versions: dict[str, int] = {}
    """Last version of each deliverable, by `stage/round`."""

    attachments: dict[str, tuple[Attachment, ...]] = {}
    """Evidence files of each document, by `stage/round`."""

    people: tuple[str, ...] = ()
    """Chair, adviser, members and project team: they may draft."""
    departments: tuple[str, ...] = ()
    kpis: tuple[Kpi, ...] = ()
    review_date: date | None = None
    measured: tuple[str, ...] = ()
    """KPIs measured in this round."""
    values: dict[str, dict[str, str]] = {}
    """KPI -> period -> the value that holds, in this round."""
    earlier: dict[str, dict[str, str]] = {}
    """The same of rounds before, while the KPI still starts from the same baseline in the same unit."""
    outdated: dict[str, dict[str, str]] = {}
    """The same from before a KPI was set anew with another baseline or unit: it is not judged by them any more."""
    pulls: dict[str, Terms] = {}
    """KPI -> how its values are fetched by themselves."""
    hypotheses: tuple[str, ...] = ()
    """Result of each hypothesis, in their order; empty where none was stated."""
    stopping: tuple[Criterion, ...] = ()
    contradicted_after: int = CONTRADICTED_AFTER
    reached: tuple[Reached, ...] = ()
    """What speaks for a review by the figures, since the last one was decided."""
    judged: dict[str, tuple[str, ...]] = {}
    """KPI -> periods on which a review has decided: no criterion rests on them any more."""
    budget_year: int | None = None
    budget_round: int = 0
    """The round in which the budget was last asked for."""
    budgets: dict[int, Budget] = {}
    claimed: Budget | None = None
    """Amounts that the budget request in circulation states; they count once its gate has passed."""
    budget_window: str = ""
    aim: Aiming | None = None
    floor: int | None = None
    """Yen below which the small start of the proposal cannot begin."""
    estimated: dict[str, int] = {}
    """Costs of the option that the proposal chose: initial, running (a year), in yen."""
    cut: Cut | None = None
    benefits: tuple[Benefit, ...] = ()
    commitments: tuple[Commitment, ...] = ()
    carried: tuple[CarryOver, ...] = ()
    procurements: tuple[Procurement, ...] = ()
    pledged: tuple[Promise, ...] = ()
    """Promises that the coordination in circulation states; they are made once its gate has passed."""
    recommendation: str | None = None
    recommended_stage: str | None = None
    promises: tuple[PromiseState, ...] = ()

    questions: tuple[Question, ...] = ()
    readings: tuple[Reading, ...] = ()
    consultations: tuple[Consultation, ...] = ()
    former: Former | None = None
    authors: tuple[str, ...] = ()
    """Who has handed in any version of the document of this stage and round: they drafted it."""
    numbers: dict[str, DocumentNumber] = {}
    """起案番号 by `stage/round`, until the document is decided."""
    decided: dict[str, Decided] = {}
    """Decisions that wait to take effect, by `stage/round`."""
    outside_on: date | None = None
    """The day of a decision entered from another system, while its gate passes."""
    recused: tuple[str, ...] = ()
    """Who does not decide in this matter because of a conflict of interest."""
    marks: tuple[str, ...] = ()
    """important, unusual, doubtful: not decided in absence unless instructed or urgent."""
    before: Before | None = None

    hold: Hold | None = None
    outcome: str | None = None
    closed: bool = False
    closed_as: str | None = None

    adopted: Source | None = None
    """Where its earlier history was taken from, when it began before the system did."""
    adopted_at: str = ""
    """The stage at which it was adopted: those before it were decided elsewhere."""
    adopted_round: int = 1
    imported: dict[str, tuple[str, ...]] = {}
    """`stage/round` of imported deliverables -> the fields that they leave open."""
    decided_before: tuple[str, ...] = ()
    """`stage/round` of imported decisions."""
    begun_on: date | None = None
    """The day on which an adopted lifecycle began, as its record has it."""
    decided_too_early: dict[str, date] = {}
    """`stage/round` of imported decisions that are dated before that day."""
    reopening: Reopening | None = None
    publication: Publication | None = None
    merged_into: str | None = None
    absorbed: tuple[str, ...] = ()
    """Lifecycles that were merged into this one."""
    origin: Origin | None = None
    spread: tuple[Spread, ...] = ()
    proposed: Proposed = Proposed()
    lessons: tuple[Lesson, ...] = ()
    tasks: tuple[WindDownTask, ...] = ()
    """What the wind-down asks for, once an abolition has been decided."""

    @property
    def began_on(self) -> date | None:
        """The day in Japan on which the work began: of what was adopted, the day told of it."""
        return self.begun_on or (local_day(self.started_at) if self.started_at else None)

    def kpi_title(self, key: str) -> str:
        """What a KPI is called; its key once it is set no more."""
        return next((k.title for k in self.kpis if k.key == key), key)

    def measured_as(self, key: str, value: Decimal) -> str:
        """A value of a KPI as people write it, with its unit: 136,926円."""
        return number(value) + next((k.unit for k in self.kpis if k.key == key), "")

    def counted(self, kpi: str) -> dict[str, str]:
        """Period -> value, of all that a KPI's figures and charts rest on as it is set now."""
        return {**self.earlier.get(kpi, {}), **self.values.get(kpi, {})}

    @property
    def open_tasks(self) -> tuple[WindDownTask, ...]:
        """Tasks of the wind-down that are neither done nor declared not applicable; none while nothing is wound down."""
        if self.closed or self.reopening is not None:
            return ()
        return tuple(t for t in self.tasks if t.done_at is None)

    @property
    def refuted(self) -> tuple[Text, ...]:
        """What the review was opened on and, after a correction, is met no more: for people to weigh."""
        return tuple(
            Text(
                ja=f"再検討を開いた基準に、訂正後は当たらない({r.words.ja})。再検討は続き、どうするかは人が決める",
                en=f"after a correction it no longer meets what opened the review ({r.words.en}); "
                "the review goes on, and people decide",
            )
            for r in self.reached
            if not r.holds
        )

    @property
    def in_circulation(self) -> bool:
        """A document is on its route: somebody is asked for a decision, or consults on an objection to it."""
        return any(r.kind == "decide" for r in self.requests) or bool(self.consultations)

    @property
    def added(self) -> tuple[str, ...]:
        """The posts whose concurrence was added to the document in circulation, whether they have answered or not."""
        asked = [g.post for g in self.given if g.step == "added"]
        asked += [r.post for r in self.requests if r.extra == "added"]
        return tuple(dict.fromkeys(asked))

    @property
    def overdue(self) -> int:
        return sum(r.overdue for r in self.requests) + sum(t.overdue for t in self.open_tasks)

    @property
    def health(self) -> Health:
        """red: a superior had to be told; amber: something is overdue or on hold; else green."""
        if any(r.escalated for r in self.requests):
            return "red"
        return "amber" if self.overdue or self.hold else "green"

    def request(self, request: str) -> Request | None:
        return next((r for r in self.requests if r.id == request), None)
