// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sim/config/declaration.h"
#include "sim/config/json_document.h"

namespace heddle::config {

// The values of one declared object, defaults included. Names that are not declared fail a check of the
// program.
class Values {
 public:
  explicit Values(Json values) : values_(std::move(values)) {}
  [[nodiscard]] std::int64_t integer(const std::string& name) const;
  [[nodiscard]] std::uint32_t count(const std::string& name) const;  // an integer declared to fit 32 bits
  [[nodiscard]] double number(const std::string& name) const;
  [[nodiscard]] bool flag(const std::string& name) const;
  [[nodiscard]] std::string text(const std::string& name) const;
  [[nodiscard]] std::vector<std::string> texts(const std::string& name) const;
  [[nodiscard]] Values child(const std::string& name) const;
  [[nodiscard]] bool has(const std::string& name) const;      // present and not null
  [[nodiscard]] bool is_word(const std::string& name) const;  // integer_or_word: a word was given
  [[nodiscard]] const Json& json() const { return values_; }  // the echo: every key, resolved

 private:
  [[nodiscard]] const Json& at(const std::string& name) const;
  Json values_;
};

// Reads the object at `pointer` of `document` against `declaration`. Unknown keys, wrong types and values out
// of range throw Error(config) that names file, line, column, path and what is legal. `paths` are dotted
// paths of keys in sections ("parameters.tiles"), which an unknown key at the root may stand for.
Values read(const Document& document, const std::string& pointer, const Declaration& declaration,
            std::span<const std::string> paths = {});

// The defaults alone. Every parameter must have one.
Values defaults(const Declaration& declaration);

}  // namespace heddle::config
