"""What boot tests are made of: the files of an ESP, a run that has ended, a screen that is waited for."""
import re
import time

import build
import screen

LIMIT_S = 90                   # for a cold boot on a busy machine; a good one takes 7 s


def esp(app="apps/hello", words="exit=qemu", base=0):
    """The files of an ESP that boots this application with these words."""
    return {"EFI/BOOT/BOOTX64.EFI": build.loader(app, base).read_bytes(), "ingot/ingot.cfg": f"{words}\n".encode()}


def chaos_esp(app="apps/hello", words="exit=qemu", chaos="", tables=()):
    """The same behind chaos.efi, with chaos.cfg's words. ACPI tables given as bytes take the place of the firmware's."""
    files = {f"chaos/table{number}.bin": table for number, table in enumerate(tables)}
    said = " ".join([f"acpi=\\chaos\\table{number}.bin" for number in range(len(files))] + [chaos])
    return {"EFI/BOOT/BOOTX64.EFI": build.chaos().read_bytes(), "chaos.cfg": f"{said}\n".encode(),
            "loader.efi": build.loader(app).read_bytes(), "ingot/ingot.cfg": f"{words}\n".encode(), **files}


class Run:
    """A run that has ended: its serial text, how it ended, and checks that every good run passes."""

    def __init__(self, machine):
        self.end, self.text, self.warm = machine.wait(LIMIT_S), machine.text, not machine.cold

    def must_be_good(self, status=0):
        assert (self.end.how, self.end.status) == ("exit", status), f"{self.end}\n{self.text}"
        assert re.search(r"^READY", self.text, re.MULTILINE), self.text
        assert not re.search(r"^(PANIC|REFUSED)", self.text, re.MULTILINE), self.text
        return self


def wait_for_screen(machine, pattern, path, limit_s=LIMIT_S):
    """Looks at the screen until its text has the pattern, then once more: the first look may have begun while lines above were being
    drawn. That text, or what was last seen."""
    deadline = time.monotonic() + limit_s
    while True:
        text = screen.read_text(machine.screendump(path))
        if re.search(pattern, text):
            return screen.read_text(machine.screendump(path))
        if time.monotonic() > deadline:
            return text
        time.sleep(0.3)
