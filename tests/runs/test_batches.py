"""A run cut into batches: the same answer however it is cut, and little held at once."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from made_nation import make_nation

from forecast.errors import ForecastError
from forecast.models.kept_fits import KeptFits
from forecast.projection import answers as answers_module
from forecast.runs import batches as batches_module
from forecast.runs import projecting
from forecast.runs import survey as survey_module
from forecast.runs.batches import AirBatch, Batch, WaterFits, first_batches
from forecast.runs.manifest import to_json
from forecast.runs.projecting import answered, processes, question_of
from forecast.runs.request import Request
from forecast.runs.survey import Survey, survey
from forecast.store import Store
from forecast.store_then import StoreThen
from forecast.workspace import Workspace


@pytest.fixture(scope="module")
def nation(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    ws = make_nation(tmp_path_factory.mktemp("nation") / "W", 4, first="2024-01-01")
    text = ws.config_path.read_text(encoding="utf-8")
    group = '\n[[region_groups]]\nname = "三城"\nmembers = ["城00", "城01市", "城03"]\n'
    ws.config_path.write_text(text + group, encoding="utf-8")
    # One city's first and last days were rejected, and one value corrected a week later.
    air = ws.store.read("air_daily", regions=["城02市"])
    ends = air["date"].isin([air["date"].min(), air["date"].max()])
    late = air[air["date"] == pd.Timestamp("2025-08-20")].head(1)
    late = late.assign(value=late["value"] + 5, known_from=pd.Timestamp("2025-09-05T09:00:00"))
    with ws.store.writer() as writer:
        writer.append(
            "air_daily",
            air[ends].assign(flag="rejected", known_from=air["known_from"] + pd.Timedelta(hours=1)),
        )
        writer.append("air_daily", late)
    return Workspace.open(ws.root)


def _answer(ws: Workspace, *, region: str | None = None, as_of: date | None = None) -> str:
    question = question_of(ws, Request(paths=60, region=region, as_of=as_of))
    told = {**answered(ws, question, "run", jobs=1).result, "asked": question.asked}
    return to_json(told)


@pytest.mark.parametrize(
    ("region", "as_of"), [(None, None), ("城01", None), (None, date(2025, 8, 31))]
)
def test_readings_held_at_once_or_read_in_batches_give_the_same_bytes(
    nation: Workspace, monkeypatch: pytest.MonkeyPatch, region: str | None, as_of: date | None
) -> None:
    held = _answer(nation, region=region, as_of=as_of)
    monkeypatch.setattr(projecting, "_HELD_ROWS", 0)
    for cities, sections in ((1, 1), (3, 2)):
        monkeypatch.setattr(batches_module, "CITIES_PER_BATCH", cities)
        monkeypatch.setattr(batches_module, "SECTIONS_PER_BATCH", sections)
        assert _answer(nation, region=region, as_of=as_of) == held
    assert ("corrections" in held) == (as_of is None)


def test_a_survey_finds_the_days_that_the_readings_have(nation: Workspace) -> None:
    known = survey(nation.store, None)
    air = nation.store.air_daily()
    spans = known.spans(date(2025, 8, 15))
    early = air[air["date"] <= pd.Timestamp(2025, 8, 15)].groupby("region")["date"]
    assert {r: s[0] for r, s in spans.items()} == early.min().to_dict()
    assert {r: s[1] for r, s in spans.items()} == early.max().to_dict()
    # All that the city with rejected days had on its first day was rejected.
    assert spans["城02市"][0] == pd.Timestamp(2024, 1, 2)
    assert known.air.places() == [(f"城{k:02d}市", f"城{k:02d}市") for k in range(4)]
    assert known.water.regions == ("城00市", "城01市")
    assert known.sees_later(nation.store, date(2025, 8, 31))
    assert not known.sees_later(nation.store, date(2025, 9, 5))
    assert not survey(nation.store, date(2025, 9, 10)).sees_later(nation.store, date(2025, 8, 31))


def _whole(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> Batch:
    caught: list[Batch] = []

    def catch(whole: Batch, *_: object) -> list[Batch]:
        caught.append(whole)
        return []

    with monkeypatch.context() as patch:
        patch.setattr(projecting, "_HELD_ROWS", 0)
        patch.setattr(projecting, "first_batches", catch)
        _answer(ws)
    return caught[0]


def _seen(known: Survey) -> tuple[object, ...]:
    """All that a survey says."""
    days = [(d.pairs, d.first, d.seen.tobytes()) for d in (known.air, known.water)]
    return known.rows, known.late, *days


def test_what_was_found_in_a_year_is_kept_until_the_year_changes(
    nation: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "tables")
    shutil.copytree(nation.store.processed, store.processed)
    kept = KeptFits(tmp_path / "kept")
    plain = _seen(survey(store, None))
    assert _seen(survey(store, None, kept)) == plain
    looked: list[str] = []
    real = survey_module._looked_through

    def noted(store: Store, table: str, column: str, partition: str, known_at: Any) -> Any:
        looked.append(f"{table}/{partition}")
        return real(store, table, column, partition, known_at)

    monkeypatch.setattr(survey_module, "_looked_through", noted)
    assert _seen(survey(store, None, kept)) == plain and not looked
    # What was known on a day is another question, and is not kept.
    then = date(2025, 8, 31)
    assert _seen(survey(store, then, kept)) == _seen(survey(store, then)) != plain
    # So are the tables as they were at a moment, whose parts have the names of today's.
    moment = StoreThen(store.processed, pd.Timestamp(2000, 1, 1))
    assert survey(moment, None, kept).rows == survey(moment, None).rows < survey(store, None).rows
    looked.clear()
    day = store.air_daily(regions=["城03市"]).tail(1)
    next_day = day.assign(date=day["date"] + pd.Timedelta(days=1))
    store.upsert("air_daily", next_day)
    fresh = _seen(survey(store, None, kept))
    assert looked == ["air_daily/2025"]
    assert fresh == _seen(survey(store, None)) != plain


def test_batches_are_even_and_hold_no_readings(
    nation: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = _whole(nation, monkeypatch)
    names = [f"城{k:04d}市" for k in range(1700)]
    made = first_batches(whole, names, {"城0000市"}, workers=2)
    assert isinstance(made[0], WaterFits)
    air = made[1:]
    assert all(isinstance(b, AirBatch) for b in air)
    assert [n for b in air for n in b.regions] == names
    assert {len(b.regions) for b in air[:-1]} == {16}
    assert all(b.panel.air.empty and b.panel.water.empty for b in made)
    # Few cities on many workers are cut finer, so that none has nothing to do.
    few = first_batches(whole, names[:12], set(), workers=4)
    assert [len(b.regions) for b in few] == [1] * 12
    # Both forms of a name are one region and stay together.
    forms = first_batches(whole, ["济南", "济南市", "青岛"], set(), workers=1)
    assert [b.regions for b in forms] == [("济南", "济南市"), ("青岛",)]


def test_live_samples_do_not_grow_with_the_number_of_cities(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The most bytes of samples that live when a region is judged, and what stands at the end."""
    monkeypatch.setattr(projecting, "_HELD_ROWS", 0)
    monkeypatch.setattr(batches_module, "CITIES_PER_BATCH", 2)
    paths, most, left = 61, {}, {}
    real = answers_module.entries_of

    def per_path() -> int:
        gc.collect()
        return sum(
            r.samples.nbytes
            for r in gc.get_objects()
            if isinstance(r, answers_module.IndicatorResult) and r.samples is not None
        )

    for cities in (2, 8):
        ws = make_nation(tmp_path / str(cities), cities, wet=0, first="2025-01-01")
        seen: list[int] = []

        def counted(*given: Any, seen: list[int] = seen, **named: Any) -> Any:
            seen.append(per_path())
            return real(*given, **named)

        with monkeypatch.context() as patch:
            patch.setattr(answers_module, "entries_of", counted)
            question = question_of(ws, Request(paths=paths))
            made = answered(ws, question, "run", jobs=1)
        most[cities], left[cities] = max(seen), per_path()
        assert len(made.projection.air) == cities
        assert made.projection.air[0].results[0].samples is None
    assert most[2] > 0
    assert most[8] <= 1.5 * most[2]
    assert left[8] == 0


def test_a_worker_refuses_other_tables(
    nation: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    whole = _whole(nation, monkeypatch)
    assert whole.tables.store().fingerprint() == nation.store.fingerprint()
    with pytest.raises(ForecastError, match="doesn't see the tables"):
        replace(whole.tables, fingerprint="0" * 64).store()
    with pytest.raises(ForecastError, match="A worker has no-such-thing None; the run has 1"):
        replace(whole.tables, versions={"no-such-thing": "1"}).store()


@pytest.fixture
def two_processors(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("joblib.cpu_count", lambda: 2)
    return


@pytest.mark.usefixtures("two_processors")
def test_processes_follow_the_number_of_cities(nation: Workspace) -> None:
    config = nation.config
    assert [processes(config, n, None) for n in (0, 3, 4, 1700)] == [1, 1, 2, 2]
    assert processes(config, 1, 3) == 3
    named = config.model_copy(update={"run": config.run.model_copy(update={"jobs": 5})})
    assert processes(named, 1, None) == 5
