"""QEMU's control socket (QMP), over a socket pair that is handed to QEMU at its start: no path, nothing to poll.

Source: QEMU, "QEMU Machine Protocol Specification"."""
import json
import socket
import time


class QmpError(Exception):
    """QEMU said no, said nothing in time, or is gone."""


class QmpGone(QmpError):
    """QEMU has ended. Where a command makes it end, its answer may be lost: one that does so expects this."""


class Qmp:
    """Commands and events of one QEMU. Any silence longer than limit_s is an error."""

    def __init__(self):
        self.ours, self.theirs = socket.socketpair()
        self.buffer = b""
        self.events = []

    def arguments(self):
        """For QEMU's command line; pass theirs.fileno() on to the process."""
        return ["-chardev", f"socket,id=qmp,fd={self.theirs.fileno()}", "-mon", "chardev=qmp,mode=control"]

    def connect(self, limit_s):
        """To be called once QEMU has been started. Waits for its greeting."""
        self.theirs.close()
        self._message(limit_s)
        self.command("qmp_capabilities")

    def command(self, name, limit_s=20, **arguments):
        """Runs a command; what it returned."""
        request = {"execute": name}
        if arguments:
            request["arguments"] = {key.replace("_", "-"): value for key, value in arguments.items()}
        try:
            self.ours.sendall(json.dumps(request).encode() + b"\n")
        except OSError as why:
            raise QmpGone(f"{name}: QEMU is gone") from why
        deadline = time.monotonic() + limit_s
        while True:
            message = self._message(deadline - time.monotonic())
            if "error" in message:
                raise QmpError(f"{name}: {message['error']['desc']}")
            if "return" in message:
                return message["return"]

    def human(self, line):
        """A command of the human monitor, such as `info registers`; what it printed."""
        return self.command("human-monitor-command", command_line=line)

    def wait_event(self, name, limit_s):
        """The first event of that name, also one that came earlier; None when the time is over."""
        deadline = time.monotonic() + limit_s
        while True:
            for event in self.events:
                if event["event"] == name:
                    return event
            try:
                self._message(deadline - time.monotonic())
            except QmpError:
                return None

    def drain(self):
        """Takes in what is left of an ended QEMU's events."""
        self.wait_event("", 1)

    def close(self):
        self.ours.close()
        self.theirs.close()

    def _message(self, limit_s):
        """The next message; events are kept aside as well."""
        deadline = time.monotonic() + limit_s
        while b"\n" not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0:
                raise QmpError("QEMU gave no answer in time")
            self.ours.settimeout(left)
            try:
                data = self.ours.recv(65536)
            except ConnectionResetError as why:
                raise QmpGone(f"QEMU is gone: {why}") from why
            except OSError as why:
                raise QmpError(f"QEMU gave no answer: {why}") from why
            if not data:
                raise QmpGone("QEMU is gone")
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        message = json.loads(line)
        if "event" in message:
            self.events.append(message)
        return message
