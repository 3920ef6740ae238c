"""Source files into tidy tables: layouts, detection, checks, quarantine."""

from forecast.ingest.coverage import coverage
from forecast.ingest.report import FileReport, IngestReport
from forecast.ingest.run import ingest_paths

__all__ = ["FileReport", "IngestReport", "coverage", "ingest_paths"]
