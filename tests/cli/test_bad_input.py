"""What a user can give the command by mistake: one sentence, the right exit code, nothing lost."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.store import Store

Command = Callable[..., subprocess.CompletedProcess[str]]

_HEADER = "日期,AQI,质量等级,PM2.5,PM10,SO2,CO,NO2,O3_8h"


def rows(first: str = "2021-01-01", days: int = 400, **changed: dict[int, str]) -> list[str]:
    """Lines of a plausible city-day file; ``changed`` replaces cells of a column by line number."""
    names = ["日期", "AQI", "质量等级", "PM2.5", "PM10", "SO2", "CO", "NO2", "O3_8h"]
    rng = np.random.default_rng(1)
    lines = []
    for k, day in enumerate(pd.date_range(first, periods=days)):
        pm = int(30 + 20 * rng.random() + 15 * np.cos(2 * np.pi * day.day_of_year / 365))
        cells = [
            str(day.date()), "60", "良", str(pm), str(pm + 30), str(8 + k % 5),
            f"{0.5 + (k % 7) / 10:.1f}", str(25 + k % 9), str(60 + k % 60),
        ]  # fmt: skip
        for column, cell in changed.items():
            if k in cell:
                cells[names.index(column)] = cell[k]
        lines.append(",".join(cells))
    return lines


def write(path: Path, lines: list[str], *, header: str = _HEADER, encoding: str = "utf-8") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *lines]) + "\n", encoding=encoding)
    return path


@pytest.fixture(scope="module")
def _empty(tmp_path_factory: pytest.TempPathFactory, forecast_command: Command) -> Path:
    folder = tmp_path_factory.mktemp("empty") / "W"
    assert forecast_command("init", folder).returncode == 0
    return folder


@pytest.fixture
def workspace(_empty: Path, tmp_path: Path) -> Path:
    """An empty workspace of one's own."""
    return Path(shutil.copytree(_empty, tmp_path / "W"))


@pytest.fixture(scope="module")
def one_city(
    _empty: Path, tmp_path_factory: pytest.TempPathFactory, forecast_command: Command
) -> Path:
    """A workspace with one city, for commands that change nothing."""
    folder = tmp_path_factory.mktemp("one")
    shutil.copytree(_empty, folder / "W")
    done = forecast_command("ingest", write(folder / "城.csv", rows()), "-w", folder / "W")
    assert done.returncode == 0, done.stderr
    return folder / "W"


def assert_one_sentence(done: subprocess.CompletedProcess[str], code: int) -> None:
    """The exit code is ``code`` and stderr says why without a traceback."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()


def stored(workspace: Path) -> pd.DataFrame:
    return Store(workspace / "data" / "processed").air_daily()


def test_no_file(workspace: Path, tmp_path: Path, forecast_command: Command) -> None:
    done = forecast_command("ingest", tmp_path / "absent.csv", "-w", workspace)
    assert_one_sentence(done, 1)
    assert "absent.csv" in done.stderr


def test_empty_file_and_empty_folder(
    workspace: Path, tmp_path: Path, forecast_command: Command
) -> None:
    empty = tmp_path / "空.csv"
    empty.write_bytes(b"")
    assert_one_sentence(forecast_command("ingest", empty, "-w", workspace), 1)
    folder = tmp_path / "nothing"
    folder.mkdir()
    assert_one_sentence(forecast_command("ingest", folder, "-w", workspace), 1)
    assert stored(workspace).empty


def test_one_unreadable_file_among_good_ones(
    workspace: Path, tmp_path: Path, forecast_command: Command
) -> None:
    folder = tmp_path / "in"
    write(folder / "甲.csv", rows())
    write(folder / "乙.csv", rows(days=380))
    (folder / "坏.csv").write_bytes(b"\x00\xff\x00\xfe" * 50)
    done = forecast_command("ingest", folder, "-w", workspace)
    assert_one_sentence(done, 4)
    assert "坏.csv" in done.stderr
    assert set(stored(workspace)["region"]) == {"甲", "乙"}


def test_gbk_text_is_read(workspace: Path, tmp_path: Path, forecast_command: Command) -> None:
    done = forecast_command(
        "ingest", write(tmp_path / "城.csv", rows(), encoding="gb18030"), "-w", workspace, "--json"
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["files"][0]["status"] == "read"
    assert len(stored(workspace)) == 400 * 7


def test_a_made_shifted_header_is_refused(
    workspace: Path, tmp_path: Path, forecast_command: Command
) -> None:
    lines = []
    for line in rows():
        day, aqi, level, pm25, pm10, so2, co, no2, _ = line.split(",")
        # The rank came first, so every value stands one column too far right and O3 is lost.
        lines.append(",".join([day, aqi, level, "120", pm25, pm10, so2, no2, co]))
    done = forecast_command("ingest", write(tmp_path / "错.csv", lines), "-w", workspace)
    assert_one_sentence(done, 3)
    assert stored(workspace).empty


def test_a_date_that_does_not_exist(
    workspace: Path, tmp_path: Path, forecast_command: Command
) -> None:
    file = write(tmp_path / "城.csv", rows(日期={40: "2021-02-30"}))
    done = forecast_command("ingest", file, "-w", workspace, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["quarantined"] >= 1
    held = list((workspace / "data" / "processed" / "quarantine").glob("*.csv"))
    assert "2021-02-30" in held[0].read_text(encoding="utf-8-sig")
    assert len(stored(workspace)) == 399 * 7


def test_a_duplicate_day_with_another_value(
    workspace: Path, tmp_path: Path, forecast_command: Command
) -> None:
    lines = rows()
    lines.insert(11, lines[10].replace(",60,良,", ",61,良,", 1))
    done = forecast_command("ingest", write(tmp_path / "城.csv", lines), "-w", workspace, "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["quarantined"] + report["flagged"] >= 1
    kept = stored(workspace)
    assert not kept.duplicated(["region", "place", "date", "item"]).any()


def test_negative_and_absurd_values(
    workspace: Path, tmp_path: Path, forecast_command: Command
) -> None:
    file = write(tmp_path / "城.csv", rows(**{"PM2.5": {5: "-12"}, "PM10": {9: "99999"}}))
    done = forecast_command("ingest", file, "-w", workspace, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["quarantined"] == 2
    kept = stored(workspace)
    assert kept["value"].min() >= 0
    assert kept["value"].max() < 99999
    # The rest of those rows is kept.
    assert len(kept) == 400 * 7 - 2


def test_an_item_of_zero_on_one_day_is_missing(
    workspace: Path, tmp_path: Path, forecast_command: Command
) -> None:
    file = write(tmp_path / "城.csv", rows(PM10={30: "0"}))
    done = forecast_command("ingest", file, "-w", workspace, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["missing"] == 1
    kept = stored(workspace)
    assert (kept[kept["item"] == "pm10"]["value"] > 0).all()
    assert len(kept) == 400 * 7 - 1


def test_units_off_by_a_thousand(
    workspace: Path, tmp_path: Path, forecast_command: Command
) -> None:
    micro = [
        ",".join([*line.split(",")[:6], str(int(float(line.split(",")[6]) * 1000)), *line.split(",")[7:]])
        for line in rows()
    ]  # fmt: skip
    done = forecast_command("ingest", write(tmp_path / "城.csv", micro), "-w", workspace)
    assert_one_sentence(done, 3)
    assert "CO" in done.stderr
    milli = [
        ",".join([*line.split(",")[:3], str(float(line.split(",")[3]) / 1000), *line.split(",")[4:]])
        for line in rows()
    ]  # fmt: skip
    done = forecast_command("ingest", write(tmp_path / "市.csv", milli), "-w", workspace)
    assert_one_sentence(done, 3)
    assert "PM2.5" in done.stderr
    assert stored(workspace).empty


def test_a_year_with_200_valid_days(
    workspace: Path, tmp_path: Path, forecast_command: Command
) -> None:
    lines = rows("2020-01-01", 366) + rows("2021-01-01", 365)[165:]
    file = write(tmp_path / "城.csv", lines)
    assert forecast_command("ingest", file, "-w", workspace).returncode == 0
    done = forecast_command(
        "run", "-w", workspace, "--as-of", "2021-12-31", "--year", "2021", "--paths", "50", "--json",
        charts=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = {
        p["indicator"]: p for p in json.loads(done.stdout)["projections"] if p["domain"] == "air"
    }
    for name in ("pm25_annual_mean", "good_day_ratio"):
        assert found[name]["observed"]["n_valid"] == 200
        assert found[name]["forecast"] is None
        assert "200" in found[name]["reason"]
    (target,) = found["pm25_annual_mean"]["targets"]
    assert target["verdict"] == "INSUFFICIENT_DATA"
    assert target["probability"] is None


def test_a_section_without_items_that_decide_a_class(
    workspace: Path, tmp_path: Path, forecast_command: Command
) -> None:
    header = (
        "province,basin,city,river,section,time,class,class_num,status,water_temp_c,ph,do_mgl,"
        "cond_uscm,turb_ntu,codmn_mgl,nh3n_mgl,tp_mgl,tn_mgl,chla_mgl,algae_cells,src"
    )
    lines = [
        f"某省,某流域,某市,某河,某断面,{day.date()} 08:00,,,正常,{10 + k % 9},,,300,5,,,,1.2,,,test"
        for k, day in enumerate(pd.date_range("2020-01-05", periods=24, freq="MS"))
    ]
    file = write(tmp_path / "断面.csv", lines, header=header)
    assert forecast_command("ingest", file, "-w", workspace).returncode == 0
    done = forecast_command(
        "run", "-w", workspace, "--as-of", "2021-06-30", "--paths", "50", "--json", charts=False
    )
    assert done.returncode == 0, done.stderr
    (entry,) = [
        p for p in json.loads(done.stdout)["projections"] if p["indicator"] == "section_class"
    ]
    assert entry["forecast"] is None
    assert [t["verdict"] for t in entry["targets"]] == ["INSUFFICIENT_DATA"]


def test_a_target_file_with_an_unknown_indicator(
    workspace: Path, tmp_path: Path, forecast_command: Command
) -> None:
    assert (
        forecast_command("ingest", write(tmp_path / "城.csv", rows()), "-w", workspace).returncode
        == 0
    )
    (workspace / "plans").mkdir(exist_ok=True)
    (workspace / "plans" / "own.toml").write_text(
        'id = "own"\ntitle = "自定"\nregion = "城"\n[[target]]\nid = "own-1"\ndomain = "air"\n'
        'indicator = "pm25_anual_mean"\nlabel_zh = "PM2.5"\nlabel_en = "PM2.5"\n'
        'kind = "threshold"\ncomparator = "<="\nvalue = 35\nunit = "µg/m³"\nyear = 2021\n',
        encoding="utf-8",
    )  # fmt: skip
    done = forecast_command("run", "-w", workspace)
    assert_one_sentence(done, 1)
    assert "own.toml" in done.stderr
    assert "pm25_anual_mean" in done.stderr
    assert not [p for p in (workspace / "reports").iterdir() if p.is_dir()]


def test_a_folder_that_is_no_workspace(tmp_path: Path, forecast_command: Command) -> None:
    done = forecast_command("run", "--workspace", tmp_path)
    assert_one_sentence(done, 1)
    assert "forecast init" in done.stderr


def test_an_empty_workspace_has_nothing_to_run(workspace: Path, forecast_command: Command) -> None:
    assert_one_sentence(forecast_command("run", "-w", workspace), 1)


@pytest.mark.parametrize(
    "wrong",
    [
        ["run", "--as-of", "2021-13-01"],
        ["run", "--paths", "0"],
        ["run", "--standard", "HJ 633-1999"],
        ["run", "--lang", "fr"],
        ["run", "--model", "crystal-ball"],
        ["no-such-command"],
        ["standard", "aqi"],
    ],
)
def test_wrong_usage_is_exit_2(wrong: list[str], one_city: Path, forecast_command: Command) -> None:
    extra = ["-w", str(one_city)] if wrong[0] == "run" else []
    assert_one_sentence(forecast_command(*wrong, *extra), 2)
    assert not any(one_city.glob("reports/*/"))
