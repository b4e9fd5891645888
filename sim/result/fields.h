// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "sim/base/quantity.h"
#include "sim/config/json_document.h"

// A result consists of structs that each list their fields once: name, unit, meaning, whether it adds up.
// From these lists follow sums, JSON, CSV, tables, the JSON Schema and the tables of docs/results.md
// (json.h).
namespace heddle::result {

template <class Struct, class Value>
struct Field {
  const char* name;  // in every output
  Value Struct::*member;
  const char* unit;  // empty: a text, a structure or a pure number
  const char* meaning;
  bool is_additive = false;          // over layers and samples
  bool is_null_when_absent = false;  // an optional member without value: null instead of no key
  double most = 0;                   // 0: no limit
  const char* words = "";            // the texts that are allowed, separated by '|'; empty: any
  const char* label = "";            // in tables for people; empty: the name

  [[nodiscard]] constexpr Field or_null() const {
    Field out = *this;
    out.is_null_when_absent = true;
    return out;
  }
  [[nodiscard]] constexpr Field at_most(double limit) const {
    Field out = *this;
    out.most = limit;
    return out;
  }
  [[nodiscard]] constexpr Field one_of(const char* allowed) const {
    Field out = *this;
    out.words = allowed;
    return out;
  }
  [[nodiscard]] constexpr Field labelled(const char* text) const {
    Field out = *this;
    out.label = text;
    return out;
  }
};

// A field that adds up over layers and samples.
template <class Struct, class Value>
constexpr auto counter(const char* name, Value Struct::*member, const char* unit, const char* meaning) {
  return Field<Struct, Value>{name, member, unit, meaning, true};
}
// A field that does not.
template <class Struct, class Value>
constexpr auto fact(const char* name, Value Struct::*member, const char* unit, const char* meaning) {
  return Field<Struct, Value>{name, member, unit, meaning};
}

// A struct whose fields are written among the others: additive like them, without a name of its own.
template <class Struct, class Value>
constexpr auto inlined(Value Struct::*member) {
  return Field<Struct, Value>{"", member, "", "", true};
}

template <class T>
concept Described = requires {
  T::fields();
};
// The sum of the fields is written beside them as `total`.
template <class T>
concept WithTotal = Described<T> && requires {
  T::kHasTotal;
};

template <class Struct, class Visit>
constexpr void for_each_field(Visit&& visit) {
  std::apply([&](const auto&... field) { (visit(field), ...); }, Struct::fields());
}

// The sum over all fields; the fields of such a struct have one unit.
template <class Struct>
auto sum_fields(const Struct& s) {
  return std::apply([&](auto first, auto... rest) { return ((s.*first.member) + ... + (s.*rest.member)); },
                    Struct::fields());
}

// Counters under names that a model chooses. All counters of one model have the same order.
struct NamedCounts {
  std::vector<std::pair<std::string, std::uint64_t>> counts;
};
void add(NamedCounts& to, const NamedCounts& from);

template <class Value>
void add(Value& to, const Value& from) {
  to += from;
}
template <Described Struct>
void add(Struct& to, const Struct& from);
template <class Value>
void add(std::optional<Value>& to, const std::optional<Value>& from) {
  if (!from) return;
  if (!to) to.emplace();
  add(*to, *from);
}
// Adds the additive fields, those of nested structs included.
template <Described Struct>
void add(Struct& to, const Struct& from) {
  for_each_field<Struct>([&](const auto& field) {
    if constexpr (requires { add(to.*field.member, from.*field.member); }) {
      if (field.is_additive) add(to.*field.member, from.*field.member);
    }
  });
}

}  // namespace heddle::result
