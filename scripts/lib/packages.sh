# SPDX-License-Identifier: Apache-2.0
# Sourced by the scripts: installs what is missing from Debian packages.

# Packages to build and run the program.
heddle_build_packages=(g++ cmake ninja-build ccache pkg-config libsystemc-dev libboost-program-options-dev
  nlohmann-json3-dev catch2 libhwy-dev libtbb-dev libfmt-dev libvalijson-dev libssl-dev)
# Packages to run the tests as well: the front end (Python), benchmarks and the checks of format and types.
heddle_test_packages=(python3 python3-numpy python3-torch python3-onnx python3-sklearn python3-skimage python3-scipy
  libonnx-testdata python3-pytest python3-jsonschema python3-tqdm libbenchmark-dev clang-format clang-tidy black
  flake8 mypy)

install_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  echo "installing: ${missing[*]}" >&2
  local root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "not root and no sudo; install these packages first: ${missing[*]}" >&2; return 2; }
    root=(sudo)
  fi
  "${root[@]}" apt-get update -qq
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
}
