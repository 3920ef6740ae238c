"""Recalibration: past forecasts corrected by what came of those whose year was over before.

A distribution is corrected by a map of its probability integral transform, a stated probability by
one of its log odds (:mod:`forecast.verification.calibration_maps`). Both are drawn towards no
change: of n effective cases (``effective_cases``) the past has the weight n / (n + k), the stated
forecast the weight k / (n + k). The distribution's map has a second step for the start month, made
in the same way from how the month's past differs from that of all months; probabilities have one
map for all months and thresholds, since an event says less than a value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.projection.hindcast_indicators import hindcast_indicator
from forecast.projection.hindcast_rows import LEVELS, QUANTILE_COLUMNS, THRESHOLDS
from forecast.verification.calibration_maps import OddsMap, PitMap
from forecast.verification.scores import (
    Difference,
    brier,
    coverage,
    crps_quantiles,
    effective_cases,
    is_surely_below,
    log_score,
    paired_difference,
)
from forecast.verification.tables import BANDS, event_rows, with_columns

__all__ = ["FEWEST", "PRIOR", "recalibrated", "recalibration_effect"]

#: Below so many past forecasts nothing is corrected.
FEWEST = 10

#: Cases that the stated forecast itself counts for: as many as say that a model made with care is
#: off by about 1/√16 = 1/4 of its own spread. With fewer, one odd year of all places moves the next
#: years by more than is gained.
PRIOR = 16.0

#: Scores that are all alike say nothing of how a month differs.
_LEAST_SPREAD = 1e-3

_BANDS = {band: BANDS[band] for band in (50, 90)}
_EFFECT: tuple[str, ...] = (
    "indicator", "model", "start_month", "n", "n_years",
    "crps_before", "crps_after", "crps_difference", "crps_low", "crps_high",
    *(f"cover{band}_{when}" for band in _BANDS for when in ("before", "after")),
    "n_events", "brier_before", "brier_after", "brier_difference", "brier_low", "brier_high",
    "log_before", "log_after", "kept", "kept_events",
)  # fmt: skip


def recalibrated(
    rows: pd.DataFrame,
    *,
    fewest: int = FEWEST,
    prior: float = PRIOR,
    training: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Correct each past forecast by those of its model and indicator whose year was over before.

    A forecast of the year Y is made on 31 December of Y - 1 or later, so years before Y are over;
    no forecast learns from its own year or a later one, of whatever place.

    Args:
        rows: of :func:`forecast.projection.hindcasts.backtest_frames`.
        fewest: past forecasts below which a row stays as it is.
        prior: effective cases that the stated forecast counts for, above 0.
        training: rows to learn from instead of ``rows``, such as those of other places; years
            count in the same way.

    Returns:
        ``rows`` with ``q01`` … ``q99``, ``mean``, ``sd``, ``pit`` and ``p_…`` corrected; ``crps`` from
        the 99 quantiles (of rows that stayed as well), ``crps_before`` the same from the quantiles
        as stated, ``n_training`` the past forecasts learnt from, 0 where the row stayed. A level
        beyond q01 or q99 continues the normal law that leads there from q10 or q90. Days stay
        whole, a ratio within 100; probabilities 0 and 1 and quantiles that are all alike stay.

    Raises:
        ValueError: ``prior`` is not above 0 or ``fewest`` below 1.
    """
    if not prior > 0.0 or fewest < 1:
        raise ValueError(f"prior {prior} has to be above 0 and fewest {fewest} at least 1")
    names = list(QUANTILE_COLUMNS)
    chances = [f"p_{label}" for label in THRESHOLDS]
    truth = rows["truth"].to_numpy(np.float64)
    # One order in memory: the same figures then add up to the same sum.
    quantiles = np.ascontiguousarray(rows[names].to_numpy(np.float64))
    before = crps_quantiles(quantiles, LEVELS, truth)
    made = quantiles.copy()
    stated = rows[chances].to_numpy(np.float64)
    said = stated.copy()
    pit = rows["pit"].to_numpy(np.float64).copy()
    count = np.zeros(len(rows), dtype=np.int64)
    taught = rows if training is None else training
    past = _Past.of(taught)
    scores = _normal_scores(rows)
    rank = rows[["model", "indicator"]].assign(at=np.arange(len(rows)))
    for (model, name), group in rank.groupby(["model", "indicator"], sort=True):
        places = group["at"].to_numpy()
        own = past.of_model(str(model), str(name))
        months = rows["start_month"].to_numpy()[places]
        years = rows["year"].to_numpy()[places]
        for year in np.unique(years):
            older = own.before(int(year))
            if len(older.cases) < fewest:
                continue
            odds_map = older.odds_map(prior)
            for month in np.unique(months[years == year]):
                at = places[(years == year) & (months == month)]
                pit_map = older.pit_map(int(month), prior)
                made[at] = _corrected(quantiles[at], pit_map, str(name))
                said[at] = odds_map(stated[at])
                pit[at] = _share(pit_map.calibrated(scores[at]))
                count[at] = len(older.cases)
    moved = made.mean(axis=1) - quantiles.mean(axis=1)
    width, old = made.std(axis=1), quantiles.std(axis=1)
    ratio = np.divide(width, old, out=np.ones_like(old), where=old > 0.0)
    columns = dict(zip(names, made.T, strict=True)) | dict(zip(chances, said.T, strict=True))
    columns |= {
        "mean": rows["mean"].to_numpy(np.float64) + moved,
        "sd": rows["sd"].to_numpy(np.float64) * ratio, "pit": pit,
        "crps": crps_quantiles(made, LEVELS, truth), "crps_before": before, "n_training": count,
    }  # fmt: skip
    return with_columns(rows, columns)


@dataclass(frozen=True)
class _Past:
    """Forecasts to learn from: ``cases`` with a column ``score`` and ``events`` not 0 or 1."""

    cases: pd.DataFrame
    events: pd.DataFrame

    @classmethod
    def of(cls, rows: pd.DataFrame) -> _Past:
        kept = ["model", "indicator", "year", "start_month"]
        site = rows["region"].astype(str) + "\x1f" + rows["place"].astype(str)
        cases = rows[kept].assign(site=site, score=_normal_scores(rows))
        events = event_rows(rows)
        p = events["probability"].to_numpy(np.float64)
        events = events[(p > 0.0) & (p < 1.0) & np.isfinite(events["event"].to_numpy(np.float64))]
        site = events["region"].astype(str) + "\x1f" + events["place"].astype(str)
        events = events[[*kept, "probability", "event"]].assign(site=site)
        return cls(cases[np.isfinite(cases["score"])], events)

    def _where(self, column: str, chosen: Any) -> _Past:
        return _Past(*(t[chosen(t[column])] for t in (self.cases, self.events)))

    def of_model(self, model: str, indicator: str) -> _Past:
        own = self._where("model", lambda c: c == model)
        return own._where("indicator", lambda c: c == indicator)

    def before(self, year: int) -> _Past:
        return self._where("year", lambda c: c < year)

    def pit_map(self, month: int, prior: float) -> PitMap:
        """Map of all months, with what sets ``month`` apart on top."""
        scores = self.cases["score"].to_numpy(np.float64)
        every = PitMap.of(scores, _weight(self.cases, prior))
        # The month is laid beside all that the months share, drawn to nothing: laid beside the
        # map that is in use it would learn once more what they share.
        shared = PitMap.of(scores, 1.0)
        chosen = (self.cases["start_month"] == month).to_numpy()
        if shared.spread < _LEAST_SPREAD or chosen.all():
            return every
        own = shared.calibrated(scores[chosen])
        return every.then(PitMap.of(own, _weight(self.cases[chosen], prior)))

    def odds_map(self, prior: float) -> OddsMap:
        """Map of all months and thresholds."""
        stated, came = (self.events[c].to_numpy(np.float64) for c in ("probability", "event"))
        return OddsMap.of(stated, came, _weight(self.events, prior))


def _weight(table: pd.DataFrame, prior: float) -> float:
    """Weight of the past against the stated forecast."""
    n = effective_cases(table["year"], table["site"])
    return n / (n + prior)


def _normal_scores(rows: pd.DataFrame) -> NDArray[np.float64]:
    """Φ⁻¹ of the PIT; outside all N paths it is taken as half a path from the end."""
    from scipy.special import ndtri

    n = rows["n_paths"].to_numpy(np.float64)
    edge = 0.5 / (np.where(n > 0, n, 1000.0) + 1.0)
    return np.asarray(ndtri(np.clip(rows["pit"].to_numpy(np.float64), edge, 1.0 - edge)))


def _share(z: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.special import ndtr

    return np.asarray(ndtr(z))


def _corrected(
    quantiles: NDArray[np.float64], pit_map: PitMap, indicator: str
) -> NDArray[np.float64]:
    """Quantiles (row, level) at the levels that the map gives."""
    from scipy.special import ndtri

    z = np.asarray(ndtri(LEVELS))
    wanted = np.asarray(pit_map.stated(z))
    unit = hindcast_indicator(indicator).unit
    if unit == "days":
        at = np.clip(np.rint(100.0 * _share(wanted)).astype(int) - 1, 0, len(z) - 1)
        out = quantiles[:, at]
    else:
        at = np.clip(np.searchsorted(z, wanted, side="right") - 1, 0, len(z) - 2)
        part = np.clip((wanted - z[at]) / (z[at + 1] - z[at]), 0.0, 1.0)
        out = quantiles[:, at] + part * (quantiles[:, at + 1] - quantiles[:, at])
    for outside, end, inner in ((wanted < z[0], 0, 9), (wanted > z[-1], -1, -10)):
        slope = (quantiles[:, end] - quantiles[:, inner]) / (z[end] - z[inner])
        out[:, outside] = quantiles[:, [end]] + slope[:, None] * (wanted[outside] - z[end])
    out = np.rint(out) if unit == "days" else out
    return np.clip(out, 0.0, {"days": 366.0, "%": 100.0}.get(unit, np.inf))


def recalibration_effect(
    rows: pd.DataFrame,
    *,
    rng: np.random.Generator,
    fewest: int = FEWEST,
    prior: float = PRIOR,
    training: pd.DataFrame | None = None,
    n_boot: int = 1000,
    level: float = 0.9,
    crossed: bool = True,
) -> pd.DataFrame:
    """Score recalibration out of sample, on the forecasts that had a past to learn from.

    Args:
        rows, fewest, prior, training: as for :func:`recalibrated`.
        rng, n_boot, level, crossed: of the interval, see ``paired_difference``.

    Returns:
        For each indicator and model one row of all start months (``start_month`` missing) and one
        for each: ``n`` forecasts of ``n_years``; CRPS from the 99 quantiles before and after, the
        mean difference (below 0: better) with its interval; coverage of the 50 and 90 % intervals
        [share]; Brier and log score of the ``n_events`` stated probabilities. ``kept``: over all
        months the CRPS is surely lower (interval below 0, five years or more); ``kept_events``:
        the Brier score is. Both are decided on all months together, and the rows of a month say
        the same: to choose among months would find something to keep in any noise.
    """
    corrected = recalibrated(rows, fewest=fewest, prior=prior, training=training)
    tried = (corrected["n_training"] > 0).to_numpy()
    before, after = rows[tried], corrected[tried]
    said, told = event_rows(before), event_rows(after)
    said = said.assign(after=told["probability"].to_numpy(np.float64))
    boot: dict[str, Any] = {"n": n_boot, "level": level, "crossed": crossed}
    out: list[dict[str, Any]] = []
    rank = after[["indicator", "model"]].assign(at=np.arange(len(after)))
    for (name, model), group in rank.groupby(["indicator", "model"], sort=True):
        old, new = (table.iloc[group["at"].to_numpy()] for table in (before, after))
        events = said[(said["indicator"] == name) & (said["model"] == model)]
        whole, kept = _effect(old, new, events, rng, boot)
        key = {"indicator": name, "model": model}
        out.append({**key, "start_month": pd.NA, **whole, **kept})
        for month in sorted(set(new["start_month"])):
            old_, new_, events_ = (t[t["start_month"] == month] for t in (old, new, events))
            part, _ = _effect(old_, new_, events_, rng, boot)
            out.append({**key, "start_month": month, **part, **kept})
    return pd.DataFrame(out, columns=list(_EFFECT)).astype({"start_month": "Int64"})


def _effect(
    before: pd.DataFrame,
    after: pd.DataFrame,
    events: pd.DataFrame,
    rng: np.random.Generator,
    boot: dict[str, Any],
) -> tuple[dict[str, Any], dict[str, bool]]:
    years = int(after["year"].nunique())

    def gap(table: pd.DataFrame, new: Any, old: Any) -> Difference:
        return paired_difference(new, old, table["year"], table["region"], rng, **boot)

    crps = gap(after, after["crps"], after["crps_before"])
    out: dict[str, Any] = {
        "n": len(after), "n_years": years, "crps_before": after["crps_before"].mean(),
        "crps_after": after["crps"].mean(), "crps_difference": crps.mean, "crps_low": crps.low,
        "crps_high": crps.high,
    }  # fmt: skip
    for band, (low, high) in _BANDS.items():
        for when, table in (("before", before), ("after", after)):
            out[f"cover{band}_{when}"] = coverage(table[low], table[high], table["truth"]).mean()
    came, clip = events["event"], 0.5 / events["n_paths"].to_numpy(np.float64)
    old, new = (brier(events[c], came) for c in ("probability", "after"))
    found = gap(events, new, old)
    logs = [log_score(events[c], came, clip=clip) for c in ("probability", "after")]
    means = [float(v.mean()) if len(v) else float("nan") for v in (old, new, *logs)]
    out |= {
        "n_events": len(events), "brier_before": means[0], "brier_after": means[1],
        "brier_difference": found.mean, "brier_low": found.low, "brier_high": found.high,
        "log_before": means[2], "log_after": means[3],
    }  # fmt: skip
    years_of_events = int(events["year"].nunique())
    kept = {
        "kept": is_surely_below(crps, years),
        "kept_events": is_surely_below(found, years_of_events),
    }
    return out, kept
