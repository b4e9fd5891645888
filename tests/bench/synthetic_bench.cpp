// SPDX-License-Identifier: Apache-2.0
// The generator of synthetic values; its items are values. One thread.
#include <benchmark/benchmark.h>

#include "sim/base/parallel.h"
#include "tests/bench/drawn.h"

namespace {

using namespace heddle;

void draw_weights(benchmark::State& state) {
  const ThreadLimit limit(1);
  const auto layer = bench::reader({.channels = 4096, .filters = 256}, workload::Op::linear, 11, true);
  const auto generator = bench::generator_of(layer);
  for (auto _ : state) benchmark::DoNotOptimize(generator.weights(layer, 0).values.data());
  state.SetItemsProcessed(static_cast<std::int64_t>(layer.geometry.weights()) * state.iterations());
}
BENCHMARK(draw_weights)->Name("synthetic_weights/values");

void draw_activations(benchmark::State& state) {
  const ThreadLimit limit(1);
  const auto layer =
      bench::reader({.channels = 256, .height = 64, .width = 64}, workload::Op::conv2d, 9, false);
  const auto generator = bench::generator_of(layer);
  for (auto _ : state) benchmark::DoNotOptimize(generator.activations(layer, 0).values.data());
  state.SetItemsProcessed(static_cast<std::int64_t>(layer.geometry.input_values()) * state.iterations());
}
BENCHMARK(draw_activations)->Name("synthetic_activations/values");

}  // namespace
