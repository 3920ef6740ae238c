"""Monitored items: one code, one unit, one Chinese and one English name each.

The codes are the column names of every table, the words of every command and the keys of every
result. Air items are in µg/m³ (CO in mg/m³), water items in mg/L unless the unit says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["AIR_ITEMS", "CLASS_ITEMS", "ITEMS", "WATER_ITEMS", "Item"]


@dataclass(frozen=True)
class Item:
    """One monitored item: ``code``, ``unit``, names, and the domain it belongs to."""

    code: str
    unit: str
    zh: str
    en: str
    domain: str


#: The six items of the daily AQI, in the order in which every array of this package holds them.
AIR_ITEMS: tuple[str, ...] = ("so2", "no2", "pm10", "pm25", "co", "o3_8h")

_ALL = (
    Item("so2", "µg/m³", "二氧化硫", "SO2", "air"),
    Item("no2", "µg/m³", "二氧化氮", "NO2", "air"),
    Item("pm10", "µg/m³", "可吸入颗粒物", "PM10", "air"),
    Item("pm25", "µg/m³", "细颗粒物", "PM2.5", "air"),
    Item("co", "mg/m³", "一氧化碳", "CO", "air"),
    Item("o3_8h", "µg/m³", "臭氧8小时", "O3-8h", "air"),
    Item("o3_1h", "µg/m³", "臭氧1小时最大", "O3 max 1h", "air"),
    Item("o3_24h", "µg/m³", "臭氧24小时平均", "O3 24h mean", "air"),
    Item("pm25_us_index", "index", "细颗粒物美国AQI分指数", "PM2.5 US AQI points", "air"),
    Item("pm10_us_index", "index", "可吸入颗粒物美国AQI分指数", "PM10 US AQI points", "air"),
    Item("o3_us_index", "index", "臭氧美国AQI分指数", "O3 US AQI points", "air"),
    Item("no2_us_index", "index", "二氧化氮美国AQI分指数", "NO2 US AQI points", "air"),
    Item("so2_us_index", "index", "二氧化硫美国AQI分指数", "SO2 US AQI points", "air"),
    Item("co_us_index", "index", "一氧化碳美国AQI分指数", "CO US AQI points", "air"),
    Item("aqi_published", "-", "公布的AQI", "published AQI", "air"),
    Item("aqi_hourly_mean", "-", "小时AQI均值", "mean of hourly AQI", "air"),
    Item("water_temp", "°C", "水温", "water temperature", "water"),
    Item("ph", "-", "pH", "pH", "water"),
    Item("do", "mg/L", "溶解氧", "DO", "water"),
    Item("codmn", "mg/L", "高锰酸盐指数", "CODMn", "water"),
    Item("cod", "mg/L", "化学需氧量", "COD", "water"),
    Item("bod5", "mg/L", "五日生化需氧量", "BOD5", "water"),
    Item("nh3n", "mg/L", "氨氮", "NH3-N", "water"),
    Item("tp", "mg/L", "总磷", "TP", "water"),
    Item("tn", "mg/L", "总氮", "TN", "water"),
    Item("cu", "mg/L", "铜", "Cu", "water"),
    Item("zn", "mg/L", "锌", "Zn", "water"),
    Item("f", "mg/L", "氟化物", "fluoride", "water"),
    Item("se", "mg/L", "硒", "Se", "water"),
    Item("as", "mg/L", "砷", "As", "water"),
    Item("hg", "mg/L", "汞", "Hg", "water"),
    Item("cd", "mg/L", "镉", "Cd", "water"),
    Item("cr6", "mg/L", "六价铬", "Cr(VI)", "water"),
    Item("pb", "mg/L", "铅", "Pb", "water"),
    Item("cn", "mg/L", "氰化物", "cyanide", "water"),
    Item("phenol", "mg/L", "挥发酚", "volatile phenol", "water"),
    Item("petroleum", "mg/L", "石油类", "petroleum", "water"),
    Item("las", "mg/L", "阴离子表面活性剂", "LAS", "water"),
    Item("sulfide", "mg/L", "硫化物", "sulfide", "water"),
    Item("fecal_coliform", "count/L", "粪大肠菌群", "fecal coliform", "water"),
    Item("nickel", "mg/L", "镍", "Ni", "water"),
    Item("conductivity", "µS/cm", "电导率", "conductivity", "water"),
    Item("turbidity", "NTU", "浊度", "turbidity", "water"),
    Item("chla", "mg/L", "叶绿素a", "chlorophyll a", "water"),
    Item("algae", "cells/L", "藻密度", "algal density", "water"),
    Item("secchi", "m", "透明度", "Secchi depth", "water"),
    Item("no3n", "mg/L", "硝酸盐氮", "NO3-N", "water"),
    Item("so4", "mg/L", "硫酸盐", "sulfate", "water"),
    Item("cl", "mg/L", "氯化物", "chloride", "water"),
    Item("fe", "mg/L", "铁", "Fe", "water"),
    Item("mn", "mg/L", "锰", "Mn", "water"),
    Item("mo", "mg/L", "钼", "Mo", "water"),
    Item("cobalt", "mg/L", "钴", "Co", "water"),
    Item("be", "mg/L", "铍", "Be", "water"),
    Item("b", "mg/L", "硼", "B", "water"),
    Item("sb", "mg/L", "锑", "Sb", "water"),
    Item("ba", "mg/L", "钡", "Ba", "water"),
    Item("vanadium", "mg/L", "钒", "V", "water"),
    Item("ti", "mg/L", "钛", "Ti", "water"),
    Item("tl", "mg/L", "铊", "Tl", "water"),
    Item("hardness", "mg/L", "总硬度", "total hardness", "water"),
    Item("tds", "mg/L", "溶解性总固体", "total dissolved solids", "water"),
    Item("no2n", "mg/L", "亚硝酸盐氮", "NO2-N", "water"),
    Item("na", "mg/L", "钠", "Na", "water"),
    Item("intake", "10^4 m3", "取水量", "water taken", "water"),
    Item("class_published", "1..6", "公布的类别", "published class", "water"),
    Item("flow", "m³/s", "流量", "discharge", "flow"),
    Item("temp_mean", "°C", "平均气温", "mean air temperature", "met"),
    Item("temp_max", "°C", "最高气温", "maximum air temperature", "met"),
    Item("temp_min", "°C", "最低气温", "minimum air temperature", "met"),
    Item("dew_point", "°C", "露点温度", "dew point", "met"),
    Item("surface_temp", "°C", "地表温度", "surface temperature", "met"),
    Item("rh", "%", "相对湿度", "relative humidity", "met"),
    Item("pressure", "hPa", "地面气压", "station pressure", "met"),
    Item("pressure_sea", "hPa", "海平面气压", "sea-level pressure", "met"),
    Item("precip", "mm", "降水量", "precipitation", "met"),
    Item("snow_depth", "mm", "积雪深度", "snow depth, water equivalent", "met"),
    Item("wind_speed", "m/s", "平均风速", "mean wind speed", "met"),
    Item("wind_gust", "m/s", "最大阵风风速", "maximum gust", "met"),
    Item("wind_dir", "°", "风向", "mean wind direction, from", "met"),
    Item("wind_u", "m/s", "纬向风速", "eastward wind", "met"),
    Item("wind_v", "m/s", "经向风速", "northward wind", "met"),
    Item("radiation", "MJ/m²", "日总太阳辐射", "daily solar radiation", "met"),
    Item("cloud", "%", "总云量", "cloud cover", "met"),
    Item("sunshine", "h", "日照时数", "sunshine duration", "met"),
    Item("blh", "m", "边界层高度", "boundary layer height", "met"),
    Item("evaporation", "mm", "蒸发量", "evaporation", "met"),
    Item("visibility", "km", "能见度", "visibility", "met"),
)

ITEMS: dict[str, Item] = {item.code: item for item in _ALL}

#: The 21 items of GB 3838 Table 1 that decide a class (no temperature, TN or fecal coliform).
CLASS_ITEMS: tuple[str, ...] = (
    "ph", "do", "codmn", "cod", "bod5", "nh3n", "tp", "cu", "zn", "f", "se", "as", "hg", "cd",
    "cr6", "pb", "cn", "phenol", "petroleum", "las", "sulfide",
)  # fmt: skip

WATER_ITEMS: tuple[str, ...] = tuple(i.code for i in _ALL if i.domain == "water")
