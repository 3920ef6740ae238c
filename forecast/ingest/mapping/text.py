"""A mapping as TOML for a person to check: commented in Chinese and English."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

__all__ = ["mapping_text"]

_HEAD = """\
# 数据对照:把一种表格的各列说明给本系统。请核对带「?」的行。
# A mapping: what the columns of a table are. Check the lines marked «?».
# 放在工作区的 mappings 文件夹里,以后表头相同的文件会自动按它读入。
# In the workspace's folder mappings, files with this header are read by it from now on.
"""

_COMMENTS = {
    "table": "目标表 where the rows go: air_daily air_hourly met_daily flow_daily water_samples",
    "confirmed": "改为 true 之前不会读入 nothing is read until this is true",
    "match": "表头,必须完全一致 the header, exactly",
    "region": "地区:某一列,或一个固定值;不写则取文件名 a column or a value; else the file's name",
    "place": "点位或断面 station or section",
    "river": "河流 river",
    "basin": "流域 basin",
    "time": "日期和时间的列 columns of date and time",
    "read": "缺测标记、小数点、数据版本 marks of no value, decimal sign, version",
    "long": "一行一个值的表 a table with one line a value",
    "items": "监测项目 items",
}


def mapping_text(fields: Mapping[str, object], questions: Mapping[str, str]) -> str:
    """Return TOML of ``fields``, which have the form of a mapping.

    Args:
        fields: the settings, in order.
        questions: dotted key → what a person should check there; keys that aren't written are
            put at the head.
    """
    lines = [_HEAD]
    open_keys = dict(questions)

    def say(key: str, indent: str = "") -> None:
        text = open_keys.pop(key, "")
        if text:
            lines.append(f"{indent}# ? {text}")

    plain = {key: value for key, value in fields.items() if not isinstance(value, Mapping)}
    for key, value in plain.items():
        say(key)
        comment = f"  # {_COMMENTS[key]}" if key in _COMMENTS else ""
        lines.append(f"{key} = {_value(value)}{comment}")
    for key, value in fields.items():
        if not isinstance(value, Mapping):
            continue
        nested = {k: v for k, v in value.items() if isinstance(v, Mapping)}
        lines.append("")
        if key in _COMMENTS:
            lines.append(f"# {_COMMENTS[key]}")
        say(key)
        own = {k: v for k, v in value.items() if k not in nested}
        if own or not nested:
            lines.append(f"[{key}]")
            for name, setting in own.items():
                say(f"{key}.{name}")
                lines.append(f"{name} = {_value(setting)}")
        for name, part in nested.items():
            lines.append("")
            say(f"{key}.{name}")
            lines.append(f"[{key}.{name}]")
            for setting, held in part.items():
                say(f"{key}.{name}.{setting}")
                lines.append(f"{setting} = {_value(held)}")
    for text in open_keys.values():
        lines.insert(1, f"# ? {text}")
    return "\n".join(lines) + "\n"


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, str):
        # Strings of JSON are strings of TOML but for the delete sign.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Sequence):
        return "[" + ", ".join(_value(part) for part in value) + "]"
    raise TypeError(f"{type(value).__name__} has no form in TOML here")
