// SPDX-License-Identifier: Apache-2.0
#include "sim/result/schema_check.h"

#include <algorithm>
#include <cmath>

#include "sim/base/error.h"

namespace heddle::result {
namespace {

using config::Json;

class Check {
 public:
  explicit Check(const std::string& where) : where_(where) {}

  void value(const Json& value, const Json& schema, const std::string& path) const {
    if (schema.contains("anyOf")) any_of(value, schema["anyOf"], path);
    if (schema.contains("const") && value != schema["const"]) expected(value, schema["const"].dump(), path);
    if (schema.contains("enum")) one_of(value, schema["enum"], path);
    if (schema.contains("type")) type(value, schema["type"].get<std::string>(), path);
    if (value.is_number()) range(value, schema, path);
    if (value.is_object()) object(value, schema, path);
    if (value.is_array()) array(value, schema, path);
  }

 private:
  [[noreturn]] void fail(const std::string& path, const std::string& text) const {
    throw Error(ErrorKind::config, where_ + ": " + (path.empty() ? "/" : path),
                text + " (heddle schema result)");
  }
  [[noreturn]] void expected(const Json& value, const std::string& what, const std::string& path) const {
    std::string found = value.dump(-1, ' ', true, Json::error_handler_t::replace);
    if (found.size() > 40) found = found.substr(0, 37) + "...";
    fail(path, "expected " + what + ", found " + found);
  }

  void any_of(const Json& value, const Json& choices, const std::string& path) const {
    for (const auto& choice : choices) {
      try {
        this->value(value, choice, path);
        return;
      } catch (const Error&) {
        if (&choice == &choices.back()) throw;
      }
    }
  }

  void one_of(const Json& value, const Json& words, const std::string& path) const {
    if (std::find(words.begin(), words.end(), value) == words.end())
      expected(value, "one of " + words.dump(), path);
  }

  void type(const Json& value, const std::string& name, const std::string& path) const {
    const bool is_whole = value.is_number_integer() ||
                          (value.is_number() && std::trunc(value.get<double>()) == value.get<double>());
    const bool fits = name == "object"    ? value.is_object()
                      : name == "array"   ? value.is_array()
                      : name == "string"  ? value.is_string()
                      : name == "boolean" ? value.is_boolean()
                      : name == "null"    ? value.is_null()
                      : name == "integer" ? is_whole
                                          : value.is_number();
    if (!fits)
      expected(value, (name == "integer" || name == "object" || name == "array" ? "an " : "a ") + name, path);
  }

  void range(const Json& value, const Json& schema, const std::string& path) const {
    const auto number = value.get<double>();
    if (schema.contains("minimum") && number < schema["minimum"].get<double>())
      expected(value, "at least " + schema["minimum"].dump(), path);
    if (schema.contains("maximum") && number > schema["maximum"].get<double>())
      expected(value, "at most " + schema["maximum"].dump(), path);
  }

  void object(const Json& value, const Json& schema, const std::string& path) const {
    static const Json kNone = Json::object();
    static const Json kAnything = true;
    const auto part = [&schema](const char* key, const Json& otherwise) -> const Json& {
      return schema.contains(key) ? schema[key] : otherwise;
    };
    for (const auto& key : part("required", kNone)) {
      if (!value.contains(key.get_ref<const std::string&>()))
        fail(path + "/" + key.get<std::string>(), "the key is missing");
    }
    const Json& properties = part("properties", kNone);
    const Json& others = part("additionalProperties", kAnything);
    for (const auto& [key, member] : value.items()) {
      const std::string at = path + "/" + config::pointer_token(key);
      if (properties.contains(key))
        this->value(member, properties[key], at);
      else if (others == Json(false))
        fail(at, "unknown key");
      else if (others.is_object())
        this->value(member, others, at);
    }
  }

  void array(const Json& value, const Json& schema, const std::string& path) const {
    if (schema.contains("maxItems") && value.size() > schema["maxItems"].get<std::size_t>())
      fail(path, "more than " + schema["maxItems"].dump() + " elements");
    if (!schema.contains("items")) return;
    for (std::size_t i = 0; i < value.size(); ++i)
      this->value(value[i], schema["items"], path + "/" + std::to_string(i));
  }

  const std::string& where_;
};

}  // namespace

void check_against(const Json& value, const Json& schema, const std::string& where) {
  Check(where).value(value, schema, "");
}

}  // namespace heddle::result
