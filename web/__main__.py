"""`python -m web`: serve the pages. Behind a proxy that speaks TLS, name its address in TASKFORCE_PAGE_URL."""

from __future__ import annotations

import gc
import os
import sys

import uvicorn

from runtime.logs import configure_logging
from settings import SettingsError, load
from store.errors import StoreError
from store.store import Store
from web.app import create_app


def main() -> int:
    """Serve until stopped. 2: bad settings, or a store that is not ready; 4: the address cannot be used."""
    try:
        settings = load()
        configure_logging(settings)
        store = Store.open(settings.database_url, closed_days=settings.closed_days)
    except (SettingsError, StoreError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    config = uvicorn.Config(
        create_app(settings, store),
        host=settings.web_host,
        port=settings.web_port,
        log_level=settings.log_level,
        server_header=False,
        access_log=False,
        timeout_keep_alive=75,  # a busy loop must not close a connection on which a question is just coming in
        timeout_graceful_shutdown=3,  # open pages listen for news without end
        forwarded_allow_ips="127.0.0.1",
    )
    server = uvicorn.Server(config)
    gc.freeze()  # what stays for good need not be looked through again and again
    try:
        server.run()
    except SystemExit:
        sys.stderr.write(
            f"TASKFORCE_WEB_PORT: {settings.web_host}:{settings.web_port} は使えません / cannot be used\n"
            "→ 別の番号にしてください / choose another\n"
        )
        return 4
    store.close()
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # the Temporal SDK may crash at interpreter exit
