// SPDX-License-Identifier: Apache-2.0
#include "sim/kernel/terms.h"

#include <algorithm>
#include <vector>

#include "sim/base/error.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sim/kernel/terms.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace heddle::kernel::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using namespace hwy::HWY_NAMESPACE;  // the names that recode-inl.h asks for

#include "sim/kernel/recode-inl.h"  // NOLINT(bugprone-suspicious-include)

constexpr std::uint32_t kEvenBits = 0x55555555U;

template <Encoder encoder, class D>
HWY_INLINE hn::Vec<D> Exponents(D d, const std::int32_t* values) {
  const auto x = hn::BitCast(d, hn::Abs(hn::LoadU(hn::RebindToSigned<D>(), values)));
  const auto digits = Recode<encoder>(x, hn::Set(d, kEvenBits));
  return hn::Or(digits.positive, digits.negative);
}

// The values that do not fill a vector are copied and padded with zeros, which have no terms.
template <Encoder encoder, class D, class Sink>
HWY_INLINE void ForEachVector(D d, const std::int32_t* values, std::size_t count, Sink sink) {
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) sink(Exponents<encoder>(d, values + i), i, lanes);
  // Vectors of one lane leave no rest; without this test g++ 12 warns about the copies below.
  if (hn::MaxLanes(D()) == 1 || i == count) return;
  HWY_ALIGN std::int32_t rest[hn::MaxLanes(D())] = {};
  std::copy(values + i, values + count, rest);
  sink(Exponents<encoder>(d, rest), i, count - i);
}

template <Encoder encoder>
void ExponentsOf(const std::int32_t* values, std::size_t count, std::uint32_t* out) {
  const hn::ScalableTag<std::uint32_t> d;
  ForEachVector<encoder>(d, values, count, [&](auto masks, std::size_t at, std::size_t used) HWY_ATTR {
    if (used == hn::Lanes(d)) return hn::StoreU(masks, d, out + at);
    HWY_ALIGN std::uint32_t rest[hn::MaxLanes(d)];
    hn::Store(masks, d, rest);
    std::copy(rest, rest + used, out + at);
  });
}

template <Encoder encoder>
void CountsOf(const std::int32_t* values, std::size_t count, std::uint8_t* out) {
  const hn::ScalableTag<std::uint32_t> d;
  const hn::Rebind<std::uint8_t, decltype(d)> bytes;
  const hn::RebindToSigned<decltype(d)> ints;
  ForEachVector<encoder>(d, values, count, [&](auto masks, std::size_t at, std::size_t used) HWY_ATTR {
    const auto counts = hn::DemoteTo(bytes, hn::BitCast(ints, hn::PopulationCount(masks)));
    if (used == hn::Lanes(d)) return hn::StoreU(counts, bytes, out + at);
    HWY_ALIGN std::uint8_t rest[hn::MaxLanes(d)];
    hn::StoreU(counts, bytes, rest);
    std::copy(rest, rest + used, out + at);
  });
}

// Tables in the order of kEncoders: the encoder is chosen once per call, not once per vector.
using ExponentsFn = void (*)(const std::int32_t*, std::size_t, std::uint32_t*);
using CountsFn = void (*)(const std::int32_t*, std::size_t, std::uint8_t*);

ExponentsFn PickExponents(Encoder encoder) {
  constexpr std::array<ExponentsFn, 4> kFns{ExponentsOf<Encoder::raw>, ExponentsOf<Encoder::naf>,
                                            ExponentsOf<Encoder::booth4>, ExponentsOf<Encoder::ioe>};
  return kFns[static_cast<std::size_t>(encoder)];
}
CountsFn PickCounts(Encoder encoder) {
  constexpr std::array<CountsFn, 4> kFns{CountsOf<Encoder::raw>, CountsOf<Encoder::naf>,
                                         CountsOf<Encoder::booth4>, CountsOf<Encoder::ioe>};
  return kFns[static_cast<std::size_t>(encoder)];
}
void MaxInto(const std::uint8_t* HWY_RESTRICT counts, std::size_t size, std::uint8_t* HWY_RESTRICT maxima) {
  const hn::ScalableTag<std::uint8_t> d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= size; i += lanes) {
    hn::StoreU(hn::Max(hn::LoadU(d, counts + i), hn::LoadU(d, maxima + i)), d, maxima + i);
  }
  for (; i < size; ++i) maxima[i] = std::max(maxima[i], counts[i]);
}

}  // namespace heddle::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace heddle::kernel {
namespace scalar {

constexpr std::uint32_t And(std::uint32_t a, std::uint32_t b) {
  return a & b;
}
constexpr std::uint32_t Or(std::uint32_t a, std::uint32_t b) {
  return a | b;
}
constexpr std::uint32_t Xor(std::uint32_t a, std::uint32_t b) {
  return a ^ b;
}
constexpr std::uint32_t Not(std::uint32_t a) {
  return ~a;
}
constexpr std::uint32_t AndNot(std::uint32_t a, std::uint32_t b) {
  return ~a & b;
}
constexpr std::uint32_t Add(std::uint32_t a, std::uint32_t b) {
  return a + b;
}
template <int kBits>
constexpr std::uint32_t ShiftLeft(std::uint32_t a) {
  return a << kBits;
}
template <int kBits>
constexpr std::uint32_t ShiftRight(std::uint32_t a) {
  return a >> kBits;
}

#include "sim/kernel/recode-inl.h"  // NOLINT(bugprone-suspicious-include,readability-duplicate-include)

template <Encoder encoder>
TermMasks masks(std::uint32_t magnitude) {
  const auto digits = Recode<encoder>(magnitude, 0x55555555U);
  return {digits.positive, digits.negative};
}

}  // namespace scalar

HWY_EXPORT(PickExponents);
HWY_EXPORT(PickCounts);
HWY_EXPORT(MaxInto);

namespace {

constexpr std::array<std::string_view, 4> kNames{"raw", "naf", "booth4", "ioe"};

struct Tables {
  explicit Tables(Encoder encoder) : counts(kMaxMagnitude + 1), exponents(kMaxMagnitude + 1) {
    for (std::uint32_t m = 0; m <= kMaxMagnitude; ++m) {
      exponents[m] = recode(encoder, m).exponents();
      counts[m] = static_cast<std::uint8_t>(std::popcount(exponents[m]));
    }
  }
  std::vector<std::uint8_t> counts;
  std::vector<std::uint32_t> exponents;
};

const Tables& tables(Encoder encoder) {
  static const std::array<Tables, 4> all{Tables(Encoder::raw), Tables(Encoder::naf), Tables(Encoder::booth4),
                                         Tables(Encoder::ioe)};
  return all[static_cast<std::size_t>(encoder)];
}

}  // namespace

std::string_view name_of(Encoder encoder) {
  return kNames[static_cast<std::size_t>(encoder)];
}

std::vector<std::string> encoder_names() {
  return {kNames.begin(), kNames.end()};
}

std::optional<Encoder> encoder_named(std::string_view name) {
  for (const Encoder encoder : kEncoders) {
    if (name_of(encoder) == name) return encoder;
  }
  return std::nullopt;
}

TermMasks recode(Encoder encoder, std::uint32_t magnitude) {
  switch (encoder) {
    case Encoder::raw:
      return scalar::masks<Encoder::raw>(magnitude);
    case Encoder::naf:
      return scalar::masks<Encoder::naf>(magnitude);
    case Encoder::booth4:
      return scalar::masks<Encoder::booth4>(magnitude);
    case Encoder::ioe:
      return scalar::masks<Encoder::ioe>(magnitude);
  }
  return {};
}

TermList::TermList(TermMasks masks) {
  for (std::uint32_t rest = masks.exponents(); rest != 0; rest &= rest - 1) {
    const auto exponent = static_cast<std::uint8_t>(std::countr_zero(rest));
    terms_[size_++] = {exponent, ((masks.negative >> exponent) & 1U) != 0};
  }
}

std::span<const std::uint8_t> term_count_table(Encoder encoder) {
  return tables(encoder).counts;
}
std::span<const std::uint32_t> exponent_table(Encoder encoder) {
  return tables(encoder).exponents;
}

unsigned most_terms(Encoder encoder, unsigned bits) {
  const auto counts = term_count_table(encoder).first(std::size_t{1} << bits);
  return *std::max_element(counts.begin(), counts.end());
}

void count_terms(Encoder encoder, std::span<const std::int32_t> values, std::span<std::uint8_t> out) {
  HEDDLE_CHECK(values.size() == out.size(), "one count per value");
  HWY_DYNAMIC_DISPATCH(PickCounts)(encoder)(values.data(), values.size(), out.data());
}

void term_exponents(Encoder encoder, std::span<const std::int32_t> values, std::span<std::uint32_t> out) {
  HEDDLE_CHECK(values.size() == out.size(), "one mask per value");
  HWY_DYNAMIC_DISPATCH(PickExponents)(encoder)(values.data(), values.size(), out.data());
}

void max_terms_per_lane(std::span<const std::uint8_t> counts, std::span<std::uint8_t> maxima) {
  std::fill(maxima.begin(), maxima.end(), std::uint8_t{0});
  if (counts.empty()) return;
  HEDDLE_CHECK(!maxima.empty() && counts.size() % maxima.size() == 0, "rows have equal lengths");
  for (std::size_t at = 0; at < counts.size(); at += maxima.size()) {
    HWY_DYNAMIC_DISPATCH(MaxInto)(counts.data() + at, maxima.size(), maxima.data());
  }
}

}  // namespace heddle::kernel
#endif  // HWY_ONCE
