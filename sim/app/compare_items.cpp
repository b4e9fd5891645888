// SPDX-License-Identifier: Apache-2.0
#include "sim/app/compare_items.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/config/override.h"
#include "sim/result/compare.h"

namespace heddle::app {
namespace {

using config::Json;

// An argument may be a folder that holds a result.
std::filesystem::path result_file(const std::string& argument) {
  std::error_code ignored;
  if (std::filesystem::is_directory(argument, ignored))
    return std::filesystem::path(argument) / "result.json";
  return argument;
}

std::optional<Json> read_if_result(const std::filesystem::path& file) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored)) return std::nullopt;
  auto document = config::read_json(file, {.bytes = std::size_t{256} << 20U, .depth = 64});
  if (!document.root.is_object() || document.root.value("format", Json()) != "heddle-result")
    return std::nullopt;
  result::check_result(document.root, file.string());
  return std::move(document.root);
}

// "NAME:path=value" or "path=value".
struct Change {
  std::string item;  // empty: all
  std::string override_text;
  std::string text;  // as it was given
};

Change parse(const std::string& text) {
  const auto colon = text.substr(0, text.find('=')).rfind(':');
  if (colon == std::string::npos) return {"", text, text};
  if (colon == 0) {
    throw Error(ErrorKind::usage, config::shown_override(text),
                "expected the name of an argument before ':', or no ':'");
  }
  return {text.substr(0, colon), text.substr(colon + 1), text};
}

void give(ComparedItem& item, const Change& change) {
  item.overrides.push_back(change.override_text);
  item.changes.push_back(change.text);
}

// A change of one argument takes the place of a change of the same key for all of them.
void give_instead(ComparedItem& item, const Change& change) {
  const auto keys = config::parse_override(change.override_text).keys;
  for (std::size_t i = 0; i < item.overrides.size(); ++i) {
    if (config::parse_override(item.overrides[i]).keys != keys) continue;
    const bool is_general = item.overrides[i] == item.changes[i];
    if (!is_general) {
      throw Error(ErrorKind::usage, config::shown_override(change.text),
                  config::shown_override(item.changes[i]) + " changes the same key; expected one of the two");
    }
    item.overrides.erase(item.overrides.begin() + static_cast<std::ptrdiff_t>(i));
    item.changes.erase(item.changes.begin() + static_cast<std::ptrdiff_t>(i));
    break;
  }
  give(item, change);
}

bool is_named(const ComparedItem& item, const std::string& name) {
  return item.argument == name || std::filesystem::path(item.argument).stem() == name;
}

std::vector<std::size_t> matches(const std::vector<ComparedItem>& items, const std::string& name) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (is_named(items[i], name)) out.push_back(i);
  }
  for (std::size_t i = 0; out.empty() && i < items.size(); ++i) {
    if (name == std::to_string(i + 1)) out.push_back(i);
  }
  return out;
}

void change_one(std::vector<ComparedItem>& items, const Change& change, const std::string& where) {
  const auto found = matches(items, change.item);
  if (found.empty()) {
    std::vector<std::string> names;
    names.reserve(items.size());
    for (const auto& item : items) names.push_back(item.argument);
    throw Error(ErrorKind::usage, where,
                "no argument is called " + in_quotes(change.item) + suggestion(change.item, names));
  }
  if (found.size() > 1) {
    throw Error(ErrorKind::usage, where,
                fmt::format("{} stands for several arguments; name one by its position, such as {}:{}",
                            in_quotes(change.item), found.front() + 1, change.override_text));
  }
  ComparedItem& item = items[found.front()];
  if (item.result) {
    throw Error(ErrorKind::usage, where,
                in_quotes(change.item) + " is a result: it was run already and cannot be changed");
  }
  give_instead(item, change);
}

void change_all(std::vector<ComparedItem>& items, const Change& change, const std::string& where) {
  bool is_used = false;
  for (auto& item : items) {
    if (item.result) continue;
    give(item, change);
    is_used = true;
  }
  if (!is_used) throw Error(ErrorKind::usage, where, "nothing is run: every argument is a result");
}

}  // namespace

std::vector<ComparedItem> compared_items(const std::vector<std::string>& arguments,
                                         const std::vector<std::string>& changes) {
  std::vector<ComparedItem> items;
  items.reserve(arguments.size());
  for (const auto& argument : arguments)
    items.push_back({argument, read_if_result(result_file(argument)), {}, {}});
  std::vector<Change> of_one;
  for (const auto& text : changes) {
    Change change = parse(text);
    if (change.item.empty())
      change_all(items, change, config::shown_override(text));
    else
      of_one.push_back(std::move(change));
  }
  for (const auto& change : of_one) change_one(items, change, config::shown_override(change.text));
  return items;
}

std::vector<std::string> notes_on_changes(const std::vector<ComparedItem>& items,
                                          const std::vector<std::string>& changes) {
  std::vector<std::string> out;
  for (const auto& text : changes) {
    if (!parse(text).item.empty()) continue;
    std::vector<std::string> changed;
    std::vector<std::string> results;
    std::size_t run = 0;
    for (const auto& item : items) {
      if (item.result) results.push_back(item.argument);
      if (!item.result) ++run;
      if (std::find(item.changes.begin(), item.changes.end(), text) != item.changes.end())
        changed.push_back(item.argument);
    }
    if (run < 2 && results.empty()) continue;
    out.push_back(fmt::format("--set {} applies to {}: {}{}{}", text,
                              changed.size() == run ? "every configuration that is run"
                                                    : "the configurations without a change of their own",
                              fmt::join(changed, ", "), results.empty() ? "" : "; not to the results ",
                              fmt::join(results, ", ")));
  }
  return out;
}

Error as_given(const Error& error, const ComparedItem& item) {
  std::string where = error.where();
  const std::size_t text = where.empty() ? 0 : where.size() + 2;  // behind "where: "
  for (std::size_t i = 0; i < item.changes.size(); ++i) {
    const std::string shown = config::shown_override(item.overrides[i]);
    if (item.changes[i] == item.overrides[i]) continue;
    if (const auto at = where.find(shown); at != std::string::npos)
      where.replace(at, shown.size(), config::shown_override(item.changes[i]));
  }
  return {error.kind(), where, std::string(error.what()).substr(text)};
}

}  // namespace heddle::app
