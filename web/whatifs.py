"""What pages and the API share of what-if: who may ask, the question put into the queue, and the process that reckons beside the pages."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import structlog

from domain.calendar import local_day
from domain.duties import has_duty
from domain.messages import Problem, Refused, refuse
from rehearsal.asking import ground, problems
from rehearsal.contract import MOST_PLAYED, Supposition
from settings import ROOT, Settings
from store.store import Store
from store.whatifs import Asked, Questions
from web.governing import require_oversight

if TYPE_CHECKING:
    from web.app import Site

log = structlog.get_logger()
RECKONING = "rehearsal.reckoning"
PAUSE = 5.0
"""Seconds between two starts, so that a process that cannot begin is not begun at every look."""


def may_suppose(store: Store, person: str) -> bool:
    """Who decides on processes: the unit that looks after them, the secretariat, and auditors."""
    if has_duty(person, "processes", store.facts().directory, local_day(store.clock.now())):
        return True
    try:
        require_oversight(store, person)
    except Refused:
        return False
    return True


def require_supposing(store: Store, person: str) -> None:
    """Raises `Refused`."""
    if not may_suppose(store, person):
        raise refuse(
            "not-your-duty",
            "試算は、プロセス定義を扱う組織・事務局・監査が行います",
            "what would be otherwise is asked by the unit that looks after process definitions, the secretariat and auditors",
            remedy_ja="事務局に尋ねてください",
            remedy_en="ask the secretariat",
        )


def unfit(store: Store, asked: Supposition) -> list[Problem]:
    return problems(asked, ground(store), MOST_PLAYED)


def ask(site: Site, person: str, key: str, asked: Supposition) -> Asked:
    """The question in the queue. Raises `Refused`, for what cannot be used with a problem for each field."""
    if found := unfit(site.store, asked):
        raise refuse(
            "form-shape",
            "使えない項目があります",
            "some fields cannot be used",
            remedy_ja="各項目を直してください",
            remedy_en="correct each of them",
            problems=tuple(found),
        )
    question = Questions(site.store).ask(person, key, asked.model_dump_json(exclude_defaults=True))
    site.reckoning.see_to_it()
    return question


class Reckoning:
    """The process that answers what waits; one of this web process at most, and by the queue one of the whole store."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings, self._store = settings, store
        self._child: subprocess.Popen[bytes] | None = None
        self._begun = 0.0
        self._lock = threading.Lock()

    def see_to_it(self) -> None:
        """Begin it where questions wait and nobody reckons."""
        with self._lock:
            if self._child is not None and self._child.poll() is None:
                return
            if time.monotonic() - self._begun < PAUSE and self._child is not None and self._child.returncode != 0:
                return
            if not Questions(self._store).unattended():
                return
            self._begun = time.monotonic()
            try:
                self._child = subprocess.Popen(
                    [sys.executable, "-m", RECKONING],
                    cwd=ROOT,
                    env=os.environ | self._environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    start_new_session=True,
                )
            except OSError as error:
                log.error("a what-if waits, and no process can be begun", error=str(error))

    def _environment(self) -> dict[str, str]:
        s = self._settings
        found = {
            "TASKFORCE_DATABASE_URL": s.database_url,
            "TASKFORCE_CLOSED_DAYS": ",".join(d.isoformat() for d in s.closed_days),
        }
        return found | ({"TASKFORCE_FISCAL_FILE": str(s.fiscal_file)} if s.fiscal_file else {})

    def end(self) -> None:
        """Told to end: what it reckons waits again."""
        with self._lock:
            if self._child is not None and self._child.poll() is None:
                self._child.terminate()
                try:
                    self._child.wait(5)
                except subprocess.TimeoutExpired:
                    self._child.kill()
                    self._child.wait()
