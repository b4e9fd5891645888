// SPDX-License-Identifier: Apache-2.0
#include "sim/import/scalesim.h"

#include <array>
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

class TopologyFile {
 public:
  explicit TopologyFile(const std::string& lines)
      : path(fs::temp_directory_path() / ("heddle_scalesim_" + std::to_string(::getpid()) + ".csv")) {
    std::ofstream(path) << "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, "
                           "Num Filter, Strides,\n"
                        << lines;
  }
  ~TopologyFile() {
    std::error_code ignored;
    fs::remove(path, ignored);
  }
  fs::path path;
};

std::string refusal(const std::string& lines) {
  const TopologyFile topology(lines);
  try {
    read_scalesim(topology.path);
  } catch (const Error& e) {
    return e.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("SCALE-Sim convolutions: heights include padding, the last window may exceed the input") {
  const TopologyFile topology(
      "Conv1, 227, 227, 11, 11, 3, 96, 4,\nConv2DP, 114, 114, 3, 3, 32, 1, 1,\n\nConv3, 224, 224, 7, 7, 3, "
      "64, 2, 2:4, Pa=9 Pw=11\n");
  const auto layers = read_scalesim(topology.path).layers;
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
  const TopologyFile topology(
      "Conv1, 16, 16, 3, 3, 3, 8, 1,\nConv2, 16, 16, 3, 3, 8, 4, 2,\nFC, 1, 1, 1, 1, 196, 10, 1,\n");
  const fs::path out = topology.path.string() + ".trace";
  fs::remove_all(out);
  CHECK(import_scalesim(topology.path, out).layers.size() == 3);
  CHECK(validate_trace(out).empty());
  const Trace trace(out);
  CHECK(trace.network().samples == 0);
  // Conv1 makes 8 x 14 x 14, Conv2 wants 8 x 16 x 16, and its 4 x 8 x 8 = 256 values are not the 196 of FC.
  CHECK(trace.network().layers.size() == 5);
  fs::remove_all(out);
}

TEST_CASE("SCALE-Sim matrix products: M windows, N filters, K channels") {
  const TopologyFile topology("QK, 64, 32, 16,\nHeads, 8, 4, 2, 3,\n");
  const auto layers = read_scalesim(topology.path).layers;
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
  CHECK_THAT(refusal("a, 8, 8, 3, 3, 1, 1, 1, Pa=17\n"),
             Contains("precision Pa, in bits: expected 1 to 16, found 17"));
  CHECK_THAT(refusal("a, 8, 8, 3, 3, 1, 1, 1, Pa=17,\n"),
             Contains("precision Pa, in bits: expected 1 to 16"));
  CHECK_THAT(refusal("a, 8, 8, 3, 3, 1, 1, 1, Pw = x\n"),
             Contains("precision Pw, in bits: expected a whole"));
  CHECK_THAT(refusal("a, 8, 8, 3, 3, 1, 1, 1, Pa=3, Pa=4\n"), Contains("precision Pa is stated twice"));
  CHECK_THAT(refusal("a, 8, 8, 3, 3, 1, 1, 1, 4:,\n"), Contains("sparsity M"));
  CHECK_THAT(refusal("a, 8, 8, 3, 3, 1, 1, 1, x,\n"), Contains("behind the stride") && Contains("found 'x'"));
  CHECK_THAT(refusal("a, 8, 8, 3, 3, 1, 1, 1, 1, 1,\n"), Contains("unexpected field '1'"));
  CHECK_THAT(refusal("\xff, 8, 8, 3, 3, 1, 1, 1,\n"), Contains("not UTF-8: '\\xff'"));
  CHECK_THAT(refusal("a, 8, 8, 3, 3, 1, 1, 1,\nb, 4, 4, 4,\n"), Contains("in one file"));
  CHECK_THAT(refusal(""), Contains("no layers"));
}

TEST_CASE("SCALE-Sim layers whose kernel spans the input are linear") {
  const TopologyFile topology(
      "FC6, 6, 6, 6, 6, 256, 4096, 1,\nFC7, 1, 4096, 1, 4096, 1, 4096, 1,\nFC8, 1, 1, 1, 1, 4096, 1000, 1,\n"
      "rows, 128, 512, 1, 512, 1, 64, 1,\npoint, 1024, 1, 1, 1, 64, 5, 1,\nlast_DP, 7, 7, 7, 7, 64, 1, 1,\n"
      "text, 50, 300, 3, 300, 1, 100, 1,\n");
  const auto read = read_scalesim(topology.path);
  REQUIRE(read.layers.size() == 7);
  const auto shape = [&](std::size_t i) {
    const auto& layer = read.layers[i];
    REQUIRE(layer.op == Op::linear);
    return std::array{layer.geometry.width, layer.geometry.channels, layer.geometry.filters};
  };
  CHECK(shape(0) == std::array{1U, 9216U, 4096U});
  CHECK(shape(1) == std::array{1U, 4096U, 4096U});
  CHECK(shape(2) == std::array{1U, 4096U, 1000U});
  CHECK(shape(3) == std::array{128U, 512U, 64U});
  for (const std::size_t i : {4U, 5U, 6U}) CHECK(read.layers[i].op == Op::conv2d);
  CHECK_THAT(read.notes.back(), Contains("linear: the kernels of 4 of 7 layers (FC6, FC7, FC8, rows)"));
}

TEST_CASE("SCALE-Sim fields behind the strides: a stride across, N:M, N and M, precisions, remarks") {
  const TopologyFile topology(
      "a,20,30,3,3,8,16,2,1,\nb,20,30,3,3,8,16,2,1,2,4,\nc,20,30,3,3,8,16,2,Pa=9,Pw = "
      "11\nd,20,30,3,3,8,16,2,3\n"
      "e,20,30,3,3,8,16,2,#dw Pw=3\nf,20,30,3,3,8,16,2,,,\ng,20,30,3,3,8,16,2\nTitle,\n,,,,,,,,\n"
      "h,20,30,3,3,8,16,2,1,2:4,\n");
  const auto read = read_scalesim(topology.path);
  REQUIRE(read.layers.size() == 8);
  const auto strides = [&](std::size_t i) {
    return std::array{read.layers[i].geometry.stride_y, read.layers[i].geometry.stride_x};
  };
  CHECK(read.layers[0].geometry.macs() == 322560);
  for (const std::size_t i : {0U, 1U, 7U}) CHECK(strides(i) == std::array{2U, 1U});
  for (const std::size_t i : {2U, 3U, 4U, 5U, 6U}) CHECK(strides(i) == std::array{2U, 2U});
  CHECK(read.layers[2].precision.activation_bits == 9);
  CHECK(read.layers[2].precision.weight_bits == 11);
  CHECK(read.layers[4].precision.weight_bits == 3);
  REQUIRE(read.notes.size() == 4);
  CHECK_THAT(read.notes[0], Contains(":5: the text behind the numbers is ignored: '3'"));
  CHECK_THAT(read.notes[1], Contains("'#dw'"));
  CHECK_THAT(read.notes[2], Contains("'Title' has no numbers"));
  CHECK_THAT(read.notes[3], Contains("padded: the last windows of all layers exceed the input"));
  REQUIRE(read.assumptions.size() == 4);
  CHECK_THAT(read.assumptions[0],
             Contains("activation precision of 7 of 8 layers (a, b, d, e, ...): 16 bits"));
  CHECK_THAT(read.assumptions[1], Contains("weight precision of 6 of 8 layers"));
  CHECK_THAT(read.assumptions[2], Contains("sparsity N:M of 2 of 8 layers (b, h) is not kept"));
  CHECK_THAT(read.assumptions[3], Contains("1 of 8 layers (e) look depthwise"));
}

TEST_CASE("SCALE-Sim names are made unique, and a first line of numbers is a layer") {
  const TopologyFile topology(
      "block, 8, 8, 3, 3, 1, 1, 1,\nblock, 8, 8, 3, 3, 1, 1, 1,\ninput, 8, 8, 3, 3, 1, 1, 1,\n");
  const auto layers = read_scalesim(topology.path).layers;
  CHECK(layers[1].id == "block.2");
  CHECK(layers[2].id == "input.2");
  std::ofstream(topology.path) << "\xEF\xBB\xBFG1,4,4,1,\rG2,5,4,1,\r\n\nG3,5,4,1,";
  const auto read = read_scalesim(topology.path);
  REQUIRE(read.layers.size() == 3);
  CHECK(read.layers[0].id == "G1");
  CHECK_THAT(read.notes[0], Contains(".csv:1: the file has no heading"));
}

TEST_CASE("SCALE-Sim headings that name the field behind the stride") {
  const auto read = [](const std::string& text) {
    const TopologyFile topology("");
    std::ofstream(topology.path) << text;
    try {
      return std::to_string(read_scalesim(topology.path).layers[0].geometry.stride_x);
    } catch (const Error& e) {
      return std::string(e.what());
    }
  };
  const std::string eight = "Name, H, W, R, S, C, K, Strides, ";
  CHECK(read(eight + "Stride width,\na,8,8,3,3,1,1,2,1,\n") == "1");
  CHECK(read(eight + "Batch Size,\na,8,8,3,3,1,1,2,1,\n") == "2");
  CHECK_THAT(read(eight + "Batch Size,\na,8,8,3,3,1,1,2,4,\n"), Contains("a batch of 4 images"));
  CHECK_THAT(read(eight + "Sparsity,\na,8,8,3,3,1,1,2,4,\n"), Contains("sparsity: expected N:M, found '4'"));
  CHECK_THAT(read(eight + "Batch Size\na,8,8,3,3,1,1,2,4\n,"),
             Contains("2"));  // '4' is behind the last comma
  CHECK_THAT(read(eight + "Batch Size\na,8,8,3,3,1,1,2,4,\n"), Contains("a batch of 4 images"));
  CHECK(read(eight + "Stride width, Batch,\na,8,8,3,3,1,1,2,3,1,\n") == "3");
  CHECK_THAT(read(eight + "Stride width, Batch,\na,8,8,3,3,1,1,2,3,4,\n"), Contains("a batch of 4 images"));
  CHECK(read(eight + "Stride width, Sparsity,\na,8,8,3,3,1,1,2,3,2:4,\n") == "3");
  CHECK(read(eight + "Stride width, Batch Size, Sparsity,\na,8,8,3,3,1,1,2,3,1,2:4,\n") == "3");
  CHECK(read(eight + "Sparsity, Batch Size,\na,8,8,3,3,1,1,2,2:4,1,\n") == "2");
  CHECK(read(eight + "Stride width,\na,8,8,3,3,1,1,2,3,2,4,\n") == "3");  // then N and M
  CHECK_THAT(read(eight + "Stride width,\na,8,8,3,3,1,1,2,3,2:4,2:4,\n"), Contains("unexpected field '2:4'"));
  CHECK_THAT(read(eight + "Stride width,\na,8,8,3,3,1,1,2,3,2,4,1,\n"), Contains("unexpected field '1'"));
  CHECK_THAT(read(eight + "\na,8,8,3,3,1,1,2,2:4,1,\n"), Contains("unexpected field '1'"));
  CHECK(read("net\n" + eight + "\na,8,8,3,3,1,1,2,\n") == "2");
  CHECK(read("net\nLayer,M,N,K\nG,4,5,6\n") == "1");  // no comma ends the second heading
}

TEST_CASE("SCALE-Sim depthwise names, batches of products and lines without commas are said") {
  // The last window of a depthwise layer may be its only one: then it is linear, and still looks depthwise.
  const TopologyFile pool("dw1,6,6,3,3,8,1,1,\ndw2,3,3,3,3,8,1,1,\nfc,1,1,1,1,8,2,1,\n");
  CHECK_THAT(read_scalesim(pool.path).assumptions.back(),
             Contains("the names of 2 of 3 layers (dw1, dw2) look"));
  const TopologyFile heads("one,8,4,2,\nheads,8,4,2,3,\n");
  CHECK_THAT(read_scalesim(heads.path).assumptions.back(),
             Contains("matrices of their own for each product of the batch of 1 of 2 layers (heads)"));
  CHECK_THAT(refusal("a\t8\t8\t3\t3\t1\t1\t1\t\n"),
             Contains(".csv:2: no comma in 'a 8 8 3 3 1 1 1'; expected 8 fields"));
}
