// SPDX-License-Identifier: Apache-2.0
#include "sim/dram/request_trace.h"

#include <catch2/catch.hpp>

#include "sim/base/error.h"
#include "sim/base/random.h"
#include "tests/dram/support.h"

namespace {

using Catch::Matchers::Contains;
using dram_test::configuration;
using dram_test::memory;
using heddle::dram::Kind;
using heddle::dram::TraceReader;

heddle::dram::TraceReport report(const std::string& text, const std::string& overrides = "",
                                 heddle::dram::TraceRunOptions options = {}) {
  TraceReader reader(text, "t.trace");
  return heddle::dram::run_request_trace(memory("ddr4_3200_8gb_x8", overrides), reader, options);
}

std::string error_of(const std::string& text) {
  try {
    report(text);
  } catch (const heddle::Error& e) {
    CHECK(e.exit_code() == 2);
    return e.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("a request trace is read line by line") {
  TraceReader reader("# made by hand\n0x10 READ 5\n\n  0xFFff\tWRITE\t7\r\n0x0 read 7 # last\n0x40 write 0",
                     "t");
  const auto a = reader.next();
  REQUIRE(a);
  CHECK(a->address == 0x10);
  CHECK(a->kind == Kind::read);
  CHECK(a->cycle == 5);
  CHECK(reader.where() == "t:2");
  const auto b = reader.next();
  REQUIRE(b);
  CHECK(b->address == 0xffff);
  CHECK(b->kind == Kind::write);
  CHECK(reader.next()->kind == Kind::read);
  CHECK(reader.next()->kind == Kind::write);
  CHECK_FALSE(reader.next());
}

TEST_CASE("malformed traces are refused with file and line") {
  CHECK_THAT(error_of(""), Contains("t.trace:0: the trace holds no request"));
  CHECK_THAT(error_of("# nothing\n\n"), Contains("holds no request"));
  CHECK_THAT(error_of("0x0 READ 0\n64 READ 0\n"),
             Contains("t.trace:2: expected a hexadecimal address below 2^64 after 0x, found '64'"));
  CHECK_THAT(error_of("0x READ 0\n"), Contains("t.trace:1: expected a hexadecimal address"));
  CHECK_THAT(error_of("0xzz READ 0\n"), Contains("'0xzz'"));
  CHECK_THAT(error_of("0x10000000000000000 READ 0\n"), Contains("below 2^64"));
  CHECK_THAT(error_of("0x0 RAED 0\n"),
             Contains("expected READ or WRITE, found 'RAED' (did you mean 'READ'?)"));
  CHECK_THAT(error_of("0x0\n"), Contains("the line ends after the address"));
  CHECK_THAT(error_of("0x0 READ\n"), Contains("the line ends before the cycle"));
  CHECK_THAT(error_of("0x0 READ -1\n"), Contains("expected a cycle from 0 to 2^60, found '-1'"));
  CHECK_THAT(error_of("0x0 READ 1.5\n"), Contains("found '1.5'"));
  CHECK_THAT(error_of("0x0 READ 0x10\n"), Contains("found '0x10'"));
  CHECK_THAT(error_of("0x0 READ 99999999999999999999999\n"), Contains("2^60"));
  CHECK_THAT(error_of("0x0 READ 0 64\n"), Contains("unexpected '64' after the cycle"));
  CHECK_THAT(error_of(std::string("0x0 READ 0\n\0\0\0\n", 15)), Contains("t.trace:2"));
  CHECK_THAT(error_of("0x0 READ 0\n0X200000018 READ 0\n"),
             Contains("t.trace:2: address 0X200000018 is beyond the 8589934592 bytes"));
  CHECK_THAT(error_of("\xEF\xBB\xBF"
                      "0x0 READ 0\n\xEF\xBB\xBF"
                      "0x0 READ 0\n"),
             Contains("t.trace:2") && Contains("found '\\xef\\xbb\\xbf0x0'"));
  CHECK_THAT(error_of("\xff\xfe"
                      "0x0 READ 0\n"),
             Contains("found '\\xff\\xfe0x0'"));
  CHECK_THAT(error_of("0x0 READ 0\n0x200000000 READ 0\n"),
             Contains("t.trace:2: address 0x200000000 is beyond the 8589934592 bytes"));
}

TEST_CASE("requests in the form of DRAMSys") {
  TraceReader reader("# a comment\n0: write 0x40\n17:read 0x80 # last\n0x0 READ 20\n", "t");
  const auto a = reader.next();
  REQUIRE(a);
  CHECK(a->address == 0x40);
  CHECK(a->cycle == 0);
  CHECK(a->kind == Kind::write);
  CHECK(reader.next()->cycle == 17);
  CHECK(reader.next()->cycle == 20);
  CHECK_THAT(error_of("5: read\n"), Contains("ends before the address"));
  CHECK_THAT(error_of("5:\n"), Contains("ends after the cycle"));
  CHECK_THAT(error_of("x: read 0x0\n"), Contains("expected a cycle from 0 to 2^60, found 'x'"));
  CHECK_THAT(error_of("5: (64) read 0x0\n"), Contains("--request-bytes"));
  CHECK_THAT(error_of("5: read 64\n"), Contains("hexadecimal address"));
  CHECK_THAT(error_of("5: read 0x0 0x1\n"), Contains("unexpected '0x1' after the address"));
}

TEST_CASE("the end of a request beyond the memory is refused") {
  try {
    report("0x1ffffffc0 READ 0\n", "", {.request_bytes = 128});
    FAIL("accepted");
  } catch (const heddle::Error& e) {
    CHECK_THAT(e.what(), Contains("address 0x1ffffffc0, with the 128 bytes of a request, is beyond"));
  }
}

TEST_CASE("addresses beyond the memory wrap when asked to") {
  CHECK(report("0x200000000 READ 0\n", "controller.address_overflow=wrap").bursts == 1);
}

TEST_CASE("random words are read as a trace or refused with an error") {
  const auto m = memory("ddr4_3200_8gb_x8", "controller.address_overflow=wrap");
  heddle::Random random(9);
  const std::vector<std::string> words{"0x0",  "0x40",  "0xffffffffffffffff",
                                       "READ", "WRITE", "read",
                                       "0",    "7",     "-1",
                                       "0x",   "\n",    "\n",
                                       "\n",   "#",     "\t",
                                       "x"};
  int traces = 0;
  int refused = 0;
  for (int round = 0; round < 5000; ++round) {
    std::string text;
    for (std::uint64_t n = random.below(9); n > 0; --n)
      text += (random.chance(2) ? "0x80 READ 3\n" : words[random.below(words.size())]) + " ";
    TraceReader reader(text, "t.trace");
    try {
      const auto r = heddle::dram::run_request_trace(m, reader);
      traces += r.bursts > 0 && r.bursts == r.counters.reads + r.counters.writes ? 1 : 0;
    } catch (const heddle::Error& e) {
      refused += e.kind() == heddle::ErrorKind::workload ? 1 : 0;
    }
  }
  CHECK(traces > 100);
  CHECK(traces + refused == 5000);
}

TEST_CASE("cycles: from the first request offered to the last completion") {
  const auto r = report("0x0 READ 100\n0x40 READ 110\n");
  // ACT 100, RD 122, data end 148; the second burst, of another group: ACT 110, RD 132, data end 158.
  CHECK(r.first_completion_cycle == 148);
  CHECK(r.last_completion_cycle == 158);
  CHECK(r.cycles() == 58);
  CHECK(r.read_latency.smallest() == 48);
  CHECK(r.read_latency.largest() == 48);
  CHECK(r.counters.row_hits == 0);
  CHECK(r.backward_cycles == 0);
}

TEST_CASE("a request is offered after its predecessor, whatever its cycle") {
  const auto r = report("0x0 READ 1000\n0x40 READ 10\n");
  CHECK(r.backward_cycles == 1);
  CHECK(r.read_latency.largest() > 990);
}

TEST_CASE("wide requests are split into bursts") {
  const auto wide = report("0x0 READ 0\n", "", {.request_bytes = 4096});
  CHECK(wide.requests == 1);
  CHECK(wide.bursts == 64);
  CHECK(report("0x20 READ 0\n", "", {.request_bytes = 64}).bursts == 2);
}

TEST_CASE("a gap of 2^59 cycles is counted, not simulated") {
  const auto r = report("0x0 READ 0\n0x40 READ 576460752303423488\n");
  CHECK(r.counters.refreshes_all_bank == 576460752303423488U / 12480);
  CHECK(r.cycles() > 576460752303423488U);
}

TEST_CASE("the report holds the requested results and nothing about the machine") {
  const auto memory = configuration("ddr4_3200_8gb_x8");
  TraceReader reader("0x0 READ 0\n0x40 WRITE 0\n", "t");
  const auto r = heddle::dram::run_request_trace(memory.parameters, reader);
  const auto json = heddle::dram::to_json(r, memory);
  CHECK(json.at("cycles") == r.cycles());
  CHECK(json.at("bytes") == 128);
  CHECK(json.at("read_latency_cycles").at("p50") == 48);
  CHECK(json.at("energy_pj").at("total").get<double>() == Approx(r.energy->total().count()));
  CHECK(json.at("memory").at("device").at("timing_cycles").at("tFAW") == 34);
  CHECK(json.at("memory").at("provenance").at("source").get<std::string>().find("DRAMsim3") !=
        std::string::npos);
  CHECK_THAT(heddle::dram::to_text(r, memory), Contains("bandwidth"));
}

TEST_CASE("requests are written in the forms of two other simulators and read back") {
  const heddle::dram::TraceRequest request{.address = 0x1c0, .cycle = 17, .kind = Kind::write};
  CHECK(heddle::dram::dramsim3_line(request) == "0x1c0 WRITE 17\n");
  CHECK(heddle::dram::dramsys_line(request) == "17: write 0x1c0\n");
  for (const std::string& line :
       {heddle::dram::dramsim3_line(request), heddle::dram::dramsys_line(request)}) {
    const auto read = TraceReader(line, "t").next();
    REQUIRE(read);
    CHECK(read->address == request.address);
    CHECK(read->cycle == request.cycle);
    CHECK(read->kind == request.kind);
  }
}

TEST_CASE("percentiles: exact below 4096, too low by less than 0.05 % above") {
  heddle::dram::LatencyHistogram h;
  for (std::uint64_t v = 1; v <= 1000; ++v) h.add(v);
  CHECK(h.percentile(500) == 500);
  CHECK(h.percentile(990) == 990);
  CHECK(h.percentile(1000) == 1000);
  CHECK(h.mean() == Approx(500.5));
  for (const std::uint64_t v : {4095ULL, 4096ULL, 4097ULL, 12345678ULL, 1ULL << 62U}) {
    heddle::dram::LatencyHistogram one;
    one.add(v);
    CHECK(one.percentile(500) <= v);
    CHECK(static_cast<double>(one.percentile(500)) > 0.9995 * static_cast<double>(v));
  }
}
