"""Past forecasts of water: what was known, what was drawn, what came."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from forecast.models.class_history import ClassHistory
from forecast.models.class_references import REFERENCES, MonthlyFrequencies
from forecast.models.paths import Paths
from forecast.models.water_ordinal import WaterOrdinal
from forecast.projection.water_hindcasts import (
    CLASS_COLUMNS,
    ITEM_COLUMNS,
    PROBABILITIES,
    water_hindcasts,
)

_ITEMS = ("ph", "do", "codmn", "nh3n")


def _panel(n_months: int = 36, places: tuple[str, ...] = ("a", "b")) -> pd.DataFrame:
    """Sections whose NH3-N alone moves: class II in winter, IV in summer, differing by section."""
    months = pd.date_range("2014-01-01", periods=n_months, freq="MS", name="month")
    columns = pd.MultiIndex.from_product([places, _ITEMS], names=["place", "item"])
    frame = pd.DataFrame(np.tile([7.5, 8.0, 3.0, 0.4], (n_months, len(places))), months, columns)
    summer = months.month.isin([6, 7, 8])
    for number, place in enumerate(places):
        frame.loc[summer, (place, "nh3n")] = 1.2 + 0.1 * number
    return frame


class _Constant:
    """Draws the last value of each series with a spread of one path in two."""

    seen: list[pd.Timestamp]

    def __init__(self, seen: list[pd.Timestamp] | None = None, *, factor: float = 1.0) -> None:
        self.seen = [] if seen is None else seen
        self.factor = factor
        self.columns: tuple[tuple[str, str], ...] = ()
        self.last_month: np.datetime64 | None = None

    def fit(self, history: pd.DataFrame) -> Self:
        self.seen.append(history.index.max())
        filled = history.dropna(how="all")
        self.columns = tuple((str(p), str(i)) for p, i in filled.columns)
        self.last_month = filled.index[-1].to_datetime64().astype("datetime64[M]")
        self._last = filled.ffill().iloc[-1].to_numpy(dtype=np.float64)
        return self

    def sample(
        self, months: NDArray[np.datetime64], n_paths: int, rng: np.random.Generator
    ) -> Paths:
        values = np.tile(self._last, (n_paths, len(months), 1))
        values[1::2] *= self.factor
        return Paths(
            values.astype(np.float32), months.astype("datetime64[D]"),
            tuple(i for _, i in self.columns), tuple(p for p, _ in self.columns), "constant",
        )  # fmt: skip


def _origins(*names: str) -> NDArray[np.datetime64]:
    return np.array(names, dtype="datetime64[M]")


def test_a_model_that_repeats_the_last_month_says_its_class() -> None:
    made = water_hindcasts(
        _panel(), _origins("2015-05"), item_models={"same": _Constant}, n_paths=4
    ).classes
    assert tuple(made.columns) == CLASS_COLUMNS
    months = made[made["horizon"] != "year"].set_index(["place", "horizon"])
    assert (months["p2"] == 1.0).all()
    assert months.loc[("a", "1"), "truth"] == 4  # June: NH3-N 1.2
    assert months.loc[("a", "6"), "truth"] == 2
    assert months.loc[("a", "1"), "target"] == "2015-06"
    assert set(made["horizon"]) == {"1", "3", "6", "12", "year"}


def test_months_of_the_year_that_are_over_stay_as_observed() -> None:
    # Origin August: three months of 1.2 are over; the last value, 1.2, is drawn for four more.
    made = water_hindcasts(
        _panel(places=("a",)), _origins("2015-08"), item_models={"same": _Constant}, n_paths=2
    )
    year = made.items[(made.items["horizon"] == "year") & (made.items["item"] == "nh3n")].iloc[0]
    assert year["q50"] == pytest.approx((5 * 0.4 + 7 * 1.2) / 12.0, rel=1e-6)
    assert year["truth"] == pytest.approx((9 * 0.4 + 3 * 1.2) / 12.0)
    assert year["left"] == 4
    assert year["crps"] == pytest.approx(year["q50"] - year["truth"], rel=1e-6)
    classes = made.classes[made.classes["horizon"] == "year"].iloc[0]
    assert classes["truth"] == 3  # 0.6 mg/L
    assert classes["p3"] == 1.0  # 0.87 mg/L


def test_in_december_the_year_asked_for_is_the_next() -> None:
    made = water_hindcasts(_panel(), _origins("2014-12"), item_models={"same": _Constant})
    year = made.classes[made.classes["horizon"] == "year"]
    assert set(year["target"]) == {"2015"}
    assert set(year["left"]) == {12}


def test_no_model_sees_a_month_after_its_origin() -> None:
    seen: list[pd.Timestamp] = []
    panel = _panel()
    changed = panel.copy()
    changed.loc["2015-07-01":] = 99.0
    origins = _origins("2015-03", "2015-06")
    tables = []
    for frame in (panel, changed):
        made = water_hindcasts(
            frame, origins, item_models={"same": lambda: _Constant(seen)}, n_paths=4,
            class_models={m.name: m for m in REFERENCES} | {"ordinal": WaterOrdinal},
        ).classes  # fmt: skip
        tables.append(made.drop(columns="truth"))
    assert max(seen) <= pd.Timestamp("2015-06-01")
    keys = ["model", "place", "origin", "horizon"]
    both = tables[0].merge(tables[1], on=keys, suffixes=("", "_changed"))
    assert len(both) > 40
    for column in PROBABILITIES:
        assert np.array_equal(both[column], both[f"{column}_changed"])


def test_rows_do_not_depend_on_other_origins() -> None:
    rng = np.random.default_rng(0)
    panel = _panel()
    panel = panel * (1.0 + 0.2 * rng.random(panel.shape))
    panel.loc[:, (slice(None), "ph")] = 7.5
    makers = {"freq": MonthlyFrequencies}
    alone = water_hindcasts(panel, _origins("2015-06"), class_models=makers).classes
    many = water_hindcasts(panel, _origins("2015-03", "2015-06"), class_models=makers).classes
    own = many[many["origin"] == "2015-06-01"].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, own)


def test_a_month_without_a_sample_is_no_case() -> None:
    panel = _panel()
    panel.loc["2015-06-01", ("a", "nh3n")] = np.nan
    made = water_hindcasts(
        panel, _origins("2015-05"), item_models={"same": _Constant}, n_paths=2
    )  # fmt: skip
    june = made.classes[made.classes["horizon"] == "1"]
    assert june["place"].tolist() == ["b"]
    items = made.items[made.items["horizon"] == "1"]
    assert sorted(items.loc[items["place"] == "a", "item"]) == ["codmn", "do", "ph"]


def test_a_year_of_few_months_is_no_case() -> None:
    panel = _panel()
    panel.loc["2015-01-01":"2015-04-01", "a"] = np.nan
    made = water_hindcasts(panel, _origins("2015-05"), class_models={"f": MonthlyFrequencies})
    year = made.classes[made.classes["horizon"] == "year"]
    assert year["place"].tolist() == ["b"]


def test_quantiles_of_items_are_those_of_the_paths() -> None:
    made = water_hindcasts(
        _panel(places=("a",)), _origins("2015-04"), n_paths=1000,
        item_models={"two": lambda: _Constant(factor=2.0)},
    ).items  # fmt: skip
    assert tuple(made.columns) == ITEM_COLUMNS
    row = made[(made["item"] == "codmn") & (made["horizon"] == "3")].iloc[0]
    assert (row["q05"], row["q95"]) == (3.0, 6.0)
    # Half of the members right, half three off: 1.5 less a quarter of the mean gap of 3.
    assert row["crps"] == pytest.approx(1.5 - 0.75)


def test_sections_not_asked_for_have_no_row_but_teach_the_rules() -> None:
    panel = _panel(places=("a", "b", "c"))
    made = water_hindcasts(
        panel, _origins("2015-05"), places=("b",), class_models={"f": MonthlyFrequencies}
    ).classes
    assert set(made["place"]) == {"b"}
    # No model: no row, but a table all the same.
    assert len(water_hindcasts(panel, _origins("2015-05")).items) == 0


def test_real_sections_have_the_classes_that_were_published(real_data: Path) -> None:
    table = pd.read_csv(real_data / "water" / "weekly_sections_2012_2018.csv.gz", encoding="utf-8")
    table = table[(table["year"] == 2015) & (table["codmn_mgl"] > 0) & (table["nh3n_mgl"] > 0)]
    table = table.dropna(subset=["class_num", "date_monday"]).head(400)
    names = {"ph": "ph", "do_mgl": "do", "codmn_mgl": "codmn", "nh3n_mgl": "nh3n"}
    # One made section whose months are the weeks: the class of each is the published one.
    index = pd.date_range("1980-01-01", periods=len(table), freq="MS")
    columns = pd.MultiIndex.from_product([["a"], list(names.values())])
    frame = pd.DataFrame(table[list(names)].to_numpy(float), index=index, columns=columns)
    found = ClassHistory.from_items(frame).monthly[:, 0]
    # A period is graded by rounded means, a week by its readings as they are: 0.51 mg/L NH3-N.
    assert (found == table["class_num"].to_numpy()).mean() > 0.95
