// SPDX-License-Identifier: Apache-2.0
#include "sim/result/schema.h"

#include <sstream>

#include "sim/result/json.h"

namespace heddle::result {

std::vector<std::string> words_of(const char* words) {
  std::vector<std::string> out;
  std::istringstream in(words);
  for (std::string word; std::getline(in, word, '|');) out.push_back(word);
  return out;
}

Ordered result_schema() {
  Ordered out{
      {"$schema", "http://json-schema.org/draft-07/schema#"},
      {"title", fmt::format("Heddle result, version {}.{}", kResultVersion.major, kResultVersion.minor)}};
  out.update(schema_of(Type<ResultDocument>()));
  return out;
}

std::string table_of(const std::vector<Row>& rows, bool with_sums) {
  std::string out = with_sums ? "| counter | unit | adds up | meaning |\n| --- | --- | --- | --- |\n"
                              : "| key | unit | meaning |\n| --- | --- | --- |\n";
  for (const Row& row : rows) {
    out += fmt::format("| `{}` | {} |{} {} |\n", row.path, row.unit,
                       with_sums ? (row.is_additive ? " yes |" : " no |") : "", row.meaning);
  }
  return out;
}

std::string result_tables() {
  std::vector<Row> keys;
  add_rows<ResultDocument>(keys, "");
  // Samples repeat what `layers` shows.
  std::erase_if(keys, [](const Row& row) { return row.path.starts_with("samples[].layers[]."); });
  std::vector<Row> counters;
  add_rows<Counters>(counters, "");
  return "Keys of `result.json`:\n\n" + table_of(keys, false) + "\nCounters of a layer and of totals:\n\n" +
         table_of(counters, true);
}

}  // namespace heddle::result
