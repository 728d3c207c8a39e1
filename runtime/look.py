"""`make demo-ui`: opens the Temporal state that the demo left, so that its workflows can be looked at."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from runtime.devserver import ServerProblem, start_dev_server
from runtime.temporal import TemporalNotFound, resolve, tell
from settings import SettingsError, load


def main() -> int:
    try:
        settings = load()
        state = settings.var_dir / "demo" / "temporal.db"
        if not state.exists():
            tell(f"{state}: まだありません。先に make demo を実行してください / not there yet; run `make demo` first")
            return 2
        found = resolve()
        if found.binary is None:
            tell(
                "TEMPORAL_ADDRESS が設定されています。そのサーバーの UI を見てください / TEMPORAL_ADDRESS is set; look at that server's UI"
            )
            return 2
        server = start_dev_server(
            Path(found.binary),
            db_file=state,
            log_file=settings.var_dir / "log" / "demo-temporal.log",
            search_attributes={},  # the state holds them already
            port=settings.temporal_port,
            ui_port=settings.ui_port,
        )
    except (SettingsError, TemporalNotFound, ServerProblem) as error:
        tell(str(error))
        return 4
    tell(f"{server.ui_url}/namespaces/default/workflows (Ctrl-C で終了 / ends it)")
    try:
        while server.process.poll() is None:
            time.sleep(0.5)
    except KeyboardInterrupt:
        pass
    finally:
        server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
