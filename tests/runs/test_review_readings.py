"""Reviews of many regions: the same however they are shared out, and little held at once."""

from __future__ import annotations

import gc
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_nation import make_nation

from forecast.errors import ForecastError
from forecast.report.review_days import cities_of
from forecast.runs import review_documents
from forecast.runs.execute import execute
from forecast.runs.inputs import load_panel
from forecast.runs.request import Request
from forecast.runs.review_documents import write_reviews
from forecast.runs.review_options import ReviewOptions
from forecast.runs.review_readings import cities_in_short, readings_for
from forecast.workspace import Workspace

_WRITTEN = date(2026, 1, 5)


@pytest.fixture(scope="module")
def nation(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Five cities, two of them with sections, and a run."""
    ws = make_nation(tmp_path_factory.mktemp("nation") / "W", 5, first="2024-01-01")
    return _run(ws)


def _run(made: Workspace) -> Workspace:
    """The workspace after a run without charts."""
    text = made.config_path.read_text(encoding="utf-8")
    assert '\ncharts = "auto"' in text
    text = text.replace('\ncharts = "auto"', "\ncharts = 0")
    made.config_path.write_text(text, encoding="utf-8")
    ws = Workspace.open(made.root)
    execute(ws, Request(paths=40))
    return ws


def _written(ws: Workspace, out: Path, **options: Any) -> dict[str, bytes]:
    asked = ReviewOptions(
        formats=("html",), chapters=("water", "comparison", "reservations"), out=out,
        written=_WRITTEN, **options,
    )  # fmt: skip
    done = write_reviews(ws, asked)
    assert done.failed == {}
    return {p.name: p.read_bytes() for paths in done.files.values() for p in paths}


def test_reviews_are_the_same_in_one_process_in_two_and_alone(
    nation: Workspace, tmp_path: Path
) -> None:
    one = _written(nation, tmp_path / "one", jobs=1)
    assert len(one) == 5
    assert list(_written(nation, tmp_path / "two", jobs=2).items()) == list(one.items())
    alone = _written(nation, tmp_path / "alone", region="城03")
    assert alone == {name: text for name, text in one.items() if "城03" in name}
    assert not list(nation.store.processed.glob(".reading-*"))


def test_a_region_without_readings_stops_no_other_in_another_process(
    nation: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = review_documents._regions

    def with_another(result: dict[str, Any], region: str | None) -> list[str]:
        result["projections"].append({**result["projections"][0], "region": "无此市"})
        return real(result, region)

    monkeypatch.setattr(review_documents, "_regions", with_another)
    seen: list[tuple[int, int]] = []
    asked = ReviewOptions(formats=("html",), chapters=("targets",), out=tmp_path, jobs=2,
                          written=_WRITTEN)  # fmt: skip
    done = write_reviews(nation, asked, progress=lambda _, n, of: seen.append((n, of)))
    assert len(done.files) == 5
    assert "There are no readings of 无此市 in 2025" in done.failed["无此市"]
    assert seen == [(n, 6) for n in range(1, 7)]


def test_readings_taken_in_meanwhile_are_no_part_of_any_review(
    nation: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = Workspace.open(shutil.copytree(nation.root, tmp_path / "W"))
    before = _written(ws, tmp_path / "before", jobs=1)
    real, left = review_documents._one, [True]

    def one(*given: Any) -> list[Path]:
        if left:
            left.clear()
            rows = ws.store.read("air_daily", regions=["城04市"])
            with ws.store.writer() as writer:
                writer.append("air_daily", rows.assign(value=rows["value"] + 50.0, source="other"))
        return real(*given)

    monkeypatch.setattr(review_documents, "_one", one)
    assert _written(ws, tmp_path / "beside", jobs=1) == before
    assert not left


def test_readings_held_do_not_grow_with_the_number_of_cities(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows of readings that live while a review is written."""
    real, most = review_documents._one, {}

    def rows() -> int:
        gc.collect()
        tables = [t for t in gc.get_objects() if isinstance(t, pd.DataFrame)]
        return sum(len(t) for t in tables if "place_kind" in t.columns)

    for cities in (2, 8):
        ws = _run(make_nation(tmp_path / str(cities), cities, wet=1, first="2025-01-01"))
        seen: list[int] = []
        before = rows()

        def counted(*given: Any, seen: list[int] = seen, before: int = before) -> list[Path]:
            seen.append(rows() - before)
            return real(*given)

        monkeypatch.setattr(review_documents, "_one", counted)
        asked = ReviewOptions(formats=("html",), chapters=("targets",), out=tmp_path / "out", jobs=1,
                              written=_WRITTEN)  # fmt: skip
        write_reviews(ws, asked)
        assert len(seen) == cities
        most[cities] = max(seen)
    assert most[2] > 0
    assert most[8] <= 1.2 * most[2]


def test_all_cities_in_short_are_those_of_the_readings(nation: Workspace) -> None:
    panel, last = load_panel(nation, None)
    whole = cities_of(panel, None)
    readings = readings_for(nation, last, year=2025, region=None)
    short = cities_in_short(readings, 2025, None, "valid", 1)
    again = cities_in_short(readings, 2025, None, "valid", 1)
    assert [(c.region, c.place) for c in short.cities] == [(c.region, c.place) for c in whole]
    assert again == short and again.cities is short.cities
    days = np.arange("2025-01-01", "2025-09-01", dtype="datetime64[D]")
    for mine, theirs in zip(short.cities, whole, strict=True):
        np.testing.assert_array_equal(mine.values(days), theirs.values(days))
        assert mine.last_day(2025) == theirs.last_day(2025)
        assert mine.basis.to_dict() == theirs.basis.to_dict()


def test_a_workspace_without_readings_says_so(tmp_path: Path) -> None:
    ws = Workspace.create(tmp_path / "W")
    with pytest.raises(ForecastError, match="no readings"):
        readings_for(ws, date(2025, 6, 30), year=2025, region=None)
