// SPDX-License-Identifier: Apache-2.0
#include "sim/app/output.h"

#include <system_error>

#include "sim/base/atomic_file.h"
#include "sim/base/error.h"
#include "sim/result/compare.h"
#include "sim/result/write.h"

namespace heddle::app {

namespace {

void make_folder(const std::filesystem::path& folder) {
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (failure) throw Error(ErrorKind::io, folder.string(), "cannot make the folder: " + failure.message());
}

}  // namespace

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
