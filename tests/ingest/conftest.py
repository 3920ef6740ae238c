"""A workspace, and made source files to read into it: plausible values, no real city."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from forecast.workspace import Workspace


class CityFiles:
    """Writes files of the header layout into one folder; rows can be changed before writing."""

    header = ("日期", "AQI", "质量等级", "PM2.5", "PM10", "SO2", "CO", "NO2", "O3_8h", "排名")

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def rows(self, n: int = 100, start: date = date(2016, 1, 1), seed: int = 1) -> list[list[str]]:
        """Return plausible rows of the header layout: integers, CO with one decimal."""
        rng = np.random.default_rng(seed)
        rows = []
        for at in range(n):
            pm25 = int(rng.integers(20, 120))
            rows.append(
                [
                    (start + timedelta(days=at)).isoformat(), str(int(rng.integers(30, 200))), "良",
                    str(pm25), str(pm25 + int(rng.integers(5, 60))), str(int(rng.integers(3, 40))),
                    f"{rng.integers(3, 30) / 10 + 0.01:.2f}", str(int(rng.integers(10, 80))),
                    str(int(rng.integers(20, 180))), str(at + 1),
                ]
            )  # fmt: skip
        return rows

    def text(self, rows: Sequence[Sequence[str]], header: Sequence[str] | None = None) -> str:
        """Return the file's text under ``header`` (default the layout's)."""
        return "\n".join(",".join(row) for row in [header or self.header, *rows]) + "\n"

    def __call__(
        self,
        rows: Sequence[Sequence[str]] | None = None,
        *,
        name: str = "甲市.csv",
        header: Sequence[str] | None = None,
        encoding: str = "utf-8",
    ) -> Path:
        """Write ``rows`` (default 100 made ones) and return the file."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        text = self.text(self.rows() if rows is None else rows, header)
        path.write_bytes(text.encode(encoding))
        return path


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "w")


@pytest.fixture
def city(tmp_path: Path) -> CityFiles:
    return CityFiles(tmp_path / "in")
