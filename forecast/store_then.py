"""The tables as a past run saw them: without the files that were taken in after it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

import pandas as pd

from forecast.store import Store

__all__ = ["StoreThen"]


class StoreThen(Store):
    """The tables under a folder, less the rows of files taken in after a moment.

    Rows of a file that came twice count from its first receipt. What was worked out anew from later
    hours (a day, of which an hour came late) is of the later file and is left out with it, so a
    past run can lack a value that it had; whoever repeats a run compares and says so.
    """

    def __init__(self, processed: Path, moment: datetime) -> None:
        """Read the tables under ``processed`` as of ``moment``, in the workspace's own time."""
        super().__init__(processed)
        self.moment = pd.Timestamp(moment)

    def read(
        self,
        table: str,
        *,
        columns: Sequence[str] | None = None,
        regions: Iterable[str] | None = None,
        years: Iterable[int] | None = None,
        partitions: Iterable[str] | None = None,
        categories: bool = False,
    ) -> pd.DataFrame:
        """Return the rows as :meth:`Store.read` does, less those of later files."""
        wanted = None if columns is None else [*columns, *({"file_id"} - set(columns))]
        if table == "files" or "file_id" not in self._names(table):
            rows = super().read(
                table, columns=columns, regions=regions, years=years, partitions=partitions,
                categories=categories,
            )  # fmt: skip
            if table == "files":
                return rows[rows["ingested_at"] <= self.moment].reset_index(drop=True)
            return rows
        rows = super().read(
            table, columns=wanted, regions=regions, years=years, partitions=partitions,
            categories=categories,
        )  # fmt: skip
        kept = rows[~rows["file_id"].isin(self.later)].reset_index(drop=True)
        return kept if columns is None else kept[list(columns)]

    @property
    def later(self) -> frozenset[str]:
        """Files taken in after the moment, and never before it."""
        files = super().read("files", columns=["file_id", "ingested_at"])
        first = files.groupby("file_id")["ingested_at"].min()
        return frozenset(first[first > self.moment].index)

    @staticmethod
    def _names(table: str) -> set[str]:
        from forecast.tables import SCHEMAS

        return set(SCHEMAS[table].names)
