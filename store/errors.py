"""What can go wrong with a store besides a rule's refusal."""

from __future__ import annotations


class StoreError(Exception):
    """Base; the message is for users and names the remedy."""


class StoreUnreachable(StoreError):
    """The database cannot be reached."""


class StoreMisnamed(StoreUnreachable):
    """The URL itself cannot be used, or names a file that is no database: to be corrected, not waited for."""


class StoreNotReady(StoreError):
    """The database has no tables, or tables of another version."""


class StoreVirtual(StoreError):
    """A store with a virtual clock was opened where only a real one may be."""


class Conflict(StoreError):
    """Other writers were first, again and again."""
