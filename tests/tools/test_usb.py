"""usb.sh on made-up disks: it writes to a stick that is free and meant, and to nothing else."""
import os
import subprocess

import pytest

from elfs import TOP

IMAGE = bytes(range(256)) * 4096               # 1 MiB
SECTORS = 8192


class Host:
    """A folder that looks like /sys, /proc and /dev with one disk, sdx, and one partition, sdx1."""

    def __init__(self, folder):
        self.folder, self.sys, self.dev, self.proc = folder, folder / "sys", folder / "dev", folder / "proc"
        for part in (self.dev, self.proc):
            part.mkdir()
        self.disk = self.sys / "devices/pci0000:00/usb1/1-1/block/sdx"
        self.write(self.disk, {"removable": "1", "size": SECTORS, "device/vendor": "Acme", "device/model": "Stick  ", "dev": "8:16",
                               "sdx1/partition": "1", "sdx1/dev": "8:17", "sdx1/size": 4096})
        self.classes = self.sys / "class/block"
        self.classes.mkdir(parents=True)
        (self.classes / "sdx").symlink_to(self.disk)
        (self.classes / "sdx1").symlink_to(self.disk / "sdx1")
        for node in ("sdx", "sdx1"):
            (self.dev / node).write_bytes(b"old" + bytes(SECTORS * 512 - 3))
        self.write(self.proc, {"self/mountinfo": "", "swaps": "Filename Type Size"})
        (folder / "image").write_bytes(IMAGE)

    @staticmethod
    def write(folder, files):
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(f"{text}\n")

    def run(self, answer=None, device="sdx"):
        path = self.dev / device
        environment = dict(os.environ, SYSFS=str(self.sys), PROC=str(self.proc), DEVICES=str(self.dev))
        done = subprocess.run([TOP / "tools/usb.sh", self.folder / "image", path], env=environment, capture_output=True, text=True,
                              input=f"{path}\n" if answer is None else answer)
        return done.returncode, done.stdout + done.stderr

    def untouched(self):
        return (self.dev / "sdx").read_bytes()[:3] == b"old"


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


def test_writes_to_a_free_stick_that_was_named(host):
    status, said = host.run()
    assert status == 0, said
    assert (host.dev / "sdx").read_bytes()[:len(IMAGE)] == IMAGE
    assert "Acme Stick, 4 MB" in said and "sdx1, 2 MiB" in said and "overwritten" in said and "read back" in said


@pytest.mark.parametrize("answer", ["", "\n", "yes\n", "/dev/sdy\n"])
def test_nothing_is_written_without_the_name(host, answer):
    status, said = host.run(answer)
    assert status == 1 and "nothing was written" in said and host.untouched()


def refused(host, sentence, device="sdx"):
    status, said = host.run(device=device)
    assert status == 1 and sentence in said and host.untouched(), said


def test_mounted_partition_is_refused(host):
    host.write(host.proc, {"self/mountinfo": "36 35 8:17 / /media/stick rw,noatime shared:1 - vfat /dev/disk/by-label/STICK rw"})
    refused(host, "sdx1 is mounted on /media/stick")


def test_mounted_disk_is_refused(host):
    host.write(host.proc, {"self/mountinfo": f"36 35 0:99 / /mnt rw - btrfs {host.dev}/sdx rw"})
    refused(host, "sdx is mounted on /mnt")


def test_other_mounts_do_not_matter(host):
    host.write(host.proc, {"self/mountinfo": f"36 35 8:160 / /mnt rw - ext4 {host.dev}/sdxy rw"})
    assert host.run()[0] == 0


def test_swap_is_refused(host):
    host.write(host.proc, {"swaps": f"Filename Type Size\n{host.dev}/sdx1 partition 100"})
    refused(host, "used for swap")


@pytest.mark.parametrize("node", ["sdx", "sdx1"])
def test_held_disk_is_refused(host, node):
    (host.classes / node / "holders/dm-0").mkdir(parents=True)
    refused(host, f"{node} is held by dm-0")


def test_fixed_disk_is_refused(host, tmp_path):
    fixed = host.sys / "devices/pci0000:00/ata1/block/sdx"
    fixed.parent.mkdir(parents=True)
    host.disk.rename(fixed)
    (host.classes / "sdx").unlink()
    (host.classes / "sdx").symlink_to(fixed)
    host.write(fixed, {"removable": "0"})
    refused(host, "(Stick) is not removable")


def test_fixed_disk_on_usb_is_taken(host):
    host.write(host.disk, {"removable": "0"})
    assert host.run()[0] == 0


def test_small_stick_is_refused(host):
    host.write(host.disk, {"size": 2047})
    refused(host, "has 1048064 bytes, the image 1048576")


def test_partition_is_refused(host):
    refused(host, "is a partition", device="sdx1")


def test_missing_device_is_refused(host):
    refused(host, "there is no", device="sdz")


def test_plain_file_is_refused(host):
    (host.dev / "file").write_bytes(b"")
    refused(host, "not a block device that the kernel knows", device="file")
    done = subprocess.run([TOP / "tools/usb.sh", host.folder / "image", host.dev / "file"], capture_output=True, text=True)
    assert done.returncode == 1 and "is not a block device" in done.stderr
