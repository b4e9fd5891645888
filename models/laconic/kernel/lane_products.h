// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace heddle::models::laconic {

// Laconic (arXiv 1805.04513): a processing element multiplies 16 pairs term by term, one weight term and one
// activation term of each pair per cycle, so that lane l takes nW(l) * nA(l) cycles and a step takes
// max(1, max over the lanes). Term counts are bytes, 16 per brick; a count is at most 17.

// Barrier form: all rows and columns of the array step together, and
//   max over i, j, l of nW(i,l) * nA(j,l) = max over l of max_i nW(i,l) * max_j nA(j,l),
// so a step needs the lane maxima only (max_terms_per_lane). Step s pairs bytes 16 s .. 16 s + 15 of both.
// weights.size() == activations.size() == 16 * out.size().
void barrier_steps(std::span<const std::uint8_t> weights, std::span<const std::uint8_t> activations,
                   std::span<std::uint16_t> out);

// One step of a whole array: out[i * columns + j] = max(1, max over l of weights[16 i + l] * activations[16 j
// + l]).
void pair_steps(std::span<const std::uint8_t> weights, std::span<const std::uint8_t> activations,
                std::span<std::uint16_t> out);

}  // namespace heddle::models::laconic
