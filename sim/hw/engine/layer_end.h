// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <systemc>
#include <tlm>

namespace heddle::hw {

// How the tiles say that the time of a layer has ended.
class LayerEndInterface : virtual public sc_core::sc_interface {
 public:
  virtual void layer_ended(std::uint32_t layer) = 0;
};

// States the layer that an off-chip request serves. The extension belongs to the sender of the payload: a
// payload that ends, also by an exception, does not delete it, and it is not cloned.
struct LayerExtension final : tlm::tlm_extension<LayerExtension> {
  explicit LayerExtension(std::uint32_t of) : layer(of) {}
  [[nodiscard]] tlm::tlm_extension_base* clone() const override { return nullptr; }
  void free() override {}
  void copy_from(const tlm::tlm_extension_base& from) override {
    layer = dynamic_cast<const LayerExtension&>(from).layer;
  }
  std::uint32_t layer = 0;
};

}  // namespace heddle::hw
