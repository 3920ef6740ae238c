"""What the program says of errors, with its Chinese, from the tables in ``zh``.

A key is a message as it stands in the code, ``{}`` where it names something; its value says the same
in Chinese, with ``{}`` in the same order or ``{0}``, ``{1}`` in its own. ``parts.toml`` has what
messages are put together from. A brace that is meant is written twice.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from string import Formatter

__all__ = ["Message", "messages", "messages_like", "tables"]

#: Signs of the beginning and of the end by which messages are looked up.
_SIGNS = 3


@dataclass(frozen=True)
class Message:
    """A message with places for what it names.

    Attributes:
        en: as it stands in the code, ``{}`` for what it names.
        zh: the same in Chinese.
    """

    en: str
    zh: str

    @cached_property
    def literals(self) -> tuple[str, ...]:
        """The text before, between and behind the places."""
        pieces = [""]
        for text, field, _, _ in Formatter().parse(self.en):
            pieces[-1] += text
            if field is not None:
                pieces.append("")
        return tuple(pieces)

    @property
    def places(self) -> int:
        """How many things it names."""
        return len(self.literals) - 1

    @cached_property
    def weight(self) -> int:
        """Signs of its own, blanks apart."""
        return sum(not c.isspace() for text in self.literals for c in text)

    @cached_property
    def letters(self) -> int:
        """Letters of its own."""
        return sum(c.isalpha() for text in self.literals for c in text)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("(.*?)".join(map(re.escape, self.literals)), re.DOTALL)

    def named_in(self, text: str) -> tuple[str, ...] | None:
        """What ``text`` names if it is this message, None if it is another."""
        first, last = self.literals[0], self.literals[-1]
        # Most messages are told apart by this alone, without a pattern.
        if not (text.startswith(first) and text.endswith(last)):
            return None
        if any(piece not in text for piece in self.literals):
            return None
        found = self._pattern.fullmatch(text)
        return None if found is None else found.groups()


@cache
def messages() -> dict[str, Message]:
    """All messages by their English form."""
    return {en: Message(en, zh) for _, table in tables() for en, zh in table.items()}


def messages_like(text: str) -> Iterator[Message]:
    """The messages with names in them that begin and end as ``text`` does."""
    begins = {text[:n] for n in range(_SIGNS + 1)}
    ends = {text[max(len(text) - n, 0) :] for n in range(_SIGNS + 1)}
    for begin in sorted(begins):
        for end in sorted(ends):
            yield from _by_ends().get((begin, end), ())


@cache
def _by_ends() -> dict[tuple[str, str], list[Message]]:
    found: dict[tuple[str, str], list[Message]] = {}
    for message in messages().values():
        if message.places:
            first, last = message.literals[0], message.literals[-1]
            found.setdefault((first[:_SIGNS], last[-_SIGNS:]), []).append(message)
    return found


def tables() -> Iterator[tuple[str, dict[str, str]]]:
    """Name and rows of each table."""
    folder = resources.files("forecast.messages").joinpath("zh")
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        if file.name.endswith(".toml"):
            yield file.name, tomllib.loads(file.read_text(encoding="utf-8"))
