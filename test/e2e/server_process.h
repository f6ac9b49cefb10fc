#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace tombolo::test {

/// A `tombolo` process and what it prints.
///
/// Errors:  throws `std::runtime_error` when it cannot be started.
/// Thread:  one.
class ServerProcess {
 public:
  explicit ServerProcess(const std::vector<std::string>& arguments);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  /// The next line of its standard output; nullopt when it printed its last.
  [[nodiscard]] std::optional<std::string> read_line();
  /// The same of its standard error.
  [[nodiscard]] std::optional<std::string> read_error_line();
  /// All it prints to standard error until it ends.
  [[nodiscard]] std::string read_errors();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  void send_signal(int signal) const;
  /// From now on it cannot make a file longer than `bytes`.
  void limit_files(std::uint64_t bytes) const;
  /// From now on it may have no more than `count` descriptors.
  void limit_descriptors(std::uint64_t count) const;
  /// Waits for its end and returns its exit status; a signal counts as 128 and its number.
  [[nodiscard]] int wait();

 private:
  pid_t pid_ = -1;
  int output_ = -1;
  int errors_ = -1;
};

}  // namespace tombolo::test
