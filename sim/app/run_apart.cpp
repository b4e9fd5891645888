// SPDX-License-Identifier: Apache-2.0
#include "sim/app/run_apart.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <iostream>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "models/catalogue.h"
#include "models/hw_catalogue.h"
#include "sim/app/experiment_options.h"
#include "sim/result/write.h"

namespace heddle::app {
namespace {

using config::Json;

constexpr int kRead = 0;
constexpr int kWrite = 1;

Json described(const Error& error) {
  const std::string text = error.what();
  const std::string& where = error.where();
  return {{"kind", static_cast<int>(error.kind())},
          {"where", where},
          {"text", where.empty() ? text : text.substr(where.size() + 2)}};  // behind "where: "
}

// In the child: what the parent reads.
Json outcome_of(const run::ExperimentRequest& request, const std::string& title, bool quiet) {
  try {
    const auto done = experiment_showing_progress(request, title, quiet);
    return {{"result", Json(result::to_json(done.runs.front()))}, {"warnings", done.warnings}};
  } catch (const Error& e) {
    return {{"error", described(e)}};
  } catch (const std::bad_alloc&) {
    return {{"error", described(Error(ErrorKind::workload, "", "out of memory"))}};
  } catch (const std::exception& e) {
    return {{"error", described(Error(ErrorKind::internal, "", e.what()))}};
  }
}

bool write_all(int file, const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t written = ::write(file, text.data() + done, text.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    done += static_cast<std::size_t>(written);
  }
  return true;
}

std::string read_all(int file) {
  std::string out;
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t got = ::read(file, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return out;
    out.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

[[noreturn]] void be_child(int file, const run::ExperimentRequest& request, const std::string& title,
                           bool quiet) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  const Json outcome = outcome_of(request, title, quiet);
  const bool is_written = write_all(file, outcome.dump(-1, ' ', true, Json::error_handler_t::replace));
  std::cerr.flush();
  ::_exit(is_written ? 0 : 1);  // what the parent has opened or buffered stays the parent's
}

// Waits for the child. Returns how it ended, for a child that has sent no result.
std::string end_of(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) return std::string("its process was ended by: ") + ::strsignal(WTERMSIG(status));
  return "its process ended without a result";
}

Outcome read_outcome(const std::string& text, const std::string& end) {
  Outcome out;
  Json told = Json::parse(text, nullptr, false);
  if (!told.is_object()) {
    out.error = Error(ErrorKind::internal, "", end);
  } else if (told.contains("error")) {
    const Json& error = told["error"];
    out.error = Error(static_cast<ErrorKind>(error["kind"].get<int>()), error["where"].get<std::string>(),
                      error["text"].get<std::string>());
  } else {
    out.result = std::move(told["result"]);
    out.warnings = told["warnings"].get<std::vector<std::string>>();
  }
  return out;
}

}  // namespace

Outcome run_apart(const run::ExperimentRequest& request, const std::string& title, bool quiet) {
  std::array<int, 2> pipe{};
  if (::pipe(pipe.data()) != 0) throw Error(ErrorKind::io, "heddle compare", std::strerror(errno));
  std::cout.flush();
  const pid_t child = ::fork();
  if (child < 0) throw Error(ErrorKind::io, "heddle compare", std::strerror(errno));
  if (child == 0) {
    ::close(pipe[kRead]);
    be_child(pipe[kWrite], request, title, quiet);
  }
  ::close(pipe[kWrite]);
  const std::string text = read_all(pipe[kRead]);
  ::close(pipe[kRead]);
  return read_outcome(text, end_of(child));
}

}  // namespace heddle::app
