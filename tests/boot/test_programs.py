"""Programs that nobody here wrote do on Ingot what they do on this machine: Lua, SQLite, zlib."""
import os
import re
import subprocess

import pexpect
import pytest

import build
from boots import LIMIT_S, esp, wait_for_screen
from qemu import START_LIMIT_S, Config

LUA, SQLITE, ZLIB = "tests/boot/apps/lua", "tests/boot/apps/sqlite", "apps/zlib"
PROMPT = r"\s+> "


def printed(run):
    """What the program printed: all lines behind READY that are not the log's."""
    lines = run.text.split("\nREADY", 1)[1].split("\n")[1:]
    return [line for line in lines if not re.match(r"\[ *\d+\.\d+\] \d+ ", line) and line]


def on_this_machine(command, folder):
    """What the same program prints here."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
    assert done.returncode == 0 and not done.stderr, done
    return [line for line in done.stdout.split("\n") if line]


def must_be_the_same(ours, theirs):
    wrong = [f"here {their!r}\nthere {our!r}" for our, their in zip(ours, theirs) if our != their]
    assert not wrong and len(ours) == len(theirs), "\n".join(wrong[:10]) or f"{len(ours)} lines, not {len(theirs)}: {ours[-3:]}"


def test_lua_computes_what_it_computes_here(boot, tmp_path):
    theirs = on_this_machine(["lua5.4", build.TOP / LUA / "checks.lua"], tmp_path)
    assert int(theirs[-1].split()[0]) > 500
    must_be_the_same(printed(boot(LUA, "checks.lua").must_be_good()), theirs)


def ask(user, line, answer):
    user.sendline(line)
    user.expect(answer + PROMPT)


def test_lua_answers_on_the_serial_port(tmp_path):
    command = [str(build.TOP / "tools/run.py"), str(build.loader(LUA)), "--image", str(tmp_path / "image")]
    user = pexpect.spawn(command[0], command[1:], env=dict(os.environ, INGOT_ARGS=""), timeout=START_LIMIT_S, encoding="utf-8")
    user.expect(r"Lua 5\.4\.4.*" + PROMPT)
    ask(user, "6 * 7", r"\n42")
    ask(user, "ingot.cpu()", r"\n0\t1")
    ask(user, "ingot.log('from ' .. _VERSION)", r"app: from Lua 5\.4")
    ask(user, "ingot.peek(0xfed00000, 4) >> 16 == 0x8086", r"\ntrue")
    ask(user, "ingot.peek(1 << 45)", r"\nnil\tfault")
    ask(user, "t = ingot.time() ingot.sleep(0.1) return (ingot.time() - t) // 100000000", r"\n\d+")
    ask(user, "ingot.port_out(0x70, 1, 0x0f) return ingot.port_in(0x71, 1) < 256", r"\ntrue")
    ask(user, "ingot.display()", r"\nnil")
    ask(user, "page = 0x600000 old = ingot.peek(page, 8) ingot.poke(page, 8, old) return ingot.peek(page, 8) == old", r"\ntrue")
    user.sendline("for i = 1, 3 do")
    user.expect(r"\s>> ")
    ask(user, "print(i) end", r"\n1\s+2\s+3")
    ask(user, "error('said so')", r"said so.*traceback.*in \?")
    user.sendline("os.exit(7)")
    user.expect(pexpect.EOF)
    user.close()
    assert user.exitstatus == 7, user.before


@pytest.mark.full
def test_lua_answers_on_the_screen(machine, tmp_path):
    running = machine(esp(LUA, "exit=qemu"), Config(display="std"))
    assert running.wait_for(r"i8042: a keyboard answers", LIMIT_S), running.text       # it forgets what was typed before
    running.type_keys(*"print", "shift-9", *"1234", "shift-8", "1", "0", "1", "shift-0", "ret")
    assert running.wait_for(r"^124634$", LIMIT_S), running.text
    seen = wait_for_screen(running, r"(?m)^124634\n>$", tmp_path / "dump")
    assert re.search(r"(?m)^> print\(1234\*101\)\n124634$", seen), seen
    for line in ("ingot.take_display()", "ingot.fill(0, 0, 64, 64, 0xff8000)"):
        running.send(line + "\r")
    assert running.wait_for(r"0xff8000\)\s+> ", LIMIT_S), running.text
    dump = running.screendump(tmp_path / "dump").read_bytes()
    assert dump[-3 * 1280 * 800:][:3 * 64] == b"\xff\x80\x00" * 64, dump[:80]


@pytest.mark.full
def test_sqlite_answers_what_it_answers_here(boot, tmp_path):
    statements = build.TOP / SQLITE / "statements.sql"
    assert len([line for line in statements.read_text().splitlines() if line.endswith(";")]) == 1000
    theirs = on_this_machine(["sqlite3", "-batch", ":memory:", f".read {statements}"], tmp_path)
    must_be_the_same(printed(boot(SQLITE, '-batch :memory: ".read statements.sql"').must_be_good()), theirs)


@pytest.mark.full
def test_sqlites_shell_answers_on_the_serial_port(machine):
    running = machine(esp(SQLITE, "exit=qemu"))
    assert running.wait_for(r"^sqlite> ", LIMIT_S), running.text
    running.send("create table t(x); insert into t values(6), (7);\rselect 'product ' || (a.x * b.x) from t a, t b where a.x < b.x;\r.exit 3\r")
    end = running.wait(LIMIT_S)
    assert (end.how, end.status) == ("exit", 3) and re.search(r"^product 42$", running.text, re.MULTILINE), f"{end}\n{running.text}"


@pytest.mark.full
def test_zlibs_own_tests_pass(boot):
    said = printed(boot(ZLIB).must_be_good())
    assert [line for line in said if line.startswith("zlib: ")] == [
        "zlib: example passed", "zlib: infcover passed", "zlib: 100000 bytes packed into 414", "zlib: minigzip passed"], said
