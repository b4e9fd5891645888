// SPDX-License-Identifier: Apache-2.0
#include "sim/trace/manifest.h"

#include <set>

#include <fmt/format.h>

#include "sim/base/nearest.h"
#include "sim/trace/files.h"
#include "sim/trace/manifest_layer.h"
#include "sim/trace/manifest_node.h"
#include "sim/trace/manifest_required.h"

namespace heddle::trace {
namespace {

constexpr std::int64_t kMajor = 1;
constexpr std::int64_t kMinor = 0;

// Returns whether the file is of a newer minor version than this reader.
bool check_version(const ManifestNode& root) {
  root.choice("format", {"heddle-trace"});
  const auto version = root.numbers_or("version", {0, 0}, 0);
  if (!root.has("version")) throw root.fault("key 'version' is missing");
  if (version[0] != kMajor) {
    throw root.fault("version", fmt::format("trace version {}.{}, this program reads version {}.x",
                                            version[0], version[1], kMajor));
  }
  return version[1] > kMinor;
}

std::map<std::string, FileEntry> read_files(const ManifestNode& root, bool newer,
                                            std::vector<std::string>& warnings) {
  std::map<std::string, FileEntry> out;
  const ManifestNode files = root.child("files");
  if (!files.json().is_object()) throw files.fault("expected an object of file entries");
  for (const auto& [name, ignored] : files.json().items()) {
    const ManifestNode entry = files.child(name);
    entry.allow_only({"bytes", "sha256"}, newer, warnings);
    if (!is_safe_member_name(name)) throw entry.fault("file name " + in_quotes(name) + " leaves the trace");
    FileEntry file;
    file.bytes = static_cast<std::uint64_t>(entry.integer("bytes", 0, INT64_MAX));
    file.sha256 = entry.text("sha256");
    if (file.sha256.size() != 64 || file.sha256.find_first_not_of("0123456789abcdef") != std::string::npos) {
      throw entry.fault("sha256",
                        "expected 64 lower-case hexadecimal digits, found " + in_quotes(file.sha256));
    }
    out.emplace(name, std::move(file));
  }
  return out;
}

// Ids are unique, inputs come earlier, so the graph has no cycle.
void check_graph(const ManifestNode& root, const workload::Network& network) {
  std::set<std::string> known(network.inputs.begin(), network.inputs.end());
  if (known.size() != network.inputs.size())
    throw root.child("network").fault("inputs", "an input is listed twice");
  const auto nodes = root.list("layers");
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    const workload::Layer& layer = network.layers[i];
    const std::vector<std::string> earlier(known.begin(), known.end());
    const auto require_known = [&](const std::string& id, const char* what) {
      if (!known.contains(id)) {
        throw nodes[i].fault(fmt::format("layer {}: {} {} is not an earlier layer or a network input{}",
                                         in_quotes(layer.id), what, in_quotes(id), suggestion(id, earlier)));
      }
    };
    for (const auto& input : layer.inputs) require_known(input, "input");
    if (layer.is_array()) {
      require_known(layer.activation.source, "activation source");
      if (!layer.weight.is_static()) require_known(layer.weight.source, "weight source");
    }
    if (layer.id == "static") throw nodes[i].fault("id", "'static' is reserved for weights");
    if (!known.insert(layer.id).second) throw nodes[i].fault("id", in_quotes(layer.id) + " is already taken");
  }
  for (const auto& output : network.outputs) {
    if (!known.contains(output))
      throw root.child("network").fault("outputs", "there is no layer " + in_quotes(output));
  }
}

}  // namespace

Manifest read_manifest(const config::Document& document) {
  const ManifestNode root(document, document.root, "");
  if (!document.root.is_object()) throw root.fault("expected an object at the top of a manifest");
  if (!root.has("format") || !root.has("version")) require_keys(document);
  const bool newer = check_version(root);
  require_keys(document);
  Manifest out;
  root.allow_only(
      {"format", "version", "samples", "network", "provenance", "accuracy", "redacted", "layers", "files"},
      newer, out.warnings);
  const ManifestNode network = root.child("network");
  network.allow_only({"name", "task", "inputs", "outputs"}, newer, out.warnings);
  out.network.name = network.text("name");
  out.network.inputs = network.texts_or_none("inputs");
  out.network.outputs = network.texts_or_none("outputs");
  out.network.samples = static_cast<std::uint32_t>(root.integer("samples", 0, 1000000));
  const ManifestNode provenance = root.child("provenance");
  static_cast<void>(provenance.text("tool"));
  out.network.provenance = provenance.json();
  out.network.assumptions = provenance.texts_or_none("assumptions");
  if (root.has("accuracy")) out.network.accuracy = root.child("accuracy").json();
  out.files = read_files(root, newer, out.warnings);

  const auto layers = root.list("layers");
  if (layers.empty()) throw root.fault("layers", "the network has no layers");
  if (layers.size() > 100000) throw root.fault("layers", "more than 100,000 layers");
  LayerContext context{
      .files = out.files, .warnings = out.warnings, .samples = out.network.samples, .newer = newer};
  for (std::size_t i = 0; i < layers.size(); ++i)
    out.network.layers.push_back(read_layer(layers[i], i, context));
  check_extent(root, out.network);
  check_graph(root, out.network);
  return out;
}

}  // namespace heddle::trace
