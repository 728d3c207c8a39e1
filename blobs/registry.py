"""Which store is meant by `TASKFORCE_ATTACHMENTS`."""

from __future__ import annotations

from blobs.contract import Blobs
from blobs.folder import Folder
from settings import ROOT, Settings


def configured(settings: Settings) -> Blobs:
    """A folder (by default VAR_DIR/attachments), or a bucket when the setting is an s3:// URL."""
    place = settings.attachments
    if place.startswith("s3://"):
        from blobs.objects import Objects

        return Objects(place)
    return Folder(ROOT / place if place else settings.var_dir / "attachments")
