// SPDX-License-Identifier: Apache-2.0
//
// The planner against a brute force that shares nothing with it: every order of the loops, every size of
// block and every depth at which a tensor can be held, each walked block by block, rows of the input as sets
// of bits.
#include <algorithm>
#include <array>
#include <bit>
#include <optional>

#include <catch2/catch.hpp>

#include "sim/base/error.h"
#include "tests/unit/memory/planned_network.h"

namespace {

using namespace heddle;

constexpr std::uint64_t kMetadata = 7;  // bytes, of every test layer

// One convolution of one group; 16-bit values; window sets of `columns` windows, passes of `rows` filters.
struct Conv {
  std::uint64_t channels, size, filters, kernel, stride, columns, rows;
  [[nodiscard]] std::uint64_t out() const { return (size + 2 * (kernel / 2) - kernel) / stride + 1; }
  [[nodiscard]] std::uint64_t windows() const { return out() * out(); }
  [[nodiscard]] std::uint64_t sets() const { return ceil_div(windows(), columns); }
  [[nodiscard]] std::uint64_t passes() const { return ceil_div(filters, rows); }
  [[nodiscard]] std::uint64_t bricks() const { return channels / 16; }
  [[nodiscard]] std::uint64_t weight_bytes() const { return filters * channels * kernel * kernel * 2; }
  // Rows of the input that window sets [begin, end) read, one bit each.
  [[nodiscard]] std::uint64_t rows_of(std::uint64_t begin, std::uint64_t end) const {
    std::uint64_t bits = 0;
    for (std::uint64_t w = begin * columns; w < std::min(end * columns, windows()); ++w) {
      for (std::uint64_t k = 0; k < kernel; ++k) {
        const std::uint64_t padded = w / out() * stride + k;
        if (padded >= kernel / 2 && padded - kernel / 2 < size)
          bits |= std::uint64_t{1} << (padded - kernel / 2);
      }
    }
    return bits;
  }
};

std::uint64_t count(std::uint64_t bits) {
  return static_cast<std::uint64_t>(std::popcount(bits));
}

struct Candidate {
  std::uint64_t bytes = 0;
  std::uint64_t activations = 0;
  std::uint64_t weights = 0;
};

constexpr std::size_t kFilters = 0;
constexpr std::size_t kWindows = 1;
constexpr std::size_t kChannels = 2;

// One order, one number of blocks of each loop, one depth of each tensor.
struct Nest {
  const Conv& conv;
  std::array<std::size_t, 3> order;
  std::array<std::uint64_t, 3> blocks;  // by loop
  std::uint64_t block_sets;
  std::size_t weights_depth, input_depth;
  bool spills;

  [[nodiscard]] bool is_inside(std::size_t loop, std::size_t depth) const {
    return std::find(order.begin(), order.begin() + depth, loop) != order.begin() + depth;
  }
  [[nodiscard]] std::uint64_t part(std::uint64_t all, std::uint64_t i, std::uint64_t n) const {
    return all * (i + 1) / n - all * i / n;
  }
  [[nodiscard]] std::uint64_t filters_in(std::uint64_t block) const {
    const std::uint64_t begin = conv.passes() * block / blocks[kFilters];
    const std::uint64_t end = conv.passes() * (block + 1) / blocks[kFilters];
    return std::min(end * conv.rows, conv.filters) - begin * conv.rows;
  }
  [[nodiscard]] std::uint64_t windows_in(std::uint64_t block) const {
    return std::min((block + 1) * block_sets * conv.columns, conv.windows()) -
           block * block_sets * conv.columns;
  }

  [[nodiscard]] Candidate walk() const;
};

std::uint64_t scaled_up(std::uint64_t all, std::uint64_t part, std::uint64_t whole) {
  return ceil_div(all * part, whole);
}

Candidate Nest::walk() const {
  std::array<std::uint64_t, 3> at{};  // outermost first
  std::array<std::uint64_t, 3> last{};
  bool is_first = true;
  std::uint64_t weights = 0, input = 0, held_rows = 0, last_input_room = 0, input_room = 0;
  std::vector<std::uint64_t> slices_done(blocks[kFilters] * blocks[kWindows], 0);
  std::uint64_t live_sums = 0, most_sums = 0;
  const auto changed = [&](std::size_t depth) {
    return is_first || !std::equal(at.begin(), at.begin() + depth, last.begin());
  };
  for (at[0] = 0; at[0] < blocks[order[0]]; ++at[0]) {
    for (at[1] = 0; at[1] < blocks[order[1]]; ++at[1]) {
      for (at[2] = 0; at[2] < blocks[order[2]]; ++at[2]) {
        std::array<std::uint64_t, 3> by{};
        for (std::size_t i = 0; i < 3; ++i) by[order[i]] = at[i];
        const std::uint64_t bricks = part(conv.bricks(), by[kChannels], blocks[kChannels]);
        if (changed(weights_depth)) {
          const auto f = is_inside(kFilters, weights_depth) ? filters_in(by[kFilters]) : conv.filters;
          const auto c = is_inside(kChannels, weights_depth) ? bricks : conv.bricks();
          weights += f * c * 16 * conv.kernel * conv.kernel * 2;
        }
        if (changed(input_depth)) {
          const bool by_windows = is_inside(kWindows, input_depth);
          const std::uint64_t first = by_windows ? by[kWindows] * block_sets : 0;
          const std::uint64_t end = by_windows ? first + block_sets : conv.sets();
          const std::uint64_t wanted = conv.rows_of(first, std::min(end, conv.sets()));
          const bool moves_on = !is_first && input_depth > 0 && order[input_depth - 1] == kWindows &&
                                std::equal(at.begin(), at.begin() + input_depth - 1, last.begin());
          const std::uint64_t row =
              conv.size * 2 * 16 * (is_inside(kChannels, input_depth) ? bricks : conv.bricks());
          input += count(wanted & ~(moves_on ? held_rows : 0)) * row;
          const std::uint64_t largest_row =
              conv.size * 2 * 16 *
              (is_inside(kChannels, input_depth) ? ceil_div(conv.bricks(), blocks[kChannels])
                                                 : conv.bricks());
          // Two blocks are held, rows of both once where the input moves on in no other loop.
          const std::uint64_t room = count(wanted) * largest_row;
          if (moves_on && input_depth == 1)
            input_room = std::max<std::uint64_t>(input_room, count(wanted | held_rows) * largest_row);
          else
            input_room = std::max(input_room, room);
          last_input_room = std::max(last_input_room, room);
          held_rows = wanted;
        }
        std::uint64_t& done = slices_done[by[kFilters] * blocks[kWindows] + by[kWindows]];
        const std::uint64_t sums = filters_in(by[kFilters]) * windows_in(by[kWindows]) * 4;
        if (blocks[kChannels] > 1 && done == 0) live_sums += sums;
        most_sums = std::max(most_sums, live_sums);
        if (++done == blocks[kChannels] && blocks[kChannels] > 1) live_sums -= sums;
        last = at;
        is_first = false;
      }
    }
  }
  const auto iterations = [&](std::size_t depth) {
    std::uint64_t n = 1;
    for (std::size_t i = 0; i < depth; ++i) n *= blocks[order[i]];
    return n;
  };
  const auto of_a_set = [&](std::uint64_t all) {
    return scaled_up(scaled_up(all, std::min(conv.columns, conv.windows()), conv.windows()),
                     std::min(conv.rows, conv.filters), conv.filters);
  };
  const std::uint64_t outputs = conv.filters * conv.windows() * 2;
  Candidate out;
  out.bytes = weights + kMetadata * (weights / conv.weight_bytes()) + input + outputs;
  const bool slides_alone = input_depth == 1 && order[0] == kWindows;
  if (iterations(input_depth) > 1 && !slides_alone) input_room = 2 * last_input_room;
  const std::uint64_t streamed = 2 * of_a_set(outputs);
  out.activations =
      input_room + (spills ? std::max(streamed, 2 * of_a_set(2 * outputs)) : streamed + most_sums);
  if (spills) out.bytes += 2 * outputs * 2 * (blocks[kChannels] - 1);
  const std::uint64_t all = conv.weight_bytes() + kMetadata;
  std::uint64_t block = all;
  if (is_inside(kFilters, weights_depth)) {
    std::uint64_t largest = 0;
    for (std::uint64_t f = 0; f < blocks[kFilters]; ++f) largest = std::max(largest, filters_in(f));
    block = scaled_up(all, largest, conv.filters);
  }
  if (is_inside(kChannels, weights_depth))
    block = scaled_up(block, ceil_div(conv.bricks(), blocks[kChannels]), conv.bricks());
  out.weights = iterations(weights_depth) > 1 ? std::min(all, 2 * block) : all;
  return out;
}

std::vector<Candidate> all_candidates(const Conv& conv) {
  std::vector<Candidate> out;
  for (std::uint64_t f = 1; f <= conv.passes(); ++f) {
    for (std::uint64_t sets = 1; sets <= conv.sets(); ++sets) {
      for (std::uint64_t c = 1; c <= conv.bricks(); ++c) {
        std::array<std::size_t, 3> order{kFilters, kWindows, kChannels};
        do {
          const std::array<std::uint64_t, 3> blocks{f, ceil_div(conv.sets(), sets), c};
          for (std::size_t w = 0; w <= 3; ++w) {
            for (std::size_t i = 0; i <= 3; ++i) {
              Nest nest{conv, order, blocks, sets, w, i, false};
              out.push_back(nest.walk());
              // Spilling helps where a loop inside that of the channels has more than one block.
              bool is_after = false;
              for (const auto loop : order) {
                if (is_after && blocks[loop] > 1) nest.spills = c > 1;
                is_after = is_after || loop == kChannels;
              }
              if (nest.spills) out.push_back(nest.walk());
            }
          }
        } while (std::next_permutation(order.begin(), order.end()));
      }
    }
  }
  return out;
}

Conv random_conv(Random& random) {
  const std::uint64_t kernel = random.chance(3) ? 1 : 3;
  return {.channels = 16 * (1 + random.below(4)),
          .size = 4 + random.below(8),
          .filters = 8 + random.below(60),
          .kernel = kernel,
          .stride = 1 + random.below(3),
          .columns = 4 + random.below(8),
          .rows = 16};
}

}  // namespace

TEST_CASE("no blocking moves fewer bytes than the planner's, by brute force") {
  std::vector<double> ratios;
  std::size_t refused = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Random random(seed, "brute force");
    const Conv conv = random_conv(random);
    const auto candidates = all_candidates(conv);
    const auto u32 = [](std::uint64_t n) { return static_cast<std::uint32_t>(n); };
    const test::PlannedNetwork n(
        test::network_of({test::conv("a", "image", u32(conv.channels), u32(conv.size), u32(conv.filters),
                                     u32(conv.kernel), u32(conv.stride))}),
        {1, u32(conv.rows), u32(conv.columns)});
    const std::uint64_t image = conv.channels * conv.size * conv.size * 2;
    for (int i = 0; i < 30; ++i) {
      const std::uint64_t activations = 64 + random.below(image * 5 / 4);
      const std::uint64_t weights = 64 + random.below(conv.weight_bytes() * 5 / 4);
      std::optional<std::uint64_t> best;
      for (const auto& c : candidates) {
        if (c.activations <= activations && c.weights <= weights && (!best || c.bytes < *best))
          best = c.bytes;
      }
      INFO("layer " << seed << ", " << activations << " and " << weights << " bytes");
      std::optional<std::uint64_t> planned;
      bool is_blocked = false;
      try {
        const auto plan = n.plan(Bytes(activations), Bytes(weights), true);
        planned = plan.bytes.count();
        is_blocked = plan.layers.front().blocking.order() != memory::LoopOrder::whole;
      } catch (const Error&) {
        ++refused;
      }
      REQUIRE(planned.has_value() == best.has_value());
      if (!best) continue;
      CHECK(*planned >= *best);
      if (is_blocked) ratios.push_back(static_cast<double>(*planned) / static_cast<double>(*best));
    }
  }
  std::sort(ratios.begin(), ratios.end());
  REQUIRE(ratios.size() > 600);
  CHECK(refused > 300);
  CHECK(ratios[ratios.size() / 2] == 1.0);
  CHECK(ratios.back() <= 1.02);
}
