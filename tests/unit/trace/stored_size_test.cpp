// SPDX-License-Identifier: Apache-2.0
#include "sim/trace/stored_size.h"

#include <catch2/catch.hpp>

#include "sim/base/error.h"

using namespace heddle;
using trace::GroupForm;
using trace::OperandRole;

TEST_CASE("real tensors: what is encoded decodes to itself and is as long as was counted") {
  std::size_t tensors = 0;
  for (const char* name : {"digits-16b", "digits-8b", "denoiser-16b"}) {
    const trace::Trace trace(std::string(HEDDLE_SOURCE_DIR "/traces/") + name + ".trace");
    for (const auto& layer : trace.network().layers) {
      if (!layer.is_array()) continue;
      const unsigned container =
          std::max(layer.precision.activation_bits, layer.precision.weight_bits) <= 8 ? 8 : 16;
      for (const OperandRole role : {OperandRole::weight, OperandRole::activation}) {
        const auto tensor =
            role == OperandRole::weight ? trace.weights(layer, 0) : trace.activations(layer, 0);
        const auto runs = trace::runs_of(layer, role, tensor, container);
        const auto size = trace::group_size(layer, role, tensor, container);
        REQUIRE(runs.values.size() == tensor.values.size());
        for (const GroupForm form : {GroupForm::zero_vector, GroupForm::plain}) {
          INFO(name << " " << layer.id);
          const auto stream = trace::encode_groups(runs.format, form, runs.values, runs.length);
          CHECK(stream.size() ==
                bytes_holding(form == GroupForm::plain ? size.plain : size.zero_vector).count());
          std::vector<std::int32_t> back(runs.values.size(), 77);
          trace::decode_groups(runs.format, form, stream, back, runs.length);
          CHECK(back == runs.values);
        }
        ++tensors;
      }
    }
  }
  CHECK(tensors > 20);
}

TEST_CASE("runs are the channels at one position") {
  workload::Layer layer;
  layer.op = workload::Op::conv2d;
  auto& g = layer.geometry;
  g.channels = 4;
  g.height = 1;
  g.width = 2;
  g.filters = 2;
  g.kernel_width = 2;
  g.groups = 2;
  layer.precision = {4, 5, ""};
  layer.activation.rep.is_signed = false;
  // [channel][position], then [filter][channel of its group][position].
  const auto x = trace::runs_of(layer, OperandRole::activation, {{}, {1, 2, 3, 4, 5, 6, 7, 8}}, 16);
  CHECK(x.length == 4);
  CHECK(x.values == std::vector<std::int32_t>{1, 3, 5, 7, 2, 4, 6, 8});
  const auto w = trace::runs_of(layer, OperandRole::weight, {{}, {1, 2, 3, 4, 0, 6, 7, -8}}, 16);
  CHECK(w.length == 2);
  CHECK(w.values == std::vector<std::int32_t>{1, 3, 2, 4, 0, 7, 6, -8});
  const auto sizes = trace::stored_sizes(layer, OperandRole::weight, {{}, {1, 2, 3, 4, 0, 6, 7, -8}}, 16);
  CHECK(sizes.container == Bits(8 * 16));
  CHECK(sizes.zero_value == Bits(8 + 7 * 16));
  CHECK(sizes.precision == Bits(8 * 4));
  // Groups {1,3} {2,4} {0,7} {6,-8} need 3, 4, 4 and 4 bits per value.
  CHECK(sizes.groups.plain == Bits(4 * 4 + 2 * (3 + 4 + 4 + 4)));
  CHECK(sizes.groups.zero_vector == Bits(4 * (2 + 4) + 2 * 3 + 2 * 4 + 4 + 2 * 4));
  CHECK(sizes.compressed == sizes.groups.plain);
  CHECK_THROWS_AS(trace::stored_sizes(layer, OperandRole::weight, {{}, {1}}, 3), Error);
}
