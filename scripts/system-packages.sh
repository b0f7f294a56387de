#!/bin/sh
# Install the programs that no Python package brings, or say what is reduced without them. Quick when all are there.
set -u
missing=""
packages=""
note() {
    command -v "$1" >/dev/null 2>&1 && return
    missing="$missing  $1 (Debian package $2): without it, $3
"
    packages="$packages $2"
}
note exiftool libimage-exiftool-perl "metadata is not extracted"
note bwrap bubblewrap "hostile files are parsed with resource limits only, not in a sandbox of their own"
[ -z "$packages" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing system packages:$packages"
    # The lists of a fresh machine are empty; of an old one, stale.
    if apt-get update -qq >/dev/null 2>&1 &&
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null 2>&1; then
        exit 0
    fi
    echo "They could not be installed." >&2
fi
printf 'Going on without:\n%s' "$missing" >&2
echo "To install them: sudo apt-get install$packages" >&2
