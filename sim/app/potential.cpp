// SPDX-License-Identifier: Apache-2.0
#include "sim/pricing/potential.h"

#include <iostream>

#include <fmt/format.h>

#include "sim/app/command.h"
#include "sim/app/commands.h"
#include "sim/app/locate.h"
#include "sim/app/session.h"
#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/base/parallel.h"
#include "sim/result/table.h"
#include "sim/result/write.h"
#include "sim/trace/trace.h"

namespace heddle::app {
namespace {

namespace po = boost::program_options;
using config::Json;
using pricing::Potential;

struct Row {
  std::string layer;
  bool has_values = true;
  Potential counts;  // all samples
};

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

pricing::PotentialOptions options_from(const po::variables_map& values) {
  pricing::PotentialOptions out;
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

Row layer_row(const trace::Trace& trace, const workload::Layer& layer,
              const pricing::PotentialOptions& options) {
  const unsigned widest = std::max(layer.precision.activation_bits, layer.precision.weight_bits);
  if (widest > options.container_bits) {
    throw Error(ErrorKind::workload, trace.name(),
                fmt::format("layer {} needs {} bits, more than --container-bits {}", in_quotes(layer.id),
                            widest, options.container_bits));
  }
  Row row{layer.id, trace::Trace::has_values(layer.activation) && trace::Trace::has_values(layer.weight), {}};
  if (!row.has_values) {
    row.counts = pricing::shape_potential(layer, options);
    return row;
  }
  for (std::uint32_t sample = 0; sample < trace.network().samples; ++sample) {
    row.counts +=
        pricing::potential(layer, trace.activations(layer, sample), trace.weights(layer, sample), options);
  }
  return row;
}

std::vector<Row> rows_of(const trace::Trace& trace, const pricing::PotentialOptions& options) {
  std::vector<const workload::Layer*> layers;
  for (const auto& layer : trace.network().layers) {
    if (layer.is_array()) layers.push_back(&layer);
  }
  std::vector<Row> rows(layers.size());
  parallel_for(rows.size(), [&](std::size_t i) { rows[i] = layer_row(trace, *layers[i], options); });
  Row total{"total", true, {}};
  for (const Row& row : rows) {
    total.counts += row.counts;
    total.has_values = total.has_values && row.has_values;
  }
  rows.push_back(std::move(total));
  return rows;
}

Json json_of(const Row& row) {
  Json counts = Json::object();
  for (const Column& column : kColumns) {
    if (row.has_values || !column.needs_values) counts[column.key] = row.counts.*column.count;
  }
  return {{"layer", row.layer},
          {"macs", row.counts.macs},
          {"dense_bit_products", row.counts.dense},
          {"bit_products", counts}};
}

std::vector<std::string> cells(const Row& row) {
  std::vector<std::string> out{row.layer, result::grouped(row.counts.macs)};
  for (const Column& column : kColumns) {
    const double share = static_cast<double>(row.counts.*column.count) /
                         static_cast<double>(std::max<std::uint64_t>(1, row.counts.dense));
    out.push_back(row.has_values || !column.needs_values ? fmt::format("{:.2f} %", 100.0 * share) : "-");
  }
  return out;
}

std::vector<std::string> speedups(const Row& total) {
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

}  // namespace

int potential_command(const Arguments& arguments) {
  CommandLine line("heddle potential [TRACE] [--encoder NAME] [--container-bits 8|16] [--json]",
                   "The bit products that are left when zeros, unneeded bits or zero bits are skipped: upper "
                   "bounds, no structure.",
                   "heddle potential traces/digits-16b.trace");
  line.options()("trace", po::value<std::string>()->default_value(kDefaultTrace),
                 "a trace directory, a tar, or the name of a shipped one")(
      "encoder", po::value<std::string>()->default_value("naf"), "terms of a value: raw, naf, booth4 or ioe")(
      "container-bits", po::value<unsigned>()->default_value(16),
      "bits of a stored value; a product is their square in bit products")(
      "json", po::bool_switch(), "print JSON on standard output: exact counts");
  line.positional("trace", 1);
  const auto values = line.parse(arguments);
  if (!values) return 0;
  const auto options = options_from(*values);
  const trace::Trace trace(locate_trace(required(*values, "trace", "a trace")));
  const auto rows = rows_of(trace, options);
  if ((*values)["json"].as<bool>()) {
    Json layers = Json::array();
    for (const Row& row : rows) layers.push_back(json_of(row));
    const Json total = layers.back();
    layers.erase(layers.size() - 1);
    std::cout << Json{{"format", "heddle-potential"},
                      {"version", {1, 0}},
                      {"network", trace.network().name},
                      {"sha256", trace.digest()},
                      {"samples", trace.network().samples},
                      {"encoder", kernel::name_of(options.encoder)},
                      {"container_bits", options.container_bits},
                      {"layers", layers},
                      {"total", total}}
                     .dump(2)
              << "\n";
    return 0;
  }
  std::vector<std::string> heading{"layer", "MACs"};
  for (const Column& column : kColumns) heading.emplace_back(column.heading);
  result::Table table(heading);
  for (const Row& row : rows) table.add(cells(row));
  table.add(speedups(rows.back()));
  std::cout << trace.network().name << ": bit products left, of " << options.container_bits << " x "
            << options.container_bits << " a product; terms by " << kernel::name_of(options.encoder) << "\n\n"
            << table.text(2);
  return 0;
}

}  // namespace heddle::app
