"""Our default air model against the usual libraries: speed, memory and error on real cities.

    python benchmarks/peers_air.py --data PATH [--cities 8] [--years 2016,2017,2018,2019]
        [--models NAMES] [--paths 1000] [--env DIR] [--shipped] [--out FILE]

Each model gets the same series of daily PM2.5, fits it and draws 1,000 paths to 31 December; origins
are the ends of March, June and September. Cities are those of the long record that the pooled
figures of our model are not made from here (see ``backtest_air.py``); ``--cities`` takes so many of
them, spread over the provinces. Every model runs in a process of its own, on one thread, one after
another on the same machine. statsforecast pins an older pandas: it runs in an environment that is
made in ``--env`` (default: a temporary one, removed at the end), and answers come back in files.

PATH is the folder that holds ``air``. ``--shipped`` uses the pooled figures of the package, for a quick
try: their panel holds the cities that are scored.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from aqi_lookup import processor
from backtest_air import PROVINCE, is_even, long_cities
from numpy.typing import NDArray
from peers_cases import LEADS, Case, cases_of, persistence, save_cases, scores
from pooled_slow_error import load_panel, pool

from forecast.models.pooled import shipped_air
from forecast.verification.scores import paired_difference

HERE = Path(__file__).resolve().parent
STATSFORECAST = "statsforecast==2.1.1"
#: Bars: how many times as many series a second as Prophet and as AutoARIMA with Fourier terms.
PROPHET, ARIMA = 40.0, 1000.0
#: Model → what the page calls it. The first is ours; ``batch`` is ours, with time alone.
NAMES = {
    "seasonal": "ours, one series at a time",
    "batch": "ours, places of six items",
    "prophet": "Prophet, logarithm",
    "prophet_raw": "Prophet",
    "arima7": "AutoARIMA, weekly season, Fourier terms, logarithm",
    "arima1": "AutoARIMA, Fourier terms, logarithm",
    "ets": "AutoETS, weekly season, logarithm",
    "ets_raw": "AutoETS, weekly season",
    "mstl": "MSTL (7, 365) with AutoETS, logarithm",
    "mstl_raw": "MSTL (7, 365) with AutoETS",
    "past_years": "climatology: past years as they were",
    "persistence": "persistence",
}
OURS = ("seasonal", "batch", "prophet", "prophet_raw", "past_years")
#: No path of a peer goes over so many times the greatest reading of its history, nor below 0: a
#: random walk of the logarithm would otherwise be judged by a few paths without bounds.
MOST = 2.0


@dataclass(frozen=True)
class Answer:
    """What one model took and how it scored.

    Attributes:
        seconds: CPU-seconds of fit and draw of each series.
        memory: peak of its process [MB].
        table: scores, one row a case.
    """

    seconds: NDArray[np.float64]
    memory: float
    table: pd.DataFrame

    @property
    def rate(self) -> float:
        """Series a CPU-second."""
        return 1.0 / float(self.seconds.mean()) if len(self.seconds) else float("nan")


def peers_python(folder: Path) -> Path:
    """Return the interpreter of the peers' environment, made in ``folder`` where it is not there."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        words = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", STATSFORECAST]
        subprocess.run([str(python), *words], check=True)
    return python


def answer(
    name: str, cases: list[Case], folder: Path, python: Path, n_paths: int, pooled: Path
) -> Answer:
    """Let a model answer all cases in a process of its own."""
    out = folder / name
    out.mkdir()
    ours = name in OURS
    words = [name, str(folder / "cases.npz"), str(out), str(n_paths)]
    program = HERE / ("peers_ours.py" if ours else "peers_statsforecast.py")
    threads = {
        f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMBA")
    }  # fmt: skip
    environment = os.environ | threads
    if not ours:
        environment.pop("PYTHONPATH", None)
    subprocess.run(
        [sys.executable if ours else str(python), str(program), *words, *([str(pooled)] * ours)],
        check=True, env=environment,
    )  # fmt: skip
    rows = []
    for n, case in enumerate(cases if name != "batch" else ()):
        paths = np.load(out / f"{n}.npy")
        if name not in ("seasonal", "past_years"):
            paths = np.clip(paths, 0.0, MOST * np.nanmax(case.history))
        rows.append(scores(case, paths))
    took = json.loads((out / "took.json").read_text(encoding="utf-8"))
    shutil.rmtree(out)
    return Answer(np.array(took["seconds"]), float(took["memory"]), pd.DataFrame(rows))


def row(*cells: object) -> str:
    """A line of a Markdown table."""
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def _times(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.1f}"


def speed_table(answers: dict[str, Answer]) -> list[str]:
    """Series a second, ratios and memory."""
    lines = [
        row("model", "series", "CPU-seconds a series", "series a second", "ours, one at a time, is "
            "times as fast", "ours, places of six items, times", "peak MB"),
        row(*["---"] * 7),
    ]  # fmt: skip
    for name, found in answers.items():
        if not len(found.seconds):
            continue
        ratios = [
            _times(answers[own].rate / found.rate)
            if own in answers and name not in OURS[:2]
            else "–"
            for own in OURS[:2]
        ]
        lines.append(
            row(NAMES[name], len(found.seconds), f"{found.seconds.mean():.4f}", f"{found.rate:.3g}",
                *ratios, f"{found.memory:.0f}")
        )  # fmt: skip
    return lines


def error_table(answers: dict[str, Answer], cases: list[Case]) -> list[str]:
    """CRPS of each, and the paired difference of the year's mean from ours."""
    lines = [
        row("model", "n", "year's mean", *[f"days {lead}" for lead in LEADS],
            "ours less it, year's mean (90 % interval)"),
        row(*["---"] * (4 + len(LEADS))),
    ]  # fmt: skip
    ours = answers["seasonal"].table
    for name, found in answers.items():
        if found.table.empty:
            continue
        means = found.table.mean()
        gap = "–" if name == "seasonal" else _gap(ours, found.table, cases)[0]
        lines.append(
            row(NAMES[name], len(found.table), f"{means['year']:.3f}",
                *[f"{means[lead]:.2f}" for lead in LEADS], gap)
        )  # fmt: skip
    return lines


def _gap(ours: pd.DataFrame, theirs: pd.DataFrame, cases: list[Case]) -> tuple[str, bool]:
    """The paired difference in words, and whether its interval lies below 0."""
    gap = paired_difference(
        ours["year"], theirs["year"], [case.origin.year for case in cases],
        [PROVINCE[case.city] for case in cases], np.random.default_rng(1),
    )  # fmt: skip
    return f"{gap.mean:+.3f} ({gap.low:+.3f} to {gap.high:+.3f})", gap.high < 0.0


def bars(answers: dict[str, Answer], cases: list[Case]) -> list[str]:
    """What is asked for against what was measured."""
    lines = []
    for bar, names in ((PROPHET, ("prophet", "prophet_raw")), (ARIMA, ("arima7", "arima1"))):
        for name in [name for name in names if name in answers]:
            for own in [own for own in OURS[:2] if own in answers]:
                ratio = answers[own].rate / answers[name].rate
                said = "pass" if ratio >= bar else "below"
                lines.append(
                    f"- series a second, {NAMES[own]}: **{ratio:,.0f} times** those of {NAMES[name]} "
                    f"(at least {bar:,.0f}): {said}"
                )
            words, sure = _gap(answers["seasonal"].table, answers[name].table, cases)
            mine, theirs = (answers[m].table["year"].mean() for m in ("seasonal", name))
            said = "pass" if mine < theirs else "MISS"
            beyond = "beyond chance" if sure else "not beyond chance"
            lines.append(
                f"- CRPS of the year's mean: **{mine:.3f}** against {theirs:.3f} of {NAMES[name]}, "
                f"difference {words} µg/m³, {beyond}: {said}"
            )
    return lines


def page(
    answers: dict[str, Answer], cases: list[Case], n_paths: int, command: str, figures: str
) -> str:
    """The whole page."""
    cities = sorted({case.city for case in cases})
    lengths = [len(case.history) for case in cases]
    ahead = [len(case.truth) for case in cases]
    return "\n".join(
        [
            "# The air model against the usual libraries",
            "",
            f"Made on {datetime.now(UTC).date().isoformat()} by `python benchmarks/peers_air.py "
            f"{command}`: {processor()}, one thread each, {platform.system()}, Python "
            f"{platform.python_version()}, numpy {np.__version__}, pandas {pd.__version__}, prophet "
            f"{version('prophet')}, {STATSFORECAST.replace('==', ' ')}.",
            "",
            *bars(answers, cases),
            "",
            f"{len(cases)} forecasts of daily PM2.5 of {len(cities)} cities ({', '.join(cities)}): "
            f"histories of {min(lengths)} to {max(lengths)} days, {min(ahead)} to {max(ahead)} days "
            f"drawn. {figures}",
            "",
            "## Speed and memory",
            "",
            f"Fit and {n_paths:,} paths to the end of the year, in CPU-seconds (of Prophet with those of "
            "Stan; loading of libraries and compiling left out). Places of six items are made days, "
            "as long as the histories are on average and drawn as far: it is how a run takes them, "
            "each item a series.",
            "",
            *speed_table(answers),
            "",
            "## Error",
            "",
            "CRPS [µg/m³], less is better; of persistence (last year's mean; the last reading) the "
            "absolute error. The interval comes from blocks of years and provinces drawn anew.",
            "",
            *error_table(answers, cases),
            "",
            "Peers are at their defaults but for what their names say. On the logarithm their paths "
            f"are put back by the exponential; none goes over {MOST:g} times the greatest reading of its "
            "history or below 0. statsforecast is given series whose gaps are filled by straight "
            "lines; MSTL has no paths of its own and is given those of its model of what the seasons "
            "leave, with the last season repeated.",
            "",
        ]
    )


def chosen_cities(frames: dict[str, pd.DataFrame], n: int) -> dict[str, pd.DataFrame]:
    """Return ``n`` of the cities that are not tuned on, of as many provinces as there are."""
    found: list[str] = []
    rest = [city for city in sorted(frames) if not is_even(city)]
    while rest and len(found) < n:
        seen: set[str] = set()
        for city in [*rest]:
            if PROVINCE[city] not in seen and len(found) < n:
                seen.add(PROVINCE[city])
                found.append(city)
                rest.remove(city)
    return {city: frames[city] for city in found}


def main() -> int:
    """Let all models answer, score them and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cities", type=int, default=8)
    parser.add_argument("--years", default="2016,2017,2018,2019")
    parser.add_argument("--models", default=",".join(list(NAMES)[:-1]))
    parser.add_argument("--paths", type=int, default=1000)
    parser.add_argument("--env", type=Path, help="environment of the peers, made if not there")
    parser.add_argument("--shipped", action="store_true", help="pooled figures of the package")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    frames = chosen_cities(long_cities(asked.data), asked.cities)
    years = [int(year) for year in asked.years.split(",")]
    ends = [date(year, month, day) for year in years for month, day in ((3, 31), (6, 30), (9, 30))]
    cases = cases_of(frames, ends)
    folder = Path(tempfile.mkdtemp())
    try:
        if asked.shipped:
            pooled, figures = (
                shipped_air(),
                "Pooled figures of the package, these cities among them.",
            )
        else:
            panel = load_panel(asked.data)
            own = {name: f for name, f in panel.items() if is_even(name.removesuffix("#24h"))}
            pooled, _ = pool(own)
            count = sum(not name.endswith("#24h") for name in own)
            figures = f"Pooled figures of our model are of {count} other cities, though of the same years."
        (folder / "pooled.pickle").write_bytes(pickle.dumps(pooled))
        save_cases(cases, folder / "cases.npz")
        names = asked.models.split(",")
        python = Path()
        if set(names) - set(OURS):
            python = peers_python(asked.env or folder / "environment")
        answers = {}
        for name in names:
            begun = time.perf_counter()
            answers[name] = answer(
                name, cases, folder, python, asked.paths, folder / "pooled.pickle"
            )
            print(f"{name}: {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
        table = pd.DataFrame([persistence(case) for case in cases])
        answers["persistence"] = Answer(np.zeros(0), 0.0, table)
        timed = {name: found for name, found in answers.items() if len(found.seconds)}
        ordered = timed | {n: a for n, a in answers.items() if n not in timed}
        said = f"--data PATH --cities {asked.cities} --years {asked.years}"
        text = page(ordered, cases, asked.paths, said + " --shipped" * asked.shipped, figures)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(text)
    if asked.out is not None:
        asked.out.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
