"""Pages over a large portfolio in PostgreSQL: 100,000 lifecycles with two million events and half a million texts of people.

A few hundred lifecycles are recorded, the rest are copies of their rows under other ids; the pages read them like any other.

- `page_inbox`, `page_board`, `page_lifecycle`, `page_search`: p95 of one reader; the floor is the same framework's empty page.
- `readers_200`: p95 of 200 readers at once over these pages while 20 people answer through the API; the floor is the empty page
  under the same readers. Any error ends the bench.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import httpx
import sqlalchemy as sa

from bench.goals import Figure, figure
from bench.rounds import Bench, BenchProblem, interleaved
from domain.calendar import local_day
from domain.directory import Directory, Person, Post, Tenure, Unit
from domain.directory_stream import STREAM as DIRECTORY
from domain.directory_stream import ImportDirectory
from domain.lifecycle import commands as c
from domain.messages import SYSTEM, Actor, Text, Via
from domain.process_stream import PublishDefinition, stream_of
from runtime.devserver import die_with_parent, free_port
from runtime.postgres import postgres
from settings import ROOT
from store.accounts import Accounts
from store.api_keys import ApiKeys
from store.store import Store
from store.tables import READ_MODELS, events, log_head, streams
from tests.city import PROCESS, SINCE, VALID

_PER_BUREAU = 20
READERS, ANSWERING = 200, 20
PAUSE = 4.0
"""Seconds in which each of those who answer reads the next."""
WORDS = (
    "窓口の待ち時間",
    "保育料の通知",
    "道路の点検",
    "避難所の受付",
    "図書の予約",
    "水道の検針",
    "観光の案内",
    "健診の予約",
)
SEARCHED = "検針"
_COPIED = (
    streams,
    events,
    *(READ_MODELS[n] for n in ("lifecycles", "requests", "answers", "deliverables", "stage_visits", "written")),
)


def run(bench: Bench) -> list[Figure]:
    sections, copies = bench.sized(400, 40), bench.sized(249, 9)
    with postgres(bench.place("postgres")) as server:
        store = _portfolio(server.database(), sections)
        _copy(store, copies)
        people = [f"p-{n}-chief" for n in range(sections)]
        with _pages(store) as base, _empty() as bare:
            cookies = _signed_in(store, people[:READERS])
            found = list(_one_reader(bench, base, bare, cookies[0]))
            found.append(_many(bench, store, base, bare, cookies, people))
        store.close()
    return found


# --- the portfolio ---------------------------------------------------------------------------------------------------


def _directory(sections: int) -> Directory:
    names = [f"s{n}" for n in range(sections)]
    bureaus = [f"b{n}" for n in range((sections + _PER_BUREAU - 1) // _PER_BUREAU)]

    def text(name: str) -> Text:
        return Text(ja=name, en=name)

    held = {
        **{f"p-{n}-drafter": (f"{s}-drafter", "drafter", s) for n, s in enumerate(names)},
        **{f"p-{n}-chief": (f"{s}-chief", "section_chief", s) for n, s in enumerate(names)},
        **{f"p-{b}": (f"{b}-director", "bureau_director", b) for b in bureaus},
        "p-deputy": ("deputy-mayor", "deputy_mayor", "city"),
        "p-office": ("office-director", "secretariat_director", "digital-strategy-office"),
    }
    return Directory(
        units=(
            Unit(id="city", name=text("city"), kind="city"),
            Unit(id="digital-strategy-office", name=text("office"), kind="office", parent="city"),
            *(Unit(id=b, name=text(b), kind="bureau", parent="city") for b in bureaus),
            *(Unit(id=s, name=text(s), kind="section", parent=bureaus[n // _PER_BUREAU]) for n, s in enumerate(names)),
        ),
        posts=tuple(Post(id=post, title=text(post), role=role, unit=unit) for post, role, unit in held.values()),
        people=tuple(Person(id=p) for p in held),
        tenures=tuple(Tenure(person=p, post=post, since=SINCE) for p, (post, _, _) in held.items()),
    )


def _portfolio(url: str, sections: int) -> Store:
    """One lifecycle a section: its setup agreed by three, its analysis waiting for the section's chief."""
    store = Store.create(url)
    people = _directory(sections)
    store.record(ImportDirectory(command_id="people", stream=DIRECTORY, directory=people), SYSTEM)
    published = PublishDefinition(command_id="himeji", stream=stream_of(PROCESS.name), definition=PROCESS)
    store.record(published, SYSTEM)
    for n in range(sections):
        stream = f"t-{n}"
        drafter = Actor(person=f"p-{n}-drafter", via=Via.SHELL, authenticated_by="bench")
        store.record(
            c.StartLifecycle(
                command_id="start",
                stream=stream,
                ref=f"T-{n}",
                title=f"{WORDS[n % len(WORDS)]} {n}",
                section=f"s{n}",
                definition=PROCESS.reference,
            ),
            drafter,
        )
        for stage in ("setup", "analysis"):
            content = dict(VALID[stage])
            if stage == "setup":
                content |= {"chair": "p-deputy", "adviser": "p-office", "departments": [f"s{n}", f"s{n ^ 1}"]}
                content["members"] = [{"person": f"p-{n}-drafter", "department": f"s{n}"}]
            store.record(
                c.SubmitDeliverable(
                    command_id=f"submit-{stage}",
                    stream=stream,
                    stage=stage,
                    content=content,
                    comment=f"{WORDS[n % len(WORDS)]}の現場で聞いたことを入れました",
                ),
                drafter,
            )
            while stage == "setup" and (state := store.load(stream)[0]).work == stage:
                asked = state.requests[0]
                holder = people.holders(asked.post, local_day(store.clock.now()))[0]
                answer = c.AnswerRequest(
                    command_id=asked.id,
                    stream=stream,
                    request=asked.id,
                    decision="approve",
                    comment=f"{WORDS[n % len(WORDS)]}の件数を確かめたうえで同意します",
                )
                store.record(answer, Actor(person=holder, via=Via.SHELL, authenticated_by="bench"))
    return store


def _copy(store: Store, copies: int) -> None:
    """Every lifecycle so many times more, row by row, under other ids."""
    changed = {
        "stream": "o.stream || '.' || g",
        "event_id": "md5(o.event_id || g)::uuid::text",
        "request": "md5(o.request || g)::uuid::text",
        "position": "o.position + g * :span",
        "ref": "o.ref || '-' || g",
        "followed": "o.version",
    }
    with store.database.write() as connection:
        span = connection.execute(sa.select(log_head.c.position)).scalar_one()
        for table in _COPIED:
            names = [column.name for column in table.c]
            chosen = ", ".join(changed.get(n, f"o.{n}") if n != "position" or table is events else n for n in names)
            text = (
                f"INSERT INTO {table.name} ({', '.join(names)}) SELECT {chosen} "
                f"FROM {table.name} o, generate_series(1, :copies) g WHERE o.stream LIKE 't-%'"
            )
            connection.execute(sa.text(text), {"copies": copies} | ({"span": span} if ":span" in text else {}))
        connection.execute(sa.update(log_head).values(position=span * (copies + 1)))
    with store.database.write() as connection:
        connection.execute(sa.text("ANALYZE"))


# --- servers ---------------------------------------------------------------------------------------------------------


@contextmanager
def _serving(command: list[str], environment: dict[str, str], probe: str) -> Iterator[None]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TASKFORCE_")}
    process = subprocess.Popen(
        command, cwd=ROOT, env=kept | environment, stdout=subprocess.DEVNULL, preexec_fn=die_with_parent
    )
    try:
        for _ in range(300):
            if process.poll() is not None:
                raise BenchProblem(f"{command[2]}: 起動しません / does not start")
            try:
                httpx.get(probe)
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def _pages(store: Store) -> Iterator[str]:
    port = free_port()
    environment = {
        "TASKFORCE_DATABASE_URL": store.database.url,
        "TASKFORCE_WEB_PORT": str(port),
        "TASKFORCE_LOG_LEVEL": "error",
        "TASKFORCE_API_PER_MINUTE": "1000000",
        "TEMPORAL_ADDRESS": f"127.0.0.1:{free_port()}",
    }
    base = f"http://127.0.0.1:{port}"
    with _serving([sys.executable, "-m", "web"], environment, f"{base}/healthz"):
        yield base


@contextmanager
def _empty() -> Iterator[str]:
    port = free_port()
    with _serving([sys.executable, "-m", "bench.empty", str(port)], {}, f"http://127.0.0.1:{port}/"):
        yield f"http://127.0.0.1:{port}"


def _signed_in(store: Store, people: Sequence[str]) -> list[dict[str, str]]:
    """A session's cookie for each, as an OpenID provider's sign-in makes it."""
    accounts, found = Accounts(store), []
    for person in people:
        accounts.link("bench", person, person)
        token = accounts.enter("bench", person, None)
        assert token is not None
        found.append({"Cookie": f"__Host-session={token}; language=ja"})
    return found


# --- looks -----------------------------------------------------------------------------------------------------------

_PATHS = {
    "page_inbox": "/",
    "page_board": "/board",
    "page_lifecycle": "/lifecycles/t-1",
    "page_search": f"/search?q={SEARCHED}",
}


def _each(looked: Callable[[str], float], url: str) -> Callable[[int], float]:
    return lambda _: looked(url)


def _p95(seconds: Sequence[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1] * 1000


def _one_reader(bench: Bench, base: str, bare: str, cookie: dict[str, str]) -> Iterator[Figure]:
    times = bench.sized(100, 20)
    with httpx.Client(headers=cookie, timeout=120) as client:

        def looked(url: str) -> float:
            spent = []
            for n in range(times + 3):
                begun = time.perf_counter()
                answer = client.get(url)
                if n >= 3:
                    spent.append(time.perf_counter() - begun)
                if answer.status_code != 200:
                    raise BenchProblem(f"{url}: {answer.status_code}")
            return _p95(spent)

        for name, path in _PATHS.items():
            page = base + path
            yield figure(name, *interleaved(bench.rounds, _each(looked, page), _each(looked, f"{bare}/")))


def _many(bench: Bench, store: Store, base: str, bare: str, cookies: list[dict[str, str]], people: list[str]) -> Figure:
    number, each = min(READERS, len(cookies)), bench.sized(8, 3)
    keys = [ApiKeys(store).make(p, "bench", ("read", "decide"), 1)[1] for p in people]
    share = len(keys) // bench.rounds
    rounds = iter([list(enumerate(keys))[n * share : (n + 1) * share] for n in range(bench.rounds)])

    async def read(url: str, paths: Sequence[str]) -> float:
        limits = httpx.Limits(max_connections=number)
        async with httpx.AsyncClient(base_url=url, timeout=120, limits=limits) as client:

            async def one(n: int) -> list[float]:
                spent = []
                for path in itertools.islice(itertools.cycle(paths), n % len(paths), n % len(paths) + each):
                    begun = time.perf_counter()
                    answer = await client.get(path, headers=cookies[n % len(cookies)])
                    spent.append(time.perf_counter() - begun)
                    if answer.status_code != 200:
                        raise BenchProblem(f"{path}: {answer.status_code}")
                return spent

            return _p95([s for spent in await asyncio.gather(*(one(n) for n in range(number))) for s in spent])

    async def answering(done: asyncio.Event) -> int:
        unanswered = iter(next(rounds))
        async with httpx.AsyncClient(base_url=f"{base}/api/v1", timeout=120) as client:

            async def one() -> int:
                """A copy's state names its original's requests, so the originals are answered, each by its chief."""
                given = 0
                while not done.is_set():
                    n, key = next(unanswered, (-1, ""))
                    if n < 0:
                        break
                    headers = {"Authorization": f"Bearer {key}"}
                    shown = (await client.get(f"/lifecycles/t-{n}", headers=headers)).json()
                    (asked,) = shown["requests"]
                    body = {"request": asked["id"], "decision": "approve"}
                    path = f"/lifecycles/t-{n}/commands/answer-request"
                    answer = await client.post(path, json=body, headers=headers)
                    if answer.status_code != 200:
                        raise BenchProblem(f"{path}: {answer.status_code} {answer.text[:300]}")
                    given += 1
                    await asyncio.sleep(PAUSE)
                return given

            return sum(await asyncio.gather(*(one() for _ in range(ANSWERING))))

    async def busy() -> float:
        done = asyncio.Event()
        answers = asyncio.create_task(answering(done))
        try:
            found = await read(base, list(_PATHS.values()))
        finally:
            done.set()
        if await answers < 1:
            raise BenchProblem("誰も答えませんでした / nobody answered")
        return found

    return figure(
        "readers_200",
        *interleaved(bench.rounds, lambda _: asyncio.run(busy()), lambda _: asyncio.run(read(bare, ["/"]))),
    )
