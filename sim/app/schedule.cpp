// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <functional>
#include <iostream>

#include <fmt/format.h>

#include "models/catalogue.h"
#include "sim/app/command.h"
#include "sim/app/commands.h"
#include "sim/app/values_option.h"
#include "sim/config/override.h"
#include "sim/result/table.h"
#include "sim/result/write.h"
#include "sim/run/configurations.h"
#include "sim/run/drawn_values.h"
#include "sim/run/packing.h"
#include "sim/run/shipped.h"

namespace heddle::app {
namespace {

namespace po = boost::program_options;
using arch::PackingReport;
using config::Json;
using result::grouped;
using result::percent;
using result::ratio;
using run::LayerPacking;

double share(std::uint64_t part, std::uint64_t whole) {
  return ratio(static_cast<double>(part), static_cast<double>(whole));
}

Json to_json(const LayerPacking& row) {
  const PackingReport& r = row.report;
  Json moves = Json::array();
  for (const auto& move : r.moves)
    moves.push_back(
        {{"columns_ahead", move.columns}, {"lanes_aside", move.lanes}, {"weights", move.weights}});
  return {{"layer", row.layer},
          {"filter_sets", r.filter_sets},
          {"columns_before", r.columns_before},
          {"columns_after", r.columns_after},
          {"gain_ratio", share(r.columns_before, r.columns_after + r.empty_sets)},
          {"slowest_set_columns_before", r.slowest_set_before},
          {"slowest_set_columns_after", r.slowest_set_after},
          {"empty_sets", r.empty_sets},
          {"nonzero_weights", r.nonzero_weights},
          {"present_slots_before", r.present_slots_before},
          {"own_slots", r.own_slots},
          {"moved_slots", r.moved_slots},
          {"zero_slots", r.zero_slots},
          {"empty_slots", r.empty_slots},
          {"select_bits", r.select_bits},
          {"skip_bits", r.skip_bits},
          {"sets_by_kept_tenths", r.sets_by_kept_tenths},
          {"columns_by_skipped_before", r.columns_by_skipped},
          {"rows_by_weights_before", r.rows_before_by_weights},
          {"rows_by_weights_after", r.rows_by_weights},
          {"moves", moves}};
}

void add_row(result::Table& table, const std::string& name, const PackingReport& r) {
  const std::uint64_t slots = r.own_slots + r.moved_slots + r.zero_slots + r.empty_slots;
  // A set that keeps no column still takes a cycle.
  table.add({name, grouped(r.filter_sets), grouped(r.columns_before), grouped(r.columns_after),
             fmt::format("{:.2f}", share(r.columns_before, r.columns_after + r.empty_sets)),
             percent(share(r.nonzero_weights, r.present_slots_before)),
             percent(share(r.own_slots + r.moved_slots, slots)),
             percent(share(r.moved_slots, r.own_slots + r.moved_slots)),
             grouped(r.select_bits + r.skip_bits)});
}

std::string bar(std::uint64_t part, std::uint64_t whole) {
  constexpr double kWidest = 40;
  return std::string(static_cast<std::size_t>(std::lround(kWidest * share(part, whole))), '#');
}

void print_histogram(const std::string& title, const std::vector<std::uint64_t>& counts,
                     const std::function<std::string(std::size_t)>& label) {
  std::uint64_t all = 0;
  for (const auto n : counts) all += n;
  std::cout << "\n" << title << "\n";
  for (std::size_t i = 0; i < counts.size(); ++i) {
    std::cout << fmt::format("  {:>12} {:>14} {:>8}  {}\n", label(i), grouped(counts[i]),
                             percent(share(counts[i], all)), bar(counts[i], all));
  }
}

void print_details(const LayerPacking& row) {
  const PackingReport& r = row.report;
  std::cout << "\n" << row.layer << "\n" << std::string(row.layer.size(), '=') << "\n";
  std::cout << fmt::format("longest filter set: {} columns before, {} after\n", grouped(r.slowest_set_before),
                           grouped(r.slowest_set_after));
  const auto number = [](std::size_t i) { return std::to_string(i); };
  print_histogram("filter sets by the share of their columns that is kept", r.sets_by_kept_tenths,
                  [](std::size_t i) {
                    return i == 0 ? std::string("none") : fmt::format("{}-{} %", 10 * (i - 1), 10 * i);
                  });
  if (!r.columns_by_skipped.empty())
    print_histogram("kept columns by the columns skipped before them", r.columns_by_skipped, number);
  print_histogram("filter rows of a column by non-zero weights, before packing", r.rows_before_by_weights,
                  number);
  print_histogram("filter rows of a column by non-zero weights, after packing", r.rows_by_weights, number);
  std::vector<std::uint64_t> counts;
  for (const auto& move : r.moves) counts.push_back(move.weights);
  if (counts.empty()) return;
  // The ideal bound moves weights any distance; only pattern-sized lists can be read.
  constexpr std::size_t kMostPlaces = 40;
  if (counts.size() > kMostPlaces) {
    std::cout << fmt::format("\nweights moved from {} distinct places (--json lists them)\n", counts.size());
    return;
  }
  print_histogram("weights moved, by columns ahead and lanes aside", counts, [&](std::size_t i) {
    return fmt::format("({}, {:+d})", r.moves[i].columns, r.moves[i].lanes);
  });
}

void print_json(const arch::AcceleratorConfig& config, const trace::Trace& trace,
                const std::vector<LayerPacking>& rows) {
  Json layers = Json::array();
  for (const auto& row : rows) layers.push_back(to_json(row));
  Json out{{"format", "heddle-packing"},
           {"version", {1, 0}},
           {"accelerator", config.echo},
           {"network", {{"name", trace.network().name}, {"trace_sha256", trace.digest()}}},
           {"layers", layers}};
  add_synthetic(out["network"], trace);
  std::cout << out.dump(2) << "\n";
}

void print_table(const arch::AcceleratorConfig& config, const trace::Trace& trace,
                 const std::vector<LayerPacking>& rows) {
  std::cout << fmt::format("{} ({}) packs {}\n{}\n", config.name, config.model->name, trace.network().name,
                           synthetic_lines(trace));
  result::Table table({"layer", "sets", "columns before", "after", "gain", "non-zero", "slots used",
                       "of them moved", "metadata bits"});
  for (const auto& row : rows) add_row(table, row.layer, row.report);
  add_row(table, "total", run::sum_of(rows));
  std::cout << table.text(1);
}

void show_packing(const po::variables_map& values, std::span<const std::string> overrides, bool prints) {
  const std::vector<std::string> name{required(values, "config", "a configuration")};
  if (values.count("values") != 0) config::refuse_beside("--values", "values", overrides);
  const auto configurations = run::read_configurations(name, overrides, models::catalogue());
  const auto& config = configurations.accelerators.front();
  run::require_packing(config);
  run::check_values(config.values, config.document.where("/values"));
  trace::Trace trace(run::find_trace(values["trace"].as<std::string>()));
  if (values.count("values") != 0)
    draw_values(trace, values);
  else
    run::draw_values(trace, config.values);
  const auto rows = run::pack_network(config, trace, value_or(values, "layer", std::string()));
  if (!prints) return;
  if (values["json"].as<bool>()) {
    print_json(config, trace, rows);
    return;
  }
  print_table(config, trace, rows);
  if (values.count("layer") != 0) print_details(rows.front());
}

}  // namespace

int schedule_command(const Arguments& arguments) {
  CommandLine line("heddle schedule CONFIG [--trace TRACE] [--layer NAME] [--set path=value ...] [--json]",
                   "Show how a design packs each layer's weights ahead of time: columns before and after, "
                   "what the slots hold, which moves were made.",
                   "heddle schedule tcle --trace digits-16b --layer conv2");
  line.options()("config", po::value<std::string>(),
                 "the accelerator: a configuration file, or the name of a shipped one")(
      "trace", po::value<std::string>()->default_value(run::kDefaultTrace),
      "the network: a trace directory, a tar, or the name of a shipped one")(
      "layer", po::value<std::string>(), "this layer only, with histograms")(
      "set", po::value<std::vector<std::string>>()->composing(),
      "override a key of the configuration, path=value; repeatable")(
      "json", po::bool_switch(), "print JSON on standard output, histograms included");
  declare_values(line);
  line.positional("config", 1);
  const auto values = line.parse(arguments);
  if (!values) return 0;
  const auto overrides = texts(*values, "set");
  try {
    show_packing(*values, overrides, true);
  } catch (const Error& e) {
    throw config::at_the_options(
        e, overrides, [&](std::span<const std::string> some) { show_packing(*values, some, false); });
  }
  return 0;
}

}  // namespace heddle::app
