"""Peers of statsforecast on the cases of a file; runs in an environment of its own.

    python peers_statsforecast.py MODEL CASES OUT PATHS

MODEL is ``arima7`` (AutoARIMA with a weekly season and Fourier terms of the year), ``arima1`` (the
same without the weekly season), ``ets``, ``ets_raw``, ``mstl`` or ``mstl_raw``; all but ``…_raw`` work
on the logarithm. The folder OUT gets a file of paths for each case, and ``took.json`` with the
CPU-seconds of fit and draw of each and the peak of memory [MB]. statsforecast takes no gaps: they
are filled by straight lines.
"""

from __future__ import annotations

import json
import resource
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from statsforecast.models import MSTL, AutoARIMA, AutoETS

#: Pairs of sine and cosine of the year, as many as our own model has.
_PAIRS = 3
_YEAR = 365.25


def fourier(first: int, n: int) -> np.ndarray:
    """Fourier terms of the year from day ``first`` on, shape (day, 2 x pairs)."""
    angle = 2.0 * np.pi * np.arange(first, first + n)[:, None] * np.arange(1, _PAIRS + 1) / _YEAR
    return np.hstack([np.cos(angle), np.sin(angle)])


def complete(values: np.ndarray) -> np.ndarray:
    """Values with gaps filled by straight lines, at the ends by the nearest value."""
    known = np.flatnonzero(np.isfinite(values))
    return np.interp(np.arange(len(values)), known, values[known])


def draw(name: str, values: np.ndarray, days: int, n_paths: int, seed: int) -> np.ndarray:
    """Fit to one series and draw its paths, shape (path, day)."""
    if name.startswith("arima"):
        model = AutoARIMA(season_length=int(name.removeprefix("arima")))
        model.fit(values, X=fourier(0, len(values)))
        ahead = fourier(len(values), days)
        return model.simulate(h=days, n_paths=n_paths, X_future=ahead, seed=seed)
    if name == "ets":
        return AutoETS(season_length=7).fit(values).simulate(h=days, n_paths=n_paths, seed=seed)
    model = MSTL(season_length=[7, 365], trend_forecaster=AutoETS(model="ZZN"))
    model.fit(values)
    # It has no paths of its own: those of what is left of the seasons, and each season repeated.
    paths = model.trend_forecaster.simulate(h=days, n_paths=n_paths, seed=seed)
    for length in (7, 365):
        last = model.model_[f"seasonal{length}"].to_numpy()[-length:]
        paths = paths + last[np.arange(days) % length]
    return paths


def main() -> None:
    """Answer all cases."""
    name, cases, out, n_paths = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
    warnings.simplefilter("ignore")
    bare, raw = name.removesuffix("_raw"), name.endswith("_raw")
    given = np.load(cases)
    seconds = []
    # Compiled code is made at the first call; no series pays for it.
    warm = complete(given["history0"])[:800]
    draw(bare, warm if raw else np.log(warm), 30, 10, 0)
    for n, days in enumerate(given["days"]):
        before = time.process_time()
        values = complete(given[f"history{n}"])
        paths = draw(bare, values if raw else np.log(values), int(days), n_paths, n)
        with np.errstate(over="ignore"):
            paths = paths if raw else np.exp(paths)
        seconds.append(time.process_time() - before)
        np.save(out / f"{n}.npy", paths.astype(np.float32))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    took = {"seconds": seconds, "memory": memory}
    (out / "took.json").write_text(json.dumps(took), encoding="utf-8")


if __name__ == "__main__":
    main()
