// SPDX-License-Identifier: Apache-2.0
#include "sim/trace/npy.h"

#include <array>
#include <cctype>
#include <cstring>
#include <limits>
#include <string_view>
#include <type_traits>

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/base/nearest.h"

namespace heddle::trace {
namespace {

struct DtypeRow {
  Dtype type;
  const char* name;
  std::size_t size;
};
constexpr std::array<DtypeRow, 8> kDtypes{{{Dtype::i1, "|i1", 1},
                                           {Dtype::u1, "|u1", 1},
                                           {Dtype::i2, "<i2", 2},
                                           {Dtype::u2, "<u2", 2},
                                           {Dtype::i4, "<i4", 4},
                                           {Dtype::i8, "<i8", 8},
                                           {Dtype::f4, "<f4", 4},
                                           {Dtype::f8, "<f8", 8}}};
constexpr std::size_t kPreamble = 10;  // magic, version, header length
constexpr std::size_t kMaxDimensions = 8;
constexpr std::uint64_t kMaxElements = std::uint64_t{1} << 40U;

const DtypeRow& row_of(Dtype type) {
  return kDtypes[static_cast<std::size_t>(type)];
}

Error bad(const std::string& name, const std::string& what) {
  return {ErrorKind::workload, name, what};
}

// Reads the header, a Python dictionary with three known keys, and accepts nothing else.
class HeaderReader {
 public:
  HeaderReader(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  void read(NpyView& out) {
    expect('{');
    bool seen_descr = false;
    bool seen_order = false;
    bool seen_shape = false;
    while (!accept('}')) {
      const std::string key = quoted_text();
      expect(':');
      if (key == "descr" && !seen_descr) {
        out.type = dtype(quoted_text());
        seen_descr = true;
      } else if (key == "fortran_order" && !seen_order) {
        if (word() != "False") throw bad(name_, "the array is in Fortran order, expected C order");
        seen_order = true;
      } else if (key == "shape" && !seen_shape) {
        out.shape = shape();
        seen_shape = true;
      } else {
        throw bad(name_, "unexpected or repeated key " + in_quotes(key) + " in the .npy header");
      }
      accept(',');
    }
    if (!seen_descr || !seen_order || !seen_shape) {
      throw bad(name_, "the .npy header lacks one of 'descr', 'fortran_order', 'shape'");
    }
  }

 private:
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  bool accept(char c) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c))
      throw bad(name_, fmt::format("broken .npy header, expected '{}' at character {}", c, at_));
  }
  std::string quoted_text() {
    skip_space();
    const char mark = at_ < text_.size() ? text_[at_] : '\0';
    if (mark != '\'' && mark != '"') throw bad(name_, "broken .npy header, expected a quoted text");
    const auto end = text_.find(mark, at_ + 1);
    if (end == std::string_view::npos) throw bad(name_, "broken .npy header, a text does not end");
    std::string out(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return out;
  }
  std::string word() {
    skip_space();
    const std::size_t start = at_;
    while (at_ < text_.size() && std::isalpha(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
    return std::string(text_.substr(start, at_ - start));
  }
  std::uint64_t dimension() {
    skip_space();
    std::uint64_t value = 0;
    const std::size_t start = at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') {
      value = value * 10 + static_cast<std::uint64_t>(text_[at_] - '0');
      if (value > kMaxElements) throw bad(name_, "a dimension of the array is larger than 2^40");
      ++at_;
    }
    if (at_ == start) throw bad(name_, "broken .npy header, expected a dimension");
    return value;
  }
  Shape shape() {
    Shape out;
    expect('(');
    while (!accept(')')) {
      out.push_back(dimension());
      if (out.size() > kMaxDimensions) throw bad(name_, "the array has more than 8 dimensions");
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return out;
  }
  Dtype dtype(const std::string& text) {
    for (const auto& row : kDtypes) {
      // numpy writes '|i1'; '<i1' and '>i1' mean the same for one byte.
      if (text == row.name ||
          (row.size == 1 && text.size() == 3 && text.substr(1) == std::string_view(row.name).substr(1))) {
        return row.type;
      }
    }
    throw bad(name_,
              "dtype " + in_quotes(text) + " is not one of |i1 |u1 <i2 <u2 <i4 <i8 <f4 <f8 (little-endian)");
  }

  std::string_view text_;
  const std::string& name_;
  std::size_t at_ = 0;
};

template <class T>
T load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

}  // namespace

std::size_t size_of(Dtype type) {
  return row_of(type).size;
}
const char* name_of(Dtype type) {
  return row_of(type).name;
}

std::string text_of(const Shape& shape) {
  return fmt::format("({})", fmt::join(shape, ", "));
}

std::uint64_t NpyView::elements() const {
  std::uint64_t n = 1;
  for (const auto d : shape) n *= d;
  return n;
}

std::int64_t NpyView::integer(std::uint64_t index) const {
  const std::byte* at = data.data() + index * size_of(type);
  switch (type) {
    case Dtype::i1:
      return load<std::int8_t>(at);
    case Dtype::u1:
      return load<std::uint8_t>(at);
    case Dtype::i2:
      return load<std::int16_t>(at);
    case Dtype::u2:
      return load<std::uint16_t>(at);
    case Dtype::i4:
      return load<std::int32_t>(at);
    case Dtype::i8:
      return load<std::int64_t>(at);
    default:
      break;
  }
  HEDDLE_CHECK(false, "integer() of a real array");
  return 0;
}

double NpyView::real(std::uint64_t index) const {
  const std::byte* at = data.data() + index * size_of(type);
  if (type == Dtype::f4) return load<float>(at);
  if (type == Dtype::f8) return load<double>(at);
  return static_cast<double>(integer(index));
}

NpyView parse_npy(std::span<const std::byte> file, const std::string& name) {
  if (file.size() < kPreamble || std::memcmp(file.data(), "\x93NUMPY", 6) != 0) {
    throw bad(name, "not a .npy file (the first bytes are not '\\x93NUMPY')");
  }
  const auto major = static_cast<unsigned>(file[6]);
  const auto minor = static_cast<unsigned>(file[7]);
  if (major != 1 || minor != 0)
    throw bad(name, fmt::format(".npy version {}.{}, expected 1.0", major, minor));
  const std::size_t header = static_cast<std::size_t>(file[8]) | (static_cast<std::size_t>(file[9]) << 8U);
  if (file.size() < kPreamble + header) throw bad(name, "truncated within the .npy header");
  NpyView view;
  HeaderReader({reinterpret_cast<const char*>(file.data()) + kPreamble, header}, name).read(view);
  std::uint64_t elements = 1;
  for (const auto d : view.shape) {
    if (d != 0 && elements > kMaxElements / d)
      throw bad(name, "shape " + text_of(view.shape) + " has more than 2^40 elements");
    elements *= d;
  }
  const std::uint64_t expected = elements * size_of(view.type);
  view.data = file.subspan(kPreamble + header);
  if (view.data.size() != expected) {
    throw bad(name, fmt::format("holds {} bytes of data, but shape {} of {} needs {}", view.data.size(),
                                text_of(view.shape), name_of(view.type), expected));
  }
  return view;
}

std::string npy_bytes(Dtype type, const Shape& shape, std::span<const std::byte> values) {
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}",
                                   name_of(type), fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
  // numpy's own rule: spaces up to a multiple of 64, the last character a newline.
  header.append(63 - (kPreamble + header.size()) % 64, ' ');
  header += '\n';
  std::string out("\x93NUMPY\x01\x00", 8);
  out += static_cast<char>(header.size() & 0xffU);
  out += static_cast<char>(header.size() >> 8U);
  out += header;
  out.append(reinterpret_cast<const char*>(values.data()), values.size());
  return out;
}

namespace {

template <class T>
void widen(const NpyView& view, std::vector<std::int32_t>& out) {
  const std::byte* at = view.data.data();
  for (auto& value : out) {
    value =
        static_cast<std::int32_t>(load<T>(at));  // NOLINT(bugprone-signed-char-misuse): int8 is a number here
    at += sizeof(T);
  }
}

}  // namespace

std::vector<std::int32_t> as_int32(const NpyView& view, const std::string& name) {
  if (!view.is_integer()) throw bad(name, std::string("dtype ") + name_of(view.type) + ", expected integers");
  std::vector<std::int32_t> out(view.elements());
  switch (view.type) {
    case Dtype::i1:
      widen<std::int8_t>(view, out);
      break;
    case Dtype::u1:
      widen<std::uint8_t>(view, out);
      break;
    case Dtype::i2:
      widen<std::int16_t>(view, out);
      break;
    case Dtype::u2:
      widen<std::uint16_t>(view, out);
      break;
    case Dtype::i4:
      widen<std::int32_t>(view, out);
      break;
    default:
      for (std::size_t i = 0; i < out.size(); ++i) {
        const std::int64_t value = view.integer(i);
        if (value < std::numeric_limits<std::int32_t>::min() ||
            value > std::numeric_limits<std::int32_t>::max()) {
          throw bad(name, fmt::format("value {} at flat index {} does not fit 32 bits", value, i));
        }
        out[i] = static_cast<std::int32_t>(value);
      }
  }
  return out;
}

}  // namespace heddle::trace
