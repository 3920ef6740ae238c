"""Finished past forecasts on disk, so that none is made twice; a part is there whole or not."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from forecast.disk import write_file
from forecast.models.code_behind import MODEL_CODE, code_digest
from forecast.projection.hindcast_cases import HindcastSettings

__all__ = ["Parts", "forecast_code", "read_parts", "settings_digest"]

#: Version of the form of a part; another one is made anew.
FORM = 1

#: What the numbers of a past forecast come from.
_CODE = (*MODEL_CODE, "projection/hindcast*", "projection/streams*")


def forecast_code() -> str:
    """Hash of the modules and tables behind a past forecast: with other code it is made anew."""
    return f"{FORM}-{code_digest(_CODE)}"


def settings_digest(settings: HindcastSettings) -> str:
    """Hash of the settings that the numbers depend on (not ``min_history``: it only leaves out)."""
    told = asdict(settings) | {"ends": {str(y): str(d) for y, d in settings.ends.items()}}
    told.pop("min_history")
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


class Parts:
    """Rows of one part: of one place and model, or of one origin of a model of all places.

    Each row carries ``key``, the hash of all it was made from. A file that is damaged counts as
    none. Without a folder nothing is kept.
    """

    def __init__(self, folder: Path | None, model: str, name: str) -> None:
        stem = hashlib.sha256(name.encode()).hexdigest()[:20]
        self._path = None if folder is None else folder / model / f"{stem}.parquet"
        self._rows = pd.DataFrame() if self._path is None else _read(self._path)

    def found(self, key: str) -> pd.DataFrame:
        """Rows that were made from what ``key`` stands for."""
        if self._rows.empty:
            return self._rows
        return self._rows[self._rows["key"] == key]

    def add(self, key: str, rows: pd.DataFrame) -> None:
        """Keep ``rows`` under ``key``; rows of the same case under another key leave."""
        fresh = rows.assign(key=key)
        kept = self._rows
        if not kept.empty:
            same = pd.Series(True, index=kept.index)
            for column in ("region", "place", "origin"):
                same &= kept[column].isin(fresh[column].unique())
            kept = kept[~same | (kept["key"] == key)]
        parts = [part for part in (kept, fresh) if not part.empty]
        self._rows = pd.concat(parts, ignore_index=True) if parts else fresh
        if self._path is not None:
            buffer = io.BytesIO()
            self._rows.to_parquet(buffer, index=False, compression="zstd")
            write_file(self._path, buffer.getvalue())


def _read(path: Path) -> pd.DataFrame:
    try:
        rows = pd.read_parquet(io.BytesIO(path.read_bytes()))
    except (OSError, ValueError):
        return pd.DataFrame()
    return rows if "key" in rows.columns else pd.DataFrame()


def read_parts(folder: Path, models: Iterable[str] | None = None) -> pd.DataFrame:
    """Return all finished past forecasts under ``folder`` (of ``models``), empty if there are none.

    What calibration and stacking read. Rows of one case were made from the data and settings of
    its latest run; ``n_paths`` tells how many paths.
    """
    names = sorted(p.name for p in folder.glob("*") if p.is_dir()) if models is None else models
    frames = [_read(path) for name in names for path in sorted((folder / name).glob("*.parquet"))]
    frames = [f[f["reason"] == ""].drop(columns=["key", "reason"]) for f in frames if not f.empty]
    if not frames:
        return pd.DataFrame()
    order = ["model", "indicator", "region", "place", "origin"]
    return pd.concat(frames, ignore_index=True).sort_values(order, ignore_index=True)
