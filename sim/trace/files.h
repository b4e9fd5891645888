// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace heddle::trace {

// The files of a trace by name, in a directory or an uncompressed tar. Files are mapped into memory.
class TraceFiles {
 public:
  virtual ~TraceFiles() = default;
  // The bytes of a member, valid as long as this object exists. Throws Error(workload) when there is no such
  // member.
  [[nodiscard]] virtual std::span<const std::byte> bytes(const std::string& name) const = 0;
  // The number of bytes, without mapping the file; throws as bytes() does.
  [[nodiscard]] virtual std::uint64_t size(const std::string& name) const = 0;
  [[nodiscard]] virtual bool contains(const std::string& name) const = 0;
  [[nodiscard]] virtual std::vector<std::string> names() const = 0;  // sorted, folders left out
  // The name of a member in errors: "traces/x.trace/tensors/a.npy".
  [[nodiscard]] virtual std::string where(const std::string& name) const = 0;
};

// Throws Error(workload | io) when `path` is neither a directory nor a readable ustar archive.
std::unique_ptr<TraceFiles> open_trace_files(const std::filesystem::path& path);

// A member's name must stay inside the trace: relative, without "..", not empty.
bool is_safe_member_name(const std::string& name);

}  // namespace heddle::trace
