// SPDX-License-Identifier: Apache-2.0
#include "sim/import/dnnsim.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/base/mapped_file.h"
#include "sim/base/nearest.h"
#include "sim/base/version.h"
#include "sim/import/dnnsim_model.h"
#include "sim/import/layer_list.h"
#include "sim/trace/trace.h"
#include "sim/trace/writer.h"

namespace heddle::importers {
namespace {

using Type = DnnsimLayer::Type;

constexpr std::uint64_t kMostDimension = (std::uint64_t{1} << 31U) - 1;

// A .npy file with its bytes.
struct Tensor {
  explicit Tensor(const std::filesystem::path& path) : name(path.string()) {
    if (!std::filesystem::exists(path)) throw Error(ErrorKind::io, name, "there is no such tensor");
    file = std::make_unique<MappedFile>(path);
    view = trace::parse_npy(file->bytes(), name);
    for (const auto d : view.shape) {
      if (d == 0 || d > kMostDimension) throw fault("has a dimension that no layer can have");
    }
  }
  [[nodiscard]] Error fault(const std::string& what) const {
    return {ErrorKind::workload, name, "shape " + trace::text_of(view.shape) + " " + what};
  }
  std::string name;
  std::unique_ptr<MappedFile> file;
  trace::NpyView view;
};

std::uint32_t dimension(std::uint64_t value, const Tensor& tensor) {
  if (value > kMostDimension) throw tensor.fault("makes a dimension of 2^31 or more");
  return static_cast<std::uint32_t>(value);
}

// The tensors of one layer; `activations` holds one per batch.
struct LayerTensors {
  std::unique_ptr<Tensor> weight;
  std::vector<std::unique_ptr<Tensor>> activations;
};

// Batch numbers of the files act-LAYER-BATCH.npy; a layer's name may contain '-' and digits.
std::vector<std::uint64_t> batches_of(const std::filesystem::path& folder, const std::string& layer) {
  const std::string prefix = "act-" + layer + "-";
  std::vector<std::uint64_t> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix) || !name.ends_with(".npy") || name.size() <= prefix.size() + 4) continue;
    const std::string number = name.substr(prefix.size(), name.size() - prefix.size() - 4);
    if (number.size() > 9 || number.find_first_not_of("0123456789") != std::string::npos) continue;
    out.push_back(std::stoull(number));
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<LayerTensors> open_tensors(const std::filesystem::path& folder,
                                       const std::vector<DnnsimLayer>& layers) {
  if (!std::filesystem::is_directory(folder))
    throw Error(ErrorKind::io, folder.string(), "there is no such folder of tensors");
  std::vector<std::uint64_t> batches;
  std::vector<LayerTensors> out;
  for (const DnnsimLayer& layer : layers) {
    const auto own = batches_of(folder, layer.file_name());
    if (own.empty()) {
      throw Error(ErrorKind::io, (folder / ("act-" + layer.file_name() + "-0.npy")).string(),
                  "there is no such tensor for this or any other batch");
    }
    if (out.empty()) batches = own;
    if (own != batches) {
      throw Error(
          ErrorKind::workload, folder.string(),
          fmt::format("layer {} has batches {}, but layer {} has {}", in_quotes(layer.name),
                      fmt::join(own, ", "), in_quotes(layers.front().name), fmt::join(batches, ", ")));
    }
    LayerTensors tensors;
    tensors.weight = std::make_unique<Tensor>(folder / ("wgt-" + layer.file_name() + ".npy"));
    for (const auto batch : batches) {
      tensors.activations.push_back(
          std::make_unique<Tensor>(folder / fmt::format("act-{}-{}.npy", layer.file_name(), batch)));
    }
    out.push_back(std::move(tensors));
  }
  return out;
}

void shape_convolution(const DnnsimLayer& from, const Tensor& weight, const Tensor& activation,
                       workload::Geometry& g) {
  const workload::Shape& w = weight.view.shape;
  const workload::Shape& a = activation.view.shape;
  if (w.size() != 4 && w.size() != 2) throw weight.fault("is not a convolution's (K, C/groups, R, S)");
  if (a.size() != 4) throw activation.fault("is not a convolution's input (B, C, H, W)");
  g.filters = dimension(w[0], weight);
  g.kernel_height = w.size() == 4 ? dimension(w[2], weight) : 1;
  g.kernel_width = w.size() == 4 ? dimension(w[3], weight) : 1;
  g.channels = dimension(a[1], activation);
  g.height = dimension(a[2], activation);
  g.width = dimension(a[3], activation);
  if (g.channels % w[1] != 0)
    throw weight.fault(
        fmt::format("has {} channels per filter, which do not divide the input's {}", w[1], g.channels));
  g.groups = static_cast<std::uint32_t>(g.channels / w[1]);
  if (g.filters % g.groups != 0)
    throw weight.fault(fmt::format("has {} filters, which {} groups do not divide", g.filters, g.groups));
  g.stride_y = from.stride_y;
  g.stride_x = from.stride_x;
  g.pad_top = g.pad_bottom = from.pad_y;
  g.pad_left = g.pad_right = from.pad_x;
  const std::uint64_t padded_height = std::uint64_t{g.height} + 2 * std::uint64_t{from.pad_y};
  const std::uint64_t padded_width = std::uint64_t{g.width} + 2 * std::uint64_t{from.pad_x};
  if (g.kernel_height > padded_height || g.kernel_width > padded_width) {
    throw weight.fault(
        fmt::format("has a kernel larger than the padded input, {} x {}", padded_height, padded_width));
  }
  g.out_height = static_cast<std::uint32_t>((padded_height - g.kernel_height) / g.stride_y + 1);
  g.out_width = static_cast<std::uint32_t>((padded_width - g.kernel_width) / g.stride_x + 1);
}

// Products of dimensions from `first` on.
std::uint64_t flat(const workload::Shape& shape, std::size_t first) {
  std::uint64_t n = 1;
  for (std::size_t i = first; i < shape.size(); ++i) n *= shape[i];
  return n;
}

void shape_product(const DnnsimLayer& from, const Tensor& weight, const Tensor& activation,
                   workload::Geometry& g) {
  const workload::Shape& w = weight.view.shape;
  const workload::Shape& a = activation.view.shape;
  const bool recurrent = from.type == Type::rnn;
  if (w.size() != 2 && w.size() != 4) throw weight.fault("is not (K, C)");
  if (recurrent ? a.size() != 3 : a.size() != 2 && a.size() != 4) {
    throw activation.fault(recurrent ? "is not a recurrent layer's input (B, T, C)"
                                     : "is not a fully connected layer's input (B, C) or (B, C, H, W)");
  }
  const std::uint64_t inputs = recurrent ? a[2] : flat(a, 1);
  if (flat(w, 1) != inputs)
    throw weight.fault(fmt::format("has {} inputs, but {} has {}", flat(w, 1), activation.name, inputs));
  // The steps of a recurrent layer run one after another with the same weights: they are groups.
  g.groups = recurrent ? dimension(a[1], activation) : 1;
  g.channels = dimension(inputs * g.groups, activation);
  g.filters = dimension(w[0] * g.groups, weight);
}

class Importer {
 public:
  Importer(const DnnsimImport& import, const std::filesystem::path& trace)
      : import_(import), writer_(trace) {}

  void add(const DnnsimLayer& from, const LayerTensors& tensors,
           const std::optional<DnnsimPrecision>& precision) {
    workload::Layer layer;
    layer.id = from.name;
    layer.op = from.type == Type::conv ? workload::Op::conv2d : workload::Op::linear;
    shape_layer(from, tensors, layer.geometry);
    count_samples(tensors);
    std::optional<FixedPoint> of_weights;
    std::optional<FixedPoint> of_activations;
    if (precision) {
      of_weights = {precision->weight_magnitude, precision->weight_fraction};
      of_activations = {precision->activation_magnitude, precision->activation_fraction};
    }
    add_weight(*tensors.weight, of_weights, layer);
    add_activations(tensors, of_activations, layer);
    list_.add(layer);
  }

  DnnsimSummary finish(std::size_t layers, config::Json source) {
    config::Json provenance{{"tool", std::string("heddle trace import dnnsim ") + kVersion},
                            {"source_model", std::move(source)},
                            {"values", values_},
                            {"rounding", "half_away"}};
    writer_.finish(list_.manifest(import_.network, samples_, std::move(provenance)));
    return {layers, samples_};
  }

 private:
  static void shape_layer(const DnnsimLayer& from, const LayerTensors& tensors, workload::Geometry& g) {
    const Tensor& first = *tensors.activations.front();
    if (from.type == Type::conv) {
      shape_convolution(from, *tensors.weight, first, g);
    } else {
      shape_product(from, *tensors.weight, first, g);
    }
    // All batches have the shape of the first one, apart from the number of images.
    for (const auto& tensor : tensors.activations) {
      workload::Shape shape = tensor->view.shape;
      if (shape.size() == first.view.shape.size()) shape[0] = first.view.shape[0];
      if (shape != first.view.shape)
        throw tensor->fault("differs from that of " + first.name + ", " + trace::text_of(first.view.shape));
    }
  }

  // Images of each batch, which all layers must share.
  void count_samples(const LayerTensors& tensors) {
    std::vector<std::uint64_t> images;
    for (const auto& tensor : tensors.activations) images.push_back(tensor->view.shape[0]);
    if (images_.empty()) {
      std::uint64_t sum = 0;
      for (const auto n : images) sum += n;
      if (sum > 100000)
        throw tensors.activations.front()->fault("belongs to batches with more than 100,000 images together");
      images_ = images;
      samples_ = static_cast<std::uint32_t>(sum);
    } else if (images != images_) {
      throw Error(ErrorKind::workload, tensors.activations.front()->name,
                  fmt::format("batches of {} images, but the first layer's have {}", fmt::join(images, ", "),
                              fmt::join(images_, ", ")));
    }
  }

  void add_weight(const Tensor& weight, const std::optional<FixedPoint>& fixed, workload::Layer& layer) {
    NumberScan scan;
    scan.add(weight.view, weight.name);
    const CodeRule rule = choose_rule(import_.values, scan, fixed, import_.width, weight.name);
    auto codes = codes_of(weight.view, rule, 0, weight.view.elements());
    if (layer.op != workload::Op::conv2d && layer.geometry.groups > 1) {
      const std::vector<std::int32_t> one = codes;
      for (std::uint32_t g = 1; g < layer.geometry.groups; ++g)
        codes.insert(codes.end(), one.begin(), one.end());
    }
    layer.weight.source = "static";
    layer.weight.rep = rule.rep;
    layer.precision.weight_bits = rule.precision_bits;
    layer.weight.files = {writer_.add_codes("tensors/" + trace::file_stem(layer.id) + ".w.npy",
                                            workload::weight_shape(layer), codes, rule.rep.bits,
                                            rule.rep.is_signed)};
    values_[layer.id]["weight"] = rule.name;
  }

  void add_activations(const LayerTensors& tensors, const std::optional<FixedPoint>& fixed,
                       workload::Layer& layer) {
    NumberScan scan;
    for (const auto& tensor : tensors.activations) scan.add(tensor->view, tensor->name);
    const CodeRule rule =
        choose_rule(import_.values, scan, fixed, import_.width, tensors.activations.front()->name);
    layer.activation.rep = rule.rep;
    layer.precision.activation_bits = rule.precision_bits;
    for (std::size_t batch = 0; batch < images_.size(); ++batch) {
      for (std::uint64_t image = 0; image < images_[batch]; ++image) {
        const trace::NpyView& view = tensors.activations[batch]->view;
        const auto codes = codes_of(view, rule, image * flat(view.shape, 1), flat(view.shape, 1));
        const std::string name =
            fmt::format("tensors/{}.x.s{}.npy", trace::file_stem(layer.id), layer.activation.files.size());
        layer.activation.files.push_back(writer_.add_codes(name, workload::activation_shape(layer), codes,
                                                           rule.rep.bits, rule.rep.is_signed));
      }
    }
    values_[layer.id]["activation"] = rule.name;
  }

  const DnnsimImport& import_;
  trace::TraceWriter writer_;
  LayerList list_;
  std::vector<std::uint64_t> images_;  // of each batch
  std::uint32_t samples_ = 0;
  config::Json values_ = config::Json::object();  // how each tensor was read
};

}  // namespace

DnnsimSummary import_dnnsim(const DnnsimImport& import, const std::filesystem::path& trace) {
  if (import.width < 2 || import.width > 16)
    throw Error(ErrorKind::usage, "--width", fmt::format("expected 2 to 16 bits, found {}", import.width));
  const auto model = import.folder / "models" / import.network;
  if (!std::filesystem::is_directory(model))
    throw Error(ErrorKind::io, model.string(), "there is no such folder");
  const auto layers = read_dnnsim_model(model);
  const auto precisions = read_dnnsim_precision(model / "precision.txt", layers.size());
  const auto tensors = open_tensors(import.folder / "net_traces" / import.network, layers);
  Importer importer(import, trace);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    importer.add(layers[i], tensors[i], precisions ? std::optional((*precisions)[i]) : std::nullopt);
  }
  return importer.finish(
      layers.size(),
      {{"kind", "DNNsim traces"},
       {"network", import.network},
       {"model", std::filesystem::exists(model / "model.csv") ? "model.csv" : "train_val.prototxt"},
       {"precision", precisions ? "precision.txt" : "none"}});
}

}  // namespace heddle::importers
