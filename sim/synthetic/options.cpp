// SPDX-License-Identifier: Apache-2.0
#include "sim/synthetic/options.h"

#include <charconv>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/base/nearest.h"
#include "sim/synthetic/parameters.h"

namespace heddle::synthetic {
namespace {

constexpr std::string_view kWord = "synthetic";
constexpr const char* kForm = "expected trace or synthetic[:SEED][,zeros=SHARE][,prune=SHARE]";

template <class T>
std::optional<T> number(std::string_view text) {
  T out{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

// Zeros of one kind everywhere would leave nothing to fill the width.
double share(std::string_view key, std::string_view text, const std::string& where) {
  const auto value = number<double>(text);
  if (value && *value >= 0 && *value < 1) return *value;
  throw Error(ErrorKind::usage, where,
              fmt::format("{}: expected a share of at least 0 and below 1, found {}", key, in_quotes(text)));
}

void read_choice(std::string_view choice, bool is_first, Options& out, std::set<std::string>& seen,
                 const std::string& where) {
  static const std::vector<std::string> kKeys{"zeros", "prune"};
  const auto equals = choice.find('=');
  if (equals == std::string_view::npos) {
    const auto seed = number<std::uint64_t>(choice);
    if (seed && is_first) {
      out.seed = *seed;
      return;
    }
    throw Error(ErrorKind::usage, where,
                fmt::format("{}, found {}{}",
                            is_first ? "expected a seed, a whole number from 0 to 2^64 - 1"
                                     : "expected zeros=SHARE or prune=SHARE",
                            in_quotes(choice), seed ? "; the seed comes first" : suggestion(choice, kKeys)));
  }
  const std::string key(choice.substr(0, equals));
  if (!seen.insert(key).second) throw Error(ErrorKind::usage, where, key + " is given twice");
  const auto text = choice.substr(equals + 1);
  if (key == "zeros") {
    out.zeros_share = share(key, text, where);
  } else if (key == "prune") {
    out.prune_share = share(key, text, where);
  } else {
    throw Error(ErrorKind::usage, where,
                "synthetic values have no choice " + in_quotes(key) + suggestion(key, kKeys));
  }
}

}  // namespace

std::string Options::label() const {
  return fmt::format("{}:{},zeros={},prune={}", kWord, seed, zeros_share, prune_share);
}

bool asks_for_trace(const std::string& text) {
  return text == "trace";
}

Options parse_options(const std::string& text, const std::string& where) {
  const auto colon = text.find(':');
  const std::string word = text.substr(0, colon);
  if (word != kWord) {
    static const std::vector<std::string> kWords{"trace", std::string(kWord)};
    const std::string nearest = nearest_name(word, kWords);
    throw Error(ErrorKind::usage, where,
                fmt::format("{}, found {}{}", kForm, in_quotes(text),
                            nearest.empty() ? "" : " (did you mean '" + nearest + "'?)"));
  }
  Options out;
  out.zeros_share = parameters().activation_zeros_share;
  if (colon == std::string::npos) return out;
  std::set<std::string> seen;
  std::string_view rest = std::string_view(text).substr(colon + 1);
  for (bool is_first = true;; is_first = false) {
    const auto comma = rest.find(',');
    read_choice(rest.substr(0, comma), is_first, out, seen, where);
    if (comma == std::string_view::npos) return out;
    rest.remove_prefix(comma + 1);
  }
}

}  // namespace heddle::synthetic
