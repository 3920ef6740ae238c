"""A weather service on loopback, in a process of its own, that fails as told.

It answers as Open-Meteo's archive does. Values of the last days are preliminary and change once, so
that what was fetched is corrected later. ``mode`` is what it does: ``ok``, ``500``, ``hang`` (accepts
and says nothing) or ``cut`` (ends in the middle of the body).
"""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

__all__ = ["MODES", "Source", "weather"]

MODES = ("ok", "500", "hang", "cut")

#: From this age on a value is final [day].
_FINAL = 6

_UNITS = {
    "temperature_2m_mean": "°C", "temperature_2m_max": "°C", "temperature_2m_min": "°C",
    "dew_point_2m_mean": "°C", "relative_humidity_2m_mean": "%", "surface_pressure_mean": "hPa",
    "pressure_msl_mean": "hPa", "precipitation_sum": "mm", "wind_speed_10m_mean": "m/s",
    "wind_gusts_10m_max": "m/s", "wind_direction_10m_dominant": "°",
    "shortwave_radiation_sum": "MJ/m²", "cloud_cover_mean": "%",
}  # fmt: skip
_LEAST = {
    "temperature_2m_mean": 5.0, "temperature_2m_max": 10.0, "temperature_2m_min": 0.0,
    "dew_point_2m_mean": -3.0, "relative_humidity_2m_mean": 40.0, "surface_pressure_mean": 1000.0,
    "pressure_msl_mean": 1003.0, "precipitation_sum": 0.0, "wind_speed_10m_mean": 1.0,
    "wind_gusts_10m_max": 12.0, "wind_direction_10m_dominant": 90.0,
    "shortwave_radiation_sum": 5.0, "cloud_cover_mean": 30.0,
}  # fmt: skip


def weather(day: date, variable: str, asked: date) -> float:
    """Return the value of a day as the service gives it on the day ``asked``."""
    # The temperatures of a day go together, else no reader believes them.
    at = 0 if _UNITS[variable] == "°C" else list(_UNITS).index(variable)
    wave = (day.toordinal() * (7 + at) % 97) / 10.0
    preliminary = (asked - day).days < _FINAL
    return round(_LEAST[variable] + wave + (0.2 if preliminary else 0.0), 1)


def _answer(query: dict[str, list[str]], asked: date) -> bytes:
    start, end = (date.fromisoformat(query[name][0]) for name in ("start_date", "end_date"))
    days = [start + timedelta(days=k) for k in range((end - start).days + 1)]
    names = query["daily"][0].split(",")
    return json.dumps(
        {
            "latitude": 37.75, "longitude": 115.625, "generationtime_ms": time.perf_counter(),
            "utc_offset_seconds": 28800, "timezone": query["timezone"][0],
            "timezone_abbreviation": "GMT+8", "elevation": 23.0,
            "daily_units": {"time": "iso8601"} | {name: _UNITS[name] for name in names},
            "daily": {"time": [str(day) for day in days]}
            | {name: [weather(day, name, asked) for day in days] for name in names},
        },
        ensure_ascii=False,
    ).encode()  # fmt: skip


class Source:
    """The service; ``url`` is its address."""

    def __init__(self) -> None:
        fork = multiprocessing.get_context("fork")
        self._mode = fork.Value("i", 0)
        self._today = fork.Value("i", 1)
        port = fork.Value("i", 0)
        self._process = fork.Process(target=self._serve, args=(port,), daemon=True)
        self._process.start()
        while port.value == 0:
            time.sleep(0.005)
        self.url = f"http://127.0.0.1:{port.value}"

    def set(self, today: date, mode: str) -> None:
        """Say what day it is there, and what it does."""
        self._today.value = today.toordinal()
        self._mode.value = MODES.index(mode)

    def close(self) -> None:
        """Stop."""
        self._process.kill()
        self._process.join()

    def _serve(self, port: object) -> None:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                mode = MODES[outer._mode.value]
                if mode == "hang":
                    time.sleep(5.0)
                    return
                if mode == "500":
                    self.send_error(500)
                    return
                query = parse_qs(urlsplit(self.path).query)
                body = _answer(query, date.fromordinal(outer._today.value))
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if mode == "cut":
                    self.wfile.write(body[: len(body) // 2])
                    self.wfile.flush()
                    self.close_connection = True
                    return
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                return

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        port.value = server.server_port  # type: ignore[attr-defined]
        assert os.getppid()
        server.serve_forever(0.05)
