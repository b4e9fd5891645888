// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace heddle::config {

// Files of one kind that a configuration may name without saying where they are: the shipped ones.
struct NamedFiles {
  std::string key;   // the key whose value names such a file; empty: the whole document
  std::string what;  // "memory system", for messages
  std::vector<std::filesystem::path> folders;  // searched in this order for NAME.json and NAME
  std::vector<std::string> names;              // for the nearest name in messages
  std::string where_to_look;                   // what a message adds when there are no names
};

// One entry per kind.
using FileNames = std::vector<NamedFiles>;

// The kind of the files that `key` names; null where it names none that are shipped.
const NamedFiles* kind_of(const FileNames& names, const std::string& key);

// Whether a name is a path and never the name of a shipped file: "./x", "../x", "/x".
bool names_file_only(const std::string& name);

// The file that `name` stands for: a file relative to `folder`, else a shipped file of this kind. `kind` may
// be null. A path (names_file_only) or a name that leads out of the shipped folders ("x/../..") names no
// shipped file.
std::optional<std::filesystem::path> find_file(const NamedFiles* kind, const std::filesystem::path& folder,
                                               const std::string& name);

// As find_file; Error(config) at `where`, with the nearest shipped name, when there is none.
std::filesystem::path require_file(const NamedFiles* kind, const std::filesystem::path& folder,
                                   const std::string& name, const std::string& where);

}  // namespace heddle::config
