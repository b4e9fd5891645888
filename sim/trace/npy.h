// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sim/workload/int_tensor.h"

namespace heddle::trace {

enum class Dtype { i1, u1, i2, u2, i4, i8, f4, f8 };

std::size_t size_of(Dtype type);
const char* name_of(Dtype type);  // as numpy writes it: "|i1", "<u2"

using workload::Shape;
std::string text_of(const Shape& shape);  // "(1, 16, 8, 8)"

// A .npy array in bytes that the caller owns; nothing is copied.
struct NpyView {
  Dtype type = Dtype::i1;
  Shape shape;
  std::span<const std::byte> data;

  [[nodiscard]] std::uint64_t elements() const;
  [[nodiscard]] bool is_integer() const { return type != Dtype::f4 && type != Dtype::f8; }
  // Element as a 64-bit integer; integer types only.
  [[nodiscard]] std::int64_t integer(std::uint64_t index) const;
  [[nodiscard]] double real(std::uint64_t index) const;
};

// Reads a file of version 1.0 and checks magic, version, dtype, C order, the product of the shape without
// overflow and the exact length of the data. Throws Error(workload) at `name`.
NpyView parse_npy(std::span<const std::byte> file, const std::string& name);

// The bytes of a version 1.0 file holding `values` (already in the dtype's layout).
std::string npy_bytes(Dtype type, const Shape& shape, std::span<const std::byte> values);

// The values as 32-bit integers; a value that does not fit is an error.
std::vector<std::int32_t> as_int32(const NpyView& view, const std::string& name);

}  // namespace heddle::trace
