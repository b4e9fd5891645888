// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "sim/synthetic/options.h"
#include "sim/synthetic/sign_rules.h"
#include "sim/workload/value_source.h"

namespace heddle::synthetic {

// The largest magnitude that both a precision and its codes hold; 0 where a sign leaves no bit for it.
std::int32_t largest_code(const workload::Operand& operand, unsigned precision_bits);

// Draws values from shapes, precisions and the graph (docs/synthetic-values.md). A value depends on the seed,
// the name of what makes its tensor, the sample and its position alone: not on threads, nor on other layers.
// Every tensor holds the largest code of its precision at least once. Takes linear time, and no memory beside
// the tensor.
class Generator final : public workload::ValueSource {
 public:
  Generator(const workload::Network& network, const Options& options);

  [[nodiscard]] workload::IntTensor activations(const workload::Layer& layer,
                                                std::uint32_t sample) const override;
  [[nodiscard]] workload::IntTensor weights(const workload::Layer& layer,
                                            std::uint32_t sample) const override;
  [[nodiscard]] std::string label() const override;
  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] const SignRules& signs() const { return signs_; }

 private:
  Options options_;
  SignRules signs_;
};

}  // namespace heddle::synthetic
