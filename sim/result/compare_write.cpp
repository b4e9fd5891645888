// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "sim/result/compare.h"
#include "sim/result/json.h"
#include "sim/result/schema.h"
#include "sim/result/write.h"

namespace heddle::result {

Ordered json_of(const ComparisonVersion& v) {
  return {v.major, v.minor};
}
Ordered schema_of(Type<ComparisonVersion>) {
  return {{"const", {kComparisonVersion.major, kComparisonVersion.minor}}};
}

Ordered to_json(const ComparisonDocument& comparison) {
  return json_of(comparison);
}

Ordered comparison_schema() {
  Ordered out{{"$schema", "http://json-schema.org/draft-07/schema#"},
              {"title", fmt::format("Heddle comparison, version {}.{}", kComparisonVersion.major,
                                    kComparisonVersion.minor)}};
  out.update(schema_of(Type<ComparisonDocument>()));
  return out;
}

std::string comparison_tables() {
  std::vector<Row> keys;
  add_rows<ComparisonDocument>(keys, "");
  // Further traces repeat the keys of the first; layers those of totals.
  std::erase_if(keys, [](const Row& row) {
    return row.path.starts_with("more_traces[].") ||
           (row.path.starts_with("accelerators[].layers[].") && !row.path.ends_with(".name"));
  });
  return "Keys of a comparison:\n\n" + table_of(keys, false);
}

namespace {

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const auto& text : texts) out += (out.empty() ? "" : "; ") + text;
  return out;
}

std::string counters_row(const ComparedCounters& counters) {
  const Ordered values = json_of(counters);
  std::string out;
  for_each_field<ComparedCounters>([&](const auto& field) {
    out += ",";
    if (!values.contains(field.name)) return;
    const Ordered& value = values[field.name];
    out += value.is_number_float() ? fmt::format("{:.6f}", value.template get<double>()) : value.dump();
  });
  return out + "\n";
}

}  // namespace

namespace {

// The cells of the columns that a mean has; the others stay empty.
std::string mean_row(const MeanSpeedup& mean) {
  const Ordered values = json_of(mean);
  std::string out = "geometric mean," + csv_text(mean.label) + ",," + csv_text(mean.values) + ",,,";
  for_each_field<ComparedCounters>([&](const auto& field) {
    out += ",";
    if (values.contains(field.name)) out += fmt::format("{:.6f}", values[field.name].template get<double>());
  });
  return out + "\n";
}

}  // namespace

std::string to_csv(const ComparisonDocument& comparison) {
  std::string out = "network,accelerator,layer,values,changes,frequency_mhz,peak_macs_per_cycle";
  for_each_field<ComparedCounters>([&](const auto& field) { out += "," + std::string(field.name); });
  out += "\n";
  for (const auto* trace : comparison.traces()) {
    for (const auto& accelerator : trace->accelerators) {
      const auto start = [&](const std::string& layer) {
        return fmt::format(
            "{},{},{},{},{},{},{}", csv_text(accelerator.network), csv_text(accelerator.label),
            csv_text(layer), csv_text(accelerator.values), csv_text(joined(accelerator.changes)),
            accelerator.frequency_mhz,
            accelerator.peak_macs_per_cycle ? fmt::format("{}", *accelerator.peak_macs_per_cycle) : "");
      };
      for (const auto& layer : accelerator.layers) out += start(layer.name) + counters_row(layer.counters);
      out += start("") + counters_row(accelerator.totals);
    }
  }
  for (const auto& mean : comparison.geometric_mean.value_or(std::vector<MeanSpeedup>()))
    out += mean_row(mean);
  return out;
}

}  // namespace heddle::result
