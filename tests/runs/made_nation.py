"""A small made country: cities and sections written straight into the tables of a workspace."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from forecast.workspace import Workspace

__all__ = ["make_nation"]

_LEVELS = {"pm25": 35.0, "pm10": 65.0, "so2": 9.0, "no2": 25.0, "co": 0.8, "o3_8h": 95.0}
_WATER = {"codmn": 4.0, "nh3n": 0.5, "tp": 0.12, "do": 8.0, "ph": 7.8}


def make_nation(root: Path, cities: int, *, wet: int = 2, first: str = "2023-01-01") -> Workspace:
    """Make ``cities`` cities with days up to 2025-08-31, ``wet`` of them with two sections each."""
    ws = Workspace.create(root)
    rng = np.random.default_rng(11)
    days = pd.date_range(first, "2025-08-31").as_unit("s")
    season = np.cos(2 * np.pi * (days.day_of_year.to_numpy() - 15) / 365)
    air, water = [], []
    for k in range(cities):
        for item, level in _LEVELS.items():
            slope = -0.3 if item == "o3_8h" else 0.3
            value = level * np.exp(slope * season + rng.normal(0, 0.4, len(days)))
            air.append(
                pd.DataFrame(
                    {
                        "region": f"城{k:02d}市", "place": f"城{k:02d}市", "place_kind": "city",
                        "date": days, "item": item, "value": value.round(1 if item == "co" else 0),
                        "basis": "actual", "known_from": days + pd.Timedelta(seconds=86399),
                        "file_id": f"a{k}",
                    }
                )
            )  # fmt: skip
    months = pd.date_range(first, "2025-08-01", freq="MS").as_unit("s") + pd.Timedelta(days=4)
    months = months.as_unit("s")
    for k in range(wet):
        for section in ("上断面", "下断面"):
            for item, level in _WATER.items():
                value = level + (0.1 if item == "ph" else 0.2 * level) * rng.normal(
                    0, 1, len(months)
                )
                water.append(
                    pd.DataFrame(
                        {
                            "region": f"城{k:02d}市", "place": f"{k}{section}", "item": item,
                            "place_kind": "section", "water_type": "river", "time": months,
                            "value": value, "censored": False, "known_from": months,
                            "file_id": f"w{k}",
                        }
                    )
                )  # fmt: skip
    told = {"source": "made", "version": "unknown", "flag": "", "row": 1}
    rows = pd.concat(air, ignore_index=True).assign(**told)
    # Some days were not measured.
    rows = rows[rng.random(len(rows)) > 0.01]
    ids = [f"a{k}" for k in range(cities)] + [f"w{k}" for k in range(wet)]
    with ws.store.writer() as writer:
        writer.upsert("air_daily", rows)
        if water:
            writer.upsert("water_samples", pd.concat(water, ignore_index=True).assign(**told))
        writer.upsert(
            "files",
            pd.DataFrame(
                {
                    "file_id": ids, "path": [f"{i}.csv" for i in ids], "sha256": ids,
                    "layout": "made", "region": "", "size": 1, "status": "kept",
                    "ingested_at": pd.Timestamp("2025-09-01"),
                }
            ),
        )  # fmt: skip
    return ws
