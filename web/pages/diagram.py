"""The picture of a process definition: stages from top to bottom with their gates, ways back on the left, outcomes and where they lead
on the right. Places only, in pixels; the template draws, the style sheet colours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from charts.words import wrapped
from domain.messages import Frozen, Text
from domain.process import ProcessDefinition, Stage

LEFT, WIDE, GATE, GAP, LINE = 64, 190, 34, 26, 17
"""The left edge of the boxes and their width; heights of a gate, of the way between and of a line of text."""
LANE = 9
_EMS = (WIDE - 20) / 13
_ENDS: dict[str, Text] = {
    "end": Text(ja="終了", en="ends"),
    "start": Text(ja="開始", en="begins"),
    "repeats": Text(ja="見直しまで繰り返す", en="again until a review"),
}


class Box(Frozen):
    """A stage, an outcome, the beginning or an end. `leads`: the id of its section on the page."""

    kind: str
    y: int
    height: int
    lines: tuple[str, ...]
    leads: str = ""
    gate: int = 0
    """Steps of its gate, which stands below the box."""

    @property
    def middle(self) -> int:
        return self.y + self.height // 2

    @property
    def gate_at(self) -> int:
        """The middle of its gate."""
        return self.y + self.height + GATE // 2

    @property
    def foot(self) -> int:
        return self.y + self.height + (GATE if self.gate else 0)


class Way(Frozen):
    """A line with an arrow at its end: `kind` is `on`, `back` or `leads`."""

    kind: str
    path: str


class Diagram(Frozen):
    width: int
    height: int
    boxes: tuple[Box, ...]
    ways: tuple[Way, ...]


def diagram(process: ProcessDefinition, lang: str) -> Diagram:
    """Everything in its place, in the reader's language."""
    boxes: dict[str, Box] = {}
    y = _add(boxes, "start", "end", (getattr(_ENDS["start"], lang),), 8, "") + GAP
    for s in process.stages:
        y = _stage(boxes, s, y, lang)
    for o in process.outcomes:
        y = _add(boxes, f"outcome:{o.key}", "outcome", _lines(getattr(o.title, lang)), y, "outcomes") + 10
    y = _add(boxes, "end", "end", (getattr(_ENDS["end"], lang),), y + GAP // 2, "") + GAP
    for aside in (process.wind_down, process.reopening):
        y = y if aside is None else _stage(boxes, aside, y, lang)
    back = _back(process, boxes)
    on = _leads(process, boxes)
    lanes = _lanes(on)
    gates = frozenset(b.foot for b in boxes.values() if b.gate)
    right = LEFT + WIDE + 14 + LANE * (max((n for n, _ in lanes), default=0) + 1)
    ways = [
        *_straight(process, boxes),
        *(_left(n, *w) for n, w in _lanes(back)),
        *(_right(n, *w, gates) for n, w in lanes),
    ]
    return Diagram(width=right + 8, height=y, boxes=tuple(boxes.values()), ways=tuple(ways))


def _lines(text: str) -> tuple[str, ...]:
    return tuple(wrapped(text, _EMS, 2))


def _stage(boxes: dict[str, Box], stage: Stage, y: int, lang: str) -> int:
    lines = _lines(getattr(stage.title, lang))
    if stage.repeats:
        lines = (*lines, f"↻ {getattr(_ENDS['repeats'], lang)}")
    return _add(boxes, stage.key, "stage", lines, y, f"s-{stage.key}", len(stage.gate)) + GAP


def _add(boxes: dict[str, Box], key: str, kind: str, lines: tuple[str, ...], y: int, leads: str, gate: int = 0) -> int:
    boxes[key] = Box(kind=kind, y=y, height=len(lines) * LINE + 12, lines=lines, leads=leads, gate=gate)
    return boxes[key].foot


def _straight(process: ProcessDefinition, boxes: dict[str, Box]) -> Iterable[Way]:
    """From the beginning, and from a gate to the stage below where that is the next one."""
    middle = LEFT + WIDE // 2
    pairs = [("start", process.stages[0].key)]
    pairs += [(a.key, b.key) for a, b in zip(process.stages, process.stages[1:], strict=False) if a.next == b.key]
    deciding = next((s.key for s in process.stages if s.decides_outcome), None)
    if deciding == process.stages[-1].key and process.outcomes:
        pairs.append((deciding, f"outcome:{process.outcomes[0].key}"))
    for a, b in pairs:
        yield Way(kind="on", path=f"M{middle} {boxes[a].foot}V{boxes[b].y}")


Lane = tuple[list[int], int]
"""Where a way leaves, each time, and where it arrives."""


def _back(process: ProcessDefinition, boxes: dict[str, Box]) -> list[Lane]:
    """Gates that may send back, by the stage that they send back to."""
    found: dict[str, list[int]] = {}
    for s in process.all_stages:
        for key in s.send_back_to:
            if key in boxes:
                found.setdefault(key, []).append(boxes[s.key].gate_at)
    return [(left, boxes[key].middle) for key, left in found.items()]


def _leads(process: ProcessDefinition, boxes: dict[str, Box]) -> list[Lane]:
    """Stages that go on elsewhere than below, and outcomes, by where they lead to."""
    order = [s.key for s in process.stages]
    found: dict[str, list[int]] = {}
    for i, s in enumerate(process.stages):
        if s.next and (i + 1 == len(order) or s.next != order[i + 1]):
            found.setdefault(s.next, []).append(boxes[s.key].foot)
    for o in process.outcomes:
        after = process.wind_down.key if o.then == "wind_down" and process.wind_down else None
        to = after or o.stage or "end"
        found.setdefault(to, []).append(boxes[f"outcome:{o.key}"].middle)
    if process.wind_down is not None:
        found.setdefault("end", []).append(boxes[process.wind_down.key].foot)
    return [(left, boxes[key].middle) for key, left in found.items() if key in boxes]


def _lanes(ways: Sequence[Lane]) -> list[tuple[int, Lane]]:
    """Each way in the first lane that is free along its whole length, short ones nearest to the boxes."""
    busy: list[list[tuple[int, int]]] = []
    found = []
    for leaves, to in sorted(ways, key=lambda w: max(*w[0], w[1]) - min(*w[0], w[1])):
        low, high = min(*leaves, to), max(*leaves, to)
        lane = next((n for n, taken in enumerate(busy) if all(high < a or low > b for a, b in taken)), len(busy))
        busy[lane:lane] = [[]] if lane == len(busy) else []
        busy[lane].append((low, high))
        found.append((lane, (leaves, to)))
    return found


def _left(lane: int, leaves: Sequence[int], to: int) -> Way:
    x = LEFT - 12 - LANE * lane
    middle = LEFT + WIDE // 2 - 9
    return Way(kind="back", path=_bus(middle, leaves, x, to) + f"H{LEFT}")


def _right(lane: int, leaves: Sequence[int], to: int, gates: frozenset[int]) -> Way:
    x, edge = LEFT + WIDE + 14 + LANE * lane, LEFT + WIDE
    from_gates = "".join(f"M{LEFT + WIDE // 2} {y}H{edge}" for y in leaves if y in gates)
    return Way(kind="leads", path=from_gates + _bus(edge, leaves, x, to) + f"H{edge}")


def _bus(begins: int, leaves: Sequence[int], x: int, to: int) -> str:
    """A line along a lane, from the farthest place that it leaves; nearer ones meet it, so that no stretch is drawn twice."""
    far = max(leaves, key=lambda y: abs(y - to))
    others = [y for y in dict.fromkeys(leaves) if y != far]
    meeting = "".join(f"M{begins} {y}H{x}" for y in others)
    between = [y for y in others if (y - to) * (far - to) < 0]
    beyond = "".join(f"M{x} {y}V{to}" for y in between[:1])
    return f"{meeting}{beyond}M{begins} {far}H{x}V{to}"
