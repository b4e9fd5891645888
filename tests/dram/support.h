// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "sim/config/compose.h"
#include "sim/dram/parameters.h"
#include "sim/dram/request_driver.h"
#include "sim/dram/trace_run.h"

namespace dram_test {

using heddle::dram::Issued;
using heddle::dram::Kind;
using heddle::dram::MemoryParameters;
using heddle::dram::TraceRequest;

// `overrides` are settings as after --set, with blanks between them.
inline heddle::dram::MemoryConfiguration configuration(const std::string& name,
                                                       const std::string& overrides = "") {
  std::vector<std::string> list;
  std::istringstream words(overrides);
  for (std::string word; words >> word;) list.push_back(word);
  return heddle::dram::read_device(
      heddle::config::compose(fmt::format("{}/configs/memories/{}.json", HEDDLE_SOURCE_DIR, name), list));
}

inline MemoryParameters memory(const std::string& name, const std::string& overrides = "") {
  return configuration(name, overrides).parameters;
}

// Every command of a run, in order.
inline std::vector<Issued> run(const MemoryParameters& parameters,
                               const std::vector<TraceRequest>& requests) {
  heddle::dram::MemorySystem system(parameters);
  std::vector<Issued> out;
  std::size_t next = 0;
  heddle::dram::drive_requests(
      system,
      [&]() -> std::optional<TraceRequest> {
        return next < requests.size() ? std::optional(requests[next++]) : std::nullopt;
      },
      [] { return std::string("test"); }, [&](const Issued& command) { out.push_back(command); });
  return out;
}

inline heddle::dram::Cycle last_data(const std::vector<Issued>& commands) {
  heddle::dram::Cycle last = 0;
  for (const auto& c : commands) last = std::max(last, c.data_end);
  return last;
}

// Commands and their cycles: "ACT 0, RD 22".
inline std::string text_of(const std::vector<Issued>& commands) {
  std::string out;
  for (const auto& c : commands) {
    out += (out.empty() ? "" : ", ") + std::string(name_of(c.command)) + " " + std::to_string(c.cycle);
  }
  return out;
}

// The address that `map` locates at `at`. Each bit of an address belongs to one bit of one field, so that the
// places of the powers of two tell the inverse.
inline std::uint64_t address_of(const heddle::dram::AddressMap& map, const heddle::dram::Location& at) {
  std::uint64_t address = 0;
  for (unsigned bit = 0; bit < 64; ++bit) {
    const auto one = map.locate(std::uint64_t{1} << bit);
    const bool is_set = (one.channel & at.channel) != 0 || (one.rank & at.rank) != 0 ||
                        (one.bank_group & at.bank_group) != 0 || (one.bank & at.bank) != 0 ||
                        (one.row & at.row) != 0 || (one.column & at.column) != 0;
    if (is_set) address |= std::uint64_t{1} << bit;
  }
  return address;
}

// A request given by its place instead of its address.
class Places {
 public:
  explicit Places(const MemoryParameters& m)
      : map_(m.controller.address_map, m.device.organisation, m.controller.channels, m.controller.ranks,
             "test") {}
  TraceRequest read(heddle::dram::Location at, heddle::dram::Cycle cycle = 0) const {
    return {address_of(map_, at), cycle, Kind::read};
  }
  TraceRequest write(heddle::dram::Location at, heddle::dram::Cycle cycle = 0) const {
    return {address_of(map_, at), cycle, Kind::write};
  }

 private:
  heddle::dram::AddressMap map_;
};

}  // namespace dram_test
