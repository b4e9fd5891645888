// SPDX-License-Identifier: Apache-2.0
#include "sim/app/locate.h"

#include <algorithm>
#include <cstdlib>
#include <system_error>

#include "sim/base/error.h"
#include "sim/base/nearest.h"

namespace heddle::app {
namespace {

namespace fs = std::filesystem;

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

fs::path locate(const std::string& name, const std::vector<fs::path>& candidates,
                const std::vector<std::string>& shipped, const char* what, const std::string& where = "") {
  std::error_code ignored;
  for (const auto& candidate : candidates) {
    if (fs::exists(candidate, ignored)) return candidate;
  }
  const std::string unknown = std::string("there is no ") + what + " " + in_quotes(name);
  if (data_folder().empty())
    throw Error(ErrorKind::usage, where,
                unknown + ", and no shipped data is beside the program: set HEDDLE_DATA");
  throw Error(ErrorKind::usage, where, unknown + suggestion(name, shipped));
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

std::vector<std::string> shipped_configs() {
  const fs::path configs = data_folder() / "configs";
  auto out = json_files(configs / "accelerators", configs / "accelerators");
  for (const char* folder : {"papers", "compat"}) {
    const auto more = json_files(configs / folder, configs);
    out.insert(out.end(), more.begin(), more.end());
  }
  return out;
}

std::vector<std::string> shipped_memories() {
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

fs::path locate_config(const std::string& name) {
  std::error_code ignored;
  if (fs::is_regular_file(name, ignored)) return name;
  const fs::path configs = data_folder() / "configs";
  return locate(name,
                {configs / "accelerators" / (name + ".json"), configs / (name + ".json"),
                 configs / "accelerators" / name, configs / name},
                shipped_configs(), "configuration");
}

fs::path locate_memory(const std::string& name) {
  std::error_code ignored;
  if (fs::is_regular_file(name, ignored)) return name;
  const fs::path memories = data_folder() / "configs" / "memories";
  return locate(name, {memories / (name + ".json"), memories / name}, shipped_memories(),
                "memory configuration");
}

std::string with_shipped_memory(const std::string& change) {
  const auto named = [&](const std::string& key, const char* folder, const std::vector<std::string>& shipped,
                         const char* what) -> std::string {
    const std::string name = change.substr(key.size());
    std::error_code ignored;
    if (name == "none" || name.starts_with("{") || fs::is_regular_file(name, ignored)) return change;
    const fs::path file = data_folder() / "configs" / folder / (name + ".json");
    return key + locate(name, {file}, shipped, what, "--set " + change).string();
  };
  const std::string system = "memory=";
  const std::string device = "memory.off_chip.device=";
  if (change.starts_with(system))
    return named(system, "memory_systems", shipped_memory_systems(), "memory system");
  if (change.starts_with(device)) return named(device, "memories", shipped_memories(), "memory device");
  return change;
}

fs::path locate_trace(const std::string& name) {
  std::error_code ignored;
  if (fs::exists(name, ignored)) return name;
  const fs::path data = data_folder();
  return locate(
      name,
      {data / "traces" / (name + ".trace"), data / "configs" / "networks" / (name + ".trace"), data / name},
      shipped_traces(), "trace");
}

}  // namespace heddle::app
