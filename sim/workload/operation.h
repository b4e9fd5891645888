// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::workload {

// The operations of a network (traces/FORMAT.md). Everything that depends on the operation alone is read from
// kOperations.
enum class Op : std::uint8_t {
  conv2d,
  linear,
  matmul,
  add,
  mul,
  concat,
  maxpool,
  avgpool,
  norm,
  activation,
  softmax,
  reshape,
  transpose,
  slice,
  pad,
  upsample,
  embedding,
  other
};

// What an operation does with its input.
enum class OpRole : std::uint8_t {
  array,     // sums of products of activations and weights: accelerators execute it
  function,  // computes its output outside the array
  view       // only selects or rearranges values: its readers read what it reads
};

struct Operation {
  Op op;
  std::string_view name;  // in traces, results and tables
  OpRole role;
  // Order of the dimensions of an array operation's tensors in a trace; empty for the others.
  std::string_view activation_axes = {};
  std::string_view weight_axes = {};
};

inline constexpr std::array kOperations{
    Operation{Op::conv2d, "conv2d", OpRole::array, "NCHW", "KCRS"},
    Operation{Op::linear, "linear", OpRole::array, "MC", "KC"},
    Operation{Op::matmul, "matmul", OpRole::array, "MC", "KC"},
    Operation{Op::add, "add", OpRole::function},
    Operation{Op::mul, "mul", OpRole::function},
    Operation{Op::concat, "concat", OpRole::view},
    Operation{Op::maxpool, "maxpool", OpRole::function},
    Operation{Op::avgpool, "avgpool", OpRole::function},
    Operation{Op::norm, "norm", OpRole::function},
    Operation{Op::activation, "activation", OpRole::function},
    Operation{Op::softmax, "softmax", OpRole::function},
    Operation{Op::reshape, "reshape", OpRole::view},
    Operation{Op::transpose, "transpose", OpRole::view},
    Operation{Op::slice, "slice", OpRole::view},
    Operation{Op::pad, "pad", OpRole::view},
    Operation{Op::upsample, "upsample", OpRole::view},
    Operation{Op::embedding, "embedding", OpRole::function},
    Operation{Op::other, "other", OpRole::function},
};

constexpr const Operation& operation(Op op) {
  return kOperations[static_cast<std::size_t>(op)];
}

std::optional<Op> op_named(std::string_view name);

// All names in the order of the table, or those of one role.
std::vector<std::string> op_names();
std::vector<std::string> op_names(OpRole role);

}  // namespace heddle::workload
