// SPDX-License-Identifier: Apache-2.0
#include "sim/app/output.h"

#include <cerrno>
#include <cstring>
#include <system_error>
#include <unistd.h>

#include "sim/base/atomic_file.h"
#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/result/compare.h"
#include "sim/result/write.h"

namespace heddle::app {

namespace {

void make_folder(const std::filesystem::path& folder) {
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (failure) throw Error(ErrorKind::io, folder.string(), "cannot make the folder: " + failure.message());
}

[[noreturn]] void refuse(const std::string& option, const std::string& text) {
  throw Error(ErrorKind::io, option, text);
}

std::string shown(const std::filesystem::path& path) {
  return in_quotes(path.string());
}

// Why no file can be written into a folder; empty where one can.
std::string obstacle(const std::filesystem::path& folder) {
  std::error_code failure;
  const bool is_folder = std::filesystem::is_directory(folder, failure);
  if (failure) return shown(folder) + ": " + failure.message();
  if (!is_folder) return shown(folder) + " is no folder";
  if (::access(folder.c_str(), W_OK | X_OK) != 0) return shown(folder) + ": " + std::strerror(errno);
  return {};
}

bool is_missing(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::symlink_status(path, ignored).type() == std::filesystem::file_type::not_found;
}

}  // namespace

void check_output_folder(const std::string& option, const std::filesystem::path& folder) {
  if (folder.empty()) refuse(option, "expected the name of a folder, found ''");
  std::filesystem::path there = std::filesystem::absolute(folder).lexically_normal();
  if (!there.has_filename()) there = there.parent_path();  // "out/"
  const bool is_new = is_missing(there);
  while (there.has_relative_path() && is_missing(there)) there = there.parent_path();
  const std::string text = obstacle(there);
  if (text.empty()) return;
  refuse(option,
         is_new ? "cannot make the folder " + shown(folder) + ": " + text : "cannot write into it: " + text);
}

void check_output_file(const std::string& option, const std::filesystem::path& file) {
  if (file.empty()) refuse(option, "expected the name of a file, found ''");
  std::error_code ignored;
  const auto status = std::filesystem::status(file, ignored);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
    refuse(option, shown(file) + " is there and is no plain file");
  const std::string text = obstacle(std::filesystem::absolute(file).parent_path());
  if (!text.empty()) refuse(option, "cannot write " + shown(file) + ": " + text);
}

void write_comparison_folder(const std::filesystem::path& folder,
                             const result::ComparisonDocument& comparison) {
  make_folder(folder);
  write_atomically(folder / "comparison.csv", result::to_csv(comparison));
  write_atomically(folder / "comparison.md", result::to_markdown(comparison));
  write_atomically(folder / "comparison.json", result::to_json(comparison).dump(2) + "\n");
}

void write_result_folder(const std::filesystem::path& folder, const result::RunRecord& run) {
  make_folder(folder);
  write_atomically(folder / "layers.csv", result::to_csv(run));
  write_atomically(folder / "result.json", result::to_json(run).dump(2) + "\n");
}

}  // namespace heddle::app
