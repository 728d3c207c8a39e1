"""A worker that kills itself (SIGKILL) at a named moment: `python -m tests.integration.mortal_worker MOMENT NUMBER`.

MOMENT is the activity before which it dies (follow, announce, instruct, advance), or `announced`, `instructed` for right after; NUMBER
says the how-manieth time. Only tests run it; the product knows no such switch.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from temporalio import activity

import worker
from activities.streams import StreamActivities
from runtime.logs import configure_logging
from settings import load
from workflows.contract import AdvanceInput, AnnounceInput, InstructInput, PlanView

MOMENT, NUMBER = sys.argv[1], int(sys.argv[2])


class Mortal(StreamActivities):
    seen = 0

    def _die_at(self, moment: str) -> None:
        if moment == MOMENT:
            Mortal.seen += 1
            if Mortal.seen == NUMBER:
                os.kill(os.getpid(), signal.SIGKILL)

    @activity.defn
    def follow(self, stream: str) -> PlanView:
        self._die_at("follow")
        return super().follow(stream)

    @activity.defn
    def announce(self, given: AnnounceInput) -> bool:
        self._die_at("announce")
        more = super().announce(given)
        self._die_at("announced")
        return more

    @activity.defn
    def instruct(self, given: InstructInput) -> str:
        self._die_at("instruct")
        rule = super().instruct(given)
        self._die_at("instructed")
        return rule

    @activity.defn
    def advance(self, given: AdvanceInput) -> bool:
        self._die_at("advance")
        return super().advance(given)


def mortal(activities: StreamActivities) -> StreamActivities:
    activities.__class__ = Mortal
    return activities


if __name__ == "__main__":
    built = worker.build_worker
    worker.build_worker = lambda *given, **more: built(*given, **more, wrap=mortal)
    settings = load()
    configure_logging(settings)
    asyncio.run(worker.serve(settings))
