"""The event log for process-mining tools: XES (IEEE Std 1849-2016) and OCEL 2.0 (www.ocel-standard.org, JSON).

Neither holds a name, a person's id, or any text that people wrote: stages, posts, sections, decisions and moments are enough to mine
from. Lifecycles are named by their streams.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, TextIO
from xml.sax.saxutils import quoteattr

from learning.log import Happening
from learning.traces import Trace

Detail = Literal["stages", "requests"]
_EXTENSIONS = (
    ("Concept", "concept"),
    ("Time", "time"),
    ("Lifecycle", "lifecycle"),
    ("Organizational", "org"),
)
"""Standard extensions of XES; each is defined at http://www.xes-standard.org/PREFIX.xesext."""


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


# --- XES -------------------------------------------------------------------------------------------------------------


def write_xes(traces: Iterable[Trace], out: TextIO, detail: Detail = "stages") -> int:
    """A trace a lifecycle; each stage (or each request, as `stage/step`) is an activity with its start and, once it is over, its
    completion, joined by `concept:instance`. Returns the number of events."""
    out.write('<?xml version="1.0" encoding="UTF-8"?>\n<log xes.version="1849-2016" xes.features="">\n')
    for name, prefix in _EXTENSIONS:
        out.write(f'  <extension name="{name}" prefix="{prefix}" uri="http://www.xes-standard.org/{prefix}.xesext"/>\n')
    out.write('  <global scope="trace"><string key="concept:name" value=""/></global>\n')
    out.write('  <global scope="event"><string key="concept:name" value=""/>')
    out.write('<string key="lifecycle:transition" value="complete"/>')
    out.write('<date key="time:timestamp" value="1970-01-01T00:00:00.000Z"/></global>\n')
    out.write('  <classifier name="Activity" keys="concept:name"/>\n')
    number = 0
    for trace in traces:
        out.write("  <trace>\n")
        out.writelines(
            f"    {_attribute('string', key, value)}\n"
            for key, value in (
                ("concept:name", trace.stream),
                ("section", trace.section),
                ("bureau", trace.bureau),
                ("definition", trace.definition),
            )
        )
        for event in _xes_events(trace, detail):
            out.write(f"    <event>{event}</event>\n")
            number += 1
        out.write("  </trace>\n")
    out.write("</log>\n")
    return number


def _xes_events(trace: Trace, detail: Detail) -> Iterator[str]:
    """In the order of time; what ends at a moment stands before what begins then."""
    found: list[tuple[datetime, int, int, list[tuple[str, str, str]]]] = []
    spans: list[tuple[str, str, datetime, datetime | None, list[tuple[str, str, str]]]] = []
    if detail == "stages":
        for n, v in enumerate(trace.visits):
            more = [
                ("string", "org:group", trace.section),
                ("int", "round", str(v.round)),
                ("string", "because", v.because),
            ]
            spans.append((v.stage, str(n), v.entered_at, v.left_at, more))
    else:
        for w in sorted(trace.waits, key=lambda w: (w.opened_at, w.request)):
            more = [("string", "org:role", w.post), ("int", "round", str(w.round)), ("string", "kind", w.kind)]
            spans.append((f"{w.stage}/{w.step}", w.request, w.opened_at, w.ended_at, more))
    for n, (name, instance, begun, over, more) in enumerate(spans):
        for transition, at, order in (("start", begun, 1), ("complete", over, 0)):
            if at is not None:
                here = [("string", "concept:name", name), ("string", "concept:instance", instance)]
                here += [("string", "lifecycle:transition", transition), ("date", "time:timestamp", _moment(at))]
                # An activity without length still starts before it completes.
                found.append((at, 1 if begun == over else order, n * 2 + (transition == "complete"), [*here, *more]))
    for _, _, _, attributes in sorted(found, key=lambda f: f[:3]):
        yield "".join(_attribute(*a) for a in attributes)


def _attribute(kind: str, key: str, value: str) -> str:
    return f"<{kind} key={quoteattr(key)} value={quoteattr(value)}/>"


# --- OCEL 2.0 --------------------------------------------------------------------------------------------------------

EXPORTED: dict[str, tuple[str, ...]] = {
    "LifecycleStarted": ("definition",),
    "LifecycleAdopted": ("definition", "stage"),
    "StageEntered": ("stage", "round", "because"),
    "RequestOpened": ("kind", "stage", "round", "step"),
    "RequestAnswered": ("stage", "round", "step", "decision", "outcome"),
    "RequestClosed": ("because",),
    "DeliverableSubmitted": ("stage", "round", "version"),
    "GatePassed": ("stage", "round", "version"),
    "GateReturned": ("stage", "round", "to"),
    "DraftWithdrawn": ("stage", "round"),
    "AnswerRetracted": ("stage", "round", "step"),
    "LifecycleHeld": (),
    "LifecycleResumed": (),
    "ReminderSent": (),
    "RequestOverdue": (),
    "RequestEscalated": (),
    "OutcomeDecided": ("outcome", "round"),
    "WindDownStarted": ("work", "round"),
    "DefinitionMigrated": ("definition", "stage"),
    "LifecycleDropped": (),
    "LifecycleClosed": ("as_",),
}
"""Events that are exported, and their fields: none holds text of people."""
OBJECTS: dict[str, tuple[str, ...]] = {
    "lifecycle": ("section", "bureau"),
    "request": ("kind", "stage", "step"),
    "post": (),
    "section": (),
}
"""Types of objects and their attributes."""


@dataclass
class _Objects:
    """Objects named so far, with what they are related to."""

    found: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, kind: str, name: str, at: datetime, attributes: dict[str, str], related: dict[str, str]) -> str:
        """The object's id; attributes hold from `at` on; `related`: qualifier -> id."""
        object_ = f"{kind}:{name}"
        if object_ not in self.found:
            self.found[object_] = {
                "id": object_,
                "type": kind,
                "attributes": [{"name": k, "time": _moment(at), "value": v} for k, v in attributes.items()],
                "relationships": [{"objectId": other, "qualifier": q} for q, other in related.items()],
            }
        return object_


def write_ocel(log: Iterable[Happening], out: TextIO) -> int:
    """One document. Events are written as they come; only the objects are held. Returns the number of events."""
    objects, number = _Objects(), 0
    types = [
        {"name": t, "attributes": [{"name": f.rstrip("_"), "type": "string"} for f in fields]}
        for t, fields in EXPORTED.items()
    ]
    kinds = [{"name": k, "attributes": [{"name": a, "type": "string"} for a in names]} for k, names in OBJECTS.items()]
    out.write(f'{{"objectTypes":{_json(kinds)},\n"eventTypes":{_json(types)},\n"events":[')
    for h in log:
        if h.type not in EXPORTED:
            continue
        event = {
            "id": f"{h.stream}/{h.version}",
            "type": h.type,
            "time": _moment(h.at),
            "attributes": [
                {"name": f.rstrip("_"), "value": str(h.body[f])} for f in EXPORTED[h.type] if h.body.get(f) is not None
            ],
            "relationships": [{"objectId": o, "qualifier": q} for q, o in _related(h, objects).items()],
        }
        out.write((",\n" if number else "\n") + _json(event))
        number += 1
    out.write('\n],\n"objects":[\n' + ",\n".join(map(_json, objects.found.values())) + "\n]}\n")
    return number


def _related(h: Happening, objects: _Objects) -> dict[str, str]:
    """Qualifier -> object of one event; objects are made on the way."""
    body = h.body
    if h.type in ("LifecycleStarted", "LifecycleAdopted"):
        section = objects.add("section", body["section"], h.at, {}, {})
        about = {"section": body["section"], "bureau": body["bureau"]}
        return {
            "lifecycle": objects.add("lifecycle", h.stream, h.at, about, {"in charge": section}),
            "section": section,
        }
    life = f"lifecycle:{h.stream}"
    found = {"lifecycle": life}
    if h.type == "RequestOpened":
        post = objects.add("post", body["post"], h.at, {}, {})
        about = {name: str(body[name]) for name in OBJECTS["request"]}
        request = objects.add("request", body["request"], h.at, about, {"of": life, "asks": post})
        return found | {"request": request, "post": post}
    if body.get("request") and f"request:{body['request']}" in objects.found:
        found["request"] = f"request:{body['request']}"
    if body.get("post") and f"post:{body['post']}" in objects.found:
        found["post"] = f"post:{body['post']}"
    return found


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
