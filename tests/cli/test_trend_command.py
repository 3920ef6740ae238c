"""The command ``forecast trend`` as a process."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def sample(made_plain: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(made_plain, tmp_path_factory.mktemp("trend") / "W"))


def test_words_in_one_language_and_files(
    forecast_command: Run, sample: Path, tmp_path: Path
) -> None:
    done = forecast_command(
        "trend", "pm25", "--workspace", sample, "--method", "theil_sen,attainment", "--lang", "en",
        "--out", tmp_path / "out", "--format", "svg",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "衡水: trend of PM2.5, 2015-01-01 to 2025-06-30 [µg/m³]"
    assert lines[2].startswith("· Theil-Sen: -") and "step at 2018-09-01" in lines[2]
    assert sorted(p.suffix for p in (tmp_path / "out").iterdir()) == [
        ".csv",
        ".csv",
        ".json",
        ".svg",
    ]


def test_json_is_all_that_is_printed(forecast_command: Run, sample: Path) -> None:
    done = forecast_command("trend", "--workspace", sample, "--json", "--no-deseason")
    told = json.loads(done.stdout)
    assert done.returncode == 0 and told["name"] == "all"
    assert [row["item"] for row in told["table"]] == ["so2", "no2", "pm10", "pm25", "co", "o3_8h"]
    assert "未去季节" in told["methods"][3]["words_zh"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["pm1"], 2, "Items of air: so2, no2"),
        (["pm25", "--region", "石家庄"], 1, "Regions with readings"),
        (["pm25", "--from", "2025-05", "--to", "2025-05"], 1, "2025-05-01 to 2025-05-31"),
        (["pm25", "--method", "weather"], 1, "forecast fetch open-meteo"),
        (["pm25", "--method", "lowess"], 2, "Methods: theil_sen"),
        (["pm25", "--model", "xx"], 2, "Models: forest, boosting"),
        (["pm25", "--format", "gif"], 2, "png, svg and pdf"),
        (["tp"], 2, "Name one with --place"),
    ],
)
def test_errors_name_the_cure(
    forecast_command: Run, sample: Path, arguments: list[str], code: int, said: str
) -> None:
    done = forecast_command("trend", *arguments, "--workspace", sample, "--lang", "en")
    assert done.returncode == code, done.stderr
    assert said in done.stderr and "Traceback" not in done.stderr and not done.stdout
