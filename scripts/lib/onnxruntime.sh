# SPDX-License-Identifier: Apache-2.0
# ONNX Runtime for the tests of the front end: the npm package onnxruntime-node, without its install script (which only
# fetches what GPUs need) and without the binaries of other systems (47 MB are left). Sourced; needs node and npm.

onnxruntime_version=1.30.0

# Installs it in folder $1 unless it is there; says so and goes on where it cannot.
install_onnxruntime() {
  local folder=$1 binaries
  [ -d "$folder/node_modules/onnxruntime-node" ] && return 0
  if ! command -v npm >/dev/null; then
    echo "no npm: the tests against ONNX Runtime are skipped" >&2
    return 0
  fi
  mkdir -p "$folder"
  [ -f "$folder/package.json" ] || echo '{"private": true}' >"$folder/package.json"
  if ! (cd "$folder" && npm install --ignore-scripts --no-audit --no-fund --silent "onnxruntime-node@$onnxruntime_version"); then
    rm -rf "$folder/node_modules"
    echo "onnxruntime-node could not be installed: the tests against ONNX Runtime are skipped" >&2
    return 0
  fi
  for binaries in "$folder"/node_modules/onnxruntime-node/bin/napi-v*; do
    rm -rf "$binaries"/win32 "$binaries"/darwin
    [ "$(uname -m)" = x86_64 ] && rm -rf "$binaries"/linux/arm64
  done
}
