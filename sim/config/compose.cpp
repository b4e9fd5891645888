// SPDX-License-Identifier: Apache-2.0
#include "sim/config/compose.h"

#include <algorithm>
#include <system_error>
#include <vector>

#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/config/override.h"

namespace heddle::config {
namespace {

constexpr std::size_t kLongestChain = 16;

std::filesystem::path absolute_form(const std::filesystem::path& file) {
  std::error_code ignored;
  auto path = std::filesystem::weakly_canonical(file, ignored);
  return ignored ? file : path;
}

// What one call of compose() hands down: the shipped files, and the kind of the file itself.
struct Names {
  std::shared_ptr<const FileNames> all;
  const NamedFiles* own = nullptr;
};

// The text at `key` of a document's root; empty where there is none.
std::string text_at(const Document& document, const std::string& key) {
  const auto found = document.root.find(key);
  return found != document.root.end() && found->is_string() ? found->get<std::string>() : "";
}

// A model's parameters mean nothing to another model, even where they have the same names.
void require_same_model(const Document& document, const Document& base, const std::string& base_name) {
  const std::string model = text_at(document, "model");
  const std::string of_base = text_at(base, "model");
  if (model.empty() || of_base.empty() || model == of_base) return;
  throw Error(ErrorKind::config, document.where("/model"),
              "found " + in_quotes(model) + ", but " + in_quotes(base_name) +
                  ", which this configuration extends, is one of model " + in_quotes(of_base) +
                  "; expected that model, or a configuration of model " + in_quotes(model) + " in 'extends'");
}

// What a configuration of a design says of itself does not hold for one that changes it.
void mark_as_derived(const Document& document, Document& base, const std::string& base_name) {
  if (text_at(base, "model").empty()) return;
  for (const char* key : {"description", "source"}) {
    const std::string text = text_at(base, key);
    if (!text.empty() && !document.root.contains(key))
      base.root[key] = std::string("derived from ").append(base_name).append(": ").append(text);
  }
}

Document resolve(const std::filesystem::path& file, const Names& names,
                 std::vector<std::filesystem::path>& chain) {
  const auto self = absolute_form(file);
  chain.push_back(self);
  Document document = read_json(file, {.bytes = std::size_t{4} << 20U, .depth = 64});
  if (!document.root.is_object()) {
    throw Error(ErrorKind::config, document.name(), "expected a JSON object at the top of a configuration");
  }
  const auto extends = document.root.find("extends");
  if (extends == document.root.end()) return document;
  const std::string where = document.where("/extends");
  if (!extends->is_string())
    throw Error(ErrorKind::config, where, "expected the name of a configuration file");
  const auto parent = require_file(names.own, file.parent_path(), extends->get<std::string>(), where);
  if (std::find(chain.begin(), chain.end(), absolute_form(parent)) != chain.end()) {
    throw Error(ErrorKind::config, where,
                "this chain of 'extends' comes back to " + in_quotes(parent.string()));
  }
  if (chain.size() >= kLongestChain) {
    throw Error(ErrorKind::config, where,
                "more than " + std::to_string(kLongestChain) + " levels of 'extends'");
  }
  document.root.erase("extends");
  Document base = resolve(parent, names, chain);
  const std::string base_name = text_at(base, "name");
  require_same_model(document, base, base_name);
  mark_as_derived(document, base, base_name);
  base.overlay(document.root, "", document);
  base.set_name(document.name());
  return base;
}

// Where file names at `pointer` begin; the working directory for those of an override.
std::filesystem::path folder_of(const Document& document, const std::string& pointer) {
  return std::filesystem::path(document.file_of(pointer)).parent_path();
}

// The kind of the files that the key at `pointer` names.
const NamedFiles* kind_at(const Document& document, const std::string& pointer) {
  const auto& names = document.file_names();
  return names == nullptr ? nullptr : kind_of(*names, pointer.substr(pointer.rfind('/') + 1));
}

// What a path leads through may be the name of a file, or extend one: then the file's own keys follow.
void open_object(Document& document, const std::string& pointer, const std::string& key,
                 const std::string& shown) {
  Json& node = document.root.at(Json::json_pointer(pointer));
  const NamedFiles* kind = kind_at(document, pointer);
  const bool is_file =
      node.is_string() && find_file(kind, folder_of(document, pointer), node.get<std::string>()).has_value();
  if (is_file || (node.is_object() && node.contains("extends")))
    document.graft(pointer, compose_part(document, pointer, "an object"));
  if (node.is_null()) node = Json::object();
  if (node.is_object()) return;
  const std::string nearest =
      kind != nullptr && node.is_string() ? nearest_name(node.get<std::string>(), kind->names) : "";
  throw Error(ErrorKind::config, shown,
              "'" + pointer + "' is " + node.dump(-1, ' ', true, Json::error_handler_t::replace) +
                  ", neither an object nor the name of a file, so it has no key " + in_quotes(key) +
                  (nearest.empty() ? "" : " (did you mean " + in_quotes(nearest) + "?)"));
}

void apply(Document& document, const Override& change) {
  auto source = std::make_shared<SourceText>();
  source->name = change.shown;
  std::string pointer;
  for (const auto& key : change.keys) {
    open_object(document, pointer, key, change.shown);
    const bool is_new = !document.root.at(Json::json_pointer(pointer)).contains(key);
    pointer += "/" + pointer_token(key);
    if (!is_new) continue;
    document.root[Json::json_pointer(pointer)] = nullptr;
    document.mark(pointer, source, 0);  // an object that this path makes
  }
  document.forget(pointer);
  document.root[Json::json_pointer(pointer)] = change.value;
  document.mark(pointer, source, 0);
}

// Refuses the name of a shipped file of another kind.
void refuse_other_kind(const Document& document, const std::string& pointer, const std::string& name,
                       const NamedFiles* kind) {
  if (kind == nullptr || find_file(kind, folder_of(document, pointer), name)) return;
  for (const auto& other : *document.file_names()) {
    if (std::find(other.names.begin(), other.names.end(), name) == other.names.end()) continue;
    throw Error(ErrorKind::config, document.where(pointer),
                "there is no file " + in_quotes(name) + " and no shipped " + kind->what +
                    " of this name; it is the name of a " + other.what +
                    (other.key.empty() ? "" : ", which the key " + in_quotes(other.key) + " takes"));
  }
}

// The file that the text at `pointer` names, which is of the kind that the key at `kind_pointer` names.
Document compose_named(const Document& document, const std::string& pointer,
                       const std::string& kind_pointer) {
  const auto name = document.root.at(Json::json_pointer(pointer)).get<std::string>();
  const NamedFiles* kind = kind_at(document, kind_pointer);
  refuse_other_kind(document, pointer, name, kind);
  const auto file = require_file(kind, folder_of(document, pointer), name, document.where(pointer));
  return compose(file, {}, document.file_names(), kind == nullptr ? "" : kind->key);
}

// Of two changes of one key the later one would be read and the earlier one ignored.
void refuse_repeated(const std::vector<Override>& changes) {
  for (std::size_t i = 0; i < changes.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      if (changes[k].keys != changes[i].keys) continue;
      throw Error(ErrorKind::usage, changes[i].shown,
                  changes[k].shown + " changes the same key; expected one of the two");
    }
  }
}

}  // namespace

Document compose(const std::filesystem::path& file, std::span<const std::string> overrides,
                 const std::shared_ptr<const FileNames>& names, const std::string& key) {
  std::vector<std::filesystem::path> chain;
  Document document = resolve(file, {names, names == nullptr ? nullptr : kind_of(*names, key)}, chain);
  document.set_file_names(names);
  std::vector<Override> changes;
  for (const auto& text : overrides) changes.push_back(parse_override(text));
  refuse_repeated(changes);
  // A part may be changed before the whole is named: --set memory.storage=container --set memory=FILE.
  std::stable_sort(changes.begin(), changes.end(),
                   [](const Override& a, const Override& b) { return a.keys.size() < b.keys.size(); });
  for (const auto& change : changes) apply(document, change);
  return document;
}

Document compose_part(const Document& document, const std::string& pointer, const std::string& what) {
  const Json& node = document.root.at(Json::json_pointer(pointer));
  if (node.is_string()) return compose_named(document, pointer, pointer);
  if (!node.is_object()) throw Error(ErrorKind::config, document.where(pointer), "expected " + what);
  Document part = document.part(pointer);
  const auto extends = node.find("extends");
  if (extends == node.end()) return part;
  if (!extends->is_string()) {
    throw Error(ErrorKind::config, document.where(pointer + "/extends"),
                "expected the name of a configuration file");
  }
  Document merged = compose_named(document, pointer + "/extends", pointer);
  part.root.erase("extends");
  merged.overlay(part.root, "", part);
  return merged;
}

}  // namespace heddle::config
