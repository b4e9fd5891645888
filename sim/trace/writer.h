// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>

#include "sim/config/json_document.h"
#include "sim/trace/manifest.h"
#include "sim/trace/npy.h"

namespace heddle::trace {

// Writes a trace as a directory, completely or not at all: files go to a temporary directory beside `folder`,
// which finish() renames. The same content gives the same bytes. Throws Error(io | usage).
class TraceWriter {
 public:
  // `folder` must not exist yet.
  explicit TraceWriter(std::filesystem::path folder);
  ~TraceWriter();
  TraceWriter(const TraceWriter&) = delete;
  TraceWriter& operator=(const TraceWriter&) = delete;

  // Adds a file and returns its name; equal content under the same name may be added again.
  std::string add(const std::string& name, std::string_view content);
  // Codes in the narrowest dtype that `bits` and `is_signed` allow.
  std::string add_codes(const std::string& name, const Shape& shape, std::span<const std::int32_t> codes,
                        unsigned bits, bool is_signed);
  // Completes the manifest with `format`, `version` and `files`, adds SHA256SUMS and moves the trace into
  // place.
  void finish(config::Json manifest);

 private:
  void write(const std::string& name, std::string_view content);
  std::filesystem::path folder_;
  std::filesystem::path temporary_;
  std::map<std::string, FileEntry> files_;
};

// A layer's id as part of a file name: each character outside [A-Za-z0-9._-] becomes '_'.
std::string file_stem(const std::string& layer);

}  // namespace heddle::trace
