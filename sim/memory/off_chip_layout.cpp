// SPDX-License-Identifier: Apache-2.0
#include "sim/memory/off_chip_layout.h"

#include <algorithm>

namespace heddle::memory {
namespace {

constexpr std::uint64_t kAlignment = 4096;  // bytes, of every tensor: our choice, a DRAM row or more

class Layout {
 public:
  Layout(const Dataflow& flow, const MemoryPlan& plan, std::span<const NetworkSizes> samples)
      : flow_(flow), plan_(plan), samples_(samples), tensors_(flow.tensors.size(), 0) {}

  std::vector<LayerAddresses> run() {
    std::vector<LayerAddresses> out;
    for (std::size_t l = 0; l < flow_.layers.size(); ++l) out.push_back(own_tensors(l));
    for (std::uint32_t t = 0; t < tensors_.size(); ++t) {
      if (is_off_chip(t)) tensors_[t] = take(largest(t));
    }
    for (std::size_t l = 0; l < flow_.layers.size(); ++l) add_shared_tensors(flow_.layers[l], out[l]);
    return out;
  }

 private:
  std::uint64_t take(Bytes bytes) {
    const std::uint64_t at = next_;
    next_ += ceil_div(bytes.count(), kAlignment) * kAlignment;
    return at;
  }

  LayerAddresses own_tensors(std::size_t l) {
    LayerAddresses out;
    out.weights = take(samples_.front().layers[l].weights.moved);
    out.metadata = take(samples_.front().layers[l].metadata.moved);
    const LayerPlan& layer = plan_.layers[l];
    const auto& shape = *samples_.front().layers[l].shape;
    const Bytes sums(shape.windows() * shape.filters() * kAccumulatorBytes);
    out.partial_sums = take(layer.blocking.sums_are_spilled ? sums : Bytes(0));
    return out;
  }

  void add_shared_tensors(const ArrayLayer& layer, LayerAddresses& out) const {
    out.input = first_off_chip(layer.activations);
    const auto kept = std::find_if(layer.activations.begin(), layer.activations.end(), [&](const Use& use) {
      return plan_.on_chip[use.tensor] && flow_.tensors[use.tensor].is_input;
    });
    if (kept != layer.activations.end()) out.kept_input = tensors_[kept->tensor];
    out.extra = first_off_chip(layer.extras);
    if (layer.has_run_time_weights()) out.weights = first_off_chip(layer.weights);
    const auto made =
        std::find_if(layer.makes.begin(), layer.makes.end(), [&](std::uint32_t t) { return is_off_chip(t); });
    if (made != layer.makes.end()) out.output = tensors_[*made];
  }

  [[nodiscard]] bool is_off_chip(std::uint32_t t) const {
    return !plan_.on_chip[t] || flow_.tensors[t].is_output || flow_.tensors[t].is_input;
  }
  [[nodiscard]] Bytes largest(std::uint32_t t) const {
    Bytes bytes(0);
    for (const auto& sample : samples_) bytes = std::max(bytes, sample.tensors[t].moved);
    return bytes;
  }
  [[nodiscard]] std::uint64_t first_off_chip(const std::vector<Use>& uses) const {
    const auto found =
        std::find_if(uses.begin(), uses.end(), [&](const Use& use) { return !plan_.on_chip[use.tensor]; });
    return found == uses.end() ? 0 : tensors_[found->tensor];
  }

  const Dataflow& flow_;
  const MemoryPlan& plan_;
  std::span<const NetworkSizes> samples_;
  std::vector<std::uint64_t> tensors_;  // address of each
  std::uint64_t next_ = 0;
};

}  // namespace

std::vector<LayerAddresses> place_off_chip(const Dataflow& flow, const MemoryPlan& plan,
                                           std::span<const NetworkSizes> samples) {
  return Layout(flow, plan, samples).run();
}

}  // namespace heddle::memory
