"""The log: each notice as one structured line, for operators and for other systems that read logs."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from notifications.contract import Owed

log = structlog.get_logger("notices")


class Log:
    name = "log"
    repeatable = False
    one_by_one = False

    def send(self, owed: Sequence[Owed]) -> None:
        for o in owed:
            log.info(
                "notice",
                message_id=o.message_id,
                to=o.recipient,
                stream=o.stream,
                subject=o.subject_ja,
                subject_en=o.subject_en,
            )
