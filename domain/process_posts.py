"""Whether a directory has the posts that a process definition asks: told before anybody waits for a post that is not there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from domain.directory import Directory
from domain.messages import Text
from domain.process import PostRef, ProcessDefinition, Stage


def missing_posts(document: ProcessDefinition, directory: Directory) -> tuple[Text, ...]:
    """One line for each role that cannot be resolved; sections that lack a post of their own and above them are named."""
    sections = [u.id for u in directory.units if u.kind == "section"]
    found: dict[PostRef, Text] = {}
    for stage in document.all_stages:
        for where, ref in _asked(stage):
            if ref not in found and (missing := _missing(where, ref, document, directory, sections)) is not None:
                found[ref] = missing
    for task in document.wind_down_tasks or ():
        if task.owner is not None and task.owner not in found:
            where = f"wind_down_tasks.{task.key}.owner"
            if (missing := _missing(where, task.owner, document, directory, sections)) is not None:
                found[task.owner] = missing
    return tuple(found.values())


def without_deputies(document: ProcessDefinition, directory: Directory, day: date) -> tuple[str, ...]:
    """The posts that the gates ask for a decision and for which no deputy is named that day, by their ids: while nobody who
    holds one is there, its matters wait until they escalate. Steps that wait for the absent holder are left out."""
    units = {str(name): unit for name, unit in document.units.items()}
    sections = [
        u.id for u in directory.units if u.kind in ("section", "office") and directory.unit_on(u.id, day) == u.id
    ]
    steps = [step for stage in document.all_stages for step in stage.gate if step.absence != "wait"]
    found: dict[str, None] = {}
    for ref in dict.fromkeys(ref for step in steps for ref in step.posts):
        if ref.unit in ("owner", "departments"):
            posts = [directory.post_for(ref.role, section) for section in sections]
        else:
            posts = [directory.post_for(ref.role, units[ref.unit])] if ref.unit in units else []
        found |= {p.id: None for p in posts if p is not None and not directory.has_deputies(p.id, day)}
    return tuple(found)


def _asked(stage: Stage) -> Iterator[tuple[str, PostRef]]:
    yield f"stages.{stage.key}.drafter", stage.drafter
    for ref in stage.inform:
        yield f"stages.{stage.key}.inform", ref
    for step in stage.gate:
        for ref in (*step.posts, *((step.escalate_to,) if step.escalate_to else ())):
            yield f"stages.{stage.key}.gate.{step.key}", ref


def _missing(
    where: str, ref: PostRef, document: ProcessDefinition, directory: Directory, sections: list[str]
) -> Text | None:
    if ref.unit in ("owner", "departments"):
        roles = (ref.role, "bureau_director") if ref.unit == "departments" else (ref.role,)
        lacking = [s for s in sections if not any(directory.post_for(role, s) for role in roles)]
        if not lacking:
            return None
        shown = ", ".join(lacking[:5]) + (" …" if len(lacking) > 5 else "")
        return Text(
            ja=f"{where}: 役割 {ref.role} の職が、{len(sections)} 課のうち {len(lacking)} 課にありません: {shown}",
            en=f"{where}: {len(lacking)} of {len(sections)} sections have no post with the role {ref.role!r}: {shown}",
        )
    unit = {str(name): unit for name, unit in document.units.items()}.get(ref.unit)
    if unit is None:
        return Text(
            ja=f"{where}: units.{ref.unit} が定義にないので、役割 {ref.role} の職が決まりません",
            en=f"{where}: units.{ref.unit} is missing in the definition, so the role {ref.role!r} means nobody",
        )
    if directory.post_for(ref.role, unit) is not None:
        return None
    return Text(
        ja=f"{where}: 組織 {unit} に役割 {ref.role} の職がありません",
        en=f"{where}: unit {unit!r} has no post with the role {ref.role!r}",
    )
