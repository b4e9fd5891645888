// SPDX-License-Identifier: Apache-2.0
#include "sim/app/output.h"

#include <system_error>

#include "sim/base/atomic_file.h"
#include "sim/base/error.h"
#include "sim/result/write.h"

namespace heddle::app {

void write_result_folder(const std::filesystem::path& folder, const result::RunRecord& run) {
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (failure) throw Error(ErrorKind::io, folder.string(), "cannot make the folder: " + failure.message());
  write_atomically(folder / "layers.csv", result::to_csv(run));
  write_atomically(folder / "result.json", result::to_json(run).dump(2) + "\n");
}

}  // namespace heddle::app
