"""What `doctor` looks at. It changes nothing."""

from __future__ import annotations

import asyncio
import platform
import sys
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from runtime.temporal import find

if TYPE_CHECKING:
    from settings import Settings
    from store.store import Store


@dataclass(frozen=True)
class Finding:
    level: Literal["ok", "warn", "bad"]
    what: str
    found: str
    remedy: str = ""

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


async def examine() -> list[Finding]:
    """Every finding, in the order in which a person would mend them."""
    return [f async for f in _all()]


async def _all() -> AsyncIterator[Finding]:
    good = sys.version_info >= (3, 11)
    yield Finding(
        "ok" if good else "bad", "Python", platform.python_version(), "" if good else "3.11 以降が必要 / 3.11 or newer"
    )
    packages = ", ".join(f"{p} {version(p)}" for p in ("temporalio", "pydantic", "SQLAlchemy", "structlog"))
    yield Finding("ok", "packages", packages)
    from settings import SettingsError, load, unknown

    try:
        settings = load()
    except SettingsError as error:
        yield Finding("bad", "settings", str(error), "環境変数を直す / correct the variables")
        return
    for name in unknown():
        yield Finding(
            "warn", name, "この変数は使われません / nothing reads this variable", "綴りを確認 / check its spelling"
        )
    if settings.allow_unsigned_updates:
        yield Finding(
            "warn",
            "TASKFORCE_ALLOW_UNSIGNED_UPDATES",
            "署名なしの回答を受け付ける設定です / INSECURE",
            "本番では外す / unset it in production",
        )
    for finding in _store(settings.database_url):
        yield finding
    yield await asyncio.to_thread(_attachments, settings)
    found = await asyncio.to_thread(find)
    if found is None:
        yield Finding(
            "warn", "Temporal program", "見つからない / none found", "`make up` が用意します / `make up` brings one"
        )
    else:
        yield Finding("ok", "Temporal program", f"{found.how}: {found.address or found.binary}")
    async for finding in _temporal(settings):
        yield finding


def _attachments(settings: Settings) -> Finding:
    from blobs.contract import BlobError
    from blobs.registry import configured

    try:
        blobs = configured(settings)
        blobs.has("0" * 64)
    except BlobError as error:
        what, _, remedy = str(error).partition("\n")
        return Finding("bad", "attachments", what, remedy.removeprefix("→ "))
    return Finding("ok", "attachments", blobs.shown)


def _store(url: str) -> list[Finding]:
    from store import queries
    from store.calendars import LAST
    from store.engine import Database, parse_url
    from store.errors import StoreError
    from store.migrate import current, head
    from store.store import Store

    try:
        parsed = parse_url(url)
        if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").exists():
            return [
                Finding("warn", "database", f"{parsed.database} はまだない / not there yet", "`./taskforce migrate`")
            ]
        database = Database(url)
        at = current(database)
        database.close()
        if at != head():
            return [
                Finding(
                    "bad",
                    "database",
                    f"{database.shown}: 版 {at} / version {at}, needed {head()}",
                    "`./taskforce migrate`",
                )
            ]
        store = Store.open(url)
    except StoreError as error:
        return [Finding("bad", "database", str(error), "TASKFORCE_DATABASE_URL を確認 / check it")]
    figures = queries.figures(store)
    findings = [
        Finding("ok", "database", f"{store.database.shown}, {figures['events']} events, {figures['open']} open")
    ]
    if store.clock.virtual:
        findings.append(
            Finding(
                "warn",
                "clock",
                f"仮想 / virtual: {store.clock.now():%Y-%m-%d}",
                "予行用。読むだけ / a rehearsal's store, read-only",
            )
        )
    behind = figures["behind"]
    findings.append(
        Finding(
            "ok" if not behind else "warn",
            "followed",
            f"{behind} behind",
            "" if not behind else "worker を起動する / start a worker",
        )
    )
    people = len(store.facts().directory.people)
    findings.append(
        Finding(
            "ok" if people else "bad",
            "directory",
            f"{people} people",
            "" if people else "`./taskforce directory import`",
        )
    )
    latest = queries.latest_definition(store, "himeji")
    findings.append(
        Finding(
            "ok" if latest else "bad", "definition", latest or "-", "" if latest else "`./taskforce definition publish`"
        )
    )
    if latest and people:
        findings.append(_deputies(store, latest))
    findings += _bodies(store)
    left = LAST - datetime.now(UTC).year
    findings.append(
        Finding(
            "ok" if left > 3 else "warn",
            "holidays",
            f"holidays {version('holidays')}, to {LAST}",
            "" if left > 3 else "uv lock --upgrade",
        )
    )
    store.close()
    return findings


def _deputies(store: Store, definition: str) -> Finding:
    """Whether somebody stands for every post that the gates ask, while its holder is away."""
    from domain.calendar import local_day
    from domain.process_posts import without_deputies

    facts = store.facts(definition)
    assert facts.definition is not None
    alone = without_deputies(facts.definition, facts.directory, local_day(store.clock.now()))
    if not alone:
        return Finding("ok", "deputies", "all deciding posts")
    shown = ", ".join(alone[:5]) + (" …" if len(alone) > 5 else "")
    return Finding(
        "warn",
        "deputies",
        f"代決者のない職 {len(alone)} / {len(alone)} posts without deputies: {shown}",
        "不在・空席のとき期限切れの報告まで止まります / their matters wait until they escalate: "
        "`./taskforce directory deputies POST DEPUTY …`",
    )


def _bodies(store: Store) -> list[Finding]:
    """Meetings that could not be convened, conclusions that were refused, tasks that could not start: people must see to them."""
    from store import bodies

    findings = [
        Finding("warn", "meeting", f"{e.held_on}: {e.message.ja} / {e.message.en}", f"{e.remedy.ja} / {e.remedy.en}")
        for e in bodies.missed_meetings(store)
    ]
    findings += [
        Finding(
            "warn",
            "exception",
            f"{r['stream']} {r['item']}: {r['exception']}",
            f"`./taskforce {r['stream'].partition(':')[0]} settle {r['stream']} {r['item']} …`",
        )
        for r in bodies.open_exceptions(store)
    ]
    findings += [
        Finding("warn", "not started", f"{r['stream']} {r['ref']}", f"`./taskforce intake show {r['stream']}`")
        for r in bodies.not_started(store)
    ]
    return findings


async def _temporal(settings: object) -> AsyncIterator[Finding]:
    from temporalio.api.enums.v1 import TaskQueueType
    from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
    from temporalio.api.taskqueue.v1 import TaskQueue
    from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, GetSystemInfoRequest

    from runtime.devserver import ServerProblem, connect
    from settings import Settings
    from workflows.contract import SEARCH_ATTRIBUTES

    assert isinstance(settings, Settings)
    try:
        client = await connect(settings.temporal_address, settings.temporal_namespace)
    except ServerProblem as error:
        yield Finding("warn", "Temporal server", str(error), "`make up`")
        return
    info = await client.workflow_service.get_system_info(GetSystemInfoRequest())
    yield Finding(
        "ok", "Temporal server", f"{settings.temporal_address} ({info.server_version}), {settings.temporal_namespace}"
    )
    listed = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    lacking = [n for n in SEARCH_ATTRIBUTES if n not in listed.custom_attributes]
    yield Finding(
        "bad" if lacking else "ok",
        "search attributes",
        ", ".join(lacking) or "all",
        "worker が登録する / a worker registers them" if lacking else "",
    )
    queue = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=settings.task_queue),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        )
    )
    count = len(queue.pollers)
    yield Finding(
        "ok" if count else "warn",
        "workers",
        f"{count} on {settings.task_queue}",
        "" if count else "`make up` / `python worker.py`",
    )
