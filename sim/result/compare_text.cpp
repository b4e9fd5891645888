// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "sim/result/compare.h"
#include "sim/result/table.h"
#include "sim/result/write.h"

namespace heddle::result {
namespace {

constexpr std::size_t kColumns = 80;
constexpr std::size_t kWidestLabel = 24;

std::string shortened(const std::string& text) {
  return text.size() <= kWidestLabel ? text : "..." + text.substr(text.size() - kWidestLabel + 3);
}
std::string times(double factor) {
  return fmt::format("{:.3f}x", factor);
}
std::string times_or(const std::optional<double>& factor, const char* absent) {
  return factor ? times(*factor) : absent;
}
std::string peak_or_unknown(const std::optional<double>& macs_per_cycle) {
  return macs_per_cycle ? grouped_figure(*macs_per_cycle) : "unknown";
}

std::size_t width_of(const std::string& table) {
  return table.find('\n') == std::string::npos
             ? table.size()
             : table.find('\n', table.find('\n') + 1) - table.find('\n') - 1;
}

bool differs(const TraceComparison& trace, const char* what) {
  return std::any_of(trace.differences.begin(), trace.differences.end(),
                     [&](const Difference& d) { return d.what == what; });
}

using Accelerators = std::vector<const ComparedAccelerator*>;

// A row of the table of totals: a figure of every accelerator.
struct Figure {
  const char* name;
  bool is_shown;
  std::string (*of)(const ComparedAccelerator&);
};

std::vector<Figure> figures_of(const TraceComparison& trace) {
  using A = ComparedAccelerator;
  const bool clocks = differs(trace, "clock");
  return {{"cycles", true, [](const A& a) { return grouped(a.totals.cycles); }},
          {"time (us)", true, [](const A& a) { return grouped(a.totals.time_us, 3); }},
          {"speedup", true, [](const A& a) { return times(a.totals.speedup); }},
          {"cycles ratio", clocks, [](const A& a) { return times(a.totals.cycles_ratio); }},
          {"speedup per peak MAC", differs(trace, "peak"),
           [](const A& a) { return times_or(a.totals.speedup_per_peak_mac, "unknown"); }},
          {"utilization", true, [](const A& a) { return percent(a.totals.utilization); }},
          {"lane utilization", true,
           [](const A& a) {
             return a.totals.lane_utilization ? percent(*a.totals.lane_utilization) : "unknown";
           }},
          {"off-chip bytes", true, [](const A& a) { return grouped(a.totals.off_chip_bytes); }},
          {"on-chip bytes", true, [](const A& a) { return grouped(a.totals.on_chip_bytes); }},
          {"clock (MHz)", clocks, [](const A& a) { return fmt::format("{:.6g}", a.frequency_mhz); }},
          {"peak MACs per cycle", true, [](const A& a) { return peak_or_unknown(a.peak_macs_per_cycle); }},
          {"peak TOPS", true,
           [](const A& a) { return a.peak_tops ? fmt::format("{:.4g}", *a.peak_tops) : "unknown"; }}};
}

std::string totals_table(const TraceComparison& trace, const Accelerators& shown) {
  std::vector<std::string> heading{"total"};
  for (const auto* accelerator : shown) heading.push_back(shortened(accelerator->label));
  Table table(heading);
  for (const Figure& figure : figures_of(trace)) {
    if (!figure.is_shown) continue;
    std::vector<std::string> row{figure.name};
    for (const auto* accelerator : shown) row.push_back(figure.of(*accelerator));
    table.add(std::move(row));
  }
  return table.text();
}

std::string layers_table(const TraceComparison& trace, const Accelerators& shown, bool with_cycles) {
  const bool with_ratio = differs(trace, "clock");
  std::vector<std::string> heading{"layer"};
  for (const auto* accelerator : shown) {
    const std::string label = shortened(accelerator->label);
    const bool is_baseline = accelerator == shown.front();
    if (is_baseline || with_cycles) heading.push_back(label + " cycles");
    if (is_baseline) continue;
    heading.push_back(with_cycles ? "speedup" : label + " speedup");
    if (with_ratio) heading.emplace_back("cycles ratio");
  }
  Table table(heading);
  const auto add = [&](const std::string& name, auto&& counters) {
    std::vector<std::string> row{shortened(name)};
    for (const auto* accelerator : shown) {
      const ComparedCounters& c = counters(*accelerator);
      const bool is_baseline = accelerator == shown.front();
      if (is_baseline || with_cycles) row.push_back(grouped(c.cycles));
      if (is_baseline) continue;
      row.push_back(times(c.speedup));
      if (with_ratio) row.push_back(times(c.cycles_ratio));
    }
    table.add(std::move(row));
  };
  for (std::size_t i = 0; i < shown.front()->layers.size(); ++i) {
    add(shown.front()->layers[i].name,
        [i](const ComparedAccelerator& a) -> const ComparedCounters& { return a.layers[i].counters; });
  }
  add("total", [](const ComparedAccelerator& a) -> const ComparedCounters& { return a.totals; });
  return table.text(1);
}

// The baseline beside as many of the others as fit, then the next; one of them where none fits.
template <class Make>
std::string in_parts(const TraceComparison& trace, Make&& make) {
  std::string out;
  Accelerators shown{&trace.accelerators.front()};
  for (std::size_t i = 1; i < trace.accelerators.size(); ++i) {
    shown.push_back(&trace.accelerators[i]);
    if (shown.size() <= 2 || width_of(make(shown)) <= kColumns) continue;
    shown.pop_back();
    out += make(shown) + "\n";
    shown = {&trace.accelerators.front(), &trace.accelerators[i]};
  }
  return out + make(shown);
}

// Cycles of the other accelerators are left out before the table is cut.
std::string layers_tables(const TraceComparison& trace) {
  Accelerators all;
  for (const auto& accelerator : trace.accelerators) all.push_back(&accelerator);
  const bool with_cycles = all.size() <= 2 || width_of(layers_table(trace, all, true)) <= kColumns;
  return in_parts(trace, [&](const Accelerators& shown) { return layers_table(trace, shown, with_cycles); });
}

// A text and the labels of the accelerators that state it.
struct Stated {
  std::string labels;
  std::string text;
};

// Each text once, in the order in which it is first stated.
std::vector<Stated> each_once(const TraceComparison& trace,
                              std::vector<std::string> ComparedAccelerator::*texts) {
  std::vector<Stated> out;
  for (const auto& accelerator : trace.accelerators) {
    for (const auto& text : accelerator.*texts) {
      const auto at = std::find_if(out.begin(), out.end(), [&](const Stated& s) { return s.text == text; });
      if (at == out.end())
        out.push_back({accelerator.label, text});
      else
        at->labels += ", " + accelerator.label;
    }
  }
  return out;
}

std::vector<std::string> statements_of(const TraceComparison& trace) {
  std::vector<std::string> out;
  for (const auto& change : each_once(trace, &ComparedAccelerator::changes))
    out.push_back("changed: " + change.labels + ": " + in_one_line(change.text));
  for (const auto& difference : trace.differences) out.push_back(difference.text);
  for (const auto& note : each_once(trace, &ComparedAccelerator::notes))
    out.push_back("note (" + note.labels + "): " + note.text);
  return out;
}

std::string heading_of(const TraceComparison& trace) {
  const bool are_drawn =
      std::any_of(trace.accelerators.begin(), trace.accelerators.end(),
                  [](const ComparedAccelerator& a) { return a.values.starts_with("synthetic"); });
  return trace.network + (are_drawn ? ", synthetic values" : "") + ", baseline " + trace.baseline;
}

using Means = std::vector<MeanSpeedup>;

std::string means_heading(const Means& means) {
  const bool are_drawn = std::any_of(means.begin(), means.end(), [](const MeanSpeedup& mean) {
    return mean.values.find("synthetic") != std::string::npos;
  });
  return are_drawn ? "geometric mean, synthetic values" : "geometric mean";
}

// Label, traces and figures; "-" for a figure that would be of other traces than the baseline's.
std::vector<std::string> means_row(const MeanSpeedup& mean, const Means& means) {
  const std::uint64_t all = means.front().traces;  // the baseline's
  const bool is_whole = mean.traces == all;
  const char* absent = is_whole ? "unknown" : "-";
  return {mean.label, is_whole ? std::to_string(all) : fmt::format("{} of {}", mean.traces, all),
          times_or(mean.speedup, absent), times_or(mean.cycles_ratio, absent),
          times_or(mean.speedup_per_peak_mac, absent)};
}

std::string means_table(const Means& means) {
  Table table({means_heading(means), "traces", "speedup", "cycles ratio", "per peak MAC"});
  for (const auto& mean : means) {
    auto row = means_row(mean, means);
    row.front() = shortened(row.front());
    table.add(std::move(row));
  }
  return table.text();
}

// The designs that have no mean.
std::vector<std::string> without_mean(const ComparisonDocument& comparison) {
  std::vector<std::string> out;
  for (const auto& mean : comparison.geometric_mean.value_or(Means())) {
    if (mean.speedup) continue;
    out.push_back(fmt::format("no geometric mean of {}: it ran {} of {} traces", mean.label, mean.traces,
                              comparison.geometric_mean->front().traces));
  }
  return out;
}

std::vector<std::string> statements_of(const ComparisonDocument& comparison) {
  std::vector<std::string> out;
  for (const auto& note : comparison.notes) out.push_back(note);
  for (const auto& failed : comparison.failed.value_or(std::vector<FailedItem>()))
    out.push_back("could not run: " + failed.item + " on " + failed.trace + ": " + failed.message);
  for (const auto& text : without_mean(comparison)) out.push_back(text);
  return out;
}

// A table of Markdown; text that would open a column or a line is made harmless.
std::string markdown_row(const std::vector<std::string>& cells) {
  std::string out = "|";
  for (const auto& cell : cells) {
    std::string text;
    for (const char c : cell) text += c == '|' ? "\\|" : c == '\n' ? " " : std::string(1, c);
    out += " " + text + " |";
  }
  return out + "\n";
}
std::string markdown_heading(const std::vector<std::string>& cells) {
  std::string rule = "|";
  for (std::size_t i = 0; i < cells.size(); ++i) rule += i == 0 ? " --- |" : " ---: |";
  return markdown_row(cells) + rule + "\n";
}

std::string markdown_of(const TraceComparison& trace) {
  std::string out = "## " + heading_of(trace) + "\n\n";
  for (const auto& text : statements_of(trace)) out += "- " + text + "\n";
  std::vector<std::string> heading{"total"};
  for (const auto& accelerator : trace.accelerators) heading.push_back(accelerator.label);
  out += "\n" + markdown_heading(heading);
  for (const Figure& figure : figures_of(trace)) {
    if (!figure.is_shown) continue;
    std::vector<std::string> row{figure.name};
    for (const auto& accelerator : trace.accelerators) row.push_back(figure.of(accelerator));
    out += markdown_row(row);
  }
  if (trace.accelerators.front().layers.empty()) return out;
  out += "\n" + markdown_heading({"layer", "accelerator", "cycles", "time (us)", "speedup", "cycles ratio",
                                  "off-chip bytes", "on-chip bytes"});
  for (std::size_t i = 0; i < trace.accelerators.front().layers.size(); ++i) {
    for (const auto& accelerator : trace.accelerators) {
      const ComparedCounters& c = accelerator.layers[i].counters;
      out += markdown_row({accelerator.layers[i].name, accelerator.label, grouped(c.cycles),
                           fmt::format("{:.3f}", c.time_us), times(c.speedup), times(c.cycles_ratio),
                           grouped(c.off_chip_bytes), grouped(c.on_chip_bytes)});
    }
  }
  return out;
}

}  // namespace

std::string to_table(const ComparisonDocument& comparison) {
  std::string out;
  for (const auto* trace : comparison.traces()) {
    out += heading_of(*trace) + "\n";
    for (const auto& text : statements_of(*trace)) out += "  " + text + "\n";
    out += "\n" + layers_tables(*trace) + "\n" +
           in_parts(*trace, [&](const Accelerators& shown) { return totals_table(*trace, shown); }) + "\n";
  }
  if (comparison.geometric_mean) out += means_table(*comparison.geometric_mean) + "\n";
  for (const auto& text : statements_of(comparison)) out += text + "\n";
  while (out.ends_with("\n\n")) out.pop_back();
  return out;
}

std::string to_markdown(const ComparisonDocument& comparison) {
  std::string out = "# Comparison\n\n";
  for (const auto& text : statements_of(comparison)) out += "- " + text + "\n";
  if (!out.ends_with("\n\n")) out += "\n";
  for (const auto* trace : comparison.traces()) out += markdown_of(*trace) + "\n";
  if (comparison.geometric_mean) {
    std::string heading = means_heading(*comparison.geometric_mean);
    heading.front() = 'G';
    out += "## " + heading + "\n\n" +
           markdown_heading({"accelerator", "traces", "speedup", "cycles ratio", "speedup per peak MAC"});
    for (const auto& mean : *comparison.geometric_mean) {
      out += markdown_row(means_row(mean, *comparison.geometric_mean));
    }
  }
  while (out.ends_with("\n\n")) out.pop_back();
  return out;
}

}  // namespace heddle::result
