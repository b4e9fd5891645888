// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/trace/files.h"
#include "sim/trace/manifest.h"
#include "sim/trace/npy.h"
#include "sim/workload/value_source.h"

namespace heddle::trace {

struct ExpectedOutputs {
  std::vector<std::int64_t> accumulators;
  std::vector<std::uint64_t> indices;  // flat, into (K,OH,OW) or (M,K); empty: all outputs in order
};

// A trace on disk. The constructor reads the manifest and checks the size of every file; tensors are mapped
// and decoded on request, and each file's SHA-256 is checked at its first use. All errors are Error(workload
// | io). Loading from several threads is safe.
class Trace {
 public:
  explicit Trace(const std::filesystem::path& path);

  [[nodiscard]] const workload::Network& network() const { return manifest_.network; }
  [[nodiscard]] const Manifest& manifest() const { return manifest_; }
  [[nodiscard]] const TraceFiles& files() const { return *files_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  // SHA-256 of manifest.json, which holds the digest of every other file; with a value source, of that digest
  // and the source's label.
  [[nodiscard]] const std::string& digest() const { return digest_; }
  [[nodiscard]] const std::string& manifest_digest() const { return manifest_digest_; }

  // Takes the values of every operand without files from `source`; a trace without samples gets one. Outputs
  // that the trace expects of such layers are dropped. Throws Error(workload) where every operand has files.
  // To be called before anything else reads the trace.
  void draw_missing(std::shared_ptr<const workload::ValueSource> source);
  // Null: every value comes from files.
  [[nodiscard]] const workload::ValueSource* source() const { return source_.get(); }

  [[nodiscard]] static bool has_values(const workload::Operand& operand) {
    return !operand.files.empty() || operand.is_drawn;
  }
  // Tensors of an operand: one of static weights, otherwise one per sample; none without values.
  [[nodiscard]] std::uint32_t tensors(const workload::Operand& operand) const;

  [[nodiscard]] workload::IntTensor activations(const workload::Layer& layer, std::uint32_t sample) const;
  // Static weights ignore `sample`.
  [[nodiscard]] workload::IntTensor weights(const workload::Layer& layer, std::uint32_t sample) const;
  [[nodiscard]] std::vector<std::int64_t> bias(
      const workload::Layer& layer) const;  // one per filter; empty: none
  // Widths in bits of groups of 16 weights, [K][R*S][ceil(C/groups/16)]; empty: none.
  [[nodiscard]] std::vector<std::uint8_t> group_widths(const workload::Layer& layer) const;
  [[nodiscard]] std::optional<ExpectedOutputs> expected(const workload::Layer& layer,
                                                        std::uint32_t sample) const;

  // A file's array after its size and digest were checked.
  [[nodiscard]] NpyView array(const std::string& file) const;
  void check_digest(const std::string& file) const;

 private:
  void check_size(const std::string& file, const FileEntry& entry) const;
  [[nodiscard]] workload::IntTensor decode(const workload::Layer& layer, const workload::Operand& operand,
                                           const std::string& file, const Shape& expected,
                                           unsigned precision_bits, const char* role) const;

  std::string name_;
  std::unique_ptr<TraceFiles> files_;
  config::Document document_;
  Manifest manifest_;
  std::string manifest_digest_;
  std::string digest_;
  std::shared_ptr<const workload::ValueSource> source_;
  mutable std::mutex mutex_;
  mutable std::set<std::string> checked_;
};

}  // namespace heddle::trace
