// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/result/record.h"

namespace heddle::result {

struct FormatVersion {
  unsigned major = 1;
  unsigned minor = 3;
};
// Of result.json. Readers also take 1.0, which lacks `memory_accesses` and `dram_commands`, 1.1, which lacks
// the peak of the array, and 1.2, which lacks the off-chip bandwidth, an empty list of notes, the lanes that
// folding's zeros take, and where values come from.
inline constexpr FormatVersion kResultVersion{1, 3};

// Of the whole run.
struct TotalsDocument {
  Counters counters;
  double time_us = 0;
  static constexpr auto fields() {
    return std::tuple{inlined(&TotalsDocument::counters),
                      fact("time_us", &TotalsDocument::time_us, "us", "`cycles` at the accelerator's clock")};
  }
};

struct SampleDocument {
  std::uint32_t index = 0;
  Counters totals;
  std::vector<LayerRecord> layers;
  static constexpr auto fields() {
    return std::tuple{fact("index", &SampleDocument::index, "", "index of the sample in the trace"),
                      fact("totals", &SampleDocument::totals, "", "sums over the layers of the sample"),
                      fact("layers", &SampleDocument::layers, "", "one entry per layer, without `details`")};
  }
};

// result.json.
struct ResultDocument {
  std::string format = "heddle-result";
  FormatVersion version = kResultVersion;
  unsigned results_revision = kResultsRevision;
  std::string heddle_version;
  std::string fidelity;
  AcceleratorRecord accelerator;
  NetworkRecord network;
  std::vector<std::string> notes;
  ArrayRecord array;
  std::optional<VerificationRecord> verification;
  std::optional<PlanRecord> plan;
  std::optional<MemoryRecord> memory;
  std::optional<TimelineRecord> timeline;
  TotalsDocument totals;
  std::vector<LayerRecord> layers;
  std::vector<SampleDocument> samples;
  static constexpr auto fields() {
    using D = ResultDocument;
    return std::tuple{
        fact("format", &D::format, "", "`heddle-result`").one_of("heddle-result"),
        fact("version", &D::version, "", "version of this format, major and minor"),
        fact("results_revision", &D::results_revision, "", "changes when counts change on purpose"),
        fact("heddle_version", &D::heddle_version, "", "the program that made it"),
        fact("fidelity", &D::fidelity, "", "whether processing elements also ran bit by bit")
            .one_of("timing|bit-true"),
        fact("accelerator", &D::accelerator, "", "the whole configuration, defaults included"),
        fact("network", &D::network, "", "what was run"),
        fact("notes", &D::notes, "",
             "assumptions and limits that every output repeats; empty where there are none"),
        fact("array", &D::array, "", "size and clock of the array"),
        fact("verification", &D::verification, "", "bit-true runs: what was proved"),
        fact("plan", &D::plan, "",
             "where every tensor lives ([memory.md](memory.md)); absent without off-chip memory"),
        fact("memory", &D::memory, "", "what every memory moved in the whole run; absent without memory"),
        fact("timeline", &D::timeline, "",
             "traffic and occupancy over time; absent where nothing moved off chip"),
        fact("totals", &D::totals, "", "counters summed over layers and samples"),
        fact("layers", &D::layers, "", "one entry per layer, counters summed over samples"),
        fact("samples", &D::samples, "", "the same for each sample")};
  }
};

ResultDocument document_of(const RunRecord& run);

}  // namespace heddle::result
