"""The page on air scenarios: its example runs as printed, and it lists every default."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from forecast.scenario.air_defaults import air_default_rows
from forecast.scenario.priors import prior, prior_rows, read_table

_PAGE = (Path(__file__).parents[2] / "docs" / "scenario_air.md").read_text(encoding="utf-8")
_SECTORS = ("scale", "secondary", "background", "delta", "place")


def test_the_example_prints_what_the_page_shows(capsys: pytest.CaptureFixture[str]) -> None:
    code, shown = (
        re.search(rf"^```{kind}\n(.*?)^```$", _PAGE, flags=re.MULTILINE | re.DOTALL)
        for kind in ("python", "text")
    )
    assert code and shown
    exec(compile(code[1], "docs/scenario_air.md", "exec"), {})  # noqa: S102
    assert capsys.readouterr().out == shown[1]


def test_every_default_is_listed_with_its_range_grade_and_source() -> None:
    rows = air_default_rows("全国") + prior_rows(
        {f"sector_{n}": prior(f"sector_{n}") for n in _SECTORS}
    )
    assert len(rows) > 40
    for r in rows:
        line = f"| `{r['parameter']}` | {r['median']:.3g} | {r['q10']:.3g} to {r['q90']:.3g} | {r['grade']} |"
        assert f"{line} {r['source']} |" in _PAGE


def test_every_regime_is_listed() -> None:
    for r in read_table("ozone_regimes"):
        numbers = " | ".join(r[k] for k in ("saturated", "transitional", "limited", "amplitude"))
        assert f"| {r['region']} | {r['season']} | {numbers} |" in _PAGE
