// SPDX-License-Identifier: Apache-2.0
#include "sim/import/dnnsim.h"

#include <cmath>
#include <fstream>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "sim/base/error.h"
#include "sim/import/dnnsim_model.h"
#include "sim/import/prototxt.h"
#include "sim/trace/npy.h"
#include "sim/trace/trace.h"
#include "sim/trace/validate.h"

using namespace heddle;
using namespace heddle::importers;
using namespace heddle::trace;
using namespace heddle::workload;
namespace fs = std::filesystem;
using Catch::Matchers::Contains;

namespace {

// A folder in DNNsim's layout with one network "net", removed at the end.
class Folder {
 public:
  Folder() : path(fs::temp_directory_path() / ("heddle_dnnsim_" + std::to_string(::getpid()))) {
    fs::remove_all(path);
    fs::create_directories(path / "models/net");
    fs::create_directories(path / "net_traces/net");
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  void text(const std::string& name, const std::string& content) const {
    std::ofstream(path / "models/net" / name, std::ios::binary) << content;
  }
  void raw(const std::string& name, const std::string& content) const {
    std::ofstream(path / "net_traces/net" / name, std::ios::binary) << content;
  }
  void floats(const std::string& name, const Shape& shape, const std::vector<float>& values) const {
    raw(name, npy_bytes(Dtype::f4, shape, std::as_bytes(std::span(values))));
  }
  Trace import(DnnsimValues values = DnnsimValues::automatic, unsigned width = 16) const {
    fs::remove_all(path / "out.trace");
    import_dnnsim({path, "net", values, width}, path / "out.trace");
    CHECK(validate_trace(path / "out.trace").empty());
    return Trace(path / "out.trace");
  }
  fs::path path;
};

std::vector<float> counting(std::size_t n, float from, float step) {
  std::vector<float> out;
  for (std::size_t i = 0; i < n; ++i) out.push_back(from + step * static_cast<float>(i));
  return out;
}

std::vector<std::int32_t> integers(const std::vector<float>& values) {
  std::vector<std::int32_t> out;
  for (const float v : values) out.push_back(static_cast<std::int32_t>(v));
  return out;
}

}  // namespace

TEST_CASE("DNNsim traces of integers keep every value; images of all batches are samples") {
  const Folder folder;
  folder.text("model.csv", "block/conv1,conv,2,1\r\nfc-1:fc:1:0\n\nlstm1,rnn,1,0\n");
  const auto conv_w = counting(4 * 1 * 3 * 3, -18, 1);
  folder.floats("wgt-block-conv1.npy", {4, 1, 3, 3}, conv_w);  // two groups of one channel each
  const auto conv_a0 = counting(2 * 2 * 5 * 5, 0, 1);
  const auto conv_a1 = counting(1 * 2 * 5 * 5, 100, 1);
  folder.floats("act-block-conv1-0.npy", {2, 2, 5, 5}, conv_a0);
  folder.floats("act-block-conv1-3.npy", {1, 2, 5, 5}, conv_a1);
  folder.floats("wgt-fc-1.npy", {3, 4}, counting(12, 0, 1));
  folder.floats("act-fc-1-0.npy", {2, 4, 1, 1}, counting(8, -4, 1));
  folder.floats("act-fc-1-3.npy", {1, 4, 1, 1}, counting(4, 0, 1));
  folder.floats("wgt-lstm1.npy", {2, 3}, counting(6, -3, 1));
  folder.floats("act-lstm1-0.npy", {2, 4, 3}, counting(24, 0, 1));  // two images of four steps
  folder.floats("act-lstm1-3.npy", {1, 4, 3}, counting(12, 0, 1));
  const Trace trace = folder.import();
  CHECK(trace.network().samples == 3);
  const Layer& conv = trace.network().layers[0];
  CHECK(conv.id == "block/conv1");
  CHECK(conv.geometry.groups == 2);
  CHECK(conv.geometry.out_height == 3);  // (5 + 2 - 3) / 2 + 1
  CHECK(conv.precision.activation_bits == 16);
  CHECK_FALSE(conv.activation.rep.is_signed);
  CHECK(conv.weight.rep.is_signed);
  CHECK(trace.weights(conv, 0).values == integers(conv_w));
  CHECK(trace.activations(conv, 1).values == integers({conv_a0.begin() + 50, conv_a0.end()}));
  CHECK(trace.activations(conv, 2).values == integers(conv_a1));

  std::vector<const Layer*> arrays;
  for (const auto& layer : trace.network().layers) {
    if (layer.is_array()) arrays.push_back(&layer);
  }
  REQUIRE(arrays.size() == 3);
  CHECK(arrays[1]->is_fully_connected());
  CHECK(trace.activations(*arrays[1], 1).values == std::vector<std::int32_t>{0, 1, 2, 3});
  // The steps of the recurrent layer: groups with the same weights.
  CHECK(arrays[2]->geometry.groups == 4);
  CHECK(arrays[2]->geometry.macs() == 4 * 2 * 3);
  CHECK(arrays[2]->is_fully_connected());
  CHECK(trace.activations(*arrays[2], 1).values == integers(counting(12, 12, 1)));
  CHECK(trace.weights(*arrays[2], 0).values.size() == 24);
  CHECK(folder.import(DnnsimValues::integers, 8).network().layers[0].precision.activation_bits == 8);
}

TEST_CASE("precision.txt scales, rounds halves away from zero and clamps") {
  const Folder folder;
  folder.text("model.csv", "c,conv,1,0\n");
  // Activations: 4 magnitude bits (sign included), 1 of fraction: 5 bits, codes -15 to 15 in halves.
  // Weights: 5 magnitude bits, -1 of fraction: 4 bits, codes -7 to 7 in twos.
  folder.text("precision.txt",
              "magnitude (+1 of the sign), fraction, wgt_magnitude, wgt_fraction\n4;\n1;\n5;\n-1;\n");
  folder.floats("wgt-c.npy", {4, 1, 1, 1}, {3.0F, -3.0F, 100.0F, 0.5F});
  folder.floats("act-c-0.npy", {1, 1, 1, 4}, {0.25F, -0.25F, 7.6F, -100.0F});
  const Trace trace = folder.import(DnnsimValues::fixed);
  const Layer& layer = trace.network().layers[0];
  CHECK(trace.weights(layer, 0).values == std::vector<std::int32_t>{2, -2, 7, 0});
  CHECK(trace.activations(layer, 0).values == std::vector<std::int32_t>{1, -1, 15, -15});
  CHECK(layer.precision.activation_bits == 5);
  CHECK(layer.precision.weight_bits == 4);
  CHECK(layer.weight.rep.bits == 16);

  // Each tensor on its own: the activations hold fractions, so they are scaled; integers stay unchanged.
  folder.floats("wgt-c.npy", {2, 1, 1, 1}, {3.0F, -3.0F});
  const Trace mixed = folder.import();
  CHECK(mixed.weights(mixed.network().layers[0], 0).values == std::vector<std::int32_t>{3, -3});
  folder.floats("wgt-c.npy", {2, 1, 1, 1}, {3.0F, -9.0F});
  CHECK_THROWS_WITH(folder.import(), Contains("-9 does not fit 4 bits"));
  CHECK_THROWS_WITH(folder.import(DnnsimValues::integers), Contains("-9 does not fit 4 bits"));
}

TEST_CASE("without precision.txt numbers are quantized to the width, unsigned where the least is 0") {
  const Folder folder;
  folder.text("model.csv", "c,conv,1,0\n");
  folder.floats("wgt-c.npy", {3, 1, 1, 1}, {0.5F, -1.0F, 0.25F});
  folder.floats("act-c-0.npy", {1, 1, 1, 3}, {0.0F, 2.5F, 0.5F});
  const Trace trace = folder.import(DnnsimValues::automatic, 8);
  const Layer& layer = trace.network().layers[0];
  // 127 codes per unit: 63.5 rounds to 64, 31.75 to 32. 255 / 2.5 = 102 codes per unit: 51.
  CHECK(trace.weights(layer, 0).values == std::vector<std::int32_t>{64, -127, 32});
  CHECK(trace.activations(layer, 0).values == std::vector<std::int32_t>{0, 255, 51});
  CHECK(layer.precision.activation_bits == 8);
  // Only a minimum of 0 gives the full range: 127 / 2.5 = 50.8 codes per unit.
  folder.floats("act-c-0.npy", {1, 1, 1, 3}, {0.5F, 2.5F, 1.0F});
  const Trace above = folder.import(DnnsimValues::automatic, 8);
  CHECK(above.activations(above.network().layers[0], 0).values == std::vector<std::int32_t>{25, 127, 51});
  folder.floats("act-c-0.npy", {1, 1, 1, 3}, {0.0F, 2.5F, 0.5F});
  CHECK_THROWS_WITH(folder.import(DnnsimValues::fixed), Contains("precision.txt"));
  CHECK_THROWS_WITH(folder.import(DnnsimValues::integers), Contains("0.5 at flat index 0"));
}

TEST_CASE("integer tensors are read as they are and the same input gives the same bytes") {
  const Folder folder;
  folder.text("model.csv", "f,fc,1,0\n");
  const std::vector<std::int16_t> weights{1, -2, 300, 4};
  const std::vector<std::uint8_t> activations{7, 255};
  folder.raw("wgt-f.npy", npy_bytes(Dtype::i2, {2, 2}, std::as_bytes(std::span(weights))));
  folder.raw("act-f-0.npy", npy_bytes(Dtype::u1, {1, 2}, std::as_bytes(std::span(activations))));
  const Trace first = folder.import();
  CHECK(first.weights(first.network().layers[0], 0).values == std::vector<std::int32_t>{1, -2, 300, 4});
  const std::string digest = first.digest();
  CHECK(folder.import().digest() == digest);
  CHECK_THROWS_WITH(folder.import(DnnsimValues::automatic, 8), Contains("300 does not fit 8 bits"));
  CHECK_THROWS_WITH(import_dnnsim({folder.path, "net", DnnsimValues::automatic, 16}, folder.path / "models"),
                    Contains("exists already"));
}

TEST_CASE("DNNsim traces with faults are refused with what is wrong") {
  const Folder folder;
  const auto good = [&] {
    folder.text("model.csv", "c,conv,1,0\nd,conv,1,0\n");
    for (const char* name : {"c", "d"}) {
      folder.floats(std::string("wgt-") + name + ".npy", {2, 3, 2, 2}, counting(24, 0, 1));
      folder.floats(std::string("act-") + name + "-0.npy", {1, 3, 4, 4}, counting(48, 0, 1));
    }
  };
  const auto refused = [&](const std::string& what) {
    CHECK_THROWS_WITH(folder.import(), Contains(what));
    CHECK_FALSE(fs::exists(folder.path / "out.trace"));
    good();
  };
  good();
  CHECK_NOTHROW(folder.import());
  folder.text("model.csv", "c,conv,1\n");
  refused("3 fields");
  folder.text("model.csv", "c,conf,1,0\n");
  refused("did you mean 'conv'?");
  folder.text("model.csv", "c,conv,0,0\n");
  refused("stride: expected 1 to");
  folder.text("model.csv", "c/a,conv,1,0\nc-a,conv,1,0\n");
  refused("has the same tensor files as the layer at");
  folder.text("model.csv", "");
  refused("lists no layers");
  folder.text("precision.txt", "heading\n4;4;\n0;0;\n4;\n0;0;\n");
  refused("1 values, but the model has 2 layers");
  folder.text("precision.txt", "heading\n4;4;\n0;0;\n4;13;\n0;9;\n");
  refused("magnitude + fraction is 22");
  folder.text("precision.txt", "heading\n4;4;\n0;0;\n");
  refused("3 lines");
  fs::remove(folder.path / "models/net/precision.txt");
  folder.floats("wgt-c.npy", {2, 2, 2, 2}, counting(16, 0, 1));
  refused("do not divide the input's 3");
  folder.floats("wgt-c.npy", {2, 1, 2, 2}, counting(8, 0, 1));
  refused("which 3 groups do not divide");
  folder.floats("wgt-c.npy", {2, 3, 5, 2}, counting(60, 0, 1));
  refused("kernel larger than the padded input");
  folder.floats("wgt-c.npy", {24}, counting(24, 0, 1));
  refused("(K, C/groups, R, S)");
  folder.floats("act-d-0.npy", {2, 3, 4, 4}, counting(96, 0, 1));
  refused("batches of 2 images");
  folder.floats("act-c-1.npy", {1, 3, 4, 4}, counting(48, 0, 1));
  refused("batches 0, but layer 'c' has 0, 1");
  fs::remove(folder.path / "net_traces/net/act-c-1.npy");
  folder.floats("act-c-0.npy", {1, 3, 4, 4}, std::vector<float>(48, std::nanf("")));
  refused("is not finite");
  folder.raw("act-c-0.npy", "not numpy");
  refused("not a .npy file");
  const std::vector<float> values = counting(48, 0, 1);
  std::string bytes = npy_bytes(Dtype::f4, {1, 3, 4, 4}, std::as_bytes(std::span(values)));
  bytes.pop_back();
  folder.raw("act-c-0.npy", bytes);
  refused("needs 192");
  fs::remove(folder.path / "net_traces/net/wgt-d.npy");
  refused("no such tensor");
}

TEST_CASE("Caffe network descriptions give the layers with weights") {
  const Folder folder;
  folder.text("train_val.prototxt",
              "name: 'Net'  # a comment\n"
              "layer { name: \"data\" type: \"Data\" include { phase: TRAIN } }\n"
              "layer {\n  name: \"a/conv\"\n  type: \"Convolution\"\n  param { lr_mult: 1 }\n"
              "  convolution_param { num_output: 8 pad: 2 kernel_size: 5 stride: 2 group: 2 weight_filler { "
              "type: \"gaussian\" std: 0.01 } }\n}\n"
              "layer { name: \"b\" type: \"Convolution\" convolution_param { kernel_h: 1 kernel_w: 3 pad_h: "
              "0 pad_w: 1 } }\n"
              "layer { name: \"relu\" type: \"ReLU\" }\nlayer { name: \"fc6\" type: \"InnerProduct\" }\n"
              "layer { name: \"lstm_1\" type: \"InnerProduct\" }\n");
  const auto layers = read_dnnsim_model(folder.path / "models/net");
  REQUIRE(layers.size() == 4);
  CHECK(layers[0].name == "a/conv");
  CHECK(layers[0].file_name() == "a-conv");
  CHECK(layers[0].stride_y == 2);
  CHECK(layers[0].pad_x == 2);
  CHECK(layers[1].pad_y == 0);
  CHECK(layers[1].pad_x == 1);
  CHECK(layers[2].type == DnnsimLayer::Type::fc);
  CHECK(layers[3].type == DnnsimLayer::Type::rnn);
  folder.text("train_val.prototxt", "layer { name: \"x\" type: \"Convolution\"\n");
  CHECK_THROWS_WITH(read_dnnsim_model(folder.path / "models/net"), Contains("does not end"));
}
