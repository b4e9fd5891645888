// SPDX-License-Identifier: Apache-2.0
#include "models/tactical/hw/back_ends.h"

#include <algorithm>
#include <bit>

#include "sim/base/error.h"
#include "sim/kernel/shifter.h"

namespace heddle::models::tactical {
namespace {

constexpr std::size_t kTracedOperands = arch::kLanes;  // in waveforms: the first ones

}  // namespace

void sc_trace(sc_core::sc_trace_file* file, const ParallelBackEnd::Word& word, const std::string& name) {
  for (std::size_t i = 0; i < kTracedOperands; ++i)
    sc_core::sc_trace(file, word.values[i], name + "_operand" + std::to_string(i));
  sc_core::sc_trace(file, word.control.last, name + "_last");
}

void sc_trace(sc_core::sc_trace_file* file, const SerialBackEnd::Word& word, const std::string& name) {
  for (std::size_t i = 0; i < kTracedOperands; ++i) {
    sc_core::sc_trace(file, word.digits[i].sign, name + "_sign" + std::to_string(i));
    sc_core::sc_trace(file, word.digits[i].offset, name + "_offset" + std::to_string(i));
  }
  sc_core::sc_trace(file, word.bases[0], name + "_base");
  sc_core::sc_trace(file, word.control.last, name + "_last");
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

std::int64_t SerialBackEnd::products(const Word& word, std::uint32_t row, const WeightColumn& column) {
  std::int64_t tree = 0;
  for (std::size_t lane = 0; lane < arch::kLanes; ++lane) {
    const std::int16_t select = column.selects[row][lane];
    if (select == WeightColumn::kNothing) continue;
    const Digit digit = word.digits[static_cast<std::size_t>(select)];
    if (digit.sign == 0) continue;
    const std::int64_t shifted = std::int64_t{column.weights[row][lane]} * (std::int64_t{1} << digit.offset);
    tree += digit.sign < 0 ? -shifted : shifted;
  }
  const std::uint8_t base = word.bases[column.shares > 1 ? row : 0];
  return tree * (std::int64_t{1} << base);
}

void SerialBackEnd::Feed::begin(const Operands& operands) {
  values_ = operands.values;
  idle_ = operands.column->idle;
  cycle_ = 0;
  shares_.assign(operands.column->shares, Share{});
  for (std::size_t i = 0; i < values_.size(); ++i)
    shares_[operands.column->operands[i].share].operands.push_back(i);
  if (model_.params().back_end == BackEnd::precision) {
    detector_ = *operands.detector;
    for (Share& share : shares_) detect(share);
  } else {
    for (Share& share : shares_) recode(share);
  }
}

// Leading- and trailing-one detectors over the share's wires.
void SerialBackEnd::Feed::detect(Share& share) const {
  int high = -1;
  int low = 64;
  const bool dnnsim = detector_.rule == WidthRule::dnnsim;
  for (const std::size_t i : share.operands) {
    const std::int32_t x = values_[i];
    const std::int32_t folded = x < 0 ? ~x : x;
    for (int bit = 0; bit < 17; ++bit) {
      if ((folded >> bit & 1) != 0) high = std::max(high, bit);
      if (((dnnsim ? folded : x) >> bit & 1) != 0) low = std::min(low, bit);
    }
  }
  const auto sign = detector_.is_signed ? 1U : 0U;
  share.low = detector_.trim_low && low < 64 ? static_cast<std::uint32_t>(low) : 0;
  if (dnnsim) {
    // One's-complemented bits, then a cycle that takes 1 from each negative value: x = -(~x) - 1.
    if (high < 0) share.low = 0;
    share.planes = static_cast<std::uint32_t>(std::max(high, 0) + 1) - share.low;
    share.cycles = share.planes + sign;
    return;
  }
  // Two's complement: the plane above the highest bit is the sign's.
  const auto top = static_cast<std::uint32_t>(high + 1) + sign;
  share.planes = share.cycles = top > share.low ? top - share.low : 1;
}

void SerialBackEnd::Feed::recode(Share& share) const {
  for (const std::size_t i : share.operands) {
    const kernel::TermMasks terms = kernel::recode(model_.params().encoder, kernel::magnitude_of(values_[i]));
    share.exponents.push_back(terms.exponents());
    share.negatives.push_back(values_[i] < 0 ? terms.positive : terms.negative);
  }
}

void SerialBackEnd::Feed::send_bits(const Share& share, std::uint8_t& base, Word& word) const {
  const bool dnnsim = detector_.rule == WidthRule::dnnsim;
  const bool correction = dnnsim && cycle_ >= share.planes && cycle_ < share.cycles;
  const std::uint32_t place = share.low + cycle_;
  base = static_cast<std::uint8_t>(correction ? 0 : place);
  for (const std::size_t i : share.operands) {
    const std::int32_t x = values_[i];
    Digit digit;
    if (correction) {
      digit.sign = x < 0 ? -1 : 0;
    } else if (cycle_ < share.planes) {
      const bool bit = ((dnnsim && x < 0 ? ~x : x) >> place & 1) != 0;
      const bool negative = dnnsim ? x < 0 : detector_.is_signed && cycle_ + 1 == share.planes;
      digit.sign = bit ? (negative ? std::int8_t{-1} : std::int8_t{1}) : std::int8_t{0};
    }
    word.digits[i] = digit;
  }
}

bool SerialBackEnd::Feed::send_terms(Share& share, std::uint8_t& base, Word& word) const {
  std::vector<std::uint32_t> consumed(share.exponents.size());
  const auto lowest = kernel::shifter_step(share.exponents, model_.params().first_stage_bits, consumed);
  base = static_cast<std::uint8_t>(lowest.value_or(0));
  std::uint32_t left = 0;
  for (std::size_t k = 0; k < consumed.size(); ++k) {
    Digit& digit = word.digits[share.operands[k]];
    digit = {};
    left |= share.exponents[k];
    if (consumed[k] == 0) continue;
    digit.sign = (consumed[k] & share.negatives[k]) != 0 ? std::int8_t{-1} : std::int8_t{1};
    digit.offset = static_cast<std::uint8_t>(std::countr_zero(consumed[k]) - base);
    HEDDLE_CHECK(
        digit.offset < 1U << model_.params().first_stage_bits || model_.params().first_stage_bits > 4,
        "a term beyond the first-stage shifter's reach");
  }
  return left == 0;
}

bool SerialBackEnd::Feed::next(Word& word) {
  if (idle_) return true;
  bool last = true;
  for (std::size_t s = 0; s < shares_.size(); ++s) {
    Share& share = shares_[s];
    if (model_.params().back_end == BackEnd::terms) {
      last = send_terms(share, word.bases[s], word) && last;
    } else {
      send_bits(share, word.bases[s], word);
      last = last && cycle_ + 1 >= share.cycles;
    }
  }
  ++cycle_;
  return last;
}

}  // namespace heddle::models::tactical

namespace heddle::models {

std::unique_ptr<hw::BitTrueArray> build_tactical(const arch::Accelerator& accelerator, const char* name) {
  const auto& model = dynamic_cast<const tactical::Tactical&>(accelerator);
  model.require_bit_true();
  if (model.params().back_end == tactical::BackEnd::parallel) {
    return std::make_unique<tactical::PackedArray<tactical::ParallelBackEnd>>(name, model);
  }
  return std::make_unique<tactical::PackedArray<tactical::SerialBackEnd>>(name, model);
}

}  // namespace heddle::models
