// SPDX-License-Identifier: Apache-2.0
#include "sim/config/values.h"

#include <algorithm>

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/base/nearest.h"

namespace heddle::config {
namespace {

std::string shown(const Json& value) {
  const std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
  constexpr std::size_t kShown = 60;
  return text.size() <= kShown ? text : text.substr(0, kShown) + "...";
}

constexpr const char* kExtends = "extends";

std::string last_key(const std::string& path) {
  return path.substr(path.rfind('.') + 1);
}

class Reader {
 public:
  Reader(const Document& document, const Declaration& declaration, std::span<const std::string> paths = {})
      : document_(document), declaration_(declaration), paths_(paths) {}

  Json object(const Json& node, const std::string& pointer) const {
    if (!node.is_object()) throw fault(pointer, "expected an object, found " + shown(node));
    reject_unknown(node, pointer);
    Json out = Json::object();
    for (const auto& p : declaration_) {
      const auto found = node.find(p.name);
      if (found != node.end()) {
        out[p.name] = value(p, *found, pointer + "/" + pointer_token(p.name));
      } else if (p.default_value) {
        out[p.name] = *p.default_value;
      } else if (p.required) {
        throw fault(pointer, fmt::format("key '{}' is missing ({})", p.name, p.description));
      } else if (p.type == Type::object) {
        out[p.name] =
            Reader(document_, p.children).object(Json::object(), pointer + "/" + pointer_token(p.name));
      } else {
        out[p.name] = nullptr;
      }
    }
    return out;
  }

 private:
  [[nodiscard]] Error fault(const std::string& pointer, const std::string& what) const {
    return {ErrorKind::config, document_.where(pointer), what};
  }

  void reject_unknown(const Json& node, const std::string& pointer) const {
    std::vector<std::string> names;
    for (const auto& p : declaration_) names.push_back(p.name);
    for (const auto& [key, ignored] : node.items()) {
      if (std::find(names.begin(), names.end(), key) == names.end()) {
        throw fault(pointer + "/" + pointer_token(key),
                    "unknown key " + in_quotes(key) +
                        (pointer.empty() ? suggestion_at_root(key, names) : suggestion(key, names)));
      }
    }
  }

  // A file may extend another, and its keys may stand in a section.
  [[nodiscard]] std::string suggestion_at_root(const std::string& key, std::vector<std::string> names) const {
    if (key == kExtends) return ": a file says what it extends, an option cannot";
    names.emplace_back(kExtends);
    std::vector<std::string> all = names;
    for (const auto& path : paths_) all.push_back(last_key(path));
    const std::string nearest = nearest_name(key, all);
    if (nearest.empty() || std::find(names.begin(), names.end(), nearest) != names.end())
      return suggestion(key, names);
    std::vector<std::string> shown;
    for (const auto& path : paths_) {
      if (last_key(path) == nearest) shown.push_back(in_quotes(path));
    }
    return fmt::format(" (did you mean {}?)", fmt::join(shown, " or "));
  }

  [[nodiscard]] Json value(const Parameter& p, const Json& node, const std::string& pointer) const {
    switch (p.type) {
      case Type::integer:
        return integer(p, node, pointer);
      case Type::number:
        if (!node.is_number()) throw fault(pointer, "expected a number" + unit(p) + ", found " + shown(node));
        check_range(p, node.get<double>(), node, pointer);
        return node;
      case Type::boolean:
        if (!node.is_boolean()) throw fault(pointer, "expected true or false, found " + shown(node));
        return node;
      case Type::text:
        if (!node.is_string()) throw fault(pointer, "expected a text, found " + shown(node));
        return node;
      case Type::choice:
        return word(p, node, pointer, "one of " + fmt::format("{}", fmt::join(p.words, ", ")));
      case Type::integer_or_word:
        if (node.is_string())
          return word(p, node, pointer,
                      fmt::format("a whole number{} or {}", unit(p), fmt::join(p.words, ", ")));
        return integer(p, node, pointer);
      case Type::text_list:
        return text_list(node, pointer);
      case Type::object:
        return Reader(document_, p.children).object(node, pointer);
      case Type::any:
        break;
    }
    return node;
  }

  static std::string unit(const Parameter& p) { return p.unit.empty() ? "" : " of " + p.unit; }

  void check_range(const Parameter& p, double got, const Json& node, const std::string& pointer) const {
    if (got >= p.low && got <= p.high) return;
    throw fault(pointer, fmt::format("{} is outside {} to {}{}", shown(node), p.low, p.high,
                                     p.unit.empty() ? "" : " " + p.unit));
  }

  // Checked as 64 bits before it is narrowed: 2^32 + 16 must not become 16.
  [[nodiscard]] Json integer(const Parameter& p, const Json& node, const std::string& pointer) const {
    if (!node.is_number_integer()) {
      std::string words = p.words.empty() ? "" : fmt::format(" or {}", fmt::join(p.words, ", "));
      throw fault(pointer, "expected a whole number" + unit(p) + words + ", found " + shown(node));
    }
    check_range(p,
                node.is_number_unsigned() ? static_cast<double>(node.get<std::uint64_t>())
                                          : static_cast<double>(node.get<std::int64_t>()),
                node, pointer);
    return node;
  }

  [[nodiscard]] Json word(const Parameter& p, const Json& node, const std::string& pointer,
                          const std::string& expected) const {
    if (!node.is_string()) throw fault(pointer, "expected " + expected + ", found " + shown(node));
    const auto text = node.get<std::string>();
    if (std::find(p.words.begin(), p.words.end(), text) == p.words.end()) {
      // The words are in `expected`: a list of them would say them twice.
      const std::string nearest = nearest_name(text, p.words);
      throw fault(pointer, "expected " + expected + ", found " + in_quotes(text) +
                               (nearest.empty() ? "" : " (did you mean " + in_quotes(nearest) + "?)"));
    }
    return node;
  }

  [[nodiscard]] Json text_list(const Json& node, const std::string& pointer) const {
    if (!node.is_array()) throw fault(pointer, "expected a list of texts, found " + shown(node));
    for (std::size_t i = 0; i < node.size(); ++i) {
      if (!node[i].is_string())
        throw fault(pointer + "/" + std::to_string(i), "expected a text, found " + shown(node[i]));
    }
    return node;
  }

  const Document& document_;
  const Declaration& declaration_;
  std::span<const std::string> paths_;
};

}  // namespace

const Json& Values::at(const std::string& name) const {
  const auto found = values_.find(name);
  HEDDLE_CHECK(found != values_.end(), "undeclared parameter '" + name + "'");
  return *found;
}
std::int64_t Values::integer(const std::string& name) const {
  return at(name).get<std::int64_t>();
}
std::uint32_t Values::count(const std::string& name) const {
  const auto value = integer(name);
  HEDDLE_CHECK(value >= 0 && value <= 0xffffffffLL,
               "parameter '" + name + "' is declared wider than a count");
  return static_cast<std::uint32_t>(value);
}
double Values::number(const std::string& name) const {
  return at(name).get<double>();
}
bool Values::flag(const std::string& name) const {
  return at(name).get<bool>();
}
std::string Values::text(const std::string& name) const {
  return at(name).get<std::string>();
}
std::vector<std::string> Values::texts(const std::string& name) const {
  return at(name).get<std::vector<std::string>>();
}
Values Values::child(const std::string& name) const {
  return Values(at(name));
}
bool Values::has(const std::string& name) const {
  const auto found = values_.find(name);
  return found != values_.end() && !found->is_null();
}
bool Values::is_word(const std::string& name) const {
  return at(name).is_string();
}

Values read(const Document& document, const std::string& pointer, const Declaration& declaration,
            std::span<const std::string> paths) {
  const Json::json_pointer path(pointer);
  static const Json kEmpty = Json::object();
  const Json& node = document.root.contains(path) ? document.root.at(path) : kEmpty;
  return Values(Reader(document, declaration, paths).object(node, pointer));
}

Values defaults(const Declaration& declaration) {
  Document empty;
  empty.root = Json::object();
  empty.set_name("defaults");
  return read(empty, "", declaration);
}

}  // namespace heddle::config
