// SPDX-License-Identifier: Apache-2.0
#include "models/tactical/hw/back_ends.h"

#include <algorithm>

namespace heddle::models::tactical {
namespace {

constexpr std::size_t kTracedOperands = arch::kLanes;  // in waveforms: the first ones

}  // namespace

void sc_trace(sc_core::sc_trace_file* file, const ParallelBackEnd::Word& word, const std::string& name) {
  for (std::size_t i = 0; i < kTracedOperands; ++i)
    sc_core::sc_trace(file, word.values[i], name + "_operand" + std::to_string(i));
  sc_core::sc_trace(file, word.control.last, name + "_last");
}

void trace_digits(sc_core::sc_trace_file* file, const std::array<hw::Digit, kMaxOperands>& digits,
                  const std::string& name) {
  for (std::size_t i = 0; i < kTracedOperands; ++i) {
    sc_core::sc_trace(file, digits[i].sign, name + "_sign" + std::to_string(i));
    sc_core::sc_trace(file, digits[i].offset, name + "_offset" + std::to_string(i));
  }
}

std::int64_t ParallelBackEnd::products(const Word& word, std::uint32_t row, const WeightColumn& column) {
  std::array<std::int64_t, arch::kLanes> tree{};
  for (std::size_t lane = 0; lane < arch::kLanes; ++lane) {
    const std::int16_t select = column.selects[row][lane];
    if (select != WeightColumn::kNothing)
      tree[lane] = std::int64_t{word.values[static_cast<std::size_t>(select)]} * column.weights[row][lane];
  }
  for (std::size_t width = arch::kLanes / 2; width > 0; width /= 2) {
    for (std::size_t i = 0; i < width; ++i) tree[i] += tree[i + width];
  }
  return tree[0];
}

template <std::uint32_t kSubwords>
std::int64_t SerialBackEnd<kSubwords>::products(const Word& word, std::uint32_t row,
                                                const WeightColumn& column) {
  std::int64_t sum = 0;
  const std::uint32_t subwords = kSubwords == 1 ? 1 : word.subwords_in_use;
  for (std::uint32_t k = 0; k < subwords; ++k) {
    const Wires& wires = word.subwords[k];
    std::int64_t tree = 0;
    for (std::size_t lane = 0; lane < arch::kLanes; ++lane) {
      const std::int16_t select = column.selects[row][lane];
      if (select == WeightColumn::kNothing) continue;
      const hw::Digit digit = wires.digits[static_cast<std::size_t>(select)];
      if (digit.sign == 0) continue;
      const std::int64_t shifted =
          std::int64_t{column.weights[row][lane]} * (std::int64_t{1} << digit.offset);
      tree += digit.sign < 0 ? -shifted : shifted;
    }
    sum += tree * wires.counts[column.shares > 1 ? row : 0];
  }
  return sum;
}

template <std::uint32_t kSubwords>
void SerialBackEnd<kSubwords>::Feed::begin(const Operands& operands) {
  values_ = operands.values;
  idle_ = operands.column->idle;
  cycle_ = 0;
  subwords_ = operands.subwords;
  code_ = hw::code_of(*operands.detector);
  shares_.resize(operands.column->shares);
  for (Share& share : shares_) share.operands.clear();
  for (std::size_t i = 0; i < values_.size(); ++i)
    shares_[operands.column->operands[i].share].operands.push_back(i);
  for (Share& share : shares_) {
    for (std::uint32_t k = 0; k < subwords_; ++k) begin_subword(share, k);
  }
}

template <std::uint32_t kSubwords>
void SerialBackEnd<kSubwords>::Feed::begin_subword(Share& share, std::uint32_t subword) {
  const hw::SubwordPlace place{subword, subwords_, model_.params().array.pe_width};
  if (is_precision()) {
    share.bits[subword] = hw::BitSerializer(code_, place);
    for (const std::size_t i : share.operands) share.bits[subword].see(values_[i]);
  } else {
    share.terms[subword].begin(place);
    for (const std::size_t i : share.operands) share.terms[subword].see(model_.params().encoder, values_[i]);
  }
}

template <std::uint32_t kSubwords>
bool SerialBackEnd<kSubwords>::Feed::send_bits(const Share& share, std::uint32_t subword,
                                               std::int32_t& counts, Wires& wires) const {
  const hw::BitSerializer& from = share.bits[subword];
  const hw::BitPlane plane = from.plane(cycle_);
  counts = plane.counts;
  for (const std::size_t i : share.operands) {
    const int digit = plane.counts == 0 ? 0 : plane.digit(values_[i]);
    wires.digits[i] = {static_cast<std::int8_t>(digit), 0};
  }
  return cycle_ + 1 >= from.planes();
}

template <std::uint32_t kSubwords>
bool SerialBackEnd<kSubwords>::Feed::send_terms(Share& share, std::uint32_t subword, std::int32_t& counts,
                                                Wires& wires) const {
  hw::TermSerializer& from = share.terms[subword];
  for (const std::size_t i : share.operands) wires.digits[i] = {};
  const bool has_more = from.step(model_.params().first_stage_bits, [&](std::size_t k, hw::Digit digit) {
    wires.digits[share.operands[k]] = digit;
  });
  counts = std::int32_t{1} << from.base();
  return !has_more;
}

template <std::uint32_t kSubwords>
bool SerialBackEnd<kSubwords>::Feed::next(Word& word) {
  if (idle_) return true;
  word.subwords_in_use = static_cast<std::uint8_t>(subwords_);
  bool is_last = true;
  for (std::size_t s = 0; s < shares_.size(); ++s) {
    for (std::uint32_t k = 0; k < subwords_; ++k) {
      Wires& wires = word.subwords[k];
      const bool is_done = is_precision() ? send_bits(shares_[s], k, wires.counts[s], wires)
                                          : send_terms(shares_[s], k, wires.counts[s], wires);
      is_last = is_last && is_done;
    }
  }
  ++cycle_;
  return is_last;
}

}  // namespace heddle::models::tactical

namespace heddle::models {

std::unique_ptr<hw::BitTrueArray> build_tactical(const arch::Accelerator& accelerator, const char* name) {
  const auto& model = dynamic_cast<const tactical::Tactical&>(accelerator);
  using tactical::PackedArray;
  if (model.params().back_end == tactical::BackEnd::parallel)
    return std::make_unique<PackedArray<tactical::ParallelBackEnd>>(name, model);
  // Buses of arrays that never compose are as narrow as they were: they are copied every cycle.
  if (model.params().array.pe_width >= model.params().array.container_bits)
    return std::make_unique<PackedArray<tactical::SerialBackEnd<1>>>(name, model);
  return std::make_unique<PackedArray<tactical::SerialBackEnd<arch::kMostSubwords>>>(name, model);
}

}  // namespace heddle::models
