"""The scoreboard: every target with its mark, arrows by their rule, pages, and what it rests on."""

from __future__ import annotations

import dataclasses
import math
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.charts import Footer, save
from forecast.charts.bad_day_budget import AHEAD_COLUMNS
from forecast.charts.budget_spending import spending_words
from forecast.charts.fonts import missing_glyphs
from forecast.charts.scoreboard import ScoreboardData, ScoreRow, Tendency, scoreboard
from forecast.charts.style import Lang
from forecast.charts.words import VERDICTS
from forecast.projection.air_tracks import FAN, AirTracks
from forecast.projection.panel import PanelProjection
from forecast.report.air_figures import budget_ahead
from forecast.report.scoreboard_figure import (
    histories_of,
    scoreboard_data,
    scoreboard_regions,
    tendency_of,
)

LANGS: tuple[Lang, ...] = ("zh", "en", "both")
AIR, WATER = ("环境空气", "air"), ("水环境", "water")


def row(verdict: str, **changes: object) -> ScoreRow:
    values: dict[str, object] = {
        "domain": AIR, "name": ("PM2.5年均浓度", "PM2.5 annual mean"), "verdict": verdict,
        "target": ("≤ 35 µg/m³", "≤ 35 µg/m³"), "to_date": "38", "unit": ("µg/m³", "µg/m³"),
        "median": "38.2", "interval": "33.5 – 44.4", "probability": 0.41, "level": ("确保", "firm"),
        "budget": ("余下 184 天均值须 ≤ 32.5 µg/m³", "the remaining 184 days may average 32.5 µg/m³"),
        "tendency": Tendency(-2.0, -3.0, -1.0),
    }  # fmt: skip
    return ScoreRow(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture
def board(footer: Footer) -> ScoreboardData:
    """A row of every verdict, the last three of water, one without anything but a reason."""
    rows = [row(verdict) for verdict in VERDICTS]
    rows[-3:] = [
        dataclasses.replace(
            r, domain=WATER, name=("Ⅰ~Ⅲ类断面比例", "share at class III or better"),
            place=("全部断面", "all sections"), probability=None, median="", interval="",
            budget=("有监测数据的断面太少，不能评价" * 3, "too few sections have readings " * 4),
            tendency=None,
        )
        for r in rows[-3:]
    ]  # fmt: skip
    return ScoreboardData("衡水", 2025, tuple(rows), footer, "Hengshui", (("另有3项", "3 more"),))


@pytest.mark.parametrize("lang", LANGS)
def test_words_lie_apart_inside_and_have_their_glyphs(board: ScoreboardData, lang: Lang) -> None:
    from test_bad_inputs import _overlapping, _words

    (chart,) = scoreboard(board, lang=lang)
    assert _overlapping(chart.figure) == []
    assert missing_glyphs(_words([chart])) == set()


def test_every_verdict_is_a_word_with_a_mark(board: ScoreboardData) -> None:
    (chart,) = scoreboard(board, lang="en")
    told = [t.get_text() for t in chart.figure.axes[0].texts if t.get_gid() == "verdict"]
    assert [t[2:] for t in told] == [v.en for v in VERDICTS.values()]
    marks = {t[2:]: t[0] for t in told}
    assert len({marks[VERDICTS[v].en] for v in ("MET", "LIKELY", "AT_RISK", "UNLIKELY", "NOT_MET")}) == 5  # fmt: skip
    groups = [t.get_text() for t in chart.figure.axes[0].texts if t.get_gid() == "group"]
    assert groups == ["air", "water"]
    assert chart.table["verdict"].tolist() == list(VERDICTS)


def test_bars_are_as_long_as_the_probability(board: ScoreboardData) -> None:
    one = dataclasses.replace(board, rows=(row("LIKELY", probability=0.25),))
    bars = scoreboard(one)[0].figure.axes[0].patches[:2]
    assert bars[1].get_width() == pytest.approx(0.25 * bars[0].get_width())
    words = [t.get_text() for t in scoreboard(one)[0].figure.axes[0].texts]
    assert "25 %" in words


def test_more_rows_go_on_further_pages(board: ScoreboardData) -> None:
    many = dataclasses.replace(board, rows=tuple(row("LIKELY") for _ in range(23)))
    pages = scoreboard(many, lang="zh")
    assert [len(p.table) for p in pages] == [22, 1]
    assert [p.name for p in pages] == ["scoreboard_1", "scoreboard_2"]
    assert "（2/2）" in pages[1].title_zh


def test_a_region_without_targets_says_so(board: ScoreboardData, tmp_path: Path) -> None:
    (chart,) = scoreboard(dataclasses.replace(board, rows=()), lang="both")
    words = " ".join(t.get_text() for t in chart.figure.axes[0].texts)
    assert "本年没有适用于该地区的目标" in words and "no target applies" in words
    assert [p.suffix for p in save(chart, tmp_path, ("pdf",))] == [".pdf", ".csv"]


def test_a_board_that_contradicts_itself_is_refused(board: ScoreboardData) -> None:
    with pytest.raises(ValueError, match="MAYBE"):
        scoreboard(dataclasses.replace(board, rows=(row("MAYBE"),)))
    with pytest.raises(ValueError, match="at least 1"):
        scoreboard(dataclasses.replace(board, rows_per_page=0))


@given(st.floats(-5, 5), st.floats(0, 5), st.floats(0, 5))
def test_an_arrow_points_only_where_the_interval_excludes_zero(
    slope: float, below: float, above: float
) -> None:
    told = Tendency(slope, slope - below, slope + above).arrow
    if told == "↗":
        assert slope - below > 0
    elif told == "↘":
        assert slope + above < 0
    else:
        assert told == "→" and slope - below <= 0 <= slope + above


def test_the_tendency_by_hand() -> None:
    """Pairs of 9, 8, 6, 5, 3: slopes -1, -1.5, -4/3, -1.5, -2, -1.5, -5/3, -1, -1.5, -2."""
    found = tendency_of("heavy_days", dict(zip(range(2019, 2024), (9, 8, 6, 5, 3), strict=True)), air=True)  # fmt: skip
    assert found is not None and found.slope == -1.5 and found.arrow == "↘"
    few = tendency_of("heavy_days", {2022: 5.0, 2023: 3.0}, air=True)
    assert few is not None and few.arrow == "—"
    assert tendency_of("heavy_days", {}, air=True) is None


def test_years_on_either_side_of_the_change_of_measurement_are_not_compared() -> None:
    """The step of 2018 alone: flat before, flat after, no slope; for water it is a fall."""
    values = {y: 60.0 if y < 2018 else 40.0 for y in range(2012, 2025)}
    air = tendency_of("pm25_annual_mean", values, air=True)
    water = tendency_of("share_class_iii", values, air=False)
    assert air is not None and water is not None
    assert air.slope == 0 and air.arrow == "→"
    assert water.slope < 0


def _entry(**changes: object) -> dict[str, object]:
    entry: dict[str, object] = {
        "region": "某某市", "place": "某某市", "place_kind": "city", "domain": "air", "year": 2025,
        "indicator": "pm25_annual_mean", "unit": "µg/m³", "period": "2025", "dust": "kept",
        "standard": "GB 3095-2012", "reason": "", "reason_en": "", "forecast": None,
        "observed": {"value": 38.0, "value_official": 38, "n_valid": 100, "n_expected": 120},
        "targets": [
            {"id": "a", "comparator": "<=", "value": 35.0, "level": "firm", "verdict": "UNLIKELY",
             "probability": 0.1, "budget": None, "label_zh": "", "label_en": ""}
        ],
    }  # fmt: skip
    return {**entry, **changes}


def test_rows_are_those_of_the_run_and_unanswered_targets_are_counted() -> None:
    unanswered = _entry(
        place_kind="entered", domain="water", indicator="green_buses",
        observed={"value": None, "value_official": None, "n_valid": 0, "n_expected": 0},
    )  # fmt: skip
    target = dict(unanswered["targets"][0])  # type: ignore[index]
    unanswered["targets"] = [{**target, "verdict": "INSUFFICIENT_DATA", "probability": None}]
    result = {"projections": [_entry(), unanswered]}
    histories = histories_of(PanelProjection([], [], [], [], []), {"某某"}).get("某某", {})
    assert scoreboard_regions(result) == ["某某"]
    data = scoreboard_data(histories, result, "某某市", 2025, date(2025, 4, 30), ())
    (only,) = data.rows
    assert (only.to_date, only.probability, only.verdict, only.place) == ("38", 0.1, "UNLIKELY", ("", ""))  # fmt: skip
    assert data.remarks[0][1].startswith("1 more targets")
    assert (data.footer.n_valid, data.footer.n_expected) == (100, 120)
    assert data.footer.period == "2025-01-01/2025-04-30"
    with pytest.raises(KeyError):
        scoreboard_data(histories, result, "别处", 2025, date(2025, 4, 30), ())


def _tracks(ratio: dict[str, np.ndarray], valid: int) -> AirTracks:
    known = np.zeros(365, dtype=bool)
    known[:valid] = True
    rows = np.array(list(ratio.values()), dtype=np.float32)
    fan = {"good_day_ratio": rows} if ratio else {}
    return AirTracks(
        2025, np.full(365, -1, np.int16), np.zeros((365, 6), bool), {}, {"good_day_ratio": known},
        {}, fan, 300, {}, "HJ 633-2026", np.full(365, -1, np.int16),
    )  # fmt: skip


def test_days_ahead_are_the_ratio_turned_into_bad_days() -> None:
    """300 valid days and a ratio of 80 %: 60 bad, so 30 of 90 are left; the next day 60.2."""
    values = (60.0, 70.0, 75.0, 80.0, 85.0, 90.0, 95.0)
    fan = {name: np.full(65, value) for name, value in zip(FAN, values, strict=True)}
    ahead = budget_ahead(_tracks(fan, 299), 90)
    assert ahead is not None and tuple(ahead.columns) == AHEAD_COLUMNS
    assert ahead.iloc[0, 1:].tolist() == pytest.approx([0.0, 30.0, 60.0])
    assert ahead["middle"].iloc[1] == pytest.approx(90 - 301 * 0.2)
    assert len(ahead) == 65
    assert budget_ahead(_tracks({}, 299), 90) is None
    assert budget_ahead(_tracks(fan, 299), None) is None


def test_the_spending_is_told_for_the_median_and_the_worst_tenth() -> None:
    import pandas as pd

    days = pd.date_range("2025-12-28", "2025-12-31")
    table = pd.DataFrame(
        {
            "date": days, "status": ["good", "to come", "to come", "to come"],
            "left": [5.0, math.nan, math.nan, math.nan],
            "forecast_low": [math.nan, 2.0, 0.0, -1.0],
            "forecast_middle": [math.nan, 4.0, 3.0, 2.0],
        }
    )  # fmt: skip
    told = spending_words(table)
    assert told.day is None
    assert [zh for zh, _ in told.words] == [
        "预测中位数：年末还剩 2 天",
        "一成情形下12月30日前已用完",
    ]
    table["forecast_low"] = [math.nan, 3.0, 2.0, 1.0]
    assert spending_words(table).words[1][1] == "not spent in nine tenths of the futures"
    table["forecast_middle"] = [math.nan, 1.0, 0.0, -1.0]
    told = spending_words(table)
    assert str(told.day)[:10] == "2025-12-30" and not told.observed
    table.loc[0, "left"] = 0.0
    assert spending_words(table).words == [("▼ 已于12月28日用完", "▼ spent on 28 Dec")]
