// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <systemc>

namespace heddle::run {

// A VCD file that appears under its name only when it is complete. An empty name is no file.
class Waveform {
 public:
  explicit Waveform(std::string path);
  ~Waveform();
  Waveform(const Waveform&) = delete;
  Waveform& operator=(const Waveform&) = delete;

  [[nodiscard]] sc_core::sc_trace_file* file() const { return file_; }
  void close();  // throws Error(io)

 private:
  std::string path_;
  std::string temporary_;  // without ".vcd", which SystemC appends
  sc_core::sc_trace_file* file_ = nullptr;
};

}  // namespace heddle::run
