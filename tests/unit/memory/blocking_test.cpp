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

constexpr std::uint64_t kMetadata = 7;  // bytes, of every test layer; takes room and is not compared

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

std::uint64_t scaled_up(std::uint64_t all, std::uint64_t part, std::uint64_t whole) {
  return ceil_div(all * part, whole);
}

using Indices = std::array<std::uint64_t, 3>;

// One order, one number of blocks of each loop, one depth of each tensor.
struct Nest {
  const Conv& conv;
  std::array<std::size_t, 3> order;
  Indices blocks;  // by loop
  std::uint64_t block_sets;
  std::size_t weights_depth, input_depth;
  bool spills;
  std::uint64_t held;  // of the blocks of weights that each window block needs so many stay

  [[nodiscard]] bool is_inside(std::size_t loop, std::size_t depth) const {
    return std::find(order.begin(), order.begin() + depth, loop) != order.begin() + depth;
  }
  [[nodiscard]] std::uint64_t bricks_in(std::uint64_t slice) const {
    const std::uint64_t n = blocks[kChannels];
    return conv.bricks() * (slice + 1) / n - conv.bricks() * slice / n;
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
  [[nodiscard]] std::uint64_t iterations(std::size_t from, std::size_t depth) const {
    std::uint64_t n = 1;
    for (std::size_t i = from; i < depth; ++i) n *= blocks[order[i]];
    return n;
  }
  [[nodiscard]] std::size_t windows_at() const {
    return static_cast<std::size_t>(std::find(order.begin(), order.end(), kWindows) - order.begin());
  }
  // Blocks of weights that each window block loads again.
  [[nodiscard]] std::uint64_t repeated() const {
    return is_inside(kWindows, weights_depth) ? iterations(windows_at() + 1, weights_depth) : 1;
  }
  [[nodiscard]] std::uint64_t largest_weight_block() const {
    std::uint64_t block = conv.weight_bytes() + kMetadata;
    if (is_inside(kFilters, weights_depth)) {
      std::uint64_t largest = 0;
      for (std::uint64_t f = 0; f < blocks[kFilters]; ++f) largest = std::max(largest, filters_in(f));
      block = scaled_up(block, largest, conv.filters);
    }
    if (is_inside(kChannels, weights_depth))
      block = scaled_up(block, ceil_div(conv.bricks(), blocks[kChannels]), conv.bricks());
    return block;
  }
};

// Walks a nest and counts what is loaded and held.
class Walk {
 public:
  explicit Walk(const Nest& nest)
      : n_(nest), conv_(nest.conv), slices_done_(nest.blocks[kFilters] * nest.blocks[kWindows], 0) {}

  Candidate run() {
    for (at_[0] = 0; at_[0] < n_.blocks[n_.order[0]]; ++at_[0]) {
      for (at_[1] = 0; at_[1] < n_.blocks[n_.order[1]]; ++at_[1]) {
        for (at_[2] = 0; at_[2] < n_.blocks[n_.order[2]]; ++at_[2]) visit();
      }
    }
    return result();
  }

 private:
  void visit() {
    for (std::size_t i = 0; i < 3; ++i) by_[n_.order[i]] = at_[i];
    if (is_new(n_.weights_depth)) load_weights();
    if (is_new(n_.input_depth)) load_input();
    std::uint64_t& done = slices_done_[by_[kFilters] * n_.blocks[kWindows] + by_[kWindows]];
    const std::uint64_t sums = n_.filters_in(by_[kFilters]) * n_.windows_in(by_[kWindows]) * 4;
    const bool is_sliced = n_.blocks[kChannels] > 1;
    if (is_sliced && done == 0) live_sums_ += sums;
    most_sums_ = std::max(most_sums_, live_sums_);
    if (++done == n_.blocks[kChannels] && is_sliced) live_sums_ -= sums;
    last_ = at_;
    is_first_ = false;
  }
  [[nodiscard]] bool is_new(std::size_t depth) const {
    return is_first_ || !std::equal(at_.begin(), at_.begin() + depth, last_.begin());
  }

  void load_weights() {
    std::uint64_t number = 0;  // of the block among those of this window block
    for (std::size_t i = n_.windows_at() + 1; i < n_.weights_depth; ++i)
      number = number * n_.blocks[n_.order[i]] + at_[i];
    if (n_.is_inside(kWindows, n_.weights_depth) && by_[kWindows] > 0 && number < n_.held) return;
    const auto f = n_.is_inside(kFilters, n_.weights_depth) ? n_.filters_in(by_[kFilters]) : conv_.filters;
    const auto c = n_.is_inside(kChannels, n_.weights_depth) ? n_.bricks_in(by_[kChannels]) : conv_.bricks();
    weights_ += f * c * 16 * conv_.kernel * conv_.kernel * 2;
  }

  void load_input() {
    const bool by_windows = n_.is_inside(kWindows, n_.input_depth);
    const bool by_channels = n_.is_inside(kChannels, n_.input_depth);
    const std::uint64_t first = by_windows ? by_[kWindows] * n_.block_sets : 0;
    const std::uint64_t end = by_windows ? first + n_.block_sets : conv_.sets();
    const std::uint64_t wanted = conv_.rows_of(first, std::min(end, conv_.sets()));
    const bool moves_on = !is_first_ && n_.input_depth > 0 && n_.order[n_.input_depth - 1] == kWindows &&
                          std::equal(at_.begin(), at_.begin() + n_.input_depth - 1, last_.begin());
    const std::uint64_t brick_row = conv_.size * 2 * 16;
    input_ += count(wanted & ~(moves_on ? held_rows_ : 0)) * brick_row *
              (by_channels ? n_.bricks_in(by_[kChannels]) : conv_.bricks());
    const std::uint64_t row =
        brick_row * (by_channels ? ceil_div(conv_.bricks(), n_.blocks[kChannels]) : conv_.bricks());
    largest_pair_ = std::max(largest_pair_, count(wanted | (moves_on ? held_rows_ : 0)) * row);
    largest_block_ = std::max(largest_block_, count(wanted) * row);
    held_rows_ = wanted;
  }

  [[nodiscard]] std::uint64_t of_a_set(std::uint64_t all) const {
    return scaled_up(scaled_up(all, std::min(conv_.columns, conv_.windows()), conv_.windows()),
                     std::min(conv_.rows, conv_.filters), conv_.filters);
  }
  [[nodiscard]] Candidate result() const {
    const std::uint64_t outputs = conv_.filters * conv_.windows() * 2;
    const std::uint64_t spilled = n_.spills ? 2 * outputs * 2 * (n_.blocks[kChannels] - 1) : 0;
    // Two blocks are held, rows of both once where the input moves on in no other loop.
    std::uint64_t input_room = largest_block_;
    if (n_.iterations(0, n_.input_depth) > 1)
      input_room = n_.input_depth == 1 && n_.order[0] == kWindows ? largest_pair_ : 2 * largest_block_;
    const std::uint64_t streamed = 2 * of_a_set(outputs);
    const std::uint64_t all = conv_.weight_bytes() + kMetadata;
    const std::uint64_t reloaded = std::min(all, (2 + n_.held) * n_.largest_weight_block());
    return {.bytes = weights_ + input_ + outputs + spilled,
            .activations = input_room + (n_.spills ? std::max(streamed, 2 * of_a_set(2 * outputs))
                                                   : streamed + most_sums_),
            .weights = n_.iterations(0, n_.weights_depth) > 1 ? reloaded : all};
  }

  const Nest& n_;
  const Conv& conv_;
  Indices at_{}, last_{}, by_{};
  bool is_first_ = true;
  std::uint64_t weights_ = 0, input_ = 0, held_rows_ = 0, largest_block_ = 0, largest_pair_ = 0;
  std::vector<std::uint64_t> slices_done_;
  std::uint64_t live_sums_ = 0, most_sums_ = 0;
};

void add_candidates(Nest nest, std::vector<Candidate>& out) {
  // Spilling helps where a loop inside that of the channels has more than one block.
  bool is_after = false;
  bool may_spill = false;
  for (const auto loop : nest.order) {
    may_spill = may_spill || (is_after && nest.blocks[loop] > 1 && nest.blocks[kChannels] > 1);
    is_after = is_after || loop == kChannels;
  }
  for (nest.held = 0; nest.held == 0 || nest.held + 2 <= nest.repeated(); ++nest.held) {
    nest.spills = false;
    out.push_back(Walk(nest).run());
    nest.spills = true;
    if (may_spill) out.push_back(Walk(nest).run());
  }
}

std::vector<Candidate> all_candidates(const Conv& conv) {
  std::vector<Candidate> out;
  for (std::uint64_t f = 1; f <= conv.passes(); ++f) {
    for (std::uint64_t sets = 1; sets <= conv.sets(); ++sets) {
      for (std::uint64_t c = 1; c <= conv.bricks(); ++c) {
        std::array<std::size_t, 3> order{kFilters, kWindows, kChannels};
        do {
          for (std::size_t w = 0; w <= 3; ++w) {
            for (std::size_t i = 0; i <= 3; ++i)
              add_candidates({conv, order, {f, ceil_div(conv.sets(), sets), c}, sets, w, i, false, 0}, out);
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
        planned = (plan.bytes - plan.layers.front().blocking.bytes.metadata).count();
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
