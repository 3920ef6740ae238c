"""The page on WRTDS: its example runs and prints what it shows, its table names what there is."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

from forecast.trend import wrtds

_PAGE = (Path(__file__).parents[2] / "docs" / "wrtds.md").read_text(encoding="utf-8")


def test_the_example_prints_what_is_shown() -> None:
    code, shown = (
        re.search(rf"^```{kind}\n(.*?)^```$", _PAGE, flags=re.MULTILINE | re.DOTALL)
        for kind in ("python", "text")
    )
    assert code and shown
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code[1], "docs/wrtds.md", "exec"), {})  # noqa: S102
    assert printed.getvalue() == shown[1]


def test_the_table_names_every_question() -> None:
    """Each public name of the fitted record has a row."""
    named = set(re.findall(r"^\| `\.(\w+)", _PAGE, flags=re.MULTILINE))
    assert named == {name for name in vars(wrtds.Wrtds) if not name.startswith("_")}
