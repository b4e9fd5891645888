// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <filesystem>
#include <string>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "sim/base/atomic_file.h"
#include "sim/base/error.h"
#include "sim/config/compose.h"
#include "sim/config/values.h"

namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;
using Catch::Matchers::Equals;
using Catch::Matchers::StartsWith;
using heddle::config::Declaration;
using heddle::config::Json;
using heddle::config::Parameter;

Declaration sample() {
  return {
      Parameter::integer("tiles", "tiles", 1, 64).by_default(16).means("number of tiles").from("our choice"),
      Parameter::choice("pallet", {"wrap", "row"}).by_default("wrap").means("how windows fill a pallet"),
      Parameter::integer_or_word("capacity_bytes", "bytes", 1, 1 << 30, {"unlimited"})
          .by_default("unlimited"),
      Parameter::object("clock", {Parameter::number("frequency_mhz", "MHz", 1, 10000).by_default(980.0)}),
      Parameter::text("name")};
}

std::string error_of(const std::string& text) {
  try {
    heddle::config::read(heddle::config::parse_json(text, "x.json"), "", sample());
  } catch (const heddle::Error& e) {
    CHECK(e.exit_code() == 2);
    return e.what();
  }
  return "";
}

// A folder of its own for each test run, removed at the end.
class Folder {
 public:
  Folder()
      : path_(std::filesystem::temp_directory_path() / ("heddle-config-test-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::filesystem::path file(const std::string& name, const std::string& text) const {
    heddle::write_atomically(path_ / name, text);
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace

TEST_CASE("a complete object is read and its defaults are filled in") {
  const auto values = heddle::config::read(
      heddle::config::parse_json(R"({"name": "a", "tiles": 4, "clock": {"frequency_mhz": 500}})", "x.json"),
      "", sample());
  CHECK(values.count("tiles") == 4);
  CHECK(values.text("pallet") == "wrap");
  CHECK(values.is_word("capacity_bytes"));
  CHECK(values.child("clock").number("frequency_mhz") == 500.0);
}

TEST_CASE("bad configurations are refused with line, column, path and what is legal") {
  CHECK_THAT(error_of("{\"name\": \"a\",\n  \"tils\": 4}"),
             Contains("x.json:2:3: /tils: unknown key 'tils' (did you mean 'tiles'?)"));
  CHECK_THAT(error_of(R"({"name": "a", "tiles": 4, "tiles": 5})"),
             Contains("x.json:1:27: /tiles: duplicate key 'tiles'"));
  CHECK_THAT(error_of(R"({"name": "a", "tiles": 65})"), Contains("65 is outside 1 to 64 tiles"));
  CHECK_THAT(error_of(R"({"name": "a", "tiles": 4294967312})"), Contains("outside 1 to 64"));
  CHECK_THAT(error_of(R"({"name": "a", "tiles": 1e30})"), Contains("expected a whole number of tiles"));
  CHECK_THAT(error_of(R"({"name": "a", "tiles": 99999999999999999999999})"),
             Contains("expected a whole number"));
  CHECK_THAT(error_of(R"({"name": "a", "tiles": -1})"), Contains("outside"));
  CHECK_THAT(error_of(R"({"name": "a", "tiles": 4.5})"),
             Contains("expected a whole number of tiles, found 4.5"));
  CHECK_THAT(error_of(R"({"name": "a", "tiles": "4"})"),
             Contains("expected a whole number of tiles, found \"4\""));
  CHECK_THAT(error_of(R"({"name": "a", "tiles": null})"), Contains("found null"));
  CHECK_THAT(error_of(R"({"name": "a", "pallet": "warp"})"), Contains("did you mean 'wrap'"));
  CHECK_THAT(error_of(R"({"name": "a", "pallet": 3})"), Contains("expected one of wrap, row, found 3"));
  CHECK_THAT(error_of(R"({"name": "a", "capacity_bytes": "unlimitd"})"),
             Contains("did you mean 'unlimited'"));
  CHECK_THAT(error_of(R"({"name": "a", "clock": 5})"), Contains("/clock: expected an object, found 5"));
  CHECK_THAT(error_of(R"({"name": "a", "clock": {"frequency_mhz": true}})"),
             Contains("expected a number of MHz"));
  CHECK_THAT(error_of(R"({"tiles": 4})"), Contains("key 'name' is missing"));
  CHECK_THAT(error_of(R"([1, 2])"), Contains("expected an object"));
  CHECK_THAT(error_of(R"({"name": "a",})"), Contains("not valid JSON"));
  CHECK_THAT(error_of(R"({"name": "a"} x)"), Contains("not valid JSON"));
  CHECK_THAT(error_of(""), Contains("not valid JSON"));
  CHECK_THAT(error_of(R"({"name": "a", "tiles": 1e999})"), Contains("not valid JSON"));
  CHECK_THAT(error_of("{\"name\": \"\xff\xfe\"}"), Contains("not valid JSON"));
  CHECK_THAT(error_of(std::string(100000, '[')), Contains("nested deeper than 64 levels"));
}

TEST_CASE("positions point at the key even when keys hold escapes") {
  CHECK_THAT(error_of("{\"name\":\"a\",\n \"a\\\"/~b\": 1}"), Contains("x.json:2:2: /a\"~1~0b: unknown key"));
}

TEST_CASE("extends merges key by key and the extending file wins") {
  const Folder folder;
  folder.file("base.json", R"({"name": "base", "tiles": 8, "clock": {"frequency_mhz": 100}})");
  const auto child = folder.file("child.json", R"({"extends": "base.json", "name": "child", "clock": {}})");
  const std::array<std::string, 2> overrides{"tiles=2", "pallet=row"};
  const auto document = heddle::config::compose(child, overrides);
  const auto values = heddle::config::read(document, "", sample());
  CHECK(values.text("name") == "child");
  CHECK(values.count("tiles") == 2);
  CHECK(values.text("pallet") == "row");
  CHECK(values.child("clock").number("frequency_mhz") == 100.0);
}

TEST_CASE("overrides reach into files given by name, in either order") {
  const Folder folder;
  std::filesystem::create_directories(folder.file("x", "").parent_path() / "parts");
  folder.file("parts/inner.json", R"({"depth": 8, "width": 4})");
  folder.file("parts/part.json", R"({"device": "inner.json", "size": 10})");
  const auto root = folder.file("root.json", R"({"part": "none", "fixed": "parts/part.json"})");
  const std::string part = "part=" + (root.parent_path() / "parts/part.json").string();
  const auto composed = [&](const std::vector<std::string>& overrides) {
    return heddle::config::compose(root, overrides);
  };
  for (const auto& order : {std::vector<std::string>{part, "part.device.depth=64", "part.size=1"},
                            std::vector<std::string>{"part.size=1", "part.device.depth=64", part}}) {
    const auto document = composed(order);
    CHECK(document.root["part"] == Json::parse(R"({"device": {"depth": 64, "width": 4}, "size": 1})"));
    CHECK_THAT(document.where("/part/device/depth"), Contains("--set part.device.depth=64"));
    CHECK_THAT(document.where("/part/device/width"), Contains("inner.json:1:14"));
  }
  // A name in the file itself, and an object that extends one.
  CHECK(composed({"fixed.device.width=5"}).root["fixed"]["device"]["width"] == 5);
  const auto extended =
      composed({R"(fixed={"extends": ")" + part.substr(5) + R"("})", "fixed.device.depth=3"});
  CHECK(extended.root["fixed"]["device"]["depth"] == 3);
  CHECK(extended.root["fixed"]["size"] == 10);
  CHECK_THROWS_WITH(composed({"part.size=1"}),
                    Contains("--set part.size=1: '/part' is \"none\", neither an object nor the name"));
}

TEST_CASE("shipped names resolve wherever a file may be named, and a file at hand wins") {
  const Folder folder;
  const auto shipped = folder.file("x", "").parent_path() / "shipped";
  for (const char* name : {"whole", "part", "inner"}) std::filesystem::create_directories(shipped / name);
  folder.file("shipped/whole/base.json", R"({"tiles": 8})");
  folder.file("shipped/whole/base_2.json", R"({"extends": "base", "depth": 2})");
  folder.file("shipped/part/small.json", R"({"inner": "fast", "size": 1})");
  folder.file("shipped/inner/fast.json", R"({"speed": 9})");
  const auto names = std::make_shared<const heddle::config::FileNames>(
      heddle::config::FileNames{{"", "whole", {shipped / "whole"}, {"base", "base_2"}, ""},
                                {"part", "part", {shipped / "part"}, {"small"}, ""},
                                {"inner", "inner", {shipped / "inner"}, {"fast"}, ""}});
  const auto own = folder.file("own.json", R"({"extends": "base_2", "part": "small"})");
  const auto composed = [&](const std::filesystem::path& file, const std::vector<std::string>& overrides) {
    return heddle::config::compose(file, overrides, names);
  };
  const auto part_of = [](const heddle::config::Document& document, const char* pointer) {
    return heddle::config::compose_part(document, pointer, "a part").root;
  };
  CHECK(composed(own, {}).root["tiles"] == 8);
  CHECK(composed(own, {"part.inner.speed=3"}).root["part"] ==
        Json::parse(R"({"inner": {"speed": 3}, "size": 1})"));
  CHECK(part_of(composed(own, {}), "/part") == Json::parse(R"({"inner": "fast", "size": 1})"));
  CHECK(part_of(composed(own, {R"(part={"extends": "small", "size": 4})"}), "/part")["size"] == 4);
  CHECK(part_of(composed(own, {R"(part={"inner": "fast"})"}), "/part/inner") ==
        Json::parse(R"({"speed": 9})"));
  CHECK_THROWS_WITH(
      part_of(composed(own, {"part=smal"}), "/part"),
      Contains("--set part=smal: /part: there is no file 'smal'") && Contains("did you mean 'small'"));
  // A kind has names of its own, and a name does not lead out of the shipped folders.
  CHECK_THROWS_WITH(part_of(composed(own, {"part=fast"}), "/part"), Contains("no shipped part of this name"));
  CHECK_THROWS_WITH(part_of(composed(own, {"part=../inner/fast"}), "/part"), Contains("there is no file"));
  CHECK_THROWS_WITH(composed(folder.file("lost.json", R"({"extends": "bas"})"), {}),
                    Contains("lost.json:1:2: /extends") && Contains("did you mean 'base'"));
  folder.file("small", R"({"size": 7})");
  CHECK(part_of(composed(own, {}), "/part") == Json::parse(R"({"size": 7})"));
}

TEST_CASE("a place is a path in the text that it was written in") {
  const Folder folder;
  folder.file("device.json", R"({"depth": 8, "clock": {"mhz": 4}})");
  folder.file("part.json", R"({"size": 1, "device": "device.json"})");
  const auto own = folder.file("own.json", R"({
    "part": {"extends": "part.json",
             "siz": 2,
             "device": {"extends": "device.json", "clock": {"hz": 5}}}})");
  const auto document = heddle::config::compose(own, {});
  const auto part = heddle::config::compose_part(document, "/part", "a part");
  // The place of a key that the user wrote is in the user's file, from its root; that of a key of a named
  // file is in that file.
  CHECK_THAT(part.where("/siz"), EndsWith("own.json:3:14: /part/siz"));
  CHECK_THAT(part.where("/size"), EndsWith("part.json:1:2: /size"));
  CHECK_THAT(part.where("/missing"), EndsWith("own.json:2:5: /part/missing"));
  const auto device = heddle::config::compose_part(part, "/device", "a device");
  CHECK_THAT(device.where("/clock/hz"), EndsWith("own.json:4:61: /part/device/clock/hz"));
  CHECK_THAT(device.where("/clock/mhz"), EndsWith("device.json:1:24: /clock/mhz"));
  CHECK_THAT(device.where(""), EndsWith("own.json:4:14: /part/device"));
  // A part that an override writes as a whole has one position, and its paths start at the override.
  const std::string whole = R"(part={"extends": ")" + (own.parent_path() / "part.json").string() +
                            R"(", "siz": 2, "device": {"extends": "lost.json"}})";
  const std::array<std::string, 1> overrides{whole};
  const auto changed =
      heddle::config::compose_part(heddle::config::compose(own, overrides), "/part", "a part");
  CHECK_THAT(changed.where("/siz"), Equals("--set " + whole + ": /part/siz"));
  CHECK_THAT(changed.where("/size"), EndsWith("part.json:1:2: /size"));
  CHECK_THROWS_WITH(
      heddle::config::compose_part(changed, "/device", "a device"),
      StartsWith("--set part=") && Contains(": /part/device/extends: there is no file 'lost.json'"));
  // A path that leads into a named file.
  const std::array<std::string, 2> steps{"part=" + (own.parent_path() / "part.json").string(),
                                         "part.device.clock.hz=5"};
  const auto opened = heddle::config::compose(own, steps);
  CHECK_THAT(opened.where("/part/device/clock/hz"),
             Equals("--set part.device.clock.hz=5: /part/device/clock/hz"));
  CHECK_THAT(opened.where("/part/device/clock/mhz"), EndsWith("device.json:1:24: /clock/mhz"));
}

TEST_CASE("hostile chains of extends and overrides are refused") {
  const Folder folder;
  const auto a = folder.file("a.json", R"({"extends": "b.json"})");
  folder.file("b.json", R"({"extends": "a.json"})");
  const auto self = folder.file("self.json", R"({"extends": "./self.json"})");
  const auto lost = folder.file("lost.json", R"({"extends": "nowhere.json"})");
  const auto wrong = folder.file("wrong.json", R"({"extends": 5})");
  const auto fine = folder.file("fine.json", R"({"name": "a", "tiles": 4})");
  CHECK_THROWS_WITH(heddle::config::compose(a, {}), Contains("comes back to"));
  CHECK_THROWS_WITH(heddle::config::compose(self, {}), Contains("comes back to"));
  CHECK_THROWS_WITH(heddle::config::compose(lost, {}), Contains("there is no file"));
  CHECK_THROWS_WITH(heddle::config::compose(wrong, {}), Contains("expected the name"));
  for (const std::string bad : {"tiles", "=4", "tiles..x=4", "tiles.x=4"}) {
    const std::array<std::string, 1> overrides{bad};
    CHECK_THROWS_AS(heddle::config::compose(fine, overrides), heddle::Error);
  }
  const std::array<std::string, 1> typo{"tils=4"};
  CHECK_THROWS_WITH(heddle::config::read(heddle::config::compose(fine, typo), "", sample()),
                    Contains("--set tils=4"));
}

TEST_CASE("the schema comes from the declaration") {
  const Json schema = heddle::config::schema_of(sample());
  CHECK(schema["additionalProperties"] == false);
  CHECK(schema["properties"]["tiles"]["maximum"] == 64);
  CHECK(schema["properties"]["tiles"]["default"] == 16);
  CHECK(schema["required"] == Json::array({"name"}));
}
