// SPDX-License-Identifier: Apache-2.0
#include "sim/result/ledger.h"

#include <catch2/catch.hpp>

#include "sim/base/error.h"

namespace {

using namespace heddle;

// A layer of two blocks whose partial sums pass the activation memory; each block has a byte that is rounded
// up.
struct Books {
  result::Counters counters;
  result::MemoryAccesses moved;
  result::BookTerms terms;

  Books() {
    counters.on_chip_bytes.weights = Bytes(99);
    counters.on_chip_bytes.input_activations = Bytes(199);
    counters.on_chip_bytes.output_activations = Bytes(40);
    counters.off_chip_bytes = {.weights = Bytes(50),
                               .input_activations = Bytes(70),
                               .output_activations = Bytes(40),
                               .partial_sums = Bytes(16),
                               .metadata = Bytes(5)};
    terms = {.weight_rounding = Bytes(1),
             .activation_rounding = Bytes(1),
             .partial_sums = {.read = Bytes(8), .written = Bytes(12)}};
    moved.activation_memory = {.array_read = Bytes(208),
                               .array_written = Bytes(52),
                               .dma_read = Bytes(48),
                               .dma_written = Bytes(78)};
    moved.weight_memory = {.array_read = Bytes(100), .dma_written = Bytes(55)};
    moved.input_buffer = {.written = Bytes(208), .read = Bytes(208)};
    moved.output_buffer = {.written = Bytes(52), .read = Bytes(52)};
  }
  void check() const { result::check_books(counters, moved, terms, "layer conv1"); }
};

std::string refusal(const Books& books) {
  try {
    books.check();
  } catch (const Error& e) {
    CHECK(e.kind() == ErrorKind::internal);
    CHECK(e.where() == "layer conv1");
    return e.what();
  }
  return "";
}

using Planted = Bytes& (*)(Books&);

}  // namespace

TEST_CASE(
    "the two books of on-chip bytes agree, and a byte too many anywhere is found under the memory's name") {
  CHECK(refusal(Books()).empty());
  const std::pair<Planted, const char*> cases[] = {
      {[](Books& b) -> Bytes& { return b.moved.weight_memory.array_read; }, "weight memory, read"},
      {[](Books& b) -> Bytes& { return b.moved.weight_memory.dma_written; }, "weight memory, written"},
      {[](Books& b) -> Bytes& { return b.moved.activation_memory.array_read; },
       "activation memory, read for"},
      {[](Books& b) -> Bytes& { return b.moved.activation_memory.array_written; },
       "activation memory, written for"},
      {[](Books& b) -> Bytes& { return b.moved.activation_memory.dma_read; }, "by the DMA"},
      {[](Books& b) -> Bytes& { return b.moved.activation_memory.dma_written; }, "by the DMA"},
      {[](Books& b) -> Bytes& { return b.moved.input_buffer.written; }, "input buffer, written"},
      {[](Books& b) -> Bytes& { return b.moved.input_buffer.read; }, "input buffer, read"},
      {[](Books& b) -> Bytes& { return b.moved.output_buffer.written; }, "output buffer, written"},
      {[](Books& b) -> Bytes& { return b.moved.output_buffer.read; }, "output buffer, read"},
      {[](Books& b) -> Bytes& { return b.counters.on_chip_bytes.weights; }, "weight memory"},
      {[](Books& b) -> Bytes& { return b.counters.on_chip_bytes.output_activations; }, "activation memory"},
      {[](Books& b) -> Bytes& { return b.terms.partial_sums.read; }, "activation memory, read for"},
      {[](Books& b) -> Bytes& { return b.terms.activation_rounding; }, "activation memory, read for"}};
  for (const auto& [plant, name] : cases) {
    Books books;
    plant(books) += Bytes(1);
    CHECK_THAT(refusal(books), Catch::Contains(name));
  }
}

TEST_CASE("layers sum to what the memories counted, DRAM commands included") {
  const Books books;
  result::Counters totals;
  totals.memory_accesses = books.moved;
  totals.dram_commands.emplace();
  totals.dram_commands->read_bursts = 7;
  totals.dram_commands->refreshes_all_bank = 1;
  result::MemoryRecord memory{.activation_memory = books.moved.activation_memory,
                              .weight_memory = {books.moved.weight_memory, Bytes(9)},
                              .input_buffer = books.moved.input_buffer,
                              .output_buffer = books.moved.output_buffer,
                              .off_chip = {}};
  memory.off_chip.dram = result::DramTotals{*totals.dram_commands, std::nullopt};
  CHECK_NOTHROW(result::check_memory(totals, memory));
  ++memory.off_chip.dram->commands.refreshes_all_bank;
  CHECK_THROWS_WITH(result::check_memory(totals, memory), Catch::Contains("refreshes_all_bank"));
  --memory.off_chip.dram->commands.refreshes_all_bank;
  memory.activation_memory.dma_read += Bytes(1);
  CHECK_THROWS_WITH(result::check_memory(totals, memory),
                    Catch::Contains("activation memory") && Catch::Contains("dma_read_bytes"));
}

TEST_CASE("counters add field by field, and only what is additive") {
  result::Counters a;
  a.macs = 3;
  a.utilization = 0.5;
  a.events.counts = {{"terms", 4}};
  a.on_chip_bytes.weights = Bytes(1);
  result::Counters b = a;
  b.memory_accesses = Books().moved;
  a += b;
  CHECK(a.macs == 6);
  CHECK(a.utilization == 0.5);
  CHECK(a.events.counts.front().second == 8);
  CHECK(a.on_chip_bytes.weights == Bytes(2));
  CHECK(a.memory_accesses->output_buffer.read == Bytes(52));
  CHECK_FALSE(a.dram_commands.has_value());
}
