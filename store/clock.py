"""The store's clock. Real: the system's time. Virtual (rehearsal): a moment kept in the store that only goes forward."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from store.engine import Database
from store.errors import StoreVirtual
from store.tables import meta, moment_text, parse_moment


class Clock:
    """`now()` is aware UTC. `virtual` clocks are moved by `set`, real ones move by themselves."""

    def __init__(self, database: Database, virtual_now: datetime | None) -> None:
        self._database = database
        self._virtual_now = virtual_now

    @property
    def virtual(self) -> bool:
        return self._virtual_now is not None

    def now(self) -> datetime:
        return self._virtual_now if self._virtual_now is not None else datetime.now(UTC)

    def set(self, moment: datetime) -> None:
        """Move virtual time forward to `moment` (aware). Going back is ignored; a real clock cannot be set."""
        if self._virtual_now is None:
            raise StoreVirtual("実時計は進められません / a real clock cannot be set")
        if moment <= self._virtual_now:
            return
        with self._database.write() as connection:
            connection.execute(sa.update(meta).where(meta.c.key == "virtual_now").values(value=moment_text(moment)))
        self._virtual_now = moment

    @classmethod
    def of(cls, database: Database, stamped: dict[str, str]) -> Clock:
        return cls(database, parse_moment(stamped["virtual_now"]) if stamped.get("clock") == "virtual" else None)
