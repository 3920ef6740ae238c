"""What the register said against what came: the backtest's scores from the register alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner, Result

from forecast.api_verify import VerifyCalls
from forecast.cli_verify import add_verify
from forecast.errors import ForecastError, UsageError
from forecast.projection.hindcast_cases import HindcastSettings, PlaceRecord, records_of
from forecast.projection.hindcast_rows import LEVELS, QUANTILE_COLUMNS
from forecast.projection.hindcasts import hindcast
from forecast.projection.summary import QUANTILES
from forecast.runs.register import append_run
from forecast.standards.items import AIR_ITEMS
from forecast.verification.scores import crps_quantiles
from forecast.verification.tables import event_rows, event_table, score_table
from forecast.verification.verify import verify
from forecast.verification.verify_files import write_verification
from forecast.verification.verify_hindcasts import hindcast_results
from forecast.verification.verify_rows import quantiles_at
from forecast.workspace import Workspace

MADE = datetime(2021, 1, 5, tzinfo=UTC)
SETTINGS = HindcastSettings(n_paths=200)


def store(workspace: Workspace, region: str, frame: pd.DataFrame) -> None:
    """Put daily values, days × items, of a city into the tables."""
    long = frame.rename_axis(index="date").reset_index().melt("date", var_name="item").dropna()
    days = long["date"].to_numpy("datetime64[s]")
    rows = pd.DataFrame(
        {
            "region": region, "place": region, "place_kind": "city", "date": days,
            "item": long["item"].astype(str), "value": long["value"], "basis": "standard_state",
            "source": "long_tidy", "version": "unknown", "flag": "",
            "known_from": days + np.timedelta64(86399, "s"), "file_id": "a" * 16,
            "row": np.arange(2, len(long) + 2),
        }
    )  # fmt: skip
    with workspace.store.writer() as writer:
        writer.merge("air_daily", rows, pd.Timestamp("2021-01-01"))


def origins(years: range, months: tuple[int, ...] = (1, 7)) -> list[date]:
    return [(pd.Timestamp(y, m, 1) - pd.Timedelta(days=1)).date() for y in years for m in months]


def register_hindcasts(
    workspace: Workspace, days: list[date], names: list[str], **options: Any
) -> pd.DataFrame:
    """Forecast past years and put what was said, and nothing of what came, into the register."""
    records = records_of(workspace.store.read("air_daily"))
    made = hindcast(records, days, ["past_years"], names, settings=SETTINGS)
    for result in hindcast_results(made.rows, records, SETTINGS, created=MADE, **options):
        append_run(workspace, result)
    return made.rows


@pytest.fixture(scope="module")
def cities(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, pd.DataFrame]:
    """Two made cities with six items, forecast for two years; 2019 is not over."""
    workspace = Workspace.create(tmp_path_factory.mktemp("verify") / "w", name="两城")
    days = pd.date_range("2014-01-01", "2019-06-30")
    level = dict(zip(AIR_ITEMS, (20.0, 40.0, 90.0, 55.0, 1.0, 110.0), strict=True))
    for k, region in enumerate(("东山市", "西山市")):
        rng = np.random.default_rng(k)
        season = 1 + 0.5 * np.cos(2 * np.pi * days.day_of_year.to_numpy() / 365.25)
        noise = np.exp(rng.normal(0, 0.3, (len(days), 6)))
        values = np.array(list(level.values())) * season[:, None] * noise
        frame = pd.DataFrame(values, days, list(level)).round(0)
        frame["co"] = values[:, list(level).index("co")].round(1)
        store(workspace, region, frame)
    rows = register_hindcasts(
        workspace, origins(range(2017, 2019)), ["pm25_annual_mean", "good_days"]
    )
    return workspace, rows


def unsaid(there: Workspace, tmp_path: Path) -> tuple[Workspace, list[PlaceRecord]]:
    """A workspace of one's own with the same readings and an empty register, and its records."""
    without = shutil.ignore_patterns("register", "verify")
    workspace = Workspace.open(shutil.copytree(there.root, tmp_path / "w", ignore=without))
    return workspace, records_of(workspace.store.read("air_daily"))


EXACT = ("mae", "bias", "pinball", "cover50", "cover80", "cover90", "width90", "persistence",
         "ytd_ratio", "ytd_plus_rest", "climatology", "n", "n_years", "n_places")  # fmt: skip


def same_scores(ours: pd.DataFrame, theirs: pd.DataFrame, by: list[str]) -> None:
    """Both tables hold the same scores, to the ten digits that the register keeps."""
    a, b = (t.set_index(["indicator", *by]).sort_index() for t in (ours, theirs))
    assert list(a.index) == list(b.index)
    for name in EXACT:
        np.testing.assert_allclose(
            a[name].astype(float), b[name].astype(float), rtol=1e-8, atol=1e-8
        )


def test_the_scores_of_the_backtest_come_from_the_register_alone(
    cities: tuple[Workspace, pd.DataFrame],
) -> None:
    workspace, rows = cities
    found = verify(workspace)
    scores = found.scores
    same_scores(scores[scores["group"] == "all"], score_table(rows), [])
    same_scores(
        scores[scores["group"] == "place"],
        score_table(rows, ["region", "place"]),
        ["region", "place"],
    )
    by_lead = scores[scores["group"] == "lead"].assign(
        start_month=lambda t: 13 - t["lead_months"].astype(int)
    )
    same_scores(by_lead, score_table(rows, ["start_month"]), ["start_month"])
    # The register keeps quantiles, not paths: it scores exactly what the quantiles say …
    told = found.forecasts.set_index(["place", "indicator", "as_of"])["crps"]
    said = rows.set_index(["place", "indicator", "origin"])
    even = (np.arange(200) + 0.5) / 200
    drawn = quantiles_at(said[list(QUANTILE_COLUMNS)].to_numpy(float), LEVELS, even)
    expected = pd.Series(crps_quantiles(drawn, even, said["truth"]), said.index)
    np.testing.assert_allclose(told.sort_index(), expected.sort_index(), rtol=1e-7)
    # … which is close to the CRPS of the paths, not the same.
    ours = scores[scores["group"] == "all"].set_index("indicator")["crps"]
    theirs = score_table(rows).set_index("indicator")["crps"]
    assert (ours / theirs).tolist() == pytest.approx([1.0, 1.0], abs=0.01)
    assert set(scores.loc[scores["group"] == "all", "cases"]) == {4}


def test_brier_scores_of_the_backtest_come_from_the_register_alone(
    cities: tuple[Workspace, pd.DataFrame],
) -> None:
    workspace, rows = cities
    # A count needs no rounding before it is compared, so the events are the same ones.
    found = verify(workspace, indicator="good_days")
    ours = found.targets[found.targets["group"] == "all"].iloc[0]
    theirs = event_table(rows[rows["indicator"] == "good_days"]).iloc[0]
    for name in (
        "n",
        "rate",
        "brier",
        "brier_persistence",
        "brier_climatology",
        "mcb",
        "dsc",
        "unc",
    ):
        assert ours[name] == pytest.approx(theirs[name], abs=1e-9), name
    events = event_rows(rows[rows["indicator"] == "good_days"])
    assert sorted(found.events["came"]) == sorted(events["event"])
    assert found.reliability["n"].sum() == len(events)
    assert (found.reliability["cases"] <= found.reliability["n"]).all()


@pytest.mark.parametrize("region", ["保定", "济南"])
def test_a_real_city_scored_from_the_register_as_in_the_backtest(
    real_data: Path, tmp_path: Path, region: str
) -> None:
    path = real_data / "air" / "city_daily_long_2013_2020.csv.gz"
    table = pd.read_csv(path, encoding="utf-8")
    own = table[table["city"] == region].drop_duplicates("date").set_index("date")[["pm25"]]
    if own.empty:
        pytest.skip(f"no readings of {region}")
    own.index = pd.DatetimeIndex(own.index)
    workspace = Workspace.create(tmp_path / "w")
    store(workspace, region, own.where(own > 0).dropna().astype(float))
    rows = register_hindcasts(
        workspace, origins(range(2016, 2019), (1, 4, 7, 10)), ["pm25_annual_mean"]
    )
    found = verify(workspace)
    scores = found.scores
    same_scores(scores[scores["group"] == "all"], score_table(rows), [])
    same_scores(scores[scores["group"] == "year"], score_table(rows, ["year"]), ["year"])
    assert found.counts["cases"] == rows["year"].nunique()


def test_nine_quantiles_of_a_run_give_nearly_the_same_crps(
    cities: tuple[Workspace, pd.DataFrame], tmp_path: Path
) -> None:
    there, rows = cities
    other, records = unsaid(there, tmp_path)
    levels = [float(q) for q in QUANTILES]
    for result in hindcast_results(rows, records, SETTINGS, created=MADE, levels=levels):
        append_run(other, result)
    ours = verify(other).scores
    ours = ours[ours["group"] == "all"].set_index("indicator")
    theirs = score_table(rows).set_index("indicator")
    assert (ours["crps"] / theirs["crps"]).tolist() == pytest.approx([1.0, 1.0], abs=0.03)
    for name in ("bias", "mae", "cover50", "cover80", "cover90"):
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-8)


def test_what_is_not_over_waits(cities: tuple[Workspace, pd.DataFrame], tmp_path: Path) -> None:
    there, rows = cities
    workspace, records = unsaid(there, tmp_path)
    late = rows[rows["year"] == 2018].assign(year=2019, origin=pd.Timestamp("2018-12-31"))
    late = late.drop_duplicates(["place", "indicator"])
    for result in hindcast_results(late, records, SETTINGS, created=MADE):
        append_run(workspace, result)
    found = verify(workspace)
    assert found.counts["scored"] == 0
    assert found.pending["reason"].tolist() == ["open"]
    assert found.scores.empty
    assert found.targets.empty
    assert found.forecasts["truth"].isna().all()
    assert found.sentences[0][1] == "nothing can be scored yet"


def test_forecasts_made_in_time_are_told_from_those_made_later(
    cities: tuple[Workspace, pd.DataFrame], tmp_path: Path
) -> None:
    there, rows = cities
    workspace, records = unsaid(there, tmp_path)
    first, *_, last = hindcast_results(rows, records, SETTINGS, created=MADE)
    first["run"]["created"] = "2017-01-01T06:30:00+08:00"
    append_run(workspace, first)
    append_run(workspace, last)
    assert verify(workspace).counts["scored"] == len(first["projections"])
    assert verify(workspace, made="afterwards").counts["afterwards"] == len(last["projections"])
    both = verify(workspace, made="all")
    assert both.counts["scored"] == len(first["projections"]) + len(last["projections"])
    assert any("not issued then" in en for _, en in both.sentences)


def test_of_two_runs_of_one_day_the_last_counts(
    cities: tuple[Workspace, pd.DataFrame], tmp_path: Path
) -> None:
    there, rows = cities
    workspace, records = unsaid(there, tmp_path)
    one, *_ = hindcast_results(rows, records, SETTINGS, created=MADE)
    append_run(workspace, one)
    again = json.loads(json.dumps(one))
    again["run"]["id"] += "-2"
    for entry in again["projections"]:
        entry["forecast"]["mean"] += 5.0
    append_run(workspace, again)
    found = verify(workspace)
    assert found.counts["scored"] == len(one["projections"])
    means = {e["forecast"]["mean"] for e in again["projections"]}
    assert set(found.forecasts["mean"]) == means


def test_dates_region_and_indicator_narrow_it(cities: tuple[Workspace, pd.DataFrame]) -> None:
    workspace, _ = cities
    found = verify(workspace, region="东山", indicator="pm25_annual_mean", since=date(2017, 1, 1),
                   until=date(2017, 12, 31))  # fmt: skip
    assert found.forecasts["as_of"].dt.strftime("%Y-%m-%d").tolist() == ["2017-06-30", "2017-12-31"]
    assert set(found.forecasts["region"]) == {"东山市"}
    assert set(found.forecasts["indicator"]) == {"pm25_annual_mean"}


def test_dust_of_a_zero_is_a_zero_in_every_table(
    cities: tuple[Workspace, pd.DataFrame], tmp_path: Path
) -> None:
    """A forecast without a spread that came true has a CRPS of 0, not of 1e-15."""
    workspace, _ = cities
    found = verify(workspace, indicator="good_days")
    found = replace(found, scores=found.scores.assign(crps=1.1e-15, bias=-2.2e-16))
    folder = write_verification(workspace, found, tmp_path / "v")
    assert "e-" not in (folder / "scores.csv").read_text(encoding="utf-8-sig")
    assert {row["crps"] for row in found.to_dict()["scores"]} == {0.0}


def test_an_empty_register_is_one_sentence_with_its_cure(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "w")
    with pytest.raises(ForecastError, match="is empty") as caught:
        verify(workspace)
    assert "forecast run" in caught.value.cure


def test_what_it_does_not_hold_is_named(cities: tuple[Workspace, pd.DataFrame]) -> None:
    workspace, _ = cities
    with pytest.raises(ForecastError, match="co_p95") as caught:
        verify(workspace, indicator="co_p95")
    assert "2016-12-31 to 2018-06-30" in caught.value.cure
    with pytest.raises(ForecastError, match="no forecast of the region nowhere") as caught:
        verify(workspace, region="nowhere")
    assert caught.value.cure == "Regions it has: 东山市, 西山市."
    with pytest.raises(ForecastError, match=r"of what is asked for \(东山, from 2030-01-01\)"):
        verify(workspace, region="东山", since=date(2030, 1, 1))
    with pytest.raises(UsageError, match="is after --until"):
        verify(workspace, since=date(2018, 1, 1), until=date(2017, 1, 1))
    with pytest.raises(ForecastError, match="before its year was over"):
        verify(workspace, made="in_time")


Run = Callable[..., Result]


@pytest.fixture
def run(cities: tuple[Workspace, pd.DataFrame]) -> Run:
    app = typer.Typer(pretty_exceptions_enable=False)

    @app.callback()
    def root() -> None:
        """Stands for the command ``forecast``."""

    add_verify(app)

    def call(*arguments: str | Path) -> Result:
        told = ["verify", "-w", str(cities[0].root), *map(str, arguments)]
        return CliRunner().invoke(app, told, terminal_width=200)

    return call


def test_the_command_says_it_and_writes_it(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("kept", encoding="utf-8")
    done = run("--lang", "en", "--out", out, "--indicator", "good_days")
    assert done.exit_code == 0, done.output
    assert "8 forecasts are scored, of 2 years and 4 places × years" in done.stdout.replace(
        "\n", " "
    )
    assert (out / "mine.txt").read_text(encoding="utf-8") == "kept"
    names = {p.name for p in out.iterdir()}
    assert {"scores.csv", "targets.csv", "reliability.csv", "drift.csv", "pending.csv", "forecasts.csv",
            "events.csv", "differences.csv", "summary.txt", "charts"} <= names  # fmt: skip
    assert (out / "scores.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert len(list((out / "charts").glob("*.png"))) == 2
    told = pd.read_csv(out / "forecasts.csv", encoding="utf-8-sig")
    assert len(told) == 8
    assert told["crps"].notna().all()


def test_json_says_the_same_and_nothing_else(
    run: Run, cities: tuple[Workspace, pd.DataFrame]
) -> None:
    done = run("--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["counts"]["scored"] == 16
    assert told["register"]["runs"] == 4
    assert told["register"]["faults"] == []
    assert Path(told["folder"]) == cities[0].reports / "verify"
    by_hand = {r["indicator"]: r["bias"] for r in told["scores"] if r["group"] == "all"}
    rows = cities[1]
    own = rows[rows["indicator"] == "good_days"]
    assert by_hand["good_days"] == pytest.approx(float((own["mean"] - own["truth"]).mean()))


def test_chinese_output_can_be_printed_under_cp936(run: Run) -> None:
    done = run("--lang", "zh", "--indicator", "good_days")
    assert done.exit_code == 0
    assert done.stdout.encode("cp936").decode("cp936") == done.stdout


def test_a_damaged_register_is_said_and_the_rest_is_scored(
    run: Run, cities: tuple[Workspace, pd.DataFrame]
) -> None:
    (path,) = (cities[0].reports / "register").glob("*.jsonl")
    whole = path.read_bytes()
    try:
        path.write_bytes(whole.replace(b'"as_of":"2017', b'"as_of":"2015', 1))
        done = run("--lang", "en", "--quiet")
        assert done.exit_code == 4
        assert "line 2: the line was altered" in done.stderr
    finally:
        path.write_bytes(whole)


def test_from_python(cities: tuple[Workspace, pd.DataFrame]) -> None:
    class Calls(VerifyCalls):
        _inner = cities[0]

    calls = Calls()
    assert calls.verify(since="2018-01-01", indicator="good_days").counts["scored"] == 2
    assert calls.check_register().blocks == 4
    assert len(calls.register(region="东山")) == 8
