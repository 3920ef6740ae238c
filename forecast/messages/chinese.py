"""A message in Chinese, found by its English form.

Errors are raised, logged and handed to programs in English; a terminal in Chinese says them in
Chinese. What a message names (files, columns, values) stays as it is; what it is put together from
(a reason, a second sentence) is put into Chinese as well. A message that no table has stays English.
"""

from __future__ import annotations

from functools import cache, lru_cache

from forecast.errors import ForecastError
from forecast.messages.catalogue import Message, messages, messages_like
from forecast.standards.items import ITEMS

__all__ = ["in_chinese"]

#: Texts that are remembered: a text has many ways to be taken apart.
_MOST = 4096
#: A longer text is no error of this program.
_LONGEST = 2000

#: Places at which a text is tried to be cut into two sentences; names may hold such places as well.
_ENDS = 6

#: A part with fewer signs of its own could be anything.
_FEW = 6


def in_chinese(said: str | ForecastError) -> str:
    """Return an error or a text in Chinese, or as it is where its Chinese is not known.

    >>> in_chinese("There is no run 20260101-ab. The folders under reports are the runs.")
    '没有名为20260101-ab的运行结果。reports 下的各文件夹就是历次运行。'
    """
    if isinstance(said, ForecastError):
        # Each by itself: where one ends and the next begins is known here.
        return f"{in_chinese(said.message)}{in_chinese(said.cure)}"
    if len(said) > _LONGEST:
        return said
    chinese = _said(said.strip(), 0)
    return chinese if chinese is not None and _chinese(chinese) > _chinese(said) else said


@lru_cache(_MOST)
def _said(text: str, least: int) -> str | None:
    """A sentence or several; ``least``: signs that a message has of its own."""
    whole = _sentence(text, least)
    at, ends = text.find(". "), 0
    while at >= 0 and ends < _ENDS and (whole is None or _left(whole)):
        first = _sentence(text[: at + 1], least)
        rest = None if first is None else _said(text[at + 2 :].lstrip(), least)
        if first is not None and rest is not None:
            both = first + rest
            if whole is None or _left(both) < _left(whole):
                whole = both
        at, ends = text.find(". ", at + 1), ends + 1
    return whole


@lru_cache(_MOST)
def _sentence(text: str, least: int) -> str | None:
    """The message that leaves the fewest words untranslated."""
    known = messages().get(text.replace("{", "{{").replace("}", "}}"))
    if known is not None:
        return known.zh.format()
    found = []
    for message in messages_like(text):
        if message.weight < least:
            continue
        named = message.named_in(text)
        if named is not None and _may_name(message, named):
            said = message.zh.format(*(_part(name) for name in named))
            found.append((_left(said), -message.weight, message.places, said))
    return min(found)[-1] if found else None


def _part(text: str) -> str:
    """What a message names: a reason that has words of its own, an item, or a name."""
    bare = text.strip()
    if not bare or (bare.isascii() and not any(c.isalpha() for c in bare)):
        return text
    if bare in _items():
        return _items()[bare]
    if " " not in bare:
        return text
    exact = messages().get(text)
    if exact is not None and not exact.places:
        return exact.zh
    return _said(bare, _FEW) or text


@cache
def _items() -> dict[str, str]:
    """Chinese of items whose English name is no word that a column could have."""
    return {item.en: item.zh for item in ITEMS.values() if " " in item.en and item.zh}


def _may_name(message: Message, named: tuple[str, ...]) -> bool:
    """Whether a message of a small word or two, such as ``{} is {}.``, can be meant.

    It names words; with whole sentences in its places it would be another message.
    """
    short = 0 < message.letters < _FEW and not message.literals[0]
    return not (short and any(" " in name.strip() for name in named))


def _chinese(text: str) -> int:
    """Chinese characters."""
    return sum("\u4e00" <= c <= "\u9fff" for c in text)


def _left(text: str) -> int:
    """Letters that are not Chinese."""
    return sum(c.isascii() and c.isalpha() for c in text)
