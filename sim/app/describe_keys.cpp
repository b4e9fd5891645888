// SPDX-License-Identifier: Apache-2.0
#include "sim/app/describe_keys.h"

#include <algorithm>
#include <cctype>
#include <fnmatch.h>
#include <iostream>

#include "sim/base/error.h"
#include "sim/base/nearest.h"

namespace heddle::app {

using config::Json;

namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string last_part(const std::string& path) {
  return path.substr(path.rfind('.') + 1);
}

std::string default_text(const Json& row) {
  if (row.value("required", false)) return "required";
  return row.contains("default") ? row["default"].dump() : "none";
}

}  // namespace

void print_parameters(const Json& rows, const std::string& indent) {
  for (const auto& row : rows) {
    std::cout << indent << row["name"].get<std::string>() << " = " << default_text(row);
    if (row.contains("unit")) std::cout << " " << row["unit"].get<std::string>();
    std::cout << "  (" << row["type"].get<std::string>();
    if (row.contains("range")) std::cout << " " << row["range"][0] << " to " << row["range"][1];
    if (row.contains("words")) {
      std::cout << ": ";
      for (std::size_t i = 0; i < row["words"].size(); ++i)
        std::cout << (i > 0 ? " | " : "") << row["words"][i].get<std::string>();
    }
    std::cout << ")\n" << indent << "    " << row["description"].get<std::string>() << "\n";
    if (row.contains("source"))
      std::cout << indent << "    source: " << row["source"].get<std::string>() << "\n";
    if (row.contains("children")) print_parameters(row["children"], indent + "    ");
  }
}

void add_keys(Keys& keys, const Json& rows, const std::string& prefix) {
  for (Json row : rows) {
    const std::string path = prefix + row["name"].get<std::string>();
    const Json children = row.value("children", Json::array());
    row["name"] = path;
    row.erase("children");
    keys.push_back(std::move(row));
    add_keys(keys, children, path + ".");
  }
}

bool matches(const std::string& pattern, const std::string& path) {
  const std::string wanted = lower(pattern);
  const std::string whole = lower(path);
  if (wanted.find_first_of("*?[") == std::string::npos) return whole.find(wanted) != std::string::npos;
  const auto goes = [&](const std::string& text) { return ::fnmatch(wanted.c_str(), text.c_str(), 0) == 0; };
  return goes(whole) || goes(last_part(whole));
}

Keys matching(const Keys& keys, const std::string& pattern, const std::string& name) {
  Keys out;
  std::vector<std::string> words;
  for (const auto& key : keys) {
    const auto path = key["name"].get<std::string>();
    if (matches(pattern, path)) out.push_back(key);
    words.push_back(path);
    words.push_back(last_part(path));
  }
  if (!out.empty()) return out;
  const std::string nearest = nearest_name(pattern, words);
  throw Error(ErrorKind::usage, "heddle describe " + name,
              "no key matches " + in_quotes(pattern) +
                  (nearest.empty() ? "; without a pattern all keys are shown"
                                   : " (did you mean " + in_quotes(nearest) + "?)"));
}

}  // namespace heddle::app
