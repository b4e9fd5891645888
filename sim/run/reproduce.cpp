// SPDX-License-Identifier: Apache-2.0
#include "sim/run/reproduce.h"

#include <cmath>

#include "sim/arch/accelerator_config.h"
#include "sim/arch/layer_data.h"
#include "sim/arch/parallel.h"
#include "sim/base/error.h"
#include "sim/workload/trace.h"

namespace heddle::run {
namespace {

using config::Parameter;

const config::Declaration& declaration() {
  static const config::Declaration kDeclaration{
      Parameter::text("paper").means("short name, the argument of `heddle reproduce`"),
      Parameter::text("claim").means("what is compared with what"),
      Parameter::number("published", "", 0, 1000).means("the figure as printed"),
      Parameter::text("source").means("where the figure was read"),
      Parameter::text("baseline").means("configuration, relative to configs/"),
      Parameter::text("design").means("configuration, relative to configs/"),
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
  if (!layer.is_array()) return false;
  if (which == "convolutions") return layer.op == workload::Op::conv2d;
  if (which == "fully_connected") return layer.is_fully_connected();
  return true;
}

std::uint64_t cycles(const arch::AcceleratorConfig& config, const workload::Trace& trace,
                     const std::string& which) {
  std::vector<const workload::Layer*> layers;
  for (const auto& layer : trace.network().layers) {
    if (counts(layer, which)) layers.push_back(&layer);
  }
  const std::uint32_t samples = std::max(1U, trace.network().samples);
  std::vector<std::uint64_t> parts(layers.size() * samples);
  arch::parallel_for(parts.size(), [&](std::size_t i) {
    const arch::LayerData data(trace, *layers[i % layers.size()],
                               static_cast<std::uint32_t>(i / layers.size()), *config.accelerator,
                               config.mapping);
    const auto plan = config.accelerator->prepare(data.input());
    parts[i] = config.accelerator->price(data.input(), *plan, arch::whole_layer(data.input().mapping))
                   .compute.count();
  });
  std::uint64_t sum = 0;
  for (const auto part : parts) sum += part;
  return sum;
}

}  // namespace

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
                   .published = v.number("published"),
                   .source = v.text("source"),
                   .baseline = v.text("baseline"),
                   .design = v.text("design"),
                   .layers = v.text("layers"),
                   .networks = v.texts("networks"),
                   .is_trend = v.text("kind") == "trend",
                   .expected = v.number("expected"),
                   .tolerance = v.number("tolerance"),
                   .reason = v.text("reason")});
    if (out.back().networks.empty())
      throw Error(ErrorKind::config, document.where("/comparisons/" + std::to_string(i) + "/networks"),
                  "no network");
  }
  return out;
}

Reproduction reproduce(const Comparison& comparison, const std::filesystem::path& data,
                       std::span<const arch::ModelInfo> catalogue) {
  const auto configs = data / "configs";
  const auto baseline = arch::read_accelerator(configs / (comparison.baseline + ".json"), {}, catalogue);
  const auto design = arch::read_accelerator(configs / (comparison.design + ".json"), {}, catalogue);
  Reproduction out{comparison, {}, 0, {}};
  for (const auto& text : design.echo.at("assumptions")) out.assumptions.push_back(text.get<std::string>());
  double log_sum = 0;
  for (const auto& name : comparison.networks) {
    const workload::Trace trace(data / (name + ".trace"));
    const double speedup = static_cast<double>(cycles(baseline, trace, comparison.layers)) /
                           static_cast<double>(cycles(design, trace, comparison.layers));
    out.networks.push_back({trace.network().name, speedup});
    log_sum += std::log(speedup);
  }
  out.geometric_mean = std::exp(log_sum / static_cast<double>(out.networks.size()));
  return out;
}

}  // namespace heddle::run
