"""Folders of made runs, with a result and a manifest that has its hash."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any


def store_run(folder: Path, result: Any, **manifest: Any) -> None:
    """Write a result as a run does, and a manifest with ``manifest`` in it besides."""
    folder.mkdir(parents=True, exist_ok=True)
    data = json.dumps(result, ensure_ascii=False).encode("utf-8")
    (folder / "projection.json").write_bytes(data)
    outputs = [{"path": "projection.json", "sha256": hashlib.sha256(data).hexdigest()}]
    told = json.dumps({**manifest, "outputs": outputs}, ensure_ascii=False)
    (folder / "manifest.json").write_text(told, encoding="utf-8")


def hash_anew(folder: Path) -> None:
    """Give the manifest the hash of the result as it is now, as who alters both would."""
    path = folder / "manifest.json"
    told = json.loads(path.read_text(encoding="utf-8"))
    for one in told["outputs"]:
        if one["path"] == "projection.json":
            one["sha256"] = hashlib.sha256((folder / one["path"]).read_bytes()).hexdigest()
    path.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
