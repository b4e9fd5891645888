// SPDX-License-Identifier: Apache-2.0
#include "sim/hw/engine/dram_memory.h"

#include <catch2/catch.hpp>
#include <systemc>
#include <tlm_utils/simple_initiator_socket.h>

#include "tests/dram/support.h"

namespace {

using heddle::dram::AddressRun;
using heddle::dram::Kind;
using heddle::hw::DramMemory;
using sc_core::SC_PS;
using sc_core::sc_time;

// Moves its runs one after the other over a socket and notes when each has ended.
struct Initiator : sc_core::sc_module {
  tlm_utils::simple_initiator_socket<Initiator> socket{"socket"};
  std::vector<AddressRun> runs;
  std::vector<sc_time> done;

  SC_HAS_PROCESS(Initiator);
  Initiator(const sc_core::sc_module_name& name, std::vector<AddressRun> work)
      : sc_module(name), runs(std::move(work)) {
    SC_THREAD(work_off);
  }
  void work_off() {
    for (const auto& run : runs) {
      tlm::tlm_generic_payload payload;
      payload.set_command(run.kind == Kind::read ? tlm::TLM_READ_COMMAND : tlm::TLM_WRITE_COMMAND);
      payload.set_address(run.address);
      payload.set_data_length(static_cast<unsigned>(run.bytes));
      payload.set_streaming_width(static_cast<unsigned>(run.bytes));
      sc_time delay = sc_core::SC_ZERO_TIME;
      socket->b_transport(payload, delay);
      if (payload.is_response_error()) SC_REPORT_FATAL("initiator", "the memory refused a run");
      done.push_back(sc_core::sc_time_stamp() + delay);
    }
  }
};

}  // namespace

TEST_CASE("one run through the socket takes as long as its bursts take in a trace") {
  const auto m = dram_test::memory("ddr4_3200_8gb_x8");
  std::vector<dram_test::TraceRequest> requests;
  for (std::uint64_t i = 0; i < 4096; ++i) requests.push_back({i * 64, 0, Kind::read});
  const auto cycles = dram_test::last_data(dram_test::run(m, requests));

  DramMemory memory("memory", m);
  Initiator initiator("initiator", {{.address = 0, .bytes = 4096 * 64, .kind = Kind::read}});
  initiator.socket.bind(memory.socket);
  sc_core::sc_start();
  REQUIRE(initiator.done.size() == 1);
  CHECK(initiator.done[0] == sc_time(static_cast<double>(cycles) * 625, SC_PS));
  CHECK(memory.read_bytes().count() == 4096 * 64);
  CHECK(memory.counters().reads == 4096);
  CHECK(memory.energy()->total().count() > 0);
}

TEST_CASE("the oldest run comes first, and the next follows without a gap") {
  const auto m = dram_test::memory("ddr4_3200_8gb_x8", "controller.refresh=none");
  constexpr std::uint64_t kBytes = 1 << 20;
  DramMemory memory("memory", m);
  Initiator weights("weights", {{.address = 0, .bytes = kBytes, .kind = Kind::read}});
  Initiator activations(
      "activations",
      {{.address = (std::uint64_t{1} << 30) + (1 << 16), .bytes = kBytes, .kind = Kind::read}});
  weights.socket.bind(memory.socket);
  activations.socket.bind(memory.socket);
  sc_core::sc_start();
  // 32768 bursts at 4 clocks are 131072; each stream alone takes half.
  const double least = 131072.0 * 625;
  const double first = std::min(weights.done.at(0), activations.done.at(0)) / sc_time(1, SC_PS);
  const double last = std::max(weights.done.at(0), activations.done.at(0)) / sc_time(1, SC_PS);
  CHECK(last >= least);
  CHECK(last < 1.01 * least);
  CHECK(first < 0.51 * last);
}

TEST_CASE("a run behind a large one waits for it, and the memory refreshes in idle time") {
  const auto m = dram_test::memory("ddr4_3200_8gb_x8");
  DramMemory memory("memory", m);
  Initiator large("large", {{.address = 0, .bytes = 1 << 22, .kind = Kind::read}});
  Initiator small("small", {{.address = (1 << 24) + 1, .bytes = 64, .kind = Kind::write},
                            {.address = 1 << 25, .bytes = 64, .kind = Kind::read}});
  large.socket.bind(memory.socket);
  small.socket.bind(memory.socket);
  sc_core::sc_start(sc_time(10, sc_core::SC_MS));
  CHECK(small.done.at(1) > large.done.at(0));
  // 64 bytes from an odd address touch two bursts.
  CHECK(memory.write_bytes().count() == 128);
  // 10 ms at a tREFI of 7.8 us.
  CHECK(memory.counters().refreshes_all_bank == 1282);
}

TEST_CASE("a run that exceeds the memory is refused") {
  DramMemory memory("memory", dram_test::memory("ddr4_3200_8gb_x8"));
  const std::uint64_t end = memory.parameters().capacity_bytes();
  CHECK_THROWS_AS(memory.start({.address = end - 32, .bytes = 64, .kind = Kind::read}), heddle::Error);
  CHECK_NOTHROW(memory.start({.address = end - 64, .bytes = 64, .kind = Kind::read}));
}
