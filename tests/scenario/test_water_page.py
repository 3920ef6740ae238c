"""The page on water scenarios: its example runs as printed, and it lists every default."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from forecast.scenario.water_priors import shipped_water_priors

_PAGE = (Path(__file__).parents[2] / "docs" / "scenario_water.md").read_text(encoding="utf-8")


def _block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```$", _PAGE, flags=re.MULTILINE | re.DOTALL)
    assert found is not None
    return found.group(1)


def test_the_example_prints_what_the_page_shows(capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(_block("python"), "scenario_water.md", "exec"), {"text": _block("toml")})  # noqa: S102
    assert capsys.readouterr().out == _block("text")


def test_every_default_is_listed_with_its_grade() -> None:
    for row in shipped_water_priors().table():
        words = f"| {row['zh']} · {row['en']} | {row['value']} | {row['unit']} | {row['grade']} |"
        assert words in _PAGE
