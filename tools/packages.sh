#!/bin/sh
# packages.sh TARGET...: sees to it that the Debian or Ubuntu packages of these targets are there; names and installs what is missing.
# Without apt (another distribution) it only says what is wanted. A name with ? is taken only where the distribution has it.
set -eu

packages_of()
{
    case $1 in
    build)  echo gcc libc6-dev binutils make gnu-efi psf-unifont python3 python3-pyelftools python3-pefile ;;
    image)  echo mtools ;;
    sign)   echo sbsigntool ;;
    run)    echo qemu-system-x86 ovmf ;;
    debug)  echo gdb ;;
    replay) echo qemu-utils ;;
    docs)   echo doxygen ;;
    check)  echo shellcheck ;;
    analyse) echo cppcheck clang-tidy ;;
    prove)  echo frama-c-base why3 z3 cvc4 ;;
    usb)    echo util-linux ;;
    sqlite) echo tcl ;;
    coverage) echo gcovr ;;
    test)   echo lua5.4 sqlite3 dosfstools xorriso openssl python3-pytest python3-pytest-xdist python3-pexpect libcmocka-dev clang '?libclang-rt-dev' \
                 acpica-tools zbar-tools spin ipxe-qemu '?shim-unsigned' swtpm tpm2-tools '?qemu-system-modules-spice' '?qemu-system-modules-opengl' ;;
    *)      echo "packages.sh: there is no target $1" >&2; exit 2 ;;
    esac
}

installed()     # those of the named packages that are installed, one a line
{
    dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed //p'
}

as_root()
{
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo -n "$@" 2>/dev/null || { [ -t 0 ] && sudo "$@"; }
    else
        return 1
    fi
}

wanted=
for target; do
    words=$(packages_of "$target")
    wanted="$wanted $words"
done
names=$(echo "$wanted" | tr -d '?')

if ! command -v dpkg-query >/dev/null; then
    echo "packages: this is not Debian or Ubuntu; install what these packages hold: $names" >&2
    exit 0
fi

# shellcheck disable=SC2086  # names are words
present=" $(installed $names | tr '\n' ' ') "
missing=
optional=
for name in $wanted; do
    case "$present" in
    *" ${name#\?} "*) ;;
    *) case $name in \?*) optional="$optional ${name#\?}" ;; *) missing="$missing $name" ;; esac ;;
    esac
done

known()         # those of the named packages that this release has, as far as the package lists are here
{
    [ $# = 0 ] || apt-cache show "$@" 2>/dev/null | sed -n 's/^Package: / /p' | sort -u | tr -d '\n'
}

# shellcheck disable=SC2086  # names are words
[ -n "$missing$(known $optional)" ] || exit 0

# shellcheck disable=SC2086  # names are words
echo "packages: missing:$missing$(known $optional); installing with apt-get"
if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q >/dev/null; then
    echo "packages: apt-get update failed (above); going on with the package lists that are here" >&2
fi
# shellcheck disable=SC2086  # names are words
missing="$missing$(known $optional)"
# shellcheck disable=SC2086  # names are words
if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing; then
    echo "packages: could not install:$missing" >&2
    echo "packages: as root, do this and try again: apt-get update && apt-get install$missing" >&2
    exit 1
fi
