"""Made data for the charts; every chart of the tests is drawn with the packaged font alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from forecast.charts import (
    AqiCalendarData,
    Footer,
    OtherVersion,
    SectionRow,
    SectionTilesData,
    ShareTarget,
    TargetLine,
    TargetTrackerData,
)
from forecast.charts.fonts import ONLY_PACKAGED_VARIABLE

NOTICE = (
    "逐日数据为生成样例，不是监测结果",
    "daily values are generated, they are not measured",
)


@pytest.fixture(autouse=True)
def _packaged_font_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ONLY_PACKAGED_VARIABLE, "1")


@pytest.fixture(scope="session")
def footer() -> Footer:
    return Footer(
        period="2025-01-01/2025-06-30",
        n_valid=175,
        n_expected=181,
        standard="HJ 633-2012",
        run_id="20250630-3f9a1c",
        dust_zh="沙尘日：浓度剔除，比率保留",
        dust_en="dust days: out of means, kept in ratios",
        notices=(NOTICE,),
    )


@pytest.fixture(scope="session")
def tracker(footer: Footer) -> TargetTrackerData:
    """A ratio to 30 June with five earlier years, a fan, two targets and six missing days."""
    rng = np.random.default_rng(3)
    days = np.arange("2025-01-01", "2026-01-01", dtype="datetime64[D]")
    n = 181
    valid = np.ones(n, dtype=bool)
    valid[[40, 41, 42, 90, 120, 122]] = False

    def cumulative(size: int) -> np.ndarray:
        good = rng.random(size) < 0.7
        return 100 * np.cumsum(good) / np.arange(1, size + 1)

    middle = np.linspace(70.0, 73.0, 365 - n)
    width = np.linspace(0.5, 8.0, 365 - n)
    fan = pd.DataFrame({"date": days[n:]})
    for name, z in zip(
        ("q025", "q10", "q25", "q50", "q75", "q90", "q975"),
        (-2, -1.3, -0.7, 0, 0.7, 1.3, 2),
        strict=True,
    ):
        fan[name] = middle + z * width
    return TargetTrackerData(
        place_zh="衡水",
        place_en="Hengshui",
        indicator="good_day_ratio",
        year=2025,
        dates=days[:n],
        observed=cumulative(n),
        valid=valid,
        earlier={y: cumulative(366 if y % 4 == 0 else 365) for y in range(2020, 2025)},
        fan=fan,
        targets=(
            TargetLine("优良天数比率确保目标", "firm", 75.0, ">=", 0.34, "AT_RISK", "firm"),
            TargetLine("优良天数比率力争目标", "stretch", 80.0, ">=", 0.01, "UNLIKELY", "stretch"),
        ),
        plan_path=np.linspace(65.0, 75.0, 365),
        budget_zh="超标天已用 62/90，还剩 28 天",
        budget_en="bad days 62 used of 90, 28 left",
        footer=footer,
    )


@pytest.fixture(scope="session")
def calendar(footer: Footer) -> AqiCalendarData:
    """Nine months with every level, missing days, dust days and the other version."""
    rng = np.random.default_rng(5)
    days = np.arange("2025-01-01", "2025-10-01", dtype="datetime64[D]")
    level = rng.choice(np.arange(7, dtype=np.int8), size=days.size)
    items = ("pm25", "pm10", "o3_8h", "no2", "so2", "co", "pm25+pm10")
    primary = tuple("" if k < 2 else items[i % 7] for i, k in enumerate(level))
    kept = np.ones(days.size, dtype=bool)
    kept[100:104] = False
    return AqiCalendarData(
        place_zh="衡水",
        place_en="Hengshui",
        year=2025,
        dates=days[kept],
        level=level[kept],
        primary=tuple(p for p, k in zip(primary, kept, strict=True) if k),
        last_day=np.datetime64("2025-09-30"),
        standard="HJ 633-2012",
        footer=footer,
        dust=(np.arange(days.size) % 50 == 7)[kept],
        last_year=np.array([3.0, 60, 110, 60, 20, 15, 5]),
        mean_3y=np.array([2.3, 55.7, 105.3, 66, 24.7, 16.3, 5]),
        other=OtherVersion("HJ 633-2026", np.where(level == 2, 3, level).astype(np.int8)[kept]),
    )


def section(number: int, **changes: object) -> SectionRow:
    """One section with class ``1 + number % 6`` from January to September."""
    classes = np.zeros(12, dtype=np.int8)
    classes[:9] = 1 + number % 6
    values: dict[str, object] = {
        "name_zh": f"滏阳河第{number}号断面",
        "name_en": "Fuyang R." if number % 2 else "",
        "classes": classes,
        "to_date": 1 + number % 6,
        "forecast": 1 + number % 6,
        "target": 3,
        "probability": 0.4,
        "limiting": ("codmn", "tp"),
        "verdict": "AT_RISK",
    }
    return SectionRow(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def make_section() -> Callable[..., SectionRow]:
    """Make a section by its number; see ``section``."""
    return section


@pytest.fixture(scope="session")
def tiles(footer: Footer) -> SectionTilesData:
    """Thirteen sections, one of them without data, and a target on their share."""
    rows = [section(k) for k in range(12)]
    empty = section(12, classes=np.zeros(12, np.int8), to_date=0, forecast=0, probability=None,
                    verdict="INSUFFICIENT_DATA", limiting=(),
                    name_zh="子牙新河省界出境考核监测断面（名称很长很长的断面）")  # fmt: skip
    return SectionTilesData(
        region_zh="衡水",
        region_en="Hengshui",
        year=2025,
        last_day=np.datetime64("2025-09-30"),
        rows=(*rows, empty),
        footer=footer,
        share_to_date=50.0,
        share_forecast=(46.2, 53.8, 69.2),
        share_targets=(
            ShareTarget("国省考断面优良比例", "share at class III", ">=", 69.2, 0.12, "UNLIKELY"),
        ),
    )
