"""WRTDS on the Choptank record: differences from EGRET's files, CPU time, memory, censored data.

    python benchmarks/wrtds_choptank.py --data PATH [--out FILE] [--replicates 100]

1. The whole fit beside the output of EGRET 3.0.12 that lies with the record: surface, days, annual
   means, change between two years with stationary and moving flow, leave-one-out means.
2. The bootstrap of EGRETci beside that of ours (other random numbers).
3. The same record with 46 % of its values below two made limits: the likelihood's maximum by a
   general optimiser at points all over the grid, and the effect of the limits on the change.

PATH is the folder that holds ``water``.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

# One thread of linear algebra: the figures are those of one core.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd

from forecast.trend import wrtds
from forecast.trend.wrtds.records import read_records
from forecast.trend.wrtds.settings import Settings
from forecast.trend.wrtds.windows import edges, slice_weights

COMMAND = "python benchmarks/wrtds_choptank.py --data PATH"
SEED = 494817
#: The marks: relative difference, CPU seconds of a whole fit.
MARK, MARK_SECONDS = 1e-6, 30.0
PRINTED = {"y_hat": 0.0475113943, "se": 0.2629914096, "conc": 1.1272620557}


def read(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Samples and daily flow under our names."""
    names = {"Date": "date", "ConcLow": "conc_low", "ConcHigh": "conc_high", "Q": "q"}
    samples = pd.read_csv(folder / "choptank_sample.csv.gz", encoding="utf-8").rename(columns=names)
    flow = pd.read_csv(folder / "choptank_daily_q.csv.gz", encoding="utf-8").rename(columns=names)
    return samples[["date", "conc_low", "conc_high"]], flow[["date", "q"]]


def relative(ours: Any, theirs: Any) -> float:
    """Largest relative difference."""
    a, b = (np.asarray(v, dtype=float) for v in (ours, theirs))
    return float(np.abs(a / b - 1.0).max())


def absolute(ours: Any, theirs: Any) -> float:
    """Largest difference; for ln C, where it is the relative one of C."""
    return float(np.abs(np.asarray(ours) - np.asarray(theirs)).max())


def differences(folder: Path, fitted: wrtds.Wrtds) -> list[tuple[str, int, float]]:
    """Quantity, how many values, largest difference."""
    rows = []
    theirs = pd.read_csv(folder / "choptank_surfaces.csv.gz", encoding="utf-8")
    ours = fitted.surface.to_frame()
    rows += [
        ("surface, ln C (absolute)", len(ours), absolute(ours["y_hat"], theirs["yHat"])),
        ("surface, standard deviation", len(ours), relative(ours["se"], theirs["SE"])),
        ("surface, concentration", len(ours), relative(ours["conc"], theirs["ConcHat"])),
    ]
    theirs = pd.read_csv(folder / "choptank_daily_model.csv.gz", encoding="utf-8")
    names = {"conc": "ConcDay", "flux": "FluxDay", "fn_conc": "FNConc", "fn_flux": "FNFlux"}
    for name, other in names.items():
        rows.append((f"days, {name}", len(theirs), relative(fitted.daily[name], theirs[other])))
    theirs = pd.read_csv(folder / "choptank_annual_wateryear.csv", encoding="utf-8")
    for name, other in {k: v.removesuffix("Day") for k, v in names.items()}.items():
        rows.append(
            (f"water years, {name}", len(theirs), relative(fitted.annual()[name], theirs[other]))
        )
    theirs = pd.read_csv(
        folder / "choptank_runPairs_1985_2010_windowSide7.csv", encoding="utf-8", index_col="row"
    )
    change = fitted.change(1985, 2010, window_side=7)
    for row, p in (("Conc", change.conc), ("Flux", change.flux.times(1e-6))):
        values = [p.change, p.cqtc, p.qtc, p.first_all, p.first, p.last_all, p.last]
        rows.append((f"change 1985 to 2010, moving flow, {row.lower()}", 7,
                     relative(values, theirs.loc[row].to_numpy(dtype=float))))  # fmt: skip
    means = fitted.cross_validation().mean(numeric_only=True)
    found, printed = [means[k] for k in PRINTED], list(PRINTED.values())
    rows.append(("leave-one-out means (10 digits printed)", 3, relative(found, printed)))
    return rows


def censored(samples: pd.DataFrame) -> pd.DataFrame:
    """The record with limits of 1.05 and 1.2 mg/L in turn."""
    limit = np.where(np.arange(len(samples)) % 2, 1.05, 1.2)
    below = samples["conc_high"].to_numpy() < limit
    return samples.assign(
        conc_low=samples["conc_low"].mask(below),
        conc_high=np.where(below, limit, samples["conc_high"]),
    )


def largest_from_maximum(samples: pd.DataFrame, flow: pd.DataFrame, fitted: wrtds.Wrtds) -> float:
    """Largest difference of ln C and of ln σ from a general optimiser at 30 points of the grid."""
    from scipy.optimize import minimize
    from scipy.special import log_ndtr

    found, _, _ = read_records(samples, flow)
    surface = fitted.surface
    worst = 0.0
    for at in (0, 100, 250, 310, 400, 528):
        for level in (0, 4, 7, 10, 13):
            t, log_q = float(surface.year[at]), surface.log_q[level : level + 1]
            weights = slice_weights(found, t, log_q, Settings(), edges(found))[0]
            part, w = found.take(weights > 0), weights[weights > 0]
            angle = 2 * np.pi * part.t
            x = np.column_stack([np.ones_like(angle), (part.t - t) / 7, part.log_q - log_q,
                                 np.sin(angle), np.cos(angle)])  # fmt: skip
            clear = part.uncensored

            def loss(
                p: Any, x: Any = x, y: Any = part.high, w: Any = w, clear: Any = clear
            ) -> float:
                z = (y - x @ p[1:]) / np.exp(p[0])
                return float(-(w[clear] @ (-p[0] - 0.5 * z[clear] ** 2)
                               + w[~clear] @ log_ndtr(z[~clear])))  # fmt: skip

            root = np.sqrt(w)
            start = np.linalg.lstsq(x * root[:, None], part.high * root, rcond=None)[0]
            best = np.concatenate([[-1.0], start])
            for _ in range(3):
                best = minimize(loss, best, method="BFGS", jac="3-point",
                                options={"gtol": 1e-10}).x  # fmt: skip
            y_hat = best[1] + best[4] * np.sin(2 * np.pi * t) + best[5] * np.cos(2 * np.pi * t)
            worst = max(worst, abs(y_hat - surface.y_hat[level, at]),
                        abs(best[0] - np.log(surface.se[level, at])))  # fmt: skip
    return worst


def timed(samples: pd.DataFrame, flow: pd.DataFrame) -> tuple[wrtds.Wrtds, float]:
    """A whole fit (surface, days, annual means) and its CPU seconds."""
    before = time.process_time()
    fitted = wrtds.fit(samples, flow)
    fitted.annual()
    assert len(fitted.daily) == len(flow)
    assert fitted.surface.conc.size
    return fitted, time.process_time() - before


def peak_mb() -> str:
    """Most memory held, in MB; unknown where the system does not say."""
    try:
        import resource
    except ImportError:
        return "not known here"
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB"


def bootstrap_lines(folder: Path, fitted: wrtds.Wrtds, replicates: int) -> list[str]:
    """Bounds beside those of EGRETci."""
    theirs = pd.read_csv(
        folder / "choptank_runPairsBoot_1985_2009_windowSide7_n100.csv", encoding="utf-8"
    ).iloc[0]
    before = time.process_time()
    found = fitted.bootstrap_change(
        1985, 2009, replicates, rng=np.random.default_rng(SEED), window_side=7
    )
    seconds = time.process_time() - before
    lines = ["| bound | ours | standard error | EGRETci, 100 draws |", "|---|---|---|---|"]
    rng = np.random.default_rng(SEED + 1)
    for bounds, suffix, factor, digits, unit in ((found.conc, "C", 1.0, 3, "mg/L"),
                                                 (found.flux, "F", 1e6, 0, "kg/yr")):  # fmt: skip
        lines.append(
            f"| change, {unit} | {bounds.estimate:,.{digits}f} | – | "
            f"{theirs['est' + suffix] * factor:,.{digits}f} |"
        )
        again = np.quantile(
            rng.choice(bounds.replicates, (500, 100)), [0.05, 0.95], axis=1, method="weibull"
        ).std(axis=1)
        for side, at in (("low", 0), ("up", 1)):
            lines.append(
                f"| {side}er 90 %, {unit} | {bounds.interval()[at]:,.{digits}f} | "
                f"{again[at]:,.{digits}f} | {theirs[side + suffix] * factor:,.{digits}f} |".replace(
                    "uper", "upper"
                )
            )
    lines += [
        "",
        f"{replicates} draws, seed {SEED}, {seconds:.1f} CPU seconds; the standard error is that of a "
        f"bound from 100 draws. p = {found.conc.p_value:.4f}; concentration: {found.conc.words}.",
    ]
    return lines


def main() -> int:
    """Run and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--replicates", type=int, default=300)
    chosen = parser.parse_args()
    folder = chosen.data / "water" / "choptank_flow_concentration"
    samples, flow = read(folder)
    fitted, seconds = timed(samples, flow)
    memory = peak_mb()
    rows = differences(folder, fitted)
    worst = max(difference for *_, difference in rows)
    before = time.process_time()
    change = wrtds.fit(samples, flow).change(1985, 2010)
    change_seconds = time.process_time() - before
    cut = censored(samples)
    heavy, heavy_seconds = timed(cut, flow)
    apart = largest_from_maximum(cut, flow, heavy)
    share = 100.0 * cut["conc_low"].isna().mean()
    limited = heavy.change(1985, 2010)
    half = cut.assign(conc_low=cut["conc_low"].fillna(cut["conc_high"] / 2))
    half["conc_high"] = half["conc_low"]
    halved = wrtds.fit(half, flow).change(1985, 2010)
    lines = [
        "# WRTDS on the Choptank record, beside EGRET 3.0.12",
        "",
        f"Made by `{COMMAND}` on {datetime.now(UTC).date().isoformat()}: {platform.system()} "
        f"{platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}, pandas "
        f"{pd.__version__}; one thread. 606 samples (1 below its limit), 11,688 days, 7,406 points.",
        "",
        f"- largest relative difference of all: **{worst:.1e}** (mark: {MARK:.0e})",
        f"- whole fit: **{seconds:.1f} s** of CPU time (mark: {MARK_SECONDS:.0f} s; EGRET 76 s)",
        f"- change between two years alone: **{change_seconds:.2f} s**",
        f"- most memory held after the fit: **{memory}**",
        f"- with {share:.0f} % of the values below a limit: **{heavy_seconds:.1f} s**, at most "
        f"**{apart:.0e}** from the maximum of the likelihood (mark: {MARK:.0e})",
        "",
        "| quantity | values | largest relative difference |",
        "|---|---|---|",
        *(f"| {name} | {count:,} | {difference:.1e} |" for name, count, difference in rows),
        "",
        f"Change 1985 to 2010 with stationary flow: {change.conc_change:+.4f} mg/L "
        f"({change.conc_change_percent:+.2f} %), flux {change.flux_change:+,.0f} kg/yr "
        f"({change.flux_change_percent:+.2f} %); published +0.4290 mg/L (+42.27 %), +29.44 %.",
        "",
        "## Bootstrap of the change 1985 to 2009, moving flow (7 years)",
        "",
        *bootstrap_lines(folder, fitted, chosen.replicates),
        "",
        f"## {share:.0f} % of the values below a limit",
        "",
        "Limits of 1.05 and 1.2 mg/L in turn, made. The change 1985 to 2010 is "
        f"{limited.conc_change_percent:+.1f} % with the limits in the likelihood, "
        f"{halved.conc_change_percent:+.1f} % with half the limit in place of each, "
        f"{change.conc_change_percent:+.1f} % with all values known.",
        "",
    ]
    text = "\n".join(lines)
    if chosen.out:
        chosen.out.write_text(text, encoding="utf-8")
    print(text)
    return 0 if worst <= MARK and seconds <= MARK_SECONDS and apart <= MARK else 1


if __name__ == "__main__":
    sys.exit(main())
