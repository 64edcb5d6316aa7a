"""What the tests of the build tools share."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))

from elfs import build_elf, elf2pe      # noqa: E402  the path must be set first


def pytest_configure(config):
    config.addinivalue_line("markers", "full: only in `make test-full`")


@pytest.fixture(scope="session")
def application(tmp_path_factory):
    """A PE made by tools/elf2pe.py that has all sections and real base relocations."""
    folder = tmp_path_factory.mktemp("application")
    status, said = elf2pe(build_elf(folder), folder / "application.efi")
    assert status == 0, said
    return folder / "application.efi"
