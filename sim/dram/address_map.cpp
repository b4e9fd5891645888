// SPDX-License-Identifier: Apache-2.0
#include "sim/dram/address_map.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/base/quantity.h"

namespace heddle::dram {
namespace {

constexpr std::array<std::string_view, 6> kNames{"ch", "ra", "bg", "ba", "ro", "co"};
constexpr std::array<std::string_view, 6> kWords{"channel", "rank", "bank group", "bank", "row", "column"};
constexpr std::uint8_t kRest = 0xff;  // a part that gets the bits which the other parts of its field leave

std::string called(std::size_t field) {
  return fmt::format("{} ({})", kNames.at(field), kWords.at(field));
}

std::string bits(unsigned count) {
  return fmt::format("{} {}", count, count == 1 ? "bit" : "bits");
}

std::string legend() {
  std::string text;
  for (std::size_t field = 0; field < kNames.size(); ++field)
    text += (text.empty() ? "" : ", ") + called(field);
  return text;
}

Error fault(const std::string& where, const std::string& what) {
  return {ErrorKind::config, where, what};
}

}  // namespace

std::vector<AddressMap::Part> AddressMap::parse(const std::string& text, const std::string& where) {
  std::vector<Part> parts;
  std::size_t at = 0;
  while (at < text.size()) {
    if (text[at] == '-') {
      ++at;
      continue;
    }
    const auto name = text.substr(at, 2);
    const auto* const found = std::find(kNames.begin(), kNames.end(), name);
    if (found == kNames.end()) {
      throw fault(where, fmt::format("address map {} names an unknown field {} at character {}; the fields "
                                     "are {}",
                                     in_quotes(text), in_quotes(name), at + 1, legend()));
    }
    at += 2;
    unsigned bits = 0;
    const std::size_t digits = at;
    while (at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0 && bits < 64) {
      bits = bits * 10 + static_cast<unsigned>(text[at++] - '0');
    }
    if (at > digits && (bits == 0 || bits > 32)) {
      throw fault(where,
                  fmt::format("address map {} gives field {} a width outside 1 to 32 bits", in_quotes(text),
                              called(static_cast<std::size_t>(found - kNames.begin()))));
    }
    parts.push_back({.field = static_cast<std::uint8_t>(found - kNames.begin()),
                     .bits = at > digits ? static_cast<std::uint8_t>(bits) : kRest,
                     .address_shift = 0,
                     .field_shift = 0,
                     .mask = 0});
  }
  return parts;
}

std::string AddressMap::fitting(std::vector<Part> parts, const std::array<unsigned, kFields>& widths) {
  for (std::uint8_t field = 0; field < kFields; ++field) {
    const auto is_of_field = [&](const Part& part) { return part.field == field; };
    unsigned given = 0;
    std::size_t open = 0;
    for (const auto& part : parts) {
      if (!is_of_field(part)) continue;
      given += part.bits == kRest ? 0 : part.bits;
      open += part.bits == kRest ? 1 : 0;
    }
    const unsigned width = widths.at(field);
    if (open == 1 ? given <= width : open == 0 && given == width) continue;
    // The field becomes one part of whatever width it needs, where it stood first. A new field takes the
    // lowest bits, where channels and ranks share the bursts of a run of addresses.
    auto first = std::find_if(parts.begin(), parts.end(), is_of_field);
    const auto place = first - parts.begin();
    parts.erase(std::remove_if(first, parts.end(), is_of_field), parts.end());
    if (width > 0) parts.insert(parts.begin() + place, Part{.field = field, .bits = kRest});
  }
  std::string text;
  for (const auto& part : parts) {
    text += fmt::format("{}{}{}", text.empty() ? "" : "-", kNames.at(part.field),
                        part.bits == kRest ? "" : std::to_string(part.bits));
  }
  return text;
}

void AddressMap::place(std::vector<Part> parts, const std::array<unsigned, kFields>& widths,
                       const std::string& where) {
  const auto refuse = [&](const std::string& what) {
    throw fault(where, fmt::format("{}; a map that fits: \"{}\"", what, fitting(parts, widths)));
  };
  for (std::uint8_t field = 0; field < kFields; ++field) {
    unsigned given = 0;
    bool has_rest = false;
    bool named = false;
    for (const auto& part : parts) {
      if (part.field != field) continue;
      named = true;
      if (part.bits == kRest && has_rest)
        refuse(fmt::format("the address map names field {} twice without a width", called(field)));
      has_rest = has_rest || part.bits == kRest;
      given += part.bits == kRest ? 0 : part.bits;
    }
    const unsigned width = widths.at(field);
    if (given > width || (!has_rest && given != width)) {
      const std::string needs = fmt::format("the memory has {} of it", bits(width));
      refuse(named
                 ? fmt::format("the address map places {} of field {}, {}", bits(given), called(field), needs)
                 : fmt::format("the address map leaves out field {}, {}", called(field), needs));
    }
  }
  for (auto& part : parts) {
    if (part.bits != kRest) continue;
    unsigned given = 0;
    for (const auto& other : parts)
      given += other.field == part.field && other.bits != kRest ? other.bits : 0;
    part.bits = static_cast<std::uint8_t>(widths.at(part.field) - given);
  }
  std::array<unsigned, kFields> filled{};
  unsigned shift = burst_bits_;
  // The last named field is in the lowest bits.
  std::reverse(parts.begin(), parts.end());
  for (auto& part : parts) {
    if (part.bits == 0) continue;
    part.address_shift = static_cast<std::uint8_t>(shift);
    part.field_shift = static_cast<std::uint8_t>(filled.at(part.field));
    shift += part.bits;
    part.mask = static_cast<std::uint32_t>((std::uint64_t{1} << part.bits) - 1);
    filled.at(part.field) += part.bits;
    if (part.field_shift == 0) {
      lowest_.at(part.field) = part;
    } else {
      others_.push_back(part);
    }
  }
}

AddressMap::AddressMap(const std::string& text, const Organisation& organisation, std::uint32_t channels,
                       std::uint32_t ranks, const std::string& where)
    : burst_bits_(ceil_log2(organisation.burst_bytes())) {
  const std::array<unsigned, kFields> widths{ceil_log2(channels),
                                             ceil_log2(ranks),
                                             ceil_log2(organisation.bank_groups),
                                             ceil_log2(organisation.banks_per_group),
                                             ceil_log2(organisation.rows),
                                             ceil_log2(organisation.bursts_per_row())};
  place(parse(text, where), widths, where);
}

}  // namespace heddle::dram
