// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/base/error.h"
#include "sim/config/json_document.h"

namespace heddle::trace {

// One object or array of a manifest with its path, so that every error names file, line, column and path.
// Types and ranges are checked; unknown keys are refused.
class ManifestNode {
 public:
  ManifestNode(const config::Document& document, const config::Json& node, std::string pointer)
      : document_(&document), node_(&node), pointer_(std::move(pointer)) {}

  [[nodiscard]] Error fault(const std::string& what) const;
  [[nodiscard]] Error fault(const std::string& key, const std::string& what) const;

  // Refuses keys that are not in `known`; when `newer`, they are collected as warnings instead.
  void allow_only(const std::vector<std::string>& known, bool newer,
                  std::vector<std::string>& warnings) const;

  [[nodiscard]] bool has(const std::string& key) const;  // present and not null
  [[nodiscard]] ManifestNode child(const std::string& key) const;
  [[nodiscard]] std::vector<ManifestNode> items() const;                       // of this array
  [[nodiscard]] std::vector<ManifestNode> list(const std::string& key) const;  // of the array at key
  [[nodiscard]] std::int64_t integer(const std::string& key, std::int64_t low, std::int64_t high) const;
  [[nodiscard]] std::int64_t integer_or(const std::string& key, std::int64_t fallback, std::int64_t low,
                                        std::int64_t high) const;
  [[nodiscard]] std::uint32_t dimension(const std::string& key) const;  // 1 .. 2^31 - 1
  [[nodiscard]] bool flag_or(const std::string& key, bool fallback) const;
  [[nodiscard]] std::string text(const std::string& key) const;  // not empty
  [[nodiscard]] std::string text_or(const std::string& key, const std::string& fallback) const;
  [[nodiscard]] std::vector<std::string> texts_or_none(const std::string& key) const;
  // A list of `count` whole numbers in [low, 2^31 - 1], or the fallback when the key is absent.
  [[nodiscard]] std::vector<std::uint32_t> numbers_or(const std::string& key,
                                                      std::vector<std::uint32_t> fallback,
                                                      std::int64_t low) const;
  std::string choice(const std::string& key, const std::vector<std::string>& words) const;
  [[nodiscard]] const config::Json& json() const { return *node_; }

 private:
  [[nodiscard]] const config::Json& require(const std::string& key) const;
  [[nodiscard]] std::string path(const std::string& key) const {
    return pointer_ + "/" + config::pointer_token(key);
  }

  const config::Document* document_;
  const config::Json* node_;
  std::string pointer_;
};

}  // namespace heddle::trace
