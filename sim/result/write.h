// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "sim/result/record.h"

namespace heddle::result {

// result.json (docs/results.md; `heddle schema result`). Byte-identical for the same input: no wall time,
// host or path.
nlohmann::ordered_json to_json(const RunRecord& run);

// layers.csv: one row per layer and sample, the same numbers. A column is named after the path of its key.
std::string to_csv(const RunRecord& run);

// The table of `heddle run`.
std::string to_table(const RunRecord& run);
// What the array waited for and what moved off chip, by layer, without columns of zeros; empty without
// memory.
std::string to_memory_table(const RunRecord& run);

// 1234567 -> "1,234,567".
std::string grouped(std::uint64_t value);
// With this many decimals: 187377.8216 -> "187,377.822". At least 0.
std::string grouped(double value, int decimals);
// Six digits, or all digits of the whole number where it has more; no zeros at the end of decimals:
// 1820.444 -> "1,820.44", 1048576 -> "1,048,576". At least 0.
std::string grouped_figure(double value);
// 0.1254 -> "12.5 %". What is above 0 and would be rounded to 0.0 % is "<0.1 %".
std::string percent(double share);

// A cell of CSV: names with commas, quotes or line breaks are quoted as RFC 4180 says.
std::string csv_text(const std::string& text);

// A change (path=value) as tables show it: control characters are spelt out, a long text is cut.
std::string in_one_line(const std::string& text);

double ratio(double numerator, double denominator);  // 0 when the denominator is 0

}  // namespace heddle::result
