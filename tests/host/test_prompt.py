"""The prompt on this host (build/host/prompt-keys, under ASan and UBSan): keys against a second line editor, expressions against a second
arithmetic, JSON against a second reader, and any bytes at all."""
import json
import os
import pathlib
import random
import re
import subprocess

import pytest

PROGRAM = pathlib.Path(__file__).resolve().parents[2] / os.environ.get("INGOT_HOST", "build/host") / "prompt-keys"
LINE_BYTES, HISTORY = 256, 16
MASK = 2 ** 64 - 1


def type_keys(keys, limit_s=60):
    done = subprocess.run([PROGRAM], input=keys, capture_output=True, timeout=limit_s)
    assert done.stderr == b"", done.stderr.decode(errors="replace")[:4000]
    return done.returncode, done.stdout


def shown(keys):
    """What the program says, without its prompts and what is typed."""
    text = re.sub(r"\x1b\[[0-9?]*[A-Za-z]", "", type_keys(keys)[1].decode())
    lines = [line for line in text.replace("\r\n", "\n").split("\n") if not line.startswith("\r> ") and not line.startswith("> ")]
    return "\n".join(lines)


# ---- expressions ----

LEVEL = {"|": 1, "^": 2, "&": 3, "<<": 4, ">>": 4, "+": 5, "-": 5, "*": 6, "/": 6, "%": 6}


def apply(operator, a, b):
    if operator in "/%" and b == 0:
        raise ZeroDivisionError
    if operator in ("<<", ">>") and b >= 64:
        return 0
    return {"|": lambda: a | b, "^": lambda: a ^ b, "&": lambda: a & b, "<<": lambda: a << b, ">>": lambda: a >> b, "+": lambda: a + b,
            "-": lambda: a - b, "*": lambda: a * b, "/": lambda: a // b, "%": lambda: a % b}[operator]() & MASK


def number(rng):
    value = rng.choice([0, 1, 2, 7, 10, 255, 4096, 2 ** 32, MASK, rng.getrandbits(64), rng.getrandbits(16)])
    suffix, shift = rng.choice([("", 0)] * 6 + [("K", 10), ("m", 20), ("G", 30), ("t", 40)])
    if value << shift > MASK:
        suffix, shift = "", 0
    text = rng.choice([str(value), hex(value), bin(value), f"0{value:o}" if value else "0", f"{value:#X}".replace("X", "x")])
    return text + suffix, value << shift


def make(rng, depth):
    """Text, value and how tightly its outermost operator holds; parentheses only where C needs them, and some more."""
    kind = rng.random()
    if depth == 0 or kind < 0.25:
        return (*number(rng), 8)
    if kind < 0.35:
        text, value, level = make(rng, depth - 1)
        sign = rng.choice("-~")
        return sign + (text if level >= 7 else f"({text})"), (-value if sign == "-" else ~value) & MASK, 7
    operator = rng.choice(list(LEVEL))
    (left, a, left_level), (right, b, right_level) = make(rng, depth - 1), make(rng, depth - 1)
    left = f"({left})" if left_level < LEVEL[operator] or rng.random() < 0.1 else left
    right = f"({right})" if right_level <= LEVEL[operator] or rng.random() < 0.1 else right
    space = rng.choice(["", " "])
    return left + space + operator + space + right, apply(operator, a, b), LEVEL[operator]


def expressions(count):
    rng = random.Random(5)
    while count:
        try:
            text, value, _ = make(rng, rng.randrange(5))
        except ZeroDivisionError:
            continue
        if len(text) < 200:
            count -= 1
            yield text, value


def test_expressions_have_the_values_that_c_says():
    wanted = list(expressions(3000))
    said = shown("".join(f'value "{text}"\r' for text, _ in wanted).encode())
    got = [int(line.split()[1].rstrip(":")) for line in said.splitlines() if line.startswith("value ")]
    assert len(got) == len(wanted)
    for (text, value), answer in zip(wanted, got):
        assert answer == value, text


def test_what_is_no_expression_is_told_so():
    wrong = ["", "1 +", "* 2", "(1", "1)", "1 2", "0x", "09", "1/0", "5%0", "x", "mai", "main1", "0xg", "1 << ", "1 < 2", "99999999999999999999",
             "16777216T", "(" * 50 + "1" + ")" * 50, "-" * 60 + "1", "1e5", "K", "1KK", "()", "1;2", "$1", "1,2"]
    said = shown("".join(f'value "{text}"\r' for text in wrong).encode())
    assert said.count("value EXPRESSION: its value") == len(wrong), said


def test_names_are_functions():
    assert shown(b"value main\r").startswith("value 33554432: ")
    assert shown(b'value "show_value.part.0 - main * 2"\r').startswith(f"value {MASK + 1 - 0x2000000 + 0x100}: ")


def test_numbers_are_shown_in_each_form():
    assert shown(b"value 0\r").strip() == "value 0: hexadecimal 0x0, wide 0x0000000000000000, signed 0"
    assert shown(b"value 0-1\r").strip() == f"value {MASK}: hexadecimal 0x{'f' * 16}, wide 0x{'f' * 16}, signed -1"


# ---- keys ----

class Editor:
    """The same line editor, written the way Python does it."""

    KEYS = {"left": b"\x1b[D", "right": b"\x1b[C", "home": b"\x1b[H", "end": b"\x1bOF", "up": b"\x1b[A", "down": b"\x1bOB", "delete": b"\x1b[3~",
            "backspace": b"\x7f", "start": b"\x01", "back": b"\x02", "del": b"\x04", "stop": b"\x05", "forth": b"\x06", "kill": b"\x0b",
            "next": b"\x0e", "previous": b"\x10", "clear": b"\x15", "word": b"\x17", "redraw": b"\x0c"}

    def __init__(self):
        self.line, self.at, self.lines, self.place, self.kept = "", 0, [], 0, ""

    def insert(self, text):
        for character in text:
            if len(self.line) + 1 < LINE_BYTES:
                self.line = self.line[:self.at] + character + self.line[self.at:]
                self.at += 1

    def history(self, step):
        oldest = max(0, len(self.lines) - HISTORY)
        if not oldest <= self.place + step <= len(self.lines):
            return
        if self.place == len(self.lines):
            self.kept = self.line
        self.place += step
        self.line = self.kept if self.place == len(self.lines) else self.lines[self.place]
        self.at = len(self.line)

    def cut(self, start, past):
        self.line, self.at = self.line[:start] + self.line[past:], start

    def press(self, key):
        if key in ("left", "back"):
            self.at = max(0, self.at - 1)
        elif key in ("right", "forth"):
            self.at = min(len(self.line), self.at + 1)
        elif key in ("home", "start"):
            self.at = 0
        elif key in ("end", "stop"):
            self.at = len(self.line)
        elif key in ("up", "previous"):
            self.history(-1)
        elif key in ("down", "next"):
            self.history(1)
        elif key in ("delete", "del") and self.at < len(self.line):
            self.cut(self.at, self.at + 1)
        elif key == "backspace" and self.at:
            self.cut(self.at - 1, self.at)
        elif key == "kill":
            self.line = self.line[:self.at]
        elif key == "clear":
            self.cut(0, self.at)
        elif key == "word":
            self.cut(len(re.sub(r"[^ ]* *$", "", self.line[:self.at])), self.at)

    def enter(self):
        line = self.line
        if line and (not self.lines or self.lines[-1] != line):
            self.lines.append(line)
        self.line, self.at, self.place = "", 0, len(self.lines)
        return line


def words_of(line):
    return re.findall(r"\S+", line)


def test_lines_are_edited_as_a_second_editor_does():
    rng, editor, keys, wanted = random.Random(7), Editor(), b"", []
    for _ in range(400):
        for _ in range(rng.randrange(60)):
            if rng.random() < 0.6:
                text = "".join(rng.choice("abcxyz  012.") for _ in range(rng.choice([1, 1, 2, 5, 40])))
                editor.insert(text)
                keys += text.encode()
            else:
                key = rng.choice(list(Editor.KEYS))
                editor.press(key)
                keys += Editor.KEYS[key]
        # Whatever has come about becomes the words of a command.
        editor.press("home")
        editor.insert("words ")
        keys += Editor.KEYS["home"] + b"words " + rng.choice([b"\r", b"\n", b"\r\n"])
        line = editor.enter()
        wanted.append(words_of(line))
    said = [line for line in shown(keys).splitlines() if line == "" or line.startswith("[") or "no such" in line or "which one" in line]
    got = [[bytes.fromhex(word).decode() for word in re.findall(r"\[([0-9a-f]*)\]", line)] for line in said if line.startswith("[")]
    expected = [words[1:33][:31] for words in wanted if words and words[0] == "words" and len(words) > 1]
    assert got == expected


def test_quotes_and_semicolons():
    said = shown(b'words "a b"c ; words x;words "y;z" "" ;;  ; words\r')
    assert [line for line in said.splitlines() if line.startswith("[")] == ["[61206263]", "[78]", "[793b7a][]"]


def test_completion():
    def last_line(keys):
        return shown(keys + b"\r").strip()

    assert last_line(b"wo\t1 2") == "[31][32]"
    assert last_line(b"words 1; wor\tq") == "[31]\n[71]"
    assert "tint COLOUR" in last_line(b"help ti\t")
    assert "tint COLOUR" in last_line(b"ti\t\x03ti")
    assert last_line(b"tint r\t") == "tint: timed out"
    assert re.search(r"green grey", last_line(b"tint gre\t"))
    assert last_line(b"tint x\t\x15words \ty") == "[79]"
    assert re.search(r"fact help history json|echo exit fact", last_line(b"\t\x03"))
    assert last_line(b"json wor\t7").startswith('{"words"')


def test_wrong_commands_are_told():
    assert "nonsense: no such command" in shown(b"nonsense\r")
    assert re.search(r"^h: which one\?\nhelp history", shown(b"h\r"), re.MULTILINE)
    assert "tint COLOUR: always too late" in shown(b"tint\r")
    assert "tint: " in shown(b"tint red\r")
    assert shown(b"help nonsense\r").strip() == "nonsense: no such command; `help` lists them"
    assert "COUNT COMMAND" in shown(b"repeat\r")
    assert shown(b"repeat 3 tint red\r").strip() == "tint: timed out"
    assert shown(b"repeat 3 tint\r").strip() == "tint COLOUR: always too late"


def test_what_is_wrong_with_a_word_is_told():
    for word, sentence in (("mai", "mai is no number, and no function here"), ("main+mai", "mai is no number, and no function here"),
                           ("1*09", "09 is no number of 64 bits"), ("16777216T", "16777216T is no number of 64 bits"), ("1/(2-2)", "division by zero"),
                           ("(1", "a ) is missing at the end"), ("(1]", "a ) is missing before `]`"), ("1+", "a number is missing at the end"),
                           ("*2", "a number is missing before `*2`"), ("1,2", "`,2` makes no sense there"), ("1)", "`)` makes no sense there"),
                           ("-" * 60 + "1", "too many signs or parentheses before `" + "-" * 27 + "1`"), ("1" * 90, "1" * 71 + "... is too long"),
                           ("x" * 240, "x" * 71 + "... is too long"), ("(" * 200, "too many signs or parentheses before `" + "(" * 89)):
        assert shown(f"value {word}\r".encode()).strip().splitlines() == [f"value: {sentence}", "value EXPRESSION: its value"], word
    assert shown(b"value x\rvalue\r").splitlines()[-1] == "value EXPRESSION: its value"
    assert "x is" not in shown(b"value x\rvalue\r").split("EXPRESSION", 1)[1]


def test_ctrl_c_ends_all_that_a_line_says():
    for line in (b"toil 1000; words a", b"repeat 5 toil 1000", b"json toil 1000"):
        said = shown(line + b"\r\x03words z\r")
        assert said.count("toiled") == said.count("a while") == 1 and "[61]" not in said and said.strip().endswith("[7a]"), said
        assert ("toil: interrupted" in said) == (said.count("interrupted") == 1) and "interrupted" in said, said
    assert "toiled to the end" in shown(b"toil 3; words a\r") and "[61]" in shown(b"toil 3; words a\r")


def test_pages_are_turned():
    assert "more" not in shown(b"page 4\r" + b"words a\r" * 9)      # what is typed is no page
    said = shown(b"page 4\rhelp\r  \x03words z\r")
    assert said.count("-- more") == 3 and "  words" not in said and said.strip().endswith("[7a]"), said
    for key in (b"q", b"\x03"):
        said = shown(b"page 4\rhelp\r" + key + b"words z\r")
        assert said.count("-- more") == 1 and "  history" not in said and re.search(r"(?m)^\[7a\]", said), said
    said = shown(b"page 2\rrepeat 9 fact 41\rqwords z\r")
    assert said.count("fact A") == 1 and "\n[7a]\n" in said, said


def test_names_of_functions_complete():
    def value(keys):
        return shown(b"value " + keys + b"\r").splitlines()[-1]

    assert value(b"mai\t").startswith("value 33554432:")
    assert value(b"4+mai\t").startswith("value 33554436:")
    assert value(b"(ma\ti\t-1)").startswith("value 33554431:")
    assert value(b"0x10*sho\t").startswith(f"value {0x2000100 * 16}:")
    assert shown(b"value ma\t\r").startswith("main main mask\n")
    assert shown(b"repeat 2 value mai\t\r").count("value 33554432:") == 2
    assert shown(b"json help va\t\r").count("EXPRESSION") == 1


def test_one_letter_runs_nothing():
    assert type_keys(b"\r".join(bytes([letter]) for letter in range(ord("a"), ord("z") + 1)) + b"\r")[0] == 0
    assert "e: which one?" in shown(b"e\r")


def test_repeat_and_history():
    assert shown(b"repeat 3 words a\r").count("[61]") == 3
    assert re.search(r"1  words a\s+2  history", shown(b"words a\rwords a\rhistory\r"))


def test_exit_gives_its_number():
    assert type_keys(b"exit 7\r")[0] == 7
    assert type_keys(b"words; exit 3; words\r")[0] == 3
    assert type_keys(b"exit x\rexit 1 2\rexit\r")[0] == 0


# ---- JSON ----

def as_json(command):
    return json.loads(shown(b"json " + command + b"\r"))


def test_rows_are_the_same_for_people_and_programs():
    assert shown(b"fact 4142\r").strip() == "fact AB: yes\n  row number 1: minus -1\n  row number 2"
    assert as_json(b"fact 4142") == {"fact": [{"fact": "AB", "nothing": None, "yes": True, "no": False,
                                               "inner": [{"row_number": 1, "minus": -1}, {"row_number": 2}], "empty": []}], "result": 0}


def kept_lines(said):
    return [line[7:] for line in said.replace("\r", "").splitlines() if line.startswith("[kept] ")]


def test_the_next_run_is_told_whole_rows_in_pieces():
    texts = ["short", "b,c" * 30, 'quo"te,' * 8]
    lines = kept_lines(shown(b"keep 10000 " + b" ".join(text.replace('"', "'").encode() for text in texts) + b"\r"))
    rows = json.loads("".join(lines))["rows"]
    assert [row["text"] for row in rows] == [text.replace('"', "'") for text in texts] and rows[2]["twelve"] == 12
    assert len(lines) > 6 and all(len(line) <= 336 for line in lines)
    assert all(json.loads("\n".join(lines))["rows"][number] == rows[number] for number in range(3))


def test_what_the_next_run_has_no_room_for_is_told():
    lines = kept_lines(shown(b"keep 150 one two three\r"))
    assert lines[-1] == "... the rest had no room here ..." and sum(map(len, lines[:-1])) <= 150 and lines[0].startswith('{"rows":['), lines


def test_text_and_failures_become_json_too():
    assert as_json(b"words a b") == {"words": [{"text": "[61][62]"}], "result": 0}
    said = as_json(b"nonsense")
    assert said["result"] == -1 and "no such command" in said["nonsense"][0]["text"]
    assert as_json(b"tint")["result"] == 1
    assert as_json(b"json json value 5")["json"][0]["value"] == 5
    assert as_json(b"value 0xffffffffffffffff")["value"][0] == {"value": MASK, "hexadecimal": MASK, "wide": MASK, "signed": -1}
    assert as_json(b'"a\\b"')["result"] == -1
    assert as_json(b"repeat 3 value 1")["repeat"] == [as_json(b"value 1")["value"][0]] * 3


def test_any_string_is_escaped_so_that_it_comes_back():
    rng = random.Random(9)
    texts = ['"', "\\", "a\tb\r\n\x1b[2J\x7f\x01", "\u00e9\u20ac\U0001f600", "\ufffd", "\x80\x9f\xa0", "'", "</script>"]
    texts += ["".join(chr(rng.choice([rng.randrange(1, 128), rng.randrange(128, 0x800), rng.randrange(0x10000, 0x10ffff)]))
                      for _ in range(rng.randrange(1, 20))) for _ in range(200)]
    for start in range(0, len(texts), 40):
        part = texts[start:start + 40]
        _, said = type_keys(b"".join(b"json fact " + text.encode().hex().encode() + b"\r" for text in part))
        said = re.sub(rb"\x1b\[[0-9?]*[A-Za-z]", b"", said)
        assert max(said) < 0x80 and b"\x1b" not in said
        documents = re.findall(r'^\{"fact".*?"result":0\}', said.decode().replace("\r\n", "\n"), re.MULTILINE | re.DOTALL)
        assert [json.loads(document)["fact"][0]["fact"] for document in documents] == part


def test_malformed_utf8_is_valid_json():
    rng = random.Random(11)
    for _ in range(60):
        text = bytes(rng.randrange(1, 256) for _ in range(rng.randrange(1, 30)))
        assert isinstance(as_json(b"fact " + text.hex().encode())["fact"][0]["fact"], str)


def test_people_see_no_control_characters():
    assert shown(b"fact 411b5b324a0742c29b43\r").splitlines()[0] == "fact A.[2J.B.C: yes"


def test_lines_without_output_do_not_stop_at_a_page():
    said = type_keys(b"page 3\r" + b"\r" * 9 + b"words alive\r")[1]
    assert b"-- more" not in said and b"[616c697665]" in said


# ---- anything ----

def test_10_mib_of_any_bytes_are_survived(tmp_path):
    rng = random.Random(99)
    with open(tmp_path / "keys", "wb") as keys:
        for _ in range(160):
            keys.write(rng.randbytes(65536))
        keys.write(b"\x03" * 50 + b"page 0\rwords alive\r")
    with open(tmp_path / "keys", "rb") as keys, open(tmp_path / "said", "wb") as said:
        assert subprocess.run([PROGRAM], stdin=keys, stdout=said, timeout=1200).returncode == 0
    assert b"[616c697665]" in (tmp_path / "said").read_bytes()[-4096:]


def test_any_bytes_are_survived():
    for seed in range(20):
        rng = random.Random(seed)
        keys = bytes(rng.choices(range(256), k=30000)) + b"\x03\r\nwords alive\r"
        assert b"[616c697665]" in type_keys(keys)[1]


def test_any_keys_and_words_are_survived():
    pieces = [*Editor.KEYS.values(), b"\t", b"\r", b"\x03", b"\x1b", b"\x1b[", b";", b'"', b" ", b"words ", b"value ", b"json ", b"help ", b"repeat 3 ",
              b"tint ", b"history\r", b"page 5\r", b"q", b"fact 22", b"\x00", b"\xff", b"x" * 300]
    for seed in range(20):
        rng = random.Random(100 + seed)
        _, said = type_keys(b"".join(rng.choices(pieces, k=3000)) + b"\x03" * 50 + b"page 0\rwords alive\r")
        assert b"[616c697665]" in said
