// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "sim/import/scalesim_line.h"

namespace heddle::importers {

// What a heading calls a field behind the strides, or behind K.
enum class ExtraField { stride_across, sparsity, batch };

// The fields that the heading names there, from left to right; without those whose name says nothing to
// Heddle.
std::vector<ExtraField> extra_fields_of(const TopologyLine& heading);

// Whether a line of text is a comment: it begins with '#' or '//'.
bool is_comment(const std::string& text);

// Whether a line could be a layer: a field behind its name is a number.
bool holds_numbers(const TopologyLine& line);

// Whether a line is a heading: at least as many fields as a layer, none of them a number.
bool is_heading(const TopologyLine& line);

// How the names of a heading differ from the places by which columns are read; empty where they do not, or
// where they are unknown.
std::string misplaced_column(const TopologyLine& heading);

}  // namespace heddle::importers
