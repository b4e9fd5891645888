// SPDX-License-Identifier: Apache-2.0
#include "sim/run/reproduce.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "sim/arch/accelerator_config.h"
#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/memory/network_plan.h"
#include "sim/run/configurations.h"
#include "sim/run/count.h"
#include "sim/run/potential.h"
#include "sim/trace/stored_size.h"
#include "sim/trace/trace.h"

namespace heddle::run {
namespace {

using config::Parameter;

constexpr std::array<std::string_view, 3> kMeasures{"speedup", "compressed_share", "ideal_work"};

const config::Declaration& declaration() {
  static const config::Declaration kDeclaration{
      Parameter::text("paper").means("short name, the argument of `heddle reproduce`"),
      Parameter::text("claim").means("what is compared with what"),
      Parameter::number("published", "", 0, 1000).means("the figure as printed"),
      Parameter::boolean("published_is_approximate")
          .by_default(false)
          .means("the source gives an order of magnitude, no figure"),
      Parameter::text("source").means("where the figure was read"),
      Parameter::choice("measure", {kMeasures.begin(), kMeasures.end()})
          .by_default("speedup")
          .means("what the figure says"),
      Parameter::text("baseline").optional().means("speedup: configuration, relative to configs/"),
      Parameter::text("design").optional().means("speedup: configuration, relative to configs/"),
      Parameter::integer("container_bits", "bits", 8, 16).by_default(16).means("of the other measures"),
      Parameter::choice("layers", {"convolutions", "fully_connected", "all"})
          .by_default("all")
          .means("which layers count"),
      Parameter::text_list("networks").means("traces, relative to the data folder"),
      Parameter::choice("kind", {"shapes", "trend"})
          .means("computable from shapes and profiles, or a trend on other networks"),
      Parameter::number("expected", "", 0, 1000).by_default(0.0).means("shapes: what our rules give"),
      Parameter::number("tolerance", "", 0, 1000)
          .by_default(0.0)
          .means("shapes: how far a result may be from `expected`"),
      Parameter::text("reason").means("why this tolerance, or what a trend leaves out")};
  return kDeclaration;
}

bool counts(const workload::Layer& layer, const std::string& which) {
  if (which == "convolutions") return layer.op == workload::Op::conv2d;
  if (which == "fully_connected") return layer.is_fully_connected();
  return true;
}

std::vector<const workload::Layer*> layers_of(const trace::Trace& trace, const std::string& which) {
  std::vector<const workload::Layer*> layers;
  for (const auto* layer : array_layers(trace).layers) {
    if (counts(*layer, which)) layers.push_back(layer);
  }
  return layers;
}

// Published speed-ups compare arrays: whatever memory a configuration names, its layers are counted whole.
std::uint64_t cycles(const arch::AcceleratorConfig& config, const trace::Trace& trace,
                     const std::string& which) {
  const memory::MemoryConfig compute_only;
  const memory::NetworkPlan plan(config, compute_only, trace);
  const Workload work = array_layers(trace);
  const std::vector<PlannedAccelerator> planned{{config, plan}};
  const auto counted = count_layers(work, planned, {});
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < counted.front().size(); ++i) {
    if (counts(*work.layers[i % work.layers.size()], which))
      sum += counted.front()[i].record.counters.compute_cycles.count();
  }
  return sum;
}

double compressed_share(const trace::Trace& trace, const Comparison& comparison) {
  trace::StoredSizes sum;
  for (const auto* layer : layers_of(trace, comparison.layers)) {
    const auto add = [&](trace::OperandRole role, workload::IntTensor values) {
      sum += trace::stored_sizes(*layer, role, std::move(values), comparison.container_bits);
    };
    for (std::uint32_t sample = 0; sample < trace.network().samples; ++sample) {
      add(trace::OperandRole::weight, trace.weights(*layer, sample));
      add(trace::OperandRole::activation, trace.activations(*layer, sample));
    }
  }
  return 100.0 * static_cast<double>(sum.compressed.count()) / static_cast<double>(sum.container.count());
}

double ideal_work(const trace::Trace& trace, const Comparison& comparison) {
  Potential sum;
  for (const auto* layer : layers_of(trace, comparison.layers)) {
    for (std::uint32_t sample = 0; sample < trace.network().samples; ++sample) {
      sum += potential(*layer, trace.activations(*layer, sample), trace.weights(*layer, sample),
                       {.container_bits = comparison.container_bits});
    }
  }
  return static_cast<double>(sum.dense) / static_cast<double>(sum.both_terms);
}

double figure(const Comparison& comparison, std::span<const arch::AcceleratorConfig> pair,
              const trace::Trace& trace) {
  switch (comparison.measure) {
    case Measure::compressed_share:
      return compressed_share(trace, comparison);
    case Measure::ideal_work:
      return ideal_work(trace, comparison);
    default:
      return static_cast<double>(cycles(pair[0], trace, comparison.layers)) /
             static_cast<double>(cycles(pair[1], trace, comparison.layers));
  }
}

Measure measure_named(const std::string& name) {
  const auto* found = std::find(kMeasures.begin(), kMeasures.end(), name);
  return static_cast<Measure>(found - kMeasures.begin());
}

}  // namespace

std::string_view name_of(Measure measure) {
  return kMeasures.at(static_cast<std::size_t>(measure));
}

bool Reproduction::holds() const {
  return std::abs(geometric_mean - comparison.expected) <= comparison.tolerance;
}

std::vector<Comparison> read_comparisons(const std::filesystem::path& data) {
  const auto document = config::read_json(data / "configs" / "papers" / "comparisons.json");
  const auto list = document.root.find("comparisons");
  if (list == document.root.end() || !list->is_array())
    throw Error(ErrorKind::config, document.name(), "expected a list 'comparisons'");
  std::vector<Comparison> out;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const config::Values v = config::read(document, "/comparisons/" + std::to_string(i), declaration());
    out.push_back({.paper = v.text("paper"),
                   .claim = v.text("claim"),
                   .measure = measure_named(v.text("measure")),
                   .published = v.number("published"),
                   .published_is_approximate = v.flag("published_is_approximate"),
                   .source = v.text("source"),
                   .baseline = v.has("baseline") ? v.text("baseline") : "",
                   .design = v.has("design") ? v.text("design") : "",
                   .layers = v.text("layers"),
                   .container_bits = v.count("container_bits"),
                   .networks = v.texts("networks"),
                   .is_trend = v.text("kind") == "trend",
                   .expected = v.number("expected"),
                   .tolerance = v.number("tolerance"),
                   .reason = v.text("reason")});
    const Comparison& read = out.back();
    const std::string at = "/comparisons/" + std::to_string(i);
    if (read.networks.empty()) throw Error(ErrorKind::config, document.where(at + "/networks"), "no network");
    if (read.measure == Measure::speedup && (read.baseline.empty() || read.design.empty()))
      throw Error(ErrorKind::config, document.where(at), "a speedup needs a baseline and a design");
  }
  return out;
}

Reproduction reproduce(const Comparison& comparison, const std::filesystem::path& data,
                       std::span<const arch::ModelInfo> catalogue) {
  Reproduction out{.comparison = comparison, .networks = {}, .assumptions = {}, .notes = {}};
  std::vector<arch::AcceleratorConfig> pair;  // baseline and design
  if (comparison.measure == Measure::speedup) {
    std::vector<std::string> files;
    for (const auto& name : {comparison.baseline, comparison.design})
      files.push_back((data / "configs" / (name + ".json")).string());
    pair = read_configurations(files, {}, catalogue).accelerators;
    for (const auto& text : pair.back().echo.at("assumptions"))
      out.assumptions.push_back(text.get<std::string>());
    for (const auto& text : pair.back().accelerator->notes()) out.notes.push_back(text);
  }
  double log_sum = 0;
  for (const auto& name : comparison.networks) {
    const trace::Trace trace(data / (name + ".trace"));
    const double value = figure(comparison, pair, trace);
    out.networks.push_back({trace.network().name, value});
    log_sum += std::log(value);
  }
  out.geometric_mean = std::exp(log_sum / static_cast<double>(out.networks.size()));
  return out;
}

std::vector<Reproduction> reproduce_paper(const std::string& paper, const std::filesystem::path& data,
                                          std::span<const arch::ModelInfo> catalogue) {
  const auto comparisons = read_comparisons(data);
  std::vector<std::string> papers;  // each once, in the order of the list
  std::vector<Reproduction> rows;
  for (const auto& comparison : comparisons) {
    if (std::find(papers.begin(), papers.end(), comparison.paper) == papers.end())
      papers.push_back(comparison.paper);
    if (paper.empty() || paper == comparison.paper) rows.push_back(reproduce(comparison, data, catalogue));
  }
  if (rows.empty()) {
    throw Error(ErrorKind::usage, "heddle reproduce",
                "there is no paper " + in_quotes(paper) + suggestion(paper, papers));
  }
  return rows;
}

}  // namespace heddle::run
