#!/bin/sh
# sign.sh LOADER KEY CERTIFICATE OUT: signs an EFI file for Secure Boot, and verifies what came of it. KEY and CERTIFICATE are PEM files and
# belong together; a pass phrase is asked for. OUT is whole and good, or not there.
# Source: UEFI 2.10, "UEFI Image Signing" and "Embedded Signatures" (32.2.2).
set -eu

loader=$1 key=$2 certificate=$3 out=$4
said=$(mktemp)
trap 'rm -f "$said" "$out.partial"' EXIT

fail()
{
    echo "sign: $*" >&2
    exit 1
}

rm -f "$out"
[ -n "$key" ] || fail "SIGN_CERT is given without SIGN_KEY: both are needed"
[ -n "$certificate" ] || fail "SIGN_KEY is given without SIGN_CERT: both are needed"
[ -r "$key" ] || fail "SIGN_KEY=$key: there is no such file that can be read"
[ -r "$certificate" ] || fail "SIGN_CERT=$certificate: there is no such file that can be read"
grep -q 'PRIVATE KEY-----' "$key" || fail "SIGN_KEY=$key holds no private key in PEM"
grep -q 'BEGIN CERTIFICATE-----' "$certificate" ||
    fail "SIGN_CERT=$certificate is no certificate in PEM (one in DER becomes one by: openssl x509 -inform der -in FILE -out FILE.pem)"
if ! sbsign --key "$key" --cert "$certificate" --output "$out.partial" "$loader" 2>"$said"; then
    grep -q 'does not match' "$said" && fail "$key is not the key that $certificate is about"
    cat "$said" >&2
    fail "sbsign failed with $key and $certificate"
fi
sbverify --cert "$certificate" "$out.partial" >"$said" 2>&1 || { cat "$said" >&2; fail "the signature of $certificate does not verify"; }
mv "$out.partial" "$out"
