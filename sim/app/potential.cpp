// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include <fmt/format.h>

#include "sim/app/command.h"
#include "sim/app/commands.h"
#include "sim/app/values_option.h"
#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/result/table.h"
#include "sim/result/write.h"
#include "sim/run/network_potential.h"
#include "sim/run/shipped.h"

namespace heddle::app {
namespace {

namespace po = boost::program_options;
using config::Json;
using run::LayerPotential;
using run::Potential;

struct Column {
  const char* key;
  const char* heading;
  std::uint64_t Potential::*count;
  bool needs_values;
};
constexpr Column kColumns[] = {{"skip_zero_activations", "A not 0", &Potential::skip_zero_activations, true},
                               {"skip_zero_weights", "W not 0", &Potential::skip_zero_weights, true},
                               {"skip_zeros", "both not 0", &Potential::skip_zeros, true},
                               {"activation_precision", "Pa", &Potential::activation_precision, false},
                               {"both_precisions", "Pa x Pw", &Potential::both_precisions, false},
                               {"dynamic_precision", "dynamic Pa", &Potential::dynamic_precision, true},
                               {"activation_terms", "terms A", &Potential::activation_terms, true},
                               {"both_terms", "terms A x W", &Potential::both_terms, true}};

run::PotentialOptions options_from(const po::variables_map& values) {
  run::PotentialOptions out;
  const std::string name = values["encoder"].as<std::string>();
  const auto encoder = kernel::encoder_named(name);
  if (!encoder) {
    throw Error(ErrorKind::usage, "--encoder",
                "unknown encoder " + in_quotes(name) + suggestion(name, kernel::encoder_names()));
  }
  out.encoder = *encoder;
  out.container_bits = values["container-bits"].as<unsigned>();
  if (out.container_bits != 8 && out.container_bits != 16)
    throw Error(ErrorKind::usage, "--container-bits", "expected 8 or 16");
  return out;
}

Json json_of(const LayerPotential& row) {
  Json counts = Json::object();
  for (const Column& column : kColumns) {
    if (row.has_values || !column.needs_values) counts[column.key] = row.counts.*column.count;
  }
  return {{"layer", row.layer},
          {"macs", row.counts.macs},
          {"dense_bit_products", row.counts.dense},
          {"bit_products", counts}};
}

std::vector<std::string> cells(const LayerPotential& row) {
  std::vector<std::string> out{row.layer, result::grouped(row.counts.macs)};
  for (const Column& column : kColumns) {
    const double share = static_cast<double>(row.counts.*column.count) /
                         static_cast<double>(std::max<std::uint64_t>(1, row.counts.dense));
    out.push_back(row.has_values || !column.needs_values ? fmt::format("{:.2f} %", 100.0 * share) : "-");
  }
  return out;
}

std::vector<std::string> speedups(const LayerPotential& total) {
  std::vector<std::string> out{"ideal speedup", ""};
  for (const Column& column : kColumns) {
    const auto left = total.counts.*column.count;
    out.push_back(
        (total.has_values || !column.needs_values) && left > 0
            ? fmt::format("{:.2f}x", static_cast<double>(total.counts.dense) / static_cast<double>(left))
            : "-");
  }
  return out;
}

void print_json(const trace::Trace& trace, const run::PotentialOptions& options,
                const std::vector<LayerPotential>& rows) {
  Json layers = Json::array();
  for (const auto& row : rows) layers.push_back(json_of(row));
  const Json total = layers.back();
  layers.erase(layers.size() - 1);
  Json out{{"format", "heddle-potential"},
           {"version", {1, 0}},
           {"network", trace.network().name},
           {"sha256", trace.digest()},
           {"samples", trace.network().samples},
           {"encoder", kernel::name_of(options.encoder)},
           {"container_bits", options.container_bits},
           {"layers", layers},
           {"total", total}};
  add_synthetic(out, trace);
  std::cout << out.dump(2) << "\n";
}

void print_table(const trace::Trace& trace, const run::PotentialOptions& options,
                 const std::vector<LayerPotential>& rows) {
  std::vector<std::string> heading{"layer", "MACs"};
  for (const Column& column : kColumns) heading.emplace_back(column.heading);
  result::Table table(heading);
  for (const auto& row : rows) table.add(cells(row));
  table.add(speedups(rows.back()));
  std::cout << trace.network().name << ": bit products left, of " << options.container_bits << " x "
            << options.container_bits << " per product; terms by " << kernel::name_of(options.encoder) << "\n"
            << synthetic_lines(trace) << "\n"
            << table.text(2);
}

}  // namespace

int potential_command(const Arguments& arguments) {
  CommandLine line(
      "heddle potential [TRACE] [--encoder NAME] [--container-bits 8|16] [--json]",
      "Count the bit products that are left when zeros, unneeded bits or zero bits are skipped: upper "
      "bounds for machines of any structure.",
      "heddle potential digits-16b");
  line.options()("trace", po::value<std::string>()->default_value(run::kDefaultTrace),
                 "a trace directory, a tar, or the name of a shipped one")(
      "encoder", po::value<std::string>()->default_value("naf"), "terms of a value: raw, naf, booth4 or ioe")(
      "container-bits", po::value<unsigned>()->default_value(16),
      "bits of a stored value; a product is their square in bit products")(
      "json", po::bool_switch(), "print JSON on standard output: exact counts");
  declare_values(line);
  line.positional("trace", 1);
  const auto values = line.parse(arguments);
  if (!values) return 0;
  const auto options = options_from(*values);
  trace::Trace trace(run::find_trace((*values)["trace"].as<std::string>()));
  draw_values(trace, *values);
  const auto rows = run::network_potential(trace, options);
  if ((*values)["json"].as<bool>()) {
    print_json(trace, options, rows);
  } else {
    print_table(trace, options, rows);
  }
  return 0;
}

}  // namespace heddle::app
