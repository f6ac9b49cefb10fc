#pragma once

#include <memory>
#include <string>

#include "base/logging.h"
#include "base/random.h"
#include "server/commit_queue.h"
#include "server/connection_port.h"
#include "server/download_builder.h"
#include "server/live_sessions.h"
#include "server/storage.h"

namespace tombolo::server {

/// Does what connections ask for: everything between the state machines and the storage. It has no
/// thread of its own; whoever drives it gives the writer one.
///
/// Thread:  `perform` from any thread, `commits()` as it says.
/// Source:  docs/server.md.
class SyncService {
 public:
  using Port = std::shared_ptr<ConnectionPort>;
  struct Options {
    CommitQueue::Options commits;
    DownloadBuilder::Options downloads;
  };

  SyncService(Storage& storage, Random& random, Logger& logger, const Options& options);

  /// Carries out any effect but `CloseConnection`, which is the driver's. Reads happen inside the
  /// call, writes when the queue is committed; answers are posted to `port`.
  void perform(Effect effect, const Port& port, const std::string& user_id);

  [[nodiscard]] CommitQueue& commits() noexcept { return commits_; }
  [[nodiscard]] LiveSessions& live_sessions() noexcept { return live_sessions_; }

 private:
  void carry_out(AllocateClientFile effect, const Port& port, const std::string& user_id);
  void carry_out(const IdentifyClientFile& effect, const Port& port, const std::string& user_id);
  void carry_out(IntegrateUpload effect, const Port& port, const std::string& user_id);
  void carry_out(const BuildDownload& effect, const Port& port, const std::string& user_id);
  void carry_out(const ReleaseClientFile& effect, const Port& port, const std::string& user_id);
  void carry_out(const CloseConnection& effect, const Port& port, const std::string& user_id);

  Storage& storage_;
  LiveSessions live_sessions_;
  DownloadBuilder downloads_;
  CommitQueue commits_;
};

}  // namespace tombolo::server
