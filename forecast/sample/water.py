"""Draw monthly samples of 13 made river and lake sections.

Each section has a level for every item; a season, a slow drift over the years and the scatter of
single samples are drawn around it. In a year with published shares the annual means of the items
that decide are then moved to the side of the limits that the published figures ask for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.standards.water_class import class_limits, section_class

__all__ = ["COLUMNS", "draw_sections"]

Array = NDArray[np.float64]

#: Columns of the table of national automatic stations, in its order.
COLUMNS: tuple[str, ...] = (
    "province", "basin", "city", "river", "section", "time", "class", "class_num", "status",
    "water_temp_c", "ph", "do_mgl", "cond_uscm", "turb_ntu", "codmn_mgl", "nh3n_mgl", "tp_mgl",
    "tn_mgl", "chla_mgl", "algae_cells", "src",
)  # fmt: skip


@dataclass(frozen=True)
class _Section:
    """Levels of one section in 2020 [mg/L]; ``first`` is the year of its first sample."""

    name: str
    river: str
    first: int
    codmn: float
    nh3n: float
    tp: float
    tn: float
    lake: bool = False


#: The network grew from 10 to 13 sections with 2021 (plan, note a of its target table). Levels are
#: made up so that nine of thirteen stay an open question: seven sections safely at class III, four
#: within a few percent of a limit of class III (06 and 10 TP 0.2, 08 NH3-N 1.0, 09 CODMn 6), one in
#: class IV and one in class V.
_SECTIONS: tuple[_Section, ...] = (
    _Section("示例断面01", "示例河甲", 2019, 3.6, 0.32, 0.085, 4.2),
    _Section("示例断面02", "示例河甲", 2019, 4.3, 0.45, 0.110, 4.9),
    _Section("示例断面03", "示例河甲", 2019, 4.9, 0.58, 0.135, 5.6),
    _Section("示例断面04", "示例河乙", 2019, 3.9, 0.38, 0.095, 3.8),
    _Section("示例断面05", "示例河乙", 2019, 4.7, 0.52, 0.140, 4.4),
    _Section("示例断面06", "示例河乙", 2021, 5.0, 0.60, 0.212, 5.1),
    _Section("示例断面07", "示例河丙", 2019, 4.5, 0.62, 0.120, 5.8),
    _Section("示例断面08", "示例河丙", 2019, 5.1, 1.10, 0.150, 6.9),
    _Section("示例断面09", "示例河丁", 2021, 6.18, 0.64, 0.155, 5.2),
    _Section("示例断面10", "示例河丁", 2019, 5.3, 0.70, 0.208, 6.1),
    _Section("示例断面11", "示例河戊", 2021, 7.6, 0.95, 0.190, 7.0),
    _Section("示例断面12", "示例河戊", 2019, 8.3, 1.25, 0.345, 8.6),
    _Section("示例湖心", "示例湖", 2019, 5.0, 0.30, 0.043, 1.3, lake=True),
)

#: Relative season by month, January to December: algae and runoff raise CODMn and TP in summer,
#: cold water nitrifies slowly and NH3-N is high in winter.
_SEASONS: dict[str, tuple[float, ...]] = {
    "codmn": (0.80, 0.82, 0.88, 0.95, 1.02, 1.12, 1.25, 1.22, 1.10, 1.00, 0.94, 0.90),
    "nh3n": (1.70, 1.60, 1.30, 1.00, 0.75, 0.65, 0.62, 0.62, 0.70, 0.80, 1.00, 1.30),
    "tp": (0.82, 0.80, 0.84, 0.90, 0.98, 1.12, 1.32, 1.28, 1.14, 1.00, 0.92, 0.88),
    "tn": (1.25, 1.22, 1.15, 1.05, 0.95, 0.88, 0.85, 0.85, 0.88, 0.92, 0.98, 1.05),
}
#: Scatter of one sample about season and year, and of a year about its drift (logarithms).
_SCATTER = {"codmn": 0.13, "nh3n": 0.32, "tp": 0.20, "tn": 0.18}
_YEAR_SCATTER = {"codmn": 0.03, "nh3n": 0.06, "tp": 0.04, "tn": 0.05}
#: Change a year of the level, relative: slow improvement.
_DRIFT = {"codmn": -0.008, "nh3n": -0.02, "tp": -0.012, "tn": -0.01}
_DECIDING = ("codmn", "nh3n", "tp")
#: Part of a departure that is shared by all sections of the month: rain falls on all of them.
_SHARED = 0.5
_TEMPERATURE = (1.5, 3.5, 9.5, 16.0, 21.5, 26.0, 28.0, 27.0, 22.5, 16.0, 8.5, 3.0)

#: Items that give the class of a sample, in the order of ``section_class``'s columns here.
_CLASS_ITEMS = ("ph", "do", "codmn", "nh3n", "tp")
_CLASS_SIGNS = ("", "Ⅰ", "Ⅱ", "Ⅲ", "Ⅳ", "Ⅴ", "劣Ⅴ")
#: How far from a limit the annual means of a published year stay.
_CLEAR = 0.03
#: Published: in 2020 eight of ten sections were at class III or better and none worse than V.
_PUBLISHED_YEAR = 2020
_PUBLISHED_GOOD = 8
_LAST_MONTH = np.datetime64("2025-06")


def _levels(rng: np.random.Generator, months: NDArray[np.datetime64], item: str) -> Array:
    """Draw concentrations of one item [mg/L], shape (section, month)."""
    year = months.astype("datetime64[Y]").astype(np.int64) + 1970
    month = months.astype(np.int64) % 12
    base = np.array([getattr(section, item) for section in _SECTIONS])[:, None]
    years = np.arange(year.min(), year.max() + 1)
    yearly = _YEAR_SCATTER[item] * rng.standard_normal((len(_SECTIONS), len(years)))
    own = rng.standard_normal((len(_SECTIONS), len(months)))
    shared = rng.standard_normal(len(months))
    noise = _SCATTER[item] * (np.sqrt(_SHARED) * shared + np.sqrt(1.0 - _SHARED) * own)
    noise -= 0.5 * _SCATTER[item] ** 2
    log = _DRIFT[item] * (year - _PUBLISHED_YEAR) + yearly[:, year - years[0]] + noise
    season = np.array(_SEASONS[item]) / np.mean(_SEASONS[item])
    return np.asarray(base * season[month] * np.exp(log))


def _meet_published(values: dict[str, Array], months: NDArray[np.datetime64]) -> None:
    """Move the annual means of the published year, in place.

    Sections are ranked by their worst annual mean relative to class III; the best
    ``_PUBLISHED_GOOD`` go inside class III, the others outside, and all inside class V.
    """
    chosen = months.astype("datetime64[Y]").astype(np.int64) + 1970 == _PUBLISHED_YEAR
    old = [k for k, section in enumerate(_SECTIONS) if section.first <= _PUBLISHED_YEAR]

    def limits(k: int, item: str) -> tuple[float, float]:
        found = class_limits(item, "lake" if _SECTIONS[k].lake else "river")
        if found is None:
            raise KeyError(item)
        return found[2], found[4]

    def ratios(k: int) -> list[float]:
        return [float(values[i][k, chosen].mean()) / limits(k, i)[0] for i in _DECIDING]

    for rank, k in enumerate(sorted(old, key=lambda k: max(ratios(k)))):
        for item, ratio in zip(_DECIDING, ratios(k), strict=True):
            third, fifth = limits(k, item)
            wanted = ratio
            if rank < _PUBLISHED_GOOD:
                wanted = min(ratio, 1.0 - _CLEAR)
            elif ratio == max(ratios(k)):
                wanted = max(ratio, 1.0 + _CLEAR)
            wanted = min(wanted, (1.0 - _CLEAR) * fifth / third)
            values[item][k, chosen] *= wanted / ratio


def draw_sections(rng: np.random.Generator) -> list[list[object]]:
    """Draw the samples, one row a section and month, in the order of ``COLUMNS``.

    Ten sections start in January 2019 and three in January 2021; all end in June 2025. Units are
    in the names of the columns; a lake has chlorophyll-a and algae, a river has ``*`` there.
    """
    months = np.arange(np.datetime64("2019-01"), _LAST_MONTH + 1)
    values = {item: _levels(rng, months, item) for item in _SEASONS}
    _meet_published(values, months)
    size = (len(_SECTIONS), len(months))
    month = months.astype(np.int64) % 12
    temperature = np.maximum(np.array(_TEMPERATURE)[month] + rng.normal(0.0, 1.2, size), 0.3)
    # Oxygen follows its solubility; organic matter and ammonia take some of it away.
    saturation = 14.6 - 0.394 * temperature + 0.0077 * temperature**2 - 6.5e-5 * temperature**3
    load = 0.02 * values["codmn"] + 0.06 * values["nh3n"]
    oxygen = saturation * (0.97 - load) * np.exp(rng.normal(0.0, 0.06, size))
    ph = 8.0 + 0.15 * (temperature - 14.0) / 14.0 + rng.normal(0.0, 0.15, size)
    conductivity = 1150.0 * np.exp(rng.normal(0.0, 0.18, size))
    turbidity = 22.0 * np.exp(rng.normal(0.0, 0.5, size))
    algae = np.exp(14.5 + 0.06 * temperature + rng.normal(0.0, 0.4, size))
    day = rng.integers(1, 10, size)
    shown = {
        "ph": np.round(ph, 2),
        "do": np.round(oxygen, 2),
        "codmn": np.round(values["codmn"], 2),
        "nh3n": np.round(values["nh3n"], 3),
        "tp": np.round(values["tp"], 3),
    }
    kinds = np.array(["lake" if section.lake else "river" for section in _SECTIONS])
    classes, _ = section_class(
        np.stack([shown[item] for item in _CLASS_ITEMS], axis=-1),
        _CLASS_ITEMS,
        np.broadcast_to(kinds[:, None], size),
    )
    rows: list[list[object]] = []
    for k, section in enumerate(_SECTIONS):
        lake = section.lake
        for m, start in enumerate(months):
            if start < np.datetime64(f"{section.first}-01"):
                continue
            grade = int(classes[k, m])
            rows.append(
                [
                    "河北省", "海河流域", "衡水市", section.river, section.name,
                    f"{start}-{day[k, m]:02d} 08:00", _CLASS_SIGNS[grade], grade, "正常",
                    f"{temperature[k, m]:.1f}", f"{shown['ph'][k, m]:.2f}",
                    f"{shown['do'][k, m]:.2f}", f"{conductivity[k, m]:.1f}",
                    f"{turbidity[k, m]:.1f}", f"{shown['codmn'][k, m]:.2f}",
                    f"{shown['nh3n'][k, m]:.3f}", f"{shown['tp'][k, m]:.3f}",
                    f"{values['tn'][k, m]:.2f}",
                    f"{algae[k, m] / 6e8:.3f}" if lake else "*",
                    f"{algae[k, m]:.0f}" if lake else "*", "generated",
                ]
            )  # fmt: skip
    return rows
