// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/config/json_document.h"
#include "sim/workload/int_tensor.h"
#include "sim/workload/operation.h"

namespace heddle::workload {

// How stored codes become the integers that processing elements see (traces/FORMAT.md).
struct Representation {
  enum class Decode { identity, signed_square, table };
  unsigned bits = 16;  // storage bits of a code
  bool is_signed = true;
  bool is_narrow = false;
  bool is_bipolar = false;
  std::int64_t zero_point = 0;
  std::int32_t pad_code = 0;
  Decode decode = Decode::identity;
  std::string table_file;

  [[nodiscard]] std::int64_t lowest_code() const;
  [[nodiscard]] std::int64_t highest_code() const;
};

// An operand of an array layer and the files of its codes (no files: shapes only).
struct Operand {
  std::string source;  // "static", or the id of the layer or network input that makes it
  Representation rep;
  std::vector<std::string> files;  // one for a static weight, otherwise one per sample
  bool is_drawn = false;           // the trace has no values; a ValueSource has
  [[nodiscard]] bool is_static() const { return source == "static"; }
};

struct Precision {
  unsigned weight_bits = 16;      // Pw, sign bit included
  unsigned activation_bits = 16;  // Pa, sign bit included
  std::string group_widths_file;  // empty: none; widths of groups of 16 weights
};

struct Expectation {
  std::string file;
  std::string index_file;  // empty: every output
};

// Shape of an array layer as the workload states it. A linear layer or a matrix product of M rows is a
// convolution with a 1 x 1 kernel over an image of 1 x M: the M rows are windows.
struct Geometry {
  std::uint32_t channels = 1;  // C, all groups
  std::uint32_t height = 1;    // H
  std::uint32_t width = 1;     // W
  std::uint32_t filters = 1;   // K, all groups
  std::uint32_t kernel_height = 1;
  std::uint32_t kernel_width = 1;
  std::uint32_t stride_y = 1;
  std::uint32_t stride_x = 1;
  std::uint32_t pad_top = 0;
  std::uint32_t pad_left = 0;
  std::uint32_t pad_bottom = 0;
  std::uint32_t pad_right = 0;
  std::uint32_t dilation_y = 1;
  std::uint32_t dilation_x = 1;
  std::uint32_t groups = 1;
  std::uint32_t out_height = 1;
  std::uint32_t out_width = 1;

  [[nodiscard]] std::uint64_t windows() const { return std::uint64_t{out_height} * out_width; }
  [[nodiscard]] std::uint64_t weights() const {
    return std::uint64_t{filters} * (channels / groups) * kernel_height * kernel_width;
  }
  [[nodiscard]] std::uint64_t input_values() const { return std::uint64_t{channels} * height * width; }
  [[nodiscard]] std::uint64_t output_values() const { return windows() * filters; }
  // Multiply-accumulates, padding included.
  [[nodiscard]] std::uint64_t macs() const { return windows() * weights(); }
};

struct Layer {
  std::string id;
  Op op = Op::other;
  std::vector<std::string> inputs;
  std::vector<std::string> post;            // functions behind it in the same layer, such as "relu"
  std::vector<std::uint64_t> output_shape;  // without the batch
  Geometry geometry;                        // array layers only
  Operand activation;
  Operand weight;
  std::string bias_file;
  Precision precision;
  std::vector<std::optional<Expectation>> expect;  // one per sample, or empty
  std::uint32_t index = 0;

  [[nodiscard]] std::string op_name() const { return std::string(operation(op).name); }
  [[nodiscard]] bool is_array() const { return operation(op).role == OpRole::array; }
  // A linear layer or matrix product of one window: the rule of fully connected layers applies.
  [[nodiscard]] bool is_fully_connected() const {
    return is_array() && op != Op::conv2d && geometry.windows() == 1;
  }
  [[nodiscard]] bool has_run_time_weights() const { return is_array() && !weight.is_static(); }
};

struct Network {
  std::string name;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  std::uint32_t samples = 0;
  std::vector<Layer> layers;
  config::Json provenance;
  std::vector<std::string> assumptions;  // of who made the trace; every result repeats them
  config::Json accuracy;                 // null when the trace states none
};

// Shapes of a layer's tensors as traces hold them (traces/FORMAT.md).
Shape activation_shape(const Layer& layer);
Shape weight_shape(const Layer& layer);

}  // namespace heddle::workload
