// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "sim/base/quantity.h"
#include "sim/config/json_document.h"

namespace heddle::result {

// Bumped whenever counts change on purpose; golden files and stores key on it.
inline constexpr int kResultsRevision = 2;

// A field of an additive struct: its name in every output and where it lies. The name carries the unit.
template <class Struct, class Value>
struct Field {
  const char* name;
  Value Struct::*member;
};
template <class Struct, class Value>
Field(const char*, Value Struct::*) -> Field<Struct, Value>;

template <class Struct>
Struct& add_fields(Struct& to, const Struct& from) {
  std::apply([&](auto... f) { ((to.*f.member += from.*f.member), ...); }, Struct::fields());
  return to;
}

// The sum over all fields; the fields of one struct have one unit.
template <class Struct>
auto sum_fields(const Struct& s) {
  return std::apply([&](auto first, auto... rest) { return ((s.*first.member) + ... + (s.*rest.member)); },
                    Struct::fields());
}

// Cycles in which the array waits for memory, by what it waits for (docs/rules.md#ledger).
struct StallCycles {
  Cycles weights;
  Cycles activations;
  Cycles partial_sums;
  Cycles outputs;
  static constexpr auto fields() {
    return std::tuple{
        Field{"weights", &StallCycles::weights}, Field{"activations", &StallCycles::activations},
        Field{"partial_sums", &StallCycles::partial_sums}, Field{"outputs", &StallCycles::outputs}};
  }
};

struct TensorBytes {
  Bytes weights;
  Bytes input_activations;
  Bytes output_activations;
  Bytes partial_sums;
  Bytes metadata;
  static constexpr auto fields() {
    return std::tuple{
        Field{"weights", &TensorBytes::weights}, Field{"input_activations", &TensorBytes::input_activations},
        Field{"output_activations", &TensorBytes::output_activations},
        Field{"partial_sums", &TensorBytes::partial_sums}, Field{"metadata", &TensorBytes::metadata}};
  }
};

struct LaneCounts {
  LaneCycles effective;
  LaneCycles synchronisation;
  LaneCycles edge;
  LaneCycles fill;
  static constexpr auto fields() {
    return std::tuple{Field{"effective", &LaneCounts::effective},
                      Field{"synchronisation", &LaneCounts::synchronisation},
                      Field{"edge", &LaneCounts::edge}, Field{"fill", &LaneCounts::fill}};
  }
};

// What adds up over layers and samples.
struct Counters {
  std::uint64_t macs = 0;
  Cycles cycles;
  Cycles compute_cycles;
  StallCycles stall_cycles;
  LaneCounts lane_cycles;
  TensorBytes on_chip_bytes;          // moved between the on-chip memories and the tiles
  TensorBytes off_chip_bytes;         // moved over the off-chip interface
  std::vector<std::uint64_t> events;  // the model's own, in the order it declares them

  Counters& operator+=(const Counters& other);
};

// The ledger: cycles = compute + stalls by cause; lane-cycles sum to compute x lanes. `array_lanes` is
// tiles x rows x columns x 16. Throws Error(internal) naming `where`.
void check_ledger(const Counters& counters, std::uint64_t array_lanes, const std::string& where);

struct LayerRecord {
  std::string name;
  std::string op;
  unsigned activation_bits = 0;  // Pa used
  unsigned weight_bits = 0;      // Pw used
  Counters counters;
  config::Json details;  // decisions of this layer: blocking, residency, verification; null when none
};

struct SampleRecord {
  std::uint32_t index = 0;
  std::vector<LayerRecord> layers;
};

struct RunRecord {
  config::Json accelerator;   // name, model, parameters, mapping, clock, memory, assumptions
  config::Json network;       // name, digest, samples, accuracy, provenance
  config::Json notes;         // statements every output repeats
  config::Json verification;  // bit-true runs: what was verified
  config::Json plan;          // residency of the network's tensors; null without memory
  config::Json timeline;      // traffic and occupancy over time; null without memory
  config::Json memory;        // what every memory moved; null without memory
  std::vector<std::pair<std::string, std::string>> events;  // name and unit of the model's events
  std::uint64_t array_lanes = 0;
  double frequency_mhz = 0;
  std::string fidelity = "timing";
  std::vector<SampleRecord> samples;

  [[nodiscard]] Counters totals() const;
  [[nodiscard]] std::vector<LayerRecord> layer_sums() const;  // over samples, in network order
};

}  // namespace heddle::result
