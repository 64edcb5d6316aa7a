"""QEMU's gdb stub, spoken to directly: stops one CPU at an address and lets the others run, which gdb itself makes hard.

    with Machine(Config(smp="2"), image, host_extra=arguments(folder)) as machine:
        stub = Stub(folder)
        thread = stub.run_to(address, 10)      # all CPUs stand now; this one is there
        stub.run(without=[thread])             # all others run on

CPU n is thread n + 1. Breakpoints are QEMU's hardware ones: on linear addresses, in any mode, and nothing is written to memory.
One thing to know: QEMU's monitor commands `stop` and `cont`, and whatever stops the machine, let held CPUs go again.

Source: GDB manual, "Remote Serial Protocol": "Packets", "Stop Reply Packets", "Debugger Extensions for vCont"."""
import pathlib
import re
import socket
import struct
import time

ANSWER_LIMIT_S = 20
INTERRUPT = b"\x03"
RIP = 16                       # number of the register in QEMU's order for x86_64
HARDWARE, WRITE_WATCH = 1, 2   # Z packets


class StubError(Exception):
    """The stub said no, or nothing in time."""


def path(folder):
    return pathlib.Path(folder) / "gdb"


def arguments(folder):
    """For QEMU's command line: it waits, stopped, until a stub tells it to run."""
    return ["-S", "-gdb", f"unix:{path(folder)},server=on,wait=off"]


class Stub:
    """One connection. While it is open QEMU stops at breakpoints; when it closes all of them are gone and all CPUs run."""

    def __init__(self, folder):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path(folder)))
        self.buffer, self.running = b"", False
        self.ask("qSupported:vContSupported+")
        self.threads = self._threads()

    def close(self):
        try:
            if self.running:
                self.stop()
            self.ask("D")
        except (StubError, OSError):
            pass                # QEMU has ended
        self.socket.close()

    # ---- packets ----

    def _send(self, text):
        data = text.encode()
        self.socket.sendall(b"$%s#%02x" % (data, sum(data) & 0xFF))

    def _receive(self, limit_s):
        """The next packet's text; None when the time is over."""
        deadline = time.monotonic() + limit_s
        while True:
            match = re.search(rb"\$([^#]*)#[0-9a-f]{2}", self.buffer)
            if match:
                self.buffer = self.buffer[match.end():]
                self.socket.sendall(b"+")
                return match.group(1).decode()
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            self.socket.settimeout(left)
            try:
                data = self.socket.recv(65536)
            except TimeoutError:
                return None
            if not data:
                raise StubError("QEMU is gone")
            self.buffer += data

    def ask(self, text):
        """Sends a packet and gives its answer. All CPUs must be standing."""
        self._send(text)
        answer = self._receive(ANSWER_LIMIT_S)
        if answer is None or re.fullmatch("E[0-9a-f]{2}", answer):
            raise StubError(f"{text}: {answer or 'no answer'}")
        return answer

    def _threads(self):
        """Numbers of all threads."""
        listed, answer = "", self.ask("qfThreadInfo")
        while answer.startswith("m"):
            listed += answer[1:] + ","
            answer = self.ask("qsThreadInfo")
        return [int(number, 16) for number in listed.split(",") if number]

    # ---- memory, registers, breakpoints ----

    def read_memory(self, address, count):
        return bytes.fromhex(self.ask(f"m{address:x},{count:x}"))

    def write_memory(self, address, data):
        self.ask(f"M{address:x},{len(data):x}:{data.hex()}")

    def read64(self, address):
        return struct.unpack("<Q", self.read_memory(address, 8))[0]

    def rip(self, thread):
        """Its instruction pointer, without its code segment's base."""
        self.ask(f"Hg{thread:x}")
        return struct.unpack_from("<Q", bytes.fromhex(self.ask("g")), RIP * 8)[0]

    def set(self, address, kind=HARDWARE, size=1):
        self.ask(f"Z{kind},{address:x},{size:x}")

    def clear(self, address, kind=HARDWARE, size=1):
        self.ask(f"z{kind},{address:x},{size:x}")

    # ---- running ----

    def run(self, without=()):
        """Lets all CPUs run but those. Returns at once."""
        chosen = [thread for thread in self.threads if thread not in without]
        self._send("vCont" + "".join(f";c:{thread:x}" for thread in chosen) if without else "vCont;c")
        self.running = True

    def wait_stop(self, limit_s):
        """The thread that came to a breakpoint; None if none did in that time."""
        deadline = time.monotonic() + limit_s
        while (answer := self._receive(max(0, deadline - time.monotonic()))) is not None:
            if match := re.match(r"T05thread:(?:p1\.)?([0-9a-f]+);", answer):
                self.running = False
                return int(match.group(1), 16)
            if answer[0] in "TSWX":
                raise StubError(f"stopped otherwise: {answer}")
        return None

    def stop(self):
        """Stops all CPUs."""
        self.socket.sendall(INTERRUPT)
        answer = self._receive(ANSWER_LIMIT_S)
        if answer is None or not answer.startswith("T"):
            raise StubError(f"does not stop: {answer}")
        self.running = False

    def run_to(self, address, limit_s, without=(), kind=HARDWARE, size=1):
        """Runs until one CPU comes to an address, or has written there. That thread, and all stand; None if none did in that time:
        then they stand as well."""
        self.set(address, kind, size)
        self.run(without)
        thread = self.wait_stop(limit_s)
        if thread is None:
            self.stop()
        self.clear(address, kind, size)
        return thread
