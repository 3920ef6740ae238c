"""What columns are called: dates, places and items in Chinese and English, in any spelling."""

from __future__ import annotations

import re

from forecast.ingest.readers.units import plain_unit, split_header

__all__ = ["ROLES", "folded", "item_of", "role_of", "unit_of"]

#: Role → names, folded.
ROLES: dict[str, frozenset[str]] = {
    "date": frozenset(
        ["日期", "时间", "监测时间", "监测日期", "采样时间", "采样日期", "数据时间", "观测时间",
         "观测日期", "发布时间", "date", "time", "datetime", "timestamp", "day", "timepoint",
         "monitortime", "samplingdate", "sampledate", "obsdate", "监测日", "日期时间", "统计日期",
         "年月", "监测年月", "监测月份", "采样年月"]
    ),
    "hour": frozenset(["小时", "时", "时刻", "钟点", "hour", "hr", "hh", "时段"]),
    "year": frozenset(["年", "年份", "year", "yyyy", "yr"]),
    "month": frozenset(["月", "月份", "month", "mm", "mon"]),
    "monthday": frozenset(["日", "号", "dd", "dayofmonth"]),
    "region": frozenset(
        ["城市", "地市", "城市名称", "所属城市", "市", "地级市", "地区", "行政区", "city",
         "cityname", "area", "region", "prefecture", "所在城市", "所在地市"]
    ),
    "province": frozenset(["省份", "省", "省市", "province", "所在省"]),
    "place": frozenset(
        ["站点", "点位", "监测点", "监测点位", "站名", "点位名称", "测点", "测站", "站点名称",
         "监测站点", "测点名称", "监测点名称", "断面", "断面名称", "监测断面", "水文站", "站码",
         "测站名称", "station", "stationname", "site", "sitename", "point", "positionname",
         "section", "sectionname", "gauge", "watchpoint", "monitorname", "站号", "sectionid",
         "stationcode", "stationid", "siteid"]
    ),
    "river": frozenset(["河流", "河流名称", "所属河流", "水体", "水体名称", "湖库", "river", "waterbody"]),
    "basin": frozenset(["流域", "水系", "所属流域", "basin", "watershed"]),
    "item": frozenset(
        ["监测项目", "项目", "因子", "监测因子", "污染物", "指标", "要素", "参数", "item",
         "parameter", "pollutant", "variable", "analyte", "项目名称", "因子名称"]
    ),
    "value": frozenset(
        ["值", "浓度", "监测值", "数值", "浓度值", "观测值", "结果", "value", "concentration",
         "result", "measurement", "测值", "实测值"]
    ),
    "unit": frozenset(["单位", "unit", "units", "计量单位"]),
}  # fmt: skip

#: Item → names, folded. ``o3`` alone says neither the hour nor the window: it is told apart later.
_ITEMS: dict[str, tuple[str, ...]] = {
    "so2": ("so2", "二氧化硫", "sulfurdioxide", "sulphurdioxide"),
    "no2": ("no2", "二氧化氮", "nitrogendioxide"),
    "pm10": ("pm10", "可吸入颗粒物", "可吸入颗粒物pm10", "粗颗粒物"),
    "pm25": ("pm25", "细颗粒物", "细颗粒物pm25", "可入肺颗粒物", "可吸入细颗粒物"),
    "co": ("co", "一氧化碳", "carbonmonoxide"),
    "o3": ("o3", "臭氧", "ozone"),
    "o3_8h": ("o38h", "臭氧8小时", "o38小时", "o38hmax", "o3max8h", "mda8", "臭氧日最大8小时",
              "臭氧最大8小时", "o3日最大8小时", "o38h24h", "臭氧8小时滑动平均", "o38hmda8"),
    "o3_1h": ("o31h", "臭氧1小时", "o31小时", "o3max1h", "臭氧日最大1小时", "臭氧1小时最大",
              "o31hmax"),
    "o3_24h": ("o324h", "臭氧24小时", "臭氧日均", "臭氧24小时平均"),
    "aqi_published": ("aqi", "空气质量指数", "日aqi"),
    "water_temp": ("水温", "watertemp", "watertemperature", "wtemp"),
    "ph": ("ph", "ph值", "酸碱度"),
    "do": ("do", "溶解氧", "dissolvedoxygen"),
    "codmn": ("codmn", "高锰酸盐指数", "imn", "高锰酸盐", "permanganateindex"),
    "cod": ("cod", "codcr", "化学需氧量"),
    "bod5": ("bod5", "bod", "五日生化需氧量", "生化需氧量"),
    "nh3n": ("nh3n", "氨氮", "ammonianitrogen", "nh4n"),
    "tp": ("tp", "总磷", "totalphosphorus"),
    "tn": ("tn", "总氮", "totalnitrogen"),
    "cu": ("铜", "cu"), "zn": ("锌", "zn"), "f": ("氟化物", "fluoride"), "se": ("硒", "se"),
    "as": ("砷",), "hg": ("汞", "hg"), "cd": ("镉", "cd"), "cr6": ("六价铬", "cr6"),
    "pb": ("铅", "pb"), "cn": ("氰化物", "cyanide"), "phenol": ("挥发酚", "phenol"),
    "petroleum": ("石油类", "petroleum"), "las": ("阴离子表面活性剂", "las"),
    "sulfide": ("硫化物", "sulfide"), "fecal_coliform": ("粪大肠菌群", "fecalcoliform"),
    "nickel": ("镍", "ni", "nickel"), "conductivity": ("电导率", "conductivity", "ec"),
    "turbidity": ("浊度", "turbidity"), "chla": ("叶绿素a", "叶绿素α", "chla", "chlorophylla"),
    "algae": ("藻密度", "algae"), "secchi": ("透明度", "secchi"),
    "no3n": ("硝酸盐氮", "no3n", "硝酸盐"), "no2n": ("亚硝酸盐氮", "no2n", "亚硝酸盐"),
    "so4": ("硫酸盐", "so4", "sulfate"), "cl": ("氯化物", "chloride"), "fe": ("铁", "iron"),
    "mn": ("锰", "manganese"), "mo": ("钼", "molybdenum"), "cobalt": ("钴", "cobalt"),
    "be": ("铍", "beryllium"), "b": ("硼", "boron"), "sb": ("锑", "antimony"), "ba": ("钡", "barium"),
    "vanadium": ("钒", "vanadium"), "ti": ("钛", "titanium"), "tl": ("铊", "thallium"),
    "hardness": ("总硬度", "hardness"), "tds": ("溶解性总固体", "tds"), "na": ("钠", "sodium"),
    "intake": ("取水量", "waterintake"),
    "class_published": ("水质类别", "本周水质", "waterclass"),
    "flow": ("流量", "日均流量", "平均流量", "flow", "discharge", "streamflow"),
    "temp_mean": ("平均气温", "气温", "日平均气温", "temp", "temperature", "tempmean", "tavg",
                  "airtemperature", "温度", "tmean"),
    "temp_max": ("最高气温", "日最高气温", "tmax", "tempmax", "最高温度"),
    "temp_min": ("最低气温", "日最低气温", "tmin", "tempmin", "最低温度"),
    "dew_point": ("露点温度", "露点", "dewpoint", "dewp", "dew"),
    "surface_temp": ("地表温度", "地面温度", "0cm地温"),
    "rh": ("相对湿度", "平均相对湿度", "湿度", "rh", "relativehumidity", "humidity"),
    "pressure": ("气压", "本站气压", "地面气压", "平均本站气压", "平均气压", "pressure", "psfc",
                 "surfacepressure", "pres"),
    "pressure_sea": ("海平面气压", "slp", "mslp", "sealevelpressure"),
    "precip": ("降水量", "降水", "雨量", "降雨量", "日降水量", "rain", "rainfall",
               "precipitation", "precip", "prcp"),
    "wind_speed": ("风速", "平均风速", "日平均风速", "windspeed", "wspm", "wspd", "ws"),
    "wind_gust": ("最大阵风风速", "极大风速", "gust", "windgust"),
    "wind_dir": ("风向", "winddirection", "winddir", "wd"),
    "wind_u": ("纬向风速", "windu", "u10"), "wind_v": ("经向风速", "windv", "v10"),
    "radiation": ("总辐射", "太阳辐射", "太阳总辐射", "radiation", "solarradiation"),
    "cloud": ("总云量", "云量", "cloudcover", "cloud"),
    "sunshine": ("日照时数", "日照", "sunshine", "sunshinehours"),
    "blh": ("边界层高度", "blh", "pblh", "mixinglayerheight"),
    "evaporation": ("蒸发量", "蒸发", "evaporation"),
    "visibility": ("能见度", "visibility", "vis"),
}  # fmt: skip

_CODES = {name: code for code, names in _ITEMS.items() for name in names}

#: Units as endings of names: ``pm25_ugm3``, ``temp_k``.
_ENDINGS = {
    "ugm3": "µg/m³", "mgm3": "mg/m³", "mgl": "mg/L", "ugl": "µg/L", "degc": "°C", "c": "°C",
    "k": "K", "hpa": "hPa", "pa": "Pa", "mm": "mm", "pct": "%", "ms": "m/s", "kmh": "km/h",
    "m3s": "m³/s", "cms": "m³/s", "cfs": "ft³/s",
}  # fmt: skip

#: Words about the statistic that are no part of an item's name in a table of days.
_MEANS = re.compile(
    r"(?:24小时(?:平均|均值)?|日均(?:值|浓度)?|24h|日平均|平均浓度|浓度|均值|实况|dailymean|mean|avg)$"
)
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉₋", "0123456789-")


def folded(name: str) -> str:
    """Return a name without blanks, signs and case.

    >>> folded("PM2.5"), folded(" NH3-N "), folded("O3_8h")
    ('pm25', 'nh3n', 'o38h')
    """
    return re.sub(r"[\s._\-:·/()\[\]（）\"'“”*#]", "", name.translate(_SUBSCRIPTS)).lower()


def role_of(header: str) -> str:
    """Return the role of a column that is no item, or an empty text.

    >>> role_of("监测时间"), role_of("站点名称"), role_of("PM2.5")
    ('date', 'place', '')
    """
    name = folded(split_header(header)[0])
    return next((role for role, names in ROLES.items() if name in names), "")


def item_of(header: str) -> tuple[str, bool]:
    """Return the item that a header names, and whether it says a mean of 24 hours.

    >>> item_of("二氧化硫(μg/m³)"), item_of("pm2_5_24h"), item_of("O3"), item_of("排名")
    (('so2', False), ('pm25', True), ('o3', False), ('', False))
    """
    name, _ = split_header(header)
    head, _, ending = name.rpartition("_")
    if head and ending.lower() in _ENDINGS:
        name = head
    bare = folded(name)
    if bare in _CODES:
        return _CODES[bare], False
    short = _MEANS.sub("", bare)
    day = short != bare and bool(re.search(r"24|日", bare[len(short) :]))
    return _CODES.get(short, ""), day


def unit_of(header: str) -> str:
    """Return the unit that a header says, as it says it, or an empty text.

    >>> unit_of("CO(mg/m3)"), unit_of("temp_k"), unit_of("SO2")
    ('mg/m3', 'K', '')
    """
    name, unit = split_header(header)
    if unit:
        return unit
    head, _, ending = name.rpartition("_")
    if head and ending.lower() in _ENDINGS and _CODES.get(folded(head)):
        return _ENDINGS[ending.lower()]
    # A unit behind a blank or a slash, without brackets: ``PM2.5 μg/m3``.
    parts = name.split()
    return parts[-1] if len(parts) > 1 and plain_unit(parts[-1]) and "/" in parts[-1] else ""
