"""What a record or a model says of the parameters: importance weights on the prior draws.

Each piece of evidence compares a number that every draw predicts with the number that was seen,
with a normal error. The prior draws are weighted with the likelihood of all pieces; the effective
sample size Σ(w)²/Σw² tells how many of them are left to say anything. Draws that weigh the same are
then taken in proportion (systematic resampling), so that everything behind stays as it is.

A hindcast from 2013 is weighed with draws of that era and its weights are used on draws of today: with
the same state of the generator, draw i is the same place in every distribution.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forecast.errors import InputError, UsageError
from forecast.scenario.air_response import AirDraws
from forecast.scenario.ozone import ozone_factor
from forecast.scenario.pm25_components import component_ratio
from forecast.scenario.pm25_sectors import SHARE_SECTORS, sector_ratio
from forecast.scenario.pollutants import POLLUTANTS
from forecast.scenario.priors import FloatArray, prior

__all__ = [
    "FEW_DRAWS",
    "LEAST_DRAWS",
    "Evidence",
    "ModelRun",
    "Weights",
    "component_evidence",
    "even_weights",
    "importance_weights",
    "learned",
    "model_run_evidence",
    "read_model_runs",
    "resampled_index",
    "run_prediction",
]

#: Effective sample size under which the answer rests on too few draws.
FEW_DRAWS = 200.0
#: Effective sample size under which nothing is learned: what is left would be a handful of sets of
#: parameters, as sharp as it is wrong.
LEAST_DRAWS = 50.0
#: Standard error of a run of a chemistry-transport model read through an emulator [ratio].
EMULATOR_SD = 0.02
_ITEMS = ("pm25", "o3_8h")
_SEASONS = ("annual", "warm", "cold")
_SCOPES = ("city", "region")


@dataclass(frozen=True)
class Evidence:
    """One number that was seen, and what each draw says of it.

    Attributes:
        name: what it is, for the report.
        predicted: ``(draw,)``.
        observed: the number seen, on the same scale.
        sd: standard deviation of its error, above 0.
    """

    name: str
    predicted: FloatArray
    observed: float
    sd: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.observed) and np.isfinite(self.sd) and self.sd > 0):
            raise InputError(
                f"The evidence «{self.name}» is {self.observed} with an error of {self.sd}.",
                "Give a number and an error above 0.",
            )


@dataclass(frozen=True)
class Weights:
    """Weights of prior draws.

    Attributes:
        values: ``(draw,)``, they add to 1.
        effective_size: number of equal draws that would say as much.
        warnings: ``(zh, en)`` each.
    """

    values: FloatArray
    effective_size: float
    warnings: tuple[tuple[str, str], ...] = ()

    @property
    def usable(self) -> bool:
        """Whether enough draws are left to learn from."""
        return self.effective_size >= LEAST_DRAWS


def importance_weights(
    evidence: Sequence[Evidence], *, discrepancy: FloatArray | None = None
) -> Weights:
    """Weigh the draws by normal likelihoods, pieces of evidence independent of each other.

    Args:
        evidence: pieces, each with one prediction a draw; at least one.
        discrepancy: ``(draw,)`` δ of the draws, to see whether the record moves it far from 1.

    Raises:
        UsageError: no evidence, or numbers of draws that differ.

    >>> sure = Evidence("made", np.array([0.9, 0.8]), 0.8, 0.01)
    >>> importance_weights([sure]).values.round(3).tolist()
    [0.0, 1.0]
    """
    if not evidence:
        raise UsageError("There is no evidence to learn from.", "Give one piece at least.")
    sizes = {len(e.predicted) for e in evidence}
    if len(sizes) > 1:
        raise UsageError(
            f"The pieces of evidence have {sorted(sizes)} draws.",
            "Predict all with the same draws.",
        )
    log = np.zeros(sizes.pop())
    for one in evidence:
        log -= 0.5 * ((one.predicted - one.observed) / one.sd) ** 2
    log -= log.max()
    values = np.exp(log)
    values /= values.sum()
    size = float(1.0 / (values**2).sum())
    warnings = []
    if LEAST_DRAWS <= size < FEW_DRAWS:
        warnings.append(
            (
                f"证据与先验相差较大：有效样本只有 {size:.0f}（少于 {FEW_DRAWS:.0f}），结果不稳。",
                f"The evidence lies far out in the prior: effective sample size {size:.0f}, under "
                f"{FEW_DRAWS:.0f}; the result is not stable.",
            )
        )
    if size < LEAST_DRAWS:
        warnings.append(
            (
                f"清单或弹性系数不能解释实测记录或模式结果：有效样本只有 {size:.0f}（少于 {LEAST_DRAWS:.0f}），不作修正，采用先验分布。",
                "Inventory or elasticities do not explain the record, or the runs of models: the effective "
                f"sample size is {size:.0f}, under {LEAST_DRAWS:.0f}; nothing is learned, and the prior "
                "stands.",
            )
        )
    if discrepancy is not None:
        shift = float((values * np.log(discrepancy)).sum()) / prior("delta").second
        if abs(shift) > 2.0:
            warnings.append(
                (
                    "清单或弹性系数不能解释历史记录（偏差因子偏离 1 超过两倍标准差）。",
                    "The inventory or the elasticities do not explain the record (the discrepancy lies "
                    "more than two standard deviations from 1).",
                )
            )
    return Weights(values, size, tuple(warnings))


def even_weights(n: int) -> Weights:
    """Weights of a prior that nothing has corrected."""
    return Weights(np.full(n, 1.0 / n), float(n))


def resampled_index(weights: Weights, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return ``n`` places of draws in proportion to their weights, in a random order, ``(n,)``.

    Systematic: a draw of weight w stands between floor(n·w) and ceil(n·w) times.
    """
    if n < 1:
        raise UsageError(f"{n} draws were asked for.", "Ask for one at least.")
    at = (rng.random() + np.arange(n)) / n
    index = np.minimum(np.searchsorted(np.cumsum(weights.values), at), len(weights.values) - 1)
    result: NDArray[np.int64] = rng.permutation(index).astype(np.int64)
    return result


def learned(
    draws: AirDraws, evidence: Sequence[Evidence], n: int, rng: np.random.Generator
) -> tuple[AirDraws, Weights]:
    """Return ``n`` equal draws after the evidence, and the weights that made them.

    Args:
        draws: prior draws, 4,000 or so.
        evidence: predictions of these draws, or of their pairs of another era. Where it leaves an
            effective sample under ``LEAST_DRAWS`` the draws come back as the prior has them.
        n: number of draws wanted: that of the paths.
        rng: source of randomness of the resampling.
    """
    sizes = {len(one.predicted) for one in evidence} - {draws.n}
    if sizes:
        raise UsageError(
            f"The evidence has {sizes.pop()} draws, the parameters {draws.n}.",
            "Predict with these draws, or their pairs.",
        )
    weights = importance_weights(evidence, discrepancy=draws.pm25.discrepancy)
    return draws.take(
        resampled_index(weights if weights.usable else even_weights(draws.n), n, rng)
    ), weights


def component_evidence(
    shares: Mapping[str, tuple[float, float]], draws: AirDraws
) -> list[Evidence]:
    """Evidence of filters: measured shares of the annual PM2.5 mean.

    Args:
        shares: ``primary``, ``inorganic`` (sulfate, nitrate, ammonium), ``organic`` (secondary),
            ``background`` or ``nitrate_cold`` → share and its standard error [1].
        draws: prior draws.

    Raises:
        UsageError: another name.
    """
    known = ("primary", "inorganic", "organic", "background", "nitrate_cold")
    for name in shares:
        if name not in known:
            raise UsageError(f"The share «{name}» is not known.", f"Give {', '.join(known)}.")
    return [
        Evidence(f"share {name}", getattr(draws.pm25, name), value, sd)
        for name, (value, sd) in shares.items()
    ]


@dataclass(frozen=True)
class ModelRun:
    """A run of another model (CTM, RSM, SHERPA, ACT): cuts in, response out.

    Attributes:
        name: for the report.
        cuts: pollutant → cut fraction, or sector → cut fraction (not both in one run).
        response: C'/C of the mean [1].
        item: ``pm25`` or ``o3_8h``.
        season: ``annual`` (PM2.5), ``warm`` or ``cold``.
        scope: ``region`` or ``city``: where the model cut.
        sd: standard error of the response [1].
        level: mean of O3 in the unchanged run [µg/m³]; O3 only.
    """

    name: str
    cuts: Mapping[str, float] = field(default_factory=dict)
    response: float = 1.0
    item: str = "pm25"
    season: str = "annual"
    scope: str = "region"
    sd: float = EMULATOR_SD
    level: float = float("nan")

    def __post_init__(self) -> None:
        sectors = set(self.cuts) <= set(SHARE_SECTORS)
        wrong = (
            f"cuts of {', '.join(self.cuts)}"
            if not (self.cuts and (sectors or set(self.cuts) <= set(POLLUTANTS)))
            else f"item {self.item}"
            if self.item not in _ITEMS
            else f"season {self.season}"
            if self.season not in _SEASONS or (self.season, self.item) == ("annual", "o3_8h")
            else f"scope {self.scope}"
            if self.scope not in _SCOPES
            else f"cuts {dict(self.cuts)}"
            if not all(-0.5 <= c <= 1.0 for c in self.cuts.values())
            else "O3 by sectors"
            if sectors and self.item == "o3_8h"
            else "sectors by season"
            if sectors and self.season != "annual"
            else "no level of O3"
            if self.item == "o3_8h" and not self.level > 0
            else ""
        )
        if wrong:
            raise InputError(
                f"The model run «{self.name}» can't be used: {wrong}.",
                f"Give cuts of {', '.join(POLLUTANTS)} or of {', '.join(SHARE_SECTORS)} from -0.5 to 1; "
                "item pm25 with season annual, warm or cold (sectors: annual), or o3_8h with warm or cold "
                "and its mean level; scope city or region.",
            )


def run_prediction(run: ModelRun, draws: AirDraws) -> FloatArray:
    """What each draw says of a model run: C'/C, ``(draw,)``."""
    if set(run.cuts) <= set(SHARE_SECTORS):
        row = _row(run.cuts, SHARE_SECTORS)
        around = None if run.scope == "region" else np.zeros_like(row)
        return sector_ratio(row, draws.sectors, region_cuts=around, local=draws.pm25.local)[:, 0]
    row = _row(run.cuts, POLLUTANTS)
    around = None if run.scope == "region" else np.zeros_like(row)
    if run.item == "o3_8h":
        cold = run.season == "cold"
        factor = ozone_factor(row, draws.ozone, cold=cold, region_cuts=around)[:, 0]
        background = np.minimum(draws.ozone.background[int(cold)] / run.level, 1.0)
        result: FloatArray = background + (1.0 - background) * factor
        return result
    parts = {
        season: component_ratio(row, draws.pm25, cold=season == "cold", region_cuts=around)[:, 0]
        for season in (("warm", "cold") if run.season == "annual" else (run.season,))
    }
    if run.season != "annual":
        return parts[run.season]
    weight = draws.pm25.cold_weight
    return (1.0 - weight) * parts["warm"] + weight * parts["cold"]


def _row(cuts: Mapping[str, float], names: Sequence[str]) -> FloatArray:
    return np.array([[[cuts.get(name, 0.0) for name in names]]])


def model_run_evidence(runs: Sequence[ModelRun], draws: AirDraws) -> list[Evidence]:
    """Evidence of runs of another model, one piece a run."""
    return [Evidence(run.name, run_prediction(run, draws), run.response, run.sd) for run in runs]


def read_model_runs(path: Path) -> list[ModelRun]:
    """Read a CSV table of model runs (UTF-8, header).

    Columns: ``response`` and one ``cut_<pollutant or sector>`` each [1]; optional ``name``, ``item``,
    ``season``, ``scope``, ``sd``, ``level``. An empty cell is the default, an empty cut none.

    Raises:
        InputError: no such file, not UTF-8, an unknown column, no row, or a row that can't be used;
            with file and line.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text.", "Save it as CSV UTF-8.") from error
    except OSError as error:
        raise InputError(
            f"The table of model runs {path} can't be read ({error.strerror or error}).",
            "Give its path relative to the scenario file.",
        ) from error
    with StringIO(text, newline="") as lines:
        reader = csv.DictReader(lines)
        texts, numbers = ("name", "item", "season", "scope"), ("response", "sd", "level")
        for column in reader.fieldnames or ():
            if column not in (*texts, *numbers) and not column.startswith("cut_"):
                raise InputError(
                    f"{path.name}: the column «{column}» is not known.",
                    f"Columns are {', '.join((*texts, *numbers))} and cut_<pollutant or sector>.",
                )
        runs = []
        for row in reader:
            where = f"{path.name}:{reader.line_num}"
            if not row.get("response"):
                raise InputError(f"{where}: there is no response.", "Give C'/C, such as 0.93.")
            try:
                values = {k: float(row[k]) for k in numbers if row.get(k)}
                cuts = {k[4:]: float(v) for k, v in row.items() if k and k[:4] == "cut_" and v}
            except ValueError as error:
                raise InputError(f"{where}: {error}.", "Give plain numbers.") from error
            words = {k: row[k].strip() for k in texts if row.get(k)}
            try:
                run = ModelRun(**{"name": where, "cuts": cuts, **words, **values})  # type: ignore[arg-type]
            except InputError as error:
                raise InputError(f"{where}: {error.message}", error.cure) from error
            runs.append(run)
    if not runs:
        raise InputError(
            f"{path.name}: the table of model runs has no row.", "Give a row for each run."
        )
    return runs
