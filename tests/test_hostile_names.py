"""Names that come from files are mere characters in the terminal and in charts."""

from __future__ import annotations

import io

import pandas as pd
import pytest

from forecast.charts.fonts import chart_fonts
from forecast.cli import main
from forecast.report.figure_parts import stem
from forecast.terminal import Console, complain
from forecast.terminal_text import without_orders

NAMES = [
    "[/red]",
    "[bold]x[/bold]",
    ":smile:",
    "\x1b[2J\x1b[31m红",
    "a\u202egnp.exe",
    "=1+1",
    "$x^{$",
]


@pytest.mark.parametrize("name", NAMES)
def test_tables_and_sentences_show_them_as_they_are(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {
        "id": name, "label_zh": name, "label_en": name, "comparator": "<=", "value": 35.0,
        "unit": "µg/m³", "year": 2025, "period": "", "binding": "binding", "entered": name,
    }  # fmt: skip
    console = Console("zh")
    console.targets(pd.DataFrame([row]))
    console.say(name, name)
    shown = capsys.readouterr().out
    assert shown.count(without_orders(name)) >= 4
    assert "\x1b" not in shown and "\u202e" not in shown


@pytest.mark.parametrize("name", NAMES)
def test_an_error_shows_them_as_they_are(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["chart", name, "--workspace", "no such workspace"])
    assert ended.value.code in (1, 2)
    said = capsys.readouterr().err
    complain(f"{name} is odd.")
    assert capsys.readouterr().err == f"forecast: {without_orders(name)} is odd.\n"
    assert not set(said) & {"\x1b", "\u202e"}


@pytest.mark.parametrize("name", ["$x^{$", r"$\frac$", "$$", "a$b", "{{7*7}}", r"\alpha"])
def test_a_chart_draws_dollar_signs_as_such(name: str) -> None:
    with chart_fonts(only_packaged=True):
        from matplotlib.figure import Figure

        figure = Figure(figsize=(2, 1))
        text = figure.text(0.1, 0.5, name)
        out = io.StringIO()
        figure.savefig(out, format="svg")
    assert not text.get_parse_math()
    assert out.getvalue().startswith("<?xml")


def test_names_of_files_hold_nothing_that_a_system_obeys() -> None:
    for name in [*NAMES, "../../etc", "a/b\\c", "con:x", "x\ny"]:
        made = stem("chart", name)
        assert not set(made) & set('\x1b\n<>:"/\\|?*#%') and not made.startswith(".")
