#!/bin/sh
# Installs slipway: brings a release, verifies it, and puts one file in place.
#
#   curl -fsSL @REPOSITORY@/releases/latest/download/install.sh | sh
#   … | sh -s -- --version 0.1.0 --to /usr/local/bin
#
# SLIPWAY_INSTALL_URL is where releases are instead, for a mirror: it has latest/download/FILE and
# download/vVERSION/FILE, as GitHub has.
set -eu

# A release writes here where it comes from.
repository='@REPOSITORY@'

# All is in functions that the last line calls: of a script that was cut on its way nothing runs.
main() {
    to=${HOME:+$HOME/.local/bin} version='' sum='' attested=no
    while [ $# -gt 0 ]; do
        case $1 in
            --to | --version | --sha256)
                [ $# -gt 1 ] || fail "$1 takes a value"
                case $1 in
                    --to) to=$2 ;;
                    --version) version=${2#v} ;;
                    --sha256) sum=$2 ;;
                esac
                shift
                ;;
            --to=*) to=${1#*=} ;;
            --version=*) version=${1#*=} version=${version#v} ;;
            --sha256=*) sum=${1#*=} ;;
            --attested) attested=yes ;;
            -h | --help) usage && exit 0 ;;
            *) fail "unknown argument: $1 (--help lists them)" ;;
        esac
        shift
    done
    [ -n "$to" ] || fail "there is no HOME: say where with --to DIR"
    case $version in
        *[!0-9A-Za-z.+-]*) fail "\"$version\" is no version: write it like 0.1.0" ;;
    esac

    releases=$(releases)
    target=$(target)
    tmp=$(mktemp -d) staged=''
    trap clean EXIT
    trap 'exit 130' INT
    trap 'exit 143' HUP TERM

    from=$releases/latest/download
    [ -z "$version" ] || from=$releases/download/v$version
    download "$from/SHA256SUMS" SHA256SUMS || fail "there is no release to be had: $problem"
    archive=$(archive)
    version=${archive#slipway-} version=${version%"-$target.tar.gz"}
    # From now on this one release, also where a newer one comes out meanwhile.
    download "$releases/download/v$version/$archive" "$archive" || fail "$problem"
    verify
    attest
    put
    advise
}

usage() {
    cat <<'END'
Installs slipway: brings a release, verifies it, and puts one file in place.

  --version VERSION   that one, instead of the newest
  --to DIR            where to, instead of ~/.local/bin
  --sha256 SUM        what the archive for this machine has to be, beside what the release says
  --attested          refuse where gh cannot verify who built it

SLIPWAY_INSTALL_URL is where releases are instead, for a mirror.
END
}

fail() {
    printf 'install: %s\n' "$1" >&2
    exit 1
}

say() {
    printf '%s\n' "$1"
}

clean() {
    rm -rf "$tmp"
    [ -z "$staged" ] || rm -f "$staged"
}

# Where releases are. A checksum proves nothing that came over a line which anybody can write to.
releases() {
    case $repository in
        @*) repository='' ;;
    esac
    base=${SLIPWAY_INSTALL_URL:-${repository:+$repository/releases}}
    case $base in
        '') fail "this copy belongs to no release: set SLIPWAY_INSTALL_URL to where releases are" ;;
        https://* | http://127.0.0.1[:/]* | http://localhost[:/]*) say "${base%/}" ;;
        *) fail "SLIPWAY_INSTALL_URL has to begin with https://" ;;
    esac
}

# What this machine runs, as archives are named.
target() {
    system=$(uname -s) machine=$(uname -m)
    # A shell that is translated on a Mac says that the machine is another.
    if [ "$system" = Darwin ] && [ "$(sysctl -n sysctl.proc_translated 2>/dev/null || :)" = 1 ]; then
        machine=arm64
    fi
    case $machine in
        x86_64 | amd64) kind=x86_64 ;;
        aarch64 | arm64) kind=aarch64 ;;
        *) nothing_for ;;
    esac
    case $system in
        Linux) say "$kind-unknown-linux-musl" ;;
        Darwin) say "$kind-apple-darwin" ;;
        *) nothing_for ;;
    esac
}

nothing_for() {
    fail "there is no build for $system on $machine, only for Linux and macOS on x86_64 and aarch64: build it with cargo"
}

# Brings an address into a file of our own; what went wrong is in $problem.
download() {
    case $1 in
        https:*) protocols='=https' ;;
        *) protocols='=http,https' ;;
    esac
    problem=''
    if command -v curl >/dev/null 2>&1; then
        set -- "$1" "$tmp/$2" curl --proto "$protocols" --fail --silent --show-error --location \
            --connect-timeout 20 --retry 2 --output "$tmp/$2" -- "$1"
    elif command -v wget >/dev/null 2>&1; then
        set -- "$1" "$tmp/$2" wget -q -T 20 -O "$tmp/$2" -- "$1"
    else
        fail "neither curl nor wget is here to download with"
    fi
    address=$1 file=$2
    shift 2
    if "$@" 2>"$tmp/problem" && [ -s "$file" ]; then
        return 0
    fi
    problem="$address could not be downloaded ($(tail -n 1 "$tmp/problem" | tr -d '\r'))"
    return 1
}

# The archive for this machine that the release has.
archive() {
    names=$(awk '{ sub(/^\*/, "", $2); print $2 }' "$tmp/SHA256SUMS" |
        grep -E "^slipway-[0-9A-Za-z.+-]+-$target\.tar\.gz$" || :)
    case $names in
        '') fail "the release at $from has nothing for $target" ;;
        *"
"*) fail "the release at $from has more than one archive for $target" ;;
    esac
    say "$names"
}

verify() {
    wanted=$(awk -v name="$archive" '{ sub(/^\*/, "", $2) } $2 == name { print $1 }' "$tmp/SHA256SUMS")
    if command -v sha256sum >/dev/null 2>&1; then
        found=$(sha256sum <"$tmp/$archive")
    elif command -v shasum >/dev/null 2>&1; then
        found=$(shasum -a 256 <"$tmp/$archive")
    else
        fail "neither sha256sum nor shasum is here to verify with"
    fi
    found=${found%% *}
    [ "$found" = "$wanted" ] ||
        fail "$archive is not what was released: its SHA-256 is $found and has to be $wanted; nothing is installed"
    [ "$found" = "${sum:-$found}" ] ||
        fail "$archive is not the one that is wanted: its SHA-256 is $found and has to be $sum; nothing is installed"
}

# Who built it, where GitHub's own program is here to ask.
attest() {
    owner=${repository#https://github.com/}
    why=''
    if [ "$owner" = "$repository" ]; then
        why="the release is not on GitHub"
    elif ! command -v gh >/dev/null 2>&1; then
        why="gh is not here"
    elif ! gh attestation --help >/dev/null 2>&1; then
        why="this gh is too old"
    elif ! gh auth status >/dev/null 2>&1; then
        why="gh is not logged in"
    fi
    if [ -n "$why" ]; then
        [ "$attested" = no ] || fail "who built $archive cannot be verified: $why"
        say "verified: checksum (who built it was not asked: $why)"
        return
    fi
    gh attestation verify "$tmp/$archive" --repo "$owner" >"$tmp/attested" 2>&1 ||
        fail "$archive was not built by $owner: $(tail -n 1 "$tmp/attested"); nothing is installed"
    say "verified: checksum, and that $owner built it"
}

# Puts the program in place: beside it first, where it has to run, and then in one step.
put() {
    folder=${archive%.tar.gz}
    tar -xzf "$tmp/$archive" -C "$tmp" "$folder/slipway" 2>"$tmp/problem" ||
        fail "$archive cannot be unpacked: $(tail -n 1 "$tmp/problem")"
    mkdir -p "$to" 2>/dev/null || fail "$to cannot be made: choose another folder with --to DIR"
    to=$(cd "$to" && pwd)
    [ ! -d "$to/slipway" ] || fail "$to/slipway is a folder: choose another place with --to DIR"
    staged=$(mktemp "$to/.slipway.XXXXXX" 2>/dev/null) ||
        fail "$to cannot be written to: choose another folder with --to DIR"
    { cat "$tmp/$folder/slipway" >"$staged" && chmod 755 "$staged"; } 2>"$tmp/problem" ||
        fail "$to cannot be written to: $(tail -n 1 "$tmp/problem")"
    runs=$("$staged" version 2>&1) || fail "the program does not run on this machine: $runs"
    [ "$runs" = "slipway $version" ] || fail "$archive holds \"$runs\", and not slipway $version"
    mv -f "$staged" "$to/slipway" || fail "$to/slipway cannot be replaced"
    staged=''
    say "slipway $version is in $to"
}

advise() {
    case :${PATH:-}: in
        *:"$to":*)
            other=$(command -v slipway || :)
            [ "$other" = "$to/slipway" ] || say "another one comes first on PATH: $other"
            ;;
        *) say "$to is not on PATH: add this to your shell's profile: export PATH=\"$to:\$PATH\"" ;;
    esac
    say "next: slipway doctor"
}

main "$@"
