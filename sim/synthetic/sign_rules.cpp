// SPDX-License-Identifier: Apache-2.0
#include "sim/synthetic/sign_rules.h"

#include <algorithm>

namespace heddle::synthetic {
namespace {

using workload::Layer;
using workload::Op;

bool names_function(const Layer& layer) {
  return !layer.post.empty() || layer.op == Op::activation;
}

bool ends_in_relu(const Layer& layer) {
  return std::any_of(layer.post.begin(), layer.post.end(),
                     [](const std::string& name) { return name == "relu" || name == "relu6"; });
}

// Values of these come from their inputs, or are sums, products or means of them.
bool keeps_sign(Op op) {
  switch (op) {
    case Op::add:
    case Op::mul:
    case Op::maxpool:
    case Op::avgpool:
      return true;
    default:
      return workload::operation(op).role == workload::OpRole::view;
  }
}

}  // namespace

SignRules::SignRules(const workload::Network& network)
    : assumes_relu_(std::none_of(network.layers.begin(), network.layers.end(), names_function)) {
  for (const auto& layer : network.layers) signs_[layer.id] = of_layer(layer);
}

Sign SignRules::of(const std::string& source) const {
  const auto found = signs_.find(source);
  return found == signs_.end() ? Sign::image : found->second;
}

Sign SignRules::of_layer(const Layer& layer) const {
  if (ends_in_relu(layer) || layer.op == Op::softmax) return Sign::positive;
  if (layer.is_array()) return assumes_relu_ ? Sign::positive : Sign::any;
  // Where no function is named, a norm is that of responses (AlexNet), which keeps signs.
  const bool is_response_norm = layer.op == Op::norm && assumes_relu_;
  if ((!keeps_sign(layer.op) && !is_response_norm) || layer.inputs.empty()) return Sign::any;
  const Sign first = of(layer.inputs.front());
  const bool all_alike = std::all_of(layer.inputs.begin(), layer.inputs.end(),
                                     [&](const std::string& input) { return of(input) == first; });
  return all_alike ? first : Sign::any;
}

}  // namespace heddle::synthetic
