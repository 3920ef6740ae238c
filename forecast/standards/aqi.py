"""Daily and 1-hour AQI of HJ 633-2012 and HJ 633-2026: index, level, primary pollutant.

AQI = the largest IAQI. Both versions: level by the AQI, primary pollutants only above 50 and all
that tie (verified). They differ in the nodes of PM10 and PM2.5 at IAQI 100 and in missing items:
2012 takes the maximum of what is there; 2026 publishes then only above 100 (clause 5.3.1), and an
item a place does not monitor is left out of account (5.3.2).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecast.standards.iaqi import NO_IAQI, IaqiTable, iaqi, iaqi_table, look_up
from forecast.standards.items import AIR_ITEMS
from forecast.standards.versions import AQI_2012, AQI_2026, CHANGE_2026, resolve

__all__ = [
    "GOOD_AQI",
    "HEAVY_AQI",
    "HOURLY_ITEMS",
    "LEVELS",
    "WITHHELD",
    "AqiLevel",
    "AqiResult",
    "daily_aqi",
    "hourly_aqi",
]

#: The AQI of a day that has none.
WITHHELD = -1
#: A day is good up to this AQI; heavily polluted above HEAVY_AQI (from memory, in all bulletins).
GOOD_AQI = 100
HEAVY_AQI = 200

#: Items of the 1-hour AQI.
HOURLY_ITEMS: tuple[str, ...] = ("so2", "no2", "pm10", "pm25", "co", "o3_1h")

_DAILY_SERIES = {
    "so2": "so2_24h", "no2": "no2_24h", "pm10": "pm10_24h", "pm25": "pm25_24h", "co": "co_24h",
    "o3_8h": "o3_8h",
}  # fmt: skip
#: 1-hour PM is read off the 24-hour nodes: clause of 2026, practice of the platform before.
_HOURLY_SERIES = {
    "so2": "so2_1h", "no2": "no2_1h", "pm10": "pm10_24h", "pm25": "pm25_24h", "co": "co_1h",
    "o3_1h": "o3_1h",
}  # fmt: skip

#: Rows worked on at once: a few arrays of this length stay in the processor's cache.
_CHUNK = 32_768


@dataclass(frozen=True)
class AqiLevel:
    """One level: ``number`` 1 to 6, highest AQI, names and the official colour."""

    number: int
    highest: int
    zh: str
    zh_class: str
    en: str
    rgb: tuple[int, int, int]


LEVELS: tuple[AqiLevel, ...] = (
    AqiLevel(1, 50, "一级", "优", "excellent", (0, 228, 0)),
    AqiLevel(2, 100, "二级", "良", "good", (255, 255, 0)),
    AqiLevel(3, 150, "三级", "轻度污染", "lightly polluted", (255, 126, 0)),
    AqiLevel(4, 200, "四级", "中度污染", "moderately polluted", (255, 0, 0)),
    AqiLevel(5, 300, "五级", "重度污染", "heavily polluted", (153, 0, 76)),
    AqiLevel(6, 500, "六级", "严重污染", "severely polluted", (126, 0, 35)),
)
_HIGHEST = np.array([level.highest for level in LEVELS[:-1]], dtype=np.int16)


@dataclass(frozen=True)
class AqiResult:
    """AQI of days (or hours).

    Attributes:
        aqi: int16 (..., day), WITHHELD (-1) where none is published.
        iaqi: int16 (..., day, item), -1 where there is none.
        complete: bool (..., day): every item is there, or was declared not monitored.
        items: codes of the item axis.
    """

    aqi: NDArray[np.int16]
    iaqi: NDArray[np.int16]
    complete: NDArray[np.bool_]
    items: tuple[str, ...]

    @property
    def primary(self) -> NDArray[np.bool_]:
        """Primary pollutants, bool (..., day, item): largest IAQI, only where AQI > 50."""
        top = np.where(self.aqi > 50, self.aqi, np.int16(-2))
        return np.asarray(self.iaqi == top[..., None])

    @property
    def level(self) -> NDArray[np.int8]:
        """Level 1 to 6, int8 (..., day); 0 where the AQI is withheld."""
        number = np.searchsorted(_HIGHEST, self.aqi, side="left") + 1
        return np.where(self.aqi >= 0, number, 0).astype(np.int8)

    @property
    def good(self) -> NDArray[np.bool_]:
        """Good days, bool (..., day): AQI 0 to 100; False where withheld."""
        return np.asarray((self.aqi >= 0) & (self.aqi <= GOOD_AQI))


def daily_aqi(
    values: ArrayLike,
    dates: ArrayLike | None,
    items: tuple[str, ...] = AIR_ITEMS,
    standard: str | ArrayLike | None = None,
    *,
    not_monitored: Collection[str] | NDArray[np.bool_] = (),
    o3_1h: ArrayLike | None = None,
    platform: bool = False,
) -> AqiResult:
    """Daily AQI.

    Args:
        values: (..., day, item) daily means, O3 the maximum 8-hour mean [µg/m³, CO mg/m³]; NaN is
            missing. float32 is taken as the decimal number it stands for.
        dates: (day,) datetime64; may be None when ``standard`` is given.
        items: code of each column; an item of the six that is neither here nor in
            ``not_monitored`` is missing.
        standard: token for all days, or one for each day; by date when None.
        not_monitored: codes, or a mask that broadcasts to ``values``: not there, and not missing.
        o3_1h: (..., day) daily maximum 1-hour O3 [µg/m³]: the seventh item of 2012, which stands
            alone for O3 where the 8-hour mean is above 800; no item of the daily AQI of 2026.
        platform: publish under 2026 also when PM10 alone is missing, as the national platform did
            in 2026-03 against clause 5.3.1.

    Raises:
        ValueError: shapes do not fit, an item is unknown, or a concentration is below 0.

    >>> day = daily_aqi([[4, 42, 60, 35, 0.8, 161]], ["2025-06-01"])
    >>> int(day.aqi[0]), int(day.level[0]), day.primary[0].tolist()[-1]
    (101, 3, True)
    """
    return _aqi(
        values, dates, items, standard, _DAILY_SERIES, "o3_8h", not_monitored, platform,
        None if o3_1h is None else ("o3_1h", o3_1h),
    )  # fmt: skip


def hourly_aqi(
    values: ArrayLike,
    dates: ArrayLike | None,
    items: tuple[str, ...] = HOURLY_ITEMS,
    standard: str | ArrayLike | None = None,
    *,
    not_monitored: Collection[str] | NDArray[np.bool_] = (),
    so2_24h: ArrayLike | None = None,
    platform: bool = False,
) -> AqiResult:
    """1-hour (real-time) AQI of six 1-hour items, PM on the 24-hour nodes; see :func:`daily_aqi`.

    ``so2_24h`` (..., hour) stands for SO2 under 2012 where its 1-hour mean is above 800.
    """
    return _aqi(
        values, dates, items, standard, _HOURLY_SERIES, "so2", not_monitored, platform,
        None if so2_24h is None else ("so2_24h", so2_24h),
    )  # fmt: skip


def _aqi(
    values: ArrayLike,
    dates: ArrayLike | None,
    items: tuple[str, ...],
    standard: str | ArrayLike | None,
    series: dict[str, str],
    second_item: str,
    not_monitored: Collection[str] | NDArray[np.bool_],
    platform: bool,
    second: tuple[str, ArrayLike] | None,
) -> AqiResult:
    array = np.asarray(values)
    if array.dtype not in (np.float32, np.float64):
        array = array.astype(np.float64)
    items = tuple(items)
    unknown = [item for item in items if item not in series]
    if unknown or len(set(items)) != len(items):
        raise ValueError(f"items must be different ones of {tuple(series)}, got {items}")
    if array.ndim < 2 or array.shape[-1] != len(items):
        raise ValueError(f"values must have shape (..., day, {len(items)}), got {array.shape}")
    if isinstance(not_monitored, np.ndarray):
        exempt = np.broadcast_to(not_monitored, array.shape)
        absent = [item for item in series if item not in items]
    else:
        exempt = None
        absent = [item for item in series if item not in items and item not in not_monitored]
        if set(not_monitored) & set(items):
            exempt = np.broadcast_to([item in not_monitored for item in items], array.shape)

    aqi = np.empty(array.shape[:-1], dtype=np.int16)
    index = np.empty(array.shape, dtype=np.int16)
    complete = np.empty(array.shape[:-1], dtype=np.bool_)
    for token, days in _days_by_standard(dates, standard, array.shape[-2]):
        one = _Version(token, items, series, absent, platform)
        part = array[..., days, :]
        flags = None if exempt is None else exempt[..., days, :]
        extra = None
        if second is not None and token == AQI_2012 and second_item in items:
            name, readings = second
            given = np.broadcast_to(np.asarray(readings), array.shape[:-1])[..., days]
            only_above = name == "so2_24h"
            extra = _second_series(given, part[..., items.index(second_item)], name, only_above)
        found = one.apply(part, flags, extra, items.index(second_item) if extra is not None else 0)
        aqi[..., days], index[..., days, :], complete[..., days] = found
    return AqiResult(aqi, index, complete, items)


def _days_by_standard(
    dates: ArrayLike | None, standard: str | ArrayLike | None, n_days: int
) -> list[tuple[str, slice | NDArray[np.intp]]]:
    """The HJ 633 tokens in force and the days (as an index) on which each is."""
    everything = slice(None)
    if isinstance(standard, str):
        return [(resolve(standard).aqi, everything)]
    if standard is not None:
        given = np.asarray(standard, dtype=object)
        names = {name: resolve(str(name)).aqi for name in set(given.tolist())}
        new = np.array([names[name] == AQI_2026 for name in given.tolist()], dtype=np.bool_)
    else:
        if dates is None:
            raise ValueError("dates are needed where no standard is given")
        new = np.asarray(dates, dtype="datetime64[D]") >= CHANGE_2026
    if new.shape != (n_days,):
        raise ValueError(f"{n_days} days of values, but dates or standards of shape {new.shape}")
    if new.all():
        return [(AQI_2026, everything)]
    if not new.any():
        return [(AQI_2012, everything)]
    return [(AQI_2012, np.flatnonzero(~new)), (AQI_2026, np.flatnonzero(new))]


def _second_series(
    given: NDArray[np.float64], main: NDArray[np.float64], name: str, only_above: bool
) -> NDArray[np.int16]:
    """IAQI of the second series of an item under 2012; where asked, only for 1-hour SO2 > 800."""
    index = iaqi(given, name, AQI_2012)
    if only_above:
        first = iaqi(main, "so2_1h", AQI_2012)
        index = np.where((first == NO_IAQI) & ~np.isnan(main), index, np.int16(NO_IAQI))
    return index


class _Version:
    """The rules of one version for one set of columns."""

    def __init__(
        self,
        token: str,
        items: tuple[str, ...],
        series: dict[str, str],
        absent: list[str],
        platform: bool,
    ) -> None:
        self.token = token
        self.tables: list[IaqiTable] = [iaqi_table(series[item], token) for item in items]
        self.n_absent = len(absent)
        self.pm10 = items.index("pm10") if "pm10" in items else -1
        self.pm10_absent = "pm10" in absent
        self.platform = platform

    def apply(
        self,
        values: NDArray[np.float64],
        exempt: NDArray[np.bool_] | None,
        extra: NDArray[np.int16] | None,
        extra_column: int,
    ) -> tuple[NDArray[np.int16], NDArray[np.int16], NDArray[np.bool_]]:
        """AQI, IAQI and completeness of values (..., day, item), in chunks of days."""
        shape = values.shape
        n_items = shape[-1]
        rows = values.reshape(-1, n_items)
        flags = None if exempt is None else exempt.reshape(-1, n_items)
        more = None if extra is None else extra.reshape(-1)
        index = np.empty(rows.shape, dtype=np.int16)
        aqi = np.empty(len(rows), dtype=np.int16)
        complete = np.empty(len(rows), dtype=np.bool_)
        for start in range(0, len(rows), _CHUNK):
            piece = slice(start, min(start + _CHUNK, len(rows)))
            top = np.full(piece.stop - start, NO_IAQI, dtype=np.int16)
            n_missing = np.full(piece.stop - start, self.n_absent, dtype=np.int8)
            only_pm10 = np.full(piece.stop - start, self.pm10_absent, dtype=np.bool_)
            for column, table in enumerate(self.tables):
                given = np.ascontiguousarray(rows[piece, column])
                found = look_up(given, table)
                if more is not None and column == extra_column:
                    found = np.maximum(found, more[piece])
                index[piece, column] = found
                np.maximum(top, found, out=top)
                missing = np.isnan(given)
                if flags is not None:
                    missing &= ~flags[piece, column]
                n_missing += missing
                if column == self.pm10:
                    only_pm10 = missing
            complete[piece] = n_missing == 0
            if self.token == AQI_2026:
                withheld = (n_missing > 0) & (top <= GOOD_AQI)
                if self.platform:
                    withheld &= ~(only_pm10 & (n_missing == 1))
                top[withheld] = WITHHELD
            aqi[piece] = top
        return aqi.reshape(shape[:-1]), index.reshape(shape), complete.reshape(shape[:-1])
