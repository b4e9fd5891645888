// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <nlohmann/json.hpp>

#include "sim/config/named_files.h"

namespace heddle::config {

using Json = nlohmann::json;

// The part of a text that is kept after reading: enough to name positions in it.
struct SourceText {
  std::string name;                      // a path, or "--set parameters.tiles=4"
  std::vector<std::size_t> line_starts;  // empty: the name alone is the position

  [[nodiscard]] std::string at(std::size_t offset) const;  // "file:line:column"
};

// A JSON value that remembers where each of its parts was written: in which text, and under which path there.
// Paths are JSON pointers ("/a/0/b"). A part that stands elsewhere now (a file that another names, a section
// read as a document of its own) is still named by the path in its own text.
class Document {
 public:
  Json root;

  // "file:line:column: /path" of what stands at `pointer`: the position of its nearest recorded ancestor, and
  // the path from the root of that file or option.
  [[nodiscard]] std::string where(std::string_view pointer) const;
  [[nodiscard]] const std::string& name() const { return name_; }
  // The file in which the nearest recorded ancestor of `pointer` was written; empty for an override.
  [[nodiscard]] std::string file_of(std::string_view pointer) const;
  // The shipped files that this document may name; parts inherit them. None by default.
  [[nodiscard]] const std::shared_ptr<const FileNames>& file_names() const { return file_names_; }
  // The part at `pointer` as a document of its own, with its positions.
  [[nodiscard]] Document part(const std::string& pointer) const;

  // Merges `value`, which stands at `pointer` in `other`, into this document at `pointer`: objects merge key
  // by key, everything else is replaced. Positions are those of `other`.
  void overlay(const Json& value, const std::string& pointer, const Document& other);

  // Replaces the value at `pointer` by `part`, with its positions.
  void graft(const std::string& pointer, const Document& part);

  // Where a part was written.
  struct Mark {
    std::shared_ptr<const SourceText> source;
    std::size_t offset = 0;
    std::string path;  // from the root of the source
  };
  void set_name(std::string name) { name_ = std::move(name); }
  void set_file_names(std::shared_ptr<const FileNames> names) { file_names_ = std::move(names); }
  // Records that what stands at `pointer` was written in `source`, under the same path.
  void mark(const std::string& pointer, std::shared_ptr<const SourceText> source, std::size_t offset) {
    marks_.insert_or_assign(pointer, Mark{std::move(source), offset, pointer});
  }
  void forget(const std::string& pointer);

 private:
  // The mark of `pointer` itself, or its nearest ancestor's with the rest of the path added; none where
  // neither exists.
  [[nodiscard]] std::optional<Mark> mark_of(std::string_view pointer) const;

  std::string name_;
  std::shared_ptr<const FileNames> file_names_;
  std::unordered_map<std::string, Mark> marks_;
};

struct ParseLimits {
  std::size_t bytes = std::size_t{64} << 20U;
  std::size_t depth = 64;
};

// Strict JSON: duplicate keys, nesting beyond the limit and text after the value are errors that name line
// and column. Throws Error(config).
Document parse_json(std::string_view text, const std::string& name, ParseLimits limits = {});
Document read_json(const std::filesystem::path& file, ParseLimits limits = {});

// One reference token of a JSON pointer, escaped (RFC 6901).
std::string pointer_token(std::string_view key);

}  // namespace heddle::config
