// SPDX-License-Identifier: Apache-2.0
#include "sim/trace/codec.h"

#include <string>

#include "sim/base/error.h"

namespace heddle::trace {
namespace {

class BitWriter {
 public:
  void put(std::uint32_t bits, unsigned count) {
    for (unsigned i = 0; i < count; ++i, ++used_) {
      if (used_ % 8 == 0) bytes_.push_back(std::byte{0});
      if (((bits >> i) & 1U) != 0) bytes_.back() |= std::byte{1} << (used_ % 8);
    }
  }
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
  std::size_t used_ = 0;
};

[[noreturn]] void refuse(std::size_t bit, const char* what) {
  throw Error(ErrorKind::workload, "compressed stream, bit " + std::to_string(bit), what);
}

class BitReader {
 public:
  explicit BitReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  // count <= 16
  std::uint32_t get(unsigned count) {
    if (count > bytes_.size() * 8 - used_) refuse(used_, "truncated");
    std::uint32_t bits = 0;
    for (unsigned i = 0; i < count; ++i, ++used_) {
      bits |= ((std::to_integer<std::uint32_t>(bytes_[used_ / 8]) >> (used_ % 8)) & 1U) << i;
    }
    return bits;
  }

  void finish() {
    const std::size_t rest = bytes_.size() * 8 - used_;
    if (rest >= 8) refuse(used_, "longer than its values need");
    if (get(static_cast<unsigned>(rest)) != 0) refuse(used_, "the bits after the last value are not zero");
  }

  [[nodiscard]] std::size_t position() const { return used_; }

 private:
  std::span<const std::byte> bytes_;
  std::size_t used_ = 0;
};

void check(GroupFormat format, std::size_t size, std::size_t run_length) {
  HEDDLE_CHECK(format.container_bits == 8 || format.container_bits == 16, "containers have 8 or 16 bits");
  HEDDLE_CHECK(run_length > 0 && size % run_length == 0, "values are whole runs");
}

void encode_group(GroupFormat format, GroupForm form, std::span<const std::int32_t> group, BitWriter& out) {
  const unsigned p = kernel::width(kernel::summarize(group), format.signed_values, false);
  const bool zero_vector = form == GroupForm::zero_vector;
  for (const std::int32_t x : group) {
    if (p > format.container_bits || (x < 0 && !format.signed_values)) {
      throw Error(ErrorKind::workload, "value " + std::to_string(x),
                  "this value, or another one of its group, does not fit the container");
    }
    if (zero_vector) out.put(x == 0 ? 1U : 0U, 1);
  }
  out.put(p - 1, format.header_bits());
  for (const std::int32_t x : group) {
    if (!zero_vector || x != 0) out.put(static_cast<std::uint32_t>(x), p);
  }
}

std::int32_t sign_extended(std::uint32_t bits, unsigned p) {
  const std::uint32_t sign = std::uint32_t{1} << (p - 1);
  return static_cast<std::int32_t>((bits ^ sign) - sign);
}

void decode_group(GroupFormat format, GroupForm form, BitReader& in, std::span<std::int32_t> group) {
  const std::size_t begin = in.position();
  const bool zero_vector = form == GroupForm::zero_vector;
  const std::uint32_t zeros = zero_vector ? in.get(static_cast<unsigned>(group.size())) : 0;
  const unsigned p = in.get(format.header_bits()) + 1;
  for (std::size_t i = 0; i < group.size(); ++i) {
    group[i] = 0;
    if (((zeros >> i) & 1U) != 0) continue;
    const std::uint32_t bits = in.get(p);
    group[i] = format.signed_values ? sign_extended(bits, p) : static_cast<std::int32_t>(bits);
    if (zero_vector && group[i] == 0)
      refuse(begin, "the zero vector marks a value as not zero, but it is zero");
  }
  if (kernel::width(kernel::summarize(group), format.signed_values, false) != p)
    refuse(begin, "the group is wider than its values need");
}

template <class Value, class Body>
void for_each_group(std::span<Value> values, std::size_t run_length, Body body) {
  for (std::size_t run = 0; run < values.size(); run += run_length) {
    for (std::size_t at = 0; at < run_length; at += kernel::kBrick) {
      body(values.subspan(run + at, std::min(kernel::kBrick, run_length - at)));
    }
  }
}

}  // namespace

std::vector<std::byte> encode_groups(GroupFormat format, GroupForm form, std::span<const std::int32_t> values,
                                     std::size_t run_length) {
  check(format, values.size(), run_length);
  BitWriter out;
  for_each_group(values, run_length, [&](auto group) { encode_group(format, form, group, out); });
  return out.take();
}

void decode_groups(GroupFormat format, GroupForm form, std::span<const std::byte> stream,
                   std::span<std::int32_t> values, std::size_t run_length) {
  check(format, values.size(), run_length);
  BitReader in(stream);
  for_each_group(values, run_length, [&](auto group) { decode_group(format, form, in, group); });
  in.finish();
}

}  // namespace heddle::trace
