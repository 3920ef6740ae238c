"""Stations that move between lists, or change their name under one code."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from forecast.quality.findings import findings, no_findings

__all__ = ["distance", "moved"]

#: Lists round to two decimals at worst, half a kilometre; a station that moves further is another.
_FAR_KM = 1.0
#: Mean radius of the earth [km].
_RADIUS_KM = 6371.0


def distance(
    longitude: ArrayLike, latitude: ArrayLike, other_longitude: ArrayLike, other_latitude: ArrayLike
) -> NDArray[np.float64]:
    """Great-circle distance [km] of points in degrees (haversine).

    >>> round(float(distance(116.0, 40.0, 116.0, 40.01)), 3)
    1.112
    """
    x1, y1, x2, y2 = (
        np.radians(np.asarray(a, dtype=np.float64))
        for a in (longitude, latitude, other_longitude, other_latitude)
    )
    half = np.sin((y2 - y1) / 2) ** 2 + np.cos(y1) * np.cos(y2) * np.sin((x2 - x1) / 2) ** 2
    return np.asarray(2 * _RADIUS_KM * np.arcsin(np.sqrt(half)))


def moved(rows: pd.DataFrame) -> pd.DataFrame:
    """Stations whose entries differ: over a kilometre apart, or another name of the same code.

    Args:
        rows: of ``sites``: ``region, place, name, longitude, latitude, valid_from, source``. Each
            entry of a place is set against the one before it; one without a position or a name
            says nothing of it. A place is one finding, from the first entry that differs.
    """
    if rows.empty:
        return no_findings()
    order = ["region", "place", "valid_from", "source"]
    rows = rows.sort_values(order, kind="stable", na_position="first", ignore_index=True)
    key = rows["region"].astype(object) + "\x1f" + rows["place"].astype(object)
    code = pd.factorize(key.to_numpy(dtype=object))[0]
    x, y = (rows[c].to_numpy(np.float64) for c in ("longitude", "latitude"))
    name = rows["name"].fillna("").str.strip().to_numpy(dtype=object)
    source = rows["source"].to_numpy(dtype=object)
    said: dict[int, list[tuple[str, str]]] = {}
    since: dict[int, int] = {}
    for a, b in _pairs(code, ~np.isnan(x) & ~np.isnan(y)):
        km = float(distance(x[a], y[a], x[b], y[b]))
        if km > _FAR_KM:
            said.setdefault(int(code[b]), []).append(
                (
                    f"坐标相差{km:.1f}公里（{source[a]}与{source[b]}）",
                    f"{km:.1f} km apart ({source[a]} and {source[b]})",
                )
            )
            since.setdefault(int(code[b]), b)
    for a, b in _pairs(code, name != ""):
        if name[a] != name[b]:
            said.setdefault(int(code[b]), []).append(
                (
                    f"同一编码名称不同：{name[a]}、{name[b]}",
                    f"one code, two names: {name[a]} and {name[b]}",
                )
            )
            since[int(code[b])] = min(b, since.get(int(code[b]), b))
    codes = sorted(said)
    at = np.array([since[c] for c in codes], dtype=np.int64)
    moment = rows["valid_from"].to_numpy("datetime64[s]")[at]
    details = [
        "；".join(zh for zh, _ in said[c]) + "|" + "; ".join(en for _, en in said[c]) for c in codes
    ]
    return findings(
        rows["region"].to_numpy(dtype=object)[at], rows["place"].to_numpy(dtype=object)[at], "",
        moment, moment, "moved", details, np.bincount(code)[codes] if codes else [],
    )  # fmt: skip


def _pairs(code: NDArray[np.int64], usable: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Rows that follow each other in one place, those that are not ``usable`` left out."""
    at = np.flatnonzero(usable)
    same = code[at[1:]] == code[at[:-1]]
    return [(int(a), int(b)) for a, b in zip(at[:-1][same], at[1:][same], strict=True)]
