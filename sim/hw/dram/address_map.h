// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "sim/hw/dram/device.h"

namespace heddle::dram {

// Which address bits name what, as a text from the most to the least significant bit, the offset in a
// burst not included: two-letter fields ch ra bg ba ro co, with or without '-' between them (the
// notation of DRAMsim3: "rochrababgco"). A field may be cut in parts with their widths in bits
// ("ro-ba-co5-bg-co2"); one part of a field may leave its width out and takes what is left.
class AddressMap {
 public:
  // `where` names the map in errors (a place in a configuration file).
  AddressMap(const std::string& text, const Organisation& organisation, std::uint32_t channels,
             std::uint32_t ranks, const std::string& where);

  // Bits beyond the capacity are ignored; the caller refuses or wraps.
  [[nodiscard]] Location locate(std::uint64_t address) const;
  [[nodiscard]] std::uint64_t address_of(const Location& at) const;

 private:
  enum Field : std::uint8_t { channel, rank, bank_group, bank, row, column, kFields };
  struct Part {
    std::uint8_t field;
    std::uint8_t bits;
    std::uint8_t address_shift;
    std::uint8_t field_shift;
  };
  static std::vector<Part> parse(const std::string& text, const std::string& where);
  void place(std::vector<Part> parts, const std::array<unsigned, kFields>& widths, const std::string& where);

  std::vector<Part> parts_;  // least significant first
  unsigned burst_bits_ = 0;
};

}  // namespace heddle::dram
