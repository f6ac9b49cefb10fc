#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "client/open_files.h"
#include "client/own_thread.h"
#include "net/event_loop.h"
#include "store/encryption_key.h"

namespace tombolo::client {

class SyncSession;

/// The threads that sync runs on, one set for each process: one for sockets, timers and state
/// machines, and workers for what waits for a disk or a write lock. They exist while anything holds
/// the runtime, and no longer than the process: it ends them before its statics.
///
/// Thread:  callable from any thread.
/// Source:  docs/threads.md.
class Runtime {
 public:
  /// The one of this process.
  [[nodiscard]] static std::shared_ptr<Runtime> shared();

  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  [[nodiscard]] net::EventLoop& io() noexcept { return io_; }
  [[nodiscard]] net::EventLoop& workers() noexcept { return workers_; }
  [[nodiscard]] const std::shared_ptr<OpenFiles>& open_files() const noexcept {
    return open_files_;
  }

  /// The session of a file, made by `make` when there is none: all realms of one file share it.
  [[nodiscard]] std::shared_ptr<SyncSession> session_of(
      const std::filesystem::path& file, const std::function<std::shared_ptr<SyncSession>()>& make);
  /// Forgets the session of `file` if it is `session` or has gone.
  void forget_session(const std::filesystem::path& file, const SyncSession* session);
  /// The session of a file; null when nothing syncs it.
  [[nodiscard]] std::shared_ptr<SyncSession> find_session(const std::filesystem::path& file);

  /// Keeps the key of an encrypted file that syncs: who puts it aside or removes it when its
  /// session has gone has a path alone.
  void keep_key(const std::filesystem::path& file, const store::EncryptionKey& key);
  [[nodiscard]] std::optional<store::EncryptionKey> kept_key(const std::filesystem::path& file);

 private:
  struct OfProcess;

  Runtime();
  ~Runtime();
  static OfProcess& of_process();
  static void destroy(Runtime* runtime);
  void stop();
  [[nodiscard]] bool owns_this_thread() const noexcept;

  const std::shared_ptr<OpenFiles> open_files_;
  net::EventLoop io_;
  net::EventLoop workers_;
  std::vector<OwnThread> threads_;
  std::mutex mutex_;
  std::map<std::filesystem::path, std::weak_ptr<SyncSession>> sessions_;  ///< Guarded by `mutex_`.
  std::mutex keys_mutex_;  ///< Taken while a session is made, under `mutex_`.
  std::map<std::filesystem::path, store::EncryptionKey> kept_keys_;  ///< Guarded by `keys_mutex_`.
};

}  // namespace tombolo::client
