// SPDX-License-Identifier: Apache-2.0
#include "sim/config/declaration.h"

#include <utility>

namespace heddle::config {
namespace {

Parameter make(std::string name, Type type) {
  Parameter p;
  p.name = std::move(name);
  p.type = type;
  return p;
}

Json range_schema(const Parameter& p, const char* type) {
  Json schema{{"type", type}};
  if (p.type == Type::number) {
    schema["minimum"] = p.low;
    schema["maximum"] = p.high;
  } else {
    schema["minimum"] = static_cast<std::int64_t>(p.low);
    schema["maximum"] = static_cast<std::int64_t>(p.high);
  }
  return schema;
}

Json value_schema(const Parameter& p) {
  switch (p.type) {
    case Type::integer:
      return range_schema(p, "integer");
    case Type::number:
      return range_schema(p, "number");
    case Type::boolean:
      return {{"type", "boolean"}};
    case Type::text:
      return {{"type", "string"}};
    case Type::choice:
      return {{"enum", p.words}};
    case Type::integer_or_word:
      return {{"oneOf", Json::array({range_schema(p, "integer"), Json{{"enum", p.words}}})}};
    case Type::text_list:
      return {{"type", "array"}, {"items", {{"type", "string"}}}};
    case Type::object:
      return schema_of(p.children);
    case Type::any:
      break;
  }
  return Json::object();
}

const char* type_name(Type type) {
  switch (type) {
    case Type::integer:
      return "integer";
    case Type::number:
      return "number";
    case Type::boolean:
      return "boolean";
    case Type::text:
      return "text";
    case Type::choice:
      return "choice";
    case Type::integer_or_word:
      return "integer or word";
    case Type::text_list:
      return "list of texts";
    case Type::object:
      return "object";
    case Type::any:
      break;
  }
  return "any";
}

}  // namespace

Parameter Parameter::integer(std::string name, std::string unit, std::int64_t low, std::int64_t high) {
  auto p = make(std::move(name), Type::integer);
  p.unit = std::move(unit);
  p.low = static_cast<double>(low);
  p.high = static_cast<double>(high);
  return p;
}
Parameter Parameter::number(std::string name, std::string unit, double low, double high) {
  auto p = make(std::move(name), Type::number);
  p.unit = std::move(unit);
  p.low = low;
  p.high = high;
  return p;
}
Parameter Parameter::boolean(std::string name) {
  return make(std::move(name), Type::boolean);
}
Parameter Parameter::text(std::string name) {
  return make(std::move(name), Type::text);
}
Parameter Parameter::choice(std::string name, std::vector<std::string> words) {
  auto p = make(std::move(name), Type::choice);
  p.words = std::move(words);
  return p;
}
Parameter Parameter::integer_or_word(std::string name, std::string unit, std::int64_t low, std::int64_t high,
                                     std::vector<std::string> words) {
  auto p = integer(std::move(name), std::move(unit), low, high);
  p.type = Type::integer_or_word;
  p.words = std::move(words);
  return p;
}
Parameter Parameter::text_list(std::string name) {
  return make(std::move(name), Type::text_list);
}
Parameter Parameter::object(std::string name, std::vector<Parameter> children) {
  auto p = make(std::move(name), Type::object);
  p.children = std::move(children);
  p.required = false;
  return p;
}
Parameter Parameter::any(std::string name) {
  return make(std::move(name), Type::any);
}

Parameter&& Parameter::by_default(Json value) && {
  default_value = std::move(value);
  required = false;
  return std::move(*this);
}
Parameter&& Parameter::optional() && {
  required = false;
  return std::move(*this);
}
Parameter&& Parameter::means(std::string text) && {
  description = std::move(text);
  return std::move(*this);
}
Parameter&& Parameter::from(std::string text) && {
  source = std::move(text);
  return std::move(*this);
}

Json schema_of(const Declaration& declaration) {
  Json properties = Json::object();
  Json required = Json::array();
  for (const auto& p : declaration) {
    Json schema = value_schema(p);
    std::string text = p.description;
    if (!p.unit.empty()) text += " [" + p.unit + "]";
    if (!text.empty()) schema["description"] = text;
    if (p.default_value) schema["default"] = *p.default_value;
    properties[p.name] = std::move(schema);
    if (p.required) required.push_back(p.name);
  }
  Json schema{{"type", "object"}, {"properties", properties}, {"additionalProperties", false}};
  if (!required.empty()) schema["required"] = required;
  return schema;
}

std::vector<std::string> key_paths(const Declaration& declaration, const std::string& prefix) {
  std::vector<std::string> out;
  for (const auto& parameter : declaration) {
    out.push_back(prefix + parameter.name);
    const auto inner = key_paths(parameter.children, out.back() + ".");
    out.insert(out.end(), inner.begin(), inner.end());
  }
  return out;
}

Json describe(const Declaration& declaration) {
  Json out = Json::array();
  for (const auto& p : declaration) {
    Json row{{"name", p.name}, {"type", type_name(p.type)}, {"description", p.description}};
    if (!p.unit.empty()) row["unit"] = p.unit;
    if (!p.source.empty()) row["source"] = p.source;
    if (p.default_value) row["default"] = *p.default_value;
    if (p.required) row["required"] = true;
    if (!p.words.empty()) row["words"] = p.words;
    if (p.type == Type::integer || p.type == Type::integer_or_word) {
      row["range"] = {static_cast<std::int64_t>(p.low), static_cast<std::int64_t>(p.high)};
    } else if (p.type == Type::number) {
      row["range"] = {p.low, p.high};
    }
    if (!p.children.empty()) row["children"] = describe(p.children);
    out.push_back(std::move(row));
  }
  return out;
}

}  // namespace heddle::config
