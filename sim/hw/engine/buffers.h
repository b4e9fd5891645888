// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemc>

#include "sim/hw/clock.h"
#include "sim/memory/stream.h"

namespace heddle::hw {

// How the dispatcher and the tiles use the input buffer.
class InputBufferInterface : virtual public sc_core::sc_interface {
 public:
  virtual void write(Bytes bytes) = 0;
  // The earliest start of work whose first activations can arrive at `from`. `free` is when the tiles have
  // finished the work before.
  [[nodiscard]] virtual sc_core::sc_time ready(const sc_core::sc_time& from, const sc_core::sc_time& free,
                                               Bytes bytes) const = 0;
  // Called at the start of the work: cycles until it has read everything, given `busy` compute cycles.
  virtual Cycles read(const sc_core::sc_time& from, Cycles busy, Bytes bytes) = 0;
};

// How the tiles and the reducer use the output buffer.
class OutputBufferInterface : virtual public sc_core::sc_interface {
 public:
  // Called at the start of the work: cycles until its last output has left, given `busy` compute cycles.
  virtual Cycles write(Cycles busy, Bytes bytes, std::uint32_t bursts) = 0;
  // When all outputs so far are in the memory behind the buffer.
  [[nodiscard]] virtual sc_core::sc_time drained() const = 0;
  virtual void read(Bytes bytes) = 0;
};

// Activations in front of the tiles (ABin). It holds no values; InputPath computes its time.
class InputBuffer final : public sc_core::sc_module, public InputBufferInterface {
 public:
  InputBuffer(const sc_core::sc_module_name& name, const memory::InputPath& path, const Clock& clock)
      : sc_module(name), path_(path), clock_(clock) {}
  void write(Bytes bytes) override { written_ += bytes; }
  [[nodiscard]] sc_core::sc_time ready(const sc_core::sc_time& from, const sc_core::sc_time& free,
                                       Bytes bytes) const override;
  Cycles read(const sc_core::sc_time& from, Cycles busy, Bytes bytes) override;
  [[nodiscard]] Bytes read_bytes() const { return read_; }
  [[nodiscard]] Bytes written_bytes() const { return written_; }

 private:
  memory::InputPath path_;
  Clock clock_;
  Bytes read_;
  Bytes written_;
};

// Outputs behind the tiles (ABout). It holds no values; OutputPath computes its time.
class OutputBuffer final : public sc_core::sc_module, public OutputBufferInterface {
 public:
  OutputBuffer(const sc_core::sc_module_name& name, const memory::OutputPath& path, const Clock& clock)
      : sc_module(name), path_(path), clock_(clock) {}
  Cycles write(Cycles busy, Bytes bytes, std::uint32_t bursts) override;
  [[nodiscard]] sc_core::sc_time drained() const override { return clock_.span(Cycles(path_.drained())); }
  void read(Bytes bytes) override { read_ += bytes; }
  [[nodiscard]] Bytes read_bytes() const { return read_; }
  [[nodiscard]] Bytes written_bytes() const { return written_; }

 private:
  memory::OutputPath path_;
  Clock clock_;
  Bytes read_;
  Bytes written_;
};

}  // namespace heddle::hw
