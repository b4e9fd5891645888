// SPDX-License-Identifier: Apache-2.0
#include "sim/import/prototxt.h"

#include <cctype>
#include <map>

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/import/text_fields.h"

namespace heddle::importers {
namespace {

constexpr int kMostDepth = 32;

// The part of the protocol buffer text format that network descriptions use: fields are scalars or messages
// and may be repeated.
struct Message {
  std::multimap<std::string, std::string> scalars;
  std::multimap<std::string, Message> messages;
  std::size_t line = 0;

  [[nodiscard]] std::string text(const std::string& name, const std::string& fallback) const {
    const auto at = scalars.find(name);  // the first of a repeated field
    return at == scalars.end() ? fallback : at->second;
  }
  [[nodiscard]] const Message* message(const std::string& name) const {
    const auto at = messages.find(name);
    return at == messages.end() ? nullptr : &at->second;
  }
};

class Parser {
 public:
  explicit Parser(const std::filesystem::path& file) : name_(file.string()) {
    for (const auto& line : read_lines(file)) text_ += line + "\n";
  }

  Message all() {
    Message out = body(0);
    if (at_ != text_.size()) throw fault("'}' without '{'");
    return out;
  }

 private:
  Error fault(const std::string& what) const {
    return {ErrorKind::workload, fmt::format("{}:{}", name_, line_), what};
  }

  void skip() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '#') {
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      } else if (std::isspace(static_cast<unsigned char>(c)) != 0 || c == ',' || c == ';') {
        if (c == '\n') ++line_;
        ++at_;
      } else {
        return;
      }
    }
  }
  char peek() {
    skip();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  std::string word() {
    skip();
    const std::size_t start = at_;
    while (at_ < text_.size() &&
           (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '_' ||
            text_[at_] == '.' || text_[at_] == '-' || text_[at_] == '+')) {
      ++at_;
    }
    if (at_ == start)
      throw fault(at_ < text_.size() ? "unexpected character " + in_quotes(text_.substr(at_, 1))
                                     : "the file ends within a message");
    return text_.substr(start, at_ - start);
  }
  std::string value() {
    const char mark = peek();
    if (mark != '"' && mark != '\'') return word();
    const auto end = text_.find_first_of(std::string(1, mark) + "\n", at_ + 1);
    if (end == std::string::npos || text_[end] == '\n') throw fault("a text does not end");
    std::string out = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return out;
  }
  Message body(int depth) {
    if (depth > kMostDepth) throw fault("messages are nested too deep");
    Message out;
    out.line = line_;
    while (peek() != '\0' && peek() != '}') {
      const std::string name = word();
      const bool colon = peek() == ':';
      if (colon) ++at_;
      if (peek() == '{') {
        ++at_;
        out.messages.emplace(name, body(depth + 1));
        if (peek() != '}') throw fault("the message " + in_quotes(name) + " does not end");
        ++at_;
      } else if (colon) {
        out.scalars.emplace(name, value());
      } else {
        throw fault("expected ':' or '{' after " + in_quotes(name));
      }
    }
    return out;
  }

  std::string name_;
  std::string text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
};

// Caffe's names of types, old (enumerators) and new. As in DNNsim, the layer's name overrides its type.
std::optional<DnnsimLayer::Type> caffe_type_of(const std::string& type, const std::string& name) {
  const bool conv = type == "Convolution" || type == "CONVOLUTION";
  const bool product = type == "InnerProduct" || type == "INNER_PRODUCT";
  const bool recurrent = type == "LSTM";
  if (!conv && !product && !recurrent) return std::nullopt;
  for (const char* mark : {"lstm", "forward", "backward"}) {
    if (name.find(mark) != std::string::npos) return DnnsimLayer::Type::rnn;
  }
  if (recurrent) return DnnsimLayer::Type::rnn;
  return product || name.find("fc") != std::string::npos ? DnnsimLayer::Type::fc : DnnsimLayer::Type::conv;
}

void read_convolution(const Message& layer, DnnsimLayer& out) {
  const Message* const parameters = layer.message("convolution_param");
  if (parameters == nullptr) return;
  const auto number = [&](const char* both, const char* one, std::int64_t low, const char* fallback) {
    const std::string text = parameters->text(one, parameters->text(both, fallback));
    return static_cast<std::uint32_t>(whole_number(text, out.where, both, low, kMostStep));
  };
  out.stride_y = number("stride", "stride_h", 1, "1");
  out.stride_x = number("stride", "stride_w", 1, "1");
  out.pad_y = number("pad", "pad_h", 0, "0");
  out.pad_x = number("pad", "pad_w", 0, "0");
  if (parameters->text("dilation", "1") != "1")
    throw Error(ErrorKind::workload, out.where, "DNNsim's traces have no dilated convolutions");
}

}  // namespace

std::vector<DnnsimLayer> read_prototxt(const std::filesystem::path& file) {
  const Message network = Parser(file).all();
  std::vector<DnnsimLayer> out;
  for (const char* field : {"layer", "layers"}) {
    const auto [first, last] = network.messages.equal_range(field);
    for (auto at = first; at != last; ++at) {
      const Message& message = at->second;
      const std::string name = message.text("name", "");
      const auto type = caffe_type_of(message.text("type", ""), name);
      if (!type) continue;
      DnnsimLayer layer;
      layer.where = fmt::format("{}:{}", file.string(), message.line);
      layer.name = name;
      layer.type = *type;
      if (name.empty()) throw Error(ErrorKind::workload, layer.where, "the layer has no name");
      if (*type == DnnsimLayer::Type::conv) read_convolution(message, layer);
      out.push_back(std::move(layer));
    }
  }
  return out;
}

}  // namespace heddle::importers
