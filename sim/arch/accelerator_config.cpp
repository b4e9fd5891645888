// SPDX-License-Identifier: Apache-2.0
#include "sim/arch/accelerator_config.h"

#include <algorithm>

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/config/compose.h"

namespace heddle::arch {
namespace {

using config::Json;
using config::Parameter;

void check_version(const config::Document& document, const config::Values& values) {
  const Json& version = values.json().at("version");
  const bool fits = version.is_array() && version.size() == 2 && version[0].is_number_unsigned() &&
                    version[1].is_number_unsigned();
  if (!fits || version[0] != 1 || version[1] != 0) {
    throw Error(ErrorKind::config, document.where("/version"),
                "configuration version " + version.dump() + ", this program reads [1, 0]");
  }
}

}  // namespace

const config::Declaration& accelerator_declaration() {
  static const config::Declaration kDeclaration{
      Parameter::choice("format", {"heddle-accelerator"})
          .means("what this file is")
          .from("our choice: a file of another kind is refused"),
      Parameter::any("version").means("[1, 0]").from("our choice: docs/versioning.md"),
      Parameter::text("name")
          .means("name of this configuration, shown in every output")
          .from("our choice: a result says what was run"),
      Parameter::text("description")
          .by_default("")
          .means("what this instance is")
          .from("our choice: a text for readers, on which no count depends"),
      Parameter::text("source")
          .by_default("")
          .means("where the instance was published")
          .from("our choice: docs/configuration.md"),
      Parameter::text("model")
          .means("the design: a name of `heddle list`")
          .from("our choice: docs/configuration.md"),
      Parameter::any("parameters")
          .by_default(Json::object())
          .means("the design's own parameters (`heddle describe MODEL`)")
          .from("our choice: docs/configuration.md"),
      Parameter::object("mapping", MappingOptions::declaration()).means("how layers are laid onto the array"),
      Parameter::object("clock", {Parameter::number("frequency_mhz", "MHz", 1, 100000)
                                      .by_default(1000.0)
                                      .means("clock of the array; turns cycles into time")
                                      .from("our choice: 1 GHz, the papers' synthesis target")})
          .means("clock of the array"),
      Parameter::object("group_widths", AssumedWidths::declaration())
          .means(
              "widths of groups of 16 weights that are assumed where a trace has neither widths nor weights"),
      Parameter::choice("fidelity", {"timing", "bit-true"})
          .by_default("timing")
          .means("timing: cycles are counted; bit-true: the processing elements also run bit by bit and "
                 "everything is compared")
          .from("our choice: both give the same cycles"),
      Parameter::text("values")
          .by_default("trace")
          .means("trace: a run reads the values of its trace; synthetic[:SEED][,zeros=SHARE][,prune=SHARE]: "
                 "values that a trace does not have are drawn")
          .from("our choice: docs/synthetic-values.md"),
      Parameter::any("memory")
          .by_default("none")
          .means("off-chip and on-chip memory: \"none\" for compute only, or an object")
          .from("our choice: docs/rules.md#memory"),
      Parameter::text_list("assumptions")
          .by_default(Json::array())
          .means("assumptions that every output repeats; options in force that are not physical add theirs")
          .from("our choice: docs/configuration.md")};
  return kDeclaration;
}

const ModelInfo& find_model(std::span<const ModelInfo> catalogue, const std::string& name,
                            const std::string& where) {
  std::vector<std::string> names;
  for (const auto& info : catalogue) {
    if (info.name == name) return info;
    names.push_back(info.name);
  }
  throw Error(ErrorKind::config, where, "there is no model " + in_quotes(name) + suggestion(name, names));
}

Error at_its_place(const Error& error, const config::Document& document) {
  const std::string& where = error.where();
  // A place in a file or an option has a colon behind its name.
  if (!where.starts_with("/parameters") || where.find(':') != std::string::npos) return error;
  const std::string text = std::string(error.what()).substr(where.size() + 2);  // behind "where: "
  return {error.kind(), document.where(where), text};
}

MappedLayer map_onto(const workload::Layer& layer, const AcceleratorConfig& config) {
  try {
    return map_onto(layer, *config.accelerator, config.mapping);
  } catch (const Error& e) {
    throw at_its_place(e, config.document);
  }
}

namespace {

std::unique_ptr<Accelerator> make(const ModelInfo& model, const config::Values& parameters,
                                  const config::Document& document) {
  const std::string all = "/parameters";
  try {
    auto out = model.make(parameters);
    if (const unsigned bits = out->container_bits(); bits != 8 && bits != 16)
      throw Error(ErrorKind::config, all + "/container_bits",
                  fmt::format("expected 8 or 16, found {}", bits));
    return out;
  } catch (const Error& e) {
    if (e.where().empty()) throw Error(e.kind(), document.where(all), e.what());
    if (e.where().starts_with("/")) throw at_its_place(e, document);
    const std::string text = std::string(e.what()).substr(e.where().size() + 2);  // behind "where: "
    throw Error(e.kind(), document.where(all + "/" + e.where()), text);
  }
}

// Beside what the file says itself: whatever in force is not physical, wherever its value comes from.
void state_assumptions(AcceleratorConfig& config) {
  Json& stated = config.echo["assumptions"];
  const auto add = [&stated](const std::vector<std::string>& texts) {
    for (const auto& text : texts) {
      if (std::find(stated.begin(), stated.end(), Json(text)) == stated.end()) stated.push_back(text);
    }
  };
  add(config.mapping.assumptions());
  add(config.accelerator->assumptions());
}

}  // namespace

namespace {

// Keys of sections, for those who leave out the section: "parameters.tiles", "clock.frequency_mhz".
std::vector<std::string> section_keys(const config::Document& document,
                                      std::span<const ModelInfo> catalogue) {
  std::vector<std::string> out;
  const auto add = [&out](const config::Declaration& declaration, const std::string& section) {
    const auto paths = config::key_paths(declaration, section + ".");
    out.insert(out.end(), paths.begin(), paths.end());
  };
  const auto model = document.root.find("model");
  for (const auto& info : catalogue) {
    if (model != document.root.end() && *model == info.name) add(info.parameters, "parameters");
  }
  for (const auto& section : accelerator_declaration()) add(section.children, section.name);
  return out;
}

}  // namespace

AcceleratorConfig read_accelerator(const std::filesystem::path& file, std::span<const std::string> overrides,
                                   std::span<const ModelInfo> catalogue,
                                   const std::shared_ptr<const config::FileNames>& names) {
  AcceleratorConfig out;
  out.document = config::compose(file, overrides, names);
  const config::Values values =
      config::read(out.document, "", accelerator_declaration(), section_keys(out.document, catalogue));
  check_version(out.document, values);
  out.name = values.text("name");
  out.model = &find_model(catalogue, values.text("model"), out.document.where("/model"));
  const config::Values parameters = config::read(out.document, "/parameters", out.model->parameters);
  out.mapping = MappingOptions::from(values.child("mapping"));
  out.is_bit_true = values.text("fidelity") == "bit-true";
  out.values = values.text("values");
  out.frequency_mhz = values.child("clock").number("frequency_mhz");
  out.accelerator = make(*out.model, parameters, out.document);
  out.mapping.assumed_widths = AssumedWidths::from(out.document, values.child("group_widths"));
  if (out.mapping.assumed_widths.is_stated() && !out.accelerator->needs().group_widths) {
    throw Error(
        ErrorKind::config, out.document.where("/group_widths"),
        "the design reads no widths of groups of weights; expected weight_precision \"group\" in /parameters "
        "(models loom and dprs), or no group_widths");
  }
  out.echo = values.json();
  out.echo["parameters"] = parameters.json();
  state_assumptions(out);
  out.echo.erase("memory");
  out.echo.erase("fidelity");
  out.echo.erase("values");
  out.echo.erase("format");
  out.echo.erase("version");
  return out;
}

Json accelerator_schema(const ModelInfo& model) {
  Json schema = config::schema_of(accelerator_declaration());
  schema["$schema"] = "http://json-schema.org/draft-07/schema#";
  schema["title"] = "Heddle accelerator configuration, version 1.0, model " + model.name;
  schema["properties"]["parameters"] = config::schema_of(model.parameters);
  schema["properties"]["model"] = Json{{"const", model.name}};
  schema["properties"]["version"] = Json{{"const", {1, 0}}};
  schema["properties"]["extends"] = Json{
      {"type", "string"},
      {"description", "a configuration that this one extends: a file relative to it, or a shipped name"}};
  // A file that extends another may leave any key to it.
  Json required = schema["required"];
  schema.erase("required");
  schema["anyOf"] = Json::array({Json{{"required", {"extends"}}}, Json{{"required", required}}});
  return schema;
}

}  // namespace heddle::arch
