// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "sim/config/json_document.h"

namespace heddle::config {

// Reads a configuration file, resolves `"extends": "other.json"` (relative to the file that says it; the
// extending file wins key by key) and applies `--set path=value` overrides, shorter paths first, otherwise in
// order. A path is dotted (`parameters.tiles`) and leads through the names of files into what they hold
// (`memory.off_chip.device.controller.queue_depth`); a value is JSON, or a plain text when it is not. The key
// `extends` is consumed.
// Cycles, chains longer than 16 and missing files throw Error(config) or Error(io).
Document compose(const std::filesystem::path& file, std::span<const std::string> overrides);

// The configuration at `pointer` of `document` as a document of its own: an object; an object that extends a
// file; or a text, the name of a file. File names are relative to the file that holds them. `what` says what
// was expected when it is none of these.
Document compose_part(const Document& document, const std::string& pointer, const std::string& what);

}  // namespace heddle::config
