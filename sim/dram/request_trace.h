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

// Reads requests one by one from a text, one per line, in DRAMsim3's form `0xADDR READ|WRITE CYCLE` or in
// DRAMSys' form `CYCLE: read|write 0xADDR`; a line with a colon behind its first word is of the second. A
// byte order mark at the start, empty lines and lines that start with '#' are skipped. Anything else throws
// Error(workload) with name and line.
class TraceReader {
 public:
  TraceReader(std::string_view text, std::string name);
  std::optional<TraceRequest> next();
  [[nodiscard]] std::size_t bytes_left() const { return text_.size(); }
  [[nodiscard]] std::string where() const;  // the place of the request that next() returned last
  [[nodiscard]] std::string_view address_text() const {
    return address_text_;
  }  // of that request, as written

 private:
  std::string_view line();
  [[noreturn]] void refuse(const std::string& what) const;
  TraceRequest parse(std::string_view line);
  TraceRequest parse_dramsys(std::string_view line);
  std::uint64_t address(std::string_view word);
  [[nodiscard]] Kind kind(std::string_view word) const;
  [[nodiscard]] Cycle cycle(std::string_view word) const;
  void end(std::string_view rest, const char* after) const;

  std::string_view text_;
  std::string name_;
  std::string_view address_text_;
  std::uint64_t line_number_ = 0;
};

// One line of a request trace in the form of another simulator.
std::string dramsim3_line(const TraceRequest& request);  // 0xADDR READ|WRITE CYCLE
std::string dramsys_line(const TraceRequest& request);   // CYCLE: read|write 0xADDR

}  // namespace heddle::dram
