// SPDX-License-Identifier: Apache-2.0
#include <optional>

#include <catch2/catch.hpp>

#include "sim/base/error.h"
#include "tests/unit/memory/planned_network.h"

namespace {

using namespace heddle;
using memory::LoopOrder;

std::optional<Bytes> planned(const test::PlannedNetwork& n, Bytes activations, Bytes weights, bool doubled) {
  try {
    return n.plan(activations, weights, doubled).bytes;
  } catch (const Error& e) {
    CHECK(e.kind() == ErrorKind::config);
    return std::nullopt;
  }
}

std::string names(const memory::Dataflow& flow, const std::vector<memory::Use>& uses) {
  std::string out;
  for (const auto& use : uses) out += flow.tensors[use.tensor].name + " ";
  return out;
}

arch::ArrayShape random_array(std::uint64_t seed) {
  Random random(seed, "array");
  return {1 + static_cast<std::uint32_t>(random.below(3)), 1U << random.below(5), 1U << random.below(5)};
}

}  // namespace

TEST_CASE("lifetimes follow residuals and views; what streams out of the array is not stored") {
  // a -> relu -> b -> add(b, relu) -> concat(add, a') where pool(relu) = a'
  const auto network = test::network_of(
      {test::conv("a", "image", 3, 8, 16, 3), test::other("relu", "activation", {"a"}, {16, 8, 8}),
       test::conv("b", "relu", 16, 8, 16, 3), test::other("sum", "add", {"b", "relu"}, {16, 8, 8}),
       test::other("all", "concat", {"sum", "relu"}, {32, 8, 8}), test::conv("c", "all", 32, 8, 8, 1)});
  const auto flow = memory::trace_dataflow(network);
  REQUIRE(flow.layers.size() == 3);
  CHECK(names(flow, flow.layers[0].activations) == "image ");
  CHECK(names(flow, flow.layers[1].activations) == "relu ");
  CHECK(names(flow, flow.layers[1].extras) == "relu ");
  CHECK(names(flow, flow.layers[2].activations) == "sum relu ");
  // image, relu, sum and the network's output c are stored; a, b and the concatenation are not.
  CHECK(flow.tensors.size() == 4);
  for (const auto& tensor : flow.tensors) {
    if (tensor.name == "relu") CHECK((tensor.made == 0 && tensor.last_use == 2));
    if (tensor.name == "c") CHECK(tensor.is_output);
    if (tensor.name == "image") CHECK((tensor.is_input && tensor.values == 3 * 8 * 8));
  }
}

TEST_CASE("with room for everything only the network's input, weights and output move") {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const test::PlannedNetwork n(test::random_network(seed), random_array(seed));
    const auto plan = n.plan(memory::kUnlimited, memory::kUnlimited, true);
    Bytes expected(0);
    for (std::size_t s = 0; s < n.shapes.size(); ++s)
      expected += n.sizes[0].layers[s].weights.moved + n.sizes[0].layers[s].metadata.moved;
    for (std::size_t t = 0; t < n.flow.tensors.size(); ++t) {
      if (n.flow.tensors[t].is_output) expected += n.sizes[0].tensors[t].moved;
    }
    // The first layer reads the image once, and of it the lines that its windows use.
    const auto& shape = n.shapes[0];
    const std::uint64_t parts = shape.line_count() * shape.groups();
    const std::uint64_t line =
        ceil_div(n.sizes[0].tensors[n.flow.layers[0].activations[0].tensor].moved.count(), parts);
    expected += Bytes(line * shape.used_lines() * shape.groups());
    CHECK(plan.bytes == expected);
  }
}

TEST_CASE("more on-chip capacity never adds off-chip bytes") {
  const std::vector<std::uint64_t> capacities{64,   200,   512,   1000,  2048,   3000,   5000,
                                              8192, 12000, 20000, 40000, 100000, 1000000};
  std::size_t feasible = 0;
  std::size_t changed = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const bool doubled = seed % 3 != 0;
    const memory::StorageRule rule{seed % 2 == 0 ? arch::Storage::container : arch::Storage::bit_interleaved,
                                   16};
    const test::PlannedNetwork n(test::random_network(seed), random_array(seed), rule);
    for (const Bytes other : {Bytes(2048), Bytes(16384), memory::kUnlimited}) {
      std::optional<Bytes> less_activations;
      std::optional<Bytes> less_weights;
      for (const auto c : capacities) {
        INFO("network " << seed << ", " << c << " bytes beside " << other.count());
        const auto activations = planned(n, Bytes(c), other, doubled);
        const auto weights = planned(n, other, Bytes(c), doubled);
        if (less_activations) CHECK((activations && *activations <= *less_activations));
        if (less_weights) CHECK((weights && *weights <= *less_weights));
        feasible += (activations ? 1U : 0U) + (weights ? 1U : 0U);
        changed += (less_activations && activations != less_activations ? 1U : 0U) +
                   (less_weights && weights != less_weights ? 1U : 0U);
        if (activations) less_activations = activations;
        if (weights) less_weights = weights;
      }
    }
  }
  // The property would be empty if nothing fitted or nothing ever changed.
  CHECK(feasible > 1000);
  CHECK(changed > 300);
}

TEST_CASE("the work list moves what was planned, byte by byte, in every loop order") {
  std::vector<std::size_t> seen(memory::kLoopOrders, 0);
  for (std::uint64_t seed = 0; seed < 120; ++seed) {
    Random random(seed, "capacity");
    const test::PlannedNetwork n(test::random_network(seed), random_array(seed));
    const memory::OnChipMemory activations{Bytes(300 + random.below(random.chance(2) ? 3000 : 60000)),
                                           !random.chance(3)};
    const memory::OnChipMemory weights{Bytes(64 + random.below(random.chance(2) ? 1000 : 30000)),
                                       !random.chance(3)};
    memory::MemoryPlan plan;
    try {
      plan = memory::plan_memory(n.network, n.flow, n.sizes, {activations, weights, false, {}}, "test");
    } catch (const Error&) {
      continue;
    }
    const auto list = test::work_list(n, plan, activations, weights, 2, Cycles(1000));
    memory::check_work_list(list);
    std::vector<memory::LayerBytes> moved(list.layers);
    std::vector<Cycles> computed(list.layers);
    for (const auto& work : list.items) computed[work.layer] += work.compute;
    for (const auto& t : list.transfers) {
      memory::LayerBytes& m = moved[list.items[t.item].layer];
      (t.traffic == memory::Traffic::weights             ? m.weights
       : t.traffic == memory::Traffic::metadata          ? m.metadata
       : t.traffic == memory::Traffic::input_activations ? m.input
       : t.traffic == memory::Traffic::partial_sums      ? m.partial_sums
                                                         : m.output) += t.bytes;
    }
    for (std::size_t l = 0; l < list.layers; ++l) {
      const auto& layer = plan.layers[l % plan.layers.size()];
      INFO("network " << seed << ", layer " << l << ", " << memory::name_of(layer.blocking.order()));
      const memory::LayerBytes& bytes = layer.blocking.bytes;
      CHECK(moved[l].weights == bytes.weights);
      CHECK(moved[l].metadata == bytes.metadata);
      CHECK(moved[l].input == bytes.input + bytes.extra);
      CHECK(moved[l].partial_sums == bytes.partial_sums);
      CHECK(moved[l].output == bytes.output);
      CHECK(layer.blocking.activation_room + layer.resident_room <= activations.capacity);
      CHECK(layer.blocking.weight_room <= weights.capacity);
      ++seen[static_cast<std::size_t>(layer.blocking.order())];
    }
  }
  for (std::size_t o = 0; o < seen.size(); ++o) {
    INFO(memory::name_of(static_cast<LoopOrder>(o)));
    CHECK(seen[o] > 0);
  }
}

TEST_CASE("a line of the input follows the order of the windows") {
  const auto layer = test::conv("a", "image", 16, 8, 16, 3);
  for (const auto order : {workload::WindowOrder::row_major, workload::WindowOrder::column_major}) {
    auto tall = layer;
    // 8 x 12 outputs; the 8 windows of a set are one column, or two thirds of a row.
    tall.geometry.width = tall.geometry.out_width = 12;
    const auto lowered = workload::lower(tall, {.window_order = order});
    const memory::LayerShape shape(tall, lowered, arch::map_layer(lowered, {1, 16, 8}, arch::Pallet::wrap));
    const bool by_columns = order == workload::WindowOrder::column_major;
    CHECK(shape.line_count() == (by_columns ? 12 : 8));
    CHECK(shape.lines({0, 1}).count == 2);  // the first of each, padding left out
    CHECK(shape.lines({1, 2}).count == 3);  // the second column; rows 0 to 2
    CHECK(shape.lines({2, 3}).count == 3);
    CHECK(shape.lines({4, 5}).first == (by_columns ? 3 : 1));
  }
}

TEST_CASE("blocks cover every pass and window set once") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Random random(seed, "blocks");
    const test::PlannedNetwork n(test::random_network(seed), random_array(seed));
    for (const auto& shape : n.shapes) {
      for (int i = 0; i < 6; ++i) {
        memory::Blocking b;
        for (auto k = random.below(6); k > 0; --k) std::next_permutation(b.loops.begin(), b.loops.end());
        b.filter_blocks = 1 + static_cast<std::uint32_t>(random.below(shape.passes()));
        b.block_sets = 1 + static_cast<std::uint32_t>(random.below(shape.window_sets()));
        b.window_blocks = static_cast<std::uint32_t>(ceil_div(shape.window_sets(), b.block_sets));
        b.slices = 1 + static_cast<std::uint32_t>(random.below(shape.bricks()));
        std::vector<std::uint32_t> met(std::size_t{shape.passes()} * shape.window_sets(), 0);
        for (const auto& block : memory::blocks_of(b, shape)) {
          for (const auto p : block.passes) {
            for (const auto w : block.window_sets) ++met[std::size_t{p} * shape.window_sets() + w];
          }
        }
        CHECK(std::all_of(met.begin(), met.end(), [](std::uint32_t m) { return m == 1; }));
      }
    }
  }
}

TEST_CASE(
    "a layer that is too large takes the loop order that moves the fewest bytes, with its alternatives") {
  // 16 channels, 32 x 32, 64 filters of 3 x 3 on one tile of 16 x 16: four passes of 4,608 weight bytes,
  // 32 lines of 1,024 bytes, outputs of 131,072 bytes.
  const test::PlannedNetwork n(test::network_of({test::conv("a", "image", 16, 32, 64, 3)}), {1, 16, 16});
  const Bytes once = Bytes(32 * 1024 + 4 * 4608 + 7 + 131072);
  // Everything fits and is loaded once.
  CHECK(n.plan(Bytes(100000), Bytes(20000), true).layers[0].blocking.order() == LoopOrder::whole);
  CHECK(n.plan(Bytes(100000), Bytes(20000), true).bytes == once);
  // Half the lines and all weights fit: the input moves through, and lines that two blocks of windows read
  // stay.
  const auto some = n.plan(Bytes(20000), Bytes(20000), true);
  CHECK(some.layers[0].blocking.order() == LoopOrder::windows_filters);
  CHECK(some.bytes == once);
  // Not all weights fit at the same time: the order reloads the cheaper of the two tensors, and the report
  // has both.
  const auto tight = n.plan(Bytes(20000), Bytes(10000), true);
  const auto& orders = tight.layers[0].alternatives;
  REQUIRE(orders[static_cast<std::size_t>(LoopOrder::filters_windows)]);
  REQUIRE(orders[static_cast<std::size_t>(LoopOrder::windows_filters)]);
  CHECK(tight.bytes > once);
  CHECK(tight.bytes == std::min(orders[1]->bytes.total(), orders[2]->bytes.total()));
  CHECK(tight.layers[0].least.total() == once);
  CHECK_FALSE(orders[0]);
  // Not even one pass fits, and one brick of channels cannot be sliced: refused, with what the layer needs.
  CHECK_THROWS_WITH(n.plan(Bytes(40000), Bytes(4000), true),
                    Catch::Matchers::Contains("layer 'a' fits in no blocking"));
}

TEST_CASE(
    "more live tensors than are weighed exactly, an input of several readers and weights of all samples "
    "stay") {
  // Every layer reads all before it; the image as well.
  std::vector<workload::Layer> layers;
  std::vector<std::string> made{"image"};
  std::uint32_t channels = 16;
  for (int i = 0; i < 12; ++i) {
    const std::string all = "all" + std::to_string(i);
    layers.push_back(test::other(all, "concat", made, {channels, 8, 8}));
    layers.push_back(test::conv("c" + std::to_string(i), all, channels, 8, 16, 3));
    made.push_back(layers.back().id);
    channels += 16;
  }
  const test::PlannedNetwork n(test::network_of(std::move(layers)), {1, 16, 16});
  Bytes weights(0);
  for (const auto& layer : n.sizes[0].layers) weights += layer.weights.moved + layer.metadata.moved;
  const Bytes tensor(16 * 8 * 8 * 2);
  const auto plan = n.plan(memory::kUnlimited, memory::kUnlimited, true);
  CHECK(plan.bytes == weights + tensor + tensor);  // the image and the last output
  CHECK_FALSE(plan.weights_stay);
  // Less than all: some tensors go off chip, and more room never moves more.
  Bytes before = memory::kUnlimited;
  for (std::uint64_t room = 6000; room < 40000; room += 1000) {
    const Bytes now = n.plan(Bytes(room), memory::kUnlimited, true).bytes;
    CHECK(now <= before);
    before = now;
  }
  CHECK(before == plan.bytes);
  const memory::Surroundings samples{{Bytes(40000), true}, {weights, true}, true, {}};
  CHECK(memory::plan_memory(n.network, n.flow, n.sizes, samples, "test").weights_stay);
  const memory::Surroundings tight{{Bytes(40000), true}, {weights - Bytes(1), true}, true, {}};
  CHECK_FALSE(memory::plan_memory(n.network, n.flow, n.sizes, tight, "test").weights_stay);
}
