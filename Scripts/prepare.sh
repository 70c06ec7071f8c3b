# Sourced by ./run and ./test: finds Swift, installs missing Debian packages, builds. Says nothing while all is there.
# Everything it prints goes to standard error, so that `./run analyze --json` leaves only the result on standard output.

say() { printf '%s\n' "$*" >&2; }
stop() { say "lathe: $1"; exit "${2:-69}"; }

# What the sources link and the toolchain needs beside it.
build_packages=(g++ git ca-certificates pkg-config libncurses-dev libsndfile1-dev libfftw3-dev libasound2-dev libsqlite3-dev)
# Acoustic instruments from samples, loaded at run time when they are asked for; both may be absent.
sound_packages=(libfluidsynth3 musescore-general-soundfont-small)
# What the Swift toolchain itself loads when it was unpacked on a bare system.
toolchain_packages=(binutils libcurl4-openssl-dev libedit-dev libxml2-dev uuid-dev zlib1g-dev tzdata)

# install_missing PACKAGE...
install_missing() {
    command -v dpkg-query >/dev/null || {
        say "lathe: not a Debian system; these packages' counterparts must be installed by hand: $*"
        return 0
    }
    local present package missing=()
    present=" $(dpkg-query -W -f='${binary:Package} ${db:Status-Status}\n' "$@" 2>/dev/null |
        awk '$2 == "installed" { sub(/:.*/, "", $1); print $1 }' | tr "\n" " ")" || true
    for package in "$@"; do
        [[ $present == *" $package "* ]] || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return 0

    local root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || stop "needs these packages, and there is no sudo here; as root: apt-get install ${missing[*]}"
        root=(sudo)
    fi
    say "Installing ${missing[*]} …"
    local log
    log=$(mktemp)
    local get=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y -q --no-install-recommends -o DPkg::Lock::Timeout=120)
    # Package lists may be absent or stale: fetch them only when the plain install fails.
    if ! "${get[@]}" install "${missing[@]}" >"$log" 2>&1 </dev/null; then
        "${get[@]}" update >>"$log" 2>&1 </dev/null || true
        if ! "${get[@]}" install "${missing[@]}" >>"$log" 2>&1 </dev/null; then
            tail -n 5 "$log" >&2
            rm -f "$log"
            stop "could not install ${missing[*]}; check the network, or install them by hand, then run this again"
        fi
    fi
    rm -f "$log"
}

find_swift() {
    local folder
    if ! command -v swift >/dev/null; then
        for folder in "${SWIFTLY_BIN_DIR:-${HOME-}/.local/share/swiftly/bin}" /opt/swift/usr/bin /usr/local/swift/usr/bin /usr/libexec/swift/bin; do
            [ -x "$folder/swift" ] && { PATH=$folder:$PATH; break; }
        done
    fi
    command -v swift >/dev/null ||
        stop "Swift 6.1 or newer is not in PATH; get it from https://www.swift.org/install/linux/ and run this again"
}

# A toolchain that was unpacked on a bare system may lack the libraries it loads itself.
check_swift() {
    if ! swift build --version >/dev/null 2>&1; then
        install_missing "${toolchain_packages[@]}"
        swift build --version >/dev/null || stop "the Swift toolchain at $(command -v swift) does not start; see the line above"
    fi
}

# The Swift libraries inside the program, where the toolchain brings them in that form: it starts in two thirds of the time,
# and goes on working when the toolchain is updated.
static_libraries() {
    local swift
    swift=$(readlink -f "$(command -v swift)")
    [ -e "${swift%/bin/*}/lib/swift_static/linux/libFoundation.a" ] && echo --static-swift-stdlib
    return 0
}

# build SCRATCH [swift build argument...]: quiet on success, the whole log on failure.
build() {
    local scratch=$1 log
    shift
    mkdir -p "$scratch"
    log=$(mktemp)
    if [ -e "$scratch/release/lathe" ]; then say "Building …"; else say "Building for the first time: this takes some minutes …"; fi
    if ! swift build -c release --package-path "$here" --scratch-path "$scratch" "$@" >"$log" 2>&1 </dev/null; then
        grep -E 'error:|warning: unre' "$log" >&2 || tail -n 40 "$log" >&2
        rm -f "$log"
        stop "the build failed" 70
    fi
    rm -f "$log"
}
