"""What an ingest did, file by file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from forecast.errors import ContradictionError, ForecastError

__all__ = ["FileReport", "IngestReport"]

_DONE, _NOTHING, _CONTRADICTED, _IN_PART = 0, 1, 3, 4


@dataclass
class FileReport:
    """One file.

    Attributes:
        path: as it was given or found.
        status: ``read``, ``already_read``, ``refused``, or ``skipped``: a sheet without readings
            beside others that have them.
        part: the worksheet of a workbook or the member of an archive; else empty.
        reason, cure: why it was refused, in one sentence each.
        exit_code: what the refusal alone would end in.
        layout: its source layout.
        raw: its copy under ``data/raw``.
        rows_read, rows_kept: data lines, and those of which at least one value was taken.
        quarantined: rows and cells set aside; ``quarantine`` is the file that lists them.
        missing: cells that say that there is no value.
        duplicates: exact repeats, left out.
        flagged: values kept with a flag.
        new, corrected, unchanged: values by what they did to the tables.
        silent: values left out or blank where one is stored, which stays.
        withdrawn: stored values that an earlier mapping made of the file and the present one doesn't.
        region: the region that was given or that the name of the file or the sheet says
            (``region_of_name``); empty where the table says it.
        remarks: what a person should look at, ``zh|en``.
        ignored: columns known and not stored.
    """

    path: Path
    status: str
    part: str = ""
    reason: str = ""
    cure: str = ""
    exit_code: int = _DONE
    layout: str = ""
    raw: Path | None = None
    rows_read: int = 0
    rows_kept: int = 0
    quarantined: int = 0
    quarantine: Path | None = None
    missing: int = 0
    duplicates: int = 0
    flagged: int = 0
    new: int = 0
    corrected: int = 0
    unchanged: int = 0
    silent: int = 0
    withdrawn: int = 0
    ignored: tuple[str, ...] = ()
    region: str = ""
    region_of_name: bool = False
    remarks: tuple[str, ...] = ()

    @classmethod
    def refused(cls, path: Path, error: ForecastError, **known: Any) -> FileReport:
        """Return the report on a file that was not taken in because of ``error``."""
        return cls(
            path, "refused", reason=error.message, cure=error.cure, exit_code=error.exit_code,
            **known,
        )  # fmt: skip


@dataclass
class IngestReport:
    """All files of one call, in the order of reading.

    Attributes:
        files: one report each.
        skipped: files of a folder that are not tables, with the reason.
        dry_run: True where nothing was written.
        days: values of days made or changed from the hours, or the days of points, that came in.
        flags: quality flags raised for the first time.
        nothing_aside: True where what was set aside was to be read again and nothing is.
        outdated: layouts of mappings that were changed after they read files that are in the tables.
        strays: control points of lists of stations that no reading of their city is of: city, code
            and name.
    """

    files: list[FileReport] = field(default_factory=list)
    skipped: list[tuple[Path, str]] = field(default_factory=list)
    dry_run: bool = False
    days: int = 0
    flags: int = 0
    nothing_aside: bool = False
    outdated: tuple[str, ...] = ()
    strays: list[str] = field(default_factory=list)

    def _with(self, status: str) -> list[FileReport]:
        return [file for file in self.files if file.status == status]

    @property
    def read(self) -> list[FileReport]:
        """The files that were taken in."""
        return self._with("read")

    @property
    def already_read(self) -> list[FileReport]:
        """The files whose content was there before."""
        return self._with("already_read")

    @property
    def refused(self) -> list[FileReport]:
        """The files that were not taken in."""
        return self._with("refused")

    @property
    def passed_over(self) -> list[FileReport]:
        """Sheets without readings beside others that have them."""
        return self._with("skipped")

    @property
    def exit_code(self) -> int:
        """0 done; 1 nothing usable; 3 nothing usable and a header is contradicted; 4 in part."""
        refused = self.refused
        if self.read or self.already_read:
            return _IN_PART if refused else _DONE
        if self.nothing_aside:
            return _DONE
        if any(file.exit_code == ContradictionError.exit_code for file in refused):
            return _CONTRADICTED
        return _NOTHING

    @property
    def message(self) -> str:
        """One sentence for stderr where the exit code is not 0 or nothing was done, else empty."""
        refused = self.refused
        if self.nothing_aside:
            return "Nothing is refused or set aside, so there is nothing to read again."
        if not self.files:
            return "There is no table to read here. Give CSV, XLSX, XLS, Parquet, JSON, GZ or ZIP files or a folder of them."
        if not refused:
            return ""
        first = f"{refused[0].reason} {refused[0].cure}".strip()
        if len(self.files) == 1:
            return first
        return f"{len(refused)} of {len(self.files)} files were not taken in; the first: {first}"

    def join(self, other: IngestReport) -> None:
        """Add what another ingest did."""
        self.files += other.files
        self.skipped += other.skipped
        self.days += other.days
        self.flags += other.flags
        self.strays = other.strays or self.strays

    def total(self, count: str) -> int:
        """Return the sum of one of the counts of ``FileReport`` over the files read."""
        return sum(int(getattr(file, count)) for file in self.read)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain values, for ``--json``."""
        counts = (
            "rows_read", "rows_kept", "quarantined", "missing", "duplicates", "flagged", "new",
            "corrected", "unchanged", "silent", "withdrawn",
        )  # fmt: skip
        return {
            "dry_run": self.dry_run,
            "exit_code": self.exit_code,
            **{count: self.total(count) for count in counts},
            "days": self.days,
            "flags": self.flags,
            "outdated": list(self.outdated),
            "strays": self.strays,
            "files": [
                {
                    "path": str(file.path),
                    "part": file.part,
                    "status": file.status,
                    "layout": file.layout,
                    "region": file.region,
                    "region_of_name": file.region_of_name,
                    "remarks": list(file.remarks),
                    "reason": file.reason,
                    "cure": file.cure,
                    **{count: getattr(file, count) for count in counts},
                    "quarantine": None if file.quarantine is None else str(file.quarantine),
                    "ignored": list(file.ignored),
                }
                for file in self.files
            ],
            "skipped": [{"path": str(path), "reason": reason} for path, reason in self.skipped],
        }
