"""The floor of the pages: the same framework and server with one page that says nothing. `python -m bench.empty PORT`."""

from __future__ import annotations

import sys

import uvicorn
from fastapi import FastAPI
from fastapi.responses import HTMLResponse

app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)


@app.get("/")
def empty() -> HTMLResponse:
    return HTMLResponse("<!doctype html><title>empty</title>")


if __name__ == "__main__":
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        log_level="error",
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,  # as the pages are served (`web/__main__.py`)
    )
