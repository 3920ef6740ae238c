"""``forecast report`` as a process: files in four formats, one sentence for what is asked wrongly."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]

#: Chapters without a chart: drawing is tested elsewhere.
_CHAPTERS = "summary,basis,targets,appendix"


@pytest.fixture(scope="module")
def workspace(made_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample with a run that drew nothing: the chapters asked for here have no chart."""
    return Path(shutil.copytree(made_run, tmp_path_factory.mktemp("report") / "sample"))


@pytest.fixture(scope="module")
def written(workspace: Path, forecast_command: Command) -> dict[str, object]:
    done = forecast_command(
        "report",
        "--workspace",
        workspace,
        "--chapters",
        _CHAPTERS,
        "--date",
        "2025-07-03",
        "--json",
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, object] = json.loads(done.stdout)
    return told


def _files(written: dict[str, object]) -> dict[str, Path]:
    (paths,) = written["files"].values()  # type: ignore[attr-defined]
    return {Path(p).suffix: Path(p) for p in paths}


def test_every_format_is_written_beside_the_run(
    workspace: Path, written: dict[str, object]
) -> None:
    files = _files(written)
    assert list(files) == [".html", ".docx", ".xlsx", ".pdf"]
    folder = workspace / "reports" / str(written["run"]) / "review"
    for path in files.values():
        assert path.parent == folder and path.name.startswith("review-衡水-2025.")
    assert files[".docx"].read_bytes()[:2] == files[".xlsx"].read_bytes()[:2] == b"PK"
    assert files[".pdf"].read_bytes()[:5] == b"%PDF-"
    record = json.loads((folder / "review.json").read_text(encoding="utf-8"))
    assert record["written"] == "2025-07-03"
    for told in record["files"]:
        assert hashlib.sha256((folder / told["path"]).read_bytes()).hexdigest() == told["sha256"]


def test_the_same_report_twice_is_the_same_bytes(
    workspace: Path, written: dict[str, object], forecast_command: Command, tmp_path: Path
) -> None:
    done = forecast_command(
        "report", "--workspace", workspace, "--chapters", _CHAPTERS, "--date", "2025-07-03",
        "--out", tmp_path / "again", "--quiet",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for path in _files(written).values():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes(), path.suffix


def test_every_number_of_the_word_text_stands_in_a_table_of_the_file(
    written: dict[str, object],
) -> None:
    """Read back from the file that a user opens, not from what it was written from."""
    from docx import Document

    file = Document(str(_files(written)[".docx"]))
    tables = " ".join(c.text for t in file.tables for row in t.rows for c in row.cells)
    there = set(re.findall(r"\d+(?:\.\d+)?", tables))
    shown = [p for p in file.paragraphs if p.style.name.startswith(("报告正文", "报告要点"))]
    assert len(shown) > 8
    names = re.compile(
        r"PM2\.5|PM10|O3-8h|SO2|NO2|第\d+百分位|90 ?%区间|[表图]\d+"
        r"|\d{4}年(?:\d{1,2}月\d{1,2}日)?|\d{1,2}月\d{1,2}日|（\d{4}）"
    )
    told = 0
    for paragraph in shown:
        numbers = set(re.findall(r"\d+(?:\.\d+)?", names.sub(" ", paragraph.text)))
        told += len(numbers)
        assert numbers <= there, f"{numbers - there} in {paragraph.text}"
    assert told > 25


def test_an_english_report_carries_its_language_in_its_name(
    workspace: Path, forecast_command: Command, tmp_path: Path
) -> None:
    done = forecast_command(
        "report", "--workspace", workspace, "--chapters", "summary", "--format", "docx", "--lang",
        "en", "--kind", "final", "--out", tmp_path, "--quiet",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(tmp_path / "final-review-衡水-2025-en.docx")


def test_settings_of_the_workspace_hold_and_options_override_them(
    workspace: Path, forecast_command: Command, tmp_path: Path
) -> None:
    own = shutil.copytree(workspace, tmp_path / "own")
    config = own / "forecast.toml"
    text = config.read_text(encoding="utf-8")
    assert 'organisation = ""' in text and "chapters = []" in text
    text = text.replace('organisation = ""', 'organisation = "示例市生态环境局"')
    config.write_text(text.replace("chapters = []", 'chapters = ["summary"]'), encoding="utf-8")
    out = tmp_path / "out"
    for more, titles in (((), ["一、摘要"]), (("--chapters", "basis"), ["一、评价依据与数据"])):
        done = forecast_command(
            "report", "--workspace", own, "--format", "html", "--out", out, "--quiet", *more
        )
        assert done.returncode == 0, done.stderr
        page = Path(done.stdout.strip()).read_text(encoding="utf-8")
        assert "示例市生态环境局" in page
        heads = re.findall(r"<h2[^>]*>(.*?)</h2>", page)
        assert [t for t in titles if any(t in re.sub("<[^>]*>", "", h) for h in heads)] == titles


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("--run", "20200101-0123456789ab"), 2, "There is no run 20200101-0123456789ab"),
        (("--format", "odt"), 2, "--format odt is not known"),
        (("--kind", "weekly"), 2, "--kind weekly is not known"),
        (("--chapters", "weather"), 2, "There is no chapter called weather"),
        (("--region", "石家庄"), 1, "石家庄"),
        (("--date", "3.7.2025"), 2, "--date 3.7.2025 is not a date"),
        (("--kind", "final", "--plan", "nowhere"), 1, "nowhere"),
        (("--template", "missing.docx"), 2, "missing.docx"),
    ],
)
def test_what_is_asked_wrongly_gets_one_sentence(
    workspace: Path, forecast_command: Command, tmp_path: Path,
    arguments: tuple[str, ...], code: int, sentence: str,
) -> None:  # fmt: skip
    done = forecast_command(
        "report", "--lang", "en", "--workspace", workspace, "--out", tmp_path / "o", *arguments
    )
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr and done.stderr.count("\n") == 1
    assert done.returncode == code
    assert not list(tmp_path.rglob("*.docx"))
