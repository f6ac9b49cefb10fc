#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <signal.h>

#include "test/e2e/server_process.h"
#include "test/support/temporary_directory.h"

namespace tombolo::test {

/// A `tombolo serve` on a directory of its own.
class RunningServer {
 public:
  RunningServer() { start(); }

  void start() {
    process_.emplace(std::vector<std::string>{
        "serve", "--dev", "--data", data().string(), "--listen", "127.0.0.1:0"});
    const std::string line = process_->read_line().value();
    url_ = line.substr(line.find("http"));
  }
  void kill() {
    process_->send_signal(SIGKILL);
    static_cast<void>(process_->wait());
  }
  /// While it is down: the next start finds an empty directory.
  void lose_data() { ++directory_count_; }

  /// "http://127.0.0.1:9090"; another one after each start.
  [[nodiscard]] const std::string& url() const noexcept { return url_; }

 private:
  [[nodiscard]] std::filesystem::path data() const {
    return directory_.file("data" + std::to_string(directory_count_));
  }

  const TemporaryDirectory directory_;
  int directory_count_ = 0;
  std::optional<ServerProcess> process_;
  std::string url_;
};

}  // namespace tombolo::test
