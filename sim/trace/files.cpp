// SPDX-License-Identifier: Apache-2.0
#include "sim/trace/files.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <system_error>

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/base/mapped_file.h"
#include "sim/base/nearest.h"

namespace heddle::trace {
namespace {

namespace fs = std::filesystem;

Error missing(const TraceFiles& files, const std::string& trace, const std::string& name) {
  const auto names = files.names();
  return {ErrorKind::workload, trace,
          "there is no file " + in_quotes(name) + " in the trace" + suggestion(name, names)};
}

class DirectoryFiles final : public TraceFiles {
 public:
  explicit DirectoryFiles(fs::path root) : root_(std::move(root)) {
    // Tested by name instead of by listing, because the folder may be any folder, even the root of a file
    // system.
    if (!contains("manifest.json"))
      throw Error(ErrorKind::workload, root_.string(), "no trace: the folder has no manifest.json");
  }

  [[nodiscard]] std::span<const std::byte> bytes(const std::string& name) const override {
    const std::lock_guard lock(mutex_);
    if (const auto found = open_.find(name); found != open_.end()) return found->second.bytes();
    if (!contains(name)) throw missing(*this, root_.string(), name);
    return open_.emplace(name, MappedFile(root_ / name)).first->second.bytes();
  }
  [[nodiscard]] std::uint64_t size(const std::string& name) const override {
    if (!contains(name)) throw missing(*this, root_.string(), name);
    std::error_code failure;
    const auto bytes = fs::file_size(root_ / name, failure);
    if (failure) throw Error(ErrorKind::io, where(name), "cannot read: " + failure.message());
    return bytes;
  }
  [[nodiscard]] bool contains(const std::string& name) const override {
    std::error_code ignored;
    return is_safe_member_name(name) && fs::is_regular_file(root_ / name, ignored);
  }
  [[nodiscard]] std::vector<std::string> names() const override {
    std::vector<std::string> out;
    std::error_code failure;
    for (auto it = fs::recursive_directory_iterator(root_, failure);
         !failure && it != fs::recursive_directory_iterator(); it.increment(failure)) {
      if (std::error_code ignored; it->is_regular_file(ignored))
        out.push_back(it->path().lexically_relative(root_).generic_string());
    }
    std::sort(out.begin(), out.end());
    return out;
  }
  [[nodiscard]] std::string where(const std::string& name) const override { return (root_ / name).string(); }

 private:
  fs::path root_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, MappedFile> open_;
};

constexpr std::size_t kBlock = 512;

// Header fields of POSIX ustar (IEEE 1003.1): offset and length.
constexpr std::size_t kSizeAt = 124;
constexpr std::size_t kSizeLength = 12;
constexpr std::size_t kTypeAt = 156;
constexpr std::size_t kMagicAt = 257;
constexpr std::size_t kPrefixAt = 345;

class TarFiles final : public TraceFiles {
 public:
  explicit TarFiles(const fs::path& path) : name_(path.string()), file_(path) {
    const auto all = file_.bytes();
    std::size_t at = 0;
    while (at + kBlock <= all.size() && all[at] != std::byte{0}) at = member(all, at);
    if (members_.empty()) throw bad("expected a directory or an uncompressed tar with manifest.json");
  }

  [[nodiscard]] std::span<const std::byte> bytes(const std::string& name) const override {
    const auto found = members_.find(name);
    if (found == members_.end()) throw missing(*this, name_, name);
    return found->second;
  }
  [[nodiscard]] std::uint64_t size(const std::string& name) const override { return bytes(name).size(); }
  [[nodiscard]] bool contains(const std::string& name) const override { return members_.contains(name); }
  [[nodiscard]] std::vector<std::string> names() const override {
    std::vector<std::string> out;
    for (const auto& [name, ignored] : members_) out.push_back(name);
    return out;
  }
  [[nodiscard]] std::string where(const std::string& name) const override { return name_ + ":" + name; }

 private:
  [[nodiscard]] Error bad(const std::string& what) const { return {ErrorKind::workload, name_, what}; }

  static std::string text(std::span<const std::byte> all, std::size_t at, std::size_t length) {
    const char* start = reinterpret_cast<const char*>(all.data()) + at;
    return {start, ::strnlen(start, length)};
  }
  [[nodiscard]] std::uint64_t octal(const std::string& digits, std::size_t at) const {
    std::uint64_t value = 0;
    for (const char c : digits) {
      if (c == ' ') continue;
      if (c < '0' || c > '7') throw bad(fmt::format("not a ustar archive: bad size at offset {}", at));
      value = value * 8 + static_cast<std::uint64_t>(c - '0');
    }
    return value;
  }

  std::size_t member(std::span<const std::byte> all, std::size_t at) {
    if (text(all, at + kMagicAt, 5) != "ustar") {
      throw bad(at == 0 ? "expected a directory or an uncompressed ustar tar"
                        : fmt::format("not a ustar archive: no header at offset {}", at));
    }
    std::string name = text(all, at, 100);
    if (const std::string prefix = text(all, at + kPrefixAt, 155); !prefix.empty())
      name = prefix + "/" + name;
    if (name.starts_with("./")) name = name.substr(2);
    const std::uint64_t size = octal(text(all, at + kSizeAt, kSizeLength), at);
    const char type = static_cast<char>(all[at + kTypeAt]);
    const std::size_t start = at + kBlock;
    if (size > all.size() - start) throw bad("truncated within member " + in_quotes(name));
    if (type == '0' || type == '\0') {
      if (!is_safe_member_name(name)) throw bad("member name " + in_quotes(name) + " leaves the trace");
      if (!members_.emplace(name, all.subspan(start, size)).second)
        throw bad("member " + in_quotes(name) + " is there twice");
    } else if (type != '5') {
      throw bad(fmt::format("member {} has type '{}'; only plain files and folders are allowed",
                            in_quotes(name), type));
    }
    return start + (size + kBlock - 1) / kBlock * kBlock;
  }

  std::string name_;
  MappedFile file_;
  std::map<std::string, std::span<const std::byte>> members_;
};

}  // namespace

bool is_safe_member_name(const std::string& name) {
  if (name.empty() || name.front() == '/' || name.find('\0') != std::string::npos) return false;
  for (const auto& part : fs::path(name)) {
    if (part == "..") return false;
  }
  return true;
}

std::unique_ptr<TraceFiles> open_trace_files(const fs::path& path) {
  std::error_code failure;
  const auto status = fs::status(path, failure);
  if (!fs::exists(status)) throw Error(ErrorKind::io, path.string(), "there is no such trace");
  if (fs::is_directory(status)) return std::make_unique<DirectoryFiles>(path);
  return std::make_unique<TarFiles>(path);
}

}  // namespace heddle::trace
