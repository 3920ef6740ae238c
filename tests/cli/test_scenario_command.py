"""``forecast scenario`` as a process: new, run, compare, solve, and what it says when it can't."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]

#: Keys of the object that ``--json`` prints.
_KEYS = {
    "region", "place", "year", "as_of", "first_day", "n_paths", "seed", "packages", "rows", "water", "sections",
    "left_out", "findings", "not_quantified", "tonnes", "hindcast", "learning", "regimes", "defaults",
    "solutions", "folder",
}  # fmt: skip


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory, _made_sample: Path) -> Path:
    """The folder of the built-in sample; its reports grow with each command."""
    return Path(shutil.copytree(_made_sample, tmp_path_factory.mktemp("scenario") / "W"))


def test_a_run_prints_its_table_and_leaves_its_files(
    sample: Path, forecast_command: Command
) -> None:
    """The table names package and target; chart, tables with a mark for spreadsheets, and a page."""
    done = forecast_command(
        "scenario", "run", "示例减排", "--paths", "200", "-w", sample, "--lang", "zh"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "示例:区域各项排放减两成" in done.stdout
    assert "条件估计" in done.stdout
    assert "PM2.5年均浓度" in done.stdout
    assert "回溯" in done.stdout
    page = Path(done.stdout.strip().splitlines()[-1].partition(":")[2])
    names = {p.suffix for p in page.parent.iterdir()}
    assert {".html", ".json", ".csv", ".png", ".svg"} <= names
    assert (page.parent / "targets.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    with (page.parent / "targets.csv").open(encoding="utf-8-sig", newline="") as file:
        assert {row["package"] for row in csv.DictReader(file)} == {"", "示例:区域各项排放减两成"}


def test_json_is_the_object_alone_and_stands_once(sample: Path, forecast_command: Command) -> None:
    """Machine output on stdout, the same as in the folder; asked again it is the same folder."""
    folders = []
    for _ in range(2):
        done = forecast_command(
            "scenario", "run", "--cut", "NOx=10%", "--paths", "100", "--json", "-w", sample
        )
        told = json.loads(done.stdout)
        assert set(told) == _KEYS | {"interval", "run_id", "standard", "sample"}
        folders.append(told.pop("folder"))
        stored = json.loads((Path(folders[-1]) / "scenario.json").read_text(encoding="utf-8"))
        assert stored == told
    assert folders[0] == folders[1]


def test_packages_that_can_not_be_quantified_end_in_code_4(
    sample: Path, forecast_command: Command
) -> None:
    """Done in part: the baseline and what is missing are printed."""
    done = forecast_command(
        "scenario", "compare", "hengshui", "示例减排", "--paths", "100", "-w", sample,
        "--lang", "en", "--no-save",
    )  # fmt: skip
    assert done.returncode == 4
    assert "4,000 t of NOx can't become percent" in done.stdout
    assert "page:" not in done.stdout


def test_solve_says_the_scale_and_the_tonnes(
    sample: Path, tmp_path: Path, forecast_command: Command
) -> None:
    """The scale in words, its tonnes by sector in the object, a table beside it."""
    file = tmp_path / "a.toml"
    rows = "".join(
        f'[[emissions]]\nyear = 2023\nsector = "{s}"\npollutant = "{p}"\namount = "{t} t"\n'
        for s, p, t in (
            ("industry", "SO2", 9000),
            ("industry", "PM25", 6000),
            ("transport", "NOx", 9000),
        )
    )
    cuts = "".join(
        f'[[measures]]\nname = "{p}"\nsector = "{s}"\npollutants = ["{p}"]\ncut = "12%"\n'
        'scope = "region"\nstart = 2025-07-01\n'
        for s, p in (("industry", "SO2"), ("industry", "PM25"))
    )
    file.write_text(f'name = "a"\nregion = "衡水"\n{rows}{cuts}', encoding="utf-8")
    done = forecast_command(
        "scenario", "solve", file, "--probability", "0.6", "--target", "pm25_annual_mean", "--paths",
        "300", "--json", "-w", sample,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    firm = next(s for s in told["solutions"] if s["target"] == "hengshui-2025-pm25-firm")
    assert firm["reached"] >= 0.6
    cut = {row["pollutant"]: row["cut_t"] for row in firm["tonnes"]}
    whole = {row["pollutant"]: row["cut_t"] for row in told["tonnes"]}
    assert cut["SO2"] == pytest.approx(firm["scale"] * whole["SO2"], rel=1e-6)
    assert (Path(told["folder"]) / "solutions.csv").is_file()


def test_a_map_of_two_levers(sample: Path, forecast_command: Command) -> None:
    """The grid in the object and as a chart."""
    done = forecast_command(
        "scenario",
        "solve",
        "--map",
        "NOx,VOC",
        "--most",
        "40",
        "--paths",
        "100",
        "--json",
        "-w",
        sample,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["map"]["levers"] == ["NOx", "VOC"]
    assert len(told["map"]["rows"]) == 49
    assert any("map" in p.name for p in Path(told["folder"]).glob("*.png"))


def test_a_new_file_is_ready_to_run(
    sample: Path, tmp_path: Path, forecast_command: Command
) -> None:
    """It loads as it is; a second one is refused."""
    file = tmp_path / "新 情景.toml"
    done = forecast_command("scenario", "new", "--out", file, "--no-plan", "-w", sample)
    assert done.returncode == 0, done.stderr
    assert "cut" in file.read_text(encoding="utf-8")
    again = forecast_command("scenario", "new", "--out", file, "-w", sample, "--lang", "en")
    assert again.returncode == 2
    assert "is there already" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["run"], 2, "No scenario is given"),
        (["run", "没有这个"], 1, "no scenario file"),
        (["run", "--cut", "NOx=200%"], 2, "over 100 %"),
        (["run", "--cut", "NOx=10%", "--start", "2027-01-01"], 1, "after 2025-12-31"),
        (["run", "--cut", "NOx=10%", "--scope", "world"], 2, "scope"),
        (["run", "--cut", "NOx=10%", "--cut", "NOx=10%"], 2, "once"),
        (["run", "--cut", "NOx=10%", "--year", "2024"], 1, "is over"),
        (["run", "--cut", "NOx=10%", "--region", "北京"], 1, "no readings of the region"),
        (["compare", "示例减排"], 2, "can't be compared"),
        (["compare", "示例减排", "示例减排"], 2, "named"),
        (["solve", "--cut", "NOx=10%", "--probability", "1.2"], 2, "between 0 and 1"),
        (["solve", "--cut", "NOx=10%", "--target", "x"], 2, "no target x"),
        (["solve", "--map", "NOx"], 2, "two levers"),
        (["solve", "--map", "NOx,碳"], 1, "碳"),
        (["solve", "hengshui"], 1, "can't become percent"),
    ],
)  # fmt: skip
def test_what_can_not_be_done_is_one_sentence(
    sample: Path, forecast_command: Command, arguments: list[str], code: int, said: str
) -> None:
    """Exit code, what is wrong, no traceback."""
    done = forecast_command("scenario", *arguments, "--paths", "60", "-w", sample, "--lang", "en")
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_out_never_replaces_a_folder_of_other_things(
    sample: Path, tmp_path: Path, forecast_command: Command
) -> None:
    """A folder with anything but an earlier answer is left alone."""
    (tmp_path / "mine.txt").write_text("x", encoding="utf-8")
    done = forecast_command(
        "scenario", "run", "--cut", "NOx=10%", "--paths", "60", "--out", tmp_path, "-w", sample
    )
    assert done.returncode == 2
    assert (tmp_path / "mine.txt").is_file()
