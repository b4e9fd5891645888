// SPDX-License-Identifier: Apache-2.0
#include "sim/synthetic/generator.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include <fmt/format.h>

#include "sim/base/parallel.h"
#include "sim/synthetic/field.h"
#include "sim/synthetic/parameters.h"

namespace heddle::synthetic {
namespace {

using workload::IntTensor;
using workload::Layer;
using workload::Operand;
using workload::Shape;

constexpr double kSqrt3 = 1.7320508075688772;  // half the range of a uniform number / its standard deviation
constexpr std::size_t kPart = std::size_t{1} << 16;  // values that one task draws; the result is the same

// Calls fill(first, last) for parts of [0, count) on all threads.
void fill_parts(std::size_t count, const std::function<void(std::size_t, std::size_t)>& fill) {
  parallel_for((count + kPart - 1) / kPart,
               [&](std::size_t part) { fill(part * kPart, std::min(count, (part + 1) * kPart)); });
}

// Where values are -1, 0 or 1 by their representation, no distribution is left to choose.
bool is_coin(const Operand& operand, std::int32_t largest) {
  return operand.rep.is_bipolar || largest == 0;
}

void toss(IntTensor& out, const Operand& operand, const Stream& stream) {
  const std::int32_t heads = operand.rep.is_bipolar ? 1 : 0;
  fill_parts(out.values.size(), [&](std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i) out.values[i] = stream.at(i) >> 63U != 0 ? -1 : heads;
  });
}

// Some value of every tensor needs the whole precision, as in a profile.
void fill_width(IntTensor& out, const Operand& operand, std::int32_t largest, const Stream& stream) {
  const bool has_only_minus_one = largest == 0;
  if (out.values.empty() || operand.rep.is_bipolar) return;
  out.values[stream.at(0) % out.values.size()] = has_only_minus_one ? -1 : largest;
}

IntTensor empty_tensor(Shape shape) {
  const auto count = std::accumulate(shape.begin(), shape.end(), std::uint64_t{1}, std::multiplies<>());
  return {std::move(shape), std::vector<std::int32_t>(count)};
}

double mean_of(std::int32_t largest, double peak_per_mean, double most_mean) {
  return std::min(static_cast<double>(largest) / peak_per_mean, most_mean);
}

// Round to nearest: values of less than half a step are zero.
std::int32_t rounded(std::uint32_t u, std::uint64_t scale, std::int32_t largest) {
  constexpr unsigned kShift = kLogFraction + kScaleFraction;
  const std::uint64_t magnitude = (exponential(u) * scale + (std::uint64_t{1} << (kShift - 1))) >> kShift;
  return static_cast<std::int32_t>(std::min<std::uint64_t>(magnitude, static_cast<std::uint64_t>(largest)));
}

// Laplace: exponential magnitudes, a sign by a coin. Filters differ by a factor of their own.
void draw_laplace_weights(IntTensor& out, std::int32_t largest, bool is_signed, double prune_share,
                          const Stream& stream, const Stream& filters) {
  const Parameters& p = parameters();
  const double mean = mean_of(largest, p.weight_peak_per_mean, p.weight_most_mean);
  const std::uint64_t kept = (std::uint64_t{1} << 32) - threshold_of(prune_share);
  const std::size_t per_filter = out.values.size() / std::max<std::uint64_t>(1, out.shape.front());
  fill_parts(out.values.size(), [&](std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last;) {
      const std::size_t filter = i / per_filter;
      const std::size_t end = std::min(last, (filter + 1) * per_filter);
      const double uniform = static_cast<double>(filters.at(filter) >> 32U) / 2147483648.0 - 1;  // [-1, 1)
      const std::uint64_t scale = scale_of(mean * (1 + p.weight_filter_spread * kSqrt3 * uniform));
      for (; i < end; ++i) {
        const std::uint64_t random = stream.at(i);
        const auto u = static_cast<std::uint32_t>(random >> 32U);
        // Small magnitudes have large u: pruning takes the smallest of each filter.
        const std::int32_t magnitude = u < kept ? rounded(u, scale, largest) : 0;
        out.values[i] = is_signed && (random & 1U) != 0 ? -magnitude : magnitude;
      }
    }
  });
}

// Calls set(value, position) for all values of a tensor whose last two dimensions are an image.
template <class Set>
void for_positions(IntTensor& out, std::uint64_t height, std::uint64_t width, const Set& set) {
  fill_parts(out.values.size(), [&](std::size_t first, std::size_t last) {
    Field::Position at{first / (height * width), first / width % height, first % width, first};
    for (; at.index < last; ++at.index) {
      out.values[at.index] = set(at);
      if (++at.x < width) continue;
      at.x = 0;
      if (++at.y < height) continue;
      at.y = 0;
      ++at.channel;
    }
  });
}

// What a tensor of activations is drawn from.
struct ActivationDraw {
  std::uint64_t seed = 0;
  std::string name;
  std::int32_t largest = 0;
  bool is_signed = false;
  std::uint64_t height = 1;
  std::uint64_t width = 1;
  bool is_image_like = false;  // its last two dimensions are positions

  [[nodiscard]] Field field(const std::string& part, std::uint32_t cell, double jitter) const {
    return {seed,
            name + part,
            {static_cast<std::uint32_t>(height), static_cast<std::uint32_t>(width), cell,
             is_image_like ? jitter : 1.0}};
  }
};

// The share of zeros is exact in the mean; the others are 1 plus an exponential number that is rounded down.
void draw_behind_relu(IntTensor& out, const ActivationDraw& draw, double zeros_share) {
  const Parameters& p = parameters();
  const Field field = draw.field("", p.activation_cell, p.activation_jitter);
  const double mean = mean_of(draw.largest, p.activation_peak_per_mean, p.activation_most_mean);
  constexpr double kSmallestMean = 0.125;  // of what is above 1: narrow precisions hold little else than 1
  const std::uint64_t scale = scale_of(std::max(mean - 0.5, kSmallestMean));
  const auto largest = static_cast<std::uint64_t>(draw.largest);
  const std::uint64_t kept = (std::uint64_t{1} << 32) - threshold_of(zeros_share);
  const auto stretch = static_cast<std::uint64_t>(65536.0 / (1 - zeros_share));
  for_positions(out, draw.height, draw.width, [&](const Field::Position& at) {
    const std::uint64_t u = field.at(at);
    if (u >= kept) return 0;
    const auto within = static_cast<std::uint32_t>(std::min<std::uint64_t>(u * stretch >> 16U, 0xffffffffU));
    const std::uint64_t above = exponential(within) * scale >> (kLogFraction + kScaleFraction);
    return static_cast<std::int32_t>(std::min<std::uint64_t>(1 + above, largest));
  });
}

void draw_signed(IntTensor& out, const ActivationDraw& draw) {
  const Parameters& p = parameters();
  const Field field = draw.field("", p.activation_cell, p.activation_jitter);
  const Stream signs(draw.seed, draw.name + "/sign");
  const std::uint64_t scale =
      scale_of(mean_of(draw.largest, p.activation_peak_per_mean, p.activation_most_mean));
  for_positions(out, draw.height, draw.width, [&](const Field::Position& at) {
    const std::int32_t magnitude = rounded(field.at(at), scale, draw.largest);
    return signs.at(at.index) >> 63U != 0 ? -magnitude : magnitude;
  });
}

// The mean of a coarse field that all channels share and a fine one of each: a triangular distribution over
// the whole range, centred at zero where codes are signed.
void draw_image(IntTensor& out, const ActivationDraw& draw) {
  const Parameters& p = parameters();
  const Field coarse = draw.field("/coarse", p.image_cell, p.image_jitter);
  const Field fine = draw.field("/fine", p.activation_cell, p.activation_jitter);
  const std::uint64_t plane = draw.height * draw.width;
  for_positions(out, draw.height, draw.width, [&](const Field::Position& at) {
    const std::uint64_t shared = coarse.at({0, at.y, at.x, at.index % plane});
    const auto sum = static_cast<std::int64_t>(shared + fine.at(at));  // 33 bits
    if (!draw.is_signed) return static_cast<std::int32_t>(sum * (std::int64_t{draw.largest} + 1) >> 33);
    const std::int64_t centred = sum - (std::int64_t{1} << 32);
    const std::int64_t scaled = (centred < 0 ? -centred : centred) * draw.largest >> 32;
    return static_cast<std::int32_t>(centred < 0 ? -scaled : scaled);
  });
}

// The tensor of an operand that a layer or the network's user makes.
IntTensor draw_made(const Layer& layer, const Operand& operand, const Shape& shape, unsigned precision_bits,
                    const Options& options, const SignRules& signs, std::uint32_t sample) {
  IntTensor out = empty_tensor(shape);
  const bool is_image_like = shape.size() == 4;
  ActivationDraw draw{.seed = options.seed,
                      .name = fmt::format("activation/{}/{}", operand.source, sample),
                      .largest = largest_code(operand, precision_bits),
                      .is_signed = operand.rep.is_signed,
                      .height = is_image_like ? shape[2] : 1,
                      .width = is_image_like ? shape[3] : shape[1],
                      .is_image_like = is_image_like};
  const Sign sign = signs.of(operand.source);
  const bool is_image = sign == Sign::image && is_image_like && !layer.has_run_time_weights();
  if (is_coin(operand, draw.largest)) {
    toss(out, operand, Stream(draw.seed, draw.name));
  } else if (is_image) {
    draw_image(out, draw);
  } else if (operand.rep.is_signed && sign != Sign::positive) {
    draw_signed(out, draw);
  } else {
    draw_behind_relu(out, draw, options.zeros_share);
  }
  fill_width(out, operand, draw.largest, Stream(draw.seed, draw.name + "/largest"));
  return out;
}

}  // namespace

std::int32_t largest_code(const Operand& operand, unsigned precision_bits) {
  const unsigned bits = precision_bits - (operand.rep.is_signed ? 1 : 0);
  const std::int64_t of_precision = (std::int64_t{1} << bits) - 1;
  return static_cast<std::int32_t>(std::min(of_precision, operand.rep.highest_code()));
}

Generator::Generator(const workload::Network& network, const Options& options)
    : options_(options), signs_(network) {}

std::string Generator::label() const {
  return options_.label() + fmt::format(",generator={}", kGeneratorVersion);
}

IntTensor Generator::activations(const Layer& layer, std::uint32_t sample) const {
  return draw_made(layer, layer.activation, workload::activation_shape(layer),
                   layer.precision.activation_bits, options_, signs_, sample);
}

IntTensor Generator::weights(const Layer& layer, std::uint32_t sample) const {
  if (!layer.weight.is_static()) {
    return draw_made(layer, layer.weight, workload::weight_shape(layer), layer.precision.weight_bits,
                     options_, signs_, sample);
  }
  IntTensor out = empty_tensor(workload::weight_shape(layer));
  const std::int32_t largest = largest_code(layer.weight, layer.precision.weight_bits);
  const std::string name = "weight/" + layer.id;
  const Stream stream(options_.seed, name);
  if (is_coin(layer.weight, largest)) {
    toss(out, layer.weight, stream);
  } else {
    draw_laplace_weights(out, largest, layer.weight.rep.is_signed, options_.prune_share, stream,
                         Stream(options_.seed, name + "/filters"));
  }
  fill_width(out, layer.weight, largest, Stream(options_.seed, name + "/largest"));
  return out;
}

}  // namespace heddle::synthetic
