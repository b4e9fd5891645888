// SPDX-License-Identifier: Apache-2.0
#include "sim/app/progress.h"

#include <cstdio>
#include <unistd.h>

#include <fmt/format.h>

namespace heddle::app {
namespace {

constexpr auto kFirst = std::chrono::milliseconds(300);  // a run that ends earlier shows nothing
constexpr auto kTerminalPause = std::chrono::milliseconds(100);
constexpr auto kPlainPause = std::chrono::seconds(5);
constexpr std::size_t kBarWidth = 30;

}  // namespace

Progress::Progress(std::string title, bool quiet)
    : title_(std::move(title)), quiet_(quiet), terminal_(::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  clear();
}

void Progress::clear() {
  if (drawn_ && terminal_) std::fputs("\r\033[K", stderr);
  drawn_ = false;
}

void Progress::update(std::size_t done, std::size_t all, const std::string& item) {
  const auto now = Time::now();
  if (quiet_ || all == 0 || now - start_ < kFirst) return;
  if (now - shown_ < (terminal_ ? Time::duration(kTerminalPause) : Time::duration(kPlainPause)) && done < all)
    return;
  if (done >= all && !drawn_) return;
  shown_ = now;
  drawn_ = true;
  const double elapsed_s = std::chrono::duration<double>(now - start_).count();
  const double left_s =
      done > 0 ? elapsed_s * static_cast<double>(all - done) / static_cast<double>(done) : 0.0;
  if (!terminal_) {
    fmt::print(stderr, "{}: {}/{} ({}), about {:.0f} s left\n", title_, done, all, item, left_s);
    return;
  }
  const std::size_t full = kBarWidth * done / all;
  fmt::print(stderr, "\r\033[K{} [{}{}] {:3d} % {}/{} {:.40} ETA {:.0f} s", title_, std::string(full, '#'),
             std::string(kBarWidth - full, '.'), 100 * done / all, done, all, item, left_s);
  std::fflush(stderr);
}

}  // namespace heddle::app
