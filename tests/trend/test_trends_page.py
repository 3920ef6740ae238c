"""The page on trends: its example runs and prints what it shows, its table names what there is."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

from forecast import trend

_PAGE = (Path(__file__).parents[2] / "docs" / "trends.md").read_text(encoding="utf-8")


def test_the_example_prints_what_is_shown() -> None:
    code, shown = (
        re.search(rf"^```{kind}\n(.*?)^```$", _PAGE, flags=re.MULTILINE | re.DOTALL)
        for kind in ("python", "text")
    )
    assert code and shown
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code[1], "docs/trends.md", "exec"), {})  # noqa: S102
    assert printed.getvalue() == shown[1]


def test_the_table_names_every_function() -> None:
    rows = re.findall(r"^\| (`[^|]*) \|", _PAGE, flags=re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)", row)}
    functions = {name for name in trend.__all__ if name[0].islower()}
    assert functions <= named


def test_the_public_functions_of_the_package() -> None:
    functions = [name for name in trend.__all__ if name[0].islower()]
    assert functions == [
        "annual_theil_sen", "attainment_year", "basis_step", "break_points", "daniel_test",
        "deseasonalise", "explain_good_days", "fill_months", "good_days_by_standard",
        "good_days_change", "mann_kendall", "monthly_means", "normal_bad_days", "seasonal_dependence",
        "seasonal_mann_kendall", "smooth_trend", "theil_sen", "theil_sen_groups", "trend_table",
        "weather_normalise",
    ]  # fmt: skip
    assert all(hasattr(trend, name) for name in trend.__all__)
