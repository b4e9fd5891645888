// SPDX-License-Identifier: Apache-2.0
#include "sim/workload/operation.h"

#include <catch2/catch.hpp>

#include "sim/config/json_document.h"
#include "sim/workload/network.h"

using namespace heddle;
using workload::Op;
using workload::OpRole;

TEST_CASE("every operation is found by its name") {
  for (const auto& row : workload::kOperations) {
    CAPTURE(row.name);
    CHECK(workload::op_named(row.name) == row.op);
    CHECK(workload::operation(row.op).name == row.name);
    CHECK((row.role == OpRole::array) == !row.weight_axes.empty());
    CHECK(row.weight_axes.empty() == row.activation_axes.empty());
  }
  CHECK_FALSE(workload::op_named("convolution"));
  CHECK_FALSE(workload::op_named(""));
}

TEST_CASE("the schema of traces lists the same operations") {
  const auto schema = config::read_json(HEDDLE_SOURCE_DIR "/traces/manifest.schema.json");
  const auto names = schema.root.at("definitions").at("layer").at("properties").at("op").at("enum");
  CHECK(names.get<std::vector<std::string>>() == workload::op_names());
}

TEST_CASE("one window of a matrix product is a fully connected layer") {
  workload::Layer layer;
  for (const Op op : {Op::linear, Op::matmul}) {
    layer.op = op;
    layer.geometry.out_width = 1;
    CHECK(layer.is_fully_connected());
    layer.geometry.out_width = 2;
    CHECK_FALSE(layer.is_fully_connected());
  }
  layer.geometry.out_width = 1;
  for (const Op op : {Op::conv2d, Op::reshape, Op::softmax}) {
    layer.op = op;
    CHECK_FALSE(layer.is_fully_connected());
  }
}
