// SPDX-License-Identifier: Apache-2.0
#include "sim/result/table.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "sim/result/write.h"

namespace heddle::result {
namespace {

constexpr std::size_t kWidestName = 54;

std::string cut(const std::string& text) {
  return text.size() <= kWidestName ? text : "..." + text.substr(text.size() - kWidestName + 3);
}

struct MemoryColumn {
  std::string_view group;
  std::string label;
  std::uint64_t (*of)(const Counters&);
};

template <auto kGroup, auto kMember>
MemoryColumn column(std::string_view group) {
  MemoryColumn out{group, "", [](const Counters& c) { return (c.*kGroup.*kMember).count(); }};
  using Struct = std::remove_cvref_t<decltype(std::declval<Counters>().*kGroup)>;
  for_each_field<Struct>([&](const auto& field) {
    if (field.member == kMember) out.label = *field.label == '\0' ? field.name : field.label;
  });
  return out;
}

// In the order in which a user looks for the cause.
std::vector<MemoryColumn> memory_columns() {
  using C = Counters;
  return {column<&C::stall_cycles, &StallCycles::weights>("waits"),
          column<&C::stall_cycles, &StallCycles::activations>("waits"),
          column<&C::stall_cycles, &StallCycles::partial_sums>("waits"),
          column<&C::stall_cycles, &StallCycles::outputs>("waits"),
          column<&C::off_chip_bytes, &TrafficBytes::weights>("bytes"),
          column<&C::off_chip_bytes, &TrafficBytes::metadata>("bytes"),
          column<&C::off_chip_bytes, &TrafficBytes::input_activations>("bytes"),
          column<&C::off_chip_bytes, &TrafficBytes::partial_sums>("bytes"),
          column<&C::off_chip_bytes, &TrafficBytes::output_activations>("bytes")};
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
  Table table(
      {"layer", "Pa", "Pw", "MACs", "cycles", "compute", "stalls", "utilization", "lanes", "off-chip bytes"});
  const auto row = [&](const std::string& name, const std::string& pa, const std::string& pw,
                       const Counters& counters) {
    const Counters c = run.finished(counters);
    table.add({name, pa, pw, grouped(c.macs), grouped(c.cycles.count()), grouped(c.compute_cycles.count()),
               grouped(sum_fields(c.stall_cycles).count()), percent(c.utilization),
               percent(c.lane_utilization), grouped(sum_fields(c.off_chip_bytes).count())});
  };
  for (const auto& layer : run.layer_sums()) {
    row(layer.name, std::to_string(layer.precision.activation_bits),
        std::to_string(layer.precision.weight_bits), layer.counters);
  }
  row("total", "", "", run.totals());
  return table.text(1);
}

std::string to_memory_table(const RunRecord& run) {
  if (!run.plan) return "";
  const Counters totals = run.totals();
  const std::vector<MemoryColumn> columns = memory_columns();
  std::vector<const MemoryColumn*> shown;
  std::vector<std::string> heading{"layer", "loop order", "blocks"};
  for (const auto& column : columns) {
    if (column.of(totals) == 0) continue;
    const bool opens = shown.empty() || shown.back()->group != column.group;
    heading.push_back(opens ? fmt::format("{}: {}", column.group, column.label) : column.label);
    shown.push_back(&column);
  }
  Table table(heading);
  const auto row = [&](std::vector<std::string> cells, const Counters& c) {
    for (const auto* column : shown) cells.push_back(grouped(column->of(c)));
    table.add(std::move(cells));
  };
  for (const auto& layer : run.layer_sums()) {
    const BlockingRecord& blocking = layer.details.value().blocking;
    row({layer.name, blocking.order,
         fmt::format("{}x{}x{}", blocking.filter_blocks, blocking.window_blocks, blocking.reduction_slices)},
        layer.counters);
  }
  row({"total", "", ""}, totals);
  return table.text(1);
}

}  // namespace heddle::result
