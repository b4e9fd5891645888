// SPDX-License-Identifier: Apache-2.0
#include "sim/import/scalesim.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <set>

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/base/utf8.h"
#include "sim/base/version.h"
#include "sim/import/layer_list.h"
#include "sim/import/scalesim_heading.h"
#include "sim/import/scalesim_layer.h"
#include "sim/import/scalesim_line.h"
#include "sim/import/text_fields.h"
#include "sim/trace/digest.h"
#include "sim/trace/writer.h"

namespace heddle::importers {
namespace {

constexpr unsigned kAssumedBits = 16;

// Names of layers for a sentence; a long list is cut.
class Names {
 public:
  void add(const std::string& name) {
    if (++count_ <= kShown) text_ += (text_.empty() ? "" : ", ") + name;
  }
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] std::string layers(std::size_t of) const {
    if (count_ == of) return "all layers";
    return fmt::format("{} of {} layers ({}{})", count_, of, text_, count_ > kShown ? ", ..." : "");
  }

 private:
  static constexpr std::size_t kShown = 4;
  std::string text_;
  std::size_t count_ = 0;
};

// SCALE-Sim's mark is DP; these only look like it.
bool looks_depthwise(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text.find("DW") != std::string::npos || text.find("DEPTHWISE") != std::string::npos;
}

class Reader {
 public:
  explicit Reader(const std::filesystem::path& file) : file_(file) {}

  Topology read() {
    const auto lines = read_lines(file_);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (lines[i].find_first_not_of(", \t") == std::string::npos) continue;
      const std::string where = fmt::format("{}:{}", file_.string(), i + 1);
      if (is_comment(lines[i])) {
        out_.notes.push_back(where + ": a comment, skipped: " + in_quotes(trimmed(lines[i])));
      } else {
        take(parse_topology_line(lines[i], where));
      }
    }
    if (out_.layers.empty()) throw Error(ErrorKind::workload, file_.string(), "no layers below the heading");
    state_assumptions();
    return std::move(out_);
  }

 private:
  // The first line is a heading where it holds no numbers; so is a later one above all layers.
  void take(const TopologyLine& line) {
    const bool is_first = !seen_line_;
    seen_line_ = true;
    if ((is_first && !holds_numbers(line)) || (out_.layers.empty() && is_heading(line))) {
      extra_ = extra_fields_of(line);
      misplaced_ = misplaced_column(line);
      return;
    }
    if (is_first) {
      note(line,
           "the file has no heading; this line holds numbers and is read as a layer (SCALE-Sim skips it)");
    }
    add(line);
  }

  void note(const TopologyLine& line, const std::string& what) {
    out_.notes.push_back(line.where + ": " + what);
  }

  void add(const TopologyLine& line) {
    if (line.fields.size() == 1 && line.remark.empty()) {
      note(line, in_quotes(line.fields[0]) + " has no numbers and is skipped");
      return;
    }
    workload::Layer layer = shape(line);
    layer.id = unique_id(line);
    if (!line.remark.empty()) note(line, "the text behind the numbers is ignored: " + in_quotes(line.remark));
    layer.precision.activation_bits = line.activation_bits == 0 ? kAssumedBits : line.activation_bits;
    layer.precision.weight_bits = line.weight_bits == 0 ? kAssumedBits : line.weight_bits;
    if (line.activation_bits == 0) without_activation_.add(layer.id);
    if (line.weight_bits == 0) without_weight_.add(layer.id);
    if (states_sparsity(line)) sparse_.add(layer.id);
    const bool is_dense = !are_products_ && layer.geometry.groups == 1;
    if (is_dense && (looks_depthwise(line.fields[0]) || looks_depthwise(line.remark)))
      unmarked_.add(layer.id);
    if (are_products_ && layer.geometry.groups > 1) batched_.add(layer.id);
    if (layer.geometry.pad_bottom + layer.geometry.pad_right > 0) padded_.add(layer.id);
    if (!are_products_ && layer.op == workload::Op::linear) linear_.add(layer.id);
    out_.layers.push_back(std::move(layer));
  }

  workload::Layer shape(const TopologyLine& line) {
    constexpr std::size_t kMostProductFields = kProductFields + 2;
    const std::size_t fields = line.fields.size();
    const bool is_product = fields >= kProductFields && fields <= kMostProductFields;
    if (!is_product && fields < kConvolutionFields) {
      throw Error(ErrorKind::workload, line.where,
                  fmt::format("{}; expected 8 fields (convolution: name, IFMAP Height, IFMAP Width, Filter "
                              "Height, Filter Width, Channels, Num Filter, Strides) or 4 (matrix product: "
                              "name, M, N, K), separated by commas",
                              fields == 0 ? "no comma in " + in_quotes(line.remark)
                                          : fmt::format("{} fields", fields)));
    }
    if (!out_.layers.empty() && is_product != are_products_)
      throw Error(ErrorKind::workload, line.where, "convolutions and matrix products in one file");
    are_products_ = is_product;
    return is_product ? product_of(line, extra_) : convolution_of(line, extra_);
  }

  // SCALE-Sim takes any name, also one twice.
  std::string unique_id(const TopologyLine& line) {
    const std::string& name = line.fields[0];
    if (!is_utf8(name)) {
      throw Error(ErrorKind::workload, line.where, "the layer's name is not UTF-8: " + in_quotes(name));
    }
    const std::string stem = name.empty() ? fmt::format("layer{}", out_.layers.size() + 1) : name;
    std::string id = stem;
    for (unsigned n = 2; !ids_.insert(id).second; ++n) id = fmt::format("{}.{}", stem, n);
    if (id != name) {
      note(line, name.empty()
                     ? "the layer has no name and is called " + in_quotes(id)
                     : "the name " + in_quotes(name) + " is taken; the layer is called " + in_quotes(id));
    }
    return id;
  }

  void state_assumptions() {
    const std::size_t all = out_.layers.size();
    const auto assume = [&](const std::string& what, const Names& names) {
      if (!names.empty())
        out_.assumptions.push_back(fmt::format("{} of {}: {} bits, the topology states none", what,
                                               names.layers(all), kAssumedBits));
    };
    if (without_activation_.count() == all && without_weight_.count() == all) {
      assume("precisions", without_weight_);
    } else {
      assume("activation precision", without_activation_);
      assume("weight precision", without_weight_);
    }
    if (!sparse_.empty())
      out_.assumptions.push_back("dense weights: the sparsity N:M of " + sparse_.layers(all) +
                                 " is not kept");
    if (!batched_.empty())
      out_.assumptions.push_back("matrices of their own for each product of the batch of " +
                                 batched_.layers(all));
    if (!misplaced_.empty())
      out_.assumptions.push_back("columns are read by their place, as SCALE-Sim does, though " + misplaced_);
    if (!unmarked_.empty())
      out_.assumptions.push_back(
          "ordinary convolutions: the names of " + unmarked_.layers(all) +
          " look depthwise, but SCALE-Sim's mark for depthwise layers is DP in the name");
    if (!padded_.empty())
      out_.notes.push_back(
          "padded: the last windows of " + padded_.layers(all) +
          " exceed the input and are computed, as SCALE-Sim 2 and 3 do; SCALE-Sim 1 leaves them out");
    if (!linear_.empty())
      out_.notes.push_back("linear: the kernels of " + linear_.layers(all) +
                           " span the input, or a row of it per window; these are matrix products");
  }

  std::filesystem::path file_;
  Topology out_;
  std::set<std::string> ids_{"input", "static"};
  std::vector<ExtraField> extra_;
  bool are_products_ = false;
  bool seen_line_ = false;
  std::string misplaced_;
  Names without_activation_, without_weight_, sparse_, batched_, unmarked_, padded_, linear_;
};

}  // namespace

Topology read_scalesim(const std::filesystem::path& file) {
  return Reader(file).read();
}

Topology import_scalesim(const std::filesystem::path& file, const std::filesystem::path& trace) {
  Topology topology = read_scalesim(file);
  LayerList list;
  for (const workload::Layer& layer : topology.layers) list.add(layer);
  std::ifstream in(file, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const std::string digest = trace::sha256_hex(std::as_bytes(std::span(text)));
  config::Json provenance{
      {"tool", std::string("heddle trace import scalesim ") + kVersion},
      {"source_model",
       {{"kind", "SCALE-Sim topology"}, {"file", file.filename().string()}, {"sha256", digest}}},
      {"notes", "shapes and precisions only"}};
  if (!topology.assumptions.empty()) provenance["assumptions"] = topology.assumptions;
  trace::TraceWriter writer(trace);
  writer.finish(list.manifest(file.stem().string(), 0, std::move(provenance)));
  return topology;
}

}  // namespace heddle::importers
