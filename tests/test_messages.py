"""Errors in Chinese: every message of the code has one, and it is found again by what was said."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.errors import InputError
from forecast.messages import in_chinese
from forecast.messages.catalogue import Message, messages, tables
from forecast.terminal import in_words

_PACKAGE = Path(__file__).resolve().parents[1] / "forecast"

#: Tables of what messages are put together from: it stands in the code in many forms.
_PARTS = ("parts.toml", "set_aside.toml")


@cache
def _trees() -> dict[Path, ast.Module]:
    return {p: ast.parse(p.read_text("utf-8")) for p in sorted(_PACKAGE.rglob("*.py"))}


def _name(called: ast.expr) -> str:
    return called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")


@cache
def _errors() -> frozenset[str]:
    """Names of the classes of errors that a user can meet."""
    bases = {
        node.name: {ast.unparse(base).rpartition(".")[2] for base in node.bases}
        for tree in _trees().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    found = {"ForecastError"}
    while more := {name for name, above in bases.items() if above & found} - found:
        found |= more
    return frozenset(found)


def _leaves(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.IfExp):
        yield from _leaves(node.body)
        yield from _leaves(node.orelse)
    else:
        yield node


def _texts(node: ast.expr, constants: dict[str, ast.expr]) -> list[str]:
    """The forms of a text in the code, ``{}`` for what it names; none where it is no text."""
    if isinstance(node, ast.Constant):
        text = node.value
        return [text.replace("{", "{{").replace("}", "}}")] if isinstance(text, str) else []
    if isinstance(node, ast.Name):
        return _texts(constants[node.id], constants) if node.id in constants else []
    if isinstance(node, ast.IfExp):
        return [t for leaf in _leaves(node) for t in _texts(leaf, constants)]
    if isinstance(node, ast.BoolOp):
        return [t for value in node.values for t in _texts(value, constants)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = (_texts(side, constants) or ["{}"] for side in (node.left, node.right))
        return [a + b for a in left for b in right]
    if not isinstance(node, ast.JoinedStr):
        return []
    forms = [""]
    for part in node.values:
        own = ["{}"]
        if isinstance(part, ast.Constant):
            own = _texts(part, constants)
        elif isinstance(part, ast.FormattedValue) and part.conversion == -1:
            leaves = list(_leaves(part.value))
            said = [t for leaf in leaves for t in _texts(leaf, constants)]
            if isinstance(part.value, (ast.IfExp, ast.Constant, ast.Name)) and len(said) == len(
                leaves
            ):
                own = said
        forms = [form + t for form in forms for t in own]
    return forms


@cache
def _said() -> dict[str, str]:
    """Every message and cure that the code writes down, and where."""
    found: dict[str, str] = {}
    for path, tree in _trees().items():
        constants = {
            target.id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            if _name(node.func) not in _errors():
                continue
            for given_ in (*node.args, *(k.value for k in node.keywords)):
                for text in _texts(given_, constants):
                    if text and text != "{}":
                        found.setdefault(text, f"{path.relative_to(_PACKAGE)}:{node.lineno}")
    return found


def _set_aside() -> dict[str, str]:
    """Every reason that is written where a cell, a row or a file is set aside, and where."""
    found: dict[str, str] = {}
    for path, tree in _trees().items():
        if path.relative_to(_PACKAGE).parts[0] != "ingest":
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _name(node.func) in (
                "problem",
                "set_aside",
                "refuse",
            ):
                for given_ in (*node.args, *(k.value for k in node.keywords)):
                    for text in _texts(given_, {}):
                        if " " in text and text[0] in "{abcdefghijklmnopqrstuvwxyz":
                            found.setdefault(text, f"{path.relative_to(_PACKAGE)}:{node.lineno}")
    return found


def _filled(message: Message) -> tuple[str, list[str]]:
    """What the program would say, and what it names."""
    names = [f"{chr(0x7532 + at)}{at}" for at in range(message.places)]
    return message.en.format(*names), names


def test_every_message_of_the_code_has_its_chinese() -> None:
    assert len(_said()) > 1000
    missing = {where: text for text, where in _said().items() if text not in messages()}
    assert not missing


def test_every_reason_for_setting_aside_has_its_chinese() -> None:
    assert len(_set_aside()) > 40
    missing = {where: text for text, where in _set_aside().items() if in_chinese(text) == text}
    assert not missing


def test_no_table_has_a_message_that_the_code_no_longer_says() -> None:
    dead = [
        (name, en)
        for name, rows in tables()
        if name not in _PARTS
        for en in rows
        if en not in _said()
    ]
    assert not dead


def test_a_message_stands_in_one_table() -> None:
    every = [en for _, rows in tables() for en in rows]
    assert len(every) == len(set(every)) == len(messages())


def test_chinese_names_all_that_the_english_names() -> None:
    for message in messages().values():
        _, names = _filled(message)
        told = message.zh.format(*names)
        assert all(name in told for name in names), message.en
        words = re.sub("--[a-z]+", "", message.en)
        assert re.search("[\u4e00-\u9fff]", message.zh) or not re.search("[a-z]{3}", words), (
            message.en
        )
        assert "  " not in told, message.en


def test_sentences_end_as_chinese_ones() -> None:
    for message in messages().values():
        if message.en.endswith(".") and not message.zh.endswith("{}"):
            assert message.zh.endswith(("。", "…")), message.zh


def test_every_message_is_found_by_what_was_said() -> None:
    lost = []
    for message in messages().values():
        if message.en != message.en.strip() or "}{" in message.en:
            continue  # A part that begins with a blank; names with nothing between them.
        if not re.search("[\u4e00-\u9fff]", message.zh):
            continue  # Nothing but names, such as "{}: {}".
        said, names = _filled(message)
        if in_chinese(said) != message.zh.format(*names):
            lost.append((said, in_chinese(said)))
    assert not lost


@pytest.mark.parametrize(
    ("said", "chinese"),
    [
        (
            "There is no run yet. Make one: forecast run.",
            "还没有任何运行结果。先运行一次:forecast run。",
        ),
        (
            "衡水: There is no run yet. Make one: forecast run.",
            "衡水:还没有任何运行结果。先运行一次:forecast run。",
        ),
        (
            "D:\\数据\\a.csv: column rh never exceeds 1, so it can't be relative humidity in %.",
            "D:\\数据\\a.csv:rh列从不超过1,不可能是以%计的相对湿度。",
        ),
        (
            "/w/forecast.toml: [run] paths = 'x' is not allowed: it should be a valid integer, unable to "
            "parse string as an integer. Correct the value.",
            "/w/forecast.toml:[run] paths = 'x' 不允许:应为整数。改正这个值。",
        ),
        (
            "The disk is full: /w/latest could not be written and what was there is unchanged. "
            "Free some space and run the same command again.",
            "磁盘已满:/w/latest 写不进去,原有内容没有变动。腾出空间后再运行同一条命令。",
        ),
        (
            "The Word template 模板.docx has {{正文}} in 2 places.",
            "Word模板 模板.docx 有2处 {{正文}}。",
        ),
        ("what nobody has written down", "what nobody has written down"),
        ("run: The sky is full.", "run: The sky is full."),
        ("", ""),
    ],
)
def test_what_is_put_together_is_taken_apart(said: str, chinese: str) -> None:
    assert in_chinese(said) == chinese


@given(st.text(max_size=60))
def test_any_text_is_borne(text: str) -> None:
    told = in_chinese(text)
    assert told or not text


@given(st.text(alphabet=st.characters(categories=["L", "N"]), min_size=1, max_size=20))
def test_names_of_files_stay_as_they_are(name: str) -> None:
    told = in_chinese(f"/data/{name}.csv is empty. Export it again from its source.")
    assert told == f"/data/{name}.csv 是空的。从来源重新导出。"


def test_an_error_is_said_in_the_language_of_the_reader() -> None:
    error = InputError("a. b.csv is empty.", "Export it again from its source.")
    assert in_words(error, "en") == "a. b.csv is empty. Export it again from its source."
    assert in_words(error, "zh") == "a. b.csv 是空的。从来源重新导出。"
    assert in_words(InputError("a.csv is empty."), "zh") == "a.csv 是空的。"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 1, "不是工作区:没有 forecast.toml。建一个:forecast init "),
        (["--lang", "zh"], 1, "不是工作区:没有 forecast.toml。建一个:forecast init "),
        (
            ["--lang=en"],
            1,
            "is not a workspace: it has no forecast.toml. Make one with: forecast init ",
        ),
        (["--lang", "fr"], 2, "不认识 --lang fr。请用 zh 或 en。"),
        (["--qualty"], 2, "没有选项 --qualty。相近的选项:"),
        (["--region"], 2, "选项 '--region' 后面要有一个值。用法:"),
        (["more", "words"], 2, "多了不认识的词(more words)。用法:"),
        (["more", "--lang", "en"], 2, "Got unexpected extra argument(s) (more). See: "),
    ],
)
def test_the_command_complains_in_the_language_asked_for(
    forecast_command: Callable[..., subprocess.CompletedProcess[str]], words: list[str], code: int,
    said: str, tmp_path: Path,
) -> None:  # fmt: skip
    done = forecast_command("status", "--workspace", tmp_path, *words)
    assert said in done.stderr and done.stderr.startswith("forecast: ")
    assert (done.stderr.count("\n"), done.stdout, done.returncode) == (1, "", code)


@pytest.mark.parametrize("group", [(), ("scenario",)])
def test_a_group_of_commands_tells_of_itself_once(
    forecast_command: Callable[..., subprocess.CompletedProcess[str]], group: tuple[str, ...]
) -> None:
    done = forecast_command(*group)
    assert done.stdout.count("Usage:") == 1 and not done.stderr
    assert done.returncode == 2
