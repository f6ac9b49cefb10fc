#include "test/e2e/server_process.h"

#include <array>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace tombolo::test {
namespace {

/// Both ends, closed in every other process that is started.
std::array<int, 2> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  return ends;
}

std::optional<std::string> read_line_from(int descriptor) {
  std::string line;
  for (char c = 0; read(descriptor, &c, 1) == 1;) {
    if (c == '\n') return line;
    line.push_back(c);
  }
  return line.empty() ? std::nullopt : std::optional(line);
}

}  // namespace

ServerProcess::ServerProcess(const std::vector<std::string>& arguments) {
  const auto output = make_pipe();
  const auto errors = make_pipe();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, errors[1], STDERR_FILENO);

  const std::string program = std::string(TOMBOLO_BINARY_DIR) + "/bin/tombolo";
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const int failure = posix_spawn(&pid_, program.c_str(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(output[1]);
  close(errors[1]);
  output_ = output[0];
  errors_ = errors[0];
  if (failure != 0) throw std::runtime_error("cannot start " + program);
}

ServerProcess::~ServerProcess() {
  if (pid_ > 0) {
    send_signal(SIGKILL);
    static_cast<void>(wait());
  }
  close(output_);
  close(errors_);
}

std::optional<std::string> ServerProcess::read_line() {
  return read_line_from(output_);
}

std::optional<std::string> ServerProcess::read_error_line() {
  return read_line_from(errors_);
}

std::string ServerProcess::read_errors() {
  std::string text;
  std::array<char, 4096> buffer;
  for (ssize_t count = 0; (count = read(errors_, buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return text;
}

void ServerProcess::send_signal(int signal) const {
  kill(pid_, signal);
}

void ServerProcess::limit_files(std::uint64_t bytes) const {
  const rlimit limit{bytes, RLIM_INFINITY};
  if (prlimit(pid_, RLIMIT_FSIZE, &limit, nullptr) != 0) throw std::runtime_error("no file limit");
}

void ServerProcess::limit_descriptors(std::uint64_t count) const {
  rlimit limit{};
  const bool is_known = prlimit(pid_, RLIMIT_NOFILE, nullptr, &limit) == 0;
  limit.rlim_cur = count;
  if (!is_known || prlimit(pid_, RLIMIT_NOFILE, &limit, nullptr) != 0)
    throw std::runtime_error("no descriptor limit");
}

int ServerProcess::wait() {
  int status = 0;
  waitpid(std::exchange(pid_, -1), &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace tombolo::test
