"""What holds for every source: arguments, the index, sudden ends, two at a time, a full disk."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from source_forms import hours_wide
from source_server import Failure, Made, SourceServer

from forecast.disk import write_file
from forecast.errors import ForecastError, UsageError, WorkspaceError
from forecast.fetch import FETCHERS, FetchReport, cache, fetch, fetcher_named
from forecast.fetch.source import file_name, months, years
from forecast.workspace import Workspace

Pull = Callable[..., FetchReport]

DAY = date(2025, 2, 20)
ASKED: dict[str, Any] = {"start": DAY, "end": DAY}
PATH = f"/china_sites_{DAY:%Y%m%d}.csv"


@pytest.fixture
def day(server: SourceServer) -> Made:
    """One day of the wide archive."""
    made = Made.file(hours_wide(DAY))
    server.files[PATH] = made
    return made


def _index(ws: Workspace) -> dict[str, Any]:
    path = ws.raw / "cnemc_archive" / ".index.json"
    told = json.loads(path.read_text(encoding="utf-8"))
    return dict(told["files"]["sites/2025/china_sites_20250220.csv"])


@pytest.mark.parametrize(
    ("source", "given", "told"),
    [
        ("nobody", {}, "There is no source called nobody"),
        ("cnemc-archive", {}, "needs --from"),
        ("cnemc-archive", {**ASKED, "station": "1001A"}, "does not take station"),
        ("cnemc-archive", {**ASKED, "what": "villages"}, "has no villages"),
        ("cnemc-archive", {"start": DAY, "end": date(2025, 2, 19)}, "ends .* before it begins"),
        ("cnemc-archive", {"start": DAY, "end": date(2025, 3, 3)}, "has not come yet"),
        ("open-meteo", {"place": " ", "latitude": 1.0, "longitude": 1.0, "start": DAY}, "blank"),
        ("open-meteo", {"place": "a", "latitude": 91.0, "longitude": 1.0, "start": DAY}, "latitude"),
        ("open-meteo", {"place": "a", "longitude": 1.0, "start": DAY}, "needs --lat"),
        ("open-meteo-forecast",
         {"place": "a", "latitude": 1.0, "longitude": 1.0, "days": 17}, "days 17"),
        ("open-meteo", {"place": "a", "latitude": float("nan"), "longitude": 1.0, "start": DAY},
         "latitude nan"),
        ("noaa-gsod", {"station": "54702", "start": DAY}, "not a station"),
        ("usgs-nwis", {"site": "river", "start": DAY}, "not a USGS site"),
        ("openaq-archive", {"location": 0, "start": DAY}, "location 0"),
        ("cnemc-archive", {**ASKED, "base_url": "ftp://x"}, "not an address"),
        ("cnemc-archive", {**ASKED, "base_url": "https://["}, "not an address"),
        ("cnemc-archive", {**ASKED, "base_url": "https://x:99999"}, "not an address"),
        ("cnemc-archive", {**ASKED, "base_url": "https://me:pw@x/"}, "no user, password"),
        ("cnemc-archive", {**ASKED, "base_url": "https://x/?key=1"}, "no user, password"),
    ],
)  # fmt: skip
def test_wrong_use_is_said(
    pull: Pull, server: SourceServer, source: str, given: dict[str, Any], told: str
) -> None:
    """A setting that would do nothing, or nothing sensible, ends in a sentence; nothing is asked."""
    with pytest.raises(UsageError, match=told) as error:
        pull(source, **given)
    assert error.value.cure and "pw" not in str(error.value)
    assert server.seen == []


def test_names_are_found_with_underscores() -> None:
    """As the layouts and folders spell them."""
    assert fetcher_named("Open_Meteo") is FETCHERS["open-meteo"]
    assert FETCHERS["open-meteo"].folder == "open_meteo"


def test_every_source_says_what_it_is() -> None:
    """Title in two languages, terms, an https address, arguments that ``fetch`` takes."""
    for source in FETCHERS.values():
        assert all(source.title) and source.terms and source.base_url.startswith("https://")
        assert len({a.option for a in source.arguments}) == len(source.arguments)
        assert all(a.zh and a.en for a in source.arguments)


def test_periods_are_cut_into_years_and_months() -> None:
    """Both ends are kept, also over the end of a year and in a leap February."""
    assert years(date(2023, 5, 1), date(2025, 1, 1)) == [
        (date(2023, 5, 1), date(2023, 12, 31)),
        (date(2024, 1, 1), date(2024, 12, 31)),
        (date(2025, 1, 1), date(2025, 1, 1)),
    ]
    assert months(date(2023, 12, 31), date(2024, 3, 1)) == [
        (date(2023, 12, 31), date(2023, 12, 31)),
        (date(2024, 1, 1), date(2024, 1, 31)),
        (date(2024, 2, 1), date(2024, 2, 29)),
        (date(2024, 3, 1), date(2024, 3, 1)),
    ]


@pytest.mark.parametrize(
    ("place", "name"), [("CON", "CON_"), ("", "_"), ("..", "_"), ("甲/乙", "甲_乙")]
)
def test_a_place_can_be_a_file_everywhere(place: str, name: str) -> None:
    """No device of Windows, no folder."""
    assert file_name(place) == name


def test_the_index_says_where_it_came_from(pull: Pull, day: Made, ws: Workspace) -> None:
    """Address, hash, size, times, and whether it is final."""
    pull("cnemc-archive", **ASKED)
    entry = _index(ws)
    assert entry["url"].endswith(PATH)
    assert entry["pieces"][0]["size"] == len(day.body)
    assert entry["fetched"] == entry["checked"] == "2025-03-02T06:00:00+08:00"
    assert entry["final"] is True


def test_a_damaged_copy_is_fetched_again(pull: Pull, day: Made, ws: Workspace) -> None:
    """The index knows its hash; the damaged one is left where it is, the good one beside it."""
    (path,) = pull("cnemc-archive", **ASKED).files[0].paths
    path.write_bytes(day.body[:-1] + b"x")
    report = pull("cnemc-archive", **ASKED)
    assert report.files[0].state == "downloaded"
    assert report.files[0].paths[0].read_bytes() == day.body
    path.unlink()
    assert pull("cnemc-archive", **ASKED).files[0].state in ("downloaded", "unchanged")


@pytest.mark.parametrize("text", ["{", "[]", '{"files": {"a": {"nobody": 1}}}', "\x00"])
def test_a_damaged_index_costs_a_download_and_nothing_else(
    pull: Pull, day: Made, ws: Workspace, text: str
) -> None:
    """The content that lies there is recognised and not written twice."""
    (path,) = pull("cnemc-archive", **ASKED).files[0].paths
    (ws.raw / "cnemc_archive" / ".index.json").write_text(text, encoding="utf-8")
    report = pull("cnemc-archive", **ASKED)
    assert report.exit_code == 0 and report.files[0].paths == (path,)


def test_a_kill_before_the_file_is_finished_leaves_the_old_one(
    pull: Pull, day: Made, server: SourceServer, ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All bytes are here when the program ends: the next run takes them without a second transfer."""
    late = {"start": date(2025, 3, 1), "end": date(2025, 3, 1)}
    server.files["/china_sites_20250301.csv"] = old = Made.file(hours_wide(date(2025, 3, 1)))
    (path,) = pull("cnemc-archive", **late).files[0].paths
    new = Made.file(hours_wide(date(2025, 3, 1), ("1001A", "1002A")))
    server.files["/china_sites_20250301.csv"] = new

    def killed(target: Path, data: bytes) -> None:
        if target.suffix == ".csv":
            raise KeyboardInterrupt
        write_file(target, data)

    monkeypatch.setattr(cache, "write_file", killed)
    with pytest.raises(KeyboardInterrupt):
        pull("cnemc-archive", **late)
    assert path.read_bytes() == old.body
    monkeypatch.undo()
    server.seen.clear()
    report = pull("cnemc-archive", **late)
    assert report.files[0].state == "downloaded" and report.files[0].resumed
    assert report.files[0].paths[0].read_bytes() == new.body
    assert path.read_bytes() == old.body
    assert server.seen[0].headers["range"] == f"bytes={len(new.body)}-"
    assert not list(ws.raw.rglob("*.part"))


def test_a_kill_before_the_index_is_written_loses_nothing(
    pull: Pull, day: Made, ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is there and the index does not know it: the next run takes it as it lies there."""

    def killed(target: Path, data: bytes) -> None:
        if target.name == ".index.json":
            raise KeyboardInterrupt
        write_file(target, data)

    monkeypatch.setattr(cache, "write_file", killed)
    with pytest.raises(KeyboardInterrupt):
        pull("cnemc-archive", **ASKED)
    monkeypatch.undo()
    report = pull("cnemc-archive", **ASKED)
    assert report.exit_code == 0
    assert [p.name for p in ws.raw.rglob("*.csv")] == ["china_sites_20250220.csv"]
    assert _index(ws)["final"] is True


def test_a_full_disk_leaves_the_old_file(
    pull: Pull, day: Made, ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence; nothing half written."""

    def full(target: Path, data: bytes) -> None:
        raise WorkspaceError(
            f"The disk is full: {target} could not be written.", "Free some space."
        )

    monkeypatch.setattr(cache, "write_file", full)
    with pytest.raises(WorkspaceError, match="The disk is full"):
        pull("cnemc-archive", **ASKED)
    monkeypatch.undo()
    assert list(ws.raw.rglob("*.csv")) == []
    assert pull("cnemc-archive", **ASKED).exit_code == 0


def test_two_at_a_time_wait_for_each_other(
    pull: Pull, day: Made, server: SourceServer, ws: Workspace
) -> None:
    """The second begins when the first has ended, and then finds all there."""
    server.fail(Failure(pause=0.3))
    states: list[str] = []

    def one() -> None:
        states.append(pull("cnemc-archive", **ASKED).files[0].state)

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(states) == ["downloaded", "unchanged"]
    assert len(server.seen) == 1


def test_a_dead_source_is_not_asked_for_every_file(pull: Pull, server: SourceServer) -> None:
    """After two files without an answer the other days are named and left."""
    server.break_down(Failure(503))
    report = pull("cnemc-archive", start=date(2025, 2, 1), end=date(2025, 2, 20), attempts=3)
    assert len(report.files) == 20 and len(server.seen) == 6
    assert report.exit_code == 1
    assert "20 of 20 files did not come; the first, sites/2025/china_sites_20250201.csv" in (
        report.message
    )
    assert "It was not asked for" in report.files[-1].reason


def test_settled_files_are_not_stale(pull: Pull, day: Made, server: SourceServer) -> None:
    """They are here and final, whether or not the source answers; the others are named."""
    pull("cnemc-archive", **ASKED)
    server.break_down(Failure(503))
    report = pull("cnemc-archive", start=date(2025, 2, 17), end=DAY, attempts=1)
    assert [f.state for f in report.files] == ["unavailable"] * 3 + ["unchanged"]
    assert report.exit_code == 4 and report.stale == [] and len(report.to_ingest) == 1


def test_one_bad_file_does_not_stop_the_rest(pull: Pull, server: SourceServer) -> None:
    """A wrong request is of one file; the next is asked for."""
    for at in (18, 19, 20):
        server.files[f"/china_sites_202502{at}.csv"] = Made.file(hours_wide(date(2025, 2, at)))
    server.fail(Failure(400), at="20250219")
    report = pull("cnemc-archive", start=date(2025, 2, 18), end=DAY)
    assert [f.state for f in report.files] == ["downloaded", "unavailable", "downloaded"]
    assert report.exit_code == 4 and report.message.startswith("cnemc-archive: 1 of 3 files")


def test_no_list_of_files_is_an_answer_too(pull: Pull, server: SourceServer) -> None:
    """The bucket's list can't be read, or is a web page."""
    asked = {"location": 7, "start": DAY, "end": DAY}
    server.files["/"] = Made(b"<ListBucketResult><Contents>")
    assert "not readable as XML, or cut off" in pull("openaq-archive", **asked).message
    server.files["/"] = Made(b"<ListBucketResult></ListBucketResult>")
    report = pull("openaq-archive", **asked)
    assert report.exit_code == 1 and "no file of location 7" in report.message


def test_progress_is_told(pull: Pull, day: Made) -> None:
    """Done, in all, and which."""
    seen: list[tuple[int, int, Path]] = []
    pull("cnemc-archive", **ASKED, progress=lambda *told: seen.append(told))
    assert seen == [(0, 1, Path("sites/2025/china_sites_20250220.csv"))]


def test_a_folder_that_cant_be_written_is_said(pull: Pull, ws: Workspace) -> None:
    """A file lies where the folder should be."""
    ws.raw.mkdir(parents=True, exist_ok=True)
    (ws.raw / "cnemc_archive").write_text("x", encoding="utf-8")
    with pytest.raises(ForecastError):
        pull("cnemc-archive", **ASKED)


def test_the_last_day_is_yesterday_by_default(pull: Pull, server: SourceServer) -> None:
    """In the workspace's zone, whatever zone the moment is given in."""
    server.break_down(Failure(404))
    utc = datetime.fromisoformat("2025-03-01T23:00:00+00:00")
    report = pull("cnemc-archive", start=date(2025, 2, 28), now=utc)
    assert [f.name[-12:-4] for f in report.files] == ["20250228", "20250301"]


def test_real_sources_are_the_default(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a base URL the official address is asked."""
    asked: list[str] = []

    def plan(client: object, request: Any) -> list[Any]:
        asked.append(request.base_url)
        return []

    source = FETCHERS["uci-beijing"]
    monkeypatch.setitem(FETCHERS, "uci-beijing", type(source)(**{**vars(source), "plan": plan}))
    report = fetch(ws, "uci-beijing")
    assert asked == ["https://archive.ics.uci.edu"]
    assert report.exit_code == 1 and "nothing to fetch" in report.message
