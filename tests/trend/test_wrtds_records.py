"""What the tables may hold, what is said of the rest, and what no change of form may change."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_river import made_record

from forecast.errors import ForecastError, InputError, UsageError
from forecast.trend import wrtds
from forecast.trend.wrtds.records import decimal_years, leap_year_days

SAMPLES, FLOW = made_record(years=12)


def _set(table: pd.DataFrame, row: int, **values: object) -> pd.DataFrame:
    changed = table.astype(dict.fromkeys([c for c in values if c != "date"], object))
    for name, value in values.items():
        changed.loc[changed.index[row], name] = value
    return changed


@pytest.mark.parametrize(
    ("samples", "flow", "kind", "words"),
    [
        (SAMPLES.iloc[:60], FLOW, InputError, "60 samples .* takes more than 100"),
        (SAMPLES.iloc[:0], FLOW, InputError, "There is no sample"),
        (_set(SAMPLES, 5, conc_low=0.0, conc_high=0.0), FLOW, InputError,
         "zero or negative.*leave conc_low missing and give the detection limit as conc_high"),
        (_set(SAMPLES, 5, conc_low=-1.0, conc_high=-1.0), FLOW, InputError, "zero or negative"),
        (_set(SAMPLES, 5, conc_high=np.nan), FLOW, InputError, "conc_high is missing"),
        (_set(SAMPLES, 5, conc_low=9.0, conc_high=1.0), FLOW, InputError, "above conc_high"),
        (_set(SAMPLES, 5, conc_low="<0.05"), FLOW, InputError, "'<0.05', which is no number"),
        (SAMPLES.drop(columns="conc_low"), FLOW, UsageError, "no column conc_low"),
        (SAMPLES.assign(date="someday"), FLOW, InputError, "date that can't be read"),
        (SAMPLES, FLOW.drop(columns="q"), UsageError, "no column q"),
        (SAMPLES, FLOW.drop(index=range(50, 60)), InputError,
         r"gaps, 10 days in all, from 2000-11-20.*Fill them"),
        (SAMPLES, pd.concat([FLOW, FLOW.iloc[[9]]]), InputError, "more than one row for 2000-10-10"),
        (SAMPLES, _set(FLOW, 3, q=0.0), InputError, "zero or negative on 1 days: 2000-10-04.*0.1 %"),
        (SAMPLES, _set(FLOW, 3, q=-2.0), InputError, "zero or negative"),
        (SAMPLES, _set(FLOW, 3, q=None), InputError, "no value on 1 days: 2000-10-04"),
        (SAMPLES, FLOW.iloc[:0], InputError, "flow record is empty"),
        (SAMPLES, FLOW.assign(date=FLOW["date"] - pd.Timedelta(days=9000)), InputError,
         "No sample .* lies within the flow record"),
    ],
)  # fmt: skip
def test_rows_that_no_fit_can_use(
    samples: pd.DataFrame, flow: pd.DataFrame, kind: type[ForecastError], words: str
) -> None:
    """One sentence on what and where, and a cure."""
    with pytest.raises(kind, match=words) as caught:
        wrtds.fit(samples, flow)
    assert caught.value.cure


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"window_years": 0.0}, "window_years must be above 0"),
        ({"min_observations": 3, "min_uncensored": 2}, "six figures"),
        ({"min_uncensored": 101}, "is above min_observations"),
        ({"window_side": -1}, "window_side is -1"),
        ({"wall": "soon"}, "wall is 'soon', which is no date"),
        ({"wall": "1990-01-01"}, "samples on one side only"),
        ({"decimal_year": "julian"}, "decimal_year is 'julian'"),
    ],
)
def test_options_without_meaning(options: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        wrtds.fit(SAMPLES, FLOW, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda f: f.change(2010, 2005), "not before the last"),
        (lambda f: f.change(1990, 2005), "lies outside the samples"),
        (lambda f: f.change(2005, 2012, start_month=12), "does not hold the whole period 2012"),
        (lambda f: f.change(2002, 2010, months=13), "months 13"),
        (lambda f: f.annual(start_month=0), "start_month is 0"),
        (lambda f: f.kalman(np.random.default_rng(1), rho=1.0), "rho is 1.0"),
        (lambda f: f.bootstrap_change(2002, 2010, 2, rng=np.random.default_rng(1)),
         "replicates is 2"),
    ],
)  # fmt: skip
def test_questions_without_answer(ask: Callable[[wrtds.Wrtds], object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        ask(wrtds.fit(SAMPLES, FLOW.iloc[:-30]))


def test_samples_outside_the_flow_are_named() -> None:
    """Flow that begins late and ends early: who was left out, on which side, and what follows."""
    found = wrtds.fit(SAMPLES, FLOW.iloc[90:-200])
    first, last = FLOW["date"].iloc[90], FLOW["date"].iloc[-201]
    before, after = (SAMPLES["date"] < first).sum(), (SAMPLES["date"] > last).sum()
    assert before and after and len(found.samples) == len(SAMPLES) - before - after
    said = " ".join(found.notes)
    assert f"{before} samples left out (before the flow record begins on {first:%Y-%m-%d}" in said
    assert f"{after} samples left out (after the flow record ends on {last:%Y-%m-%d}" in said
    assert f"Nothing is estimated after {last:%Y-%m-%d}" in said


def test_several_samples_of_a_day_are_all_used() -> None:
    """As in EGRET; each draw of the filled days takes one of them."""
    twice = SAMPLES.iloc[[20]].assign(conc_low=5.0, conc_high=5.0)
    found = wrtds.fit(pd.concat([SAMPLES, twice]), FLOW)
    assert len(found.samples) == len(SAMPLES) + 1
    assert any("1 days have more than one sample" in note for note in found.notes)
    day = SAMPLES["date"].iloc[20]
    draws = found.kalman(np.random.default_rng(2), draws=40).set_index("date").loc[day, "conc"]
    own = SAMPLES["conc_high"].iloc[20]
    assert own < draws < 5.0


def test_zero_as_a_lower_bound_is_a_value_below_the_upper_one() -> None:
    """conc_low = 0 beside a limit means the same as conc_low missing, and it is said."""
    zero = _set(SAMPLES, 5, conc_low=0.0).astype({"conc_low": float})
    missing = _set(SAMPLES, 5, conc_low=np.nan).astype({"conc_low": float})
    first, second = wrtds.fit(zero, FLOW), wrtds.fit(missing, FLOW)
    assert first.change(2004, 2008) == second.change(2004, 2008)
    assert any("conc_low = 0" in note for note in first.notes)


def test_dates_as_text_and_with_hours_are_the_same_days() -> None:
    text = SAMPLES.assign(date=SAMPLES["date"].dt.strftime("%Y-%m-%d"))
    hours = SAMPLES.assign(date=SAMPLES["date"] + pd.Timedelta(hours=13))
    a, b = (wrtds.fit(s, FLOW).change(2004, 2008) for s in (text, hours))
    assert a == b


@settings(max_examples=5)
@given(st.randoms(use_true_random=False), st.floats(1e-4, 1e4))
def test_order_of_rows_and_unit_of_concentration(random: object, factor: float) -> None:
    """Shuffled rows give the same bits; k times the concentration gives k times every answer."""
    rng = np.random.default_rng(random.getrandbits(32))  # type: ignore[attr-defined]
    base = wrtds.fit(SAMPLES, FLOW).change(2004, 2008)
    mixed = wrtds.fit(
        SAMPLES.iloc[rng.permutation(len(SAMPLES))], FLOW.iloc[rng.permutation(len(FLOW))]
    ).change(2004, 2008)
    assert mixed == base
    times = SAMPLES.assign(**{c: SAMPLES[c] * factor for c in ("conc_low", "conc_high")})
    scaled = wrtds.fit(times, FLOW).change(2004, 2008)
    for name in ("conc", "flux"):
        for side in ("first", "last", "first_all", "last_all"):
            expected = factor * getattr(getattr(base, name), side)
            assert getattr(getattr(scaled, name), side) == pytest.approx(expected, rel=1e-9)


@given(st.floats(0.2, 5.0))
@settings(max_examples=5)
def test_the_unit_of_flow_changes_the_flux_alone(factor: float) -> None:
    base = wrtds.fit(SAMPLES, FLOW).change(2004, 2008)
    other = wrtds.fit(SAMPLES, FLOW.assign(q=FLOW["q"] * factor)).change(2004, 2008)
    assert other.conc_change == pytest.approx(base.conc_change, rel=1e-8)
    assert other.flux_change == pytest.approx(base.flux_change * factor, rel=1e-8)


def test_decimal_years_by_hand() -> None:
    """1 March is day 61 of 366 in every year, or day 60 of 365 by the calendar; noon counts."""
    days = np.array(["2001-03-01", "2004-03-01", "2004-02-29", "2001-12-31"], "datetime64[D]")
    assert leap_year_days(days).tolist() == [61, 61, 60, 366]
    leap = decimal_years(days) - [2001, 2004, 2004, 2001]
    np.testing.assert_allclose(leap * 366, [60.5, 60.5, 59.5, 365.5])
    real = decimal_years(days, "calendar") - [2001, 2004, 2004, 2001]
    np.testing.assert_allclose(real, [59.5 / 365, 60.5 / 366, 59.5 / 366, 364.5 / 365])


def test_the_calendar_convention_moves_little() -> None:
    leap = wrtds.fit(SAMPLES, FLOW).change(2004, 2008)
    real = wrtds.fit(SAMPLES, FLOW, decimal_year="calendar").change(2004, 2008)
    assert real != leap
    assert real.conc.last == pytest.approx(leap.conc.last, rel=2e-3)


def test_seeds_tables_and_months_that_are_none_are_refused_in_words() -> None:
    fitted = wrtds.fit(SAMPLES, FLOW)
    with pytest.raises(UsageError, match="random generator"):
        fitted.kalman(42)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="random generator"):
        fitted.bootstrap_change(1990, 1995, rng=42)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="whole numbers"):
        fitted.annual(start_month=1.5)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="DataFrame"):
        wrtds.fit({"date": []}, FLOW)  # type: ignore[arg-type]
