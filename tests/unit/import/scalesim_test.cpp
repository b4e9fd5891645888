// SPDX-License-Identifier: Apache-2.0
#include "sim/import/scalesim.h"

#include <fstream>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "sim/base/error.h"
#include "sim/trace/trace.h"
#include "sim/trace/validate.h"

using namespace heddle;
using namespace heddle::importers;
using namespace heddle::trace;
using namespace heddle::workload;
namespace fs = std::filesystem;
using Catch::Matchers::Contains;

namespace {

class Topology {
 public:
  explicit Topology(const std::string& lines)
      : path(fs::temp_directory_path() / ("heddle_scalesim_" + std::to_string(::getpid()) + ".csv")) {
    std::ofstream(path) << "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, "
                           "Num Filter, Strides,\n"
                        << lines;
  }
  ~Topology() {
    std::error_code ignored;
    fs::remove(path, ignored);
  }
  fs::path path;
};

std::string refusal(const std::string& lines) {
  const Topology topology(lines);
  try {
    read_scalesim(topology.path);
  } catch (const Error& e) {
    return e.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("SCALE-Sim convolutions: heights include padding, the last window may exceed the input") {
  const Topology topology(
      "Conv1, 227, 227, 11, 11, 3, 96, 4,\nConv2DP, 114, 114, 3, 3, 32, 1, 1,\n\nConv3, 224, 224, 7, 7, 3, "
      "64, 2, 2:4, Pa=9 Pw=11\n");
  const auto layers = read_scalesim(topology.path);
  REQUIRE(layers.size() == 3);
  CHECK(layers[0].geometry.out_height == 55);  // (227 - 11) / 4 + 1
  CHECK(layers[0].geometry.pad_bottom == 0);
  CHECK(layers[0].precision.activation_bits == 16);
  CHECK(layers[1].geometry.groups == 32);
  CHECK(layers[1].geometry.filters == 32);
  CHECK(layers[1].geometry.macs() == 112ULL * 112 * 9 * 32);
  // ceil((224 - 7 + 2) / 2) = 110 rows; the last one needs 2 * 109 + 7 = 225.
  CHECK(layers[2].geometry.out_width == 110);
  CHECK(layers[2].geometry.pad_right == 1);
  CHECK(layers[2].precision.activation_bits == 9);
  CHECK(layers[2].precision.weight_bits == 11);
}

TEST_CASE("SCALE-Sim topologies become valid traces of shapes") {
  const Topology topology(
      "Conv1, 16, 16, 3, 3, 3, 8, 1,\nConv2, 16, 16, 3, 3, 8, 4, 2,\nFC, 1, 1, 1, 1, 196, 10, 1,\n");
  const fs::path out = topology.path.string() + ".trace";
  fs::remove_all(out);
  CHECK(import_scalesim(topology.path, out) == 3);
  CHECK(validate_trace(out).empty());
  const Trace trace(out);
  CHECK(trace.network().samples == 0);
  // Conv1 makes 8 x 14 x 14, Conv2 wants 8 x 16 x 16, and its 4 x 8 x 8 = 256 values are not the 196 of FC.
  CHECK(trace.network().layers.size() == 5);
  fs::remove_all(out);
}

TEST_CASE("SCALE-Sim matrix products: M windows, N filters, K channels") {
  const Topology topology("QK, 64, 32, 16,\nHeads, 8, 4, 2, 3,\n");
  const auto layers = read_scalesim(topology.path);
  REQUIRE(layers.size() == 2);
  CHECK(layers[0].op == Op::linear);
  CHECK(layers[0].geometry.windows() == 64);
  CHECK(layers[0].geometry.filters == 32);
  CHECK(layers[0].geometry.channels == 16);
  CHECK(layers[1].geometry.groups == 3);
  CHECK(layers[1].geometry.macs() == 3 * 8 * 4 * 2);
}

TEST_CASE("SCALE-Sim topologies with faults are refused with file and line") {
  CHECK_THAT(refusal("a, 8, 8, 3, 3, 1, 1,\n"), Contains(".csv:2") && Contains("7 fields"));
  CHECK_THAT(refusal("a, 8, x, 3, 3, 1, 1, 1,\n"),
             Contains("IFMAP Width: expected a whole number, found 'x'"));
  CHECK_THAT(refusal("a, 8, 8, 9, 3, 1, 1, 1,\n"), Contains("larger than the input"));
  CHECK_THAT(refusal("a, 8, 8, 3, 3, 1, 0, 1,\n"), Contains("Num Filter: expected 1"));
  CHECK_THAT(refusal("a, 8, 8, 3, 3, 1, 1, 1, Px=3\n"), Contains("expected Pa=BITS"));
  CHECK_THAT(refusal("a, 8, 8, 3, 3, 1, 1, 1, 4,\n"), Contains("expected N:M"));
  CHECK_THAT(refusal("a, 8, 8, 3, 3, 1, 1, 1,\na, 8, 8, 3, 3, 1, 1, 1,\n"), Contains("a second layer 'a'"));
  CHECK_THAT(refusal("a, 8, 8, 3, 3, 1, 1, 1,\nb, 4, 4, 4,\n"), Contains("in one file"));
  CHECK_THAT(refusal(""), Contains("no layers"));
}
