import json

import pytest

from ctpet.printable import escaped_json, printable, printable_lines


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Tho\x07rax", "Thorax"),
        ("a\x1b[1;31mred\x1b[0m b", "ared b"),
        ("a\x9b31mred", "ared"),
        ("a\x1b]0;title\x07b", "ab"),
        ("a\x1b]8;;http://x\x1b\\b", "ab"),
        ("a\x1b$Bb\x1b(Bc", "abc"),
        ("a\x1b", "a"),
        ("a\x1b]never ended", "anever ended"),
        ("one\r\ntwo\tthree\x85four\u2028five", "onetwothreefourfive"),
        ("\u202egnp.exe\u2066\u2069", "gnp.exe"),
        ("\ufeffa\x00b\x7fc", "abc"),
        ("Nguyễn^Văn Ánh=山田^太郎", "Nguyễn^Văn Ánh=山田^太郎"),
        ("می‌خواهم", "می‌خواهم"),
        ("שלום\u200f!", "שלום\u200f!"),
    ],
)
def test_only_what_commands_is_taken_out(text, left):
    assert printable(text) == left
    assert printable(printable(text)) == left


def test_lines_and_tabs_stay_where_they_are_meant():
    assert printable_lines("a\tb\nc\x07\x1b[2Jd\x85e") == "a\tb\ncde"


def test_json_keeps_its_meaning():
    value = {"a\u202e": ["\x07", "\x9b31m", "\x1b[1m", "ễ", "\u2028"], "b": "line\nline"}
    text = escaped_json(json.dumps(value, ensure_ascii=False, indent=1))
    assert json.loads(text) == value
    assert printable_lines(text) == text
    assert "ễ" in text
