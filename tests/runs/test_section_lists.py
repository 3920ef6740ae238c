"""Lists of sections: which sections a share is counted over, and from when to when."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from forecast.ingest import ingest_paths
from forecast.runs.inputs import section_sets
from forecast.workspace import Workspace


def test_a_list_becomes_a_set_for_each_stretch_of_days(tmp_path: Path) -> None:
    ws = Workspace.create(tmp_path / "w")
    path = tmp_path / "断面集.csv"
    path.write_text(
        "断面集,城市,断面,启用日期,停用日期\n"
        "国考,甲市,一号桥,,\n"
        "国考,甲市,二号桥,2021-01-01,\n"
        "国考,甲市,三号桥,,2020-12-31\n"
        "省考,甲市,四号桥,2022-01-01,2025-12-31\n",
        encoding="utf-8",
    )
    assert ingest_paths(ws, [path]).exit_code == 0
    (sets,) = section_sets(ws).values()

    def of(name: str, day: date) -> tuple[str, ...]:
        found = [s.sections for s in sets if s.name == name and s.covers(day)]
        assert len(found) <= 1
        return found[0] if found else ()

    assert of("国考", date(2020, 12, 31)) == ("一号桥", "三号桥")
    assert of("国考", date(2021, 1, 1)) == ("一号桥", "二号桥")
    assert of("省考", date(2021, 12, 31)) == ()
    assert of("省考", date(2025, 12, 31)) == ("四号桥",)
    assert of("省考", date(2026, 1, 1)) == ()


def test_the_configuration_goes_before_a_list_of_the_same_name(tmp_path: Path) -> None:
    ws = Workspace.create(tmp_path / "w")
    text = ws.config_path.read_text(encoding="utf-8")
    ws.config_path.write_text(
        text + '\n[[section_sets]]\nname = "国考"\nregion = "甲市"\nsections = ["五号桥"]\n',
        encoding="utf-8",
    )
    path = tmp_path / "断面集.csv"
    path.write_text("断面集,城市,断面\n国考,甲市,一号桥\n", encoding="utf-8")
    ingest_paths(ws, [path])
    (sets,) = section_sets(Workspace.open(ws.root)).values()
    assert [s.sections for s in sets] == [("五号桥",)]
