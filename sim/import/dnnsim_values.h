// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/trace/npy.h"
#include "sim/workload/network.h"

namespace heddle::importers {

// How the numbers of DNNsim's tensors become codes:
//   integers  unchanged; a number that is not an integer is an error
//   fixed     by precision.txt: clamp(round half away(x * 2^fraction)) to +-(2^(precision-1) - 1)
//   linear    symmetric linear quantization to the width; a tensor whose least number is 0 uses the full
//             unsigned range
//   automatic per tensor: integers if it holds only integers; otherwise fixed where there is a precision.txt,
//             else linear
enum class DnnsimValues { automatic, integers, fixed, linear };
std::optional<DnnsimValues> dnnsim_values_named(const std::string& name);  // "auto", "integers", ...

// Range and kind of a tensor's numbers, over all its files.
struct NumberScan {
  bool only_integers = true;
  double smallest = 0;
  double largest = 0;
  std::string first_fraction;  // the first number that is not an integer, and its index

  // Throws Error(workload) at a number that is not finite.
  void add(const trace::NpyView& view, const std::string& where);

 private:
  bool any_ = false;
};

// The rule that turns a tensor's numbers into codes.
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

// Throws Error(workload) at `where` when `values` does not apply to the numbers.
CodeRule choose_rule(DnnsimValues values, const NumberScan& scan, const std::optional<FixedPoint>& fixed,
                     unsigned width, const std::string& where);

// The codes of `count` numbers from `first` on.
std::vector<std::int32_t> codes_of(const trace::NpyView& view, const CodeRule& rule, std::uint64_t first,
                                   std::uint64_t count);

}  // namespace heddle::importers
