// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include <catch2/catch.hpp>

#include "sim/base/error.h"
#include "sim/base/random.h"
#include "sim/dram/address_map.h"
#include "tests/dram/support.h"

namespace {

using Catch::Matchers::Contains;
using dram_test::address_of;
using dram_test::memory;
using heddle::dram::AddressMap;
using heddle::dram::Location;

std::string error_of(const std::string& overrides, const char* name = "ddr4_3200_8gb_x8") {
  try {
    memory(name, overrides);
  } catch (const heddle::Error& e) {
    CHECK(e.exit_code() == 2);
    return e.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("every shipped memory is read, has a source for its numbers and serves a stream") {
  int files = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(HEDDLE_SOURCE_DIR) + "/configs/memories")) {
    const std::string name = entry.path().stem().string();
    CAPTURE(name);
    const auto c = dram_test::configuration(name);
    CHECK(c.parameters.name == name);
    CHECK(c.echo.at("provenance").at("source").get<std::string>().find("revision") != std::string::npos);
    std::vector<dram_test::TraceRequest> requests;
    for (std::uint64_t i = 0; i < 200; ++i)
      requests.push_back({i * c.parameters.device.organisation.burst_bytes(), 0, dram_test::Kind::read});
    CHECK(dram_test::last_data(dram_test::run(c.parameters, requests)) > 0);
    ++files;
  }
  CHECK(files >= 10);
}

TEST_CASE("wrong values are refused with their place") {
  CHECK_THAT(error_of("controller.queue_dept=8"),
             Contains("unknown key 'queue_dept' (did you mean 'queue_depth'?)"));
  CHECK_THAT(error_of("controller.queue_depth=0"), Contains("outside 1 to 4096"));
  CHECK_THAT(error_of("controller.page_policy=opne"), Contains("did you mean 'open'"));
  CHECK_THAT(error_of("controller.ranks=3"), Contains("expected a power of two, found 3"));
  CHECK_THAT(error_of("controller.refresh=per-bank"),
             Contains("/controller/refresh: per-bank refresh needs tREFIpb and tRFCpb"));
  CHECK_THAT(error_of("controller.write_high_watermark=33"), Contains("above the write queue's depth 32"));
  CHECK_THAT(error_of("controller.write_high_watermark=4 controller.write_low_watermark=4"),
             Contains("not below the high one"));
  CHECK_THAT(error_of("device.organisation.rows=49152"),
             Contains("/device/organisation/rows: expected a power of two, found 49152"));
  CHECK_THAT(error_of("device.organisation.burst_length=1"), Contains("a burst is shorter than a clock"));
  CHECK_THAT(error_of("device.organisation.columns=4"), Contains("a row is shorter than a burst"));
  CHECK_THAT(error_of("device.organisation.devices_per_rank=3"), Contains("not a power of two of bytes"));
  CHECK_THAT(error_of("device.timing_cycles.tREFI=600"), Contains("leaves no time for accesses"));
  CHECK_THAT(error_of("device.timing_cycles.tRC=10"), Contains("tRC is shorter than tRAS"));
  CHECK_THAT(error_of("device.timing_cycles.tRCD=-1"), Contains("outside"));
  CHECK_THAT(error_of("version=[2,0]"), Contains("expected version [1, 0], found [2,0]"));
  CHECK_THAT(error_of("kind=ideal"), Contains("expected one of dram"));
  CHECK_THAT(error_of("controller.channels=2"),
             Contains("leaves out field ch (channel), the memory has 1 bit of it; a map that fits: "
                      "\"ro-ra-ba-co-bg-ch\""));
}

TEST_CASE("address maps: fields from the most significant bit, whole or in parts") {
  const auto o = memory("ddr4_3200_8gb_x8").device.organisation;  // 6 bits of burst; bg 2, ba 2, ro 16, co 7
  const AddressMap serial("chrababgroco", o, 1, 1, "m");
  CHECK(serial.locate(64) == Location{.column = 1});
  CHECK(serial.locate(64 * 128) == Location{.row = 1});
  CHECK(serial.locate(std::uint64_t{1} << 29) == Location{.bank_group = 1});
  CHECK(serial.locate(63) == Location{});
  const AddressMap interleaved("ro-ra-ba-co-bg", o, 1, 1, "m");
  CHECK(interleaved.locate(64) == Location{.bank_group = 1});
  const AddressMap split("ro-ba-co5-bg-co2", o, 1, 1, "m");
  CHECK(split.locate(64 * 3) == Location{.column = 3});
  CHECK(split.locate(64 * 4) == Location{.bank_group = 1});
  CHECK(split.locate(64 * 16) == Location{.column = 4});
  CHECK(AddressMap("ro-ba-co-bg-co2", o, 1, 1, "m").locate(64 * 16) == Location{.column = 4});
}

TEST_CASE("every address has one place, which maps back to the address") {
  const auto m = memory("ddr4_3200_8gb_x8");
  heddle::Random random(4);
  for (const char* text : {"rorababgcoch", "co3-ro5-bg-ra-co-ba-ch-ro11", "ch-ra-ba-bg-co-ro"}) {
    const AddressMap map(text, m.device.organisation, 4, 2, "m");
    for (int i = 0; i < 1000; ++i) {
      const std::uint64_t address = random.below(m.capacity_bytes() * 8 / 64) * 64;
      if (address_of(map, map.locate(address)) != address) FAIL(text << " loses " << address);
    }
    CHECK(map.locate(m.capacity_bytes() * 8) == Location{});
  }
}

TEST_CASE("address maps with too many bits, too few bits or unknown fields are refused") {
  const auto why = [](const char* text) { return error_of(std::string("controller.address_map=") + text); };
  CHECK_THAT(why("ro-ba-co-xx"), Contains("unknown field 'xx' at character 10"));
  CHECK_THAT(
      why("ro-ba-co"),
      Contains(
          "leaves out field bg (bank group), the memory has 2 bits of it; a map that fits: \"ro-ba-co-bg\""));
  CHECK_THAT(why("ro-ba-co8-bg"), Contains("places 8 bits of field co (column), the memory has 7 bits of it; "
                                           "a map that fits: \"ro-ba-co-bg\""));
  CHECK_THAT(why("ro-ba-co3-bg-co3"),
             Contains("places 6 bits of field co (column), the memory has 7 bits of it"));
  CHECK_THAT(why("ro-ba-co-bg-co"), Contains("names field co (column) twice without a width"));
  CHECK_THAT(why("ro-ba-co0-bg"), Contains("width outside 1 to 32"));
  CHECK_THAT(why("ro-ba-co99999999999999999999-bg"), Contains("width outside"));
  CHECK_THAT(why("r"), Contains("unknown field 'r'"));
}
