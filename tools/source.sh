#!/bin/sh
# source.sh PACKAGE VERSION FILE SHA256 FOLDER: has FILE of a Debian source package lie in FOLDER, fetched at most once.
# apt fetches it, with a list of sources and a state of its own beside FOLDER, so that the machine's configuration need not name any
# source packages and stays as it is. What is trusted is the checksum, wherever the file came from.
set -eu

package=$1 version=$2 file=$3 sha256=$4 folder=$5

right()
{
    echo "$sha256  $folder/$file" | sha256sum --check --status 2>/dev/null
}

give_up()
{
    echo "source: $file of Debian's source package $package $version cannot be had: $1" >&2
    echo "source: if you have the file, put it there and try again: $folder/$file (SHA-256 $sha256)" >&2
    exit 1
}

mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
if [ -e "$folder/$file" ]; then
    right || give_up "what lies in $folder has another checksum"
    exit 0
fi
command -v apt-get >/dev/null || give_up "this machine has no apt-get"

state=$folder/apt
mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
exec 9>"$state/lock"
flock 9                                 # another make may be at it
if [ ! -e "$folder/$file" ]; then
    # The mirror that this machine uses, if it is a Debian.
    mirror=$(apt-get indextargets --format "\$(ORIGIN) \$(REPO_URI)" 2>/dev/null | sed -n 's/^Debian //p' | grep -v security | head -n 1)
    echo "deb-src [trusted=yes] ${mirror:-http://deb.debian.org/debian} bookworm main" >"$state/sources.list"
    cat >"$state/apt.conf" <<END
Dir::Etc::SourceList "$state/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::State "$state";
Dir::State::Lists "$state/lists";
Dir::Cache "$state/cache";
APT::Sandbox::User "root";
Acquire::Languages "none";
END
    echo "source: fetching $file of Debian's $package $version" >&2
    apt-get -q -c "$state/apt.conf" update >"$state/log" 2>&1 || give_up "$(tail -n 1 "$state/log")"
    (cd "$state" && apt-get -q -c apt.conf source --download-only "$package=$version") >>"$state/log" 2>&1 ||
        give_up "$(tail -n 1 "$state/log")"
    [ -e "$state/$file" ] || give_up "the package does not hold it"
    mv "$state/$file" "$folder/$file"
fi
right || { rm -f "$folder/$file"; give_up "what was fetched has another checksum"; }
