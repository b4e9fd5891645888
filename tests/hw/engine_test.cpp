// SPDX-License-Identifier: Apache-2.0
#include "sim/hw/engine.h"

#include <deque>
#include <optional>

#include <catch2/catch.hpp>

#include "sim/base/error.h"
#include "tests/hw/random_work.h"

// No SECTION or GENERATE: both re-enter the case, and SystemC elaborates once a process. Many lists are
// many engines of one simulation.

namespace {

using namespace heddle;

constexpr std::uint64_t kTicksACycle = 1'000'000;  // 1 GHz in femtoseconds
constexpr std::uint64_t kLists = 200;

// The same pipeline as recurrences over max and plus, in femtoseconds; no processes, no queues.
class ClosedForm {
 public:
  ClosedForm(const arch::WorkList& list, const hw::MemoryConfig& memory)
      : list_(list), memory_(memory), times(list.layers) {
    for (std::uint32_t i = 0; i < list.items.size(); ++i) run_item(i);
    while (next_ < list.transfers.size()) move(list.transfers[next_++]);
  }

 private:
  static std::uint64_t edge(std::uint64_t at) { return ceil_div(at, kTicksACycle) * kTicksACycle; }
  static std::uint64_t span(std::uint64_t cycles) { return cycles * kTicksACycle; }
  static std::uint64_t busy(Bytes bytes, const hw::SramTiming& t) {
    return t.bytes_per_cycle == 0 ? 0 : ceil_div(bytes.count(), t.bytes_per_cycle);
  }

  void move(const arch::Transfer& t) {
    if (t.after > 0) handed_ = std::max(handed_, t.is_write ? reduced_[t.after - 1] : computed_[t.after - 1]);
    const std::uint64_t rate = memory_.ideal.bandwidth_mb_per_s;
    // bytes / (rate MB/s) in femtoseconds, rounded up; small enough here for one product.
    const std::uint64_t occupied = rate == 0 ? 0 : ceil_div(t.bytes.count() * 1'000'000'000, rate);
    bus_ = std::max(bus_, handed_) + occupied;
    std::uint64_t complete = edge(bus_ + memory_.ideal.latency_ns * 1'000'000);
    if (t.decode > Cycles(0))
      complete = decoded_ = std::max(complete, edge(std::max(decoded_, handed_)) + span(t.decode.count()));
    if (t.is_write) {
      stored_.push_back(complete);
    } else {
      auto& arrival = arrival_[t.item][static_cast<std::size_t>(arch::cause_of(t.tensor))];
      arrival = std::max(arrival.value_or(0), complete);
    }
  }

  void run_item(std::uint32_t i) {
    const arch::Work& work = list_.items[i];
    arrival_.resize(list_.items.size());
    while (next_ < list_.transfers.size() && list_.transfers[next_].after <= i)
      move(list_.transfers[next_++]);
    hw::LayerTime& time = times[work.layer];
    const std::uint64_t free = i > 0 ? computed_[i - 1] : 0;
    std::uint64_t now = free;
    const auto wait = [&](std::uint64_t until, Cycles& counter) {
      if (until > now) counter += Cycles((until - now) / kTicksACycle);
      now = std::max(now, until);
    };
    const auto slots = static_cast<std::uint32_t>(memory_.output_buffers);
    if (i >= slots) wait(reduced_[i - slots], time.stalls.outputs);
    for (std::uint32_t s = 0; s < work.stores_before; ++s) wait(stored_[s], time.stalls.outputs);
    const auto& arrival = arrival_[i];
    const auto latency = [&](arch::Cause cause, Cycles cycles) {
      const auto& at = arrival[static_cast<std::size_t>(cause)];
      return at ? *at + span(cycles.count()) : 0;
    };
    wait(latency(arch::Cause::weights, memory_.weight_timing.read_latency), time.stalls.weights);
    wait(latency(arch::Cause::partial_sums, Cycles(0)), time.stalls.partial_sums);
    wait(latency(arch::Cause::activations, memory_.activation_timing.read_latency), time.stalls.activations);
    time.compute += work.compute;
    const std::uint64_t weights = busy(work.weight_read, memory_.weight_timing);
    const std::uint64_t activations = busy(work.activation_read, memory_.activation_timing);
    const std::uint64_t longest = std::max({work.compute.count(), weights, activations});
    (weights > activations ? time.stalls.weights : time.stalls.activations) +=
        Cycles(longest - work.compute.count());
    computed_.push_back(now + span(longest));
    time.cycles += Cycles((computed_.back() - free) / kTicksACycle);
    std::uint64_t reducing = busy(work.output_written, memory_.activation_timing);
    if (work.output_written > Bytes(0)) reducing += memory_.activation_timing.write_latency.count();
    reduced_.push_back(std::max(computed_.back(), i > 0 ? reduced_[i - 1] : 0) + span(reducing));
  }

  const arch::WorkList& list_;
  const hw::MemoryConfig& memory_;
  std::size_t next_ = 0;
  std::uint64_t handed_ = 0;
  std::uint64_t bus_ = 0;
  std::uint64_t decoded_ = 0;
  std::vector<std::uint64_t> computed_;
  std::vector<std::uint64_t> reduced_;
  std::vector<std::uint64_t> stored_;
  std::vector<std::array<std::optional<std::uint64_t>, arch::kCauses>> arrival_;

 public:
  std::vector<hw::LayerTime> times;
};

struct Runs {
  std::deque<arch::WorkList> lists;
  std::deque<hw::MemoryConfig> memories;
  std::vector<hw::Job> jobs;
  void add(arch::WorkList list, hw::MemoryConfig memory) {
    lists.push_back(std::move(list));
    memories.push_back(std::move(memory));
    jobs.push_back({lists.back(), memories.back(), 1000});
  }
};

Cycles total(const hw::Timing& timing) {
  Cycles sum(0);
  for (const auto& layer : timing.layers) sum += layer.cycles;
  return sum;
}

}  // namespace

TEST_CASE("the pipeline equals its closed form on random work") {
  Runs runs;
  for (std::uint64_t seed = 0; seed < kLists; ++seed)
    runs.add(test::random_work(seed), test::random_memory(seed));
  const auto timings = hw::simulate(runs.jobs);
  for (std::size_t i = 0; i < timings.size(); ++i) {
    const ClosedForm expected(runs.lists[i], runs.memories[i]);
    for (std::size_t l = 0; l < expected.times.size(); ++l) {
      INFO("list " << i << " layer " << l);
      CHECK(timings[i].layers[l].cycles == expected.times[l].cycles);
      CHECK(timings[i].layers[l].compute == expected.times[l].compute);
      CHECK(timings[i].layers[l].stalls.weights == expected.times[l].stalls.weights);
      CHECK(timings[i].layers[l].stalls.activations == expected.times[l].stalls.activations);
      CHECK(timings[i].layers[l].stalls.partial_sums == expected.times[l].stalls.partial_sums);
      CHECK(timings[i].layers[l].stalls.outputs == expected.times[l].stalls.outputs);
    }
  }
}

TEST_CASE("every cycle is computing or a stall, and every byte is moved once") {
  Runs runs;
  for (std::uint64_t seed = 1000; seed < 1000 + kLists; ++seed)
    runs.add(test::random_work(seed), test::random_memory(seed));
  const auto timings = hw::simulate(runs.jobs);
  for (std::size_t i = 0; i < timings.size(); ++i) {
    const auto& list = runs.lists[i];
    std::vector<Cycles> compute(list.layers);
    for (const auto& work : list.items) compute[work.layer] += work.compute;
    for (std::size_t l = 0; l < list.layers; ++l) {
      const auto& time = timings[i].layers[l];
      CHECK(time.compute == compute[l]);
      CHECK(time.cycles == time.compute + result::sum_fields(time.stalls));
    }
    Bytes reads(0);
    Bytes writes(0);
    for (const auto& t : list.transfers) (t.is_write ? writes : reads) += t.bytes;
    CHECK(timings[i].off_chip_read == reads);
    CHECK(timings[i].off_chip_written == writes);
  }
}

TEST_CASE("the same work twice in one simulation takes the same time") {
  Runs runs;
  for (std::uint64_t seed = 0; seed < kLists; ++seed) {
    runs.add(test::random_work(seed), test::random_memory(seed));
    runs.add(test::random_work(seed), test::random_memory(seed));
  }
  const auto timings = hw::simulate(runs.jobs);
  for (std::size_t i = 0; i < timings.size(); i += 2) {
    for (std::size_t l = 0; l < timings[i].layers.size(); ++l) {
      CHECK(timings[i].layers[l].cycles == timings[i + 1].layers[l].cycles);
      CHECK(timings[i].layers[l].stalls.weights == timings[i + 1].layers[l].stalls.weights);
    }
  }
}

TEST_CASE("without memory a run takes what computing takes") {
  Runs runs;
  for (std::uint64_t seed = 0; seed < kLists; ++seed) {
    auto list = test::random_work(seed);
    list.transfers.clear();
    for (auto& work : list.items) work.stores_before = 0;
    runs.add(std::move(list), {});
  }
  const auto timings = hw::simulate(runs.jobs);
  for (std::size_t i = 0; i < timings.size(); ++i) {
    Cycles compute(0);
    for (const auto& work : runs.lists[i].items) compute += work.compute;
    CHECK(total(timings[i]) == compute);
  }
}

TEST_CASE("more bandwidth of an ideal memory never adds a cycle") {
  Runs runs;
  const std::vector<std::uint64_t> rates{100, 137, 1000, 1001, 5000, 12800, 100000, 0};
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    for (const auto rate : rates) {
      auto memory = test::random_memory(seed);
      memory.ideal.bandwidth_mb_per_s = rate;
      runs.add(test::random_work(seed), memory);
    }
  }
  const auto timings = hw::simulate(runs.jobs);
  for (std::size_t i = 1; i < timings.size(); ++i) {
    if (i % rates.size() == 0) continue;
    INFO("list " << i / rates.size() << ", " << rates[i % rates.size()] << " MB/s");
    CHECK(total(timings[i]) <= total(timings[i - 1]));
  }
}

TEST_CASE("a list that could never end is refused before it is simulated") {
  auto list = test::random_work(1);
  list.transfers = {{0, 1, arch::Tensor::weights, false, 0, Bytes(4), Cycles(0)}};
  CHECK_THROWS_AS(arch::check_work_list(list), Error);
  list.transfers = {{0, 0, arch::Tensor::output_activations, true, 0, Bytes(4), Cycles(0)}};
  CHECK_THROWS_AS(arch::check_work_list(list), Error);
  list.transfers = {{2, 3, arch::Tensor::output_activations, true, 0, Bytes(4), Cycles(0)},
                    {1, 0, arch::Tensor::weights, false, 0, Bytes(4), Cycles(0)}};
  CHECK_THROWS_AS(arch::check_work_list(list), Error);
  list.transfers.clear();
  for (auto& work : list.items) work.stores_before = 0;
  CHECK_NOTHROW(arch::check_work_list(list));
  list.items[0].stores_before = 1;
  CHECK_THROWS_AS(arch::check_work_list(list), Error);
}
