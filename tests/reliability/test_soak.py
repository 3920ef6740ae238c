"""Twenty mornings of a machine on which much goes wrong; `benchmarks/soak.py` lives four hundred."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

_PROGRAM = Path(__file__).resolve().parents[2] / "benchmarks" / "soak.py"


@pytest.mark.skipif(sys.platform != "linux", reason="the simulated machine forks and kills")
def test_twenty_mornings_each_have_a_run_and_nothing_is_lost(tmp_path: Path) -> None:
    told_in = tmp_path / "told.json"
    # A process of its own: it forks mornings from itself and fills a disk of its own.
    lived = subprocess.run(
        [sys.executable, str(_PROGRAM), "--days", "20", "--whole-every", "0", "--seed", "1",
         "--json", str(told_in), "--out", str(tmp_path / "told.md")],
        capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert lived.returncode == 0, lived.stderr
    told: dict[str, Any] = json.loads(told_in.read_text(encoding="utf-8"))
    checks, days = told["checks"], told["days"]
    assert {title: check["wrong"] for title, check in checks.items() if check["wrong"]} == {}

    # It did befall: what the deck holds, and each way in which the source fails.
    assert {"kill", "kill twice", "fired twice", "by hand", "off"} <= {d["what"] for d in days}
    assert {"500", "hang", "cut"} <= {d["source"] for d in days}
    assert len(days) == 20
    on = [d for d in days if d["what"] != "off"]
    assert all({0, 4} & set(d["attempts"]) or "killed" in d["attempts"] for d in on)
    assert all(d["reason"] for d in on if 4 in d["attempts"])

    # Six items a day, some of them twice, and the months of the section.
    nothing_lost = checks["Nothing lost"]["rows"]
    assert nothing_lost["readings stored"] > 6 * 430
    assert nothing_lost["readings delivered, repeats included"] > nothing_lost["readings stored"]
    assert nothing_lost["broken files delivered"] == 2
    assert nothing_lost["of them listed in quarantine with a reason"] == 2

    register = checks["Register"]["rows"]
    assert register["runs"] >= len({d["run"] for d in days if d["run"]}) > 10
    verify = checks["forecast verify"]["rows"]
    # Forecasts of the days before New Year are scored, those after it wait.
    assert verify["scored"] > 0 and verify["in_time"] > 0 and verify["pending"] > 0
    assert checks["Left over"]["rows"]["unfinished files and folders"] == 0
    # The ages count from the third newest; a day with a run by hand may have two.
    assert days[-1]["runs"] <= 7 + 3 + 1 + 1
