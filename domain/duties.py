"""Who looks after the directory and the process definitions: the people of the units whose duty it is, and operators at the shell.

One policy for every way in. Which unit has a duty is data of the directory (`duties` of a unit).
"""

from __future__ import annotations

from datetime import date, datetime

from domain.calendar import local_day
from domain.directory import Directory, Duty
from domain.facts import Facts
from domain.lifecycle.authority import known_person
from domain.messages import Actor, refuse

WORDS: dict[Duty, tuple[str, str]] = {
    "personnel": ("人事・代決の順位", "personnel and deputies"),
    "processes": ("プロセス定義", "process definitions"),
}


def has_duty(person: str, duty: Duty, directory: Directory, day: date) -> bool:
    """Whether the person belongs, on that day, to a unit with the duty; to one below it does as well."""
    units = directory.units_of(person, day)
    return any(duty in u.duties for u in directory.units if u.id in units)


def require_duty(actor: Actor, duty: Duty, facts: Facts, now: datetime) -> None:
    """An operator (who has no person id) may; a person of the unit whose duty it is may. Raises `Refused` for all others."""
    if actor.is_system:
        return
    person = known_person(actor, facts)
    if has_duty(person, duty, facts.directory, local_day(now)):
        return
    ja, en = WORDS[duty]
    names = [u.name for u in facts.directory.units if duty in u.duties]
    raise refuse(
        "not-your-duty",
        f"{person} は{ja}を扱う組織の職員ではありません",
        f"{person} does not belong to the unit that looks after {en}",
        remedy_ja=f"{'・'.join(n.ja for n in names)} の職員が行ってください" if names else "管理者に頼んでください",
        remedy_en=f"let someone of {', '.join(n.en for n in names)} do it" if names else "ask an operator",
    )
