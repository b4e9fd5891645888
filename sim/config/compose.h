// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "sim/config/json_document.h"

namespace heddle::config {

// Reads a configuration file, resolves `"extends": "other.json"` (relative to the file that says it, else the
// name of a shipped file; the extending file wins key by key) and applies `--set path=value` overrides,
// shorter paths first, otherwise in order. A path is dotted (`parameters.tiles`) and leads through the names
// of files into what they hold
// (`memory.off_chip.device.controller.queue_depth`); a value is JSON, or a plain text when it is not. The key
// `extends` is consumed. A file that extends a configuration of a model may not name another model; where it
// has no `description` or `source` of its own, those of its base begin with "derived from BASE: ".
// Cycles, chains longer than 16 and missing files throw Error(config) or Error(io). `names` are the shipped
// files; `key` says of which kind the file itself is, and so what it may extend.
Document compose(const std::filesystem::path& file, std::span<const std::string> overrides,
                 const std::shared_ptr<const FileNames>& names = nullptr, const std::string& key = "");

// The configuration at `pointer` of `document` as a document of its own: an object; an object that extends a
// file; or a text, the name of a file. File names are relative to the file that holds them (those of an
// override to the working directory), else names of shipped files of the kind that the last key of `pointer`
// names. `what` says what was expected when it is none of these.
Document compose_part(const Document& document, const std::string& pointer, const std::string& what);

}  // namespace heddle::config
