"""Plan files that can't be used: one sentence with the file, the target and what is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from forecast.errors import TargetError
from forecast.targets import find_plan, load_plan, load_plans
from forecast.targets.model import Target

GOOD = """\
id = "mine"
title = "某市计划"
region = "某市"

[[section_set]]
name = "考核断面"
n = 5
valid_from = 2021-01-01

[[target]]
id = "mine-2025-pm25"
domain = "air"
indicator = "pm25_annual_mean"
label_zh = "PM2.5年均浓度"
label_en = "PM2.5 annual mean"
kind = "threshold"
comparator = "<="
value = 30
unit = "µg/m³"
year = 2025
"""


def write(folder: Path, text: str, name: str = "own.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_user_plan_joins_the_built_in_ones(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    plans = load_plans(tmp_path)
    assert {"mine", "national", "hengshui"} <= {p.id for p in plans}
    assert find_plan(plans, "mine").target[0].region == "某市"


def test_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "bom.toml"
    path.write_text(GOOD, encoding="utf-8-sig")
    assert load_plan(path).id == "mine"


def test_a_user_plan_replaces_a_built_in_one(tmp_path: Path) -> None:
    write(tmp_path, GOOD.replace('id = "mine"', 'id = "ankang"'))
    assert len(find_plan(load_plans(tmp_path), "ankang").target) == 1


def test_only_named_plans_and_the_national_one() -> None:
    assert [p.id for p in load_plans(names=["hengshui"])] == ["hengshui", "national"]


def test_a_missing_folder_is_no_error(tmp_path: Path) -> None:
    assert len(load_plans(tmp_path / "none")) == 6


@pytest.mark.parametrize(
    ("old", "new", "message", "cure"),
    [
        ("pm25_annual_mean", "pm26_annual_mean", "unknown indicator 'pm26_annual_mean'", "plan"),
        ('comparator = "<="', 'comparator = "<"', "unknown comparator '<'", "<=, >=, =="),
        ('kind = "threshold"', 'kind = "limit"', "unknown kind 'limit'", "threshold, trend"),
        ("value = 30", "vaule = 30", "unknown key 'vaule'", "comparator, value"),
        ("value = 30", "# no value", "needs a value or a token", ""),
        ("value = 30", 'token = "SOON"', "unknown token 'SOON'", ""),
        ('label_zh = "PM2.5年均浓度"', "# none", "lacks the key 'label_zh'", "Add it."),
        ("value = 30", 'value = "low"', "key 'value'", ""),
        ("value = 30", 'value = 30\nsection_set = "国考"', "names the section set '国考'", ""),
        ("value = 30", 'value = 30\nplan = "x"', "unknown key 'plan'", "top of the file"),
        ("n = 5", "number = 5", "unknown key 'number'", "n, valid_from"),
        ("year = 2025", "year = 2025\nperiod = '2021至2025'", "period must look like", ""),
    ],
)
def test_wrong_plans_name_file_target_and_what_is_known(
    tmp_path: Path, old: str, new: str, message: str, cure: str
) -> None:
    path = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(TargetError) as raised:
        load_plan(path)
    assert "own.toml" in raised.value.message
    assert message in raised.value.message
    assert cure in raised.value.cure
    assert "\n" not in raised.value.message


def test_the_wrong_target_is_named_among_several(tmp_path: Path) -> None:
    second = GOOD[GOOD.index("[[target]]") :].replace("mine-2025-pm25", "mine-2025-aqi")
    path = write(tmp_path, GOOD + second.replace("pm25_annual_mean", "aqi_mean"))
    with pytest.raises(TargetError, match=r"mine-2025-aqi.*good_day_ratio"):
        load_plan(path)


def test_two_targets_with_one_id_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD + GOOD[GOOD.index("[[target]]") :])
    with pytest.raises(TargetError, match="'mine-2025-pm25' occurs twice"):
        load_plan(path)


def test_an_id_of_another_plan_is_refused(tmp_path: Path) -> None:
    write(tmp_path, GOOD.replace("mine-2025-pm25", "ankang-2025-pm25"))
    with pytest.raises(TargetError, match="'ankang' and 'mine'"):
        load_plans(tmp_path)


def test_two_files_with_one_plan_id_are_refused(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    write(tmp_path, GOOD, "second.toml")
    with pytest.raises(TargetError, match=r"second\.toml.*another file"):
        load_plans(tmp_path)


@pytest.mark.parametrize("content", [b"id = ", "id = '\u4e2d'".encode("gb18030"), b"\xff\xfe\x00"])
def test_text_that_is_no_toml_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.toml"
    path.write_bytes(content)
    with pytest.raises(TargetError, match=r"broken\.toml"):
        load_plan(path)


def test_an_unknown_plan_lists_the_known_ones() -> None:
    with pytest.raises(TargetError, match=r"'nowhere'.*ankang, beita, hengshui"):
        find_plan(load_plans(), "nowhere")


def test_targets_can_not_be_changed() -> None:
    target = find_plan(load_plans(), "ankang").target[0]
    with pytest.raises(ValueError, match="frozen"):
        target.value = 1.0  # type: ignore[misc]


def test_own_names_need_entered_data() -> None:
    fields = {
        "id": "x", "domain": "air", "indicator": "straw_fires", "label_zh": "火点",
        "label_en": "fires", "kind": "trend", "token": "DOWN_EACH_YEAR",
    }  # fmt: skip
    with pytest.raises(ValueError, match="unknown indicator"):
        Target.model_validate(fields)
    assert not Target.model_validate({**fields, "data": "entered"}).computable
