"""What the pages of many regions cost: time, memory and size of charts, pages, files and terminal.

Run with ``python benchmarks/pages.py --out benchmarks/pages.md``; ``--cities 300`` for fewer. The
built-in sample city is projected once and copied under other names, its numbers shifted by a seeded
generator; no reading is made for the copies, so that what is measured is writing alone.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
from joblib.externals.loky import get_reusable_executor

from forecast.projection.air import AirProjection
from forecast.projection.panel import PanelProjection
from forecast.report.chart_choice import charted_regions
from forecast.report.figures import draw_figures
from forecast.report.page import PageContext
from forecast.report.run_pages import write_run_pages
from forecast.runs.alerts import alerts_of
from forecast.runs.changes import changes
from forecast.runs.manifest import write_result
from forecast.runs.projecting import answered, question_of
from forecast.runs.register_entries import packed_entries
from forecast.runs.request import Request
from forecast.workspace import Workspace

#: Characters that the made names are of: two of them, then 市.
_FIRST = "安宝长成达大东丰福高广贵海汉和河恒衡虎怀吉嘉江金晋九开来乐丽连凉辽临龙洛茂梅绵南宁平清曲仁沙石泗太天通铜温吴"
_SECOND = "阳州安宁平山江昌南城川德海林北化春源门岭水庆兴泉湖西原东岗港峰溪河陵田谷桥坪清和塘沟关口"

#: Of each copy so many sections of water, as many as a city has in the mean of the country.
_SECTIONS = 2


@dataclass(frozen=True)
class Made:
    """A made answer, as a run has it before it writes, and the readings behind the first city."""

    result: dict[str, Any]
    projection: PanelProjection
    earlier: dict[str, Any]


def made_answer(cities: int, seed: int = 20150101) -> Made:
    """Project the sample city and copy the answer under ``cities`` names."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "W"
        subprocess.run(
            [sys.executable, "-m", "forecast", "init", str(root), "--demo", "--quiet"], check=True
        )
        workspace = Workspace.open(root)
        question = question_of(workspace, Request(paths=200))
        base = answered(workspace, question, "20250630-000000000000", jobs=1)
    result = base.result
    result["run"] |= {"created": "2025-07-01T00:00:00+00:00", "seconds": 1.0}
    sections = [row["section"] for row in result["water"][0]["sections"]][:_SECTIONS]
    kept = [e for e in result["projections"] if _kept(e, sections)]
    own = {"projections": kept, "water": _fewer(result["water"], sections),
           "reference": result["reference"][:2], "short_range": result["short_range"],
           "expected_days": result["expected_days"]}  # fmt: skip
    ahead = own["short_range"]
    own["short_range"] = ahead | {"water": [e for e in ahead["water"] if e["place"] in sections]}
    text = json.dumps(own, ensure_ascii=False)
    rng = np.random.default_rng(seed)
    whole: dict[str, Any] = {
        "run": result["run"], "projections": [], "groups": [], "water": [], "reference": [],
        "scenarios": [], "short_range": {"air": [], "water": []}, "expected_days": [],
        "warnings": [],
    }  # fmt: skip
    before: list[dict[str, Any]] = []
    air: list[AirProjection] = []
    names = [f"{a}{b}" for a in _FIRST for b in _SECOND]
    city = base.projection.air[0]
    for name in names[:cities]:
        part = json.loads(text.replace("衡水", name))
        before.extend(json.loads(json.dumps(part["projections"])))
        _shift(part, rng)
        for key in ("projections", "water", "reference", "expected_days"):
            whole[key].extend(part[key])
        for key in ("air", "water"):
            whole["short_range"][key].extend(part["short_range"][key])
        whole["warnings"].append(
            {"zh": f"{name}市:最近{rng.integers(1, 9)}天没有O3数据。", "en": f"{name}: no O3."}
        )
        region = str(part["projections"][0]["region"])
        air.append(_city(city, region, name, rng))
    projection = PanelProjection(
        whole["projections"], air, [], [], [(w["zh"], w["en"]) for w in whole["warnings"]]
    )
    earlier = {
        **whole,
        "projections": before,
        "run": {**whole["run"], "id": "20250629-111111111111"},
    }
    return Made(whole, projection, earlier)


def _kept(entry: dict[str, Any], sections: list[str]) -> bool:
    if entry["domain"] == "air":
        return True
    return entry["domain"] == "water" and entry["place"] in {*sections, "all", "全部断面"}


def _fewer(water: list[dict[str, Any]], sections: list[str]) -> list[dict[str, Any]]:
    return [
        {
            **row,
            "sections": [s for s in row["sections"] if s["section"] in sections],
            "models": [m for m in row.get("models", []) if m["section"] in sections],
        }
        for row in water
    ]


def _shift(part: dict[str, Any], rng: np.random.Generator) -> None:
    """Move probabilities, verdicts and forecasts of one copy."""
    for entry in part["projections"]:
        if entry["forecast"] is not None and entry["unit"] != "class":
            factor = float(rng.uniform(0.8, 1.2))
            quantiles = entry["forecast"]["quantiles"]
            entry["forecast"]["quantiles"] = {q: v * factor for q, v in quantiles.items()}
        for target in entry["targets"]:
            if target["probability"] is None or target["verdict"] in ("MET", "NOT_MET"):
                continue
            p = float(np.clip(rng.beta(0.6, 0.35), 0.0025, 0.9975))
            target["probability"] = p
            target["verdict"] = "UNLIKELY" if p < 0.2 else "LIKELY" if p >= 0.8 else "AT_RISK"
    for city in part["short_range"]["air"]:
        for day in city["days"]:
            share = float(rng.uniform(0, 1))
            day["exceed"] = {k: float(v) * share for k, v in day["exceed"].items()}


def _city(city: AirProjection, region: str, name: str, rng: np.random.Generator) -> AirProjection:
    """A copy of the city under another name, its PM2.5 scaled."""
    tracks = city.tracks
    if tracks is None:
        raise ValueError("the sample city has daily readings")
    factor = np.float32(rng.uniform(0.7, 1.3))
    pm25 = "pm25_annual_mean"
    own = replace(
        tracks,
        cumulative={**tracks.cumulative, pm25: tracks.cumulative[pm25] * factor},
        fan={k: v * (factor if k == pm25 else np.float32(1)) for k, v in tracks.fan.items()},
        earlier={**tracks.earlier,
                 pm25: {y: line * factor for y, line in tracks.earlier[pm25].items()}},
    )  # fmt: skip
    place = city.place.replace("衡水", name)
    results = [
        replace(r, region=region, place=place, samples=None, judged=None, later=None,
                monthly=None, independent=None, record=None)
        for r in city.results
    ]  # fmt: skip
    return AirProjection(region, place, results, own, [])


def peak_mb() -> tuple[float, float]:
    """Peak memory of this process and of the largest of its workers [MB]."""
    kilo = [resource.getrusage(who).ru_maxrss for who in
            (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]  # fmt: skip
    return kilo[0] / 1024, kilo[1] / 1024


def _timed(work: Callable[[], Any]) -> tuple[Any, str]:
    """What the work returns, and its time on the clock and of processors, workers included [s]."""
    started, before = time.perf_counter(), os.times()
    made = work()
    clock = time.perf_counter() - started
    get_reusable_executor().shutdown(wait=True)  # only then are the workers' times known
    after = os.times()
    used = sum(after[:4]) - sum(before[:4])
    return made, f"{clock:.1f} s, {used:.1f} s of processors"


def measured(cities: int, jobs: int, folder: Path) -> list[tuple[str, str]]:
    """Write everything of a made run of ``cities``; return what was measured, by step."""
    made, making = _timed(lambda: made_answer(cities))
    start = peak_mb()[0]
    rows = [("made answer (not part of a run)", making)]
    _, took = _timed(lambda: write_result(made.result, folder / "projection.json"))
    size = (folder / "projection.json").stat().st_size / 1e6
    rows.append(("projection.json", f"{took}, {size:.0f} MB"))
    (regions, _), took = _timed(lambda: packed_entries(made.result["projections"]))
    rows.append((f"register, {len(regions)} regions packed", took))
    changed, took = _timed(lambda: changes(made.earlier, made.result).to_dict())
    rows.append((f"changes since the last run, {len(changed['rows'])} rows", took))
    judged, took = _timed(lambda: alerts_of(made.earlier, made.result, today=date(2025, 7, 1)))
    rows.append((f"alerts, {len(judged.alerts)} found", took))
    chosen, took = _timed(lambda: charted_regions(made.result, changed["rows"]))
    rows.append((f"choice of {len(chosen)} regions for full charts", took))
    (charts, _), drawing = _timed(
        lambda: draw_figures(made.projection, made.result, folder / "charts", None, (), jobs=jobs,
                             regions=chosen)
    )  # fmt: skip
    rows.append((f"{len(charts)} full charts", drawing))
    context = PageContext(
        workspace="made", result=made.result, charts=tuple(charts),
        warnings=tuple(made.projection.warnings), reference=tuple(made.result["reference"]),
    )  # fmt: skip
    _, writing = _timed(
        lambda: write_run_pages(context, folder, air=made.projection.air, changed=changed,
                                charted=chosen, jobs=jobs)
    )  # fmt: skip
    pages = sorted((folder / "regions").glob("*.html"))
    size = sum(p.stat().st_size for p in pages) / 1e6
    index = (folder / "index.html").stat().st_size / 1e6
    rows.append((f"{len(pages)} pages of regions, overview", writing))
    rows.append(("size of the pages of regions; of the overview", f"{size:.0f} MB; {index:.1f} MB"))
    peak = peak_mb()
    rows.append(("memory above the answer itself: parent; largest worker",
                 f"{peak[0] - start:.0f} MB; {peak[1]:.0f} MB"))  # fmt: skip
    rows.append(("lines of the terminal after the run", str(_terminal(made.result))))
    return rows


def _terminal(result: dict[str, Any]) -> int:
    from rich.console import Console

    from forecast.report.terminal import render_table

    out = io.StringIO()
    render_table(result, "zh", Console(file=out, width=160))
    return out.getvalue().count("\n")


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cities", type=int, default=1700)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument(
        "--keep", type=Path, default=None, help="write the pages here and keep them"
    )
    parser.add_argument("--out", type=Path, default=None)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        rows = measured(asked.cities, asked.jobs, folder)
    table = "\n".join(f"| {step} | {what} |" for step, what in rows)
    text = f"""# Pages, charts and files of {asked.cities} cities

`python benchmarks/pages.py --cities {asked.cities} --jobs {asked.jobs} --out benchmarks/pages.md`, on
{datetime.now(UTC).date()}, {platform.system()}, Python {platform.python_version()}, {os.cpu_count()} processors.
The answer is made: the built-in sample city {asked.cities} times under other names with shifted numbers,
two sections of water each.

| step | measured |
|---|---|
{table}
"""
    if asked.out is not None:
        asked.out.write_text(text, encoding="utf-8", newline="\n")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
