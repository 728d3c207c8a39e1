"""What a decision rests on besides the stream's own state: loaded by the store, versioned, and named in every event."""

from __future__ import annotations

from domain.bodies import BodyRules
from domain.calendar import Calendar
from domain.directory import Directory
from domain.fiscal import FiscalCalendar
from domain.messages import Frozen
from domain.process import ProcessDefinition


class Other(Frozen):
    """What a decision may know of another stream: that it exists, and where it stands."""

    kind: str
    title: str
    closed: bool
    undecided: bool = False
    """Whether it goes on is being decided (`Kind.undecided`): it may be closed again."""
    definition: str = ""
    """The process definition that it has pinned, `name@version`."""


class Facts(Frozen):
    """`versions` names each fact used, e.g. {"directory": "3", "calendar": "jp-0.109", "definition": "himeji@1"}."""

    directory: Directory
    calendar: Calendar
    definition: ProcessDefinition | None = None
    fiscal: FiscalCalendar | None = None
    """The city's fiscal calendar; without it there are no windows to reach or to miss."""
    others: dict[str, Other] = {}
    """The streams that the command refers to (`Kind.refers`), as far as they exist; locked against change meanwhile."""
    rules: BodyRules | None = None
    """The published rules of the bodies that the command names (`Kind.governed`)."""
    burdens: dict[str, dict[str, int]] = {}
    """Seat (chair, adviser, member) -> person -> open taskforces in which they hold it (`Kind.weighs`)."""
    number: int | None = None
    """The next number of the register from which the command draws (`Kind.draws`), locked until it is recorded."""
    claimed: str | None = None
    """The stream for which the outside document that the command names (`Kind.claims`) has been entered already."""
    versions: dict[str, str] = {}
