"""The sample city 衡水 (Hengshui): raw files made from the annual figures of its plan.

The plan gives four annual figures of the air for 2015 and for 2020 and, for water, how many of the
sections of 2020 were at class III or better. A daily record and monthly samples that have these
figures are drawn here. Nothing in the files was measured, and every file says so.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forecast.sample.air import draw_shape
from forecast.sample.calibration import STANDARD, YearGoal, calibrate_year
from forecast.sample.water import COLUMNS, draw_sections
from forecast.standards.aqi import LEVELS, daily_aqi
from forecast.standards.items import AIR_ITEMS

__all__ = ["NOTICE", "PUBLISHED", "PublishedFigure", "write_sample"]

#: What every page, table and file made from the sample says.
NOTICE: dict[str, str] = {
    "zh": "逐日数据为按公布的年度数字生成的样例,不是监测数据",
    "en": "Daily values are generated from published annual figures; they are not measurements",
}

#: The days of the record; 2025 is made whole and cut, so that its first half fits a full year.
FIRST_DAY = np.datetime64("2015-01-01")
LAST_DAY = np.datetime64("2025-06-30")
#: Stands in every row of the daily file; readers store such rows as ``generated``.
_REMARK = "生成样例"


@dataclass(frozen=True)
class PublishedFigure:
    """One annual figure that the plan prints: what, when, how much, and the words it uses.

    Grade secondary: the plan was read in a reprint of 2022-06, not in the official file.
    """

    indicator: str
    year: int
    value: float
    unit: str
    quote: str


SOURCE = "衡水市生态环境保护“十四五”规划"
_PM25 = "(PM2.5)浓度由2015年的99微克/立方米下降到2020年的52微克/立方米"
_GOOD = "优良天数已由2015年的120天提高到2020年的238天"
_HEAVY = "重度及以上污染天数由57天下降到15天"
_INDEX = "环境空气综合质量指数由2015年9.08降至2020年5.18"

#: The figures of ``SOURCE`` that the record has exactly (good and heavy days: AQI of HJ 633-2012).
PUBLISHED: tuple[PublishedFigure, ...] = (
    PublishedFigure("pm25_annual_mean", 2015, 99.0, "µg/m³", _PM25),
    PublishedFigure("good_days", 2015, 120.0, "days", _GOOD),
    PublishedFigure("heavy_days", 2015, 57.0, "days", _HEAVY),
    PublishedFigure("composite_index", 2015, 9.08, "", _INDEX),
    PublishedFigure("pm25_annual_mean", 2020, 52.0, "µg/m³", _PM25),
    PublishedFigure("good_days", 2020, 238.0, "days", _GOOD),
    PublishedFigure("heavy_days", 2020, 15.0, "days", _HEAVY),
    PublishedFigure("composite_index", 2020, 5.18, "", _INDEX),
    PublishedFigure("share_class_iii", 2020, 80.0, "%", "地表水优良断面比例达到80%"),
    PublishedFigure("share_inferior_v", 2020, 0.0, "%", "劣Ⅴ类水体断面全部消除"),
)

#: Not published, made up so that the targets of 2025 stay open: the course after 2020.
_MADE_UP: dict[int, dict[str, float]] = {
    2024: {"pm25_annual_mean": 42, "good_days": 258, "heavy_days": 7, "composite_index": 4.55},
    2025: {"pm25_annual_mean": 38, "good_days": 279, "heavy_days": 5, "composite_index": 4.25},
}
#: Not published either: SO2 and NO2 annual means [µg/m³] and the 95th percentile of CO [mg/m³].
_MADE_UP_GASES: dict[int, dict[str, float]] = {
    2015: {"so2": 38.0, "no2": 44.0, "co": 3.6},
    2020: {"so2": 12.0, "no2": 31.0, "co": 1.6},
    2025: {"so2": 8.0, "no2": 27.0, "co": 1.2},
}
#: How far a year without figures strays from the line between its neighbours: relative, and for
#: good days in days, for one standard deviation of the year's weather (bad years: all go up).
_STRAY = {"pm25_annual_mean": 0.025, "good_days": -3.0, "heavy_days": 0.08, "composite_index": 0.01}


def _between(anchors: dict[int, dict[str, float]], name: str, year: int) -> float:
    """Return the figure of ``year`` between the anchor years.

    Straight lines, of logarithms for what shrinks in proportion and of the number of good days.
    """
    years = sorted(anchors)
    known = np.array([anchors[y][name] for y in years], dtype=np.float64)
    if name == "good_days":
        return float(np.interp(year, years, known))
    return float(np.exp(np.interp(year, years, np.log(known))))


def _goals(rng: np.random.Generator) -> list[YearGoal]:
    """Return the annual figures of every year of the record, 2025 included as a whole year."""
    anchors = {year: dict(figures) for year, figures in _MADE_UP.items()}
    for figure in PUBLISHED:
        anchors.setdefault(figure.year, {})[figure.indicator] = figure.value
    fixed = {figure.year for figure in PUBLISHED}
    goals = []
    for year in range(2015, 2026):
        weather = float(np.clip(rng.standard_normal(), -1.5, 1.5))
        values = {name: _between(anchors, name, year) for name in _STRAY}
        if year not in fixed:
            values["good_days"] += _STRAY["good_days"] * weather
            for name in ("pm25_annual_mean", "heavy_days", "composite_index"):
                values[name] *= float(np.exp(_STRAY[name] * weather))
        goals.append(
            YearGoal(
                year=year,
                pm25=round(values["pm25_annual_mean"]),
                good=round(values["good_days"]),
                heavy=round(values["heavy_days"]),
                composite=round(values["composite_index"], 2),
                so2=_between(_MADE_UP_GASES, "so2", year),
                no2=_between(_MADE_UP_GASES, "no2", year),
                co=_between(_MADE_UP_GASES, "co", year),
            )
        )
    return goals


def _air_record(
    rng: np.random.Generator,
) -> tuple[NDArray[np.datetime64], NDArray[np.float64]]:
    """Return the days and the readings of the six items, shapes (day,) and (day, item)."""
    goals = _goals(rng)
    days = np.arange(np.datetime64("2015-01-01"), np.datetime64("2026-01-01"))
    shape = draw_shape(rng, days)
    year_of = days.astype("datetime64[Y]").astype(np.int64) + 1970
    values = np.concatenate([calibrate_year(shape[year_of == g.year], g) for g in goals])
    kept = days <= LAST_DAY
    return days[kept], values[kept]


def _write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    return path


def _write_air(path: Path, rng: np.random.Generator) -> Path:
    """Write the daily record in the layout of the public city-day tables (AQI of HJ 633-2012)."""
    days, values = _air_record(rng)
    result = daily_aqi(values, days, AIR_ITEMS, STANDARD)
    columns = [AIR_ITEMS.index(item) for item in ("pm25", "pm10", "so2", "co", "no2", "o3_8h")]
    rows = (
        [
            str(day),
            int(index),
            LEVELS[int(grade) - 1].zh_class,
            *(f"{line[c]:.1f}" if AIR_ITEMS[c] == "co" else f"{line[c]:.0f}" for c in columns),
            _REMARK,
        ]
        for day, index, grade, line in zip(days, result.aqi, result.level, values, strict=True)
    )
    header = ("日期", "AQI", "质量等级", "PM2.5", "PM10", "SO2", "CO", "NO2", "O3_8h", "备注")
    return _write_table(path, header, rows)


def _write_notice(path: Path) -> Path:
    """Write the sign that lies beside the generated files and says what they are."""
    figures = "\n".join(
        f"- {f.year} {f.indicator} = {f'{f.value:g} {f.unit}'.rstrip()}「{f.quote}」"
        for f in PUBLISHED
    )
    text = (
        f"{NOTICE['zh']}。\n{NOTICE['en']}.\n\n"
        f"本文件夹(含子文件夹)中的衡水数据均由程序生成,断面名称为虚构。下列数字见《{SOURCE}》(据2022年6月转载文本):\n"
        "All files of 衡水 (Hengshui) in this folder and below were generated by the program; the\n"
        "sections are invented. Figures of the city's plan (a reprint of 2022-06) they reproduce:\n\n"
        f"{figures}\n\n"
        "其余年份与其余项目为示例假设,不可引用。\n"
        "All other years and items are assumptions made for the sample; do not quote them.\n"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


def write_sample(raw_folder: Path, seed: int = 20250630) -> list[Path]:
    """Write the raw files of the sample city.

    Args:
        raw_folder: where to write; made when absent. The files of an earlier call are replaced.
        seed: of the generator; one seed always gives the same bytes.

    Returns:
        The files: ``生成数据说明 GENERATED.md``, ``air/衡水.csv`` (daily, 2015-01-01 to
        2025-06-30, six items, µg/m³ and CO in mg/m³; ``备注`` says 生成样例) and
        ``water/示例断面.csv`` (monthly samples of 13 sections to 2025-06; ``src`` is ``generated``).
    """
    air_stream, water_stream = np.random.SeedSequence(seed).spawn(2)
    rows = draw_sections(np.random.default_rng(water_stream))
    return [
        _write_notice(raw_folder / "生成数据说明 GENERATED.md"),
        _write_air(raw_folder / "air" / "衡水.csv", np.random.default_rng(air_stream)),
        _write_table(raw_folder / "water" / "示例断面.csv", COLUMNS, rows),
    ]
