"""The commands as processes: their output, their exit codes, and what they leave behind."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import jsonschema
import pytest

from forecast.api import Workspace

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, forecast_command: Command) -> Path:
    """A sample workspace with one finished run."""
    folder = tmp_path_factory.mktemp("demo") / "sample"
    for arguments in (
        ["init", folder, "--demo"],
        ["run", "-w", folder, "--paths", "300", "--quiet"],
    ):
        done = forecast_command(*arguments)
        assert done.returncode == 0, done.stderr
    return folder


def latest(folder: Path) -> Path:
    name = (folder / "reports" / "latest").read_text(encoding="utf-8").strip()
    return folder / "reports" / name


def test_the_demo_ends_with_a_page_of_the_plans_targets(demo: Path) -> None:
    run = latest(demo)
    page = (run / "index.html").read_text(encoding="utf-8")
    result = json.loads((run / "projection.json").read_text(encoding="utf-8"))
    asked = {
        t["id"]: t for p in result["projections"] for t in p["targets"] if t["plan"] == "hengshui"
    }
    open_ones = [t for t in asked.values() if t["probability"] not in (None, 0, 1)]
    assert {t["level"] for t in open_ones} >= {"firm", "stretch"}
    assert result["run"]["year"] == 2025
    assert result["run"]["sample"] is True
    assert "生成" in page
    assert "衡水" in page
    for target in open_ones:
        assert 0 < target["probability"] < 1
        assert target["label_zh"] in page


def test_every_figure_of_the_demo_says_that_it_is_generated(demo: Path) -> None:
    run = latest(demo)
    assert list((run / "charts").glob("*.png"))
    page = (run / "index.html").read_text(encoding="utf-8")
    # Once for the page and at least once more; figures draw text as paths.
    assert page.count("不是监测数据") >= 1
    for table in (run / "charts").glob("*.csv"):
        assert table.read_bytes().startswith(b"\xef\xbb\xbf")


def test_the_result_fits_its_schema(demo: Path) -> None:
    schema = json.loads(
        (resources.files("forecast.projection") / "schema.json").read_text(encoding="utf-8")
    )
    jsonschema.Draft202012Validator.check_schema(schema)
    result = json.loads((latest(demo) / "projection.json").read_text(encoding="utf-8"))
    jsonschema.validate(result, schema)


def test_there_is_one_entry_for_each_place_indicator_and_period(demo: Path) -> None:
    result = json.loads((latest(demo) / "projection.json").read_text(encoding="utf-8"))
    keys = [(p["region"], p["place"], p["indicator"], p["period"]) for p in result["projections"]]
    assert len(keys) == len(set(keys))


def test_a_second_run_has_nothing_new_and_prints_the_stored_object(
    demo: Path, forecast_command: Command
) -> None:
    before = sorted(p.name for p in (demo / "reports").iterdir())
    done = forecast_command("run", "-w", demo, "--paths", "300", "--json")
    assert done.returncode == 0, done.stderr
    assert done.stdout == (latest(demo) / "projection.json").read_text(encoding="utf-8")
    assert sorted(p.name for p in (demo / "reports").iterdir()) == before
    assert done.stderr == ""


def test_two_workspaces_give_the_same_bytes(
    demo: Path, tmp_path: Path, forecast_command: Command
) -> None:
    other = tmp_path / "sample"
    assert forecast_command("init", other, "--demo").returncode == 0
    done = forecast_command(
        "run", "-w", other, "--paths", "300", "--jobs", "2", "--json", charts=False
    )
    assert done.returncode == 0, done.stderr
    first = json.loads((latest(demo) / "projection.json").read_text(encoding="utf-8"))
    second = json.loads(done.stdout)
    for result in (first, second):
        del result["run"]["created"], result["run"]["seconds"]
    assert json.dumps(first, ensure_ascii=False) == json.dumps(second, ensure_ascii=False)


def test_the_manifest_names_inputs_and_outputs_with_their_hashes(demo: Path) -> None:
    import hashlib

    run = latest(demo)
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    for output in manifest["outputs"]:
        data = (run / output["path"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == output["sha256"]
    for source in manifest["run"]["inputs"]:
        assert not Path(source["path"]).is_absolute()
        data = (demo / source["path"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == source["sha256"]
    assert manifest["versions"]["numpy"]


def test_region_is_taken_in_either_form(demo: Path, forecast_command: Command) -> None:
    for form in ("衡水", "衡水市"):
        done = forecast_command("assess", "-w", demo, "--year", "2020", "--region", form, "--json")
        assert done.returncode == 0, done.stderr
        found = {
            r["indicator"]: r["value_official"]
            for r in json.loads(done.stdout)["indicators"]
            if r["place"] == "衡水"
        }
        # The published figures of the plan.
        assert found["pm25_annual_mean"] == 52
        assert found["good_days"] == 238
        assert found["heavy_days"] == 15
        assert found["composite_index"] == 5.18
        assert found["good_day_ratio"] == 65.0


def test_an_unknown_region_lists_those_there_are(demo: Path, forecast_command: Command) -> None:
    done = forecast_command("run", "-w", demo, "--region", "北京")
    assert done.returncode == 1
    assert "衡水" in done.stderr


def test_status_shows_what_is_there(demo: Path, forecast_command: Command) -> None:
    done = forecast_command("status", "-w", demo, "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["latest_run"] == latest(demo).name
    items = {(r["place"], r["item"]) for r in report["coverage"]}
    assert ("衡水", "pm25") in items
    assert len({p for p, i in items if i == "codmn"}) == 13
    assert forecast_command("status", "-w", demo).stdout.count("衡水") >= 7


def test_output_is_utf8_whatever_the_console(demo: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "forecast", "run", "-w", str(demo), "--paths", "300"],
        capture_output=True, check=False, env={**__import__("os").environ, "PYTHONIOENCODING": "cp936"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "衡水" in done.stdout.decode("utf-8")


def test_assigned_number_changes_the_verdict(
    plain_sample: Workspace, tmp_path: Path, forecast_command: Command
) -> None:
    folder = plain_sample.root
    listed = json.loads(
        forecast_command(
            "target", "list", "-w", folder, "--region", "衡水", "--year", "2025", "--json"
        ).stdout
    )
    pending = [t["id"] for t in listed if t["value"] in ("ASSIGNED", "ASSIGNED_BY_CITY")]
    ledgers = [t for t in listed if t["kind"] == "ledger"]
    assert pending
    assert ledgers
    done = forecast_command(
        "target", "set", ledgers[0]["id"], "--value", "120", "--line", "某项目", "--source", "台账",
        "--date", "2025-03-01", "-w", folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    done = forecast_command("run", "-w", folder, "--paths", "60", "--json", charts=False)
    result = json.loads(done.stdout)
    found = {t["id"]: t for p in result["projections"] for t in p["targets"]}
    assert found[pending[0]]["verdict"] == "TARGET_PENDING"
    assert "台账" in found[ledgers[0]["id"]]["entered"]
    book = tmp_path / "targets.xlsx"
    assert forecast_command("target", "export", book, "-w", folder).returncode == 0
    again = forecast_command("target", "import", book, "-w", folder, "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout) == {"new": 0}
    wrong = forecast_command(
        "target", "set", "no-such", "--value", "1", "--source", "x", "--date", "2025-03-01",
        "-w", folder,
    )  # fmt: skip
    assert wrong.returncode == 1
    assert "no-such" in wrong.stderr


def test_standard_aqi_does_in_the_shell_what_the_rule_says(forecast_command: Command) -> None:
    table = (
        "date,so2,no2,co,o3_8h,pm10,pm25\n"
        "2026-02-28,6,12,0.9,137,121,61\n"
        "2026-03-01,6,12,0.9,137,121,61\n"
        "2025-06-01,6,12,0.9,137,,61\n"
    )
    done = forecast_command("standard", "aqi", "-", stdin=table)
    assert done.returncode == 0, done.stderr
    first, second, third = csv.DictReader(io.StringIO(done.stdout))
    assert (first["aqi"], first["primary"]) == ("86", "pm10")
    assert (second["aqi"], second["good"]) == ("101", "false")
    assert second["primary"] == "pm10+pm25"
    assert third["aqi"] == "83"
    forced = forecast_command("standard", "aqi", "-", "--standard", "HJ 633-2012", stdin=table)
    rows = list(csv.DictReader(io.StringIO(forced.stdout)))
    assert [r["aqi"] for r in rows] == ["86", "86", "83"]


def test_standard_water_and_air(tmp_path: Path, forecast_command: Command) -> None:
    samples = tmp_path / "s.csv"
    samples.write_text(
        "water_type,ph,do,codmn,nh3n,tp\nriver,7,8,1.5,0.1,0.015\nlake,7,8,1.5,0.1,0.06\n"
        "river,9.1,8,1.5,0.1,0.015\nriver,7,8,1.5,,0.015\n",
        encoding="utf-8",
    )
    done = forecast_command("standard", "water", samples)
    assert done.returncode == 0, done.stderr
    assert [r["class"] for r in csv.DictReader(io.StringIO(done.stdout))] == ["I", "IV", "劣V", ""]
    days = "\n".join(
        f"2025-{m:02d}-{d:02d},6,12,0.9,137,51,19" for m in range(1, 13) for d in range(1, 29)
    )
    done = forecast_command(
        "standard", "air", "-", stdin=f"date,so2,no2,co,o3_8h,pm10,pm25\n{days}\n"
    )
    assert done.returncode == 0, done.stderr
    rows = {r["indicator"]: r for r in csv.DictReader(io.StringIO(done.stdout))}
    # Puning 2025 as published: composite index 2.75 from these six figures.
    assert rows["composite_index"]["value_official"] == "2.75"
    assert rows["pm25_annual_mean"]["attains"] == "true"
    assert rows["good_day_ratio"]["value_official"] == "100.0"


def test_help_needs_no_heavy_library() -> None:
    code = (
        "import sys; sys.argv=['forecast','--help']\n"
        "from forecast.cli import main\n"
        "try:\n main()\nexcept SystemExit: pass\n"
        "heavy={'pandas','matplotlib','pyarrow','joblib','scipy'} & set(sys.modules)\n"
        "print('HEAVY', sorted(heavy))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=False
    )
    assert "HEAVY []" in done.stdout, done.stdout[-300:] + done.stderr


def test_the_calculator_takes_the_common_options(demo: Path, forecast_command: Command) -> None:
    table = "date,so2,no2,co,o3_8h,pm10,pm25\n2025-06-01,6,12,0.9,137,51,61\n"
    done = forecast_command(
        "standard", "aqi", "-", "--json", "--lang", "en", "-w", demo, stdin=table
    )
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)
    assert row["aqi"] == "83"
    water = "water_type,ph,do,codmn,nh3n,tp\nriver,7,8,1.5,0.1,0.015\n"
    done = forecast_command("standard", "water", "-", "--standard", "GB 3838-2002", stdin=water)
    assert done.stdout.splitlines()[-1].endswith("I,do+codmn+nh3n+tp")
    assert forecast_command(
        "standard", "water", "-", "--standard", "GB 3838-1988", stdin=water
    ).returncode == 2  # fmt: skip


@pytest.mark.parametrize("command", [(), ("run",), ("report",), ("scenario", "run")])
def test_help_is_never_cut_off_in_a_narrow_terminal(
    forecast_command: Command, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chinese has no blanks to break at: at 80 columns it goes on in the next line."""
    monkeypatch.setenv("COLUMNS", "80")
    done = forecast_command(*command, "--help")
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and max(map(len, lines)) <= 80
    assert [line for line in lines if line.rstrip(" │").endswith("…")] == []
