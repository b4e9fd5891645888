// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace heddle::result {

// A plain-text table: first column left-aligned, the others right-aligned; a rule under the heading and
// above the last `footer_rows` rows. Each column is as wide as its widest cell; a long first column is cut.
class Table {
 public:
  explicit Table(std::vector<std::string> heading) { rows_.push_back(std::move(heading)); }
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  [[nodiscard]] std::string text(std::size_t footer_rows = 0) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace heddle::result
