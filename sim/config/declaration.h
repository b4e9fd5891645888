// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/config/json_document.h"

namespace heddle::config {

// A key of a configuration is declared once. Reading, defaults, range checks, the JSON Schema, the text of
// `heddle describe` and the echo in every result use that declaration.
enum class Type {
  integer,  // whole number in [low, high]
  number,   // real number in [low, high]
  boolean,
  text,
  choice,           // one of `words`
  integer_or_word,  // whole number in range, or one of `words` ("unlimited")
  text_list,
  object,  // a nested declaration
  any      // not checked here: its declaration is chosen at run time by the code that reads it
};

class Parameter {
 public:
  static Parameter integer(std::string name, std::string unit, std::int64_t low, std::int64_t high);
  static Parameter number(std::string name, std::string unit, double low, double high);
  static Parameter boolean(std::string name);
  static Parameter text(std::string name);
  static Parameter choice(std::string name, std::vector<std::string> words);
  static Parameter integer_or_word(std::string name, std::string unit, std::int64_t low, std::int64_t high,
                                   std::vector<std::string> words);
  static Parameter text_list(std::string name);
  static Parameter object(std::string name, std::vector<Parameter> children);
  static Parameter any(std::string name);

  // Fluent setters. A parameter without a default is required unless it is optional().
  Parameter&& by_default(Json value) &&;
  Parameter&& optional() &&;
  Parameter&& means(std::string text) &&;
  Parameter&& from(std::string text) &&;

  std::string name;
  Type type = Type::integer;
  std::string unit;  // empty: a pure number or a name
  std::string description;
  std::string source;  // of the default: a paper, a rule of docs/rules.md, or "our choice"
  std::optional<Json> default_value;
  bool required = true;
  double low = 0;
  double high = 0;
  std::vector<std::string> words;
  std::vector<Parameter> children;
};

using Declaration = std::vector<Parameter>;

// JSON Schema (draft-07) of an object with this declaration.
Json schema_of(const Declaration& declaration);

// The dotted paths of all keys, below `prefix` ("parameters."): those of objects and those in them.
std::vector<std::string> key_paths(const Declaration& declaration, const std::string& prefix);

// The declaration as data: name, type, unit, default, range, words, description, source.
Json describe(const Declaration& declaration);

}  // namespace heddle::config
