"""What a backtest says of recalibration and stacking: the sentences and the tables of the page."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd

from forecast.verification import event_table, score_table
from forecast.verification.effects import effects_of
from forecast.verification.figures import Named
from forecast.verification.page import BacktestPage, page_text

Make = Callable[..., pd.DataFrame]
MODELS = {"bold": Named("甲模型", "model A"), "other": Named("乙模型", "model B")}


def two_models(made_rows: Make) -> pd.DataFrame:
    """One model a spread too low, one that is right; the same truths."""
    right = made_rows(model="other", shift=0.0, places=6, years=range(2000, 2006))
    low = right.assign(model="bold", mean=right["mean"] - 4.0)
    quantiles = [c for c in right if c.startswith("q") and c[1:].isdigit()]
    low[quantiles] = right[quantiles] - 4.0
    from scipy.special import ndtr, ndtri

    low["pit"] = ndtr(ndtri(right["pit"]) + 1.0)
    return pd.concat([low, right], ignore_index=True)


def page_of(rows: pd.DataFrame, models: dict[str, Named]) -> str:
    nothing = pd.DataFrame(columns=["indicator"])
    scores = score_table(rows)
    return page_text(
        BacktestPage(
            "两城", "backtest-1", (), "zh", models, scores, scores.iloc[:0], event_table(rows), nothing,
            effects_of(rows, models, 1), {}, (), (), (),
        )
    )  # fmt: skip


def test_the_sentences_name_what_passes_the_mark(made_rows: Make) -> None:
    effects = effects_of(two_models(made_rows), MODELS, 1)
    zh, en = effects.recalibrated
    assert "PM2.5年均浓度(甲模型)的分布" in zh and "乙模型" not in zh
    assert "distribution of PM2.5 annual mean (model A)" in en and "model B" not in en
    assert effects.stacked[1].endswith("best of its models alone: not kept.")
    assert effects.sentences == (effects.recalibrated, effects.stacked)
    again = effects_of(two_models(made_rows), MODELS, 1)
    pd.testing.assert_frame_equal(again.recalibration, effects.recalibration)
    pd.testing.assert_frame_equal(again.stacking, effects.stacking)


def test_one_calibrated_model_or_one_year(made_rows: Make) -> None:
    right = {"other": MODELS["other"]}
    effects = effects_of(made_rows(model="other"), right, 1)
    assert effects.recalibrated[0] == "重新校准没有可靠地降低任何得分,不采用,预测保持原样。"
    assert effects.stacked == ("", "")
    assert effects.stacking.empty
    short = effects_of(two_models(made_rows).query("year == 2000"), MODELS, 1)
    assert [en[:35] for _, en in short.sentences] == [
        "Recalibration: no forecast had enou", "Stacking: no two models of an indic",
    ]  # fmt: skip


def test_two_halves_that_make_a_whole_are_named(made_rows: Make) -> None:
    rows = made_rows(spread=0.5, width=2.0, places=6, years=range(2000, 2007))
    off = 6.0 * np.where(np.arange(len(rows)) % 4 < 2, 1.0, -1.0)
    quantiles = [c for c in rows if c.startswith("q") and c[1:].isdigit()]
    parts = []
    for name, sign in (("bold", 1.0), ("other", -1.0)):
        part = rows.assign(model=name)
        part[quantiles] = rows[quantiles].add(sign * off, axis=0)
        parts.append(part)
    zh, en = effects_of(pd.concat(parts, ignore_index=True), MODELS, 1).stacked
    assert "达到采用标准的:PM2.5年均浓度" in zh
    assert "for: PM2.5 annual mean; elsewhere" in en


def test_the_page_prints_both_tables_and_stays_well_formed(made_rows: Make) -> None:
    rows = two_models(made_rows)
    text = page_of(rows, MODELS)
    root = ET.fromstring(text.replace("<!DOCTYPE html>", ""))
    section = next(e for e in root.iter("section") if e.get("id") == "recalibration")
    tables = [e for e in section.iter() if e.tag.endswith("table")]
    assert len(tables) == 2
    lines = [" ".join("".join(tr.itertext()).split()) for tr in tables[0].iter("tr")]
    assert len(lines) == 3
    one = effects_of(rows, MODELS, 1).recalibration
    bold = one[(one["model"] == "bold") & one["start_month"].isna()].iloc[0]
    assert f"{bold['crps_before']:.2f} → {bold['crps_after']:.2f}" in lines[1]
    assert lines[1].endswith("是yes否no")  # its probabilities are those of the right one
    assert lines[2].endswith("否no否no")
    assert "recalibration.csv" in text and "stacking.csv" in text


def test_a_page_of_one_model_has_no_word_on_stacking(made_rows: Make) -> None:
    right = {"other": MODELS["other"]}
    text = page_of(made_rows(model="other", places=3, years=range(2000, 2003)), right)
    assert "Recalibration lowers no score" in text
    assert "Stacking is" not in text and "stacking.csv" not in text
