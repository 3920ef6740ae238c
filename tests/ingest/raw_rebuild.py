"""Tables made anew from data/raw alone, to be compared with those before."""

from __future__ import annotations

import shutil

import pandas as pd

from forecast.ingest import ingest_paths
from forecast.workspace import Workspace

__all__ = ["rebuilt"]


def rebuilt(ws: Workspace) -> tuple[str, str]:
    """Return the fingerprint before and after the tables are made anew from data/raw alone."""
    before = ws.store.fingerprint()
    shutil.rmtree(ws.processed)
    report = ingest_paths(ws, [ws.raw], now=pd.Timestamp("2026-01-01"))
    assert report.exit_code == 0, report.message
    return before, ws.store.fingerprint()
