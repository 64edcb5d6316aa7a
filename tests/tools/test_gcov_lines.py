"""Counters that come over the serial line: what is whole is decoded, what is not is refused."""
import base64

import pytest

import gcov_lines


def lines(name, data):
    pieces = [data[at:at + 162] for at in range(0, len(data), 162)]
    return [f"gcov file {name}"] + [f"gcov {n} {base64.b64encode(piece.ljust(-(-len(piece) // 3) * 3, bytes(1))).decode()}"
                                    for n, piece in enumerate(pieces)] + [f"gcov end {len(data)} {gcov_lines.checksum(data):08x}"]


DATA = bytes(range(256)) * 3
GOOD = ["READY", *lines("a.gcda", DATA), "[    1.000000] 0 info  app: between", *lines("b.gcda", b"1234")]


def test_what_was_sent_comes_out():
    assert gcov_lines.files("\r\n".join(GOOD)) == {"a.gcda": DATA, "b.gcda": b"1234"}


@pytest.mark.parametrize("damage, said", [
    (lambda text: text[:2] + text[3:], "line 1 came where 0 was to come"),
    (lambda text: text[:4] + [text[4][:-8] + "AAAAAAAA"] + text[5:], "sum"),
    (lambda text: text[:-1], "b.gcda: its end is missing"),
    (lambda text: text[:5] + text[6:], "line 4 came where 3 was to come"),
])
def test_what_is_damaged_is_refused(damage, said):
    with pytest.raises(gcov_lines.Damaged, match=said):
        gcov_lines.files("\n".join(damage(GOOD)))
