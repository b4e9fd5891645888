// SPDX-License-Identifier: Apache-2.0
#include "tests/papers/six_networks.h"

#include <cmath>

#include "models/catalogue.h"
#include "sim/arch/accelerator_config.h"
#include "sim/arch/layer_data.h"
#include "sim/trace/trace.h"

namespace heddle::test {

const std::vector<std::string> kSixNetworks{"alexnet", "nin", "googlenet", "vgg_m", "vgg_s", "vgg_19"};

std::uint64_t paper_cycles(const std::string& config, const std::string& network, const Select& which) {
  const std::string root = HEDDLE_SOURCE_DIR;
  const auto accelerator =
      arch::read_accelerator(root + "/configs/papers/" + config + ".json", {}, models::catalogue());
  const trace::Trace trace(root + "/configs/networks/" + network + ".trace");
  std::uint64_t cycles = 0;
  for (const auto& layer : trace.network().layers) {
    if (!layer.is_array() || !which(layer)) continue;
    const arch::LayerData data(trace, layer, 0, *accelerator.accelerator, accelerator.mapping);
    const auto prepared = accelerator.accelerator->prepare(data.input());
    cycles += accelerator.accelerator->price(data.input(), *prepared, arch::whole_layer(data.input().mapping))
                  .compute.count();
  }
  return cycles;
}

double geometric_mean_speedup(const std::string& baseline, const std::string& design,
                              const std::string& profile, const Select& which) {
  double log_sum = 0;
  for (const auto& network : kSixNetworks) {
    const std::string trace = network + "-" + profile;
    log_sum += std::log(static_cast<double>(paper_cycles(baseline, trace, which)) /
                        static_cast<double>(paper_cycles(design, trace, which)));
  }
  return std::exp(log_sum / static_cast<double>(kSixNetworks.size()));
}

}  // namespace heddle::test
