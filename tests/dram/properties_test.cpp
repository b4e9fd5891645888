// SPDX-License-Identifier: Apache-2.0
#include <stdexcept>

#include <catch2/catch.hpp>

#include "sim/base/random.h"
#include "tests/dram/naive_controller.h"

namespace {

using dram_test::Issued;
using dram_test::Kind;
using dram_test::memory;
using dram_test::MemoryParameters;
using dram_test::RuleBook;
using dram_test::run;
using dram_test::TraceRequest;
using heddle::Random;
using heddle::dram::Cycle;

// Bursts of sequential, strided, random and repeated addresses, reads and writes, all at once or spread.
std::vector<TraceRequest> hostile_requests(const MemoryParameters& m, std::size_t count, std::uint64_t seed) {
  Random random(seed);
  const std::uint64_t burst = m.device.organisation.burst_bytes();
  const std::uint64_t bursts = m.capacity_bytes() / burst;
  std::vector<TraceRequest> out;
  std::uint64_t at = 0;
  Cycle cycle = 0;
  std::uint64_t stride = 1;
  const std::uint64_t slow = random.below(3) * random.below(60);
  while (out.size() < count) {
    if (random.chance(20)) stride = random.chance(2) ? 1 : std::uint64_t{1} << random.below(24);
    if (random.chance(10)) at = random.below(bursts);
    at = (at + (random.chance(8) ? 0 : stride)) % bursts;
    cycle += random.below(slow + 1) + (random.chance(200) ? random.below(20000) : 0);
    out.push_back({at * burst, cycle, random.chance(3) ? Kind::write : Kind::read});
  }
  return out;
}

void check_commands(const MemoryParameters& m, const std::vector<TraceRequest>& requests,
                    const std::vector<Issued>& commands) {
  std::vector<RuleBook> books(m.controller.channels, RuleBook(m.device, m.controller.ranks));
  const heddle::dram::AddressMap map(m.controller.address_map, m.device.organisation, m.controller.channels,
                                     m.controller.ranks, "test");
  std::vector<int> served(requests.size(), 0);
  std::map<std::uint64_t, std::uint64_t> last_tag;  // by address, of either kind
  for (const auto& command : commands) {
    auto& book = books.at(command.channel);
    const auto wrong = book.violation(command);
    if (wrong) FAIL(*wrong);
    book.record(command);
    if (!is_column(command.command)) continue;
    const auto& request = requests.at(command.tag);
    const auto at = map.locate(request.address);
    ++served.at(command.tag);
    if (at.row != command.row || at.column != command.column || at.channel != command.channel ||
        at.rank != command.rank || (request.kind == Kind::write) != is_write(command.command) ||
        command.cycle < request.cycle) {
      FAIL("a command that is not what request " << command.tag << " asked for");
    }
    // Of two requests to one burst, of which at least one is a write, the older goes first.
    auto [last, fresh] = last_tag.try_emplace(request.address, command.tag);
    if (!fresh) {
      if (requests[last->second].kind != request.kind && last->second > command.tag)
        FAIL("reordered over one burst");
      last->second = command.tag;
    }
  }
  CHECK(std::all_of(served.begin(), served.end(), [](int n) { return n == 1; }));
}

// Each refresh starts soon after it is due, and only precharges are issued in between.
void check_refreshes(const MemoryParameters& m, const std::vector<Issued>& commands) {
  if (m.controller.refresh != heddle::dram::RefreshPolicy::all_bank) return;
  const auto& t = m.device.timing;
  std::map<std::uint64_t, std::uint64_t> served;
  for (const auto& c : commands) {
    const std::uint64_t key = c.channel * 16 + c.rank;
    const Cycle first =
        m.controller.stagger_refresh ? Cycle{t.tREFI} * (c.rank + 1) / m.controller.ranks : t.tREFI;
    const Cycle due = first + served[key] * t.tREFI;
    if (c.command == heddle::dram::Command::refresh_all) {
      ++served[key];
      if (c.cycle < due || c.cycle > due + 300) FAIL("refresh at " << c.cycle << " that was due at " << due);
    } else if (c.command != heddle::dram::Command::precharge_all && c.cycle >= due) {
      FAIL(name_of(c.command) << " at " << c.cycle << " though a refresh was due at " << due);
    }
  }
}

struct Case {
  const char* file;
  const char* overrides;
};
const Case kCases[] = {
    {"ddr4_3200_8gb_x8", ""},
    {"ddr4_3200_8gb_x8", "controller.address_map=ch-ra-ba-bg-ro-co"},
    {"ddr4_3200_8gb_x8", "controller.ranks=2 controller.queue_depth=64"},
    {"ddr4_3200_8gb_x8", "controller.ranks=4 controller.stagger_refresh=false controller.queue_depth=8"},
    {"ddr4_3200_8gb_x8", "controller.page_policy=closed"},
    {"ddr4_3200_8gb_x8", "controller.page_policy=closed-adaptive controller.ranks=2"},
    {"ddr4_3200_8gb_x16", "controller.row_hit_limit=2 controller.queue_depth=16"},
    {"ddr4_3200_8gb_x16", "controller.queue_depth=1"},
    {"lpddr4_3200_8gb_x16", ""},
    {"lpddr4_3200_8gb_x16", "controller.refresh=per-bank"},
    {"lpddr4_4267_16gb_x16", "controller.refresh=per-bank controller.ranks=2 controller.page_policy=closed"},
    {"hbm2_2000_8gb_x128", "controller.channels=1"},
    {"hbm2_2000_pseudo_channel", "controller.channels=1 controller.refresh=per-bank"},
    {"hbm2_2400_pseudo_channel",
     "controller.channels=1 controller.write_high_watermark=2 controller.write_low_watermark=0"},
};

}  // namespace

TEST_CASE("every command of every policy obeys the rules, and every request is served once") {
  for (const auto& c : kCases) {
    for (const std::uint64_t seed : {1U, 2U, 3U}) {
      CAPTURE(c.file, c.overrides, seed);
      const auto m = memory(c.file, c.overrides);
      const auto requests = hostile_requests(m, 3000, seed);
      const auto commands = run(m, requests);
      check_commands(m, requests, commands);
      check_refreshes(m, commands);
    }
  }
}

TEST_CASE("channels obey the same rules independently") {
  for (const auto& c :
       {Case{"hbm2_2000_8gb_x128", ""}, Case{"hbm2_2000_pseudo_channel", "controller.refresh=per-bank"},
        Case{"ddr4_3200_8gb_x8",
             "controller.channels=4 controller.ranks=2 controller.address_map=ro-co-bg-ba-ra-ch"}}) {
    CAPTURE(c.file, c.overrides);
    const auto m = memory(c.file, c.overrides);
    const auto requests = hostile_requests(m, 10000, 7);
    const auto commands = run(m, requests);
    check_commands(m, requests, commands);
    check_refreshes(m, commands);
  }
}

TEST_CASE("event by event equals clock by clock, command for command") {
  for (const auto& c : kCases) {
    for (const std::uint64_t seed : {11U, 12U}) {
      CAPTURE(c.file, c.overrides, seed);
      const auto m = memory(c.file, std::string(c.overrides) + " controller.starvation_limit_cycles=0");
      const auto requests = hostile_requests(m, 250, seed);
      const auto fast = run(m, requests);
      const auto slow = dram_test::NaiveController(m).run(requests);
      std::size_t i = 0;
      while (i < fast.size() && i < slow.size() && fast[i].command == slow[i].command &&
             fast[i].cycle == slow[i].cycle && fast[i].bank == slow[i].bank && fast[i].tag == slow[i].tag &&
             fast[i].data_end == slow[i].data_end) {
        ++i;
      }
      CAPTURE(i);
      if (i < fast.size() && i < slow.size()) {
        FAIL(name_of(fast[i].command)
             << " " << fast[i].cycle << " bank " << fast[i].bank << " instead of " << name_of(slow[i].command)
             << " " << slow[i].cycle << " bank " << slow[i].bank);
      }
      // The clock-by-clock controller also simulates the idle memory after its last request.
      CHECK(i == fast.size());
      CHECK(std::none_of(slow.begin() + static_cast<std::ptrdiff_t>(i), slow.end(),
                         [](const Issued& x) { return is_column(x.command); }));
    }
  }
}

TEST_CASE("the same requests give the same commands") {
  const auto m = memory("ddr4_3200_8gb_x8", "controller.ranks=2");
  const auto requests = hostile_requests(m, 2000, 5);
  const auto first = run(m, requests);
  const auto second = run(m, requests);
  REQUIRE(first.size() == second.size());
  CHECK(std::equal(first.begin(), first.end(), second.begin(), [](const Issued& a, const Issued& b) {
    return a.cycle == b.cycle && a.bank == b.bank && a.tag == b.tag;
  }));
}

TEST_CASE("no data pin moves more than its peak") {
  for (const auto& c : kCases) {
    CAPTURE(c.file, c.overrides);
    const auto m = memory(c.file, c.overrides);
    std::vector<TraceRequest> requests;
    for (std::uint64_t i = 0; i < 5000; ++i)
      requests.push_back({i * m.device.organisation.burst_bytes(), 0, Kind::read});
    CHECK(dram_test::last_data(run(m, requests)) >=
          5000 * std::uint64_t{m.device.organisation.burst_cycles()} / m.controller.channels);
  }
}

TEST_CASE("a request that all others overtake is served once it is overdue") {
  // Two ranks: hits of the same rank are always ready one clock earlier, so rank 1 waits for as long as hits
  // of rank 0 keep coming; reads of rank 0 are offered for 40,000 clocks.
  const auto limit = [](const char* overrides) {
    const auto m =
        memory("ddr4_3200_8gb_x8", std::string("controller.ranks=2 controller.refresh=none ") + overrides);
    const dram_test::Places at(m);
    std::vector<TraceRequest> requests{at.read({.rank = 0}), at.read({.rank = 1})};
    for (std::uint32_t i = 0; i < 10000; ++i) {
      requests.push_back(at.read({.rank = 0, .bank_group = i % 4, .row = i / 512, .column = i / 4 % 128}));
    }
    for (const auto& c : run(m, requests)) {
      if (is_column(c.command) && c.tag == 1) return c.cycle;
    }
    return Cycle{0};
  };
  const Cycle patient = limit("controller.starvation_limit_cycles=0");
  const Cycle limited = limit("controller.starvation_limit_cycles=500");
  CHECK(limited < 600);
  CHECK(patient > limited);
}

TEST_CASE("overdue reads and writes of one bank do not close each other's rows forever") {
  const auto m = memory("ddr4_3200_8gb_x8",
                        "controller.queue_depth=16 controller.starvation_limit_cycles=300 "
                        "controller.row_hit_limit=2");
  const dram_test::Places at(m);
  Random random(2);
  std::vector<TraceRequest> requests;
  for (std::size_t i = 0; i < 3000; ++i) {
    const heddle::dram::Location place{.bank = static_cast<std::uint32_t>(random.below(2)),
                                       .row = static_cast<std::uint32_t>(random.below(1000))};
    requests.push_back(random.chance(3) ? at.write(place) : at.read(place));
  }
  // Three commands serve a request and a refresh takes two: far fewer than the bound, unless reads and writes
  // close each other's rows forever.
  heddle::dram::MemorySystem system(m);
  std::size_t next = 0;
  std::size_t commands = 0;
  std::size_t served = 0;
  const auto take = [&]() -> std::optional<TraceRequest> {
    return next < requests.size() ? std::optional(requests[next++]) : std::nullopt;
  };
  const auto count = [&](const Issued& command) {
    served += is_column(command.command) ? std::size_t{1} : 0;
    if (++commands > 10 * requests.size()) throw std::runtime_error("no progress");
  };
  REQUIRE_NOTHROW(heddle::dram::drive_requests(
      system, take, [] { return std::string("test"); }, count));
  CHECK(served == requests.size());
}
