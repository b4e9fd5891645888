// SPDX-License-Identifier: Apache-2.0
#include "sim/run/shipped.h"

#include <algorithm>
#include <cstdlib>
#include <system_error>

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/base/nearest.h"

namespace heddle::run {
namespace {

namespace fs = std::filesystem;

constexpr const char* kNoData = ", and no shipped data is beside the program: set HEDDLE_DATA";

bool holds_data(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_directory(folder / "configs" / "accelerators", ignored);
}

std::vector<std::string> json_files(const fs::path& root, const fs::path& relative_to) {
  std::vector<std::string> out;
  std::error_code failure;
  for (auto it = fs::recursive_directory_iterator(root, failure);
       !failure && it != fs::recursive_directory_iterator(); it.increment(failure)) {
    if (it->path().extension() != ".json" || it->path().filename() == "comparisons.json") continue;
    auto name = it->path().lexically_relative(relative_to);
    out.push_back(name.replace_extension().generic_string());
  }
  std::sort(out.begin(), out.end());
  return out;
}

fs::path find_configuration_file(const std::string& key, const std::string& name) {
  return config::require_file(config::kind_of(*shipped_files(), key), "", name, "");
}

// What a message says of shipped traces when there is none at `name`.
std::string about_shipped_traces(const std::string& name) {
  const auto traces = shipped_traces();
  std::vector<std::string> profiles;  // of the network `name`
  for (const auto& trace : traces) {
    if (trace.starts_with(name + "-")) profiles.push_back(in_quotes(trace));
  }
  if (profiles.size() > 1) return fmt::format(" (did you mean {}?)", fmt::join(profiles, " or "));
  if (!config::names_file_only(name)) return data_folder().empty() ? kNoData : suggestion(name, traces);
  const std::string plain = fs::path(name).lexically_normal().generic_string();
  const bool is_shipped = std::find(traces.begin(), traces.end(), plain) != traces.end();
  return is_shipped ? "; the shipped trace is called " + in_quotes(plain) : "";
}

}  // namespace

fs::path data_folder() {
  if (const char* given = std::getenv("HEDDLE_DATA"); given != nullptr) return given;
  std::error_code ignored;
  const fs::path program = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  for (const auto& folder : {program / ".." / "share" / "heddle", program / ".." / "..", program / ".."}) {
    if (holds_data(folder)) return folder.lexically_normal();
  }
  return {};
}

std::vector<std::string> shipped_configurations() {
  const fs::path configs = data_folder() / "configs";
  auto out = json_files(configs / "accelerators", configs / "accelerators");
  for (const char* folder : {"papers", "compat"}) {
    const auto more = json_files(configs / folder, configs);
    out.insert(out.end(), more.begin(), more.end());
  }
  return out;
}

std::vector<std::string> shipped_memory_devices() {
  const fs::path memories = data_folder() / "configs" / "memories";
  return json_files(memories, memories);
}

std::vector<std::string> shipped_memory_systems() {
  const fs::path systems = data_folder() / "configs" / "memory_systems";
  return json_files(systems, systems);
}

std::vector<std::string> shipped_traces() {
  std::vector<std::string> out;
  std::error_code failure;
  for (const auto& root : {data_folder() / "traces", data_folder() / "configs" / "networks"}) {
    for (auto it = fs::directory_iterator(root, failure); !failure && it != fs::directory_iterator();
         it.increment(failure)) {
      if (it->path().extension() == ".trace") out.push_back(it->path().stem().string());
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::shared_ptr<const config::FileNames> shipped_files() {
  const fs::path data = data_folder();
  const auto kind = [&](std::string key, std::string what, const std::vector<const char*>& folders,
                        std::vector<std::string> names) {
    config::NamedFiles out{std::move(key), std::move(what), {}, std::move(names), kNoData};
    if (data.empty()) return out;
    for (const char* folder : folders) out.folders.push_back(data / folder);
    return out;
  };
  return std::make_shared<const config::FileNames>(config::FileNames{
      kind("", "configuration", {"configs/accelerators", "configs"}, shipped_configurations()),
      kind("memory", "memory system", {"configs/memory_systems"}, shipped_memory_systems()),
      kind("device", "memory device", {"configs/memories"}, shipped_memory_devices())});
}

fs::path find_configuration(const std::string& name) {
  return find_configuration_file("", name);
}

fs::path find_memory_device(const std::string& name) {
  return find_configuration_file("device", name);
}

fs::path find_trace(const std::string& name) {
  std::error_code ignored;
  const fs::path data = data_folder();
  std::vector<fs::path> candidates{name};
  if (!data.empty() && !config::names_file_only(name)) {
    for (const char* folder : {"traces", "configs/networks"})
      candidates.push_back(data / folder / (name + ".trace"));
    candidates.push_back(data / name);
  }
  for (const auto& candidate : candidates) {
    if (fs::exists(candidate, ignored)) return candidate;
  }
  throw Error(ErrorKind::usage, "", "there is no trace " + in_quotes(name) + about_shipped_traces(name));
}

}  // namespace heddle::run
