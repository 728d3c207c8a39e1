"""What a command works with: the store, who acts, and the waking after a commit."""

from __future__ import annotations

import asyncio
import getpass
import hashlib
import socket
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from definitions.loader import load_bodies, load_definition, load_people
from domain.bodies_stream import STREAM as BODIES
from domain.bodies_stream import PublishRules
from domain.bodies_stream import digest as digest_of
from domain.directory_stream import STREAM as DIRECTORY
from domain.directory_stream import ImportDirectory
from domain.messages import Actor, Command, Text, Via
from domain.process_stream import PublishDefinition, stream_of
from settings import Settings, load
from shell.errors import Exit, ShellError
from shell.output import OUT, short
from store import queries
from store.engine import parse_url
from store.store import Store
from store.transaction import Outcome

if TYPE_CHECKING:
    from temporalio.client import Client

_NO_PERSON = Text(ja="その職員はいません", en="no such person")
_NO_REQUEST = Text(ja="その依頼はありません", en="not found")


class Session:
    """Settings and an open store. `writing` refuses a rehearsal's store, whose time is not ours."""

    def __init__(self, *, writing: bool = False, create: bool = False) -> None:
        self.settings: Settings = load()
        self._writing, self._acting = writing or create, self.settings.person
        url = self.settings.database_url
        parsed = parse_url(url)
        missing = parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").exists()
        if missing and not create and not writing:
            raise ShellError(
                f"TASKFORCE_DATABASE_URL: {parsed.database}: データベースがまだありません / there is no database yet",
                "→ `./taskforce start FILE` か `./taskforce migrate` が作ります / either of the two makes it",
            )
        if create or writing:
            self.store = (
                Store.create(url, closed_days=self.settings.closed_days) if missing else self._open_or_create(url)
            )
        else:
            self.store = Store.open(url, closed_days=self.settings.closed_days)
        if (writing or create) and self.store.clock.virtual:
            raise ShellError(
                f"{self.store.database.shown}: 予行用(仮想時計)のデータベースなので読むだけです / "
                "this store belongs to a rehearsal (virtual clock) and is read-only",
                "→ TASKFORCE_DATABASE_URL で別のデータベースを指定してください / name another with TASKFORCE_DATABASE_URL",
            )
        if create or writing:
            furnish(self.store)

    def _open_or_create(self, url: str) -> Store:
        from store.errors import StoreNotReady
        from store.migrate import current

        try:
            return Store.open(url, closed_days=self.settings.closed_days)
        except StoreNotReady:
            from store.engine import Database

            database = Database(url)
            empty = current(database) is None
            database.close()
            if not empty:
                raise
            return Store.create(url, closed_days=self.settings.closed_days)

    # --- who ---------------------------------------------------------------------------------------------------------

    def person(self, given: str | None, option: str = "--as") -> str:
        """The person id meant by `--as`: an id, its unique beginning, or a full name. Else `TASKFORCE_PERSON`."""
        given = given or self.settings.person
        if not given:
            raise ShellError(
                "--as: だれとして行うか指定してください / say as whom you act",
                "→ `--as 職員ID`、または環境変数 TASKFORCE_PERSON。一覧は `./taskforce people` / "
                "`--as PERSON`, or set TASKFORCE_PERSON; `./taskforce people` lists them",
            )
        known = [p.id for p in self.store.facts().directory.people]
        if given in known:
            return self._as(given, option)
        named = [p for p, row in queries.all_people(self.store).items() if given in (row["name"], row["name_en"])]
        begun = named or [p for p in known if p.startswith(given)]
        if len(begun) == 1:
            return self._as(begun[0], option)
        if option == "--as":
            self._note_attempt("person-unknown", f"{option}: {given[:100]}", _NO_PERSON, given[:100])
        hint = "候補 / candidates: " + ", ".join(begun[:8]) if begun else "一覧は / see `./taskforce people`"
        raise ShellError(
            f"{option}: {given}: 職員が{'複数います' if begun else 'いません'} / {'several match' if begun else 'no such person'}",
            f"→ {hint}",
        )

    def _as(self, person: str, option: str) -> str:
        if option == "--as":
            self._acting = person
        return person

    def _note_attempt(self, rule: str, what: str, why: Text, person: str | None) -> None:
        """What somebody tried and could not even ask for stays on record, like a refusal. Reading leaves no trace."""
        if self._writing:
            message = Text(ja=f"{what}: {why.ja}", en=f"{what}: {why.en}")
            self.store.note_attempt(next(iter(sys.argv[1:]), "shell"), self.actor(person), rule, message)

    def actor(self, person: str | None, capacity: str | None = None) -> Actor:
        return Actor(person=person, capacity=capacity, via=Via.SHELL, authenticated_by=f"shell:{operator()}")

    # --- what --------------------------------------------------------------------------------------------------------

    def lifecycle(self, given: str) -> str:
        """The stream meant by an id, its unique beginning, or the starter's own id."""
        try:
            return queries.resolve(self.store, given)
        except queries.NotFound as missing:
            raise _not_found("ID", given, missing.candidates, "list") from None

    def request(self, given: str) -> tuple[str, str]:
        """(request id, stream) meant by a request's id or its unique beginning."""
        try:
            request = queries.resolve_request(self.store, given)
        except queries.NotFound as missing:
            self._note_attempt("request-unknown", f"REQUEST: {given[:100]}", _NO_REQUEST, self._acting)
            raise _not_found("REQUEST", given, missing.candidates, "inbox --as PERSON") from None
        stream = queries.request_stream(self.store, request)
        if stream is None:
            self._note_attempt("request-unknown", f"REQUEST: {given[:100]}", _NO_REQUEST, self._acting)
            raise _not_found("REQUEST", given, [], "inbox --as PERSON")
        return request, stream

    # --- doing -------------------------------------------------------------------------------------------------------

    def record(self, command: Command, actor: Actor) -> Outcome:
        """Record and wake. What is recorded stays recorded, whether Temporal is there or not."""
        outcome = self.store.record(command, actor)
        self.wake([outcome])
        return outcome

    def wake(self, outcomes: Iterable[Outcome]) -> bool:
        woken = asyncio.run(self._wake([o for o in outcomes if self.store.kinds[o.kind].workflow]))
        if not woken:
            OUT.note(
                f"記録しました。Temporal({self.settings.temporal_address})に届かないので、続きは戻り次第進みます / "
                "recorded; Temporal is out of reach, what follows happens when it is back"
            )
        return woken

    async def _wake(self, outcomes: list[Outcome]) -> bool:
        from workflows.wake import wake

        if not outcomes:
            return True
        client = await self.client(patience=0)
        if client is None:
            return False
        gate = asyncio.Semaphore(16)

        async def one(o: Outcome) -> bool:
            async with gate:
                return await wake(
                    client,
                    o.kind,
                    o.stream,
                    title=o.title,
                    task_queue=self.settings.task_queue,
                    within=self.settings.wake_timeout,
                    continue_after=self.settings.continue_as_new_after,
                )

        return all(await asyncio.gather(*(one(o) for o in outcomes)))

    async def client(self, patience: float) -> Client | None:
        """A Temporal client, or None when the server is out of reach."""
        import structlog

        host, _, port = self.settings.temporal_address.rpartition(":")
        try:
            # A closed port says so at once; the SDK would try for a while.
            socket.create_connection((host, int(port)), timeout=self.settings.wake_timeout).close()
        except OSError:
            if not patience:
                return None
        from runtime.devserver import ServerProblem, connect

        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
        with suppress(ServerProblem, TimeoutError):
            async with asyncio.timeout(max(self.settings.wake_timeout, patience) + 1):
                return await connect(
                    self.settings.temporal_address, self.settings.temporal_namespace, patience=patience
                )
        return None


def furnish(store: Store) -> None:
    """Give a new store the directory and process that ship with the product."""
    system = Actor(via=Via.SHELL, authenticated_by=f"shell:{operator()}")
    if not store.facts().directory.people:
        directory, names = load_people()
        digest = hashlib.sha256(directory.model_dump_json().encode()).hexdigest()[:16]
        store.record(
            ImportDirectory(command_id=f"import:{digest}", stream=DIRECTORY, directory=directory, names=names), system
        )
        OUT.note("同梱の名簿(definitions/people.yaml)を取り込みました / the shipped directory was imported")
    if queries.latest_definition(store, "himeji") is None:
        definition = load_definition()
        command_id = f"publish:{definition.reference}:{definition.digest[:16]}"
        store.record(
            PublishDefinition(command_id=command_id, stream=stream_of(definition.name), definition=definition), system
        )
        OUT.note("同梱のプロセス定義(himeji@1)を公開しました / the shipped process definition was published")
    shipped = load_bodies()
    # They are Himeji's: a city with a directory of its own publishes its own rules (`council rules FILE`).
    if store.rules() is None and store.facts().directory.unit(shipped.secretariat) is not None:
        command_id = f"publish:{shipped.reference}:{digest_of(shipped)[:16]}"
        store.record(PublishRules(command_id=command_id, stream=BODIES, rules=shipped), system)


def operator() -> str:
    """The operating system's user: who typed it, besides whom they acted for."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _not_found(field: str, given: str, candidates: list[str], listing: str) -> ShellError:
    if candidates:
        shown = ", ".join(
            c if len(candidates) > 1 and len({short(x) for x in candidates}) < len(candidates) else short(c)
            for c in candidates
        )
        return ShellError(
            f"{field}: {given}: 複数が当てはまります / several match",
            f"→ もう少し長く書いてください / write more of it: {shown}",
        )
    return ShellError(
        f"{field}: {given}: 見つかりません / not found",
        f"→ `./taskforce {listing}` で確認してください / look it up with `./taskforce {listing}`",
        code=Exit.BAD_INPUT,
    )
