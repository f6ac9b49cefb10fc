#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/logging.h"
#include "net/tls.h"
#include "server/app_config.h"

namespace tombolo::server {

struct ServerOptions {
  std::filesystem::path data_directory;  ///< Created when absent.
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: any free port; `url()` tells which.
  std::optional<net::TlsServerFiles> tls;
  AppConfig app;
  /// Development: `/realm-sync` without app and token is served too, for the test programs of the
  /// sync engine, which name partitions by paths.
  bool serves_bare_path = false;
  std::size_t io_thread_count = 2;
  std::size_t api_thread_count = 2;
  /// Histories are trimmed of what only clients that were away for longer would need; absent:
  /// never.
  std::optional<std::chrono::milliseconds> max_offline;
  /// How often that is looked after, and who was connected is written down.
  std::chrono::milliseconds upkeep_period = std::chrono::hours(1);
  /// How long a stop waits for clients to take its last messages.
  Duration stop_timeout = std::chrono::seconds(5);
};

/// The whole server: HTTP API and sync on one address, over a data directory.
///
///     I/O threads ---- one strand for each connection: sockets and state machines, short reads
///     writer thread -- group commit of everything that sessions upload
///     upkeep thread -- trims histories, writes down who was seen
///     API threads ---- requests that hash passwords or commit accounts
///
/// Thread:  callable from any thread.
/// Source:  docs/server.md, docs/operations.md.
class Server {
 public:
  /// Opens the data directory, listens and serves.
  ///
  /// Errors:  throws `Error`: `kFileInUse`, `kFileFormatTooNew`, `kFileCorrupt`,
  ///          `kPermissionDenied`, `kDiskFull`, `kStorage` for the directory, `kNetwork` for the
  ///          address, `kTlsFailure` for the certificate.
  Server(ServerOptions options, Logger& logger, const Clock& clock);
  ~Server();  ///< As `stop()`.
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// "http://127.0.0.1:9090": where it listens.
  [[nodiscard]] std::string url() const;

  /// Takes no more connections, tells clients to come back, commits what was uploaded, and returns.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tombolo::server
