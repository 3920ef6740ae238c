"""Old results make room; what a person would miss does not."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from saved_workspace import make_run

from forecast.configuration_retention import RetentionSettings
from forecast.runs import retention
from forecast.runs.retention import plan_retention, retire
from forecast.workspace import Workspace

SETTINGS = RetentionSettings(runs=30, scenarios=30)


def at(day: str) -> Callable[[], datetime]:
    return lambda: datetime.fromisoformat(f"{day}T06:30:00+08:00")


def daily(ws: Workspace, first: str, days: int) -> list[Path]:
    """Make a run a day."""
    begin = datetime.fromisoformat(f"{first}T06:30:00+08:00")
    return [
        make_run(ws, f"{day:%Y%m%d}-{n:012x}", day.isoformat())
        for n in range(days)
        for day in [begin + timedelta(days=n)]
    ]


def days(ws: Workspace) -> list[str]:
    """Days of the runs that stand."""
    return sorted(p.name[:8] for p in ws.reports.glob("2*-*"))


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "w")


def test_the_last_days_stay_and_then_one_a_month(ws: Workspace) -> None:
    daily(ws, "2024-01-15", 100)  # to 2024-04-23
    (ws.reports / "latest").write_text("20240423-000000000063\n", encoding="utf-8")
    plan = plan_retention(ws, SETTINGS, clock=at("2024-04-23"))
    assert len(days(ws)) == 100, "a plan changes nothing"
    # 30 days back from the third newest, 04-21: from 03-22 on all, before that the month's last.
    gone = retire(ws, SETTINGS, clock=at("2024-04-23"))
    assert gone.going == plan.going and not gone.said
    kept = ["20240131", "20240229", *(f"202403{d:02d}" for d in range(22, 32))]
    assert days(ws) == kept + [f"202404{d:02d}" for d in range(1, 24)]
    assert gone.size == sum(one.size for one in plan.going) > 0
    assert not list(ws.reports.glob(".building-*"))
    zh, en = gone.words
    assert "2024-01-15至2024-03-21" in zh and "from 2024-01-15 to 2024-03-21" in en
    assert plan.going[0].en == (
        "run 20240115-000000000000 of 2024-01-15 is from before 2024-03-22 and not the last of its "
        "month"
    )
    assert retire(ws, SETTINGS, clock=at("2024-04-23")).going == ()


def test_what_a_person_would_miss_stays(ws: Workspace) -> None:
    runs = daily(ws, "2024-01-01", 10)
    daily(ws, "2024-06-01", 3)
    (runs[0] / "review").mkdir()
    (runs[0] / "review" / "review.json").write_text("{}", encoding="utf-8")
    (runs[1] / "notes of mine.txt").write_text("x", encoding="utf-8")
    (runs[2] / "keep").write_text("", encoding="utf-8")
    (runs[3] / "manifest.json").write_text("{", encoding="utf-8")
    (ws.reports / "latest").write_text(f"{runs[4].name}\n", encoding="utf-8")
    other = ws.reports / "20240105-feedfacecafe"
    other.mkdir()
    (other / "x").write_text("not a run", encoding="utf-8")
    found = retire(ws, SETTINGS, clock=at("2024-06-03"))
    assert {p.name: en for p, (_, en) in found.kept} == {
        runs[0].name: "it has a review",
        runs[1].name: "it holds another file, notes of mine.txt",
        runs[2].name: "it holds a file named keep",
        runs[4].name: "the newest run",
    }
    assert [one.folder for one in found.going] == runs[5:9]
    assert all(p.is_dir() for p in [*runs[:5], runs[9], other])


def test_a_clock_that_jumped_ahead_removes_nothing(ws: Workspace) -> None:
    daily(ws, "2024-06-01", 20)
    make_run(ws, "20240621-00000000aaaa", "2034-06-21T06:30:00+08:00")
    assert plan_retention(ws, SETTINGS, clock=at("2034-06-21")).going == ()
    make_run(ws, "20240622-00000000aaab", "2034-06-22T06:30:00+08:00")
    assert retire(ws, SETTINGS, clock=at("2034-06-22")).going == ()
    assert retire(ws, SETTINGS, clock=at("1999-01-01")).going == ()
    assert len(days(ws)) == 22


def test_zero_keeps_everything(ws: Workspace) -> None:
    daily(ws, "2020-01-01", 5)
    daily(ws, "2024-01-01", 3)
    off = RetentionSettings(runs=0, scenarios=0)
    assert retire(ws, off, clock=at("2024-01-03")).going == ()
    assert retire(ws, off, clock=at("2024-01-03")).words[1] == "no result is due to be removed"


def test_answers_on_scenarios_go_likewise(ws: Workspace) -> None:
    folders = []
    for n, day in enumerate(["2024-01-10", "2024-01-11", "2024-01-12", "2024-01-20", *["2024-06-01"] * 3]):  # fmt: skip
        folder = ws.reports / "scenarios" / f"{day}-2024-run-{n:08x}"
        folder.mkdir(parents=True)
        stamp = at(day)().timestamp()
        for name in ("scenario.json", "targets.csv", "index.html"):
            (folder / name).write_text("{}", encoding="utf-8")
            os.utime(folder / name, (stamp, stamp))
        folders.append(folder)
    (folders[1] / "memo.docx").write_text("mine", encoding="utf-8")
    found = retire(ws, SETTINGS, clock=at("2024-06-01"))
    assert [one.folder for one in found.going] == [folders[0], folders[2]]
    assert [p for p, _ in found.kept] == [folders[1]]
    assert sorted((ws.reports / "scenarios").iterdir()) == sorted([folders[1], *folders[3:]])


def test_what_can_not_be_removed_is_said_and_the_rest_goes(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = daily(ws, "2024-01-01", 4)
    daily(ws, "2024-06-01", 3)
    true_rename = Path.rename

    def rename(self: Path, target: Path) -> Path:
        if self == runs[1]:
            raise PermissionError(13, "Permission denied")
        return true_rename(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    found = retire(ws, SETTINGS, clock=at("2024-06-03"))
    assert found.said == (
        (f"{runs[1].name}未能删除:Permission denied", f"{runs[1].name} can't be removed: Permission denied"),
    )  # fmt: skip
    assert [p.is_dir() for p in runs] == [False, True, False, True]


def test_killed_between_two_steps_a_run_is_whole_or_gone(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = daily(ws, "2024-01-01", 4)
    daily(ws, "2024-06-01", 3)

    def killed(folder: Path, **_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(retention.shutil, "rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        retire(ws, SETTINGS, clock=at("2024-06-03"))
    monkeypatch.undo()
    assert not runs[0].exists() and all((p / "index.html").is_file() for p in runs[1:])
    assert [p.name for p in ws.reports.glob(".building-*")] == [f".building-retired-{runs[0].name}"]
    retire(ws, SETTINGS, clock=at("2024-06-03"))
    # The next who publishes removes what is left.
    from forecast.runs.publishing import publish

    publish(ws.reports / "x", lambda aside: None)
    assert not list(ws.reports.glob(".building-*"))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.integers(0, 700), min_size=1, max_size=12, unique=True),
    st.integers(1, 400),
    st.integers(0, 60),
)
def test_each_month_keeps_its_last_run_whatever_the_days(
    tmp_path_factory: pytest.TempPathFactory, offsets: list[int], keep: int, later: int
) -> None:
    ws = Workspace.create(tmp_path_factory.mktemp("p") / "w")
    begin = datetime(2022, 1, 1, 3, tzinfo=UTC)
    made = {}
    for n in offsets:
        day = begin + timedelta(days=n)
        made[make_run(ws, f"{day:%Y%m%d}-{n:012x}", day.isoformat()).name] = day
    now = begin + timedelta(days=max(offsets) + later)
    retire(ws, RetentionSettings(runs=keep), clock=lambda: now)
    stands = {p.name for p in ws.reports.iterdir() if p.name in made}
    for name, day in made.items():
        newest = max(d for d in made.values() if (d.year, d.month) == (day.year, day.month))
        if day == newest or day >= now - timedelta(days=keep):
            assert name in stands
