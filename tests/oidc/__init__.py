"""oidc-provider from npm, installed once into the cache of the user, beside the project."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

VERSION = "9.13.3"
HERE = Path(__file__).parent


def installed() -> Path:
    """The folder that has it; skipped without npm, on continuous integration a failure."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        message = "no Node.js with npm on this machine: signing in with an OpenID provider is not tested"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "taskforce" / "oidc-provider" / VERSION
    if not (cache / "node_modules" / "oidc-provider").exists():
        part = cache.with_name(f"{VERSION}.{os.getpid()}")
        part.mkdir(parents=True, exist_ok=True)
        (part / "package.json").write_text("{}", "utf-8")
        packages = [f"oidc-provider@{VERSION}", "--no-audit", "--no-fund", "--ignore-scripts"]
        done = subprocess.run([npm, "install", *packages], cwd=part, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        try:
            part.rename(cache)
        except OSError:
            shutil.rmtree(part)  # another process was first
    return cache


@contextmanager
def provider(port: int, redirect: str, secret: str) -> Iterator[str]:
    """Its issuer while it runs."""
    command = ["node", str(HERE / "provider.mjs"), str(installed()), str(port), redirect, secret]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        process.wait(20)
        if process.stdout is not None:
            process.stdout.close()
