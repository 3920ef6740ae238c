"""Did the probabilities of targets come true: outcomes, Brier scores, reliability."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.standards.indicators import class_number
from forecast.standards.judgement import compare
from forecast.verification.reliability import corp, probability_bins
from forecast.verification.scores import block_means, brier, interval
from forecast.verification.verify_rows import judged, past_share

__all__ = ["OPEN", "judged_events", "reliability_table", "target_scores"]

#: Verdicts of a year that was still open when it was said.
OPEN = ("LIKELY", "AT_RISK", "UNLIKELY")

#: Kinds whose rule is the number itself: what came can be compared with it.
_PLAIN = ("threshold", "eliminate", "grade")

_KEY = ["region", "place", "indicator", "year", "run_standard", "id", "comparator"]


def judged_events(
    forecasts: pd.DataFrame, targets: pd.DataFrame, verdicts: pd.DataFrame
) -> pd.DataFrame:
    """One row a probability that was said of a target whose year is over.

    The outcome is today's verdict on the same target. Where the target has left the plans or its
    number has changed since, that which was said is compared with what came, if the number is all
    there is to it.

    Args:
        forecasts: with ``truth``, ``official``, ``over``; the index is what ``entry`` of ``targets`` names.
        targets: of :func:`forecast.runs.register.read_said`.
        verdicts: of :func:`forecast.verification.verify_truth.verdicts`.

    Returns:
        ``region, place, indicator, year, as_of, lead_months, id, plan, comparator, value,
        probability, verdict`` (then), ``came`` (1, 0; NaN where nobody can say), ``persistence``,
        ``climatology`` (their probabilities, NaN where they say nothing), ``decided``.
    """
    there = targets[targets["entry"].isin(forecasts.index) & targets["probability"].notna()]
    own = forecasts.loc[there["entry"]].reset_index(drop=True)
    rows = there.reset_index(drop=True)
    told = ["region", "place", "indicator", "unit", "year", "as_of", "lead_months", "run_standard",
            "truth", "official", "n_paths", "persistence", "climatology", "climatology_lowest",
            "climatology_highest", "climatology_years"]  # fmt: skip
    rows = pd.concat([own[told], rows.drop(columns="entry")], axis=1)
    rows = rows.assign(number=_numbers(rows), said=_said(rows))
    last = verdicts.drop_duplicates([*_KEY, "value"]).rename(
        columns={"value": "said", "verdict": "final"}
    )
    rows = rows.merge(last, on=[*_KEY, "said"], how="left")
    numeric = rows["kind"].isin(_PLAIN) & rows["number"].notna() & rows["comparator"].ne("")
    met = rows["final"].map({"MET": 1.0, "NOT_MET": 0.0}).to_numpy(np.float64)
    compared = (numeric & rows["final"].isna() & rows["official"].astype(bool)).to_numpy()
    out = {name: np.full(len(rows), np.nan) for name in ("came", "persistence", "climatology")}
    for (name, sign, number), own in rows[numeric].groupby(["indicator", "comparator", "number"]):
        at = own.index.to_numpy()
        asked = str(name), str(sign), float(str(number))
        out["came"][at] = _meets(own["truth"], *asked)
        out["persistence"][at] = _meets(own["persistence"], *asked)
        out["climatology"][at] = past_share(own, *asked)
    out["came"] = np.where(compared, out["came"], met)
    return rows.assign(**out, decided=~rows["verdict"].isin(OPEN)).drop(columns=["final", "said"])


def _meets(values: pd.Series, name: str, sign: str, number: float) -> NDArray[np.float64]:
    array = values.to_numpy(np.float64)
    came = compare(judged(name, array), sign, number).astype(np.float64)
    return np.where(np.isfinite(array), came, np.nan)


def _numbers(rows: pd.DataFrame) -> list[float]:
    """The number of each target; that of a class is 1 to 6, NaN where it is asked in words."""
    out = []
    for value, token, unit in zip(rows["value"], rows["token"], rows["unit"], strict=True):
        number = class_number(token) if unit == "class" and token else None
        out.append(float(value) if number is None else float(number))
    return out


def _said(rows: pd.DataFrame) -> list[str]:
    return [token or str(float(v)) for v, token in zip(rows["value"], rows["token"], strict=True)]


def target_scores(
    events: pd.DataFrame,
    by: Sequence[str],
    *,
    rng: np.random.Generator | None = None,
    n_boot: int = 1000,
    level: float = 0.9,
) -> pd.DataFrame:
    """Brier scores of what was said of targets, by the columns ``by``.

    Only what was open when it was said is scored; what arithmetic had decided is counted apart, and
    so is how often that was wrong (readings that were corrected later).

    Returns:
        ``n`` (forecasts), ``cases`` (places × years behind them), ``years``, ``stated`` (mean
        probability), ``rate`` (share that came), ``brier`` with ``…_persistence`` and
        ``…_climatology`` and the skill against each with its interval from blocks of years and
        regions, CORP's ``mcb, dsc, unc``, ``decided``, ``decided_wrong``.
    """
    known = events[events["came"].notna()]
    groups = known.groupby(list(by), sort=True) if by else [((), known)]
    return pd.DataFrame(
        [
            dict(zip(by, key, strict=True)) | _event_row(group, rng, n_boot, level)
            for key, group in groups
            if len(group)
        ]
    )


def _event_row(
    group: pd.DataFrame, rng: np.random.Generator | None, n_boot: int, level: float
) -> dict[str, Any]:
    decided = group[group["decided"]]
    own = group[~group["decided"]]
    came = own["came"].to_numpy(np.float64)
    ours = np.asarray(brier(own["probability"], came))
    parts = corp(own["probability"], came)
    nan = float("nan")
    row: dict[str, Any] = {
        "n": len(own), "cases": len(own[["region", "place", "year"]].drop_duplicates()),
        "years": own["year"].nunique(), "stated": own["probability"].mean() if len(own) else nan,
        "rate": came.mean() if len(own) else nan, "brier": ours.mean() if len(own) else nan,
    }  # fmt: skip
    for rule in ("persistence", "climatology"):
        theirs = np.asarray(brier(own[rule], came))
        good = np.isfinite(theirs)
        mean, skill, low, high = nan, nan, nan, nan
        if good.any():
            mean = float(theirs[good].mean())
            skill = 1.0 - float(ours[good].mean()) / mean if mean > 0.0 else nan
            if rng is not None:
                pair = np.stack([ours[good], theirs[good]], axis=1)
                draws = block_means(pair, own["year"][good], own["region"][good], rng, n=n_boot)
                safe = draws[:, 1] > 0.0
                low, high = interval(1.0 - draws[safe, 0] / draws[safe, 1], level=level)
        row |= {f"brier_{rule}": mean, f"skill_{rule}": skill, f"skill_{rule}_low": low,
                f"skill_{rule}_high": high}  # fmt: skip
    wrong = (decided["probability"].to_numpy(float).round() != decided["came"]).sum()
    return row | {
        "mcb": parts.mcb, "dsc": parts.dsc, "unc": parts.unc, "decided": len(decided),
        "decided_wrong": int(wrong),
    }  # fmt: skip


def reliability_table(events: pd.DataFrame, *, level: float = 0.9) -> pd.DataFrame:
    """Ten bins of what was said and how often it came, with binomial bounds.

    Forecasts of one target and year come true together, so the bounds of ``n`` independent forecasts
    are too narrow: ``low_cases`` and ``high_cases`` are those of as many as there are targets, places
    and years in the bin.

    Returns:
        As :func:`forecast.verification.reliability.probability_bins`, with ``cases``, ``low_cases``,
        ``high_cases``.
    """
    from scipy.stats import binom

    own = events[events["came"].notna() & ~events["decided"]]
    bins = probability_bins(own["probability"], own["came"], level=level)
    place = np.minimum((own["probability"] * len(bins) + 1e-9).astype(int), len(bins) - 1)
    named = own.assign(bin=place)[["bin", "region", "place", "id", "year"]].drop_duplicates()
    cases = named.groupby("bin").size().reindex(range(len(bins)), fill_value=0).to_numpy()
    some = cases > 0
    stated = np.clip(bins["stated"].to_numpy(float), 0.0, 1.0)
    low, high = np.full(len(bins), np.nan), np.full(len(bins), np.nan)
    for out, at in ((low, (1.0 - level) / 2.0), (high, (1.0 + level) / 2.0)):
        out[some] = binom.ppf(at, cases[some], stated[some]) / cases[some]
    return bins.assign(cases=cases, low_cases=low, high_cases=high)
