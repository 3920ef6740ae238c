"""A made answer of the scenario engine: synthetic paths, two packages, every part of the object."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from forecast.projection.scenario_frontier import frontier, frontier_rows
from forecast.projection.scenario_inverse import solve
from forecast.projection.scenario_outcome import compare_packages, outcome_rows
from forecast.projection.scenario_package import PackageFactors
from forecast.projection.scenario_words import solution_sentences
from forecast.projection.scenario_years import ScenarioYear
from forecast.projection.summary import number
from forecast.scenario.air_defaults import air_default_rows, regime_rows
from forecast.scenario.air_response import AirDraws, draw_air
from forecast.scenario.cuts import PollutantCuts
from forecast.scenario.limits import local_share_finding, ozone_finding, standing_findings
from forecast.scenario.pollutants import POLLUTANTS
from forecast.standards.items import AIR_ITEMS
from forecast.targets.model import Target

#: Months of a plain year, January first, by item [µg/m³, CO mg/m³]: winters of particles, summers
#: of ozone.
_MONTHS = {
    "pm25": (78, 62, 47, 36, 30, 24, 20, 21, 29, 44, 60, 74),
    "pm10": (118, 102, 98, 92, 78, 55, 45, 46, 60, 84, 102, 112),
    "o3_8h": (58, 78, 98, 122, 150, 172, 152, 142, 126, 96, 66, 50),
    "no2": (46, 38, 34, 28, 24, 20, 17, 18, 25, 34, 42, 45),
    "so2": (13, 11, 10, 9, 8, 8, 7, 7, 8, 9, 11, 13),
    "co": (1.3, 1.1, 0.9, 0.7, 0.6, 0.6, 0.6, 0.6, 0.7, 0.9, 1.1, 1.3),
}
_YEAR, _FIRST = 2025, np.datetime64("2025-07-01")


@dataclass(frozen=True)
class _Cut:
    """Constant cuts of the city from a day on; the same for every draw but their compliance."""

    share: dict[str, float]
    days: np.ndarray[Any, np.dtype[np.datetime64]]
    n: int
    seed: int

    def __call__(self, scale: float) -> list[PollutantCuts]:
        rng = np.random.default_rng(self.seed)
        done = 0.6 + 0.4 * rng.beta(2.5, 1.5, self.n)
        values = np.zeros((self.n, len(self.days), len(POLLUTANTS)))
        for name, share in self.share.items():
            values[:, :, POLLUTANTS.index(name)] = np.minimum(scale * share * done, 1.0)[:, None]
        values[:, self.days < _FIRST] = 0.0
        return [PollutantCuts(self.days, values, "city")]


def _paths(n: int, days: np.ndarray[Any, np.dtype[np.datetime64]]) -> Any:
    rng = np.random.default_rng(20250701)
    months = days.astype("datetime64[M]").astype(int) % 12
    usual = np.stack([np.asarray(_MONTHS[i], dtype=float)[months] for i in AIR_ITEMS], axis=1)
    common = rng.normal(0.0, 0.30, (n, len(days), 1))
    own = rng.normal(0.0, 0.24, (n, len(days), 6))
    slow = rng.normal(0.0, 0.06, (n, 1, 6))
    noise = common * np.array([0.7, 0.9, 1.0, 1.0, 0.8, 0.25]) + own * 0.8 + slow
    drawn = np.round(usual * np.exp(noise - 0.06), 1)
    # What was observed does not hang on the number of paths.
    own_rng = np.random.default_rng(4)
    seen = days < _FIRST
    noise_seen = own_rng.normal(0.0, 0.25, (int(seen.sum()), 6))
    drawn[:, seen] = np.round(usual[seen] * np.exp(noise_seen - 0.06), 1)
    return drawn.astype(np.float32)


def _target(key: str, indicator: str, comparator: str, value: float, zh: str, en: str,
            **more: Any) -> Target:  # fmt: skip
    return Target(
        id=key, domain="air", indicator=indicator, label_zh=zh, label_en=en, kind="threshold",
        comparator=comparator, value=value, unit=more.pop("unit", "µg/m³"), year=_YEAR, **more,
    )  # fmt: skip


TARGETS = (
    _target("pm25-2025", "pm25_annual_mean", "<=", 43, "细颗粒物年均浓度", "annual mean of PM2.5", level="firm"),
    _target("pm25-2025-stretch", "pm25_annual_mean", "<=", 36, "细颗粒物年均浓度", "annual mean of PM2.5",
            level="stretch"),
    _target("days-2025", "good_day_ratio", ">=", 75.5, "优良天数比率", "ratio of good-air days", unit="%"),
    _target("heavy-2025", "heavy_days", "<=", 1, "重污染天数", "days of heavy pollution", unit="days"),
)  # fmt: skip


@cache
def _text(n: int) -> str:
    return json.dumps(_made(n), ensure_ascii=False, allow_nan=False)


def told(n: int = 160) -> dict[str, Any]:
    """The answer, on ``n`` paths; a new object every time."""
    found: dict[str, Any] = json.loads(_text(n))
    return found


def _made(n: int) -> dict[str, Any]:
    days = np.arange(f"{_YEAR}-01-01", f"{_YEAR + 1}-01-01", dtype="datetime64[D]")
    year = ScenarioYear(_paths(n, days), days, _YEAR, first_day=_FIRST)
    draws = draw_air("衡水", n, np.random.default_rng(5))
    shares = {
        "规划措施": {"NOx": 0.18, "VOC": 0.15, "SO2": 0.10, "PM25": 0.12, "PM10": 0.10},
        "仅减氮": {"NOx": 0.35},
    }
    cuts = {name: _Cut(share, days, n, 7) for name, share in shares.items()}
    sources = {name: PackageFactors(cut, draws, days) for name, cut in cuts.items()}
    outcome = compare_packages(year, sources, TARGETS)
    rows = outcome_rows(outcome)
    return {
        "region": "衡水", "place": "衡水", "year": _YEAR, "as_of": "2025-06-30",
        "first_day": "2025-07-01", "n_paths": n, "seed": 20150101, "interval": 0.9,
        "run_id": "20250630-3f9a1c", "standard": "by date", "sample": True,
        "packages": [
            {"name": "规划措施", "name_en": "measures of the plan", "file": "scenarios/plan.toml",
             "note": "数字为虚构，仅供检验。", "answered": True},
            {"name": "仅减氮", "name_en": "NOx alone", "file": "scenarios/nox.toml",
             "note": "", "answered": True},
        ],
        "rows": rows, "water": _water(),
        "left_out": [
            {"id": "cod-2025", "zh": "不由空气监测值判定", "en": "it is not judged on readings of the air"},
            {"id": "nh3n-2025", "zh": "不由空气监测值判定", "en": "it is not judged on readings of the air"},
        ],
        "findings": _findings(cuts, draws),
        "not_quantified": [
            {"package": "规划措施", "measure": "低效失效治理设施排查整治",
             "zh": "没有活动水平和去除效率", "en": "activity and removal efficiency are missing"},
            {"package": "规划措施", "measure": "施工扬尘“六个100%”",
             "zh": "没有扬尘排放量和控制效率", "en": "emission and efficiency of control are missing"},
        ],
        "tonnes": _tonnes(), "hindcast": _hindcast(), "learning": _learning(),
        "regimes": [
            {k: (float(v) if k in ("saturated", "transitional", "limited") else v)
             for k, v in row.items() if k != "amplitude"}
            for row in regime_rows("衡水")
        ],
        "defaults": _defaults(),
        "solutions": [
            _solution(year, sources["规划措施"], TARGETS[0], "规划措施", "the measures of the plan"),
            _solution(year, sources["仅减氮"], TARGETS[2], "仅减氮", "NOx alone"),
        ],
        "map": _map(year, cuts["规划措施"], draws),
    }  # fmt: skip


def _findings(cuts: dict[str, _Cut], draws: AirDraws) -> list[dict[str, str]]:
    found = [
        ("规划措施", local_share_finding(cuts["规划措施"](1.0), draws.pm25.local)),
        ("仅减氮", ozone_finding(cuts["仅减氮"](1.0), 0.5, 0.61)),
        *(("", one) for one in standing_findings()),
    ]
    made = [
        {"package": name, "rule": f.rule, "kind": f.kind, "zh": f.zh, "en": f.en}
        for name, f in found
        if f is not None
    ]
    return [
        *made,
        {"package": "仅减氮", "rule": "winter_nitrate", "kind": "warning",
         "zh": "冷半年 NOx 减排最多 35 %，且未同时削减 VOC 或 NH3：硝酸盐可能不降反升。",
         "en": "In the cold half-year NOx is cut by 35 % at most, without VOC or NH3: nitrate may rise."},
        {"package": "", "rule": "unchecked", "kind": "confidence", "zh": "可信度：低（清单已有 4 年）。",
         "en": "Confidence: low (an inventory 4 years old)."},
    ]  # fmt: skip


def _water() -> list[dict[str, Any]]:
    def row(package: str, p: float, change: float | None) -> dict[str, Any]:
        return {
            "package": package, "id": "section-2025", "indicator": "section_class", "place": "示例断面1",
            "comparator": "<=", "value": 3, "mean": 3.4 - p, "probability": p, "error": 0.03,
            "classes": {"I": 0.0, "II": 0.05, "III": p - 0.05, "IV": 1 - p, "V": 0.0, "劣V": 0.0},
            "change": change, "change_error": None if change is None else 0.02,
        }  # fmt: skip

    return [row("", 0.42, None), row("规划措施", 0.58, 0.16), row("仅减氮", 0.42, 0.0)]


def _tonnes() -> list[dict[str, Any]]:
    lines = [
        ("规划措施", "city", "工业源", "industry", "NOx", 9800.0, 2100.0),
        ("规划措施", "city", "移动源", "transport", "NOx", 14200.0, 1900.0),
        ("规划措施", "city", "工业源", "industry", "VOC", 15100.0, 2300.0),
        ("规划措施", "city", "工业源", "industry", "SO2", 4200.0, 450.0),
        ("仅减氮", "city", "移动源", "transport", "NOx", None, None),
    ]
    return [
        {"package": p, "scope": scope, "sector": sector, "group": group, "pollutant": pollutant,
         "emission_t": emission, "cut_t": cut,
         "cut_percent": 35.0 if emission is None or cut is None else 100 * cut / emission}
        for p, scope, sector, group, pollutant, emission, cut in lines
    ]  # fmt: skip


def _hindcast() -> dict[str, Any]:
    return {
        "done": True,
        "sentences": [
            {"zh": "衡水 2015 至 2020：PM2.5 推算 −28 %（80 % 区间 −41 至 −16 %），实测 −33 %（已扣除气象），在区间内。",
             "en": "Hengshui 2015 to 2020: PM2.5 predicted -28 % (80 % interval -41 to -16 %), observed "
                   "-33 % (weather taken off), inside the interval."},
        ],
        "rows": [
            {"place": "衡水", "first_year": 2015, "last_year": 2020, "low": 0.59, "median": 0.72,
             "high": 0.84, "observed": 0.67, "inside": True, "weather_adjusted": True,
             "grade": "secondary", "source": "规划所载减排比例"},
        ],
    }  # fmt: skip


def _learning() -> dict[str, Any]:
    return {
        "effective_size": 1830.0,
        "sentences": [{"zh": "有效样本 1830（共 4000）。", "en": "Effective sample size 1830 of 4000."}],
        "rows": [
            {"parameter": "delta", "zh": "模型偏差 δ", "en": "discrepancy δ", "prior_low": 0.73,
             "prior_median": 1.15, "prior_high": 1.81, "low": 0.86, "median": 1.12, "high": 1.46},
            {"parameter": "P", "zh": "一次颗粒物份额", "en": "share of primary particles",
             "prior_low": 0.29, "prior_median": 0.40, "prior_high": 0.52, "low": 0.30, "median": 0.41,
             "high": 0.52},
        ],
    }  # fmt: skip


def _defaults() -> list[dict[str, Any]]:
    out = []
    for row in air_default_rows("衡水"):
        made = {k: number(v) if isinstance(v, float) else v for k, v in row.items()}
        out.append(made | {"zh": "", "en": ""})
    out[0] |= {"zh": "一次颗粒物份额", "en": "share of primary particles"}
    return out


def _solution(
    year: ScenarioYear, source: PackageFactors, target: Target, zh: str, en: str
) -> dict[str, Any]:
    found = solve(
        year, source, target, rng=np.random.default_rng(3), probability=0.8, largest=2.0, levels=9
    )
    low, high = found.interval or (None, None)
    return {
        "package": zh, "target": target.id, "label_zh": target.label_zh,
        "label_en": target.label_en, "asked": found.asked, "scale": found.scale,
        "low": None if low is None else number(low),
        "high": None if high is None or np.isinf(high) else number(high),
        "reached": found.reached, "error": found.error, "most": found.most[0],
        "most_at": found.most[1], "largest": found.largest, "scales": found.scales.tolist(),
        "chances": found.chances.tolist(), "decided": found.decided,
        "regimes": {k: {"scale": s, "most": p} for k, (s, p) in found.regimes.items()},
        "tonnes": [
            {"scope": "city", "sector": "工业源", "group": "industry", "pollutant": "NOx",
             "emission_t": 9800.0, "cut_t": 2100.0 * found.scale,
             "cut_percent": 21.4 * found.scale},
        ] if found.scale else [],
        "sentences": [
            {"zh": a, "en": b} for a, b in solution_sentences(found, f"“{zh}”", f"“{en}”")
        ],
    }  # fmt: skip


def _map(year: ScenarioYear, cut: _Cut, draws: AirDraws) -> dict[str, Any]:
    levels = (0.0, 0.15, 0.3, 0.45, 0.6)

    def factors(a: float, b: float) -> Any:
        share = {"NOx": a, "VOC": b}
        return PackageFactors(_Cut(share, cut.days, cut.n, cut.seed), draws, cut.days)(scale=1.0)

    found = frontier(year, factors, TARGETS[2], first=levels, second=levels)
    t = found.target
    return {
        "levers": ["NOx", "VOC"], "target": t.id, "label_zh": t.label_zh, "label_en": t.label_en,
        "asked": 0.8, "first": list(levels), "second": list(levels), "rows": frontier_rows(found),
        "frontier": [], "start": "2025-07-01", "scope": "city",
    }  # fmt: skip
