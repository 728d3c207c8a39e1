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
        """Move virtual time forward to `moment` (aware). Going back is ignored, also behind another process's back.

        Raises `StoreVirtual` for a real clock, which nobody sets.
        """
        if self._virtual_now is None:
            raise StoreVirtual("実時計は進められません / a real clock cannot be set")
        if moment <= self._virtual_now:
            return
        with self._database.write() as connection:
            text = moment_text(moment)
            connection.execute(
                sa.update(meta).where(meta.c.key == "virtual_now", meta.c.value < text).values(value=text)
            )
            stored = connection.execute(sa.select(meta.c.value).where(meta.c.key == "virtual_now")).scalar_one()
        self._virtual_now = parse_moment(stored)

    @classmethod
    def of(cls, database: Database, stamped: dict[str, str]) -> Clock:
        return cls(database, parse_moment(stamped["virtual_now"]) if stamped.get("clock") == "virtual" else None)
