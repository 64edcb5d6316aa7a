"""packages.sh, with stand-ins for dpkg-query, apt-cache, apt-get, sudo and id that write down what they were asked."""
import os
import subprocess

import pytest

from elfs import TOP

STAND_INS = {
    "dpkg-query": 'for name; do case " $INSTALLED " in *" $name "*) echo "installed $name";; esac; done',
    "apt-cache": 'shift; for name; do case " $KNOWN " in *" $name "*) echo "Package: $name";; esac; done',
    "apt-get": 'echo "apt-get $*" >>"$LOG"; case $1 in install) exit "$INSTALL_STATUS";; update) exit "$UPDATE_STATUS";; esac',
    "sudo": 'echo "sudo $*" >>"$LOG"; [ "$SUDO" = yes ] || exit 1; shift; "$@"',
    "id": 'echo "$USER_ID"',
}
RUN = ["qemu-system-x86", "ovmf"]


@pytest.fixture
def packages(tmp_path):
    for name, body in STAND_INS.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)

    def run(*targets, installed=(), known=(), user=0, sudo="yes", install=0, update=0):
        log = tmp_path / "log"
        log.write_text("")
        environment = dict(os.environ, PATH=f"{tmp_path}:{os.environ['PATH']}", LOG=str(log), INSTALLED=" ".join(installed),
                           KNOWN=" ".join(known), USER_ID=str(user), SUDO=sudo, INSTALL_STATUS=str(install), UPDATE_STATUS=str(update))
        done = subprocess.run([TOP / "tools/packages.sh", *targets], env=environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr, log.read_text().splitlines()
    return run


def test_nothing_missing_is_silent(packages):
    assert packages("run", installed=RUN) == (0, "", [])


def test_missing_is_named_then_installed(packages):
    status, said, did = packages("run", installed=["ovmf"])
    assert status == 0
    assert "missing: qemu-system-x86;" in said
    assert did == ["apt-get update -q", "apt-get install -q -y --no-install-recommends qemu-system-x86"]


def test_user_goes_through_sudo(packages):
    status, _, did = packages("run", user=1000)
    assert status == 0
    assert did[0].startswith("sudo -n env DEBIAN_FRONTEND=noninteractive apt-get update")


def test_without_root_and_sudo_it_says_what_to_do(packages):
    status, said, did = packages("run", user=1000, sudo="no")
    assert status == 1
    assert "apt-get install qemu-system-x86 ovmf" in said
    assert not any(line.startswith("apt-get") for line in did)


def test_stale_lists_do_not_stop_it(packages):
    status, said, did = packages("run", update=100)
    assert status == 0 and "apt-get update failed" in said and len(did) == 2


def test_failed_install_is_an_error(packages):
    status, said, _ = packages("run", install=100)
    assert status == 1 and "could not install: qemu-system-x86 ovmf" in said


def test_optional_package_only_where_known(packages):
    status, said, did = packages("test")
    assert "?" not in said and "libclang-rt-dev" not in did[-1]
    status, said, did = packages("test", known=["libclang-rt-dev"])
    assert status == 0 and did[-1].endswith("libclang-rt-dev")


def test_unknown_target_is_an_error(packages):
    assert packages("nonsense")[0] != 0
