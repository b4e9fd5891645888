// SPDX-License-Identifier: Apache-2.0
#include "sim/trace/manifest_required.h"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/workload/operation.h"

namespace heddle::trace {
namespace {

using config::Json;

// An object's missing keys: "key 'a' is missing", "keys 'a', 'b' are missing".
struct Gap {
  std::string pointer;
  std::vector<std::string> keys;

  [[nodiscard]] std::string text() const {
    return fmt::format("{} '{}' {} missing", keys.size() == 1 ? "key" : "keys", fmt::join(keys, "', '"),
                       keys.size() == 1 ? "is" : "are");
  }
};

class Search {
 public:
  void manifest(const Json& root) {
    object(root, "", {"format", "version", "samples", "network", "provenance", "layers", "files"});
    child(root, "network", "", {"name"});
    child(root, "provenance", "", {"tool"});
    if (const Json* files = member(root, "files"); files != nullptr && files->is_object()) {
      for (const auto& [name, entry] : files->items())
        object(entry, "/files/" + config::pointer_token(name), {"bytes", "sha256"});
    }
    each(root, "layers", "", [this](const Json& layer, const std::string& at) { this->layer(layer, at); });
  }
  [[nodiscard]] const std::vector<Gap>& gaps() const { return gaps_; }

 private:
  using Keys = std::initializer_list<const char*>;

  static const Json* member(const Json& node, const std::string& key) {
    if (!node.is_object()) return nullptr;
    const auto found = node.find(key);
    return found == node.end() ? nullptr : &*found;
  }

  void object(const Json& node, const std::string& at, Keys keys) {
    if (!node.is_object()) return;
    Gap gap{.pointer = at, .keys = {}};
    for (const char* key : keys) {
      if (!node.contains(key)) gap.keys.emplace_back(key);
    }
    if (!gap.keys.empty()) gaps_.push_back(std::move(gap));
  }

  void child(const Json& node, const std::string& key, const std::string& at, Keys keys) {
    if (const Json* found = member(node, key)) object(*found, at + "/" + key, keys);
  }

  template <class Visit>
  static void each(const Json& node, const std::string& key, const std::string& at, Visit&& visit) {
    const Json* list = member(node, key);
    if (list == nullptr || !list->is_array()) return;
    for (std::size_t i = 0; i < list->size(); ++i) visit((*list)[i], fmt::format("{}/{}/{}", at, key, i));
  }

  void layer(const Json& node, const std::string& at) {
    const Json* name = member(node, "op");
    const auto op =
        name != nullptr && name->is_string() ? workload::op_named(name->get<std::string>()) : std::nullopt;
    if (!op) return object(node, at, {"id", "index", "op", "inputs", "shape"});
    if (workload::operation(*op).role != workload::OpRole::array) {
      object(node, at, {"id", "index", "inputs", "shape"});
      return child(node, "shape", at, {"output"});
    }
    object(node, at, {"id", "index", "inputs", "shape", "operands", "precision"});
    if (*op == workload::Op::conv2d) {
      child(node, "shape", at, {"C", "H", "W", "K", "R", "S", "OH", "OW"});
    } else {
      child(node, "shape", at, {"M", "C", "K"});
    }
    each(node, "operands", at, [this](const Json& operand, const std::string& place) {
      object(operand, place, {"role", "source", "axes", "rep"});
      child(operand, "rep", place, {"kind", "bits", "signed"});
    });
    child(node, "precision", at, {"w_bits", "a_bits"});
    if (const Json* precision = member(node, "precision"))
      child(*precision, "w_groups", at + "/precision", {"size", "axis", "file"});
    child(node, "bias", at, {"file"});
    child(node, "accumulator", at, {"bits", "rule"});
  }

  std::vector<Gap> gaps_;
};

}  // namespace

void require_keys(const config::Document& document) {
  Search search;
  search.manifest(document.root);
  const auto& gaps = search.gaps();
  if (gaps.empty()) return;
  constexpr std::size_t kShown = 20;
  std::string text = gaps.front().text();
  for (std::size_t i = 1; i < std::min(kShown, gaps.size()); ++i)
    text += fmt::format("; {}: {}", gaps[i].pointer, gaps[i].text());
  if (gaps.size() > kShown) text += fmt::format("; and in {} objects more", gaps.size() - kShown);
  throw Error(ErrorKind::workload, document.where(gaps.front().pointer), text);
}

}  // namespace heddle::trace
