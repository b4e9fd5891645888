// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iostream>

#include <fmt/format.h>

#include "sim/app/command.h"
#include "sim/app/trace_verbs.h"
#include "sim/app/values_option.h"
#include "sim/base/error.h"
#include "sim/result/table.h"
#include "sim/result/write.h"
#include "sim/run/shipped.h"
#include "sim/trace/statistics.h"
#include "sim/trace/trace.h"

namespace heddle::app {
namespace {

namespace po = boost::program_options;
using config::Json;
using result::grouped;

using Rows = std::vector<trace::TensorStats>;

constexpr const char* kTotals[] = {"weight", "activation", "all"};

Json sizes_json(const trace::StoredSizes& s) {
  return {{"container", s.container.count()},       {"zero_value", s.zero_value.count()},
          {"precision", s.precision.count()},       {"groups_zero_vector", s.groups.zero_vector.count()},
          {"groups_plain", s.groups.plain.count()}, {"compressed", s.compressed.count()}};
}

std::string of_container(Bits bits, const trace::StoredSizes& sizes) {
  return fmt::format("{:.1f} %",
                     100.0 * static_cast<double>(bits.count()) /
                         static_cast<double>(std::max<std::uint64_t>(1, sizes.container.count())));
}

std::vector<std::string> stats_row(const trace::TensorStats& s) {
  const auto n = static_cast<double>(std::max<std::uint64_t>(1, s.values));
  return {s.layer,
          s.role,
          grouped(s.values),
          fmt::format("{:.1f} %", 100.0 * static_cast<double>(s.zeros) / n),
          std::to_string(s.smallest),
          std::to_string(s.largest),
          std::to_string(s.precision_bits),
          fmt::format("{:.2f}", static_cast<double>(s.magnitude_ones) / n),
          of_container(s.sizes.zero_value, s.sizes),
          of_container(s.sizes.precision, s.sizes),
          of_container(s.sizes.compressed, s.sizes)};
}

Json stats_json(const trace::TensorStats& s) {
  return {{"layer", s.layer},
          {"tensor", s.role},
          {"signed", s.is_signed},
          {"precision_bits", s.precision_bits},
          {"values", s.values},
          {"zeros", s.zeros},
          {"min", s.smallest},
          {"max", s.largest},
          {"magnitude_ones", s.magnitude_ones},
          {"magnitude_bits_histogram", s.magnitude_bits},
          {"bits", sizes_json(s.sizes)}};
}

struct Total {
  std::uint64_t values = 0;
  trace::StoredSizes sizes;
};

// All tensors of a role ("all": of both) together.
Total total_of(const Rows& rows, const std::string& role) {
  Total out;
  for (const auto& s : rows) {
    if (s.role != role && role != "all") continue;
    out.sizes += s.sizes;
    out.values += s.values;
  }
  return out;
}

Json stats_json(const Rows& rows, unsigned container_bits) {
  Json tensors = Json::array();
  for (const auto& s : rows) tensors.push_back(stats_json(s));
  Json totals = Json::object();
  for (const char* role : kTotals) {
    const Total total = total_of(rows, role);
    totals[role] = {{"values", total.values}, {"bits", sizes_json(total.sizes)}};
  }
  return {{"format", "heddle-trace-statistics"},
          {"version", {1, 0}},
          {"container_bits", container_bits},
          {"tensors", tensors},
          {"totals", totals}};
}

std::string stats_text(const Rows& rows, unsigned container_bits) {
  result::Table table({"layer", "tensor", "values", "zero", "min", "max", "P", "mean ones", "zero-value",
                       "precision", "DPRed"});
  for (const auto& s : rows) table.add(stats_row(s));
  for (const char* role : kTotals) {
    const Total total = total_of(rows, role);
    table.add({"total", role, grouped(total.values), "", "", "", "", "",
               of_container(total.sizes.zero_value, total.sizes),
               of_container(total.sizes.precision, total.sizes),
               of_container(total.sizes.compressed, total.sizes)});
  }
  return table.text(3) +
         fmt::format(
             "\nlast three columns: stored bits over containers of {}, when zeros take a flag, when "
             "every value takes the layer's P,\n"
             "and in DPRed groups of 16 with their own P, the cheaper of its two forms for each tensor\n",
             container_bits);
}

}  // namespace

int trace_stats(const Arguments& arguments) {
  CommandLine line("heddle trace stats TRACE [--json] [--container-bits 16]",
                   "Show statistics of the values of every tensor, and how small they can be stored.",
                   "heddle trace stats digits-16b");
  line.options()("trace", po::value<std::string>(), "a trace directory, a tar, or the name of a shipped one")(
      "json", po::bool_switch(), "print JSON on standard output")(
      "container-bits", po::value<unsigned>()->default_value(16),
      "16 or 8: bits that a value takes when it is not compressed");
  declare_values(line);
  line.positional("trace", 1);
  const auto values = line.parse(arguments);
  if (!values) return 0;
  const auto container_bits = (*values)["container-bits"].as<unsigned>();
  if (container_bits != 8 && container_bits != 16) {
    throw Error(ErrorKind::usage, "--container-bits",
                "expected 8 or 16, found " + std::to_string(container_bits));
  }
  trace::Trace trace(run::find_trace(required(*values, "trace", "a trace")));
  draw_values(trace, *values);
  const auto rows = trace::trace_stats(trace, container_bits);
  if (rows.empty())
    throw Error(ErrorKind::workload, trace.name(), "holds shapes and precisions only, no values");
  if ((*values)["json"].as<bool>()) {
    Json out = stats_json(rows, container_bits);
    add_synthetic(out, trace);
    std::cout << out.dump(2) << "\n";
  } else {
    std::cout << synthetic_lines(trace) << stats_text(rows, container_bits);
  }
  return 0;
}

}  // namespace heddle::app
