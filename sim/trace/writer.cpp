// SPDX-License-Identifier: Apache-2.0
#include "sim/trace/writer.h"

#include <cctype>
#include <system_error>
#include <type_traits>
#include <unistd.h>
#include <vector>

#include "sim/base/atomic_file.h"
#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/trace/digest.h"
#include "sim/trace/files.h"

namespace heddle::trace {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

template <class T>
std::string narrow(Dtype type, const Shape& shape, std::span<const std::int32_t> codes) {
  std::vector<T> out;
  out.reserve(codes.size());
  for (const auto code : codes) out.push_back(static_cast<T>(code));
  return npy_bytes(type, shape, std::as_bytes(std::span(out)));
}

std::string code_bytes(const Shape& shape, std::span<const std::int32_t> codes, unsigned bits,
                       bool is_signed) {
  if (bits <= 8) {
    return is_signed ? narrow<std::int8_t>(Dtype::i1, shape, codes)
                     : narrow<std::uint8_t>(Dtype::u1, shape, codes);
  }
  if (bits <= 16) {
    return is_signed ? narrow<std::int16_t>(Dtype::i2, shape, codes)
                     : narrow<std::uint16_t>(Dtype::u2, shape, codes);
  }
  return narrow<std::int32_t>(Dtype::i4, shape, codes);
}

}  // namespace

std::string file_stem(const std::string& layer) {
  std::string out = layer;
  for (char& c : out) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '.' && c != '_' && c != '-') c = '_';
  }
  return out;
}

TraceWriter::TraceWriter(std::filesystem::path folder) : folder_(std::move(folder)) {
  if (!folder_.has_filename()) folder_ = folder_.parent_path();  // "x.trace/"
  std::error_code failure;
  if (folder_.empty() || std::filesystem::exists(folder_, failure)) {
    throw Error(
        ErrorKind::usage, folder_.string(),
        folder_.empty() ? "expected a name for the trace" : "exists already; a trace is never overwritten");
  }
  temporary_ = folder_;
  temporary_ += ".tmp" + std::to_string(::getpid());
  std::filesystem::remove_all(temporary_, failure);
  std::filesystem::create_directories(temporary_, failure);
  if (failure)
    throw Error(ErrorKind::io, temporary_.string(), "cannot make the folder: " + failure.message());
}

TraceWriter::~TraceWriter() {
  std::error_code ignored;
  if (!temporary_.empty()) std::filesystem::remove_all(temporary_, ignored);
}

void TraceWriter::write(const std::string& name, std::string_view content) {
  const std::filesystem::path path = temporary_ / name;
  std::error_code failure;
  std::filesystem::create_directories(path.parent_path(), failure);
  if (failure)
    throw Error(ErrorKind::io, path.parent_path().string(), "cannot make the folder: " + failure.message());
  write_atomically(path, content);
}

std::string TraceWriter::add(const std::string& name, std::string_view content) {
  HEDDLE_CHECK(is_safe_member_name(name), "a trace's file stays inside the trace");
  const FileEntry entry{content.size(), sha256_hex(bytes_of(content))};
  const auto [at, is_new] = files_.emplace(name, entry);
  if (!is_new && at->second.sha256 != entry.sha256) {
    throw Error(ErrorKind::workload, folder_.string(), "two layers share the file name " + in_quotes(name));
  }
  if (is_new) write(name, content);
  return name;
}

std::string TraceWriter::add_codes(const std::string& name, const Shape& shape,
                                   std::span<const std::int32_t> codes, unsigned bits, bool is_signed) {
  return add(name, code_bytes(shape, codes, bits, is_signed));
}

void TraceWriter::finish(config::Json manifest) {
  manifest["format"] = "heddle-trace";
  manifest["version"] = {1, 0};
  config::Json files = config::Json::object();
  for (const auto& [name, entry] : files_) files[name] = {{"bytes", entry.bytes}, {"sha256", entry.sha256}};
  manifest["files"] = std::move(files);
  const std::string text = manifest.dump(1) + "\n";
  write("manifest.json", text);
  std::map<std::string, std::string> sums{{"manifest.json", sha256_hex(bytes_of(text))}};
  for (const auto& [name, entry] : files_) sums.emplace(name, entry.sha256);
  std::string list;
  for (const auto& [name, sum] : sums) list.append(sum).append("  ").append(name).append("\n");
  write("SHA256SUMS", list);
  std::error_code failure;
  std::filesystem::rename(temporary_, folder_, failure);
  if (failure) throw Error(ErrorKind::io, folder_.string(), "cannot write: " + failure.message());
  temporary_.clear();
}

}  // namespace heddle::trace
