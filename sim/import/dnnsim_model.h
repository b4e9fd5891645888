// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace heddle::importers {

// Largest stride and largest padding of a layer that is read.
inline constexpr std::int64_t kMostStep = 1 << 16;

// A layer as DNNsim's model files list it; its tensors define its shape.
struct DnnsimLayer {
  enum class Type { conv, fc, rnn };
  std::string name;
  Type type = Type::conv;
  std::uint32_t stride_y = 1;
  std::uint32_t stride_x = 1;
  std::uint32_t pad_y = 0;
  std::uint32_t pad_x = 0;
  std::string where;  // file and line, for errors

  [[nodiscard]] std::string file_name() const;  // in the names of its tensors: '/' becomes '-'
};

// Magnitude bits (sign included) and fraction bits of a layer's tensors; their sums are the precisions.
struct DnnsimPrecision {
  std::int32_t activation_magnitude = 0;
  std::int32_t activation_fraction = 0;
  std::int32_t weight_magnitude = 0;
  std::int32_t weight_fraction = 0;

  [[nodiscard]] std::int32_t activation_bits() const { return activation_magnitude + activation_fraction; }
  [[nodiscard]] std::int32_t weight_bits() const { return weight_magnitude + weight_fraction; }
};

// model.csv (name, type, stride, padding; comma or colon), or train_val.prototxt where there is none.
// Throws Error(workload | io).
std::vector<DnnsimLayer> read_dnnsim_model(const std::filesystem::path& folder);

// precision.txt: a heading and four lines with one value per layer; nothing when there is no such file.
std::optional<std::vector<DnnsimPrecision>> read_dnnsim_precision(const std::filesystem::path& file,
                                                                  std::size_t layers);

}  // namespace heddle::importers
