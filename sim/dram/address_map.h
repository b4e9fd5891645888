// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "sim/dram/device.h"

namespace heddle::dram {

// The fields of an address as a text, from the most to the least significant bit and without the offset in a
// burst: two-letter fields ch ra bg ba ro co, with or without '-' between them (the notation of DRAMsim3:
// "rochrababgco"). A field may be split into parts with their widths in bits ("ro-ba-co5-bg-co2"); one part
// of a field may omit its width and gets the remaining bits.
class AddressMap {
 public:
  // `where` names the map in errors (a place in a configuration file).
  AddressMap(const std::string& text, const Organisation& organisation, std::uint32_t channels,
             std::uint32_t ranks, const std::string& where);

  // Ignores bits beyond the capacity; the caller decides whether such addresses are errors.
  [[nodiscard]] Location locate(std::uint64_t address) const {
    Location at{.channel = lowest_[channel].of(address),
                .rank = lowest_[rank].of(address),
                .bank_group = lowest_[bank_group].of(address),
                .bank = lowest_[bank].of(address),
                .row = lowest_[row].of(address),
                .column = lowest_[column].of(address)};
    for (const Part& part : others_) at.*kMembers[part.field] |= part.of(address) << part.field_shift;
    return at;
  }

 private:
  enum Field : std::uint8_t { channel, rank, bank_group, bank, row, column, kFields };
  struct Part {
    std::uint8_t field = 0;
    std::uint8_t bits = 0;
    std::uint8_t address_shift = 0;
    std::uint8_t field_shift = 0;
    std::uint32_t mask = 0;
    [[nodiscard]] std::uint32_t of(std::uint64_t address) const {
      return static_cast<std::uint32_t>(address >> address_shift) & mask;
    }
  };
  static constexpr std::array<std::uint32_t Location::*, kFields> kMembers{
      &Location::channel, &Location::rank, &Location::bank_group,
      &Location::bank,    &Location::row,  &Location::column};
  // A map like `parts` whose fields have the widths of the memory.
  static std::string fitting(std::vector<Part> parts, const std::array<unsigned, kFields>& widths);
  static std::vector<Part> parse(const std::string& text, const std::string& where);
  void place(std::vector<Part> parts, const std::array<unsigned, kFields>& widths, const std::string& where);

  std::array<Part, kFields> lowest_{};  // the lowest part of each field
  std::vector<Part> others_;            // the other parts of fields that are split
  unsigned burst_bits_ = 0;
};

}  // namespace heddle::dram
