"""A what-if looked through before it is reckoned: what in it cannot be used, and the change that it means. Shell, pages, API share it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from domain.calendar import fiscal_year, local_day
from domain.directory import Directory
from domain.fiscal import still_open
from domain.lifecycle.routes import COORDINATOR
from domain.messages import Problem, Text
from domain.process import ProcessDefinition, Stage
from domain.process_posts import missing_posts
from domain.process_stream import unknown_names
from rehearsal.contract import ALL, Change, Supposition
from store import queries
from store.moves import in_use
from store.store import Store

LEAST, MOST = 0.05, 1000
"""How many times as long people may take."""
YEARS = 10
"""So far ahead is played at most."""


def most_followed(
    running: Mapping[str, int], definitions: Mapping[str, ProcessDefinition], name: str | None = None
) -> ProcessDefinition | None:
    """The published definition (of that name, where one is given) that most lifecycles follow; `running`: reference -> how many."""
    own = [r for r in sorted(running) if r in definitions and name in (None, r.partition("@")[0])]
    return definitions[max(own, key=running.__getitem__)] if own else None


@dataclass(frozen=True)
class Ground:
    """What a question is about. `running`: reference of a definition -> how many lifecycles follow it; `since`: the first day;
    `closing`: the first day whose deadline is still ahead (None: `since`)."""

    since: date
    running: Mapping[str, int]
    definitions: Mapping[str, ProcessDefinition]
    directory: Directory
    closing: date | None = None

    @property
    def base(self) -> ProcessDefinition | None:
        """The definition that most of them follow."""
        return most_followed(self.running, self.definitions)

    @property
    def roles(self) -> set[str]:
        return {p.role for p in self.directory.posts}

    def followed(self, name: str) -> ProcessDefinition | None:
        """The version of that name that most of them follow."""
        return most_followed(self.running, self.definitions, name)


def ground(store: Store) -> Ground:
    """What runs in a store now."""
    documents = [ProcessDefinition.model_validate(r["document"]) for r in queries.published_definitions(store)]
    known = {d.reference: d for d in documents}
    now = store.clock.now()
    return Ground(local_day(now), in_use(store), known, store.facts().directory, still_open(now))


def last_day(asked: Supposition, on: Ground) -> date:
    return asked.until or date(fiscal_year(on.since) + 2, 3, 31)


def change(asked: Supposition, on: Ground) -> Change:
    """What is otherwise, of a question without problems. A document, and steps left out, make a version of their own."""
    process = chosen(asked, on)
    assert process is not None
    newest = max((d.version for d in on.definitions.values() if d.name == process.name), default=0)
    if asked.without:
        process = without(process, asked.without, newest + 1)
    elif asked.document is not None:
        process = process.model_copy(update={"version": max(process.version, newest + 1)})
    otherwise = asked.without or asked.document is not None or asked.definition is not None
    return Change(process if otherwise else None, asked.pace, asked.capacity)


def chosen(asked: Supposition, on: Ground) -> ProcessDefinition | None:
    """The definition that is asked about; None where there is none such."""
    if asked.document is not None:
        return asked.document
    return on.definitions.get(asked.definition) if asked.definition is not None else on.base


def without(process: ProcessDefinition, removed: Iterable[str], version: int) -> ProcessDefinition:
    """The process as another version without some steps, each given as `stage/step`."""
    gone = set(removed)

    def kept(stage: Stage) -> Stage:
        return stage.model_copy(update={"gate": tuple(g for g in stage.gate if f"{stage.key}/{g.key}" not in gone)})

    return process.model_copy(update={"version": version, "stages": tuple(kept(s) for s in process.stages)})


def titles_of_roles(process: ProcessDefinition | None, directory: Directory) -> dict[str, Text]:
    """What each role is called: as its only post is, else as the steps that ask one of its posts, else by its key."""
    called: dict[str, Text] = {COORDINATOR: Text(ja="庶務担当", en="coordinator")}
    for stage in process.stages if process is not None else ():
        called.setdefault(stage.drafter.role, Text(ja="起案者", en="drafter"))
        for step in stage.gate:
            if len(step.posts) == 1:
                called.setdefault(step.posts[0].role, step.title)
    found: dict[str, Text] = {}
    for role in sorted({p.role for p in directory.posts}):
        own = [p.title for p in directory.posts if p.role == role]
        title = own[0] if len(own) == 1 else called.get(role, Text(ja=role, en=role))
        found[role] = (
            title if title not in found.values() else Text(ja=f"{title.ja}({role})", en=f"{title.en} ({role})")
        )
    return found


# --- what cannot be used ---------------------------------------------------------------------------------------------


def problems(asked: Supposition, on: Ground, together: int | None = None) -> list[Problem]:
    """`together`: of so many lifecycles all are played; of more an even choice, in which no queue is as long as it would be."""
    if not on.running:
        return [_problem("", None, "進行中のものがありません", "nothing is running")]
    found = list(_of_definition(asked, on))
    process = chosen(asked, on)
    if process is not None:
        found += _of_steps(process, asked.without)
    roles = on.roles
    found += _of_roles("pace", asked.pace, roles | {ALL}, LEAST)
    found += _of_roles("capacity", asked.capacity, roles, 1)
    number = sum(on.running.values())
    if asked.capacity and together is not None and number > together:
        found.append(
            _problem(
                "capacity",
                None,
                f"進行中が {together:,} 件を超える({number:,} 件)ため、一度に扱う件数はここでは試せません。"
                "`./taskforce whatif --capacity` を使ってください",
                f"more than {together:,} lifecycles run ({number:,}), so that a capacity cannot be tried here; "
                "use `./taskforce whatif --capacity`",
            )
        )
    found += _of_days(asked, on)
    if not found and not _otherwise(asked, on):
        found.append(
            _problem("", None, "何が違うのかを一つは指定してください", "say at least one thing that is otherwise")
        )
    return found


def _problem(field: str, value: object, ja: str, en: str) -> Problem:
    return Problem(field=field, value=value, message=Text(ja=ja, en=en))


def _otherwise(asked: Supposition, on: Ground) -> bool:
    moved = asked.definition is not None and set(on.running) != {asked.definition}
    return bool(moved or asked.document or asked.without or asked.pace or asked.capacity)


def _of_definition(asked: Supposition, on: Ground) -> Iterator[Problem]:
    if asked.definition is not None and asked.document is not None:
        yield _problem(
            "definition",
            asked.definition,
            "公開済みの版か定義ファイルのどちらか一方にしてください",
            "give either a published version or a definition of your own",
        )
        return
    process = chosen(asked, on)
    place = "document" if asked.document is not None else "definition"
    if process is None:
        known = ", ".join(sorted(on.definitions))
        given = asked.definition
        yield _problem(
            place,
            given,
            f"公開済みの定義ではありません。どれかにしてください: {known}",
            f"no published definition; choose one of {known}",
        )
        return
    if asked.document is not None:
        for name in unknown_names(process):
            yield _problem(
                place, name, "知られていない名前です。直してください", "an unknown name; correct the definition"
            )
        for missing in missing_posts(process, on.directory):
            yield Problem(field=place, value=process.reference, message=missing)
    if not any(ref.partition("@")[0] == process.name for ref in on.running):
        names = ", ".join(sorted({ref.partition("@")[0] for ref in on.running}))
        yield _problem(
            place,
            process.name,
            f"この名前の定義に沿って進行中のものがありません。進行中の定義: {names}",
            f"nothing that runs follows a definition of this name; these are followed: {names}",
        )


def _of_steps(process: ProcessDefinition, removed: Iterable[str]) -> Iterator[Problem]:
    gone = set(removed)
    known = {f"{s.key}/{g.key}" for s in process.stages for g in s.gate}
    for place in sorted(gone - known):
        yield _problem(
            "without",
            place,
            f"{process.reference} にない手順です。例: {', '.join(sorted(known)[:6])} …",
            f"no step of {process.reference}; e.g. {', '.join(sorted(known)[:6])} …",
        )
    for stage in process.stages:
        own = {g.key for g in stage.gate if f"{stage.key}/{g.key}" in gone}
        if len(own) == len(stage.gate):
            yield _problem(
                "without",
                stage.key,
                f"「{stage.title.ja}」に手順が一つも残りません。一つは残してください",
                f"no step is left of {stage.title.en}; leave one of them",
            )
        for end in sorted({d.ends_at for d in stage.delegations} & own):
            yield _problem(
                "without",
                f"{stage.key}/{end}",
                "専決の終点です。定義そのものを直して試してください",
                "a standing delegation ends there; change the definition itself and try that",
            )


def _of_roles(field: str, given: Mapping[str, float], roles: set[str], least: float) -> Iterator[Problem]:
    for role, number in given.items():
        if role not in roles:
            yield _problem(
                f"{field}.{role}",
                role,
                f"役割がありません。どれかにしてください: {', '.join(sorted(roles))}",
                f"no such role; choose one of {', '.join(sorted(roles))}",
            )
        elif not least <= number <= MOST:
            yield _problem(
                f"{field}.{role}",
                number,
                f"{least:g} から {MOST} までの数にしてください",
                f"give a number from {least:g} to {MOST}",
            )


def _of_days(asked: Supposition, on: Ground) -> Iterator[Problem]:
    latest = date(fiscal_year(on.since) + 1 + YEARS, 3, 31)
    until = last_day(asked, on)
    if not on.since < until <= latest:
        yield _problem(
            "until",
            until.isoformat(),
            f"{on.since} より後、{latest} までの日付にしてください",
            f"name a day after {on.since} and up to {latest}",
        )
    first = on.closing or on.since
    for n, day in enumerate(asked.deadlines):
        if not first <= day <= latest:
            yield _problem(
                f"deadlines.{n}",
                day.isoformat(),
                f"{first} から {latest} までの日付にしてください",
                f"name a day from {first} to {latest}",
            )
