"""What became of what was hoped for: the effects that past hypotheses expected, beside what the same lifecycles measured.

A hypothesis names its metric in words, and so does a KPI: they are taken for the same where one name holds the other. Effects that
are stated in no number are shown as they are written and compared with nothing. Where figures were made up by a rehearsal (台本),
everything that rests on them says so.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median
from typing import Any, Literal

import sqlalchemy as sa

from domain.kinds import Row
from domain.messages import Frozen, Text, Via
from store import queries
from store.store import Store
from store.tables import answers, definitions, deliverables, lifecycles, measurements

SCRIPTED = "〔台本〕"
"""Stands before everything that a rehearsal made up (`rehearsal.script.MARK`)."""
MIN_CASES = 5
"""Lifecycles with measured values from which on something is said (ours)."""
_SHORTEST = 3
"""Letters that two names must share to be taken for the same."""
_FORMS = ("hypothesis", "kpis")


class Past(Frozen):
    """One hypothesis of a lifecycle that has measured. `expected` and `measured` are relative changes (-0.3: 30 % less), None where
    no number was stated or the baseline is 0; `attained` is the share of the way from baseline to target, 1 at the target. `kpi` is
    None where no KPI of the lifecycle bears the metric's name."""

    stream: str
    ref: str
    title: str
    section: str
    metric: str
    expected_effect: str
    result: str | None
    kpi: str | None
    period: str | None
    expected: float | None
    measured: float | None
    attained: float | None
    scripted: bool


class Summary(Frozen):
    """Of comparable lifecycles: those of the same section, where those are too few all. Silent (`basis` none) where too few have
    measured. `attained`: median share of the way to the target, over the matched KPIs; `reached`: share of them at the target or
    beyond. `against`: median of measured over expected effect, of the `numbers` hypotheses that state both."""

    basis: Literal["section", "city", "none"]
    lifecycles: int
    hypotheses: int
    matched: int
    results: dict[str, int]
    attained: float | None
    reached: float | None
    numbers: int
    against: float | None
    scripted: bool
    silent: Text | None


class Lessons(Summary):
    """With the hypotheses that they rest on."""

    past: tuple[Past, ...]


# --- words and numbers -----------------------------------------------------------------------------------------------

_LESS = re.compile(r"減|短縮|削|低下|下げ|縮小|less|fewer|reduc|decreas|lower|cut|shorter", re.I)
_MORE = re.compile(r"増|向上|上昇|上げ|伸|拡大|more|increas|higher|rise|grow", re.I)
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*(?:%|パーセント|per ?cent)", re.I)
_TENTHS = re.compile(r"(\d+(?:\.\d+)?)\s*割")
_KANJI = str.maketrans("一二三四五六七八九", "123456789")


def stated(effect: str) -> float | None:
    """The relative change that a text states: "30%減" -> -0.3, "3割短縮" -> -0.3, "半減" -> -0.5, "倍増" -> 1.0, "20% more" -> 0.2.

    None where it states no number, no direction or both directions.
    """
    text = unicodedata.normalize("NFKC", effect)
    if "半減" in text:
        return -0.5
    if "倍増" in text:
        return 1.0
    less, more = bool(_LESS.search(text)), bool(_MORE.search(text))
    if less == more:
        return None
    if found := _PERCENT.search(text):
        size = float(found[1]) / 100
    elif found := _TENTHS.search(text.translate(_KANJI)):
        size = float(found[1]) / 10
    else:
        return None
    return -size if less else size


def _plain(name: str) -> str:
    """A name as it is compared: without marks, what stands in brackets, and spaces."""
    text = unicodedata.normalize("NFKC", name.replace(SCRIPTED, ""))
    text = re.sub(r"\([^()]*\)|「|」|\s", "", text)
    return text.removesuffix("(略)").casefold()


def same_name(metric: str, title: str) -> bool:
    """Whether one name holds the other."""
    a, b = sorted((_plain(metric), _plain(title)), key=len)
    return len(a) >= _SHORTEST and a in b


def attained(baseline: Decimal, target: Decimal, value: Decimal) -> float | None:
    """Share of the way from baseline to target: (value - baseline) / (target - baseline), as `domain.kpis.attainment`, which names its
    source. None where they are one."""
    return None if target == baseline else float((value - baseline) / (target - baseline))


def changed(baseline: Decimal, value: Decimal) -> float | None:
    """Relative change: (value - baseline) / |baseline|. None where the baseline is 0.

    Source: the ordinary relative change of L. Törnqvist, P. Vartia, Y. O. Vartia, "How Should Relative Changes Be Measured?", The American
    Statistician 39 (1985) 43–46, by the baseline's size, so that a debt that shrinks is no loss.
    """
    return None if baseline == 0 else float((value - baseline) / abs(baseline))


# --- reading ---------------------------------------------------------------------------------------------------------


@dataclass
class _Record:
    """Of one lifecycle: (round, document), the last version each, and measurements in their order."""

    hypotheses: dict[int, Row]
    kpis: dict[int, Row]
    measured: list[Row]


def past(store: Store) -> list[Past]:
    """Every hypothesis of every lifecycle that has measured, oldest lifecycle first."""
    stages = _stages(store)
    records: defaultdict[str, _Record] = defaultdict(lambda: _Record({}, {}, []))
    wanted = sorted(stages["hypothesis"] | stages["kpis"])
    columns = [deliverables.c[n] for n in ("stream", "stage", "round", "version", "content", "at")]
    query = sa.select(*columns).where(deliverables.c.stage.in_(wanted))
    for row in queries.rows(store, query.order_by(deliverables.c.round, deliverables.c.version)):
        record = records[row["stream"]]
        (record.kpis if row["stage"] in stages["kpis"] else record.hypotheses)[row["round"]] = row
    for row in queries.rows(store, sa.select(measurements).order_by(measurements.c.version)):
        records[row["stream"]].measured.append(row)
    rehearsed = _rehearsed(store, stages["hypothesis"])
    found: list[Past] = []
    named = sa.select(lifecycles.c.stream, lifecycles.c.ref, lifecycles.c.title, lifecycles.c.section)
    for life in queries.rows(store, named.order_by(lifecycles.c.started_at, lifecycles.c.stream)):
        record = records.get(life["stream"], _Record({}, {}, []))
        if record.measured:
            found += _of_lifecycle(life, record, life["stream"] in rehearsed)
    return found


def _stages(store: Store) -> dict[str, set[str]]:
    """The keys of the stages that ask for each of the forms, over all published definitions."""
    found: dict[str, set[str]] = {form: set() for form in _FORMS}
    for row in queries.rows(store, sa.select(definitions.c.document)):
        for stage in row["document"]["stages"]:
            if stage["deliverable"] in found:
                found[stage["deliverable"]].add(stage["key"])
    return found


def _rehearsed(store: Store, stages: set[str]) -> set[str]:
    """Lifecycles whose hypothesis was answered by scripted people."""
    query = sa.select(answers.c.stream).where(answers.c.via == Via.REHEARSAL.value, answers.c.stage.in_(sorted(stages)))
    return {r["stream"] for r in queries.rows(store, query.distinct())}


def _of_lifecycle(life: Row, record: _Record, rehearsed: bool) -> Iterable[Past]:
    for round_, document in record.hypotheses.items():
        setting = min((r for r in record.kpis if r >= round_), default=None)
        if setting is None:
            continue
        kpis = [k for k in record.kpis[setting]["content"].get("kpis", []) if _numbers(k)]
        later = min((d["at"] for r, d in record.kpis.items() if r > setting), default=None)
        since = record.kpis[setting]["at"]
        window = [m for m in record.measured if m["at"] >= since and (later is None or m["at"] < later)]
        values = {(m["kpi"], m["period"]): Decimal(m["value"]) for m in window}  # a correction comes behind, and holds
        if not values:
            continue
        for item in document["content"].get("hypotheses", []):
            yield _of_hypothesis(life, item, kpis, values, rehearsed)


def _numbers(kpi: Row) -> bool:
    return kpi.get("baseline") is not None and kpi.get("target") is not None


def _of_hypothesis(
    life: Row, item: Row, kpis: Sequence[Row], values: dict[tuple[str, str], Decimal], rehearsed: bool
) -> Past:
    metric, effect = item.get("metric", ""), item.get("expected_effect", "")
    measured = {key for key, _ in values}
    kpi = next((k for k in kpis if k["key"] in measured and same_name(metric, k["title"])), None)
    period = max((p for key, p in values if kpi and key == kpi["key"]), default=None)
    texts = [*map(str, item.values()), *(k["title"] for k in kpis)]
    shown: dict[str, Any] = {"kpi": None, "period": None, "measured": None, "attained": None}
    if kpi is not None and period is not None:
        baseline, target, value = Decimal(kpi["baseline"]), Decimal(kpi["target"]), values[kpi["key"], period]
        shown = {
            "kpi": kpi["title"],
            "period": period,
            "measured": changed(baseline, value),
            "attained": attained(baseline, target, value),
        }
    return Past(
        stream=life["stream"],
        ref=life["ref"],
        title=life["title"],
        section=life["section"],
        metric=metric,
        expected_effect=effect,
        result=item.get("result"),
        expected=stated(effect),
        scripted=rehearsed or any(SCRIPTED in t for t in texts),
        **shown,
    )


# --- what is said ----------------------------------------------------------------------------------------------------


def lessons(found: Iterable[Past], section: str | None = None, but: str = "") -> Lessons:
    """What past hypotheses teach somebody of a section (None: of all), the lifecycle `but` left out."""
    all_ = [p for p in found if p.stream != but]
    near = [p for p in all_ if p.section == section]
    basis: Literal["section", "city", "none"] = "section" if section is not None else "city"
    chosen = near if section is not None else all_
    if section is not None and _lifecycles(near) < MIN_CASES:
        basis, chosen = "city", all_
    number = _lifecycles(chosen)
    if number < MIN_CASES:
        silent = Text(
            ja=f"測定まで進んだ過去の仮説が少なく、傾向を示せません({number} 件。{MIN_CASES} 件から)",
            en=f"too few past hypotheses have been measured to say anything ({number} lifecycles; from {MIN_CASES} on)",
        )
        return _summed("none", [], number, silent)
    return _summed(basis, chosen, number, None)


def _lifecycles(found: Sequence[Past]) -> int:
    """Those in which some hypothesis can be held against a measured KPI."""
    return len({p.stream for p in found if p.attained is not None})


def _summed(
    basis: Literal["section", "city", "none"], chosen: Sequence[Past], number: int, silent: Text | None
) -> Lessons:
    shares = [p.attained for p in chosen if p.attained is not None]
    ratios = [p.measured / p.expected for p in chosen if p.expected and p.measured is not None]
    results: defaultdict[str, int] = defaultdict(int)
    for p in chosen:
        results[p.result or "open"] += 1
    return Lessons(
        basis=basis,
        lifecycles=number,
        hypotheses=len(chosen),
        matched=len(shares),
        results=dict(sorted(results.items())),
        attained=_rounded(median, shares),
        reached=_rounded(lambda s: sum(x >= 1 for x in s) / len(s), shares),
        numbers=len(ratios),
        against=_rounded(median, ratios) if len(ratios) >= MIN_CASES else None,
        scripted=any(p.scripted for p in chosen),
        silent=silent,
        past=tuple(chosen),
    )


def _rounded(of: Callable[[list[float]], float], values: list[float]) -> float | None:
    return round(of(values), 3) if values else None


def in_words(found: Lessons) -> Text:
    """One line for pages and `show`."""
    if found.silent is not None:
        return found.silent
    where = (
        Text(ja="同じ課", en="the same section") if found.basis == "section" else Text(ja="全庁", en="the whole city")
    )
    mark = Text(ja="〔台本〕数値は架空。", en="[scripted: made-up figures] ") if found.scripted else Text(ja="", en="")
    ja = (
        f"{mark.ja}{where.ja}の過去 {found.lifecycles} 件で、仮説の指標は目標までの {found.attained:.0%} に達し(中央値)、"
        f"{found.reached:.0%} が目標に届いた"
    )
    en = (
        f"{mark.en}in {found.lifecycles} past lifecycles of {where.en}, the metrics of the hypotheses came "
        f"{found.attained:.0%} of the way to their target (median), {found.reached:.0%} reached it"
    )
    if found.against is not None:
        ja += f"。測定された効果は期待の {found.against:.0%}({found.numbers} 件の中央値)"
        en += f"; the measured effect was {found.against:.0%} of the expected one (median of {found.numbers})"
    return Text(ja=ja, en=en)
