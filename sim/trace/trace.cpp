// SPDX-License-Identifier: Apache-2.0
#include "sim/trace/trace.h"

#include <algorithm>

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/base/quantity.h"
#include "sim/trace/digest.h"

namespace heddle::trace {
namespace {

std::string_view text_view(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Lowest and highest integer of a precision of `bits`, sign bit included.
std::pair<std::int64_t, std::int64_t> range_of(unsigned bits, bool is_signed) {
  if (is_signed) return {-(std::int64_t{1} << (bits - 1)), (std::int64_t{1} << (bits - 1)) - 1};
  return {0, (std::int64_t{1} << bits) - 1};
}

void check_codes(const workload::Representation& rep, const std::vector<std::int32_t>& codes,
                 const std::string& where) {
  const std::int64_t low = rep.lowest_code();
  const std::int64_t high = rep.highest_code();
  for (std::size_t i = 0; i < codes.size(); ++i) {
    if (codes[i] < low || codes[i] > high || (rep.is_bipolar && codes[i] == 0)) {
      throw Error(ErrorKind::workload, where,
                  fmt::format("code {} at flat index {} is outside the declared range {} to {}{}", codes[i],
                              i, low, high, rep.is_bipolar ? " (bipolar: -1 and 1)" : ""));
    }
  }
}

}  // namespace

Trace::Trace(const std::filesystem::path& path) : name_(path.string()), files_(open_trace_files(path)) {
  const auto bytes = files_->bytes("manifest.json");
  try {
    document_ = config::parse_json(text_view(bytes), files_->where("manifest.json"));
  } catch (const Error& e) {
    throw Error(ErrorKind::workload, "", e.what());
  }
  manifest_ = read_manifest(document_);
  manifest_digest_ = sha256_hex(bytes);
  digest_ = manifest_digest_;
  // Includes files that no design reads: an incomplete trace is refused.
  for (const auto& [file, entry] : manifest_.files) check_size(file, entry);
}

void Trace::draw_missing(std::shared_ptr<const workload::ValueSource> source) {
  bool is_complete = true;
  for (auto& layer : manifest_.network.layers) {
    if (!layer.is_array()) continue;
    layer.activation.is_drawn = layer.activation.files.empty();
    layer.weight.is_drawn = layer.weight.files.empty();
    if (!layer.activation.is_drawn && !layer.weight.is_drawn) continue;
    is_complete = false;
    layer.expect.clear();
  }
  if (is_complete) {
    throw Error(ErrorKind::workload, name_,
                "the trace holds the values of every layer, so that none are left to be drawn");
  }
  manifest_.network.samples = std::max(1U, manifest_.network.samples);
  source_ = std::move(source);
  const std::string text = manifest_digest_ + " " + source_->label();
  digest_ = sha256_hex(std::as_bytes(std::span(text.data(), text.size())));
}

std::uint32_t Trace::tensors(const workload::Operand& operand) const {
  if (!operand.is_drawn) return static_cast<std::uint32_t>(operand.files.size());
  return operand.is_static() ? 1 : manifest_.network.samples;
}

void Trace::check_size(const std::string& file, const FileEntry& entry) const {
  const std::uint64_t bytes = files_->size(file);
  if (bytes == entry.bytes) return;
  throw Error(ErrorKind::workload, files_->where(file),
              fmt::format("holds {} bytes, the manifest says {}", bytes, entry.bytes));
}

void Trace::check_digest(const std::string& file) const {
  {
    const std::lock_guard lock(mutex_);
    if (checked_.contains(file)) return;
  }
  const auto entry = manifest_.files.find(file);
  HEDDLE_CHECK(entry != manifest_.files.end(), "file " + file + " is not in the manifest");
  const auto bytes = files_->bytes(file);
  if (const std::string got = sha256_hex(bytes); got != entry->second.sha256) {
    throw Error(
        ErrorKind::workload, files_->where(file),
        "its SHA-256 is " + got + ", the manifest says " + entry->second.sha256 + ": the file was changed");
  }
  const std::lock_guard lock(mutex_);
  checked_.insert(file);
}

NpyView Trace::array(const std::string& file) const {
  check_digest(file);
  return parse_npy(files_->bytes(file), files_->where(file));
}

workload::IntTensor Trace::decode(const workload::Layer& layer, const workload::Operand& operand,
                                  const std::string& file, const Shape& expected, unsigned precision_bits,
                                  const char* role) const {
  const std::string where = files_->where(file);
  const NpyView view = array(file);
  if (view.shape != expected) {
    throw Error(ErrorKind::workload, where,
                fmt::format("shape {}, but the {} of layer {} has shape {}", text_of(view.shape), role,
                            in_quotes(layer.id), text_of(expected)));
  }
  workload::IntTensor out{expected, as_int32(view, where)};
  check_codes(operand.rep, out.values, where);
  if (operand.rep.decode == workload::Representation::Decode::signed_square) {
    for (auto& v : out.values) v = v < 0 ? -(v * v) : v * v;
  } else if (operand.rep.decode == workload::Representation::Decode::table) {
    const auto table = as_int32(array(operand.rep.table_file), files_->where(operand.rep.table_file));
    for (auto& v : out.values) {
      const auto index = static_cast<std::uint64_t>(v);
      if (index >= table.size())
        throw Error(ErrorKind::workload, where,
                    fmt::format("code {} is beyond its table of {}", v, table.size()));
      v = table[index];
    }
  }
  const auto [low, high] = range_of(precision_bits, operand.rep.is_signed);
  for (std::size_t i = 0; i < out.values.size(); ++i) {
    if (out.values[i] < low || out.values[i] > high) {
      throw Error(
          ErrorKind::workload, where,
          fmt::format("value {} at flat index {} is outside the {}-bit {} precision of layer {} ({} to {})",
                      out.values[i], i, precision_bits, role, in_quotes(layer.id), low, high));
    }
  }
  return out;
}

workload::IntTensor Trace::activations(const workload::Layer& layer, std::uint32_t sample) const {
  HEDDLE_CHECK(sample < tensors(layer.activation), "no such sample");
  if (layer.activation.is_drawn) return source_->activations(layer, sample);
  return decode(layer, layer.activation, layer.activation.files[sample], workload::activation_shape(layer),
                layer.precision.activation_bits, "activation");
}

workload::IntTensor Trace::weights(const workload::Layer& layer, std::uint32_t sample) const {
  const std::size_t index = layer.weight.is_static() ? 0 : sample;
  HEDDLE_CHECK(index < tensors(layer.weight), "no such weights");
  if (layer.weight.is_drawn) return source_->weights(layer, sample);
  return decode(layer, layer.weight, layer.weight.files[index], workload::weight_shape(layer),
                layer.precision.weight_bits, "weight");
}

std::vector<std::int64_t> Trace::bias(const workload::Layer& layer) const {
  if (layer.bias_file.empty()) return {};
  const NpyView view = array(layer.bias_file);
  const std::string where = files_->where(layer.bias_file);
  if (!view.is_integer() || view.shape != Shape{layer.geometry.filters}) {
    throw Error(ErrorKind::workload, where,
                fmt::format("expected {} integers, one per filter", layer.geometry.filters));
  }
  std::vector<std::int64_t> out(view.elements());
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = view.integer(i);
  return out;
}

std::vector<std::uint8_t> Trace::group_widths(const workload::Layer& layer) const {
  const std::string& file = layer.precision.group_widths_file;
  if (file.empty()) return {};
  const workload::Geometry& g = layer.geometry;
  const std::uint64_t bricks = ceil_div(g.channels / g.groups, 16);
  Shape expected{g.filters, g.kernel_height, g.kernel_width, bricks};
  if (layer.op != workload::Op::conv2d) expected = {g.filters, bricks};
  const NpyView view = array(file);
  const std::string where = files_->where(file);
  if (view.type != Dtype::u1 || view.shape != expected) {
    throw Error(ErrorKind::workload, where,
                fmt::format("expected |u1 of shape {}, found {} of shape {}", text_of(expected),
                            name_of(view.type), text_of(view.shape)));
  }
  std::vector<std::uint8_t> out(view.elements());
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<std::uint8_t>(view.integer(i));
    if (out[i] < 1 || out[i] > layer.precision.weight_bits) {
      throw Error(ErrorKind::workload, where,
                  fmt::format("width {} at flat index {} is outside 1 to w_bits = {}", out[i], i,
                              layer.precision.weight_bits));
    }
  }
  return out;
}

std::optional<ExpectedOutputs> Trace::expected(const workload::Layer& layer, std::uint32_t sample) const {
  if (sample >= layer.expect.size() || !layer.expect[sample]) return std::nullopt;
  const workload::Expectation& entry = *layer.expect[sample];
  const std::string where = files_->where(entry.file);
  const NpyView view = array(entry.file);
  if (view.type != Dtype::i4 && view.type != Dtype::i8) {
    throw Error(ErrorKind::workload, where, std::string("expected <i4 or <i8, found ") + name_of(view.type));
  }
  ExpectedOutputs out;
  out.accumulators.resize(view.elements());
  for (std::size_t i = 0; i < out.accumulators.size(); ++i) out.accumulators[i] = view.integer(i);
  if (entry.index_file.empty()) {
    if (view.elements() != layer.geometry.output_values()) {
      throw Error(ErrorKind::workload, where,
                  fmt::format("{} accumulators, but layer {} has {} outputs", view.elements(),
                              in_quotes(layer.id), layer.geometry.output_values()));
    }
    return out;
  }
  const NpyView index = array(entry.index_file);
  const std::string index_where = files_->where(entry.index_file);
  if (!index.is_integer() || index.elements() != view.elements()) {
    throw Error(ErrorKind::workload, index_where,
                fmt::format("expected {} integer indices", view.elements()));
  }
  for (std::size_t i = 0; i < index.elements(); ++i) {
    const std::int64_t at = index.integer(i);
    if (at < 0 || static_cast<std::uint64_t>(at) >= layer.geometry.output_values()) {
      throw Error(ErrorKind::workload, index_where,
                  fmt::format("index {} is outside the layer's outputs", at));
    }
    out.indices.push_back(static_cast<std::uint64_t>(at));
  }
  return out;
}

}  // namespace heddle::trace
