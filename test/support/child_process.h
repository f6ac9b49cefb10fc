#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <utility>

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tombolo::test {

/// One end of a pair of pipes to another process: numbers go over, and their end.
class Pipe {
 public:
  Pipe(int read_from, int write_to) noexcept : read_from_(read_from), write_to_(write_to) {}
  Pipe(Pipe&& other) noexcept
      : read_from_(std::exchange(other.read_from_, -1)),
        write_to_(std::exchange(other.write_to_, -1)) {}
  Pipe& operator=(Pipe&&) = delete;
  ~Pipe() {
    if (read_from_ >= 0) ::close(read_from_);
    if (write_to_ >= 0) ::close(write_to_);
  }

  void send(std::uint64_t number) const {
    if (::write(write_to_, &number, sizeof number) != sizeof number) {
      throw std::runtime_error("the other process is gone");
    }
  }
  /// Waits; nullopt when the other process has ended.
  [[nodiscard]] std::optional<std::uint64_t> receive() const {
    std::uint64_t number = 0;
    if (::read(read_from_, &number, sizeof number) != sizeof number) return std::nullopt;
    return number;
  }

 private:
  int read_from_;
  int write_to_;
};

/// A process that runs a part of a test: a fork, so it starts while this one has no threads and
/// nothing open that must not be shared. It succeeds when none of its expectations failed.
class ChildProcess {
 public:
  explicit ChildProcess(const std::function<void(const Pipe& parent)>& work) {
    int down[2];
    int up[2];
    if (::pipe(down) != 0 || ::pipe(up) != 0) throw std::runtime_error("no pipe");
    id_ = ::fork();
    if (id_ < 0) throw std::runtime_error("no process");
    if (id_ == 0) {
      ::close(down[1]);
      ::close(up[0]);
      int status = 0;
      try {
        const Pipe parent(down[0], up[1]);
        work(parent);
      } catch (const std::exception& error) {
        ADD_FAILURE() << "in the child process: " << error.what();
      }
      if (::testing::Test::HasFailure()) status = 1;
      ::_exit(status);
    }
    ::close(down[0]);
    ::close(up[1]);
    pipe_.emplace(up[0], down[1]);
  }
  ~ChildProcess() {
    if (id_ > 0) kill();
  }
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  void send(std::uint64_t number) const { pipe_->send(number); }
  [[nodiscard]] std::optional<std::uint64_t> receive() const { return pipe_->receive(); }

  /// Waits until it ends by itself. Whether all went well there.
  [[nodiscard]] bool succeeds() {
    int status = 0;
    ::waitpid(std::exchange(id_, -1), &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  /// Ends it where it stands, and waits until it is gone. What it sent can still be received.
  void kill() {
    ::kill(id_, SIGKILL);
    ::waitpid(std::exchange(id_, -1), nullptr, 0);
  }

 private:
  pid_t id_ = -1;
  std::optional<Pipe> pipe_;
};

}  // namespace tombolo::test
