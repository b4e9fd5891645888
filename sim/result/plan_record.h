// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/result/fields.h"

namespace heddle::result {

// Of an on-chip memory.
struct Capacity {
  std::optional<Bytes> bytes;  // none: unlimited
};

struct TensorRecord {
  std::string name;
  std::string made_during;
  std::optional<std::string> last_read_during;
  std::uint64_t values = 0;
  Bytes on_chip_bytes;
  Bytes off_chip_bytes;
  std::string place;
  bool could_stay = false;
  static constexpr auto fields() {
    return std::tuple{
        fact("name", &TensorRecord::name, "", "the tensor"),
        fact("made_during", &TensorRecord::made_during, "", "the layer that makes it, or `input`"),
        fact("last_read_during", &TensorRecord::last_read_during, "",
             "the last layer that reads it; null when none does")
            .or_null(),
        fact("values", &TensorRecord::values, "values", "values in one sample"),
        fact("on_chip_bytes", &TensorRecord::on_chip_bytes, "bytes",
             "room in the activation memory, whatever the values"),
        fact("off_chip_bytes", &TensorRecord::off_chip_bytes, "bytes",
             "what one move of it takes, all samples together"),
        fact("place", &TensorRecord::place, "",
             "where it lives; `both`: an output of the network that also stays on chip for a later layer")
            .one_of("on_chip|off_chip|both"),
        fact("could_stay", &TensorRecord::could_stay, "", "whether the plan weighed keeping it on chip")};
  }
};

// Where the tensors of a network live.
struct PlanRecord {
  static constexpr bool kIsSorted = true;
  std::string storage;
  unsigned container_bits = 0;
  Capacity activation_memory_bytes;
  Capacity weight_memory_bytes;
  bool weights_stay = false;
  Bytes off_chip_bytes;
  std::vector<TensorRecord> tensors;
  static constexpr auto fields() {
    return std::tuple{
        fact("storage", &PlanRecord::storage, "", "how tensors are stored")
            .one_of("container|bit_interleaved|compressed"),
        fact("container_bits", &PlanRecord::container_bits, "bits", "of a value in a container"),
        fact("activation_memory_bytes", &PlanRecord::activation_memory_bytes, "bytes",
             "capacity that the plan keeps, or `unlimited`"),
        fact("weight_memory_bytes", &PlanRecord::weight_memory_bytes, "bytes",
             "capacity that the plan keeps, or `unlimited`"),
        fact("weights_stay", &PlanRecord::weights_stay, "",
             "whether the weights of all layers stay in the weight memory from one sample to the next"),
        fact("off_chip_bytes", &PlanRecord::off_chip_bytes, "bytes",
             "planned traffic of all layers and samples, to the byte"),
        fact("tensors", &PlanRecord::tensors, "", "inputs and every tensor that a layer makes")};
  }
};

struct PlannedBytes {
  Bytes weights;
  Bytes metadata;
  Bytes input;
  Bytes second_operands;
  Bytes partial_sums;
  Bytes output;
  static constexpr auto fields() {
    return std::tuple{
        fact("weights", &PlannedBytes::weights, "bytes", "weights, or the right operand of a matmul"),
        fact("metadata", &PlannedBytes::metadata, "bytes", "what a design stores beside the weights"),
        fact("input", &PlannedBytes::input, "bytes", "input activations"),
        fact("second_operands", &PlannedBytes::second_operands, "bytes",
             "second addends of element-wise layers that follow"),
        fact("partial_sums", &PlannedBytes::partial_sums, "bytes", "spilled and read back"),
        fact("output", &PlannedBytes::output, "bytes", "output activations")};
  }
};

// Planned bytes of the best blocking in each loop order; none where nothing fits.
struct BytesByOrder {
  std::optional<Bytes> whole;
  std::optional<Bytes> filters_windows;
  std::optional<Bytes> windows_filters;
  std::optional<Bytes> sums_kept;
  std::optional<Bytes> sums_kept_input_streamed;
  std::optional<Bytes> sums_spilled;
  static constexpr auto fields() {
    return std::tuple{
        fact("whole", &BytesByOrder::whole, "bytes", "the unblocked order").or_null(),
        fact("filters_windows", &BytesByOrder::filters_windows, "bytes", "filter blocks outermost").or_null(),
        fact("windows_filters", &BytesByOrder::windows_filters, "bytes", "window blocks outermost").or_null(),
        fact("sums_kept", &BytesByOrder::sums_kept, "bytes", "cut reduction, partial sums stay on chip")
            .or_null(),
        fact("sums_kept_input_streamed", &BytesByOrder::sums_kept_input_streamed, "bytes",
             "the same, input loaded slice by slice")
            .or_null(),
        fact("sums_spilled", &BytesByOrder::sums_spilled, "bytes", "cut reduction, partial sums go off chip")
            .or_null()};
  }
};

// How a layer is cut into blocks.
struct BlockingRecord {
  std::string order;
  std::string loops;
  std::uint64_t filter_blocks = 1;
  std::uint64_t window_blocks = 1;
  std::uint64_t reduction_slices = 1;
  std::uint64_t held_weight_blocks = 0;
  Bytes off_chip_bytes;
  Bytes off_chip_bytes_at_least;
  std::uint64_t estimated_cycles = 0;
  PlannedBytes off_chip_bytes_by_tensor;
  BytesByOrder off_chip_bytes_by_order;
  Bytes activation_memory_bytes;
  Bytes resident_bytes;
  Bytes weight_memory_bytes;
  static constexpr auto fields() {
    return std::tuple{
        fact("order", &BlockingRecord::order, "", "the loop order")
            .one_of("whole|filters_windows|windows_filters|sums_kept|sums_kept_input_streamed|sums_spilled"),
        fact("loops", &BlockingRecord::loops, "",
             "loops of more than one block, outermost first; empty where the layer is not cut"),
        fact("filter_blocks", &BlockingRecord::filter_blocks, "blocks", "blocks that the filters are cut in"),
        fact("window_blocks", &BlockingRecord::window_blocks, "blocks", "blocks that the windows are cut in"),
        fact("reduction_slices", &BlockingRecord::reduction_slices, "slices",
             "slices that the reduction is cut in"),
        fact("held_weight_blocks", &BlockingRecord::held_weight_blocks, "blocks",
             "of the blocks of weights that every window block needs, those that are loaded once"),
        fact("off_chip_bytes", &BlockingRecord::off_chip_bytes, "bytes",
             "planned, of all samples, to the byte"),
        fact("off_chip_bytes_at_least", &BlockingRecord::off_chip_bytes_at_least, "bytes",
             "what every blocking moves: each tensor that lies off chip once"),
        fact("estimated_cycles", &BlockingRecord::estimated_cycles, "cycles",
             "of one sample, by which the planner decides between blockings that move the same bytes"),
        fact("off_chip_bytes_by_tensor", &BlockingRecord::off_chip_bytes_by_tensor, "bytes",
             "the same by what they carry"),
        fact("off_chip_bytes_by_order", &BlockingRecord::off_chip_bytes_by_order, "bytes",
             "the fewest bytes of every loop order, null where nothing fits"),
        fact("activation_memory_bytes", &BlockingRecord::activation_memory_bytes, "bytes",
             "room that the blocks take beside what stays"),
        fact("resident_bytes", &BlockingRecord::resident_bytes, "bytes",
             "room of tensors that stay in the activation memory while the layer runs"),
        fact("weight_memory_bytes", &BlockingRecord::weight_memory_bytes, "bytes",
             "room in the weight memory")};
  }
};

// What was decided about a layer.
struct LayerDetails {
  static constexpr bool kIsSorted = true;
  BlockingRecord blocking;
  static constexpr auto fields() {
    return std::tuple{fact("blocking", &LayerDetails::blocking, "", "loop order and blocks")};
  }
};

}  // namespace heddle::result
