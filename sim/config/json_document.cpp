// SPDX-License-Identifier: Apache-2.0
#include "sim/config/json_document.h"

#include <algorithm>
#include <iterator>

#include "sim/base/error.h"
#include "sim/base/mapped_file.h"
#include "sim/base/nearest.h"

namespace heddle::config {
namespace {

// Feeds the parser and records how far it has read, because nlohmann's SAX events carry no position.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, const char** reached) : at_(at), reached_(reached) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    *reached_ = ++at_;
    return *this;
  }
  CountingIterator operator++(int) {
    auto old = *this;
    ++*this;
    return old;
  }
  friend bool operator==(const CountingIterator& a, const CountingIterator& b) { return a.at_ == b.at_; }
  friend bool operator!=(const CountingIterator& a, const CountingIterator& b) { return a.at_ != b.at_; }

 private:
  const char* at_;
  const char** reached_;
};

// Builds the value and records positions; the names of the events are nlohmann's.
class PositionRecorder final : public nlohmann::json_sax<Json> {
 public:
  PositionRecorder(std::string_view text, std::shared_ptr<const SourceText> source, Document& out,
                   std::size_t depth)
      : text_(text), reached_(text.data()), source_(std::move(source)), out_(out), max_depth_(depth) {}

  const char** reached() { return &reached_; }

  bool null() override { return value(nullptr); }
  bool boolean(bool v) override { return value(v); }
  bool number_integer(number_integer_t v) override { return value(v); }
  bool number_unsigned(number_unsigned_t v) override { return value(v); }
  bool number_float(number_float_t v, const string_t&) override { return value(v); }
  bool string(string_t& v) override { return value(std::move(v)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    auto& frame = stack_.back();
    frame.key = name;
    frame.key_offset = token_start();
    if (frame.node->contains(name)) {
      throw Error(ErrorKind::config, source_->at(frame.key_offset) + ": " + path_of(frame),
                  "duplicate key " + in_quotes(name));
    }
    return true;
  }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& error) override {
    std::string message = error.what();
    // "[json.exception.parse_error.101] parse error at line 1, column 5: syntax error ..." repeats the
    // position.
    if (const auto start = message.find(": "); start != std::string::npos)
      message = message.substr(start + 2);
    // The message quotes what the parser read last, which need not be text.
    for (char& c : message) {
      if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7e) c = '?';
    }
    throw Error(ErrorKind::config, source_->at(position > 0 ? position - 1 : 0),
                "not valid JSON: " + message);
  }

 private:
  struct Frame {
    Json* node = nullptr;
    std::string pointer;
    std::string key;
    std::size_t key_offset = 0;
    std::size_t index = 0;
  };

  static std::string path_of(const Frame& frame) { return frame.pointer + "/" + pointer_token(frame.key); }
  [[nodiscard]] std::size_t offset() const { return static_cast<std::size_t>(reached_ - text_.data()); }

  // The last character read is the key's closing quote; goes back to the opening one.
  [[nodiscard]] std::size_t token_start() const {
    std::size_t at = offset() >= 2 ? offset() - 2 : 0;
    while (at > 0) {
      if (text_[at] == '"') {
        std::size_t slashes = 0;
        while (slashes < at && text_[at - 1 - slashes] == '\\') ++slashes;
        if (slashes % 2 == 0) break;
      }
      --at;
    }
    return at;
  }

  Json* place(Json&& node, std::string& pointer) {
    if (stack_.empty()) {
      out_.root = std::move(node);
      out_.mark("", source_, 0);
      return &out_.root;
    }
    auto& frame = stack_.back();
    if (frame.node->is_object()) {
      pointer = path_of(frame);
      out_.mark(pointer, source_, frame.key_offset);
      return &((*frame.node)[frame.key] = std::move(node));
    }
    pointer = frame.pointer + "/" + std::to_string(frame.index++);
    out_.mark(pointer, source_, offset() > 0 ? offset() - 1 : 0);
    frame.node->push_back(std::move(node));
    return &frame.node->back();
  }
  bool value(Json&& node) {
    std::string pointer;
    place(std::move(node), pointer);
    return true;
  }
  bool open(Json&& node) {
    if (stack_.size() >= max_depth_) {
      throw Error(ErrorKind::config, source_->at(offset() > 0 ? offset() - 1 : 0),
                  "nested deeper than " + std::to_string(max_depth_) + " levels");
    }
    std::string pointer;
    Json* placed = place(std::move(node), pointer);
    stack_.push_back({placed, std::move(pointer), {}, 0, 0});
    return true;
  }
  bool close() {
    stack_.pop_back();
    return true;
  }

  std::string_view text_;
  const char* reached_;
  std::shared_ptr<const SourceText> source_;
  Document& out_;
  std::size_t max_depth_;
  std::vector<Frame> stack_;
};

}  // namespace

std::string SourceText::at(std::size_t offset) const {
  if (line_starts.empty()) return name;
  const auto next = std::upper_bound(line_starts.begin(), line_starts.end(), offset);
  const auto line = static_cast<std::size_t>(next - line_starts.begin());
  return name + ":" + std::to_string(line) + ":" + std::to_string(offset - line_starts[line - 1] + 1);
}

std::string pointer_token(std::string_view key) {
  std::string out;
  for (const char c : key) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

std::optional<Document::Mark> Document::mark_of(std::string_view pointer) const {
  std::string at(pointer);
  while (true) {
    if (const auto found = marks_.find(at); found != marks_.end()) {
      Mark mark = found->second;
      mark.path += pointer.substr(at.size());
      return mark;
    }
    if (at.empty()) return std::nullopt;
    at.resize(at.rfind('/'));
  }
}

std::string Document::where(std::string_view pointer) const {
  const auto mark = mark_of(pointer);
  if (!mark) return name_ + ": " + std::string(pointer);
  std::string place = mark->source->at(mark->offset);
  if (mark->path.empty()) return place;
  const std::string path = in_quotes(mark->path);
  return place + ": " + path.substr(1, path.size() - 2);
}

std::string Document::file_of(std::string_view pointer) const {
  const auto mark = mark_of(pointer);
  if (!mark) return name_;
  return mark->source->line_starts.empty() ? "" : mark->source->name;
}

Document Document::part(const std::string& pointer) const {
  Document out;
  out.root = root.at(Json::json_pointer(pointer));
  out.name_ = name_;
  out.file_names_ = file_names_;
  if (auto mark = mark_of(pointer)) out.marks_[""] = std::move(*mark);
  for (const auto& [path, mark] : marks_) {
    if (path.starts_with(pointer + "/")) out.marks_[path.substr(pointer.size())] = mark;
  }
  return out;
}

void Document::forget(const std::string& pointer) {
  std::erase_if(marks_, [&](const auto& entry) {
    return entry.first == pointer || entry.first.starts_with(pointer + "/");
  });
}

void Document::overlay(const Json& value, const std::string& pointer, const Document& other) {
  const auto mark = other.mark_of(pointer);
  Json& target = root[Json::json_pointer(pointer)];
  if (value.is_object() && target.is_object()) {
    if (mark) marks_[pointer] = *mark;
    for (const auto& [key, child] : value.items()) overlay(child, pointer + "/" + pointer_token(key), other);
    return;
  }
  forget(pointer);
  target = value;
  if (mark) marks_[pointer] = *mark;
  for (const auto& [path, inner] : other.marks_) {
    if (path.starts_with(pointer + "/")) marks_[path] = inner;
  }
}

void Document::graft(const std::string& pointer, const Document& part) {
  forget(pointer);
  root[Json::json_pointer(pointer)] = part.root;
  for (const auto& [path, mark] : part.marks_) marks_[pointer + path] = mark;
}

Document parse_json(std::string_view text, const std::string& name, ParseLimits limits) {
  if (text.size() > limits.bytes) {
    throw Error(ErrorKind::config, name,
                "larger than the limit of " + std::to_string(limits.bytes) + " bytes for a JSON file");
  }
  auto source = std::make_shared<SourceText>();
  source->name = name;
  source->line_starts.push_back(0);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') source->line_starts.push_back(i + 1);
  }
  Document document;
  document.set_name(name);
  PositionRecorder recorder(text, source, document, limits.depth);
  Json::sax_parse(CountingIterator(text.data(), recorder.reached()),
                  CountingIterator(text.data() + text.size(), recorder.reached()), &recorder);
  return document;
}

Document read_json(const std::filesystem::path& file, ParseLimits limits) {
  const MappedFile mapped(file);
  const auto bytes = mapped.bytes();
  return parse_json({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, file.string(), limits);
}

}  // namespace heddle::config
