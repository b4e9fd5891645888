// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/arch/cost.h"
#include "sim/arch/mapping.h"
#include "sim/arch/packing_report.h"
#include "sim/config/values.h"
#include "sim/workload/bricks.h"

namespace heddle::arch {

// Values that a design's cycles depend on, beyond shapes and precisions.
struct Needs {
  bool activations = false;
  bool weights = false;
  // Whether a tensor holds a negative value in any sample (LayerInput::has_negative_*).
  bool tensor_signs = false;
  // Widths of groups of 16 weights, in layers for which reads_group_widths() is true.
  bool group_widths = false;
};

// One layer of one sample, ready to be priced. Pointers are null where the trace has no values or the
// design does not ask for them.
struct LayerInput {
  const workload::Layer& layer;
  const workload::LoweredLayer& lowered;
  const Mapping& mapping;
  const workload::ActivationBricks* activations = nullptr;
  const workload::WeightBricks* weights = nullptr;
  // Widths of groups of 16 weights, [filter][step] of the lowered layer, where the design counts them
  // (reads_group_widths()); empty: the layer's precision holds.
  std::vector<std::uint8_t> group_widths;
  // Whether the tensor of any sample holds a negative value; found only where the design asks for it.
  bool has_negative_activations = false;
  bool has_negative_weights = false;
};

// What a model derives once per layer and every block of the layer reads: packed weights, per-brick
// summaries.
class Prepared {
 public:
  virtual ~Prepared() = default;
};
// Of a model whose blocks share nothing.
class NothingPrepared final : public Prepared {};

// A part of a layer: passes x window sets, both given as indices into the mapping in the order they run.
// Columns start drained and end drained.
struct Block {
  std::vector<std::uint32_t> passes;
  std::vector<std::uint32_t> window_sets;
};

Block whole_layer(const Mapping& mapping);

// How a design keeps values in memory (docs/rules.md#storage).
enum class Storage { container, bit_interleaved, compressed };
// The words that configurations and results use for them, in the order of the enumeration.
std::vector<std::string> storage_words();
std::string_view word_of(Storage storage);
// Nothing where no storage has this name.
std::optional<Storage> storage_of_word(std::string_view word);

// An accelerator answers in two steps, both pure: prepare() once per layer, price() once per block.
// Re-entrant: any thread, any order, same answer.
class Accelerator {
 public:
  virtual ~Accelerator() = default;

  [[nodiscard]] virtual ArrayShape shape() const = 0;
  // Bits of a stored value: 16, or 8 where the design is built so. A layer whose precision is wider is
  // refused before it gets here.
  [[nodiscard]] virtual unsigned container_bits() const = 0;
  // Products of container_bits x container_bits that the array completes per cycle where the operands leave
  // nothing to skip: no zero, and as many bits or terms as a value can have (docs/results.md#peak).
  [[nodiscard]] virtual double peak_macs_per_cycle() const = 0;
  [[nodiscard]] virtual Needs needs() const { return {}; }
  // Whether the time of this layer follows the widths of groups of its weights, if these are known ahead of
  // time.
  [[nodiscard]] virtual bool reads_group_widths(const workload::LoweredLayer&) const {
    return needs().group_widths;
  }
  [[nodiscard]] virtual Storage storage() const { return Storage::container; }
  // Whether weights that are known ahead of time are stored as the design packs them.
  [[nodiscard]] virtual bool packs_weights() const { return false; }
  // Throws Error(config) at the parameter ("/parameters/...") with which the design only counts: no array
  // does what it describes.
  virtual void require_bit_true() const {}
  // The mapping of a layer; a design with its own rule for a kind of layer (cascades) overrides it.
  [[nodiscard]] virtual Mapping map(const workload::LoweredLayer& layer, Pallet pallet) const {
    return map_layer(layer, shape(), pallet);
  }
  [[nodiscard]] virtual std::unique_ptr<Prepared> prepare(const LayerInput&) const {
    return std::make_unique<NothingPrepared>();
  }
  [[nodiscard]] virtual Cost price(const LayerInput& input, const Prepared& prepared,
                                   const Block& block) const = 0;
  // Extra weight traffic of the layer in bits (select signals, widths); counted as metadata.
  [[nodiscard]] virtual Bits weight_metadata(const LayerInput&, const Prepared&) const { return Bits(0); }
  // What every report of this design says beside its figures: choices that move them, such as the encoder.
  [[nodiscard]] virtual std::vector<std::string> notes() const { return {}; }
  // Parameters in force whose counts no array gives, one sentence each; results repeat them as assumptions.
  [[nodiscard]] virtual std::vector<std::string> assumptions() const { return {}; }
  // How the layer's weights were packed ahead of time; of designs that pack (packs_weights). Reads the
  // weights only: `activations` may be null, and so may `weights` of a layer whose weights are made at run
  // time.
  [[nodiscard]] virtual std::optional<PackingReport> packing_report(const LayerInput&) const {
    return std::nullopt;
  }
};

// A layer as an accelerator's array sees it.
struct MappedLayer {
  workload::LoweredLayer lowered;
  Mapping mapping;
};
MappedLayer map_onto(const workload::Layer& layer, const Accelerator& accelerator,
                     const MappingOptions& options);

// An event of a model's own that its costs count: what, in which unit, and what one stands for.
struct EventInfo {
  std::string name;
  std::string unit;
  std::string description;
};

// One row of the catalogue; each folder under models/ defines exactly one.
struct ModelInfo {
  std::string name;
  std::string summary;
  std::string citation;
  config::Declaration parameters;
  std::vector<EventInfo> events;
  std::unique_ptr<Accelerator> (*make)(const config::Values& parameters) = nullptr;
  // Whether the model has bit-true processing elements (models/<name>/hw). The catalogue knows.
  bool has_elements = false;
};

}  // namespace heddle::arch
