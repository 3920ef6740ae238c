"""Results of many places: written by lines, told in few words, compared place by place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from forecast.configuration import Config
from forecast.errors import WorkspaceError
from forecast.report.change_words import change_sentences
from forecast.runs.manifest import to_json, write_result


def test_a_large_result_has_a_line_an_entry_and_the_same_content(tmp_path: Path) -> None:
    whole = {
        "run": {"id": "x", "inputs": []},
        "projections": [{"region": f"地区{k}", "quantiles": {"0.5": k / 3}} for k in range(5000)],
        "warnings": [],
    }
    write_result(whole, tmp_path / "large.json")
    lines = (tmp_path / "large.json").read_text("utf-8").splitlines()
    assert json.loads("\n".join(lines)) == whole
    assert len(lines) == 5000 + 6
    few = {**whole, "projections": whole["projections"][:4999]}
    write_result(few, tmp_path / "small.json")
    assert (tmp_path / "small.json").read_text("utf-8") == to_json(few)
    with pytest.raises(ValueError, match="JSON compliant"):
        write_result({"projections": [float("nan")] * 5000}, tmp_path / "bad.json")


def _told(rows: list[dict[str, object]]) -> list[tuple[str, str]]:
    head = {"id": "a", "as_of": "2025-06-29"}
    return change_sentences({"since": head, "run": head, "rows": rows})


def test_new_days_of_many_places_are_one_sentence_each_kind() -> None:
    rows: list[dict[str, object]] = [
        {"kind": "new_days", "domain": "air", "region": f"城{k}", "place": f"城{k}",
         "first": "2025-06-30", "last": "2025-06-30", "days": 1, "values": 6}
        for k in range(300)
    ]  # fmt: skip
    rows[7] |= {"first": "2025-06-29", "days": 2}
    said = _told(rows)
    assert ("299个地点:新增1天(2025-06-30)。", "299 places: 1 day new (2025-06-30).") in said
    assert any(zh.startswith("城7:新增2天") for zh, _ in said) and len(said) == 4


def test_revisions_of_many_places_are_told_of_those_with_most() -> None:
    rows: list[dict[str, object]] = [
        {"kind": "revised", "domain": "air", "region": f"城{k}", "place": f"城{k}", "item": "pm25",
         "day": "2025-06-01", "old": 10.0, "new": 11.0, "of": 1 + k}
        for k in range(40)
    ]  # fmt: skip
    said = _told(rows)
    assert said[1][0].startswith("城39:40个已有数值被修订") and len(said) == 15
    assert ("……另有28条,见 changes.json。", "… 28 more: changes.json.") in said


@pytest.mark.parametrize("value", ['"auto"', '"all"', "0", "12"])
def test_charts_may_be_auto_all_or_a_number(value: str, tmp_path: Path) -> None:
    (tmp_path / "forecast.toml").write_text(f"[report]\ncharts = {value}\n", encoding="utf-8")
    assert Config.load(tmp_path / "forecast.toml").report.charts == json.loads(value)


@pytest.mark.parametrize("value", ['"some"', "-1", "true", "1.5"])
def test_anything_else_is_one_sentence(value: str, tmp_path: Path) -> None:
    (tmp_path / "forecast.toml").write_text(f"[report]\ncharts = {value}\n", encoding="utf-8")
    with pytest.raises(WorkspaceError, match=r"\[report\] charts = .*auto"):
        Config.load(tmp_path / "forecast.toml")
