// SPDX-License-Identifier: Apache-2.0
#include "sim/run/reproduce.h"

#include <iostream>

#include <fmt/format.h>

#include "models/catalogue.h"
#include "sim/app/command.h"
#include "sim/app/commands.h"
#include "sim/result/table.h"
#include "sim/run/shipped.h"

namespace heddle::app {
namespace {

namespace po = boost::program_options;
using config::Json;
using run::Reproduction;

// A value as its paper prints it.
std::string shown(const Reproduction& r, double value, int decimals) {
  if (r.comparison.measure == run::Measure::compressed_share) return fmt::format("{:.1f} %", value);
  return fmt::format("{:.{}f}x", value, decimals);
}

std::string published(const Reproduction& r) {
  return r.comparison.published_is_approximate ? "about " + shown(r, r.comparison.published, 0)
                                               : shown(r, r.comparison.published, 2);
}

Json to_json(const Reproduction& r) {
  const std::string measure(run::name_of(r.comparison.measure));
  Json networks = Json::array();
  for (const auto& n : r.networks) networks.push_back({{"network", n.network}, {measure, n.value}});
  Json out{{"paper", r.comparison.paper},
           {"claim", r.comparison.claim},
           {"measure", measure},
           {"published", r.comparison.published},
           {"published_is_approximate", r.comparison.published_is_approximate},
           {"source", r.comparison.source},
           {"layers", r.comparison.layers},
           {measure, r.geometric_mean},
           {"kind", r.comparison.is_trend ? "trend" : "shapes"},
           {"networks", networks},
           {"assumptions", r.assumptions},
           {"notes", r.notes},
           {"reason", r.comparison.reason}};
  if (r.comparison.measure == run::Measure::speedup) {
    out["baseline"] = r.comparison.baseline;
    out["design"] = r.comparison.design;
  } else {
    out["container_bits"] = r.comparison.container_bits;
  }
  if (!r.comparison.is_trend) {
    out["expected"] = r.comparison.expected;
    out["tolerance"] = r.comparison.tolerance;
    out["holds"] = r.holds();
  }
  return out;
}

void print(const std::vector<Reproduction>& rows) {
  result::Table table({"comparison", "published", "ours", "kind", "networks"});
  for (const auto& r : rows) {
    table.add({r.comparison.claim, published(r), shown(r, r.geometric_mean, 3),
               r.comparison.is_trend ? "trend"
               : r.holds()           ? "holds"
                                     : "DIFFERS",
               std::to_string(r.networks.size())});
  }
  std::cout
      << table.text()
      << "\nours: the geometric mean over the networks. holds: ours is within a tolerance of the figure that "
         "our "
         "rules are\nknown to give, which may differ from the published one (each entry says so). trend: "
         "ours is of other networks\nthan the paper's.\n";
  for (const auto& r : rows) {
    std::cout << "\n"
              << r.comparison.claim << " (" << r.comparison.source << ")\n  " << r.comparison.reason << "\n";
    if (!r.comparison.is_trend) {
      std::cout << fmt::format("  expected of our rules: {:g}x, tolerance {:g}\n", r.comparison.expected,
                               r.comparison.tolerance);
    }
    for (const auto& n : r.networks) std::cout << "  " << shown(r, n.value, 3) << "  " << n.network << "\n";
    for (const auto& text : r.assumptions) std::cout << "  assumption: " << text << "\n";
    for (const auto& text : r.notes) std::cout << "  note: " << text << "\n";
  }
}

}  // namespace

int reproduce_command(const Arguments& arguments) {
  CommandLine line(
      "heddle reproduce [PAPER] [--json]",
      "Prints the papers' figures beside ours. `holds`: our figure follows from shapes and profiles "
      "and is within a stated tolerance of the figure that our rules are known to give, which "
      "may differ from the published one. `trend`: the papers' trained networks are not "
      "available, and those that we have show only the direction. The exit code is 1 when a "
      "figure that should hold differs.",
      "heddle reproduce tartan");
  line.options()("paper", po::value<std::string>(), "one paper only")("json", po::bool_switch(),
                                                                      "print JSON on standard output");
  line.positional("paper", 1);
  const auto values = line.parse(arguments);
  if (!values) return 0;
  const std::string paper = value_or(*values, "paper", std::string());
  const auto rows = run::reproduce_paper(paper, run::data_folder(), models::catalogue());
  if ((*values)["json"].as<bool>()) {
    Json out = Json::array();
    for (const auto& r : rows) out.push_back(to_json(r));
    std::cout << Json{{"format", "heddle-reproduction"}, {"version", {1, 0}}, {"comparisons", out}}.dump(2)
              << "\n";
  } else {
    print(rows);
  }
  for (const auto& r : rows) {
    if (!r.comparison.is_trend && !r.holds()) return 1;
  }
  return 0;
}

}  // namespace heddle::app
