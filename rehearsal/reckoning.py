"""`python -m rehearsal.reckoning`: answers the questions that wait in the store, one after the other, and ends when none is left.

A process of its own, so that pages stay quick: playing lifecycles keeps the interpreter busy for minutes. Pages start it. It says
that it is alive every few seconds, stops when its question is taken back, and puts it back when it is told to end.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
import structlog

from domain.messages import Text
from rehearsal.asking import change, ground, last_day, problems
from rehearsal.contract import MOST_PLAYED, Supposition
from rehearsal.errors import RehearsalError
from rehearsal.present import present
from rehearsal.whatif import of_store
from runtime.logs import configure_logging
from settings import ROOT, SettingsError, load
from store.errors import StoreError
from store.store import Store
from store.whatifs import STALE, Asked, Questions

log = structlog.get_logger()
BEAT = 3.0
"""Seconds between two signs of life."""
LONGEST = 900.0
"""Seconds that one question may take."""
LINGER = 2.0
"""Seconds to wait for another question before ending."""
TOO_LONG = Text(
    ja=f"{LONGEST / 60:.0f} 分では計算し終わりませんでした。期間を短くするか、`./taskforce whatif` を使ってください",
    en=f"it was not done within {LONGEST / 60:.0f} minutes; name an earlier last day, or use `./taskforce whatif`",
)
BUG = Text(
    ja="思わぬ誤りで計算できませんでした。詳細はログにあります。担当者に時刻を伝えてください",
    en="it could not be reckoned for an unexpected error, which is in the log; tell the operator the time",
)


class Ended(BaseException):
    """The process was told to end."""


def found(store: Store, asked: Supposition) -> str:
    """What would be otherwise, as JSON of `WhatIf`. Raises `RehearsalError` for what cannot be used any more."""
    on = ground(store)
    if unfit := problems(asked, on, MOST_PLAYED):
        raise RehearsalError("\n".join(f"{p.message.ja} / {p.message.en}" for p in unfit))
    now = present(store, MOST_PLAYED)
    whole = of_store(now, change(asked, on), last_day(asked, on), asked.seed, asked.deadlines)
    return whole.model_dump_json()


class Watch:
    """Says that a question is being reckoned; `leave` is called when it is nobody's concern any more."""

    def __init__(self, questions: Questions, question: Asked, reckoner: str, leave: Callable[[], Any]) -> None:
        self._questions, self._id, self._by, self._leave = questions, question.id, reckoner, leave
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        begun = heard = time.monotonic()
        while not self._over.wait(BEAT):
            try:
                if time.monotonic() - begun > LONGEST:
                    self._questions.fail(self._id, self._by, TOO_LONG)
                mine = self._questions.beat(self._id, self._by)
                heard = time.monotonic()
            except (StoreError, sa.exc.SQLAlchemyError):
                mine = time.monotonic() - heard < STALE.total_seconds()  # by then others take us for dead
            if not mine:
                self._leave()
                return


def answer(store: Store, questions: Questions, question: Asked, reckoner: str, leave: Callable[[], Any]) -> None:
    """Reckon one question and keep what was found, or why nothing was."""
    try:
        with Watch(questions, question, reckoner, leave):
            whole = found(store, Supposition.model_validate_json(question.question))
        questions.finish(question.id, reckoner, whole)
    except Ended:
        questions.put_back(question.id, reckoner)
        raise
    except RehearsalError as error:
        ja, _, en = str(error).partition(" / ")
        questions.fail(question.id, reckoner, Text(ja=ja, en=en or ja))
    except Exception as error:
        log.exception("a what-if could not be reckoned", question=question.id, exc_info=error)
        questions.fail(question.id, reckoner, BUG)


def serve(store: Store, leave: Callable[[], Any]) -> None:
    """Every question that waits, and those that come while this goes on."""
    questions, reckoner = Questions(store), uuid4().hex
    idle = time.monotonic()
    while time.monotonic() - idle < LINGER:
        question = questions.claim(reckoner)
        if question is None:
            time.sleep(0.25)
            continue
        answer(store, questions, question, reckoner, leave)
        idle = time.monotonic()


def _anew() -> None:
    """Leave what is being reckoned, and go on with the others."""
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, "-m", "rehearsal.reckoning"])


def _told_to_end(*_: object) -> None:
    raise Ended


def main() -> int:
    """0: nothing waits any more, or told to end; 2: bad settings, or a store that is not ready."""
    signal.signal(signal.SIGTERM, _told_to_end)
    try:
        settings = load()
        configure_logging(settings)
        store = Store.open(settings.database_url, closed_days=settings.closed_days)
    except (SettingsError, StoreError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    os.nice(5)
    try:
        serve(store, _anew)
    except Ended:
        return 0
    except (StoreError, sa.exc.SQLAlchemyError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
