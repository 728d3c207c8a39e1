"""Server-sent events for open pages."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import Response, StreamingResponse
from starlette.concurrency import run_in_threadpool

from web.app import Site, Visit
from web.snapshots import Reading

router = APIRouter(route_class=Reading)


@router.get("/live")
async def live(
    request: Request,
    of: str = Query("", max_length=100),
    since: int = Query(0, ge=0, lt=1 << 62),
    last_event_id: str = Header("", max_length=30),
) -> Response:
    """Says `changed` with the log's position whenever something is recorded (on one stream)."""
    site: Site = request.app.state.site
    visit: Visit = await run_in_threadpool(site.visit, request)
    begun = int(last_event_id) if last_event_id.isascii() and last_event_id.isdigit() else since

    async def lines() -> AsyncIterator[str]:
        yield "retry: 5000\n\n"
        async for position in site.live.changes(of, begun):
            # A session that has ended hears nothing more; the browser's next try is sent to sign in.
            if await run_in_threadpool(site.session, visit.request) is None:
                return
            yield ": still here\n\n" if position is None else f"id: {position}\nevent: changed\ndata: {position}\n\n"

    headers = {"X-Accel-Buffering": "no", "Cache-Control": "no-store"}
    return StreamingResponse(lines(), media_type="text/event-stream", headers=headers)
