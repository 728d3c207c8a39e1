"""What a paper is made from: the events of one lifecycle up to one of them, told, gathered and named."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from domain.lifecycle import events as e
from domain.lifecycle.state import Lifecycle
from domain.messages import Actor, Recorded, Text
from domain.process import ProcessDefinition
from papers.circulations import Circulation, Told, circulations, tell
from papers.names import Names
from papers.veiling import told_to
from store import queries
from store.store import Store
from store.tables import events


class NothingToPrint(LookupError):
    """There is no such document (yet). `field` names what was asked, `value` what was given, `remedy` what there is."""

    def __init__(self, field: str, value: object, message: Text, remedy: Text) -> None:
        super().__init__(f"{field}: {value}: {message}")
        self.field, self.value, self.message, self.remedy = field, value, message, remedy


@dataclass(frozen=True)
class Collected:
    """A lifecycle as of its last event in `told`."""

    stream: str
    told: tuple[Told, ...]
    circulations: tuple[Circulation, ...]
    names: Names
    definitions: dict[str, tuple[ProcessDefinition, str]]
    """Reference -> the published definition and its digest."""
    hashes: dict[int, str]
    """Version -> hash of the event, as it is chained in the log."""
    rehearsal: bool = False
    """Nobody decided this: it comes from a store with a virtual clock."""

    @property
    def state(self) -> Lifecycle:
        return self.told[-1].state

    @property
    def last(self) -> Recorded:
        return self.told[-1].recorded

    def stages(self, reference: str) -> dict[str, Text]:
        """Titles of a definition's stages, by key."""
        if reference not in self.definitions:
            return {}
        process = self.definitions[reference][0]
        return {s.key: s.title for s in (*process.stages, *((process.wind_down,) if process.wind_down else ()))}


def collect(store: Store, stream: str, as_of: int | None = None, reader: Actor | None = None) -> Collected:
    """Everything recorded of a lifecycle up to version `as_of` (by default its last event), as far as `reader` may read it (None: all).

    Raises `NothingToPrint` when the lifecycle has no event so early, or none so late.
    """
    recorded = store.events(stream)
    if as_of is not None and not 1 <= as_of <= len(recorded):
        raise NothingToPrint(
            "--as-of",
            as_of,
            Text(ja="その版の事象はありません", en="there is no event of this version"),
            Text(ja=f"1 から {len(recorded)} まで", en=f"from 1 to {len(recorded)}"),
        )
    told = tell(store.kinds["lifecycle"], stream, recorded[:as_of])
    if reader is not None:
        told = told_to(store, reader, stream, told)
    names = Names.of(store)
    for t in told:
        event = t.recorded.event
        if isinstance(event, e.RequestOpened):
            names.posts[event.post] = event.post_title
    return Collected(
        stream=stream,
        told=tuple(told),
        circulations=tuple(circulations(told)),
        names=names,
        definitions=_published(store),
        hashes=_hashes(store, stream),
        rehearsal=store.clock.virtual,
    )


def _published(store: Store) -> dict[str, tuple[ProcessDefinition, str]]:
    return {
        f"{row['name']}@{row['version']}": (ProcessDefinition.model_validate(row["document"]), str(row["digest"]))
        for row in queries.published_definitions(store)
    }


def _hashes(store: Store, stream: str) -> dict[int, str]:
    query = sa.select(events.c.version, events.c.hash).where(events.c.stream == stream)
    return {row["version"]: row["hash"] for row in queries.rows(store, query)}
