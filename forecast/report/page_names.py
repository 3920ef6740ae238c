"""Names of the files of regions' pages: safe on every system, one a region, the same in every run."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

from forecast.report.figure_parts import file_words

__all__ = ["page_names"]

#: A name takes at most so many bytes: file systems have 255, and temporary names add some.
_MOST_BYTES = 120

#: The end of a name that carries a hash; a system may not tell its letters' cases apart.
_HASHED = re.compile(r"-[0-9a-f]{8}$", re.IGNORECASE)

#: Names that Windows keeps for devices, with any ending.
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def page_names(regions: Iterable[str]) -> dict[str, str]:
    """Return region → name of its page, without folder.

    A name that can stand as it is does; one that had to be changed carries a hash of what it was,
    and so do names that a file system may take for one (``A`` and ``a``), or that end like a hash.

    >>> page_names(["衡水", "a/b"])
    {'衡水': '衡水.html', 'a/b': 'a_b-c14cddc0.html'}
    """
    names = {region: _bare(region) for region in dict.fromkeys(regions)}
    folded = Counter(_folded(name) for name in names.values())
    return {
        region: (
            f"{name}.html"
            if name == region and folded[_folded(name)] == 1 and not _HASHED.search(name)
            else f"{name}-{hashlib.sha256(region.encode('utf-8', 'replace')).hexdigest()[:8]}.html"
        )
        for region, name in names.items()
    }


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _bare(region: str) -> str:
    """The name without what a system or a reader may take for something else."""
    plain = unicodedata.normalize("NFC", region)
    # Control and direction characters, surrogates, private and unassigned ones.
    plain = "".join(c for c in plain if not unicodedata.category(c).startswith("C"))
    name = file_words(plain).lstrip("-~")
    name = name.encode("utf-8")[:_MOST_BYTES].decode("utf-8", "ignore").rstrip(". ") or "region"
    return f"region-{name}" if _DEVICES.fullmatch(name) or name == "index" else name
