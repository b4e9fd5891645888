// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <concepts>

#include <fmt/format.h>

#include "sim/result/document.h"

// JSON, JSON Schema, columns and rows of documentation, each made from the lists of fields.
namespace heddle::result {

using Ordered = nlohmann::ordered_json;

template <class T>
struct OptionalOf {
  static constexpr bool kIs = false;
  using Value = T;
};
template <class T>
struct OptionalOf<std::optional<T>> {
  static constexpr bool kIs = true;
  using Value = T;
};
template <class T>
inline constexpr bool kIsVector = false;
template <class T>
inline constexpr bool kIsVector<std::vector<T>> = true;
template <class T>
concept Counted = requires(const T& value) {
  { value.count() } -> std::same_as<std::uint64_t>;
};

// Values.
inline Ordered json_of(const config::Json& value) {
  return value;
}
inline Ordered json_of(const FormatVersion& v) {
  return {v.major, v.minor};
}
inline Ordered json_of(const Capacity& c) {
  return c.bytes ? Ordered(c.bytes->count()) : Ordered("unlimited");
}
inline Ordered json_of(const NumberAsWritten& number) {
  return number.value;
}
inline Ordered json_of(const NamedCounts& counts) {
  Ordered out = Ordered::object();
  for (const auto& [name, value] : counts.counts) out[name] = value;
  return out;
}
template <class T>
Ordered json_of(const T& value) {
  if constexpr (Described<T>) {
    Ordered out = Ordered::object();
    for_each_field<T>([&](const auto& field) {
      const auto& member = value.*field.member;
      using Member = std::remove_cvref_t<decltype(member)>;
      if constexpr (OptionalOf<Member>::kIs) {
        if (member)
          out[field.name] = json_of(*member);
        else if (field.is_null_when_absent)
          out[field.name] = nullptr;
      } else if constexpr (std::same_as<Member, NamedCounts>) {
        if (!member.counts.empty()) out[field.name] = json_of(member);
      } else {
        if (*field.name == '\0')
          out.update(json_of(member));
        else
          out[field.name] = json_of(member);
      }
    });
    if constexpr (WithTotal<T>) out["total"] = sum_fields(value).count();
    // Keys of these sections have come in alphabetical order since version 1.0.
    if constexpr (requires { T::kIsSorted; }) return config::Json(out);
    return out;
  } else if constexpr (kIsVector<T>) {
    Ordered out = Ordered::array();
    for (const auto& element : value) out.push_back(json_of(element));
    return out;
  } else if constexpr (Counted<T>) {
    return value.count();
  } else {
    return value;
  }
}

// JSON Schema (draft-07).
template <class T>
struct Type {};
template <class T>
Ordered schema_of(Type<T>);
inline Ordered schema_of(Type<config::Json>) {
  return Ordered::object();
}
inline Ordered schema_of(Type<FormatVersion>) {
  return {{"const", {kResultVersion.major, kResultVersion.minor}}};
}
inline Ordered schema_of(Type<Capacity>) {
  return {{"anyOf", {{{"type", "integer"}, {"minimum", 0}}, {{"const", "unlimited"}}}}};
}
inline Ordered schema_of(Type<NumberAsWritten>) {
  return {{"type", "number"}, {"minimum", 0}};
}
inline Ordered schema_of(Type<NamedCounts>) {
  return {{"type", "object"}, {"additionalProperties", {{"type", "integer"}, {"minimum", 0}}}};
}

// The words of Field::words.
std::vector<std::string> words_of(const char* words);

template <class Field, class Member>
Ordered field_schema(const Field& field, Type<Member>) {
  using Value = typename OptionalOf<Member>::Value;
  Ordered schema = schema_of(Type<Value>());
  if (*field.words != '\0') schema = {{"enum", words_of(field.words)}};
  if (field.most > 0) schema[kIsVector<Value> ? "maxItems" : "maximum"] = field.most;
  if (field.is_null_when_absent) schema = {{"anyOf", {schema, {{"type", "null"}}}}};
  schema["description"] =
      *field.unit == '\0' ? std::string(field.meaning) : fmt::format("{} [{}]", field.meaning, field.unit);
  return schema;
}

template <Described T>
void add_properties(Ordered& properties, Ordered& required) {
  for_each_field<T>([&](const auto& field) {
    using Member = std::remove_cvref_t<decltype(std::declval<T>().*field.member)>;
    if constexpr (Described<Member>) {
      if (*field.name == '\0') return add_properties<Member>(properties, required);
    }
    properties[field.name] = field_schema(field, Type<Member>());
    const bool may_miss =
        (OptionalOf<Member>::kIs && !field.is_null_when_absent) || std::same_as<Member, NamedCounts>;
    if (!may_miss) required.push_back(field.name);
  });
  if constexpr (WithTotal<T>) {
    properties["total"] = {{"type", "integer"}, {"minimum", 0}, {"description", "sum of the others"}};
    required.push_back("total");
  }
}

template <class T>
Ordered schema_of(Type<T>) {
  if constexpr (Described<T>) {
    Ordered properties = Ordered::object();
    Ordered required = Ordered::array();
    add_properties<T>(properties, required);
    return {{"type", "object"},
            {"properties", std::move(properties)},
            {"required", std::move(required)},
            {"additionalProperties", false}};
  } else if constexpr (kIsVector<T>) {
    return {{"type", "array"}, {"items", schema_of(Type<typename T::value_type>())}};
  } else if constexpr (std::same_as<T, bool>) {
    return {{"type", "boolean"}};
  } else if constexpr (std::same_as<T, std::string>) {
    return {{"type", "string"}};
  } else if constexpr (std::floating_point<T>) {
    return {{"type", "number"}, {"minimum", 0}};
  } else {
    return {{"type", "integer"}, {"minimum", 0}};
  }
}

// Columns of layers.csv: name (path of the key, joined with '_') and value. Texts and totals are left out.
struct Cell {
  std::string column;
  std::string value;
};
template <Described T>
void add_cells(std::vector<Cell>& cells, const T& value, const std::string& prefix) {
  for_each_field<T>([&](const auto& field) {
    const auto& member = value.*field.member;
    using Member = std::remove_cvref_t<decltype(member)>;
    const std::string name = prefix + field.name;
    if constexpr (std::same_as<Member, NamedCounts>) {
      for (const auto& [event, count] : member.counts) cells.push_back({event, std::to_string(count)});
    } else if constexpr (Described<typename OptionalOf<Member>::Value>) {
      if constexpr (OptionalOf<Member>::kIs) {
        if (member) add_cells(cells, *member, name + "_");
      } else {
        add_cells(cells, member, name + "_");
      }
    } else if constexpr (std::floating_point<Member>) {
      cells.push_back({name, fmt::format("{:.6f}", member)});
    } else if constexpr (Counted<Member>) {
      cells.push_back({name, std::to_string(member.count())});
    } else {
      cells.push_back({name, std::to_string(member)});
    }
  });
}

// Rows of the documentation: path of a key, unit, whether it adds up, meaning.
struct Row {
  std::string path;
  std::string unit;
  bool is_additive = false;
  std::string meaning;
};
// Of rows, in Markdown; `with_sums`: with the column that says what adds up.
std::string table_of(const std::vector<Row>& rows, bool with_sums);

// A counter of a nested struct is shown with the struct's path; those of `Counters` have a table of their
// own.
template <Described T>
void add_rows(std::vector<Row>& rows, const std::string& prefix) {
  for_each_field<T>([&](const auto& field) {
    using Member = std::remove_cvref_t<decltype(std::declval<T>().*field.member)>;
    using Value = typename OptionalOf<Member>::Value;
    const std::string path = prefix + field.name;
    const bool is_inlined = *field.name == '\0';
    if (!is_inlined) rows.push_back({path, field.unit, field.is_additive, field.meaning});
    const std::string below = is_inlined ? prefix : path + ".";
    if constexpr (std::same_as<Value, Counters>) {
      rows.push_back({below + "*", "", true, "the counters below"});
      return;
    }
    if constexpr (Described<Value>) add_rows<Value>(rows, below);
    if constexpr (kIsVector<Value>) {
      if constexpr (Described<typename Value::value_type>)
        add_rows<typename Value::value_type>(rows, path + "[].");
    }
  });
  if constexpr (WithTotal<T>) rows.push_back({prefix + "total", "bytes", true, "sum of the others"});
}

}  // namespace heddle::result
