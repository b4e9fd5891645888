// SPDX-License-Identifier: Apache-2.0
#include "sim/hw/engine/dram_memory.h"

#include "sim/base/error.h"
#include "sim/hw/engine/layer_end.h"

namespace heddle::hw {
namespace {

sc_core::sc_time period_of(const dram::MemoryParameters& parameters) {
  const sc_core::sc_time period(static_cast<double>(parameters.device.clock_period_ps), sc_core::SC_PS);
  HEDDLE_CHECK(period.to_seconds() * 1e12 > parameters.device.clock_period_ps - 0.5,
               "the time resolution is coarser than a picosecond");
  return period;
}

}  // namespace

DramMemory::DramMemory(const sc_core::sc_module_name& name, const dram::MemoryParameters& parameters)
    : sc_module(name),
      socket("socket"),
      clock_(period_of(parameters)),
      period_ticks_(period_of(parameters).value()),
      mover_(parameters) {
  socket.register_b_transport(this, &DramMemory::b_transport);
}

dram::Cycle DramMemory::now() const {
  return ceil_div(sc_core::sc_time_stamp().value(), period_ticks_);
}

void DramMemory::wait_until(dram::Cycle cycle) const {
  const sc_core::sc_time until = clock_.span(Cycles(cycle));
  const sc_core::sc_time present = sc_core::sc_time_stamp();
  if (until > present) sc_core::wait(until - present);
}

DramMemory::Ticket DramMemory::start(const dram::AddressRun& run) {
  return mover_.start(run, now());
}

void DramMemory::wait_for(Ticket ticket) {
  mover_.advance(now());
  while (!mover_.issued(ticket)) {
    wait_until(mover_.completion(ticket));
    mover_.advance(now());
  }
  wait_until(mover_.completion(ticket));
  mover_.release(ticket);
}

dram::ChannelCounters DramMemory::counters() {
  mover_.advance(now());
  return mover_.counters();
}

void DramMemory::charge_rest(std::uint32_t layer) {
  const dram::ChannelCounters all = counters();
  dram::ChannelCounters known;
  for (const auto& of_layer : mover_.served()) known += of_layer;
  for (const auto& of_layer : charged_) known += of_layer;
  if (layer >= charged_.size()) charged_.resize(layer + 1);
  charged_[layer].precharges += all.precharges - known.precharges;
  charged_[layer].refreshes_all_bank += all.refreshes_all_bank - known.refreshes_all_bank;
  charged_[layer].refreshes_per_bank += all.refreshes_per_bank - known.refreshes_per_bank;
}

std::vector<dram::ChannelCounters> DramMemory::by_layer(std::size_t layers) const {
  std::vector<dram::ChannelCounters> out(layers);
  for (std::size_t i = 0; i < mover_.served().size(); ++i) out.at(i) += mover_.served()[i];
  for (std::size_t i = 0; i < charged_.size(); ++i) out.at(i) += charged_[i];
  return out;
}

std::optional<dram::EnergyReport> DramMemory::energy() {
  const auto& p = parameters();
  return dram::energy_of(p.device, counters(), std::uint64_t{p.controller.ranks} * p.controller.channels,
                         now());
}

void DramMemory::b_transport(int, tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  if (payload.get_byte_enable_ptr() != nullptr || payload.get_streaming_width() < payload.get_data_length()) {
    payload.set_response_status(payload.get_byte_enable_ptr() != nullptr ? tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE
                                                                         : tlm::TLM_BURST_ERROR_RESPONSE);
    return;
  }
  if (payload.get_data_length() == 0 || payload.get_command() == tlm::TLM_IGNORE_COMMAND) {
    payload.set_response_status(tlm::TLM_OK_RESPONSE);
    return;
  }
  // An initiator that ran ahead of time catches up first, because others may come in between.
  if (delay > sc_core::SC_ZERO_TIME) sc_core::wait(delay);
  delay = sc_core::SC_ZERO_TIME;
  const auto* layer = payload.get_extension<LayerExtension>();
  wait_for(start({.address = payload.get_address(),
                  .bytes = payload.get_data_length(),
                  .kind = payload.is_write() ? dram::Kind::write : dram::Kind::read,
                  .owner = layer != nullptr ? layer->layer : 0}));
  payload.set_response_status(tlm::TLM_OK_RESPONSE);
}

}  // namespace heddle::hw
