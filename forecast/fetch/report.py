"""What a fetch did, file by file."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["FetchReport", "FileOutcome"]

_DONE, _NOTHING, _IN_PART = 0, 1, 4


@dataclass(frozen=True)
class FileOutcome:
    """One file.

    Attributes:
        name: path within the source's folder.
        state: ``downloaded``, ``unchanged``, ``absent`` (the source has none), ``unavailable`` (no
            usable answer) or ``rejected`` (what came is not what it should be).
        reason: why there is nothing new, in one sentence.
        cure: what to do about it.
        paths: what there is to read, of this fetch or of an earlier one.
        region: the region to read it under, where its name can't say it.
        age_days: how long ago the source confirmed what is used [day]; 0 where it did now.
        resumed: True where a part from before was completed.
        due: False where the source may well have it later, as with today's file.
        kept_aside: where a rejected content lies.
    """

    name: str
    state: str
    reason: str = ""
    cure: str = ""
    paths: tuple[Path, ...] = ()
    region: str = ""
    age_days: float = 0.0
    resumed: bool = False
    due: bool = True
    kept_aside: Path | None = None

    @property
    def stale(self) -> bool:
        """Whether an older copy is used because the source gave nothing new."""
        return bool(self.paths) and self.state not in ("downloaded", "unchanged")


@dataclass
class FetchReport:
    """All files of one fetch.

    Attributes:
        source: the source's name.
        folder: where its files lie.
        terms: its licence and limits.
        files: one outcome each, in the order of asking.
        readings: True where the files are readings, to be ingested.
        note: why the source could not be asked for its list of files; then only older copies
            are in ``files``.
    """

    source: str
    folder: Path
    terms: str
    files: list[FileOutcome] = field(default_factory=list)
    readings: bool = True
    note: str = ""

    def _with(self, state: str) -> list[FileOutcome]:
        return [file for file in self.files if file.state == state]

    @property
    def downloaded(self) -> list[FileOutcome]:
        """Files whose content is new."""
        return self._with("downloaded")

    @property
    def unchanged(self) -> list[FileOutcome]:
        """Files that were here already."""
        return self._with("unchanged")

    @property
    def resumed(self) -> list[FileOutcome]:
        """Files of which a part was here and the rest came now."""
        return [file for file in self.files if file.resumed]

    @property
    def missed(self) -> list[FileOutcome]:
        """Files that are due and gave nothing new."""
        return [
            file
            for file in self.files
            if file.state not in ("downloaded", "unchanged") and file.due
        ]

    @property
    def stale(self) -> list[FileOutcome]:
        """Files of which an older copy is used."""
        return [file for file in self.files if file.stale]

    @property
    def oldest_days(self) -> float:
        """Age of the oldest copy in use that is not confirmed [day]; NaN where one is not known."""
        ages = [file.age_days for file in self.stale]
        return math.nan if any(map(math.isnan, ages)) else max(ages, default=0.0)

    @property
    def to_ingest(self) -> list[tuple[Path, str]]:
        """Files to be read, with the region to read them under; it is mostly empty."""
        if not self.readings:
            return []
        return [(path, file.region) for file in self.files for path in file.paths]

    @property
    def exit_code(self) -> int:
        """0 done; 1 nothing to be used; 4 done in part, the rest is named."""
        if not any(file.paths for file in self.files):
            return _NOTHING
        return _IN_PART if self.missed or self.note else _DONE

    @property
    def message(self) -> str:
        """One or two sentences for stderr where not all is well, else empty."""
        if self.note:
            first = self.note
        elif self.missed or self.exit_code == _NOTHING:
            worst = next(iter(self.missed or self.files), None)
            if worst is None:
                return f"{self.source}: there was nothing to fetch. Check the period."
            first = f"{worst.reason} {worst.cure}".strip()
            missed, asked = len(self.missed or self.files), len(self.files)
            if asked > 1:
                first = f"{self.source}: {missed} of {asked} files did not come; the first, {worst.name}: {first}"
        else:
            return ""
        if not self.stale:
            return first
        age = self.oldest_days
        shown = "of unknown age" if math.isnan(age) else f"up to {_days(age)} old"
        return f"{first} Older copies are used instead, {shown} ({len(self.stale)} files)."

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain values, for ``--json``."""
        return {
            "source": self.source,
            "folder": str(self.folder),
            "terms": self.terms,
            "exit_code": self.exit_code,
            "message": self.message,
            "counts": dict(Counter(file.state for file in self.files)),
            "resumed": len(self.resumed),
            "stale": len(self.stale),
            "oldest_days": _plain(self.oldest_days),
            "files": [
                {
                    "name": file.name,
                    "state": file.state,
                    "reason": file.reason,
                    "cure": file.cure,
                    "paths": [str(path) for path in file.paths],
                    "region": file.region,
                    "age_days": _plain(file.age_days),
                    "stale": file.stale,
                    "resumed": file.resumed,
                    "due": file.due,
                    "kept_aside": None if file.kept_aside is None else str(file.kept_aside),
                }
                for file in self.files
            ],
        }


def _days(age: float) -> str:
    whole = math.ceil(age)
    return "1 day" if whole <= 1 else f"{whole} days"


def _plain(age: float) -> float | None:
    return None if math.isnan(age) else round(age, 2)
