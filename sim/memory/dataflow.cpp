// SPDX-License-Identifier: Apache-2.0
#include "sim/memory/dataflow.h"

#include <algorithm>
#include <map>

#include "sim/base/error.h"
#include "sim/base/quantity.h"

namespace heddle::memory {
namespace {

using workload::Layer;

constexpr std::int64_t kBeforeAll = -1;

bool is_view(const Layer& layer) {
  return workload::operation(layer.op).role == workload::OpRole::view;
}

std::uint64_t product(const std::vector<std::uint64_t>& shape) {
  std::uint64_t out = 1;
  for (const auto d : shape) out *= d;
  return out;
}

// A tensor while the graph is traced. An id stands for one of them, or, where it is a view, for several.
struct Value {
  StoredTensor tensor;
  std::int64_t made_by = kBeforeAll;  // array layer
  bool is_read = false;
  bool is_stored = false;
};

class Tracer {
 public:
  explicit Tracer(const workload::Network& network) : network_(network) {
    for (const auto& layer : network.layers) visit(layer);
    mark_outputs();
  }

  Dataflow result() {
    std::vector<std::uint32_t> index(values_.size(), 0);
    for (std::size_t v = 0; v < values_.size(); ++v) {
      if (!values_[v].is_stored) continue;
      index[v] = static_cast<std::uint32_t>(out_.tensors.size());
      if (values_[v].made_by != kBeforeAll)
        out_.layers[static_cast<std::size_t>(values_[v].made_by)].makes.push_back(index[v]);
      out_.tensors.push_back(values_[v].tensor);
    }
    for (auto& layer : out_.layers) {
      for (auto* uses : {&layer.activations, &layer.weights, &layer.extras}) {
        for (auto& use : *uses) use.tensor = index[use.tensor];
      }
    }
    return std::move(out_);
  }

 private:
  const std::vector<std::uint32_t>& values_of(const std::string& id) {
    const auto found = ids_.find(id);
    if (found != ids_.end()) return found->second;
    // A network input; read() sets its size to what its first reader takes.
    return make(id, 0, kBeforeAll);
  }

  const std::vector<std::uint32_t>& make(const std::string& id, std::uint64_t values, std::int64_t at) {
    Value value;
    value.tensor.name = id;
    value.tensor.values = values;
    value.tensor.is_input = at == kBeforeAll;
    value.made_by = at;
    value.tensor.made = at == kBeforeAll ? 0 : static_cast<std::uint32_t>(at);
    value.tensor.last_use = value.tensor.made;
    values_.push_back(std::move(value));
    return ids_[id] = {static_cast<std::uint32_t>(values_.size() - 1)};
  }

  void read(const std::vector<std::uint32_t>& from, std::uint64_t values, unsigned bits, std::uint32_t at,
            std::vector<Use>& uses) {
    std::uint64_t all = 0;
    for (const auto v : from) {
      if (values_[v].tensor.values == 0) values_[v].tensor.values = values;
      all += values_[v].tensor.values;
    }
    for (const auto v : from) {
      Value& value = values_[v];
      value.is_read = true;
      if (value.made_by == std::int64_t{at}) continue;  // read while it leaves the array
      if (!value.is_stored && value.tensor.is_input) value.tensor.made = at;
      value.is_stored = true;
      value.tensor.last_use = std::max(value.tensor.last_use, at);
      value.tensor.bits = std::max(value.tensor.bits, bits);
      // A slice reads a part. A reader of an upsampled image reads no more than is stored.
      uses.push_back({v, std::min(value.tensor.values,
                                  ceil_div(values * value.tensor.values, std::max<std::uint64_t>(1, all)))});
    }
  }

  void visit(const Layer& layer) {
    if (layer.is_array()) {
      visit_array(layer);
    } else if (is_view(layer)) {
      std::vector<std::uint32_t> all;
      for (const auto& id : layer.inputs) {
        for (const auto v : values_of(id)) all.push_back(v);
      }
      ids_[layer.id] = std::move(all);
    } else {
      visit_other(layer);
    }
  }

  void visit_array(const Layer& layer) {
    const auto at = static_cast<std::uint32_t>(out_.layers.size());
    ArrayLayer made;
    made.index = layer.index;
    const auto& g = layer.geometry;
    read(values_of(layer.activation.source), g.input_values(), layer.precision.activation_bits, at,
         made.activations);
    if (layer.has_run_time_weights())
      read(values_of(layer.weight.source), g.weights(), layer.precision.weight_bits, at, made.weights);
    out_.layers.push_back(std::move(made));
    make(layer.id, g.output_values(), at);
  }

  // A layer that does not use the array belongs to the array layer that makes the last of its operands.
  void visit_other(const Layer& layer) {
    std::int64_t at = kBeforeAll;
    std::vector<std::uint32_t> all;
    for (const auto& id : layer.inputs) {
      for (const auto v : values_of(id)) {
        all.push_back(v);
        at = std::max(at, values_[v].made_by);
      }
    }
    if (at != kBeforeAll) {
      auto& extras = out_.layers[static_cast<std::size_t>(at)].extras;
      for (const auto v : all) {
        const std::uint64_t values = values_[v].tensor.values;
        read({v}, values != 0 ? values : product(layer.output_shape), 0, static_cast<std::uint32_t>(at),
             extras);
      }
    }
    make(layer.id, product(layer.output_shape), at);
  }

  void mark_outputs() {
    for (const auto& id : network_.outputs) {
      const auto found = ids_.find(id);
      if (found == ids_.end()) continue;
      for (const auto v : found->second) set_output(values_[v]);
    }
    for (auto& value : values_) {
      if (!value.is_read) set_output(value);
    }
  }

  static void set_output(Value& value) {
    if (value.made_by == kBeforeAll) return;  // an input that passes through
    value.tensor.is_output = true;
    value.is_stored = true;
  }

  const workload::Network& network_;
  std::vector<Value> values_;
  std::map<std::string, std::vector<std::uint32_t>> ids_;
  Dataflow out_;
};

}  // namespace

Dataflow trace_dataflow(const workload::Network& network) {
  return Tracer(network).result();
}

}  // namespace heddle::memory
