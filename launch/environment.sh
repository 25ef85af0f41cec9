# shellcheck shell=bash
# Sourced by launch/demo and launch/test: a Python environment in .venv and the few system libraries, set up once.
# Safe to run again: what is already there is left as it is.

say() { printf '\033[1m== %s\033[0m\n' "$*"; }
fail() { printf '\n%s\n' "$*" >&2; exit 1; }

# The first Python that runs and is 3.10, 3.11 or 3.12 (the versions the official CARLA client has wheels for).
find_python() {
    local candidate
    for candidate in python3.11 python3.12 python3.10 python3; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    fail "Longtail needs Python 3.10, 3.11 or 3.12 (found: $(python3 --version 2>/dev/null || echo none)).
Install one, for example: apt-get install python3.11 python3.11-venv"
}

# Debian packages whose library cannot be loaded here: OpenGL through EGL for pictures, and what Open3D links to.
missing_packages() {
    "$1" - <<'PY'
import ctypes
import glob

needed = {"libEGL.so.1": "libegl1", "libGL.so.1": "libgl1", "libgomp.so.1": "libgomp1", "libusb-1.0.so.0": "libusb-1.0-0",
          "libX11.so.6": "libx11-6", "libglib-2.0.so.0": "libglib2.0-0"}
missing = []
for library, package in needed.items():
    try:
        ctypes.CDLL(library)
    except OSError:
        missing.append(package)
drivers = ["/usr/lib/*/dri/swrast_dri.so", "/usr/lib/*/libgallium*.so", "/usr/lib/*/libEGL_nvidia.so*",
           "/usr/lib64/dri/swrast_dri.so", "/usr/lib64/libgallium*.so", "/usr/lib64/libEGL_nvidia.so*"]
if not any(glob.glob(pattern) for pattern in drivers):
    missing.append("libgl1-mesa-dri")
print(" ".join(missing))
PY
}

install_packages() {
    local packages="$*"
    if ! command -v apt-get >/dev/null; then
        fail "These system libraries are missing (by their Debian names): $packages
Install them with your system's package manager and run this again."
    elif [ "$(id -u)" != 0 ]; then
        fail "These system libraries are missing. Install them and run this again:
    sudo apt-get update && sudo apt-get install -y $packages"
    fi
    say "Installing system libraries: $packages"
    # shellcheck disable=SC2086  # a list of names
    if ! { apt-get update -qq &&
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null; }; then
        fail "apt-get could not install $packages (its own words are above). Install them and run this again."
    fi
}

install() { .venv/bin/python -m pip install --quiet --disable-pip-version-check "$@"; }

# prepare REQUIREMENT: .venv with Longtail installed from this folder; "." for use, ".[dev]" for the tests as well.
prepare() {
    local requirement="$1" python packages stamp
    python=$(find_python) || exit 1
    if [ ! -x .venv/bin/python ] && ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        install_packages "$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
    fi
    packages=$(missing_packages "$python")
    # shellcheck disable=SC2086  # a list of names
    [ -z "$packages" ] || install_packages $packages

    # Scripts and links in .venv hold this folder's path: a copied or moved clone is installed anew.
    stamp=".venv/.longtail-$( (pwd; cat pyproject.toml) | cksum | tr ' ' '-')"
    if [ -e "${stamp}[dev]" ] || [ -e "$stamp${requirement#.}" ]; then
        return
    fi
    say "Setting up .venv with $("$python" --version) (about a gigabyte of wheels; a few minutes the first time)"
    .venv/bin/python -m pip --version >/dev/null 2>&1 || "$python" -m venv --clear .venv
    # Setuptools warns of every editable installation that its folder's packages come first: here they should.
    if ! { install --upgrade pip && PYTHONWARNINGS=ignore install --editable "$requirement"; }; then
        fail "The packages could not be installed (pip's own words are above).
They come from the package index that pip is set up for; check the network and run this again."
    fi
    touch "$stamp${requirement#.}"
}
