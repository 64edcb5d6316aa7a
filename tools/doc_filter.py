#!/usr/bin/python3
"""doc_filter.py HEADER: the header as Doxygen wants it, on standard output. Its comments are written for who reads the file itself, in plain
words; here they get Doxygen's marks.

    the first comment              the file's description
    /* ---- words ---- */          a section, up to the next one or the file's end
    a comment above declarations   describes all of them, up to the next blank line or comment
    a comment behind one           describes that
    in functions, or alone         no description: it stays as it is

What would mean something to Doxygen in a comment's words is escaped; lines indented by four behind a blank one are code."""
import re
import sys

TOKENS = re.compile(r"/\*.*?\*/|[{}]|[^/{}]+|/", re.DOTALL)
TYPE = re.compile(r"(?:struct|enum) \w+ \{")
DECLARED = re.compile(r"^(?:static inline |extern )?\w[^(=#{};]*\([^{};]*\)[^{};]*(?:;|\{[^\n]*\})|^#define \w+\(", re.MULTILINE)
SECTION = re.compile(r"/\* ---- (.*?) ----(.*)\*/", re.DOTALL)


def escape(words):
    """All but what stands in backquotes, where words with a backslash are put."""
    quoted = re.split(r"(`[^`\n]*`)", re.sub(r"(?<![`\w])\\[\w\\.]*\w", r"`\g<0>`", words))
    return "".join(part if number % 2 else re.sub(r"[\\@<>#%*&$]", r"\\\g<0>", part) for number, part in enumerate(quoted))


def text_of(comment):
    """A comment's inner lines, escaped but for code."""
    lines, code, blank = [], False, False
    for line in comment[2:-2].rstrip().split("\n"):
        words = re.sub(r"^ ?\*?", "", line, count=1) if lines else line
        code = words.startswith("     ") and (blank or code)
        blank = not words.strip()
        lines.append(words if code else escape(words))
    return "\n".join(lines)


def is_in_function(text):
    """Whether the brace that is about to open is a function's."""
    return text.rstrip().endswith(")")


class Filter:
    def __init__(self, text):
        self.text, self.out, self.in_section, self.pending = text, [], False, []

    def before(self):
        """What the line has before this place."""
        return "".join(self.out).rpartition("\n")[2]

    def section(self, match):
        title, _, more = match.group(1).partition(": ")
        close = "/** @} */ " if self.in_section else ""
        self.in_section = True
        self.out.append(f"{close}/** @name {escape(title)}\n{text_of(f'/*{more}{match.group(2)}*/')} @{{ */")

    def above(self, comment, rest):
        """Of several declarations without a line between them, Doxygen would see only the first. Returns what is to be put where in the rest."""
        start = len(rest) - len(rest.lstrip("\n"))
        block = re.split(r"\n\s*\n|\n[ \t]*/\*", rest[start:], maxsplit=1)[0]
        described = f"/**{text_of(comment)} */"
        self.out.append(described)
        if TYPE.match(block):
            return self.filled_by(block, start, described)
        if len(DECLARED.findall(block)) > 1 and "\n{" not in block:
            self.out.append(" /** @{ */")
            return [(start + len(block), "\n/** @} */")]
        return []

    @staticmethod
    def filled_by(block, start, described):
        """A function right behind a type is described with it."""
        return [(start + past.end(), f"{described}\n") for past in re.finditer(r"\n\};\n(?=\w)", block)][:1]

    def behind(self, comment, rest):
        line = self.before()
        if not TYPE.match(line):
            self.out.append(f"/**<{text_of(comment)} */")
            return []
        described = f"/**{text_of(comment)} */"          # of a type: Doxygen wants it in front
        self.out = ["".join(self.out)[:-len(line)], f"{described} {line.rstrip()}"]
        return self.filled_by(re.split(r"\n\s*\n", rest, maxsplit=1)[0], 0, described)

    def comment(self, comment, at):
        rest, line = self.text[at:], self.before()
        section = SECTION.fullmatch(comment)
        if section:
            self.section(section)
        elif not "".join(self.out).strip():
            self.out.append(f"/** @file\n *{text_of(comment)} */")
        elif line.startswith("#include") or not line.strip() and re.match(r"\s*(\n[ \t]*\n|$)", rest):
            self.out.append(comment)
        else:
            marks = self.behind(comment, rest) if line.strip() else self.above(comment, rest)
            self.pending += [(at + offset, text) for offset, text in marks]

    def copy(self, token, start):
        """Program text, and what was to be put into it."""
        for at, text in [one for one in self.pending if one[0] <= start + len(token)]:
            self.pending.remove((at, text))
            self.out.append(token[:at - start] + text)
            token, start = token[at - start:], at
        self.out.append(token)

    def run(self):
        depth, function_depth = 0, None
        for match in TOKENS.finditer(self.text):
            token = match.group()
            if token.startswith("/*") and function_depth is None:
                self.comment(token, match.end())
                continue
            if token == "{":
                function_depth = depth if function_depth is None and is_in_function("".join(self.out)) else function_depth
                depth += 1
            elif token == "}":
                depth -= 1
                function_depth = None if depth == function_depth else function_depth
            self.copy(token, match.start())
        return "".join(self.out) + ("/** @} */\n" if self.in_section else "")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        sys.stdout.write(Filter(file.read()).run())


if __name__ == "__main__":
    main()
