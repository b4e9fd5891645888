// SPDX-License-Identifier: Apache-2.0
#include "sim/result/write.h"

#include <catch2/catch.hpp>

using heddle::result::grouped;
using heddle::result::grouped_figure;
using heddle::result::percent;

TEST_CASE("figures of tables have separators") {
  CHECK(grouped(999U) == "999");
  CHECK(grouped(1234567U) == "1,234,567");
  CHECK(grouped(187377.8216, 3) == "187,377.822");
  CHECK(grouped(0.0, 3) == "0.000");
  CHECK(grouped(999.9996, 3) == "1,000.000");  // rounded first
}

TEST_CASE("a peak has six digits, and whole numbers all of theirs") {
  CHECK(grouped_figure(128) == "128");
  CHECK(grouped_figure(4096) == "4,096");
  CHECK(grouped_figure(16384.0 / 81) == "202.272");
  CHECK(grouped_figure(16384.0 / 9) == "1,820.44");
  CHECK(grouped_figure(9.9999999) == "10");
  CHECK(grouped_figure(1048576) == "1,048,576");
  CHECK(grouped_figure(0.5) == "0.5");
  CHECK(grouped_figure(0) == "0");
}

TEST_CASE("a share that is not zero is not shown as zero") {
  CHECK(percent(0) == "0.0 %");
  CHECK(percent(1e-9) == "<0.1 %");
  CHECK(percent(0.00049) == "<0.1 %");
  CHECK(percent(0.00051) == "0.1 %");
  CHECK(percent(0.1254) == "12.5 %");
  CHECK(percent(2.0) == "200.0 %");
}
