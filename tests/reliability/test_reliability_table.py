"""The table of faults names tests that are there, and no row lacks anything."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

_TESTS = Path(__file__).parents[1]
_PAGE = _TESTS.parent / "docs" / "reliability.md"

_ROWS = [
    [cell.strip() for cell in line.strip().strip("|").split("|")]
    for line in _PAGE.read_text(encoding="utf-8").splitlines()
    if line.startswith("| ")
][1:]


@pytest.mark.parametrize("row", _ROWS, ids=lambda row: row[0][:40])
def test_every_fault_has_a_promise_a_test_and_a_result(row: list[str]) -> None:
    assert len(row) == 4 and all(row)
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", row[2])
    assert named and re.sub(r"`[\w/]+\.py::\w+`", "", row[2]).strip() == ""
    for file, name in named:
        tree = ast.parse((_TESTS / file).read_text(encoding="utf-8"))
        assert name in {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}, name


def test_every_fault_test_of_this_folder_is_in_the_table() -> None:
    named = " ".join(row[2] for row in _ROWS)
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        if path.name in ("test_reliability_table.py", "test_soak.py"):
            continue
        assert f"reliability/{path.name}::" in named, path.name
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                assert f"reliability/{path.name}::{node.name}`" in named or node.name in _PARTS


#: Parts of what others of the table show.
_PARTS = {
    "test_a_lock_that_is_given_back_in_time_is_waited_for", "test_a_lock_does_not_look_at_the_clock",
}  # fmt: skip


def test_the_page_knows_every_fault_that_must_be_survived() -> None:
    faults = " ".join(row[0] for row in _ROWS)
    for word in (
        "killed", "disk full", "power cut", "clock", "fires twice", "at once", "damaged part",
        "stored model", "latest", "hangs", "only be read", "typo", "earlier layout", "torn line",
    ):  # fmt: skip
        assert word in faults, word
