"""Settings that name files stay in the workspace, but for the folders that are allowed."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from forecast.configuration import Config
from forecast.configuration_paths import PathSettings, check_inside
from forecast.errors import WorkspaceError


@pytest.mark.parametrize(
    "named", ["", "plans", "plans/own", "./plans", "a b/规划", "plans\\own", "..plans", "a..b/c"]
)
def test_paths_in_the_workspace(named: str) -> None:
    check_inside("[plans] folder", named, [])
    assert PathSettings().outside == []


@pytest.mark.parametrize(
    "named",
    ["..", "../plans", "plans/../../x", "/etc", "~/plans", "C:\\plans", "C:plans", "\\\\host\\share",
     "\\etc", "plans\\..\\..\\x", "//host/share"],
)  # fmt: skip
def test_paths_that_leave_it(named: str) -> None:
    with pytest.raises(ValueError, match=r"\[plans\] folder = .* leads out of the workspace"):
        check_inside("[plans] folder", named, [])


@pytest.mark.parametrize(
    ("named", "outside", "allowed"),
    [
        ("/srv/plans", ["/srv/plans"], True),
        ("/srv/plans/2025", ["/srv/plans/"], True),
        ("/srv/plans2", ["/srv/plans"], False),
        ("/srv/plans/../secret", ["/srv/plans"], False),
        ("/srv/plans/..", ["/srv/plans"], False),
        ("../plans/own", ["../plans"], True),
        ("../plans/../x", ["../plans"], False),
        ("../../x", [".."], False),
        ("../x", [".."], True),
        ("D:\\plans\\2025", ["D:/plans"], True),
        ("/etc", ["/srv", "/etc"], True),
        ("/etc", ["", "."], False),
    ],
)
def test_folders_that_are_allowed(named: str, outside: list[str], allowed: bool) -> None:
    if allowed:
        check_inside("[plans] folder", named, outside)
        return
    with pytest.raises(ValueError, match="leads out"):
        check_inside("[plans] folder", named, outside)


def test_an_address_with_a_password_is_refused_without_it(tmp_path: Path) -> None:
    path = tmp_path / "forecast.toml"
    path.write_text('[run]\ncluster_tables = "ftp://me:secret@host/x"\n', encoding="utf-8")
    with pytest.raises(WorkspaceError, match=r"ftp://me:\*\*\*@host/x") as told:
        Config.load(path)
    assert "secret" not in str(told.value)


def test_a_blank_folder_allows_nothing() -> None:
    with pytest.raises(ValidationError, match="a folder is blank"):
        PathSettings(outside=[" "])
