// SPDX-License-Identifier: Apache-2.0
#include "sim/hw/engine/engine.h"

#include <deque>
#include <optional>

#include <catch2/catch.hpp>

#include "sim/base/error.h"
#include "tests/hw/random_work.h"

// No SECTION or GENERATE: both re-enter the case, and SystemC elaborates once per process. Many lists run as
// many engines of one simulation.

namespace {

using namespace heddle;

constexpr std::uint64_t kTicksPerCycle = 1'000'000;  // 1 GHz in femtoseconds
constexpr std::uint64_t kLists = 200;

// The same pipeline as recurrences over max and plus, in femtoseconds, without processes or queues.
class ClosedForm {
 public:
  ClosedForm(const memory::WorkList& list, const memory::MemoryConfig& memory)
      : list_(list),
        memory_(memory),
        inputs_(memory::input_path(memory), {memory.input_timing.bytes_per_cycle}),
        outputs_(memory::output_path(memory)),
        times(list.layers) {
    for (std::uint32_t i = 0; i < list.items.size(); ++i) run_item(i);
    while (next_ < list.transfers.size()) move(list.transfers[next_++]);
  }

 private:
  static std::uint64_t edge(std::uint64_t at) { return ceil_div(at, kTicksPerCycle) * kTicksPerCycle; }
  static std::uint64_t span(std::uint64_t cycles) { return cycles * kTicksPerCycle; }
  static std::uint64_t busy(Bytes bytes, const memory::SramTiming& t) {
    return t.bytes_per_cycle == 0 ? 0 : ceil_div(bytes.count(), t.bytes_per_cycle);
  }

  void move(const memory::Transfer& t) {
    if (t.after > 0) handed_ = std::max(handed_, t.is_write ? reduced_[t.after - 1] : computed_[t.after - 1]);
    const std::uint64_t rate = memory_.ideal.bandwidth_mb_per_s;
    // bytes / (rate MB/s) in femtoseconds, rounded up; small enough here for one product.
    const std::uint64_t occupied = rate == 0 ? 0 : ceil_div(t.bytes.count() * 1'000'000'000, rate);
    bus_ = std::max(bus_, handed_) + occupied;
    std::uint64_t complete = edge(bus_ + memory_.ideal.latency_ns * 1'000'000);
    const auto pass = [&](std::uint64_t& free, std::uint64_t cycles) {
      complete = free = std::max(complete, std::max(free, edge(handed_)) + span(cycles));
    };
    if (t.codec > Cycles(0)) pass(t.is_write ? encoded_ : decoded_, t.codec.count());
    const bool is_weight = t.traffic == memory::Traffic::weights || t.traffic == memory::Traffic::metadata;
    const memory::SramTiming& sram = is_weight ? memory_.weight_timing : memory_.activation_timing;
    pass(is_weight ? weights_written_ : t.is_write ? read_ : written_, busy(t.bytes, sram));
    complete += span((t.is_write ? sram.read_latency : sram.write_latency).count());
    if (t.is_write) {
      stored_.push_back(complete);
    } else {
      auto& arrival = arrival_[t.item][static_cast<std::size_t>(memory::cause_of(t.traffic))];
      arrival = std::max(arrival.value_or(0), complete);
    }
  }

  void run_item(std::uint32_t i) {
    const memory::Work& work = list_.items[i];
    arrival_.resize(list_.items.size());
    while (next_ < list_.transfers.size() && list_.transfers[next_].after <= i)
      move(list_.transfers[next_++]);
    hw::LayerTime& time = times[work.layer];
    const std::uint64_t free = i > 0 ? computed_[i - 1] : 0;
    std::uint64_t now = free;
    const auto wait = [&](std::uint64_t until, Cycles& counter) {
      if (until > now) counter += Cycles((until - now) / kTicksPerCycle);
      now = std::max(now, until);
    };
    for (std::uint32_t s = 0; s < work.stores_before; ++s) wait(stored_[s], time.stalls.outputs);
    const auto& arrival = arrival_[i];
    const auto latency = [&](memory::Cause cause, Cycles cycles) {
      const auto& at = arrival[static_cast<std::size_t>(cause)];
      return at ? *at + span(cycles.count()) : 0;
    };
    wait(latency(memory::Cause::weights, memory_.weight_timing.read_latency), time.stalls.weights);
    const Cycles way = memory::input_path(memory_).latency;
    wait(latency(memory::Cause::partial_sums, way), time.stalls.partial_sums);
    std::uint64_t from = arrival[static_cast<std::size_t>(memory::Cause::activations)].value_or(0);
    if (work.reduced_before > seen_) from = std::max(from, reduced_[work.reduced_before - 1]);
    seen_ = std::max(seen_, work.reduced_before);
    if (from > 0) from += span(way.count());
    const std::uint64_t first = from / kTicksPerCycle;
    wait(span(inputs_.ready(first, free / kTicksPerCycle, work.activation_read)), time.stalls.activations);
    compute(work, first, now, time);
    time.cycles += Cycles((computed_.back() - free) / kTicksPerCycle);
  }

  void compute(const memory::Work& work, std::uint64_t from, std::uint64_t now, hw::LayerTime& time) {
    const std::uint64_t start = now / kTicksPerCycle;
    const std::uint64_t weighted =
        std::max(work.compute.count(), busy(work.weight_read, memory_.weight_timing));
    const std::uint64_t fed = inputs_.take(from, start, weighted, work.activation_read);
    const std::uint64_t rid = outputs_.take(start, fed, work.output_written, work.output_bursts);
    time.compute += work.compute;
    time.stalls.weights += Cycles(weighted - work.compute.count());
    time.stalls.activations += Cycles(fed - weighted);
    time.stalls.outputs += Cycles(rid - fed);
    computed_.push_back(now + span(rid));
    const std::uint64_t before = reduced_.empty() ? 0 : reduced_.back();
    reduced_.push_back(std::max({computed_.back(), before, span(outputs_.drained())}));
  }

  const memory::WorkList& list_;
  const memory::MemoryConfig& memory_;
  std::size_t next_ = 0;
  std::uint64_t handed_ = 0;
  std::uint64_t bus_ = 0;
  // Through decoder, encoder and the ports of the on-chip memories.
  std::uint64_t decoded_ = 0;
  std::uint64_t encoded_ = 0;
  std::uint64_t read_ = 0;
  std::uint64_t written_ = 0;
  std::uint64_t weights_written_ = 0;
  std::uint32_t seen_ = 0;
  memory::InputPath inputs_;
  memory::OutputPath outputs_;
  std::vector<std::uint64_t> computed_;
  std::vector<std::uint64_t> reduced_;
  std::vector<std::uint64_t> stored_;
  std::vector<std::array<std::optional<std::uint64_t>, memory::kCauses>> arrival_;

 public:
  std::vector<hw::LayerTime> times;
};

struct Runs {
  std::deque<memory::WorkList> lists;
  std::deque<memory::MemoryConfig> memories;
  std::vector<hw::Job> jobs;
  void add(memory::WorkList list, memory::MemoryConfig memory) {
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
    memory::Work all;
    for (const auto& work : list.items) {
      all.weight_read += work.weight_read;
      all.activation_read += work.activation_read;
      all.output_written += work.output_written;
    }
    CHECK(timings[i].weight_memory_read == all.weight_read);
    CHECK(timings[i].activation_memory_read == all.activation_read);
    CHECK(timings[i].input_buffer_read == all.activation_read);
    CHECK(timings[i].output_buffer_read == all.output_written);
    CHECK(timings[i].activation_memory_written == all.output_written);
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

TEST_CASE("without memory a run takes as long as computing takes") {
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

TEST_CASE("larger buffers, wider ports, faster blocks and lower latencies never add a cycle") {
  using Change = void (*)(memory::MemoryConfig&);
  // Each run makes all changes up to one of them, so that neighbouring runs differ in one change.
  const std::vector<Change> changes{
      [](memory::MemoryConfig&) {},
      [](memory::MemoryConfig& m) {
        m.input_buffer.capacity = Bytes(m.input_buffer.capacity.count() / 2 * 3);
      },
      [](memory::MemoryConfig& m) {
        m.output_buffer.capacity = Bytes(m.output_buffer.capacity.count() / 2 * 3);
      },
      [](memory::MemoryConfig& m) { m.input_timing.bytes_per_cycle *= 3; },
      [](memory::MemoryConfig& m) { m.output_timing.bytes_per_cycle *= 3; },
      [](memory::MemoryConfig& m) { m.activation_timing.bytes_per_cycle *= 2; },
      [](memory::MemoryConfig& m) { m.weight_timing.bytes_per_cycle *= 2; },
      [](memory::MemoryConfig& m) { m.dispatcher.bytes_per_cycle = 0; },
      [](memory::MemoryConfig& m) { m.reducer.bytes_per_cycle = 0; },
      [](memory::MemoryConfig& m) {
        m.input_timing.read_latency = m.output_timing.write_latency = Cycles(0);
      },
      [](memory::MemoryConfig& m) { m.activation_timing.read_latency = m.dispatcher.latency = Cycles(0); },
      [](memory::MemoryConfig& m) { m.activation_timing.write_latency = m.reducer.latency = Cycles(0); },
      [](memory::MemoryConfig& m) {
        m.weight_timing.read_latency = m.weight_timing.write_latency = Cycles(0);
      },
      [](memory::MemoryConfig& m) {
        m.input_buffer.capacity = m.output_buffer.capacity = memory::kUnlimited;
      }};
  Runs runs;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    auto memory = test::random_memory(seed);
    memory.input_buffer = {Bytes(64 + seed * 11), true};
    memory.output_buffer = {Bytes(64 + seed * 7), seed % 3 != 0};
    for (const Change change : changes) {
      change(memory);
      runs.add(test::random_work(seed), memory);
    }
  }
  const auto timings = hw::simulate(runs.jobs);
  std::vector<std::size_t> better(changes.size(), 0);
  for (std::size_t i = 1; i < timings.size(); ++i) {
    const std::size_t change = i % changes.size();
    if (change == 0) continue;
    INFO("list " << i / changes.size() << ", change " << change);
    CHECK(total(timings[i]) <= total(timings[i - 1]));
    better[change] += total(timings[i]) < total(timings[i - 1]) ? 1U : 0U;
  }
  for (std::size_t change = 1; change < changes.size(); ++change) {
    INFO("change " << change);
    CHECK(better[change] > 0);
  }
}

TEST_CASE("an encoder that is slower than the bus delays the work that waits for its outputs") {
  // Outputs of 100 cycles each: 1,600 bytes in 100 groups. The bus takes 100 cycles for them, the encoder
  // one, two or four cycles per group.
  Runs runs;
  for (const std::uint64_t cycles : {0U, 100U, 200U, 400U}) {
    memory::WorkList list;
    list.layers = 1;
    for (std::uint32_t i = 0; i < 10; ++i) {
      list.items.push_back({.layer = 0,
                            .compute = Cycles(100),
                            .weight_read = Bytes(0),
                            .activation_read = Bytes(0),
                            .output_written = Bytes(1600),
                            .stores_before = i > 0 ? i - 1 : 0});
      list.transfers.push_back(
          {i, i + 1, memory::Traffic::output_activations, true, 0, Bytes(1600), Cycles(cycles)});
    }
    memory::MemoryConfig memory;
    memory.is_compute_only = false;
    memory.off_chip = memory::OffChipKind::ideal;
    memory.ideal.bandwidth_mb_per_s = 16000;
    runs.add(std::move(list), memory);
  }
  const auto timings = hw::simulate(runs.jobs);
  CHECK(total(timings[0]) == Cycles(1000));
  CHECK(total(timings[1]) == Cycles(1000));
  // The first two items compute at once. Each later item n starts when the outputs of item n - 2 are off
  // chip.
  CHECK(timings[2].layers[0].stalls.outputs == Cycles(100 + 7 * 100));
  CHECK(timings[3].layers[0].stalls.outputs == Cycles(300 + 7 * 300));
  CHECK(timings[3].layers[0].cycles == Cycles(1000 + 2400));
}

TEST_CASE("a list that could never end is refused before it is simulated") {
  auto list = test::random_work(1);
  list.transfers = {{0, 1, memory::Traffic::weights, false, 0, Bytes(4), Cycles(0)}};
  CHECK_THROWS_AS(memory::check_work_list(list), Error);
  list.transfers = {{0, 0, memory::Traffic::output_activations, true, 0, Bytes(4), Cycles(0)}};
  CHECK_THROWS_AS(memory::check_work_list(list), Error);
  list.transfers = {{2, 3, memory::Traffic::output_activations, true, 0, Bytes(4), Cycles(0)},
                    {1, 0, memory::Traffic::weights, false, 0, Bytes(4), Cycles(0)}};
  CHECK_THROWS_AS(memory::check_work_list(list), Error);
  list.transfers.clear();
  for (auto& work : list.items) work.stores_before = 0;
  CHECK_NOTHROW(memory::check_work_list(list));
  list.items[0].stores_before = 1;
  CHECK_THROWS_AS(memory::check_work_list(list), Error);
}
