// SPDX-License-Identifier: Apache-2.0
#include "sim/result/table.h"

#include <algorithm>

#include <fmt/format.h>

#include "sim/result/write.h"

namespace heddle::result {
namespace {

constexpr std::size_t kWidestName = 54;

std::string cut(const std::string& text) {
  return text.size() <= kWidestName ? text : "..." + text.substr(text.size() - kWidestName + 3);
}

std::string percent(double share) {
  return fmt::format("{:.1f} %", 100.0 * share);
}

}  // namespace

std::string Table::text(std::size_t footer_rows) const {
  std::vector<std::size_t> widths(rows_.front().size(), 0);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], cut(row[i]).size());
  }
  std::size_t total = 2 * (widths.size() - 1);
  for (const auto w : widths) total += w;
  const std::string rule(total, '-');
  std::string out;
  for (std::size_t r = 0; r < rows_.size(); ++r) {
    if (r == 1 || (footer_rows > 0 && r == rows_.size() - footer_rows && r > 1)) out += rule + "\n";
    for (std::size_t i = 0; i < rows_[r].size(); ++i) {
      const std::string cell = cut(rows_[r][i]);
      out += i == 0 ? fmt::format("{:<{}}", cell, widths[i]) : fmt::format("  {:>{}}", cell, widths[i]);
    }
    while (out.back() == ' ') out.pop_back();
    out += "\n";
  }
  return out;
}

std::string to_table(const RunRecord& run) {
  Table table({"layer", "Pa", "Pw", "MACs", "cycles", "compute", "stalls", "utilization", "off-chip bytes"});
  const auto row = [&](const std::string& name, const std::string& pa, const std::string& pw,
                       const Counters& c) {
    const double lanes = static_cast<double>(c.cycles.count()) * static_cast<double>(run.array_lanes);
    table.add({name, pa, pw, grouped(c.macs), grouped(c.cycles.count()), grouped(c.compute_cycles.count()),
               grouped(sum_fields(c.stall_cycles).count()),
               percent(ratio(static_cast<double>(c.lane_cycles.effective.count()), lanes)),
               grouped(sum_fields(c.off_chip_bytes).count())});
  };
  for (const auto& layer : run.layer_sums()) {
    row(layer.name, std::to_string(layer.activation_bits), std::to_string(layer.weight_bits), layer.counters);
  }
  row("total", "", "", run.totals());
  return table.text(1);
}

std::string to_memory_table(const RunRecord& run) {
  if (run.plan.is_null()) return "";
  Table table({"layer", "loop order", "blocks", "waits: weights", "activations", "partial sums", "outputs",
               "bytes: weights", "metadata", "input", "partial sums", "output"});
  const auto row = [&](const std::string& name, const std::string& order, const std::string& blocks,
                       const Counters& c) {
    const auto& w = c.stall_cycles;
    const auto& b = c.off_chip_bytes;
    table.add({name, order, blocks, grouped(w.weights.count()), grouped(w.activations.count()),
               grouped(w.partial_sums.count()), grouped(w.outputs.count()), grouped(b.weights.count()),
               grouped(b.metadata.count()), grouped(b.input_activations.count()),
               grouped(b.partial_sums.count()), grouped(b.output_activations.count())});
  };
  for (const auto& layer : run.layer_sums()) {
    const auto& blocking = layer.details.at("blocking");
    row(layer.name, blocking.at("order").get<std::string>(),
        fmt::format("{}x{}x{}", blocking.at("filter_blocks").get<std::uint64_t>(),
                    blocking.at("window_blocks").get<std::uint64_t>(),
                    blocking.at("reduction_slices").get<std::uint64_t>()),
        layer.counters);
  }
  row("total", "", "", run.totals());
  return table.text(1);
}

}  // namespace heddle::result
