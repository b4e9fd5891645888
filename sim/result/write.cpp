// SPDX-License-Identifier: Apache-2.0
#include "sim/result/write.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/result/json.h"

namespace heddle::result {

double ratio(double numerator, double denominator) {
  return denominator > 0 ? numerator / denominator : 0.0;
}

Ordered to_json(const RunRecord& run) {
  return json_of(document_of(run));
}

std::string csv_text(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

namespace {

// One row: sample, layer, its precisions and counters.
std::vector<Cell> cells_of(std::uint32_t sample, const LayerRecord& layer, const std::string& values) {
  std::vector<Cell> cells{
      {"sample", std::to_string(sample)}, {"layer", csv_text(layer.name)}, {"op", layer.op}};
  add_cells(cells, layer.precision, "");
  add_cells(cells, layer.counters, "");
  cells.push_back({"values", csv_text(values)});
  return cells;
}

void append_row(std::string& out, const std::vector<Cell>& cells, std::string Cell::*text) {
  for (std::size_t i = 0; i < cells.size(); ++i) out += (i > 0 ? "," : "") + cells[i].*text;
  out += "\n";
}

}  // namespace

std::string to_csv(const RunRecord& run) {
  std::string out;
  std::size_t columns = 0;
  for (const auto& sample : document_of(run).samples) {
    for (const auto& layer : sample.layers) {
      const auto cells = cells_of(sample.index, layer, run.network.values);
      if (out.empty()) {
        columns = cells.size();
        append_row(out, cells, &Cell::column);
      }
      HEDDLE_CHECK(cells.size() == columns, "layers with different counters");
      append_row(out, cells, &Cell::value);
    }
  }
  return out;
}

std::string in_one_line(const std::string& text) {
  constexpr std::size_t kMostShown = 200;
  const std::string quoted = in_quotes(text, kMostShown);
  return quoted.substr(1, quoted.size() - 2);
}

std::string grouped(std::uint64_t value) {
  std::string digits = std::to_string(value);
  for (std::ptrdiff_t at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), ",");
  }
  return digits;
}

std::string grouped(double value, int decimals) {
  const std::string text = fmt::format("{:.{}f}", value, decimals);
  const std::size_t whole = std::min(text.find('.'), text.size());
  return grouped(std::uint64_t{std::stoull(text.substr(0, whole))}) + text.substr(whole);
}

std::string grouped_figure(double value) {
  constexpr int kDigits = 6;
  const int whole = value < 1 ? 0 : static_cast<int>(std::floor(std::log10(value))) + 1;
  std::string text = grouped(value, std::max(0, kDigits - whole));
  if (text.find('.') == std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string percent(double share) {
  const std::string text = fmt::format("{:.1f} %", 100.0 * share);
  return share > 0 && text == "0.0 %" ? "<0.1 %" : text;
}

}  // namespace heddle::result
