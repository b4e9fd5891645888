// SPDX-License-Identifier: Apache-2.0
#include "sim/run/waveform.h"

#include <filesystem>
#include <fstream>
#include <system_error>
#include <unistd.h>

#include "sim/base/error.h"

namespace heddle::run {

Waveform::Waveform(std::string path) : path_(std::move(path)) {
  if (path_.empty()) return;
  temporary_ = path_ + ".tmp" + std::to_string(::getpid());
  // SystemC aborts on a file that it cannot open, so this asks first.
  if (!std::ofstream(temporary_ + ".vcd")) throw Error(ErrorKind::io, path_, "cannot write");
  file_ = sc_core::sc_create_vcd_trace_file(temporary_.c_str());
  file_->set_time_unit(1, sc_core::SC_FS);  // the resolution: no edge of any clock is rounded
}

void Waveform::close() {
  if (file_ == nullptr) return;
  sc_core::sc_close_vcd_trace_file(file_);
  file_ = nullptr;
  std::error_code failure;
  std::filesystem::rename(temporary_ + ".vcd", path_, failure);
  if (failure) throw Error(ErrorKind::io, path_, "cannot write: " + failure.message());
}

Waveform::~Waveform() {
  if (file_ == nullptr) return;
  sc_core::sc_close_vcd_trace_file(file_);
  std::error_code ignored;
  std::filesystem::remove(temporary_ + ".vcd", ignored);
}

}  // namespace heddle::run
