// SPDX-License-Identifier: Apache-2.0
#include "sim/trace/manifest_layer.h"

#include <fmt/format.h>

#include "sim/base/nearest.h"

namespace heddle::trace {
namespace {

constexpr unsigned kWidestContainer = 16;

std::string listed_file(const ManifestNode& node, const std::string& key, const LayerContext& context) {
  std::string name = node.text(key);
  if (!context.files.contains(name)) {
    std::vector<std::string> names;
    for (const auto& [file, ignored] : context.files) names.push_back(file);
    throw node.fault(key,
                     "file " + in_quotes(name) + " is not listed under /files" + suggestion(name, names));
  }
  return name;
}

// out = floor((in + pads - dilation * (kernel - 1) - 1) / stride) + 1, checked against what is stated.
void check_output(const ManifestNode& shape, const char* key, std::uint64_t in, std::uint64_t pads,
                  std::uint64_t kernel, std::uint64_t dilation, std::uint64_t stride, std::uint64_t stated) {
  const std::uint64_t span = dilation * (kernel - 1) + 1;
  if (in + pads < span)
    throw shape.fault(key, fmt::format("the kernel spans {} but the padded input only {}", span, in + pads));
  const std::uint64_t out = (in + pads - span) / stride + 1;
  if (out != stated)
    throw shape.fault(key, fmt::format("{} stated, but stride, pads and kernel give {}", stated, out));
}

void read_convolution(const ManifestNode& node, workload::Geometry& g) {
  const ManifestNode shape = node.child("shape");
  g.channels = shape.dimension("C");
  g.height = shape.dimension("H");
  g.width = shape.dimension("W");
  g.filters = shape.dimension("K");
  g.kernel_height = shape.dimension("R");
  g.kernel_width = shape.dimension("S");
  g.out_height = shape.dimension("OH");
  g.out_width = shape.dimension("OW");
  const auto stride = node.numbers_or("stride", {1, 1}, 1);
  const auto dilation = node.numbers_or("dilation", {1, 1}, 1);
  const auto pads = node.numbers_or("pads", {0, 0, 0, 0}, 0);
  g.stride_y = stride[0];
  g.stride_x = stride[1];
  g.dilation_y = dilation[0];
  g.dilation_x = dilation[1];
  g.pad_top = pads[0];
  g.pad_left = pads[1];
  g.pad_bottom = pads[2];
  g.pad_right = pads[3];
  check_output(shape, "OH", g.height, std::uint64_t{g.pad_top} + g.pad_bottom, g.kernel_height, g.dilation_y,
               g.stride_y, g.out_height);
  check_output(shape, "OW", g.width, std::uint64_t{g.pad_left} + g.pad_right, g.kernel_width, g.dilation_x,
               g.stride_x, g.out_width);
}

// The program keeps a record for each of these. The limits keep a few bytes of text from asking for more
// memory than a machine has.
struct Limit {
  std::string_view what;
  std::uint64_t (*of)(const workload::Geometry&);
  unsigned most_bits;
};
constexpr Limit kLimits[] = {
    {"windows", [](const workload::Geometry& g) { return g.windows(); }, 28},
    {"filters", [](const workload::Geometry& g) { return std::uint64_t{g.filters}; }, 26},
    {"groups", [](const workload::Geometry& g) { return std::uint64_t{g.groups}; }, 24},
    {"weights per filter", [](const workload::Geometry& g) { return g.weights() / g.filters; }, 28},
};
constexpr unsigned kMoreOfNetwork = 2;  // bits beyond those of a layer

// Products of dimensions must fit 64 bits in all later code; shapes beyond that could not be simulated
// anyway.
void check_size(const ManifestNode& node, const workload::Geometry& g) {
  const auto product = [](std::initializer_list<double> factors) {
    double p = 1;
    for (const double f : factors) p *= f;
    return p;
  };
  const double padded = product({double(g.channels), double(g.height) + g.pad_top + g.pad_bottom,
                                 double(g.width) + g.pad_left + g.pad_right});
  const double weights = product(
      {double(g.filters), double(g.channels) / g.groups, double(g.kernel_height), double(g.kernel_width)});
  constexpr double kMostElements = 1099511627776.0;  // 2^40
  if (padded > kMostElements) throw node.fault("shape", "the padded input has more than 2^40 elements");
  // A small tensor with a huge padding would need memory out of proportion to the trace.
  if (padded > 64.0 * double(g.input_values()) + 1048576.0) {
    throw node.fault("pads", fmt::format("padding makes the input {:.0f} times larger",
                                         padded / double(g.input_values())));
  }
  if (weights > kMostElements) throw node.fault("shape", "the weights have more than 2^40 elements");
  if (product({weights, double(g.out_height), double(g.out_width)}) > 1e18) {
    throw node.fault("shape", "the layer has more than 10^18 multiply-accumulates");
  }
  for (const auto& limit : kLimits) {
    if (limit.of(g) > std::uint64_t{1} << limit.most_bits)
      throw node.fault("shape", fmt::format("the layer has more than 2^{} {}", limit.most_bits, limit.what));
  }
}

void read_geometry(const ManifestNode& node, workload::Layer& layer, const LayerContext& context) {
  const ManifestNode shape = node.child("shape");
  if (!layer.is_array()) {
    shape.allow_only({"output", "N"}, context.newer, context.warnings);
    for (const auto& d : shape.list("output")) {
      if (!d.json().is_number_unsigned() || d.json() == 0) throw d.fault("expected a dimension above zero");
      layer.output_shape.push_back(d.json().get<std::uint64_t>());
    }
    return;
  }
  workload::Geometry& g = layer.geometry;
  if (shape.integer_or("N", 1, 1, 1 << 20) != 1)
    throw shape.fault("N", "expected 1: each file holds one sample; the images of a batch are samples");
  if (layer.op == workload::Op::conv2d) {
    shape.allow_only({"N", "C", "H", "W", "K", "R", "S", "OH", "OW"}, context.newer, context.warnings);
    read_convolution(node, g);
    layer.output_shape = {g.filters, g.out_height, g.out_width};
  } else {
    shape.allow_only({"N", "M", "C", "K"}, context.newer, context.warnings);
    g.width = shape.dimension("M");
    g.out_width = g.width;
    g.channels = shape.dimension("C");
    g.filters = shape.dimension("K");
    layer.output_shape = {g.width, g.filters};
  }
  g.groups = static_cast<std::uint32_t>(node.integer_or("groups", 1, 1, INT32_MAX));
  if (g.channels % g.groups != 0 || g.filters % g.groups != 0) {
    throw node.fault("groups", fmt::format("{} groups do not divide {} channels and {} filters", g.groups,
                                           g.channels, g.filters));
  }
  check_size(node, g);
}

void read_decoding(const ManifestNode& rep, workload::Representation& out, const LayerContext& context) {
  const std::string kind =
      rep.choice("kind", {"int", "mx", "minifloat", "power", "log", "codebook", "float"});
  if (kind == "codebook") {
    out.decode = workload::Representation::Decode::table;
    out.table_file = listed_file(rep, "table_file", context);
  } else if (kind == "power") {
    if (rep.text("exponent") != "1/2")
      throw rep.fault("exponent", "only '1/2' has an exact integer decoding");
    out.decode = workload::Representation::Decode::signed_square;
  } else if (kind != "int") {
    throw rep.fault(
        "kind",
        "'" + kind + "' has no exact integer decoding in this version (supported: int, codebook, power)");
  }
}

workload::Representation read_rep(const ManifestNode& rep, const LayerContext& context) {
  rep.allow_only(
      {"kind", "bits", "compute_bits", "signed", "narrow", "bipolar", "encoding", "lsb_exp", "elem", "block",
       "scale", "zero_point", "pad_code", "table_file", "exponent", "serialization"},
      context.newer, context.warnings);
  workload::Representation out;
  read_decoding(rep, out, context);
  out.bits = static_cast<unsigned>(rep.integer("bits", 1, 32));
  if (out.decode == workload::Representation::Decode::signed_square && out.bits > 15) {
    throw rep.fault("bits",
                    fmt::format("{} bits squared do not fit 32-bit integers, expected at most 15", out.bits));
  }
  if (!rep.has("signed")) throw rep.fault("key 'signed' is missing");
  out.is_signed = rep.flag_or("signed", true);
  out.is_narrow = rep.flag_or("narrow", false);
  out.is_bipolar = rep.flag_or("bipolar", false);
  if (rep.text_or("encoding", "twos_complement") != "twos_complement") {
    throw rep.fault("encoding", "only 'twos_complement' codes are read in this version");
  }
  if (rep.has("zero_point") && rep.child("zero_point").json().is_number()) {
    out.zero_point = rep.integer("zero_point", INT32_MIN, INT32_MAX);
  }
  out.pad_code = static_cast<std::int32_t>(rep.integer_or("pad_code", out.zero_point, INT32_MIN, INT32_MAX));
  // For decoded codes, pad_code is a decoded integer: check_pad compares it with the precision.
  const bool pads_with_a_code = out.decode == workload::Representation::Decode::identity && !out.is_bipolar;
  if (pads_with_a_code && (out.pad_code < out.lowest_code() || out.pad_code > out.highest_code())) {
    throw rep.fault(fmt::format("pad_code {} is outside the representation's range {} to {}", out.pad_code,
                                out.lowest_code(), out.highest_code()));
  }
  return out;
}

workload::Operand read_operand(const ManifestNode& node, const std::string& role,
                               const LayerContext& context) {
  node.allow_only({"role", "source", "axes", "rep", "file", "files"}, context.newer, context.warnings);
  workload::Operand out;
  out.source = node.text("source");
  out.rep = read_rep(node.child("rep"), context);
  if (out.is_static()) {
    if (role == "activation")
      throw node.fault("source", "an activation comes from a layer or a network input, not 'static'");
    if (node.has("files")) throw node.fault("files", "a static weight has one 'file'");
    if (node.has("file")) out.files.push_back(listed_file(node, "file", context));
    return out;
  }
  if (node.has("file")) throw node.fault("file", "a run-time operand has 'files', one per sample");
  if (!node.has("files")) return out;
  const auto entries = node.list("files");
  if (entries.size() != context.samples) {
    throw node.fault("files",
                     fmt::format("{} files, but the trace has {} samples", entries.size(), context.samples));
  }
  const ManifestNode list = node.child("files");
  for (const auto& name : node.texts_or_none("files")) {
    if (!context.files.contains(name))
      throw list.fault("file " + in_quotes(name) + " is not listed under /files");
    out.files.push_back(name);
  }
  return out;
}

void check_axes(const ManifestNode& node, const workload::Layer& layer, const std::string& role) {
  const workload::Operation& operation = workload::operation(layer.op);
  const std::string_view expected = role == "activation" ? operation.activation_axes : operation.weight_axes;
  if (node.text("axes") != expected) {
    throw node.fault("axes", fmt::format("expected '{}' for the {} of a {}", expected, role, operation.name));
  }
}

void read_operands(const ManifestNode& node, workload::Layer& layer, const LayerContext& context) {
  bool seen_activation = false;
  bool seen_weight = false;
  for (const auto& operand : node.list("operands")) {
    const std::string role = operand.choice("role", {"activation", "weight"});
    bool& seen = role == "activation" ? seen_activation : seen_weight;
    if (seen) throw operand.fault("role", "a second " + role);
    seen = true;
    check_axes(operand, layer, role);
    (role == "activation" ? layer.activation : layer.weight) = read_operand(operand, role, context);
  }
  if (!seen_activation || !seen_weight)
    throw node.fault("operands", "expected one activation and one weight");
}

void read_precision(const ManifestNode& node, workload::Layer& layer, const LayerContext& context) {
  const ManifestNode precision = node.child("precision");
  precision.allow_only({"w_bits", "a_bits", "a_bits_profile", "lsb_exp", "w_groups"}, context.newer,
                       context.warnings);
  layer.precision.weight_bits = static_cast<unsigned>(precision.integer("w_bits", 1, kWidestContainer));
  layer.precision.activation_bits = static_cast<unsigned>(precision.integer("a_bits", 1, kWidestContainer));
  if (precision.has("a_bits_profile")) {
    // Narrower than a_bits, or as wide.
    layer.precision.activation_bits =
        static_cast<unsigned>(precision.integer("a_bits_profile", 1, layer.precision.activation_bits));
  }
  if (precision.has("w_groups")) {
    const ManifestNode groups = precision.child("w_groups");
    groups.allow_only({"size", "axis", "file"}, context.newer, context.warnings);
    static_cast<void>(groups.integer("size", 16, 16));
    groups.choice("axis", {"C"});
    layer.precision.group_widths_file = listed_file(groups, "file", context);
  }
}

void check_pad(const ManifestNode& node, const workload::Layer& layer) {
  const workload::Representation& rep = layer.activation.rep;
  if (rep.decode == workload::Representation::Decode::identity) return;
  const unsigned bits = layer.precision.activation_bits - (rep.is_signed ? 1 : 0);
  const std::int64_t high = (std::int64_t{1} << bits) - 1;
  const std::int64_t low = rep.is_signed ? -high - 1 : 0;
  if (rep.pad_code >= low && rep.pad_code <= high) return;
  throw node.fault("operands",
                   fmt::format("the activation's pad_code {} is outside the {}-bit precision, {} to {}",
                               rep.pad_code, layer.precision.activation_bits, low, high));
}

void read_accumulator(const ManifestNode& node, workload::Layer& layer, const LayerContext& context) {
  if (node.has("bias")) {
    const ManifestNode bias = node.child("bias");
    bias.allow_only({"file"}, context.newer, context.warnings);
    layer.bias_file = listed_file(bias, "file", context);
  }
  if (!node.has("accumulator")) return;
  const ManifestNode accumulator = node.child("accumulator");
  accumulator.allow_only({"bits", "rule", "expect"}, context.newer, context.warnings);
  static_cast<void>(accumulator.integer("bits", 1, 64));
  accumulator.choice("rule", {"exact"});
  if (!accumulator.has("expect")) return;
  const auto entries = accumulator.list("expect");
  if (entries.size() != context.samples) {
    throw accumulator.fault(
        "expect", fmt::format("{} entries, but the trace has {} samples", entries.size(), context.samples));
  }
  for (const auto& entry : entries) {
    if (entry.json().is_null()) {
      layer.expect.emplace_back(std::nullopt);
      continue;
    }
    entry.allow_only({"file", "index_file"}, context.newer, context.warnings);
    layer.expect.emplace_back(
        workload::Expectation{listed_file(entry, "file", context),
                              entry.has("index_file") ? listed_file(entry, "index_file", context) : ""});
  }
}

}  // namespace

workload::Layer read_layer(const ManifestNode& node, std::size_t index, const LayerContext& context) {
  node.allow_only({"id", "index", "op", "inputs", "shape", "stride", "dilation", "pads", "groups", "post",
                   "tie_group", "operands", "bias", "accumulator", "requant", "precision", "stats"},
                  context.newer, context.warnings);
  workload::Layer layer;
  layer.id = node.text("id");
  layer.index = static_cast<std::uint32_t>(index);
  if (node.integer("index", 0, INT32_MAX) != static_cast<std::int64_t>(index)) {
    throw node.fault("index", fmt::format("expected {}: layers are listed in order", index));
  }
  layer.op = *workload::op_named(node.choice("op", workload::op_names()));
  static_cast<void>(node.child("inputs"));
  layer.inputs = node.texts_or_none("inputs");
  layer.post = node.texts_or_none("post");
  read_geometry(node, layer, context);
  if (node.has("stats")) listed_file(node, "stats", context);
  if (!layer.is_array()) {
    for (const char* key : {"operands", "bias", "accumulator", "precision"}) {
      if (!node.has(key)) continue;
      throw node.fault(key, fmt::format("only array layers ({}) have this",
                                        fmt::join(workload::op_names(workload::OpRole::array), ", ")));
    }
    return layer;
  }
  read_operands(node, layer, context);
  read_precision(node, layer, context);
  check_pad(node, layer);
  read_accumulator(node, layer, context);
  return layer;
}

void check_extent(const ManifestNode& root, const workload::Network& network) {
  for (const auto& limit : kLimits) {
    std::uint64_t sum = 0;
    for (const auto& layer : network.layers) sum += layer.is_array() ? limit.of(layer.geometry) : 0;
    if (sum > std::uint64_t{1} << (limit.most_bits + kMoreOfNetwork)) {
      throw root.fault("layers", fmt::format("the layers have more than 2^{} {} together",
                                             limit.most_bits + kMoreOfNetwork, limit.what));
    }
  }
}

}  // namespace heddle::trace
