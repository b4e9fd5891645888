// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sim/dram/request_queue.h"

namespace heddle::dram {

struct TraceRequest {
  std::uint64_t address = 0;
  Cycle cycle = 0;
  Kind kind = Kind::read;
};

// Reads requests one by one from a text in DRAMsim3's form, one `0xADDR READ|WRITE CYCLE` per line. Empty
// lines and lines that start with '#' are skipped. Anything else throws Error(workload) with name and line.
class TraceReader {
 public:
  TraceReader(std::string_view text, std::string name) : text_(text), name_(std::move(name)) {}
  std::optional<TraceRequest> next();
  [[nodiscard]] std::string where() const;  // the place of the request that next() returned last

 private:
  std::string_view line();
  [[noreturn]] void refuse(const std::string& what) const;
  TraceRequest parse(std::string_view line) const;

  std::string_view text_;
  std::string name_;
  std::uint64_t line_number_ = 0;
};

// One line of a request trace in the form of another simulator.
std::string dramsim3_line(const TraceRequest& request);  // 0xADDR READ|WRITE CYCLE
std::string dramsys_line(const TraceRequest& request);   // CYCLE: read|write 0xADDR

}  // namespace heddle::dram
