// SPDX-License-Identifier: Apache-2.0
#include "sim/workload/operation.h"

namespace heddle::workload {
namespace {

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < kOperations.size(); ++i) {
    if (kOperations[i].op != static_cast<Op>(i)) return false;
  }
  return kOperations.back().op == Op::other;
}
static_assert(is_in_order(), "kOperations has one row for each Op, in its order");

}  // namespace

std::optional<Op> op_named(std::string_view name) {
  for (const Operation& row : kOperations) {
    if (row.name == name) return row.op;
  }
  return std::nullopt;
}

std::vector<std::string> op_names() {
  std::vector<std::string> out;
  out.reserve(kOperations.size());
  for (const Operation& row : kOperations) out.emplace_back(row.name);
  return out;
}

std::vector<std::string> op_names(OpRole role) {
  std::vector<std::string> out;
  for (const Operation& row : kOperations) {
    if (row.role == role) out.emplace_back(row.name);
  }
  return out;
}

}  // namespace heddle::workload
