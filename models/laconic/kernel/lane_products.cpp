// SPDX-License-Identifier: Apache-2.0
#include "models/laconic/kernel/lane_products.h"

#include <algorithm>
#include <array>

#include "sim/base/error.h"
#include "sim/kernel/width.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "models/laconic/kernel/lane_products.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace heddle::models::laconic::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr std::size_t kSteps = 8;  // steps that one reduction tree serves

#if HWY_TARGET == HWY_SCALAR

// out[s] of kSteps steps; the weights advance by weight_stride bytes per step, 0 where one brick meets many.
void EightSteps(const std::uint8_t* weights, std::size_t weight_stride, const std::uint8_t* activations,
                std::uint16_t* out) {
  for (std::size_t s = 0; s < kSteps; ++s) {
    int most = 1;
    for (std::size_t l = 0; l < kernel::kBrick; ++l) {
      most = std::max(most, int{weights[s * weight_stride + l]} * activations[s * kernel::kBrick + l]);
    }
    out[s] = static_cast<std::uint16_t>(most);
  }
}

#else

using Counts = hn::FixedTag<std::uint16_t, 8>;

// The products of one step. Lanes l and l + 8 are already merged.
HWY_INLINE hn::Vec<Counts> Products(const std::uint8_t* weights, const std::uint8_t* activations) {
  const Counts d;
  const hn::FixedTag<std::uint8_t, 8> bytes;
  const auto product = [&](std::size_t at) HWY_ATTR {
    return hn::Mul(hn::PromoteTo(d, hn::LoadU(bytes, weights + at)),
                   hn::PromoteTo(d, hn::LoadU(bytes, activations + at)));
  };
  return hn::Max(product(0), product(8));
}

// Interleaving two vectors and taking the maximum of the halves halves both at once: three levels turn eight
// vectors into the vector of their eight maxima, in order.
template <class D>
HWY_INLINE hn::Vec<Counts> MaxOfPairs(D d, hn::Vec<Counts> a, hn::Vec<Counts> b) {
  const Counts counts;
  const auto x = hn::BitCast(d, a);
  const auto y = hn::BitCast(d, b);
  return hn::Max(hn::BitCast(counts, hn::InterleaveLower(d, x, y)),
                 hn::BitCast(counts, hn::InterleaveUpper(d, x, y)));
}

void EightSteps(const std::uint8_t* weights, std::size_t weight_stride, const std::uint8_t* activations,
                std::uint16_t* out) {
  const Counts d;
  const hn::FixedTag<std::uint32_t, 4> d2;
  const hn::FixedTag<std::uint64_t, 2> d4;
  const auto products = [&](std::size_t s) HWY_ATTR {
    return Products(weights + s * weight_stride, activations + s * kernel::kBrick);
  };
  const auto v01 = MaxOfPairs(d, products(0), products(1));
  const auto v23 = MaxOfPairs(d, products(2), products(3));
  const auto v45 = MaxOfPairs(d, products(4), products(5));
  const auto v67 = MaxOfPairs(d, products(6), products(7));
  const auto most = MaxOfPairs(d4, MaxOfPairs(d2, v01, v23), MaxOfPairs(d2, v45, v67));
  hn::StoreU(hn::Max(most, hn::Set(d, 1)), d, out);
}

#endif

// The last steps, fewer than eight, read copies padded with zeros.
void Steps(const std::uint8_t* weights, std::size_t weight_stride, const std::uint8_t* activations,
           std::size_t steps, std::uint16_t* out) {
  std::size_t s = 0;
  for (; s + kSteps <= steps; s += kSteps) {
    EightSteps(weights + s * weight_stride, weight_stride, activations + s * kernel::kBrick, out + s);
  }
  if (s == steps) return;
  std::array<std::uint8_t, kSteps * kernel::kBrick> w{};
  std::array<std::uint8_t, kSteps * kernel::kBrick> a{};
  std::array<std::uint16_t, kSteps> rest;
  for (std::size_t k = s; k < steps; ++k) {
    std::copy_n(weights + k * weight_stride, kernel::kBrick,
                w.begin() + static_cast<std::ptrdiff_t>((k - s) * kernel::kBrick));
    std::copy_n(activations + k * kernel::kBrick, kernel::kBrick,
                a.begin() + static_cast<std::ptrdiff_t>((k - s) * kernel::kBrick));
  }
  EightSteps(w.data(), kernel::kBrick, a.data(), rest.data());
  std::copy_n(rest.begin(), steps - s, out + s);
}

}  // namespace heddle::models::laconic::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace heddle::models::laconic {

HWY_EXPORT(Steps);

void barrier_steps(std::span<const std::uint8_t> weights, std::span<const std::uint8_t> activations,
                   std::span<std::uint16_t> out) {
  HEDDLE_CHECK(weights.size() == out.size() * kernel::kBrick && activations.size() == weights.size(),
               "16 lanes per step");
  HWY_DYNAMIC_DISPATCH(Steps)(weights.data(), kernel::kBrick, activations.data(), out.size(), out.data());
}

void pair_steps(std::span<const std::uint8_t> weights, std::span<const std::uint8_t> activations,
                std::span<std::uint16_t> out) {
  const std::size_t rows = weights.size() / kernel::kBrick;
  const std::size_t columns = activations.size() / kernel::kBrick;
  HEDDLE_CHECK(weights.size() % kernel::kBrick == 0 && activations.size() % kernel::kBrick == 0,
               "16 lanes per brick");
  HEDDLE_CHECK(out.size() == rows * columns, "one count per element");
  for (std::size_t i = 0; i < rows; ++i) {
    HWY_DYNAMIC_DISPATCH(Steps)
    (weights.data() + i * kernel::kBrick, 0, activations.data(), columns, out.data() + i * columns);
  }
}

}  // namespace heddle::models::laconic
#endif  // HWY_ONCE
