"""The one place that knows how to run QEMU for us: the machine's shape, its firmware, acceleration, warm starts, and how a run ended.

    with Machine(Config(mem="128M"), "build/x86_64/ingot.img") as machine:
        machine.wait_for(r"READY", 30)
        end = machine.wait(30)              # end.how "exit", end.status 0

A Config is what the guest sees. Nothing of it depends on the host, but for KVM, which is used only where a trial guest ran.
Serial text is kept whole. Every wait has a bound, and a Machine ends its own QEMU, by its process id, whatever happens.

Warm start: OVMF under TCG spends four seconds before it looks at a disk. The first run of a configuration is stopped at the firmware's
first byte on the serial port and saved under build/warm/; later runs start from there with the image at hand. Cold runs stay the truth."""
import dataclasses
import fcntl
import functools
import hashlib
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import threading
import time

from qmp import Qmp, QmpError

TOP = pathlib.Path(__file__).resolve().parents[1]
QEMU = os.environ.get("QEMU", "qemu-system-x86_64")
CACHE = TOP / "build"
GUEST_EXIT_PORT = 0xF4
START_LIMIT_S = 300            # until QEMU answers: it may have to wait for its turn on a busy machine
FREEZE_LIMIT_S = 120
FREEZE_TRIES = 5
SNAPSHOT_KIND = "2: at the first byte"         # part of a snapshot's name: a change here forgets the old ones
LARGE_MEMORY_MIB = 2048        # above it, memory is a sparse file: the host need not have so much

FIRMWARE_FOLDERS = ("/usr/share/OVMF", "/usr/share/ovmf", "/usr/share/edk2/x64", "/usr/share/edk2/ovmf", "/usr/share/qemu")
FIRMWARE = {                   # name: code, variables, needs SMM
    "4m": ("OVMF_CODE_4M.fd", "OVMF_VARS_4M.fd", False),
    "2m": ("OVMF_CODE.fd", "OVMF_VARS.fd", False),
    "secboot": ("OVMF_CODE_4M.secboot.fd", "OVMF_VARS_4M.fd", True),
    "snakeoil": ("OVMF_CODE_4M.secboot.fd", "OVMF_VARS_4M.snakeoil.fd", True),    # Secure Boot on, with a well-known test key
}
DISPLAYS = {
    "none": [],
    "std": ["-device", "VGA"],
    "virtio": ["-device", "virtio-vga"],
    "virtio-gpu": ["-device", "virtio-gpu-pci"],      # its GOP has no framebuffer: BltOnly
    "qxl": ["-device", "qxl-vga"],
    "ramfb": ["-device", "ramfb"],
    "two": ["-device", "VGA", "-device", "secondary-vga"],
    "two-blt": ["-device", "VGA", "-device", "virtio-gpu-pci"],
}
DISKS = {                      # drive d0 behind each kind of controller
    "ahci": ["-device", "ide-hd,drive=d0,bus=ide.0,bootindex=0"],
    "nvme": ["-device", "nvme,drive=d0,serial=ingot,bootindex=0"],
    "virtio": ["-device", "virtio-blk-pci,drive=d0,bootindex=0"],
    "usb": ["-device", "qemu-xhci,id=xhci", "-device", "usb-storage,bus=xhci.0,drive=d0,bootindex=0,removable=on"],
    "cd": ["-device", "ide-cd,drive=d0,bus=ide.0,bootindex=0"],
    "pxe": ["-device", "virtio-net-pci,netdev=n0,bootindex=0"],
    "none": [],
}
SERIALS = {                    # of which chardev `serial` is behind
    "com1": ["-serial", "chardev:serial"],
    "com2": ["-device", "isa-serial,iobase=0x2f8,irq=3,chardev=serial"],
    "pci": ["-device", "pci-serial,chardev=serial"],
    "none": [],
}
NO_WARM_START = {"nvme", "ramfb", "amd-iommu"}     # QEMU 7.2 cannot migrate them


class Unavailable(Exception):
    """The host lacks something: firmware, QEMU itself, one of its modules."""


@dataclasses.dataclass(frozen=True)
class Config:
    """A machine as the guest sees it."""
    machine: str = "q35"
    cpu: str = "max"
    smp: str = "1"
    mem: str = "256M"
    display: str = "none"      # a key of DISPLAYS
    firmware: str = "4m"       # a key of FIRMWARE, or the path of a code file
    disk: str = "ahci"         # a key of DISKS; for pxe the image is the EFI file itself
    serial: str = "com1"       # a key of SERIALS
    extra: tuple = ()          # more arguments

    def warm_reason(self):
        """Why this machine cannot start from a snapshot; None if it can."""
        if self.serial != "com1":
            return "no serial port that the firmware speaks at"
        if mebibytes(self.mem) > LARGE_MEMORY_MIB:
            return "too much memory to save"
        return next((f"{name} cannot be saved" for name in (self.disk, self.display, *self.extra) if name in NO_WARM_START), None)


@dataclasses.dataclass(frozen=True)
class End:
    """How a run ended: "exit" with the guest's status, "poweroff", "reset", "stopped" by us, "limit", or "failed" (QEMU itself)."""
    how: str
    status: int = 0
    said: str = ""             # QEMU's own words


def mebibytes(text):
    units = {"K": 1 / 1024, "M": 1, "G": 1024, "T": 1 << 20}
    return int(float(text[:-1]) * units[text[-1].upper()]) if text[-1].upper() in units else int(text)


@functools.lru_cache(maxsize=None)
def qemu_version():
    try:
        return subprocess.run([QEMU, "--version"], capture_output=True, text=True, check=True, timeout=START_LIMIT_S).stdout
    except OSError as why:
        raise Unavailable(f"{QEMU}: {why.strerror} (Debian package qemu-system-x86)") from why


def find_firmware(name):
    """Code file, variables file, whether it needs SMM."""
    if "/" in name:
        code = pathlib.Path(name)
        variables = code.with_name(code.name.replace("CODE", "VARS").replace(".secboot", ""))
        if not code.is_file() or not variables.is_file():
            raise Unavailable(f"firmware {code} with {variables}: not there")
        return code, variables, "secboot" in code.name
    if name not in FIRMWARE:
        raise Unavailable(f"firmware {name}: it is one of {' '.join(FIRMWARE)}, or a path")
    code, variables, smm = FIRMWARE[name]
    for folder in map(pathlib.Path, FIRMWARE_FOLDERS):
        if (folder / code).is_file() and (folder / variables).is_file():
            return folder / code, folder / variables, smm
    raise Unavailable(f"firmware {code} with {variables}: not in {' '.join(FIRMWARE_FOLDERS)} (Debian package ovmf)")


def kvm_trial(folder):
    """Runs a guest of three instructions. /dev/kvm that opens may still not run one (nested hosts)."""
    rom = bytearray(65536)
    rom[0xFFF0:0xFFF5] = b"\xb0\x21\xe6\xf4\xf4"       # reset vector: mov al,21h; out F4h,al; hlt
    (folder / "rom").write_bytes(rom)
    try:
        done = subprocess.run([QEMU, "-accel", "kvm", "-cpu", "host", "-nodefaults", "-display", "none", "-bios", folder / "rom",
                               "-device", f"isa-debug-exit,iobase={GUEST_EXIT_PORT:#x},iosize=4"],
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=10)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == (0x21 << 1 | 1)


@functools.lru_cache(maxsize=None)
def kvm_works():
    """The trial's result, cached under build/ for this kernel, CPU and QEMU."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False
    cpu = pathlib.Path("/proc/cpuinfo").read_text(errors="replace").partition("\n\n")[0]
    if not re.search(r"^flags\s*:.*\b(vmx|svm)\b", cpu, re.MULTILINE):
        return False
    host = re.sub(r"(?m)^(cpu MHz|bogomips|processor|apicid).*$", "", cpu) + " ".join(os.uname()) + qemu_version()
    cached = CACHE / f"kvm-{hashlib.sha256(host.encode()).hexdigest()[:16]}"
    if not cached.exists():
        CACHE.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            cached.write_text("works" if kvm_trial(pathlib.Path(folder)) else "no guest ran")
    return cached.read_text() == "works"


def memory_folder():
    """Where a sparse file of guest memory may lie: in memory, unless that is too small (containers)."""
    shm = pathlib.Path("/dev/shm")
    if shm.is_dir() and os.statvfs(shm).f_bavail * os.statvfs(shm).f_frsize >= 1 << 30:
        return shm
    CACHE.mkdir(exist_ok=True)
    return CACHE


def guest_arguments(config, kvm):
    """What the guest can see, and so what a snapshot depends on."""
    smm = find_firmware(config.firmware)[2]
    machine = config.machine + (",smm=on" if smm else "")
    memory = ["-m", config.mem]
    if mebibytes(config.mem) > LARGE_MEMORY_MIB:
        machine += ",memory-backend=ram"
        memory += ["-object", f"memory-backend-file,id=ram,size={config.mem},mem-path={memory_folder()},share=on"]
    secure = ["-global", "driver=cfi.pflash01,property=secure,value=on"] if smm else []
    for name, table in ((config.display, DISPLAYS), (config.disk, DISKS)):
        if name not in table:
            raise Unavailable(f"{name} is not one of {' '.join(table)}")
    return ["-machine", machine, "-cpu", "host" if kvm and config.cpu == "max" else config.cpu, "-smp", config.smp, *memory, *secure,
            "-nodefaults", *DISPLAYS[config.display], *DISKS[config.disk],
            "-device", f"isa-debug-exit,iobase={GUEST_EXIT_PORT:#x},iosize=4", *config.extra]


def host_arguments(config, image, kvm, writable=False):
    """What stands behind it on this host. Nothing is written to the firmware, nor to the image unless it is writable."""
    code, variables, _ = find_firmware(config.firmware)
    arguments = ["-accel", "kvm" if kvm else "tcg", "-no-reboot",
                 "-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={code}",
                 "-drive", f"if=pflash,unit=1,format=raw,snapshot=on,file={variables}"]
    if config.disk == "pxe":
        image = pathlib.Path(image).resolve()
        arguments += ["-netdev", f"user,id=n0,tftp={image.parent},bootfile={image.name}"]
    elif config.disk != "none":
        media = ",media=cdrom" if config.disk == "cd" else ""
        arguments += ["-drive", f"if=none,id=d0,format=raw,snapshot={'off' if writable else 'on'},file={image}{media}"]
    return arguments


class Machine:
    """One run of QEMU. serial_arguments says where its serial port goes instead of to us; window is QEMU's -display."""

    def __init__(self, config, image, cold=False, window="none", serial_arguments=None, host_extra=(), accelerate=True, writable=False):
        self.writable = writable
        self.config, self.image, self.window = config, image, window
        self.kvm = accelerate and kvm_works()
        self.serial_arguments, self.host_extra = serial_arguments, list(host_extra)
        self.cold = cold or self.kvm or config.warm_reason() is not None
        self.qmp, self.process, self.end = Qmp(), None, None
        self.serial_bytes, self.changed = bytearray(), threading.Condition()

    def __enter__(self):
        try:
            self.start(None if self.cold else snapshot(self.config, self.image))
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def command(self, incoming=None):
        port = SERIALS[self.config.serial]
        ours = ["-chardev", "stdio,id=serial,signal=off", *port] if port else []
        arguments = guest_arguments(self.config, self.kvm) + host_arguments(self.config, self.image, self.kvm, self.writable)
        arguments += ["-display", self.window, *(ours if self.serial_arguments is None else self.serial_arguments), *self.host_extra]
        return [QEMU, *arguments, *self.qmp.arguments(), *(["-incoming", f"exec:cat '{incoming}'"] if incoming else [])]

    def start(self, incoming=None):
        """Starts QEMU, from a snapshot if one is given. Returns once the guest runs."""
        self.said = tempfile.TemporaryFile()
        pipes = {} if self.serial_arguments is not None else {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        try:
            self.process = subprocess.Popen(self.command(incoming), pass_fds=[self.qmp.theirs.fileno()], stderr=self.said, **pipes)
        except OSError as why:
            raise Unavailable(f"{QEMU}: {why.strerror} (Debian package qemu-system-x86)") from why
        if pipes:
            self.reader = threading.Thread(target=self._read_serial, daemon=True)
            self.reader.start()
        try:
            self.qmp.connect(START_LIMIT_S)
            if incoming:
                self._wait_status("inmigrate", 60)
                if "-S" not in self.host_extra:
                    self.qmp.command("cont")
        except QmpError as why:
            self.process.wait(10)
            raise Unavailable(f"QEMU did not start: {self._words() or why}") from why

    def _wait_status(self, while_status, limit_s):
        deadline = time.monotonic() + limit_s
        while self.qmp.command("query-status")["status"] == while_status:
            if time.monotonic() > deadline:
                raise QmpError(f"still {while_status} after {limit_s} s")
            time.sleep(0.01)

    def _read_serial(self):
        while data := os.read(self.process.stdout.fileno(), 65536):
            with self.changed:
                self.serial_bytes += data
                self.changed.notify_all()
        with self.changed:
            self.serial_closed = True
            self.changed.notify_all()

    serial_closed = False

    def _words(self):
        self.said.seek(0)
        return self.said.read().decode(errors="replace").strip()

    @property
    def text(self):
        """The serial text without a terminal's control sequences."""
        with self.changed:
            raw = bytes(self.serial_bytes)
        return re.sub(r"\x1b\[[0-9;?=]*[A-Za-z]|\r", "", raw.decode(errors="replace"))

    def send(self, text):
        """Types on the serial port."""
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def wait_for(self, pattern, limit_s):
        """The match once the serial text has it; None when QEMU ended or the time is over without."""
        deadline = time.monotonic() + limit_s
        while True:
            with self.changed:
                seen = len(self.serial_bytes)
            match = re.search(pattern, self.text, re.MULTILINE)
            if match:
                return match
            with self.changed:
                if self.serial_closed and len(self.serial_bytes) == seen:
                    return None
                if not self.changed.wait_for(lambda: len(self.serial_bytes) > seen or self.serial_closed, deadline - time.monotonic()):
                    return None

    def wait_for_a_byte(self, limit_s):
        """Whether anything came from the serial port, be it a terminal's control sequence."""
        with self.changed:
            return self.changed.wait_for(lambda: self.serial_bytes or self.serial_closed, limit_s) and bool(self.serial_bytes)

    def has_read_disk(self):
        return any(device["stats"]["rd_operations"] for device in self.qmp.command("query-blockstats") if device.get("device") == "d0")

    def wait(self, limit_s):
        """Waits for the run's end; past the limit, ends it. None as limit_s waits for ever (a person looks on)."""
        try:
            self.process.wait(limit_s)
        except subprocess.TimeoutExpired:
            self.stop("limit")
        self._conclude()
        return self.end

    def _conclude(self):
        if self.end:
            return
        if self.serial_arguments is None:
            self.reader.join(10)
        status, words = self.process.returncode, self._words()
        self.qmp.drain()
        reasons = [event["data"].get("reason") for event in self.qmp.events if event["event"] == "SHUTDOWN"]
        broken = [line for line in words.splitlines() if re.match(r"\S*qemu-system\S*: (?!warning:|info:)", line)]
        if status % 2 == 1 and status > 0 and not broken:
            self.end = End("exit", status >> 1, words)     # isa-debug-exit: QEMU's status is value << 1 | 1
        elif status == 0:
            self.end = End({"guest-shutdown": "poweroff", "guest-reset": "reset"}.get(reasons[0] if reasons else "", "stopped"), 0, words)
        else:
            self.end = End("failed", status, words)

    def stop(self, how="stopped"):
        """Ends QEMU if it still runs: politely, then not."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.end = self.end or End(how, 0, self._words())
        if self.process and self.serial_arguments is None and self.process.stdin:
            self.reader.join(10)
            self.process.stdin.close()
            self.process.stdout.close()
        self.qmp.close()

    def screendump(self, path, device=None):
        """Writes what the display shows, as a PPM."""
        self.qmp.command("screendump", filename=str(path), **({"device": device} if device else {}))
        return path

    def type_keys(self, *keys):
        """Presses and releases keys by their QEMU names, such as "ret" or "shift-a"."""
        for key in keys:
            self.qmp.command("send-key", keys=[{"type": "qcode", "data": part} for part in key.split("-")])

    def inject_nmi(self):
        self.qmp.command("inject-nmi")


@functools.lru_cache(maxsize=None)
def file_hash(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def snapshot_name(config, image):
    """Of all that the frozen firmware depends on: QEMU, firmware, the guest's shape, and the size of the disk."""
    code, variables, _ = find_firmware(config.firmware)
    parts = [SNAPSHOT_KIND, qemu_version(), file_hash(code), file_hash(variables), *guest_arguments(config, False),
             str(os.path.getsize(image)) if config.disk not in ("pxe", "none") else "no disk"]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:20]


def snapshot(config, image):
    """The file to start this configuration from. Made on first use; other processes wait for it meanwhile."""
    folder = CACHE / "warm"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / snapshot_name(config, image)
    if path.exists():
        return path
    with open(f"{path}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            freeze(config, image, path)
    return path


def freeze(config, image, path):
    """Boots cold to the firmware's first byte on the serial port, and saves the machine there."""
    for _ in range(FREEZE_TRIES):
        machine = Machine(config, image, cold=True, accelerate=False)
        partial = pathlib.Path(f"{path}.partial")
        try:
            machine.start()
            if not machine.wait_for_a_byte(FREEZE_LIMIT_S):
                raise Unavailable(f"the firmware wrote nothing in {FREEZE_LIMIT_S} s")
            machine.qmp.command("stop")
            # A busy host may have been late: what the firmware has read of this image must not be seen with another one.
            if machine.has_read_disk() or "BdsDxe" in machine.text:
                continue
            save(machine, partial)
            partial.rename(path)
            return
        finally:
            machine.stop()
            partial.unlink(missing_ok=True)
    raise Unavailable(f"in {FREEZE_TRIES} boots the firmware was never stopped before it read the disk: this host is too busy")


def save(machine, path):
    """Writes a stopped machine to a file and ends it."""
    machine.qmp.command("migrate-set-parameters", max_bandwidth=10 ** 10)
    machine.qmp.command("migrate", uri=f"exec:cat >'{path}'")
    deadline = time.monotonic() + FREEZE_LIMIT_S
    while (status := machine.qmp.command("query-migrate")["status"]) not in ("completed", "failed"):
        if time.monotonic() > deadline:
            break
        time.sleep(0.02)
    if status != "completed":
        raise Unavailable(f"saving the machine: {status}")
    machine.qmp.command("quit")
    machine.process.wait(10)
