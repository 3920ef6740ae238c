"""The command ``forecast backtest``: its page, its tables, its words, its exit codes."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner, Result

from forecast.charts.fonts import ONLY_PACKAGED_VARIABLE
from forecast.cli_backtest import add_backtest
from forecast.errors import ForecastError
from forecast.workspace import Workspace

Run = Callable[..., Result]


def fill(workspace: Workspace) -> None:
    """Three years and a half of PM2.5 of two cities; one of them lacks most of 2018."""
    days = pd.date_range("2016-01-01", "2019-06-30").to_numpy("datetime64[s]")
    rng = np.random.default_rng(6)
    season = 20 * np.cos(2 * np.pi * np.arange(len(days)) / 365.25)
    for region in ("东山市", "西山市"):
        rows = pd.DataFrame(
            {
                "region": region, "place": region, "place_kind": "city", "date": days,
                "item": "pm25", "value": (50 + season + rng.normal(0, 6, len(days))).round(),
                "basis": "standard_state", "source": "long_tidy", "version": "unknown",
                "flag": "", "known_from": days + np.timedelta64(86399, "s"), "file_id": "a" * 16,
                "row": np.arange(2, len(days) + 2),
            }
        )  # fmt: skip
        if region == "西山市":
            rows = rows[(rows["date"] < "2018-03-01") | (rows["date"] >= "2018-09-01")]
        with workspace.store.writer() as writer:
            writer.merge("air_daily", rows, pd.Timestamp("2019-07-01"))


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = Workspace.create(tmp_path_factory.mktemp("backtest") / "w", name="两城")
    fill(workspace)
    return workspace.root


@pytest.fixture
def run(filled: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv(ONLY_PACKAGED_VARIABLE, "1")
    app = typer.Typer(pretty_exceptions_enable=False)

    @app.callback()
    def root() -> None:
        """Stands for the command ``forecast``."""

    add_backtest(app)

    def call(*arguments: str | Path) -> Result:
        told = ["backtest", "-w", str(filled), *map(str, arguments)]
        return CliRunner().invoke(app, told, terminal_width=200)

    return call


ORDINARY = ("--origins", "2018", "--months", "1,7", "--models", "past_years", "--paths", "60",
            "--indicator", "pm25_annual_mean")  # fmt: skip


def test_page_tables_and_json_say_the_same(run: Run, filled: Path) -> None:
    done = run(*ORDINARY, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    folder = Path(told["backtest"]["folder"])
    assert folder.parent == filled / "reports"
    assert re.fullmatch(r"backtest-20180630-[0-9a-f]{12}", folder.name)
    assert told["backtest"]["forecasts"] == 2  # 西山市 has too few days of 2018
    whole = next(s for s in told["scores"] if s["group"] == "all")
    assert (whole["n"], whole["model"], whole["n_years"]) == (2, "past_years", 1)
    assert [(s["reason"], s["times"], s["places"]) for s in told["skipped"]] == [
        ("silent", 1, 1), ("truth_short", 1, 1),
    ]  # fmt: skip
    text = (folder / "hindcasts.csv").read_bytes()
    assert text.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"))))
    assert [(r["place"], r["origin"]) for r in rows] == [
        ("东山市", "2017-12-31"), ("东山市", "2018-06-30"),
    ]  # fmt: skip
    mean = np.mean([float(r["crps"]) for r in rows])
    assert whole["crps"] == pytest.approx(mean)
    scores = (folder / "scores.csv").read_text("utf-8-sig").splitlines()
    assert len(scores) == 1 + 1 + 2 + 1  # head, all, two start months, one year
    page = (folder / "index.html").read_text("utf-8")
    ET.fromstring(page.replace("<!DOCTYPE html>", ""))
    for words in ("两城", "历年同期集合", "past years", "PM2.5年均浓度", "评价年有效天数不足"):
        assert words in page
    assert "http://" not in page.replace("http://www.w3.org/", "")
    charts = sorted(p.stem for p in (folder / "charts").glob("*.csv"))
    assert charts == [
        "coverage_by_model", "pit_histogram_past_years", "reliability_diagram_past_years",
        "skill_by_month",
    ]  # fmt: skip


def test_a_second_run_makes_nothing_anew_and_gives_the_same_bytes(run: Run, filled: Path) -> None:
    first = json.loads(run(*ORDINARY, "--json").stdout)
    parts = {p: p.stat().st_mtime_ns for p in (filled / "models" / "hindcasts").rglob("*.parquet")}
    folder = Path(first["backtest"]["folder"])
    files = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    (folder / "index.html").unlink()  # as if the run had been killed before its page
    again = json.loads(run(*ORDINARY, "--json").stdout)
    assert again == first
    assert parts
    assert all(p.stat().st_mtime_ns == t for p, t in parts.items())
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == files


def test_the_text_is_a_table_and_what_is_missing_in_either_language(
    run: Run, tmp_path: Path
) -> None:
    english = run(*ORDINARY, "--lang", "en", "--out", tmp_path / "there")
    assert english.exit_code == 0
    assert "pm25_annual_mean" in english.stdout
    assert "the year that came has too few valid days: 1" in english.stdout
    page = (tmp_path / "there" / "index.html").read_text("utf-8")
    assert 'id="only-en" checked="checked"' in page
    chinese = run(*ORDINARY, "--quiet", "--out", tmp_path / "there")
    assert chinese.stdout == ""


def test_what_was_asked_for_and_not_served_ends_in_four(run: Run) -> None:
    done = run(
        "--origins", "2017-06-30,2019-06-30", "--models", "past_years", "--paths", "60",
        "--indicator", "pm25_annual_mean,good_day_ratio", "--json",
    )  # fmt: skip
    assert done.exit_code == 4
    told = json.loads(done.stdout)
    assert [u["en"] for u in told["unserved"]] == [
        "nothing from the origin 2019-06-30", "nothing of the indicator good_day_ratio",
    ]  # fmt: skip
    assert "nothing from the origin" in done.stderr or "2019-06-30" in done.stderr
    assert {s["reason"] for s in told["skipped"]} >= {"year_open", "not_measured"}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--origins", "2018..2015"), 2, "runs backwards"),
        (("--origins", "2018", "--months", "13"), 2, "not a list of months"),
        (("--models", "oracle"), 2, "oracle"),
        (("--indicator", "pm25"), 2, "pm25 is not an indicator"),
        (("--region", "南山市"), 1, "no daily air readings of the region 南山市"),
        (("--origins", "2001"), 1, "the origin is before the first reading (8)"),
        (("--origins", "2030"), 1, "the readings end before the year"),
    ],
)
def test_mistakes_are_one_sentence(
    run: Run, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = run(*arguments, "--paths", "60")
    assert isinstance(done.exception, ForecastError)
    assert done.exception.exit_code == code
    assert said in str(done.exception)
    assert done.exception.cure


def test_an_empty_workspace_is_told_what_to_do(run: Run, tmp_path: Path) -> None:
    empty = Workspace.create(tmp_path / "empty")
    done = run("-w", empty.root)
    assert isinstance(done.exception, ForecastError)
    assert "no daily air readings of a city" in str(done.exception)


def test_one_region_alone_gives_the_rows_it_has_among_all(run: Run, tmp_path: Path) -> None:
    run(*ORDINARY, "--out", tmp_path / "all")
    run(*ORDINARY, "--region", "东山", "--out", tmp_path / "one")
    every, own = (
        (tmp_path / name / "hindcasts.csv").read_text("utf-8-sig") for name in ("all", "one")
    )
    assert every == own
