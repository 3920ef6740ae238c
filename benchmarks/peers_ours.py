"""Our default model and the peers that share its environment, on the cases of a file.

    python peers_ours.py MODEL CASES OUT PATHS [POOLED]

MODEL is ``seasonal``, ``batch`` (time alone: places of six items each, as a run takes them),
``past_years``, ``prophet`` (on the logarithm) or ``prophet_raw``. POOLED is a pickle of the pooled figures
of the default model. The folder OUT gets the same as from ``peers_statsforecast.py``.
"""

from __future__ import annotations

import json
import logging
import pickle
import resource
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from nation_air import draw_air
from numpy.typing import NDArray

from forecast.models import AirSeasonal
from forecast.models.past_years import PastYears
from forecast.models.pooled import AirPooled, shipped_air
from forecast.projection.sharing import Sharing, shared_draws
from forecast.projection.streams import stream
from forecast.standards.items import AIR_ITEMS

SEED = 20150101
#: Places of the batch; each has six items, which are six series.
PLACES = 40

Floats = NDArray[np.float64]


def used() -> float:
    """CPU-seconds of this process and of what it waited for: Stan is a program of its own."""
    return sum(
        own.ru_utime + own.ru_stime
        for own in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def prophet(history: pd.Series, ahead: pd.DatetimeIndex, n_paths: int, seed: int) -> Floats:
    """Prophet with yearly and weekly season, its own samples, shape (path, day)."""
    # It draws from the generator of the whole process, and tells a lot.
    np.random.seed(seed)  # noqa: NPY002
    logging.disable()
    warnings.simplefilter("ignore")
    from prophet import Prophet

    model = Prophet(
        yearly_seasonality=True, weekly_seasonality=True, daily_seasonality=False,
        uncertainty_samples=n_paths,
    )  # fmt: skip
    model.fit(pd.DataFrame({"ds": history.index, "y": history.to_numpy()}).dropna(), seed=seed)
    drawn = model.predictive_samples(pd.DataFrame({"ds": ahead}))["yhat"]
    return np.asarray(drawn.T)


def draw(
    name: str,
    history: pd.Series,
    ahead: pd.DatetimeIndex,
    n_paths: int,
    seed: int,
    pooled: AirPooled,
) -> NDArray[np.floating]:
    """Fit to one series and draw its paths, shape (path, day)."""
    if name == "prophet":
        return np.exp(prophet(np.log(history), ahead, n_paths, seed))
    if name == "prophet_raw":
        return prophet(history, ahead, n_paths, seed)
    model = PastYears("") if name == "past_years" else AirSeasonal("", pooled=pooled)
    model.fit(history.to_frame("pm25"))
    days = ahead.to_numpy().astype("datetime64[D]")
    return model.sample(days, n_paths, stream(SEED, "peers", str(seed))).values[:, :, 0]


def batch(length: int, days: int, n_paths: int, pooled: AirPooled) -> list[float]:
    """CPU-seconds a series of places of six items, each fitted and drawn as a whole.

    Every place draws what it shares with the nation, as it does in a run.
    """
    span = np.arange(np.datetime64("2018-01-01"), np.datetime64("2018-01-01") + length)
    future = span[-1] + np.arange(1, days + 1)
    made = draw_air(SEED, range(PLACES + 1), span)
    seconds = []
    for place, values in enumerate(made):
        history = pd.DataFrame(
            values.astype(float), index=pd.DatetimeIndex(span), columns=AIR_ITEMS
        )
        before = used()
        sharing = Sharing(SEED, f"{place}", span[0], future[0], future[-1], n_paths)
        model = AirSeasonal(f"{place}", pooled=pooled, shared=shared_draws(sharing)).fit(history)
        model.sample(future, n_paths, stream(SEED, "air", f"{place}"))
        seconds += [(used() - before) / len(AIR_ITEMS)] * len(AIR_ITEMS)
    return seconds[len(AIR_ITEMS) :]


def main() -> None:
    """Answer all cases."""
    name, cases, out, n_paths = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
    pooled = pickle.loads(Path(sys.argv[5]).read_bytes()) if len(sys.argv) > 5 else shipped_air()
    given = np.load(cases)
    seconds: list[float] = []
    if name == "batch":
        length = round(np.mean([len(given[f"history{n}"]) for n in range(len(given["days"]))]))
        seconds = batch(length, round(given["days"].mean()), n_paths, pooled)
    else:
        for n in (0, *range(len(given["days"]))):
            values, origin, days = given[f"history{n}"], given["origins"][n], given["days"][n]
            index = pd.DatetimeIndex(origin - np.arange(len(values) - 1, -1, -1))
            ahead = pd.DatetimeIndex(origin + np.arange(1, days + 1))
            before = used()
            paths = draw(name, pd.Series(values, index=index), ahead, n_paths, n, pooled)
            seconds.append(used() - before)
            np.save(out / f"{n}.npy", np.asarray(paths, dtype=np.float32))
        # The first was done twice: libraries load at the first call.
        seconds = seconds[1:]
    memory = max(
        resource.getrusage(who).ru_maxrss / 1024
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    took = {"seconds": seconds, "memory": memory}
    (out / "took.json").write_text(json.dumps(took), encoding="utf-8")


if __name__ == "__main__":
    main()
