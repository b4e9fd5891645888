// SPDX-License-Identifier: Apache-2.0
#include "sim/arch/array_accelerator.h"

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/base/quantity.h"

namespace heddle::arch {
namespace {

// Windows of a tile of the designs that process one activation bit per cycle.
constexpr std::uint32_t kSerialColumns = 16;

Storage storage_from(const config::Values& parameters) {
  const auto storage = storage_of_word(parameters.text("storage"));
  HEDDLE_CHECK(storage, "a storage that was not declared");
  return *storage;
}

}  // namespace

ArrayParams ArrayParams::from(const config::Values& values, const std::string& rows_key) {
  const std::uint32_t container_bits = values.count("container_bits");
  const std::uint32_t columns = values.is_word("columns") ? 0 : values.count("columns");
  return {.shape = {values.count("tiles"), values.count(rows_key), columns},
          .container_bits = container_bits,
          .pe_width = values.has("pe_width") ? values.count("pe_width") : container_bits,
          .storage = storage_from(values)};
}

double peak_of(const ArrayParams& array, std::uint64_t step_cycles) {
  const auto parts = static_cast<std::uint32_t>(ceil_div(array.container_bits, array.pe_width));
  const ArrayShape composed{array.shape.tiles, array.shape.rows / parts, array.shape.columns / parts};
  return static_cast<double>(composed.lanes()) / static_cast<double>(step_cycles);
}

std::vector<std::string> notes_on_bits_per_cycle(const ArrayParams& array, std::uint32_t bits_per_cycle) {
  std::vector<std::string> notes;
  if (bits_per_cycle == 1) return notes;
  const std::uint32_t columns = array.shape.columns;
  const std::uint32_t product = columns * bits_per_cycle;
  if (product != kSerialColumns) {
    notes.push_back(
        fmt::format("columns x bits_per_cycle is {} x {} = {}, not 16: {:.4g}x the activation bits per cycle "
                    "of the design "
                    "with one bit and 16 columns",
                    columns, bits_per_cycle, product, static_cast<double>(product) / kSerialColumns));
  }
  if (array.container_bits % bits_per_cycle != 0) {
    notes.push_back(
        fmt::format("bits_per_cycle = {} does not divide {} bits: {} cycles, in the last of which {} "
                    "of {} bits are used",
                    bits_per_cycle, array.container_bits, ceil_div(array.container_bits, bits_per_cycle),
                    array.container_bits % bits_per_cycle, bits_per_cycle));
  }
  return notes;
}

config::Parameter tiles_parameter(std::uint32_t by_default, std::string source, std::string means) {
  return config::Parameter::integer("tiles", "tiles", 1, 1024)
      .by_default(by_default)
      .means(std::move(means))
      .from(std::move(source));
}

config::Parameter rows_parameter(std::uint32_t by_default, std::string source, std::string means,
                                 std::uint32_t most) {
  return config::Parameter::integer("rows", "filters", 1, most)
      .by_default(by_default)
      .means(std::move(means))
      .from(std::move(source));
}

config::Parameter columns_parameter(std::uint32_t by_default, std::string source, std::string means) {
  return config::Parameter::integer("columns", "windows", 1, 256)
      .by_default(by_default)
      .means(std::move(means))
      .from(std::move(source));
}

config::Parameter container_bits_parameter() {
  return config::Parameter::integer("container_bits", "bits", 8, 16)
      .by_default(16)
      .means(
          "width in which values are stored and moved: 16, or 8 for an 8-bit build (no layer may need more)")
      .from("Stripes (MICRO'16): 16-bit fixed point; docs/rules.md#values");
}

config::Parameter storage_parameter(Storage fallback, std::string source) {
  return config::Parameter::choice("storage", storage_words())
      .by_default(std::string(word_of(fallback)))
      .means(
          "how values lie in memory: full containers, only the precision's bits, or DPRed's compressed "
          "groups of 16")
      .from(std::move(source));
}

config::Parameter pe_width_parameter() {
  return config::Parameter::integer("pe_width", "bits", 4, 16)
      .by_default(16)
      .means(
          "widest value that a unit takes: wider activations are cut over ceil(Pa / pe_width) neighbouring "
          "columns, wider weights over ceil(Pw / pe_width) rows, which then work as one; 16: no unit is ever "
          "composed")
      .from("DNNsim; 16 is our choice, the papers' unit; docs/rules.md#composition");
}

}  // namespace heddle::arch
