"""The text of a new ``forecast.toml``: every default, with what it means in two languages."""

from __future__ import annotations

import json

__all__ = ["new_file"]


def new_file(name: str, sample: bool) -> str:
    """Return the text of a new ``forecast.toml``, in which every default is visible."""
    # JSON's escapes are those of a TOML string.
    quoted = json.dumps(name, ensure_ascii=False)
    return f"""\
# 工作区配置。所有默认值均列于此；未知的键会报错。
# The configuration of this workspace. Every default is shown; an unknown key is an error.

[workspace]
name = {quoted}                 # 报告上的名称 / name on reports
timezone = "Asia/Shanghai"        # 监测时间所用时区 / time zone of the readings
lang = "zh"                       # 界面语言 zh 或 en / language: zh or en
sample = {str(sample).lower():<24} # true：数据为生成的样例 / the readings are generated

[run]
paths = 2000                      # 样本路径数 / number of simulated futures
seed = 20150101                   # 随机种子，同种子同结果 / same seed, same result
jobs = 0                          # 并行进程数,0 为自动 / parallel processes, 0 chooses
cluster = ""                      # Dask 调度器地址,空为本机 / address of a Dask scheduler, empty: this machine
cluster_tables = ""               # 供其读取的数据副本地址 / where its workers read a copy of the tables: s3://…
model = "seasonal"                # 预测模型 / the model
weather = true                    # 有逐日气象时用于 PM2.5 / use daily weather, where there is any, for PM2.5
outlook = true                    # 同时展望规划涉及的以后年份 / look at the plan's later years too

[standards]
aqi = ""                          # 空=按日期；或 "HJ 633-2012"、"HJ 633-2026" / empty: by date
limits = ""                       # 空=按日期；或 "GB 3095-2012"、"GB 3095-2026"、"GB 3095-2026 final"
denominator = "valid"             # 优良天数比率的分母：valid 有效天数，calendar 全年天数 / valid or calendar days

[thresholds]
likely = 0.8                      # 达标概率不低于此值为“较可能” / LIKELY from this probability
unlikely = 0.2                    # 低于此值为“较不可能” / UNLIKELY below it

[water]
stable = "all_months"             # “稳定达到”的判定:每月 all_months,年均 annual_mean,按月比例 share_of_months
stable_share = 80.0               # 按月比例时的比例 % / share of months for share_of_months

[regions.aliases]
# 别名 = 数据中的名称；市、地区、自治州、州、盟等后缀无需列出
# another name = the name in the data; endings such as 市 and 州 need no entry
# "黔东南苗族侗族自治州" = "黔东南州"

# 断面集合：比例类指标按当年有效的集合计算 / the sections a share is counted over, with dates
# [[section_sets]]
# name = "国控断面"
# region = "衡水"
# sections = ["断面甲", "断面乙"]
# valid_from = 2021-01-01
# valid_to = 2025-12-31

# 区域组：组内各区域按同一未来抽样,并给出“全部达标”的概率 / regions judged together as well
# [[region_groups]]
# name = "衡水各县"
# members = ["枣强县", "武邑县"]

# 特殊时段：参与拟合但权重很小,不删除 / days that count little in the fit; nothing is deleted
# [[exceptional_spans]]
# first = 2022-12-01
# last = 2023-01-31
# weight = 0.1
# region = ""                     # 空=所有区域 / empty: everywhere
# items = []                      # 空=全部项目 / empty: all items
# reason = "疫情"

# 断点：点位搬迁等使前后不可比,作为台阶而非趋势 / a step in the record, such as a station's move
# [[breaks]]
# day = 2021-05-01
# region = "衡水"
# section = ""                    # 水质断面名;空=该区域空气 / a section's water; empty: the region's air
# items = ["pm25"]
# reason = "点位搬迁"

# 断面属性：曾用名、河流或湖库、考核类别、流量站等 / what is known of a section beside its readings
# [[sections]]
# region = "衡水"
# name = "断面甲"
# other_names = ["断面甲(旧名)"]
# kind = "section"                # section 断面,source 水源地,groundwater 地下水点位
# water_type = "river"            # river 河流,lake 湖库:总磷限值不同 / limits of phosphorus differ
# own_class = "III"               # 该断面的考核类别 / the class asked of it
# gauge = ""                      # 流量站名 / the gauge whose flow belongs to it
# moved = 2021-01-01              # 断面调整日期 / first day at its present position
# background = []                 # 环境本底超标的项目 / items over the limit by natural background
# dry = [{{ first = 2021-01-01, last = 2021-02-28 }}]   # 断流时段 / spells without water

[plans]
names = []                        # 空=适用于数据中地区的全部规划 / empty: every plan of a region in the data
folder = "plans"                  # 自备规划所在文件夹 / folder with plans of your own

[report]
organisation = ""                 # 报告封面的编制单位 / who hands the review in
chapters = []                     # 章节及顺序,空=默认 / chapters in order, empty: the usual ones
template = ""                     # 自备Word模板(.docx) / a Word file whose styles are used
charts = "auto"                   # 运行画完整图的地区:auto、all 或个数 / full charts in a run: auto, all, or how many regions

[schedule]
at = "06:30"                      # 每天定时运行的时刻 / time of the morning run
timezone = ""                     # 空=工作区的时区 / empty: the zone above
env_file = ""                     # 只有本人可读的密钥文件 / owner-only file with the secrets
secrets = []                      # 另有哪些环境变量是密钥,日志中不出现 / more variables no log may show
fetch = []                        # 先下载的来源,如 "open-meteo --place 衡水 --lat 37.74 --lon 115.67 --from -10d"
step_minutes = 360                # 一步最长多少分钟 / a step that takes longer is ended
max_age = "26h"                   # 上次成功运行最多多旧 / how old the last good run may be
log_kilobytes = 2000              # 日志到此大小换新 / a log of this size is set aside
log_files = 10                    # 保留几个日志 / so many are kept

[alerts]
channels = []                     # 环境变量名,其值为通知地址;空=不发送 / names of variables with addresses
lang = ""                         # zh 或 en;空=工作区的语言 / empty: the workspace's
hysteresis = 0.03                 # 越过阈值多少才算 / how far beyond a threshold
improvements = true               # 好转也告知 / tell of improvements too
repeat_days = 7                   # 持续的事多少天后再提醒 / days until it is told again
silent_air_days = 3               # 空气多少天没有新值算静默 / days without air readings
silent_water_days = 45            # 水质多少天没有新值算静默 / days without water samples
flags_jump = 20                   # 质控标记突增的个数 / a jump of quality flags
episode_level = "moderate"        # 未来几天何种污染要预警:light、moderate、heavy,空=不预警 / empty: none
episode_probability = 0.3         # 概率不低于此值才预警 / warned from this probability
episode_days = 7                  # 看未来几天 / days ahead that are looked at
keep_days = 7                     # 没发出的消息保留几天 / days that unsent messages are kept
timeout = 30                      # 一个渠道最多几秒 / seconds a channel may take

[retention]
runs = 92                         # 多少天内的运行全部保留,更早的每月留最后一次;0=全部 / days of runs kept whole; 0: all
scenarios = 366                   # 情景结果同上 / likewise for answers on scenarios

[paths]
outside = []                      # 允许引用工作区之外的哪些文件夹 / folders outside that settings may name
"""
