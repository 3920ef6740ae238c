"""Source files into tidy tables: layouts, detection, checks, quarantine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from forecast.ingest.coverage import coverage
from forecast.ingest.report import FileReport, IngestReport

if TYPE_CHECKING:
    from forecast.ingest.run import ingest_paths

__all__ = ["FileReport", "IngestReport", "coverage", "ingest_paths"]


def __getattr__(name: str) -> Any:
    # All layouts come with it, which a run of the forecast does not need.
    if name == "ingest_paths":
        from forecast.ingest.run import ingest_paths

        return ingest_paths
    raise AttributeError(f"module 'forecast.ingest' has no attribute {name!r}")
