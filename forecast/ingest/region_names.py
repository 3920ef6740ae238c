"""Regions that are taken from the name of a file: which of them a person should look at."""

from __future__ import annotations

import re

__all__ = ["name_remark"]

#: What stands in names of files and in no name of a region.
_DOUBTFUL = re.compile(
    r"[0-9０-９()（）\[\]【】{}《》_+=&@%,，;；]"
    r"|副本|汇总|合并|数据|年|月报|季度|日报|小时|监测|导出|下载|新建(?![区县])|未命名|最终|修改|终稿|原始|空气|水质|质量"
    r"|报表|表格"
    r"|(?<![a-z])(?:data|copy|export|download|final|new|old|tmp|temp|test|sheet|table|air|water|daily"
    r"|hourly|all|result|output|untitled|report|file)(?![a-z])",
    re.IGNORECASE,
)


def name_remark(name: str) -> str:
    """Return what to say of a region that the name of a file says, ``zh|en``; empty where it may be one.

    >>> name_remark("甲市"), name_remark("South Hill")
    ('', '')
    >>> name_remark("甲市2024年 (1)").split("|")[0]
    '地区名取自文件名「甲市2024年 (1)」;若不对,用 --region 重读。'
    """
    if not _DOUBTFUL.search(name):
        return ""
    return (
        f"地区名取自文件名「{name}」;若不对,用 --region 重读。|"
        f"the region is called «{name}» after the file; if that is wrong, read it again with --region."
    )
