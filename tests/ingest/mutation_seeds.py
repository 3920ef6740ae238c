"""A small true file of every layout: cuts of real files, and made ones in their exact form.

The mutation tests change these. A made value is plausible and of no real place.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pandas as pd

__all__ = ["MADE", "REAL", "Seed", "real_seed", "table"]

#: Data lines of a seed: enough for every rule that judges a whole column.
LINES = 36


@dataclass(frozen=True)
class Seed:
    """One true file.

    Attributes:
        layout: the layout that reads it.
        name: its name, which may say region or year.
        data: its content.
        items: column → item code and the unit in which the column holds it.
        header: number of lines above its data lines, the header among them.
        delimiter: between its cells; empty where it is JSON.
        refused: True where the layout is known and never read.
    """

    layout: str
    name: str
    data: bytes = field(repr=False)
    items: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    header: int = 1
    delimiter: str = ","
    refused: bool = False

    @property
    def rows(self) -> list[list[str]]:
        """The cells of its lines, those above the data lines among them."""
        text = self.data.decode("utf-8-sig")
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=self.delimiter))


def table(rows: list[list[str]], delimiter: str = ",") -> bytes:
    """Return lines of cells as a file."""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def cut(path: Path, start: int = 1) -> bytes:
    """Return header and ``LINES`` lines from ``start`` on of a real file, unpacked."""
    data = path.read_bytes()
    data = gzip.decompress(data) if path.suffix == ".gz" else data
    lines = data.splitlines(True)
    return data if path.suffix == ".json" else b"".join([lines[0], *lines[start : start + LINES]])


def units_of(text: str) -> dict[str, tuple[str, str]]:
    """``column=item unit; …`` → column → item and unit."""
    found = {}
    for part in text.split(";"):
        column, _, rest = part.strip().rpartition("=")
        item, _, unit = rest.partition(" ")
        found[column] = (item, unit)
    return found


_AIR = "PM2.5=pm25 µg/m³; PM10=pm10 µg/m³; SO2=so2 µg/m³; NO2=no2 µg/m³; CO=co mg/m³"
_WATER = (
    "water_temp_c=water_temp °C; ph=ph -; do_mgl=do mg/L; cond_uscm=conductivity µS/cm; "
    "codmn_mgl=codmn mg/L; nh3n_mgl=nh3n mg/L; tp_mgl=tp mg/L; tn_mgl=tn mg/L"
)
_PLATFORM = (
    "水温(℃)=water_temp °C; pH(无量纲)=ph -; 溶解氧(mg/L)=do mg/L; 电导率(μS/cm)=conductivity µS/cm; "
    "高锰酸盐指数(mg/L)=codmn mg/L; 氨氮(mg/L)=nh3n mg/L; 总磷(mg/L)=tp mg/L; 总氮(mg/L)=tn mg/L"
)
_ZH = (
    "地面气压(hPa)=pressure hPa; 平均气温2m(℃)=temp_mean °C; 最高气温2m(℃)=temp_max °C; "
    "最低气温2m(℃)=temp_min °C; 风速10m(m/s)=wind_speed m/s; 相对湿度(%)=rh %"
)

#: Path under the folder of real readings → layout and items. The places and years are those of
#: dirty and of clean air, of winter and of summer.
REAL: dict[str, tuple[str, str]] = {
    "air/city_daily_headerless/衡水.csv": ("city_day_headerless", ""),
    "air/city_daily_o3_8h/北京.csv": ("city_day_header", f"{_AIR}; O3_8h=o3_8h µg/m³"),
    "air/shifted_header/北京.csv": ("shifted_header", ""),
    "air/city_daily_aqi_2025_2026.csv.gz": (
        "city_daily_official",
        "pm25=pm25 µg/m³; pm10=pm10 µg/m³; so2=so2 µg/m³; no2=no2 µg/m³; co=co mg/m³",
    ),
    "air/city_daily_long_2013_2020.csv.gz": (
        "long_tidy",
        "pm25=pm25 µg/m³; pm10=pm10 µg/m³; so2=so2 µg/m³; no2=no2 µg/m³; co=co mg/m³",
    ),
    "air/pm25_daily_2013_2026.csv.gz": ("pm25_daily", "pm25=pm25 µg/m³"),
    "air/dust_deducted_days.csv": ("dust_deducted", "SO2=so2 µg/m³; NO2=no2 µg/m³; CO=co mg/m³"),
    "air/station_hourly/衡水.csv": ("station_hourly", f"{_AIR}; O3_1h=o3_1h µg/m³"),
    "air/beijing_station_hourly_met/Changping.csv.gz": (
        "uci_beijing",
        "PM2.5=pm25 µg/m³; PM10=pm10 µg/m³; NO2=no2 µg/m³; CO=co µg/m³; O3=o3_1h µg/m³",
    ),
    "met/beijing_yanqing_met_daily.csv.gz": ("met_daily_zh", _ZH),
    "met/province_daily_air_met_2013_2018.csv.gz": (
        "met_province_daily",
        "temp_k=temp_mean K; rh_pct=rh %; psfc_pa=pressure Pa",
    ),
    "water/choptank_flow_concentration/choptank_daily_q.csv.gz": ("egret", "Q=flow m³/s"),
    "water/choptank_flow_concentration/choptank_sample.csv.gz": ("egret", ""),
    "water/raw/2020-05-10.json": ("water_platform", ""),
    "water/raw/古北口_2021-04.csv": ("water_platform", _PLATFORM),
    "water/section_readings_2020_2021.csv.gz": ("section_readings", _WATER),
    "water/weekly_sections_2012_2018.csv.gz": (
        "weekly_sections",
        "ph=ph -; do_mgl=do mg/L; codmn_mgl=codmn mg/L; nh3n_mgl=nh3n mg/L",
    ),
}


#: Where the first lines of a real file are no readings yet.
_START = {"water/weekly_sections_2012_2018.csv.gz": 35}


@cache
def real_seed(folder: Path, where: str) -> Seed:
    """Return the cut of a real file."""
    layout, items = REAL[where]
    name = Path(where).name.removesuffix(".gz")
    delimiter = "" if name.endswith(".json") else ","
    header = 0 if layout == "city_day_headerless" else 1
    units = units_of(items) if items else {}
    return Seed(layout, name, cut(folder / where, _START.get(where, 1)), units, header, delimiter)


def _day(n: int) -> str:
    return (pd.Timestamp("2022-01-01") + pd.Timedelta(days=n)).strftime("%Y-%m-%d")


def _hour(n: int, form: str = "%Y-%m-%d %H:00") -> str:
    return (pd.Timestamp("2022-01-01") + pd.Timedelta(hours=n)).strftime(form)


def _lines(header: str, line: Callable[[int], str], lines: int = LINES) -> bytes:
    return "\n".join([header, *(line(n) for n in range(lines))]).encode() + b"\n"


def _wide(names: str) -> bytes:
    types = {"AQI": 50, "PM2.5": 30, "PM10": 60, "SO2": 8, "NO2": 25, "O3": 80, "CO": 0.7}
    lines = [f"date,hour,type,{names}"]
    for hour in range(8):
        for name, value in types.items():
            cells = [f"{value + (hour + n) * (0.1 if name == 'CO' else 1):g}" for n in range(3)]
            lines.append(f"20220102,{hour},{name},{','.join(cells)}")
            if name != "AQI" and name != "CO":
                lines.append(f"20220102,{hour},{name}_24h,{','.join(cells)}")
    return "\n".join(lines).encode() + b"\n"


_OPENAQ_UNITS = (("pm25", 35), ("pm10", 70), ("no2", 30), ("co", 600))

_GSOD_ROW = (
    '"54000099999","{day}","37.7","115.7","25.0","SOME PLACE, CH","  {t}.0","24","  32.0","24",'
    '"1023.4","24","020.1","24","  5.0","24","  10.0","24","15.0","999.9","  68.0"," ","  32.0",'
    '"*"," 0.10","G","999.9","000000"'
)
_GSOD = (
    "STATION,DATE,LATITUDE,LONGITUDE,ELEVATION,NAME,TEMP,TEMP_ATTRIBUTES,DEWP,DEWP_ATTRIBUTES,SLP,"
    "SLP_ATTRIBUTES,STP,STP_ATTRIBUTES,VISIB,VISIB_ATTRIBUTES,WDSP,WDSP_ATTRIBUTES,MXSPD,GUST,MAX,"
    "MAX_ATTRIBUTES,MIN,MIN_ATTRIBUTES,PRCP,PRCP_ATTRIBUTES,SNDP,FRSHTT"
)
_ISD = (
    "STATION,DATE,SOURCE,LATITUDE,LONGITUDE,ELEVATION,NAME,REPORT_TYPE,CALL_SIGN,QUALITY_CONTROL,"
    "WND,CIG,VIS,TMP,DEW,SLP,AA1"
)
_ISD_ROW = (
    '54000099999,{hour},4,37.7,115.7,25.0,"SOME PLACE, CH",FM-12,99999,V020,"270,1,N,0030,1",'
    '"99999,9,9,N","010000,1,9,9","+0{t}0,1","+0020,1","10200,1",'
)
_RDB = (
    "# Made for a test in the form of the U.S. Geological Survey.\n#\n"
    "agency_cd\tsite_no\tdatetime\t41624_00060_00003\t41624_00060_00003_cd\n"
    "5s\t15s\t20d\t14n\t10s\n"
)
_RDB_SAMPLES = (
    "# Made for a test in the form of the U.S. Geological Survey.\n#\n"
    "agency_cd\tsite_no\tsample_dt\tsample_tm\tmedium_cd\tparm_cd\tremark_cd\tresult_va\tdqi_cd\n"
    "5s\t15s\t10d\t5d\t5s\t5s\t1s\t12s\t1s\n"
)
_PORTAL = (
    "OrganizationIdentifier,ActivityTypeCode,ActivityMediaName,ActivityMediaSubdivisionName,"
    "ActivityStartDate,ActivityStartTime/Time,ActivityStartTime/TimeZoneCode,"
    "MonitoringLocationIdentifier,ResultDetectionConditionText,CharacteristicName,"
    "ResultSampleFractionText,ResultMeasureValue,ResultMeasure/MeasureUnitCode,"
    "MeasureQualifierCode,ResultStatusIdentifier,ResultTimeBasisText,MethodSpeciationName,USGSPCode,"
    "DetectionQuantitationLimitMeasure/MeasureValue,DetectionQuantitationLimitMeasure/MeasureUnitCode"
)


def _meteo(hourly: bool) -> bytes:
    step = _hour if hourly else _day
    count = 49 if hourly else LINES
    stamps = [step(n, "%Y-%m-%dT%H:00") if hourly else _day(n) for n in range(count)]  # type: ignore[call-arg]
    suffix = "" if hourly else "_mean"
    values = {f"temperature_2m{suffix}": "°C", f"wind_speed_10m{suffix}": "km/h"}
    units = {"time": "iso8601", **values}
    body: dict[str, list[object]] = {"time": list(stamps)}
    for at, name in enumerate(values):
        body[name] = [round(1.5 + at * 9 + n / 10, 1) for n in range(count)]
    kind = "hourly" if hourly else "daily"
    about = {"latitude": 37.75, "longitude": 115.6, "utc_offset_seconds": 28800,
             "timezone": "Asia/Shanghai"}  # fmt: skip
    return json.dumps(about | {f"{kind}_units": units, kind: body}).encode()


def _bulletins() -> bytes:
    one = {"drainage": "某流域", "pointLocation": "某省甲断面", "riverName": "某河",
           "preWeekWaterQuality": "Ⅲ", "thisWeekWaterQuality": "Ⅲ", "polluteIndex": "无"}  # fmt: skip
    return json.dumps(
        [one | {"ph": "7.64", "DO": f"{8 + n / 10:.1f}", "NH3N": "0.2", "CODMn": f"{2 + n / 10:.1f}",
                "year": "2014", "week": str(n + 1)} for n in range(LINES)], ensure_ascii=False,
    ).encode()  # fmt: skip


def _samples(n: int) -> str:
    parameter, value = (("00631", 1.2), ("00665", 0.05), ("00400", 7.4))[n % 3]
    return f"USGS\t09999999\t{_day(n // 3)}\t10:30\tWS\t{parameter}\t\t{value + n / 1000:g}\tR"


_PM25 = "可吸入细颗粒物年平均浓度\r\n(微克/立方米)\r\nAnnual Mean Concentration\r\nof PM2.5(ug/m3)"


_NAMES = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥金木水火土春夏秋冬东南西北中上下"


def _made() -> list[Seed]:
    n_air = "aqi,pm10,pm10_24h,pm2_5,pm2_5_24h,o3,o3_24h,o3_8h,o3_8h_24h,no2,no2_24h,so2,so2_24h,co,co_24h"
    return [
        Seed("city_hourly_means", "甲_daily.csv", _lines(
            "city,date,AQI,CO,NO2,O3,PM10,PM2.5,SO2",
            lambda n: f"甲,{_day(n)},{90.5 + n / 3:.4f},0.{43 + n}7,{40 + n / 7:.3f},{38 + n / 7:.3f},"
            f"{90 + n}.25,{50 + n}.5,{9 + n / 7:.3f}"),
            units_of(f"{_AIR}; O3=o3_24h µg/m³")),
        Seed("aqicn_index", "somewhere-air-quality.csv", _lines(
            "date, pm25, pm10, o3, no2, so2, co",
            lambda n: f"2021/3/{n + 1}, {90 + n}, {60 + n}, {11 + n}, {24 + n % 9}, {3 + n % 5}, {6 + n % 7}",
            31)),
        Seed("national_hourly_long", "2022-01-02.csv", _lines(
            f"timepoint,stationcode,longitude,latitude,area,positionname,primarypollutant,{n_air}",
            lambda n: f"{_hour(n // 2, '%Y-%m-%dT%H:00:00')},{1001 + n % 2}A,116.3,39.8,甲市,点{n % 2},,50,"
            f"{60 + n},61,{30 + n},29,{70 + n},57,63,60,{25 + n % 9},45,{8 + n % 5},6,{0.7 + n / 100:.2f},0.8"),
            units_of("pm2_5=pm25 µg/m³; pm10=pm10 µg/m³; so2=so2 µg/m³; no2=no2 µg/m³; co=co mg/m³; "
                   "o3=o3_1h µg/m³")),
        Seed("national_sites_wide", "china_sites_20220102.csv", _wide("1001A,1002A,1003A")),
        Seed("national_cities_wide", "china_cities_20220102.csv", _wide("甲,乙,丙")),
        Seed("uci_cities", "BeijingPM20100101_20151231.csv", _lines(
            "No,year,month,day,hour,season,PM_Dongsi,PM_US Post,DEWP,HUMI,PRES,TEMP,cbwd,Iws,"
            "precipitation,Iprec",
            lambda n: f"{n + 1},2015,1,{1 + n // 24},{n % 24},4,{50 + n},{60 + n},-21,43,1021,-11,NW,"
            f"{2 * (n + 1)},0,0", 60)),
        Seed("stateair", "Somewhere_2014_HourlyPM25.csv", _lines(
            "Notes on the data.\nA statement on its use.\n\n"
            "Site,Parameter,Date (LST),Year,Month,Day,Hour,Value,Unit,Duration,QC Name",
            lambda n: f"Beijing,PM2.5,{_hour(n)},2022,1,{1 + n // 24},{n % 24},{50 + n},µg/m³,1 Hr,Valid"),
            units_of("Value=pm25 µg/m³"), header=4),
        Seed("airnow", "Somewhere_PM2.5_2021_YTD.csv", _lines(
            "Site,Parameter,Date (LT),Year,Month,Day,Hour,NowCast Conc.,AQI,AQI Category,Raw Conc.,"
            "Conc. Unit,Duration,QC Name",
            lambda n: f"Guangzhou,PM2.5 - Principal,{_hour(n, '%Y-%m-%d %I:00 %p')},2022,01,01,01,11.2,47,"
            f"Good,{30 + n}.0,UG/M3,1 Hr,Valid"), units_of("Raw Conc.=pm25 µg/m³")),
        Seed("openaq", "location-7727-20221101.csv", _lines(
            "location_id,sensors_id,location,datetime,lat,lon,parameter,units,value",
            lambda n: f'7727,{n % 4},"Some-7727",{_hour(n // 4, "%Y-%m-%dT%H:00:00")}+08:00,39.9,116.4,'
            f"{_OPENAQ_UNITS[n % 4][0]},µg/m³,{_OPENAQ_UNITS[n % 4][1] + n}", 48)),
        Seed("open_meteo", "甲市.json", _meteo(hourly=False), delimiter=""),
        Seed("open_meteo", "甲市.json", _meteo(hourly=True), delimiter=""),
        Seed("open_meteo", "甲市.csv", _lines(
            "latitude,longitude,elevation,utc_offset_seconds,timezone,timezone_abbreviation\n"
            "37.75,115.6,25.0,28800,Asia/Shanghai,GMT+8\n\n"
            "time,temperature_2m_mean (°C),precipitation_sum (mm),wind_speed_10m_mean (m/s)",
            lambda n: f"{_day(n)},{1.5 + n / 10:.1f},0.0,{2.5 + n / 10:.1f}"),
            units_of("temperature_2m_mean (°C)=temp_mean °C; wind_speed_10m_mean (m/s)=wind_speed m/s"),
            header=4),
        Seed("noaa_gsod", "54000099999.csv", _lines(
            _GSOD, lambda n: _GSOD_ROW.format(day=_day(n), t=f"{50 + n % 9}")),
            units_of("TEMP=temp_mean °F; SLP=pressure_sea hPa; WDSP=wind_speed kn")),
        Seed("noaa_isd", "54000099999.csv", _lines(
            _ISD, lambda n: _ISD_ROW.format(hour=_hour(n, "%Y-%m-%dT%H:00:00"), t=10 + n % 9), 60)),
        Seed("weekly_bulletin", "某省.csv", _lines(
            "水系,点位名称,断面情况,年,周,pH,DO(mg/L),CODMn(mg/L),TP(mg/L),NH3-N(mg/L),总氮,上周水质,本周水质,"
            "主要污染指标",
            lambda n: f"某江,某江口甲断面,某县界,2014,{n + 1},7.1,{8 + n / 10:.1f},{2 + n / 10:.1f},0.05,0.3,1.2,Ⅱ,"
            "Ⅲ类,无"),
            units_of("pH=ph -; DO(mg/L)=do mg/L; CODMn(mg/L)=codmn mg/L; NH3-N(mg/L)=nh3n mg/L; "
                   "TP(mg/L)=tp mg/L")),
        Seed("weekly_bulletin", "全国.json", _bulletins(), delimiter=""),
        Seed("usgs_nwis", "brook.rdb", _RDB.encode() + "".join(
            f"USGS\t09999999\t{_day(n)}\t{1000 + n}\tA\n" for n in range(LINES)).encode(),
            units_of("41624_00060_00003=flow ft³/s"), header=4, delimiter="\t"),
        Seed("usgs_nwis", "brook.rdb", _RDB_SAMPLES.encode() + "".join(
            _samples(n) + "\n" for n in range(LINES)).encode(), header=4, delimiter="\t"),
        Seed("usgs_nwis", "brook.csv", _lines(
            _PORTAL,
            lambda n: f"USGS-MD,Sample-Routine,Water,Surface Water,{_day(n)},10:30:00,,USGS-09999999,,"
            f"Phosphorus,Total,0.0{50 + n},mg/l as P,,Accepted,,,,,"),
            units_of("ResultMeasureValue=tp mg/L")),
        Seed("flow_daily", "某市.csv", _lines(
            "站名,日期,流量(m3/s),水位(m)", lambda n: f"甲站,{_day(n)},{12.5 + n / 10:.1f},3.4"),
            units_of("流量(m3/s)=flow m³/s")),
        Seed("emission_inventory", "清单.csv", _lines(
            "年份,地区,行业,污染物,排放量(吨)",
            lambda n: f"{2010 + n % 9},甲市,{('工业', '交通')[n // 18]},{('二氧化硫', 'NOx')[n // 9 % 2]},{1500 + n}"),
            units_of("排放量(吨)=emission t")),
        Seed("emission_inventory", "宽.csv", _lines(
            "年份,地区,行业,SO2(吨),NOx(吨),PM2.5(t)",
            lambda n: f"{2010 + n % 9},甲市,{('电力', '水泥', '交通', '农业')[n // 9]},{10 + n},{20 + n},{3 + n}"),
            units_of("SO2(吨)=emission t; NOx(吨)=emission t")),
        Seed("yearbook", "第三篇_2018年.csv", table([
            ["2-30 主要城市空气质量指标(2018年)", "", "", ""],
            ["城    市", _PM25, "二氧化硫年平均浓度\r\n(毫克/立方米)", "臭氧年平均浓度(微克/立方米)"],
            ["河  北", "", "", ""],
            *[[f"  {_NAMES[n]}{_NAMES[n + 1]}市", str(52 + n), f"0.0{20 + n}", "9"] for n in range(LINES)],
            ["注:数据来自环境部门", "", "", ""],
        ]), header=2),
        Seed("yearly_values", "年度.csv", _lines(
            "地区,指标,年份,数值,单位,来源,日期",
            lambda n: f"甲市,{('pm25_annual_mean', '优良天数')[n % 2]},{2005 + n // 2},"
            f"{(52 + n, 238 + n)[n % 2]},{('µg/m³', 'days')[n % 2]},年报,{2006 + n // 2}-06-05"),
            units_of("数值=yearly µg/m³")),
        Seed("winter_targets", "targets.csv", _lines(
            "CityMEE,keyRegionZH,PM25_target,Heavy_Pollution_Target,target_period,base_period,CityZH,"
            "CityEN,Province,base_PM25,keyRegion2018,2019Q4,2019Q1",
            lambda n: f"（{n}市）,某地区,67.0,6.0,2020Q4,2019Q4,{n}市,X,Y,68.5,2+26,68.5,110.3", 5),
            refused=True),
        Seed("station_list", "stations.csv", _lines(
            "监测点编码,监测点名称,城市,经度,纬度,对照点,点位类型,启用日期,停用日期",
            lambda n: f"{1001 + n}A,第{n}站,某市,116.{n + 10},39.{n + 10},{'YN'[n % 2]},,2013-01-01,2030-12-31")),
        Seed("section_list", "sets.csv", _lines(
            "断面集,城市,断面,启用日期,停用日期",
            lambda n: f"国考,某市,第{n}断面,2016-01-01,2020-12-31")),
    ]  # fmt: skip


#: Made files, for the layouts that no real file has and for further forms of others.
MADE: list[Seed] = _made()
