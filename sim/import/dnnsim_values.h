// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/import/dnnsim.h"
#include "sim/trace/npy.h"
#include "sim/workload/network.h"

namespace heddle::importers {

// What the numbers of a tensor (over all its files) are like.
struct NumberScan {
  bool only_integers = true;
  double smallest = 0;
  double largest = 0;
  std::string first_fraction;  // where and what the first number is that is no integer

  // Throws Error(workload) at a number that is not finite.
  void add(const trace::NpyView& view, const std::string& where);

 private:
  bool any_ = false;
};

// How a tensor's numbers become codes.
struct CodeRule {
  std::string name;  // "integers", "fixed", "linear"
  double factor = 1;
  double lowest = 0;  // codes are clamped to these
  double highest = 0;
  unsigned precision_bits = 16;
  workload::Representation rep;

  [[nodiscard]] std::int32_t code(double number) const;
};

// Magnitude and fraction bits that precision.txt gives one tensor.
struct FixedPoint {
  std::int32_t magnitude = 0;
  std::int32_t fraction = 0;
};

// Throws Error(workload) at `where` when the numbers do not allow what is asked for.
CodeRule choose_rule(DnnsimValues values, const NumberScan& scan, const std::optional<FixedPoint>& fixed,
                     unsigned width, const std::string& where);

// The codes of `count` numbers from `first` on.
std::vector<std::int32_t> codes_of(const trace::NpyView& view, const CodeRule& rule, std::uint64_t first,
                                   std::uint64_t count);

}  // namespace heddle::importers
