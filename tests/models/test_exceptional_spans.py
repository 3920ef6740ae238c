"""Days that say little of other years: what is drawn from them is little as well."""

from __future__ import annotations

import numpy as np
from made_air import made_record

from forecast.models.air_seasonal import AirSeasonal
from forecast.models.circumstances import Circumstances, Span

_SPAN = Span(np.datetime64("2016-02-01"), np.datetime64("2016-04-30"), 0.1)


def test_what_a_span_was_apart_counts_with_its_weight() -> None:
    """By hand: a mean of -2 becomes -0.2, the days keep how they differ from each other."""
    days = np.arange("2016-01-30", "2016-02-04", dtype="datetime64[D]")
    innovations = np.array([[0.5, 0.5], [0.1, 0.1], [-3.0, -3.0], [np.nan, np.nan], [-1.0, -1.0]])
    only = Span(_SPAN.first, _SPAN.last, 0.1, ("pm25",))
    found = Circumstances((only,), ()).lessened(innovations, days, ("pm25", "so2"))
    np.testing.assert_allclose(found[:, 0], [0.5, 0.1, -1.2, np.nan, 0.8])
    np.testing.assert_array_equal(found[:, 1], innovations[:, 1])
    assert innovations[2, 0] == -3.0
    nothing = np.full((5, 1), np.nan)
    assert np.isnan(Circumstances((only,), ()).lessened(nothing, days, ("pm25",))).all()


def test_a_declared_span_of_a_short_record_does_not_come_again() -> None:
    """Two springs on record, one of them at 60 %: told so, most of what is lost comes back."""
    record = made_record(1, years=2.0, first="2015-01-01")
    low = record.copy()
    low.loc["2016-02-01":"2016-04-30"] *= 0.6
    days = np.arange("2017-02-01", "2017-05-01", dtype="datetime64[D]")
    drawn = {
        name: float(
            AirSeasonal(circumstances=Circumstances(spans, ()))
            .fit(values)
            .sample(days, 400, np.random.default_rng(2))
            .values.mean()
        )
        for name, values, spans in (
            ("plain", record, ()), ("low", low, ()), ("declared", low, (_SPAN,)),
        )
    }  # fmt: skip
    lost = drawn["plain"] - drawn["low"]
    assert lost > 0.1 * drawn["plain"]
    assert drawn["low"] + 0.5 * lost < drawn["declared"] < 1.05 * drawn["plain"]
