// SPDX-License-Identifier: Apache-2.0
//
// Speed of the bit-true arrays in PE-lane-cycles per second. A PE-lane-cycle is one cycle of one busy lane of
// a processing element. Items are effective lane-cycles as the counting path reports them.
#include <map>
#include <memory>
#include <string>

#include <benchmark/benchmark.h>

#include "models/catalogue.h"
#include "models/hw_catalogue.h"
#include "sim/base/random.h"
#include "tests/support/random_layer.h"
#include "tests/support/variants.h"

namespace {

using namespace heddle;

struct Subject {
  std::unique_ptr<arch::Accelerator> accelerator;
  std::unique_ptr<hw::BitTrueArray> array;
};

// SystemC elaborates once, so all arrays are built before the first benchmark runs.
std::map<std::string, Subject>& subjects() {
  static std::map<std::string, Subject> all;
  return all;
}

void run(benchmark::State& state, const std::string& name) {
  const Subject& subject = subjects().at(name);
  Random random(1);
  const auto layer = test::convolution(random, 64, 10, 32, 3, 8, 8, false);
  const test::MappedCase mapped(layer, *subject.accelerator, {});
  const auto block = arch::whole_layer(mapped.input().mapping);
  const auto prepared = subject.accelerator->prepare(mapped.input());
  const auto cost = subject.accelerator->price(mapped.input(), *prepared, block);
  hw::Reducer reducer;
  for (auto _ : state) benchmark::DoNotOptimize(subject.array->execute(mapped.input(), block, reducer));
  state.SetItemsProcessed(static_cast<std::int64_t>(cost.lanes.effective.count()) *
                          static_cast<std::int64_t>(state.iterations()));
}

}  // namespace

namespace heddle::bench {

void register_bit_true() {
  for (const auto& model : models::catalogue()) {
    if (!model.has_elements) continue;
    auto accelerator = test::make_accelerator(model, config::Json::object());
    auto array = models::build_array(model.name, *accelerator, ("bench_" + model.name).c_str());
    subjects()[model.name] = {std::move(accelerator), std::move(array)};
    benchmark::RegisterBenchmark(("bit_true_" + model.name).c_str(),
                                 [name = model.name](benchmark::State& state) { run(state, name); });
  }
}

}  // namespace heddle::bench
