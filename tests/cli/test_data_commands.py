"""The commands on readings as processes: every option, one JSON object, sentences and exit codes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd
import pytest

from forecast.api import Workspace
from forecast.fetch import FETCHERS

Command = Callable[..., subprocess.CompletedProcess[str]]

_HOURS = "Date,Hour,WatchPoint,AQI,Level,PrimaryPollution,PM2.5,PM10,CO,NO2,O3_1h,O3_8h,SO2"
_DAYS = "日期,AQI,质量等级,PM2.5,PM10,SO2,CO,NO2,O3_8h"
_STRANGE = "日子,地方,细颗粒物(ug/m3),一氧化碳(mg/m3)"

#: As the daily files of the wide archive are named and what is in them.
_ARCHIVE = "/china_sites_20250220.csv"
_TYPES = {"AQI": 50, "PM2.5": 30, "PM2.5_24h": 30, "PM10": 60, "PM10_24h": 60, "SO2": 8,
          "SO2_24h": 8, "NO2": 25, "NO2_24h": 25, "O3": 80, "O3_24h": 90, "O3_8h": 70,
          "O3_8h_24h": 70, "CO": 0.7, "CO_24h": 0.7}  # fmt: skip


def hours(path: Path) -> Path:
    """Write five days of one point whose PM2.5 stays for a day."""
    lines = [_HOURS]
    for n, moment in enumerate(pd.date_range("2021-03-01 01:00", periods=120, freq="h")):
        pm25 = 44 if 24 <= n < 48 else 20 + n * 7 % 13
        lines.append(
            f"{moment:%Y%m%d,%H},东站,60,良,无,{pm25},{pm25 + 20 + n % 4},0.{3 + n % 5},{20 + n % 9},"
            f"{50 + n % 21},60,{6 + n % 4}"
        )
    return write(path, lines)


def days(path: Path, *, first: str = "2021-05-01", unit: float = 1.0) -> Path:
    """Write 60 days of a city; ``unit`` multiplies its CO."""
    lines = [_DAYS]
    for n, day in enumerate(pd.date_range(first, periods=60)):
        co = (5 + n % 7) / 10 * unit
        lines.append(f"{day.date()},60,良,{30 + n * 3 % 11},{55 + n * 3 % 17},{6 + n % 5},{co:g},"
                     f"{20 + n % 6},{70 + n % 30}")  # fmt: skip
    return write(path, lines)


def strange(path: Path) -> Path:
    """Write a layout that nobody knows."""
    dates = pd.date_range("2022-01-01", periods=20)
    return write(
        path, [_STRANGE, *(f"{d.date()},某市,{20 + d.day % 9},0.{3 + d.day % 6}" for d in dates)]
    )


def write(path: Path, lines: list[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def told(done: subprocess.CompletedProcess[str], code: int = 0) -> dict[str, object]:
    """Return the one JSON object on stdout."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    (line,) = done.stdout.splitlines()
    found: dict[str, object] = json.loads(line)
    assert isinstance(found, dict)
    return found


def one_sentence(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stderr.strip() and "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


@pytest.fixture(scope="module")
def filled(
    tmp_path_factory: pytest.TempPathFactory, leave_later_years_out: Callable[[Path], None]
) -> Path:
    """A workspace with hours of 甲市 and days of 某某市."""
    folder = tmp_path_factory.mktemp("filled")
    made = Workspace.create(folder / "W")
    report = made.ingest([hours(folder / "甲市.csv"), days(folder / "某某市.csv")])
    assert report.exit_code == 0
    leave_later_years_out(made.root)
    return made.root


@pytest.fixture
def w(tmp_path: Path, filled: Path) -> Path:
    shutil.copytree(filled, tmp_path / "W")
    return tmp_path / "W"


def test_ingest_with_its_options(w: Path, tmp_path: Path, forecast_command: Command) -> None:
    path = days(tmp_path / "x.csv", first="2022-01-01")
    dry = told(forecast_command("ingest", path, "--region", "丙市", "--dry-run", "--json", "-w", w))
    assert (dry["dry_run"], dry["rows_kept"], dry["new"]) == (True, 60, 0)
    assert not (w / "data" / "raw" / "city_day_header" / "丙市.csv").exists()
    done = forecast_command(
        "ingest", path, "--source", "city_day_header", "--region", "丙市", "--quiet", "-w", w
    )
    assert (done.returncode, done.stdout) == (0, "")
    spoken = forecast_command("ingest", path, "--region", "丙市", "--lang", "en", "-w", w)
    assert (spoken.returncode, spoken.stdout.split(" ")[:2]) == (0, ["already", "read"])
    one_sentence(
        forecast_command("ingest", path, "--source", "none", "-w", w, "--lang", "en"), 2, "none"
    )
    one_sentence(forecast_command("ingest", "-w", w, "--lang", "en"), 2, "No file or folder")


def test_exit_codes_of_an_ingest(w: Path, tmp_path: Path, forecast_command: Command) -> None:
    wrong = days(tmp_path / "in" / "丁市.csv", unit=1000)
    one_sentence(forecast_command("ingest", wrong, "-w", w, "--lang", "en"), 3, "CO")
    days(tmp_path / "in" / "戊市.csv", first="2020-05-01")
    part = told(forecast_command("ingest", tmp_path / "in", "--json", "-w", w), 4)
    assert {file["status"] for file in part["files"]} == {"read", "refused"}  # type: ignore[attr-defined]
    one_sentence(
        forecast_command("ingest", strange(tmp_path / "怪.csv"), "-w", w, "--lang", "en"),
        1,
        "forecast map",
    )


def test_a_preview_with_gaps_is_shown_and_told(
    w: Path, tmp_path: Path, forecast_command: Command
) -> None:
    """Hours have a column for each item, so a missing value is a hole in the preview."""
    lines = ["时间,站名,PM2.5(ug/m3),PM10(ug/m3),CO(mg/m3)"]
    lines += [
        f"2024-03-0{1 + hour // 24} {hour % 24:02d}:00,一号站,{20 + hour},{'' if hour == 3 else 50 + hour},0.{hour % 9}1"
        for hour in range(48)
    ]
    path = tmp_path / "小时.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    shown = forecast_command("map", path, "-w", w)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "一号站" in shown.stdout
    assert "nan" not in shown.stdout.lower()
    made = told(forecast_command("map", path, "--overwrite", "--json", "-w", w))
    holes = [row["pm10"] for row in made["preview"]]  # type: ignore[attr-defined]
    assert holes.count(None) == 1


def test_an_unknown_layout_is_mapped_and_taken(
    w: Path, tmp_path: Path, forecast_command: Command
) -> None:
    path = strange(tmp_path / "怪.csv")
    assert forecast_command("ingest", path, "-w", w, "-q").returncode == 1
    made = told(forecast_command("map", path, "--name", "own", "--json", "-w", w))
    assert made["confirmed"] is True
    assert len(made["preview"]) == 10  # type: ignore[arg-type]
    assert (w / "mappings" / "own.toml").read_text(encoding="utf-8") == made["mapping"]
    one_sentence(
        forecast_command("map", path, "--name", "own", "-w", w, "--lang", "en"), 2, "--overwrite"
    )
    taken = told(forecast_command("ingest", "--retry-quarantine", "--json", "-w", w))
    assert taken["new"] == 40
    (w / "mappings" / "own.toml").rename(tmp_path / "own.toml")
    more = strange(tmp_path / "又.csv")
    more.write_text(more.read_text(encoding="utf-8").replace("2022-", "2023-"), encoding="utf-8")
    done = forecast_command("ingest", more, "--map", tmp_path / "own.toml", "-w", w, "--lang", "en")
    assert done.returncode == 0, done.stderr
    assert (w / "mappings" / "own.toml").exists()
    both = forecast_command(
        "ingest", more, "--map", "x.toml", "--source", "long_tidy", "-w", w, "--lang", "en"
    )
    one_sentence(both, 2, "exclude each other")


def test_flags_are_shown_and_decided(w: Path, forecast_command: Command) -> None:
    shown = told(forecast_command("status", "--quality", "--region", "甲市", "--json", "-w", w))
    (flag,) = shown["flags"]  # type: ignore[misc]
    assert (flag["rule"], flag["item"], flag["n"], flag["status"]) == ("stuck", "pm25", 24, "open")
    name = flag["flag_id"]
    decided = told(
        forecast_command("reject", name[:6], "--reason", "坏", "--by", "李", "--json", "-w", w)
    )
    assert decided["flags"][0]["status"] == "rejected"  # type: ignore[index]
    one_sentence(forecast_command("reject", name, "-w", w, "--lang", "en"), 1, "rejected already")
    one_sentence(forecast_command("accept", "zzzz", "-w", w, "--lang", "en"), 2, "no flag zzzz")
    shown = told(forecast_command("status", "--quality", "--region", "甲市", "--json", "-w", w))
    assert shown["flags"] == []
    spoken = forecast_command("accept", name, "--lang", "en", "-w", w)
    assert spoken.stdout.startswith(f"accepted {name} 甲市 东站 pm25")
    every = forecast_command("status", "--quality", "--all", "--lang", "en", "-w", w)
    assert name in every.stdout and "accepted" in every.stdout
    ledger = (w / "data" / "raw" / "quality_decisions.csv").read_text(encoding="utf-8-sig")
    assert [line.split(",")[1] for line in ledger.splitlines()] == ["decision", "reject", "accept"]


def test_corrections_are_counted_and_each_is_shown_with_all(
    w: Path, tmp_path: Path, forecast_command: Command
) -> None:
    ask = ("status", "--quality", "-w", w)
    assert told(forecast_command(*ask, "--json"))["corrections"] == []
    path = days(tmp_path / "again" / "某某市.csv")
    # PM2.5 of the first day is 30 in the file before.
    text = path.read_text(encoding="utf-8").replace("2021-05-01,60,良,30,", "2021-05-01,60,良,33,")
    path.write_text(text, encoding="utf-8")
    assert told(forecast_command("ingest", path, "--json", "-w", w))["corrected"] == 1
    brief = told(forecast_command(*ask, "--json"))
    (counted,) = brief["corrections"]  # type: ignore[misc]
    assert (counted["region"], counted["item"], counted["n"]) == ("某某市", "pm25", 1)
    assert brief["corrected"] == []
    (one,) = told(forecast_command(*ask, "--all", "--json"))["corrected"]  # type: ignore[misc]
    assert (one["old"], one["new"], one["when"][:10]) == (30, 33, "2021-05-01")
    spoken = forecast_command(*ask, "--lang", "en")
    assert "1 values corrected by their own source; --all lists each." in spoken.stdout
    shown = forecast_command(*ask, "--all", "--lang", "en").stdout
    assert "1 values corrected by their own source.\n" in shown
    line = next(line for line in shown.splitlines() if "2021-05-01" in line and "│ 33" in line)
    assert "│ 30" in line


def test_status_of_a_region(w: Path, forecast_command: Command) -> None:
    found = told(forecast_command("status", "--region", "某某", "--json", "-w", w))
    rows = found["coverage"]
    assert {row["region"] for row in rows} == {"某某市"}  # type: ignore[attr-defined]
    assert found["latest_run"] is None
    for more in ((), ("--quality",), ("--json",)):
        done = forecast_command("status", "--region", "北京", *more, "-w", w, "--lang", "en")
        one_sentence(done, 1, "no readings of the region 北京", "某某市")
        assert done.stdout == ""


def test_a_run_counts_the_flags_of_its_regions(w: Path, forecast_command: Command) -> None:
    """Open flags stand in the manifest, on the page and in the terminal; never in the result."""
    api = Workspace(w)
    frame = api.quality().flags
    assert set(frame["region"]) >= {"甲市"}
    run = ["run", "-w", w, "--year", "2021", "--paths", "60"]
    first = forecast_command(*run, "--lang", "en", charts=False)
    assert first.returncode == 0, first.stderr
    n = int((frame["region"] == "甲市").sum())
    assert f"甲市: {n} quality flags on 24 values are not decided" in first.stdout
    (folder,) = (p for p in (w / "reports").glob("20*") if p.is_dir())
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    values = int(frame["n"].sum())
    assert manifest["quality"]["open"] == {"flags": len(frame), "values": values}
    assert manifest["quality"]["rejected"] == {"flags": 0, "values": 0}
    assert "quality flags on 24 values" in (folder / "index.html").read_text(encoding="utf-8")
    result = (folder / "projection.json").read_bytes()
    assert b"quality flags" not in result
    # Accepting changes no table: the same run stands, and nothing is left to be said.
    api.decide("accept", frame["flag_id"])
    again = forecast_command(*run, "--lang", "en")
    assert "quality flags" not in again.stdout
    assert "this run stood" in again.stdout
    assert (folder / "projection.json").read_bytes() == result


@pytest.mark.usefixtures("no_charts")
def test_a_run_of_one_region_counts_its_flags_alone(w: Path) -> None:
    outcome = Workspace(w).run(region="某某市", year=2021, paths=60)
    counted = json.loads((outcome.folder / "manifest.json").read_text(encoding="utf-8"))["quality"]
    own = Workspace(w).quality(region="某某").flags
    assert counted["open"]["flags"] == len(own)


class Source:
    """A server on loopback that has one file of the archive, or is down."""

    def __init__(self) -> None:
        lines = ["date,hour,type,1001A,1002A"]
        for hour in range(24):
            lines += [f"20250220,{hour},{kind},{value},{value}" for kind, value in _TYPES.items()]
        body = ("\n".join(lines) + "\n").encode()
        self.down = False
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                there = self.path == _ARCHIVE
                self.send_response(503 if outer.down else 200 if there else 404)
                if outer.down:
                    # Longer than anyone waits, so that the answer comes at once.
                    self.send_header("Retry-After", "86400")
                sent = body if there and not outer.down else b""
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Iterator[Source]:
    for name in list(os.environ):
        if name.upper() in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.delenv(name)
    made = Source()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_fetch_from_a_source_that_works_and_one_that_is_down(
    tmp_path: Path, source: Source, forecast_command: Command
) -> None:
    w = tmp_path / "W"
    Workspace.create(w)
    asked = ["fetch", "cnemc-archive", "--from", "2025-02-20", "--to", "2025-02-20", "-w", w,
             "--base-url", source.url]  # fmt: skip
    source.down = True
    one_sentence(forecast_command(*asked, "--lang", "en"), 1, "127.0.0.1")
    source.down = False
    only = told(forecast_command(*asked, "--no-ingest", "--json"))
    assert only["counts"] == {"downloaded": 1} and only["ingest"] is None
    assert Workspace(w).coverage().empty
    both = told(forecast_command(*asked, "--json"))
    assert both["counts"] == {"unchanged": 1}
    assert both["ingest"]["files"][0]["status"] == "read"  # type: ignore[index]
    assert not Workspace(w).coverage().empty
    # Two days, of which the source has one: done in part, and the other is named.
    part = [a if a != "2025-02-20" or at < 4 else "2025-02-21" for at, a in enumerate(asked)]
    one_sentence(forecast_command(*part, "--lang", "en"), 4, "20250221")
    source.down = True
    stale = forecast_command(*asked, "--lang", "en")
    assert stale.returncode in (0, 4), stale.stderr
    assert "Traceback" not in stale.stderr


def test_fetch_without_a_source_lists_them(tmp_path: Path, forecast_command: Command) -> None:
    listed = told(forecast_command("fetch", "--json", "-w", tmp_path))
    assert [one["name"] for one in listed["sources"]] == list(FETCHERS)  # type: ignore[attr-defined]
    shown = forecast_command("fetch", "--lang", "en")
    assert shown.returncode == 0
    for name in FETCHERS:
        assert name in shown.stdout
    one_sentence(
        forecast_command("fetch", "--place", "某市", "--lang", "en"), 2, "No source is named"
    )
    one_sentence(
        forecast_command("fetch", "nobody", "-w", tmp_path, "--lang", "en"), 1, "forecast init"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="RLIMIT_FSIZE is of POSIX")
def test_a_file_that_may_not_grow_is_one_sentence(
    w: Path, tmp_path: Path, forecast_command: Command
) -> None:
    """The system itself refuses the write, as a quota does."""
    path = days(tmp_path / "己市.csv", first="2019-05-01")
    before = Workspace(w).coverage()
    code = (
        "import resource, signal, sys\n"
        "from forecast.cli import main\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (600, 600))\n"
        f"main(['ingest', {str(path)!r}, '-w', {str(w)!r}, '--lang', 'en'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=False
    )
    one_sentence(done, 1, "could not be written")
    assert not list((w / "data").rglob("*.tmp"))
    pd.testing.assert_frame_equal(Workspace(w).coverage(), before)
