// SPDX-License-Identifier: Apache-2.0
#include "sim/trace/manifest_node.h"

#include <algorithm>

#include <fmt/format.h>

#include "sim/base/nearest.h"

namespace heddle::trace {
namespace {

using config::Json;

constexpr std::int64_t kLargestDimension = 2147483647;

std::string shown(const Json& value) {
  const std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
  constexpr std::size_t kShown = 60;
  return text.size() <= kShown ? text : text.substr(0, kShown) + "...";
}

std::int64_t whole(const ManifestNode& node, const Json& value, const std::string& key, std::int64_t low,
                   std::int64_t high) {
  if (!value.is_number_integer()) throw node.fault(key, "expected a whole number, found " + shown(value));
  const bool too_large = value.is_number_unsigned() && value.get<std::uint64_t>() > std::uint64_t{INT64_MAX};
  const std::int64_t got = too_large ? INT64_MAX : value.get<std::int64_t>();
  if (too_large || got < low || got > high) {
    throw node.fault(key, fmt::format("{} is outside {} to {}", shown(value), low, high));
  }
  return got;
}

}  // namespace

Error ManifestNode::fault(const std::string& what) const {
  return {ErrorKind::workload, document_->where(pointer_), what};
}
Error ManifestNode::fault(const std::string& key, const std::string& what) const {
  return {ErrorKind::workload, document_->where(path(key)), what};
}

void ManifestNode::allow_only(const std::vector<std::string>& known, bool newer,
                              std::vector<std::string>& warnings) const {
  if (!node_->is_object()) throw fault("expected an object, found " + shown(*node_));
  for (const auto& [key, ignored] : node_->items()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    const Error problem = fault(key, "unknown key " + in_quotes(key) + suggestion(key, known));
    if (!newer) throw problem;
    warnings.emplace_back(problem.what());
  }
}

bool ManifestNode::has(const std::string& key) const {
  const auto found = node_->find(key);
  return found != node_->end() && !found->is_null();
}

const Json& ManifestNode::require(const std::string& key) const {
  if (!node_->is_object()) throw fault("expected an object, found " + shown(*node_));
  const auto found = node_->find(key);
  if (found == node_->end()) throw fault("key '" + key + "' is missing");
  return *found;
}

ManifestNode ManifestNode::child(const std::string& key) const {
  return {*document_, require(key), path(key)};
}

std::vector<ManifestNode> ManifestNode::items() const {
  if (!node_->is_array()) throw fault("expected a list, found " + shown(*node_));
  std::vector<ManifestNode> out;
  out.reserve(node_->size());
  for (std::size_t i = 0; i < node_->size(); ++i) {
    out.emplace_back(*document_, (*node_)[i], pointer_ + "/" + std::to_string(i));
  }
  return out;
}
std::vector<ManifestNode> ManifestNode::list(const std::string& key) const {
  return child(key).items();
}

std::int64_t ManifestNode::integer(const std::string& key, std::int64_t low, std::int64_t high) const {
  return whole(*this, require(key), key, low, high);
}
std::int64_t ManifestNode::integer_or(const std::string& key, std::int64_t fallback, std::int64_t low,
                                      std::int64_t high) const {
  return has(key) ? integer(key, low, high) : fallback;
}
std::uint32_t ManifestNode::dimension(const std::string& key) const {
  return static_cast<std::uint32_t>(integer(key, 1, kLargestDimension));
}
bool ManifestNode::flag_or(const std::string& key, bool fallback) const {
  if (!has(key)) return fallback;
  const Json& value = require(key);
  if (!value.is_boolean()) throw fault(key, "expected true or false, found " + shown(value));
  return value.get<bool>();
}
std::string ManifestNode::text(const std::string& key) const {
  const Json& value = require(key);
  if (!value.is_string() || value.get_ref<const std::string&>().empty()) {
    throw fault(key, "expected a text, found " + shown(value));
  }
  return value.get<std::string>();
}
std::string ManifestNode::text_or(const std::string& key, const std::string& fallback) const {
  return has(key) ? text(key) : fallback;
}
std::vector<std::string> ManifestNode::texts_or_none(const std::string& key) const {
  std::vector<std::string> out;
  if (!has(key)) return out;
  for (const auto& item : list(key)) {
    if (!item.json().is_string()) throw item.fault("expected a text, found " + shown(item.json()));
    out.push_back(item.json().get<std::string>());
  }
  return out;
}
std::vector<std::uint32_t> ManifestNode::numbers_or(const std::string& key,
                                                    std::vector<std::uint32_t> fallback,
                                                    std::int64_t low) const {
  if (!has(key)) return fallback;
  const auto entries = list(key);
  if (entries.size() != fallback.size()) {
    throw fault(key, fmt::format("expected {} numbers, found {}", fallback.size(), entries.size()));
  }
  std::vector<std::uint32_t> out;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    out.push_back(static_cast<std::uint32_t>(
        whole(child(key), entries[i].json(), std::to_string(i), low, kLargestDimension)));
  }
  return out;
}
std::string ManifestNode::choice(const std::string& key, const std::vector<std::string>& words) const {
  std::string got = text(key);
  if (std::find(words.begin(), words.end(), got) == words.end()) {
    throw fault(key, "found " + in_quotes(got) + suggestion(got, words));
  }
  return got;
}

}  // namespace heddle::trace
