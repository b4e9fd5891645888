// SPDX-License-Identifier: Apache-2.0
// The name of a benchmark states its items: values, bricks, steps, pairs or row-columns. Activations are
// synthetic values behind a ReLU (docs/synthetic-values.md).
#include <cstdint>
#include <vector>

#include <benchmark/benchmark.h>

#include "models/laconic/kernel/lane_products.h"
#include "models/laconic/kernel/queue_array.h"
#include "models/tactical/kernel/schedule.h"
#include "sim/base/random.h"
#include "sim/kernel/run_ahead.h"
#include "sim/kernel/shifter.h"
#include "sim/kernel/terms.h"
#include "sim/kernel/width.h"
#include "sim/trace/codec.h"
#include "tests/bench/drawn.h"

namespace {

using namespace heddle::kernel;  // NOLINT(google-build-using-namespace): a benchmark of this one namespace
namespace laconic = heddle::models::laconic;
namespace tactical = heddle::models::tactical;

constexpr std::size_t kBricks =
    4096;  // 256 KiB of values, which fit the second-level cache as a tile's blocks do
constexpr std::size_t kValues = kBricks * kBrick;

std::vector<std::int32_t> activations() {
  const auto layer =
      heddle::bench::reader({.channels = kBrick, .width = kBricks}, heddle::workload::Op::linear, 11, false);
  return heddle::bench::generator_of(layer).activations(layer, 0).values;
}

std::vector<std::uint8_t> counts(std::size_t size, std::uint64_t most) {
  heddle::Random random(2);
  std::vector<std::uint8_t> out(size);
  for (auto& c : out) c = static_cast<std::uint8_t>(random.below(most + 1));
  return out;
}

void items(benchmark::State& state, std::size_t each) {
  state.SetItemsProcessed(static_cast<std::int64_t>(each) * state.iterations());
}

void summarize_bricks_of(benchmark::State& state) {
  const auto values = activations();
  std::vector<GroupBits> out(kBricks);
  for (auto _ : state) {
    summarize_bricks(values, out);
    benchmark::ClobberMemory();
  }
  items(state, kBricks);
}
BENCHMARK(summarize_bricks_of)->Name("summarize_bricks/bricks");

void count_terms_of(benchmark::State& state) {
  const auto values = activations();
  std::vector<std::uint8_t> out(kValues);
  const auto encoder = static_cast<Encoder>(state.range(0));
  for (auto _ : state) {
    count_terms(encoder, values, out);
    benchmark::ClobberMemory();
  }
  state.SetLabel(std::string(name_of(encoder)));
  items(state, kValues);
}
BENCHMARK(count_terms_of)->Name("count_terms/values")->DenseRange(0, 3);

void exponents_of(benchmark::State& state) {
  const auto values = activations();
  std::vector<std::uint32_t> out(kValues);
  for (auto _ : state) {
    term_exponents(Encoder::naf, values, out);
    benchmark::ClobberMemory();
  }
  items(state, kValues);
}
BENCHMARK(exponents_of)->Name("term_exponents naf/values");

void brick_cycles_of(benchmark::State& state) {
  std::vector<std::uint32_t> masks(kValues);
  term_exponents(Encoder::naf, activations(), masks);
  std::vector<std::uint8_t> out(kBricks);
  for (auto _ : state) {
    brick_cycles(masks, static_cast<unsigned>(state.range(0)), out);
    benchmark::ClobberMemory();
  }
  items(state, kBricks);
}
BENCHMARK(brick_cycles_of)->Name("brick_cycles/bricks, by first-stage bits")->DenseRange(0, 4);

void column_cycles_of(benchmark::State& state) {
  std::vector<std::uint32_t> masks(kValues);
  term_exponents(Encoder::naf, activations(), masks);
  const auto lanes = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    unsigned total = 0;
    for (std::size_t at = 0; at < kValues; at += lanes)
      total += column_cycles(std::span(masks).subspan(at, lanes), 2);
    benchmark::DoNotOptimize(total);
  }
  items(state, kValues / lanes);
}
BENCHMARK(column_cycles_of)->Name("column_cycles/columns, by lanes")->Arg(16)->Arg(48)->Arg(256);

void barrier_steps_of(benchmark::State& state) {
  const auto weights = counts(kValues, 5);
  const auto inputs = counts(kValues, 7);
  std::vector<std::uint16_t> steps(kBricks);
  for (auto _ : state) {
    laconic::barrier_steps(weights, inputs, steps);
    benchmark::DoNotOptimize(steps.data());
    benchmark::ClobberMemory();
  }
  items(state, kBricks);
}
BENCHMARK(barrier_steps_of)->Name("barrier_steps/steps");

void pair_and_queue_of(benchmark::State& state) {
  const auto weights = counts(64 * 8 * kBrick, 5);
  const auto inputs = counts(64 * 16 * kBrick, 7);
  std::vector<std::uint16_t> pairs(8 * 16);
  const auto depth = static_cast<std::uint32_t>(state.range(0));
  for (auto _ : state) {
    laconic::QueueArray array(8, 16, depth);
    for (std::size_t s = 0; s < 64; ++s) {
      laconic::pair_steps(std::span(weights).subspan(s * 8 * kBrick, 8 * kBrick),
                          std::span(inputs).subspan(s * 16 * kBrick, 16 * kBrick), pairs);
      array.step(pairs);
    }
    benchmark::DoNotOptimize(array.finish_cycles());
  }
  items(state, 64 * 8 * 16);
}
BENCHMARK(pair_and_queue_of)
    ->Name("pair_steps and laconic::QueueArray/pairs, by depth")
    ->Arg(1)
    ->Arg(4)
    ->Arg(laconic::QueueArray::kUnlimited);

void max_terms_of(benchmark::State& state) {
  const auto all = counts(kValues, 8);
  std::vector<std::uint8_t> maxima(kValues / 16);
  for (auto _ : state) {
    max_terms_per_lane(all, maxima);
    benchmark::ClobberMemory();
  }
  items(state, kValues);
}
BENCHMARK(max_terms_of)->Name("max_terms_per_lane/counts");

void run_ahead_of(benchmark::State& state) {
  const auto cycles = counts(16 * 256, 9);
  std::vector<std::uint32_t> steps(cycles.begin(), cycles.end());
  for (auto& c : steps) ++c;
  for (auto _ : state) {
    RunAhead model(16, static_cast<std::uint32_t>(state.range(0)));
    for (std::size_t k = 0; k < 256; ++k) model.step(std::span(steps).subspan(k * 16, 16));
    benchmark::DoNotOptimize(model.finish_cycles());
  }
  items(state, 256);
}
BENCHMARK(run_ahead_of)
    ->Name("RunAhead/steps of 16, by registers")
    ->Arg(0)
    ->Arg(1)
    ->Arg(RunAhead::kUnlimited);

void schedule_of(benchmark::State& state) {
  heddle::Random random(3);
  constexpr std::size_t kRows = 16;
  constexpr std::size_t kColumns = 576;
  std::vector<std::uint16_t> masks(kRows * kColumns);
  const auto percent = static_cast<std::uint64_t>(state.range(0));
  for (auto& m : masks) {
    for (unsigned l = 0; l < 16; ++l)
      m = static_cast<std::uint16_t>(m | (random.below(100) < percent ? 1U << l : 0U));
  }
  const tactical::Pattern pattern = tactical::Pattern::parse(state.range(1) == 0 ? "T<2,5>" : "X<inf,15>");
  const tactical::ScheduleOptions options{.keep_slots = state.range(2) != 0};
  for (auto _ : state) benchmark::DoNotOptimize(tactical::schedule(masks, kRows, pattern, options).size());
  items(state, masks.size());
}
BENCHMARK(schedule_of)
    ->Name("schedule/row-columns, by density percent, X, slots kept")
    ->ArgsProduct({{0, 10, 30, 50, 100}, {0}, {0, 1}})
    ->Args({10, 1, 0});

void codec_size_of(benchmark::State& state) {
  const auto values = activations();
  for (auto _ : state) benchmark::DoNotOptimize(heddle::trace::codec_size({16, false}, values, 64));
  items(state, kBricks);
}
BENCHMARK(codec_size_of)->Name("codec_size/bricks");

void codec_round_trip_of(benchmark::State& state) {
  auto values = activations();
  for (auto _ : state) {
    const auto stream =
        heddle::trace::encode_groups({16, false}, heddle::trace::GroupForm::zero_vector, values, 64);
    heddle::trace::decode_groups({16, false}, heddle::trace::GroupForm::zero_vector, stream, values, 64);
  }
  items(state, kBricks);
}
BENCHMARK(codec_round_trip_of)->Name("encode_groups + decode_groups/bricks");

}  // namespace
