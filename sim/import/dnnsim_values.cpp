// SPDX-License-Identifier: Apache-2.0
#include "sim/import/dnnsim_values.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sim/base/error.h"

namespace heddle::importers {
namespace {

double power_of_two(int exponent) {
  return std::ldexp(1.0, exponent);
}

CodeRule integers(const NumberScan& scan, const std::optional<FixedPoint>& fixed, unsigned width,
                  const std::string& where) {
  if (!scan.only_integers) {
    throw Error(ErrorKind::workload, where,
                scan.first_fraction + " is not a whole number; use --values auto, fixed or linear");
  }
  CodeRule out;
  out.name = "integers";
  out.precision_bits = fixed ? static_cast<unsigned>(fixed->magnitude + fixed->fraction) : width;
  const bool is_signed = scan.smallest < 0;
  const int bits = static_cast<int>(out.precision_bits);
  out.lowest = is_signed ? -power_of_two(bits - 1) : 0;
  out.highest = power_of_two(is_signed ? bits - 1 : bits) - 1;
  if (scan.smallest < out.lowest || scan.largest > out.highest) {
    const double worst = scan.largest > out.highest ? scan.largest : scan.smallest;
    throw Error(ErrorKind::workload, where,
                fmt::format("the integer {:.0f} does not fit {} bits, which {}", worst, bits,
                            fixed ? "precision.txt states; --values fixed scales and clamps it as DNNsim does"
                                  : "is the container's width (--width)"));
  }
  return out;
}

CodeRule fixed_point(const NumberScan& scan, const FixedPoint& fixed) {
  CodeRule out;
  out.name = "fixed";
  out.precision_bits = static_cast<unsigned>(fixed.magnitude + fixed.fraction);
  out.factor = power_of_two(fixed.fraction);
  out.highest = power_of_two(static_cast<int>(out.precision_bits) - 1) - 1;
  // DNNsim treats a tensor as signed if any number is negative, even if its code is 0.
  out.lowest = scan.smallest < 0 ? -out.highest : 0;
  return out;
}

CodeRule linear(const NumberScan& scan, unsigned width) {
  CodeRule out;
  out.name = "linear";
  out.precision_bits = width;
  // The full unsigned range if the least number is exactly 0; DNNsim computes the factor in single precision.
  out.highest = power_of_two(static_cast<int>(scan.smallest == 0 ? width : width - 1)) - 1;
  out.lowest = scan.smallest < 0 ? -out.highest : 0;
  const auto most = static_cast<float>(std::max(std::abs(scan.smallest), std::abs(scan.largest)));
  out.factor = most > 0 ? static_cast<float>(out.highest) / most : 0;
  return out;
}

}  // namespace

std::optional<DnnsimValues> dnnsim_values_named(const std::string& name) {
  if (name == "auto") return DnnsimValues::automatic;
  if (name == "integers") return DnnsimValues::integers;
  if (name == "fixed") return DnnsimValues::fixed;
  if (name == "linear") return DnnsimValues::linear;
  return std::nullopt;
}

void NumberScan::add(const trace::NpyView& view, const std::string& where) {
  const std::uint64_t count = view.elements();
  for (std::uint64_t i = 0; i < count; ++i) {
    const double number = view.real(i);
    if (!std::isfinite(number))
      throw Error(ErrorKind::workload, where, fmt::format("the number at flat index {} is not finite", i));
    if (!any_) smallest = largest = number;
    any_ = true;
    smallest = std::min(smallest, number);
    largest = std::max(largest, number);
    if (only_integers && number != std::floor(number)) {
      only_integers = false;
      first_fraction = fmt::format("{} at flat index {}", number, i);
    }
  }
}

std::int32_t CodeRule::code(double number) const {
  // std::round rounds halves away from zero.
  return static_cast<std::int32_t>(std::clamp(std::round(number * factor), lowest, highest));
}

CodeRule choose_rule(DnnsimValues values, const NumberScan& scan, const std::optional<FixedPoint>& fixed,
                     unsigned width, const std::string& where) {
  if (values == DnnsimValues::automatic) {
    values = scan.only_integers ? DnnsimValues::integers : fixed ? DnnsimValues::fixed : DnnsimValues::linear;
  }
  if (values == DnnsimValues::fixed && !fixed)
    throw Error(ErrorKind::workload, where, "--values fixed needs a precision.txt");
  CodeRule out = values == DnnsimValues::integers ? integers(scan, fixed, width, where)
                 : values == DnnsimValues::fixed  ? fixed_point(scan, *fixed)
                                                  : linear(scan, width);
  if (out.precision_bits > width) {
    throw Error(ErrorKind::workload, where,
                fmt::format("precision.txt states {} bits, but the container has {} (--width)",
                            out.precision_bits, width));
  }
  out.rep.bits = width;
  out.rep.is_signed = out.lowest < 0;
  return out;
}

std::vector<std::int32_t> codes_of(const trace::NpyView& view, const CodeRule& rule, std::uint64_t first,
                                   std::uint64_t count) {
  std::vector<std::int32_t> out(count);
  for (std::uint64_t i = 0; i < count; ++i) out[i] = rule.code(view.real(first + i));
  return out;
}

}  // namespace heddle::importers
