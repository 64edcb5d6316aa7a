"""sign.sh: a signed file that verifies, or one sentence and no file."""
import subprocess

import pe_lint
import pytest
from elfs import TOP


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Two keys, each with its certificate: one.key, one.pem, two.key, two.pem; and files that are none."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("one", "two"):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / f"{name}.key",
                        "-out", folder / f"{name}.pem", "-subj", "/CN=throwaway", "-days", "2"], check=True, capture_output=True)
    subprocess.run(["openssl", "x509", "-in", folder / "one.pem", "-outform", "der", "-out", folder / "one.der"], check=True)
    (folder / "broken.key").write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    return folder


def sign(application, keys, key, certificate, out):
    done = subprocess.run([TOP / "tools/sign.sh", application, keys / key if key else "", keys / certificate if certificate else "", out],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_signed_file_verifies(application, keys, tmp_path):
    assert sign(application, keys, "one.key", "one.pem", tmp_path / "out") == (0, "")
    assert pe_lint.lint((tmp_path / "out").read_bytes()) == []
    for certificate, status in (("one.pem", 0), ("two.pem", 1)):
        assert subprocess.run(["sbverify", "--cert", keys / certificate, tmp_path / "out"], capture_output=True).returncode == status


@pytest.mark.parametrize("key, certificate, sentence", [
    ("one.key", "", "SIGN_KEY is given without SIGN_CERT"),
    ("", "one.pem", "SIGN_CERT is given without SIGN_KEY"),
    ("none.key", "one.pem", "none.key: there is no such file"),
    ("one.key", "none.pem", "none.pem: there is no such file"),
    ("one.pem", "one.pem", "one.pem holds no private key"),
    ("one.key", "one.der", "openssl x509 -inform der"),
    ("one.key", "two.pem", "is not the key that"),
    ("broken.key", "one.pem", "sbsign failed with"),
])
def test_what_cannot_be_signed_is_told(application, keys, tmp_path, key, certificate, sentence):
    (tmp_path / "out").write_bytes(b"of another build")
    status, said = sign(application, keys, key, certificate, tmp_path / "out")
    assert status == 1 and "sign: " in said and sentence in said, said
    assert list(tmp_path.iterdir()) == []
