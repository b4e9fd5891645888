// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <boost/program_options.hpp>

#include "sim/app/command.h"
#include "sim/arch/accelerator_config.h"
#include "sim/hw/bit_true/array.h"
#include "sim/hw/engine/engine.h"
#include "sim/result/record.h"
#include "sim/trace/trace.h"

namespace heddle::app {

// What `run` and `compare` share: the options and the way from configurations to records.
struct Session {
  std::vector<std::string> configs;
  std::string trace;
  std::vector<std::string> overrides;
  bool quiet = false;
  bool json = false;
  unsigned threads = 0;
  double verify_fraction = 1.0;
  std::uint64_t seed = 0;
  std::string vcd;  // empty: no waveform
  std::uint32_t vcd_tile = 0;
  std::function<void(std::size_t accelerator, const hw::Timing& timing)> timed;  // after the simulation

  static void declare(CommandLine& line);
  static Session from(const boost::program_options::variables_map& values);
  [[nodiscard]] std::vector<result::RunRecord> run() const;

 private:
  void check_waveform(std::span<const arch::AcceleratorConfig> accelerators) const;
  void verify(std::span<const arch::AcceleratorConfig> accelerators, const trace::Trace& opened,
              std::span<const std::unique_ptr<hw::BitTrueArray>> arrays,
              std::vector<result::RunRecord>& runs) const;
};

// The trace that is used where none is given: the quick start.
inline constexpr const char* kDefaultTrace = "denoiser-16b";

}  // namespace heddle::app
