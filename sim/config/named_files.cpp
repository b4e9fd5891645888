// SPDX-License-Identifier: Apache-2.0
#include "sim/config/named_files.h"

#include <algorithm>
#include <system_error>

#include "sim/base/error.h"
#include "sim/base/nearest.h"

namespace heddle::config {
namespace {

namespace fs = std::filesystem;

// A name too long for the file system or a circle of links is no file, not an error.
bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

bool leaves_folder(const fs::path& relative) {
  return std::find(relative.begin(), relative.end(), "..") != relative.end();
}

// What a message says of shipped files of the kind when there is no file `name`.
std::string about_shipped(const NamedFiles& kind, const std::string& name) {
  const std::string stem = name.ends_with(".json") ? name.substr(0, name.size() - 5) : name;
  if (!names_file_only(name)) {
    return " and no shipped " + kind.what + " of this name" +
           (kind.names.empty() ? kind.where_to_look : suggestion(stem, kind.names));
  }
  const std::string plain = fs::path(stem).lexically_normal().generic_string();
  const bool is_shipped = std::find(kind.names.begin(), kind.names.end(), plain) != kind.names.end();
  return is_shipped ? "; the shipped " + kind.what + " is called " + in_quotes(plain) : "";
}

}  // namespace

const NamedFiles* kind_of(const FileNames& names, const std::string& key) {
  const auto found =
      std::find_if(names.begin(), names.end(), [&](const auto& kind) { return kind.key == key; });
  return found == names.end() ? nullptr : &*found;
}

bool names_file_only(const std::string& name) {
  return name.starts_with("./") || name.starts_with("../") || name.starts_with("/");
}

std::optional<fs::path> find_file(const NamedFiles* kind, const fs::path& folder, const std::string& name) {
  if (is_file(folder / name)) return folder / name;
  if (kind == nullptr || names_file_only(name) || leaves_folder(name)) return std::nullopt;
  for (const auto& ending : {".json", ""}) {
    for (const auto& shipped : kind->folders) {
      if (is_file(shipped / (name + ending))) return shipped / (name + ending);
    }
  }
  return std::nullopt;
}

fs::path require_file(const NamedFiles* kind, const fs::path& folder, const std::string& name,
                      const std::string& where) {
  if (auto found = find_file(kind, folder, name)) return *found;
  std::string text = "there is no file " + in_quotes((folder / name).string());
  if (kind != nullptr) text += about_shipped(*kind, name);
  throw Error(ErrorKind::config, where, text);
}

}  // namespace heddle::config
