#include "server/sync_service.h"

#include <optional>
#include <utility>

#include "base/assertion.h"
#include "server/identification.h"
#include "server/session_error.h"

namespace tombolo::server {
namespace {

/// Reads that fail with an exception fail the session, not the thread.
template <typename T, typename Read>
Result<T> read(Storage& storage, Read&& read_from) {
  try {
    return read_from(*storage.snapshot());
  } catch (const Error& error) {
    return error;
  }
}

}  // namespace

SyncService::SyncService(Storage& storage, Random& random, Logger& logger, const Options& options)
    : storage_(storage),
      downloads_(options.downloads),
      commits_(
          storage,
          random,
          logger,
          [this](ServerFileId file, HistoryGrowth growth) {
            live_sessions_.history_advanced(file, growth);
          },
          options.commits) {}

void SyncService::perform(Effect effect, const Port& port, const std::string& user_id) {
  std::visit([&](auto& one) { carry_out(std::move(one), port, user_id); }, effect);
}

void SyncService::carry_out(AllocateClientFile effect,
                            const Port& port,
                            const std::string& user_id) {
  auto done = [port, key = effect.session](Result<protocol::SaltedFileIdent> client_file) {
    port->post([key, client_file = std::move(client_file)](Connection& connection) {
      connection.client_file_allocated(key, client_file);
    });
  };
  commits_.submit(AllocationJob{std::move(effect.partition), user_id, std::move(done)});
}

void SyncService::carry_out(const IdentifyClientFile& effect,
                            const Port& port,
                            const std::string& user_id) {
  std::optional<ClientVersion> integrated;
  const auto look = [&](const StorageSnapshot& snapshot) {
    auto identity = identify(snapshot, effect, user_id);
    if (!identity) integrated = find_integrated(snapshot, effect, user_id);
    return identity;
  };
  const ClientFileIdent ident = effect.client_file.ident;
  Result<IdentifiedFile> identity = read<IdentifiedFile>(storage_, look);
  if (identity) {
    const ServerFileId file = identity->file;
    if (live_sessions_.attach(file, ident, port, effect.session) ==
        LiveSessions::Attached::kBoundHere) {
      identity = session_error(protocol::SyncErrorCode::kBoundInOtherSession,
                               "the client file is bound in another session of the connection");
    } else {
      // Again now that growth is told to the session: none may fall between the two.
      identity = read<IdentifiedFile>(storage_, look);
      if (!identity) live_sessions_.detach(file, ident, *port);
    }
  }
  port->post([key = effect.session, identity = std::move(identity), integrated](
                 Connection& connection) { connection.identified(key, identity, integrated); });
}

void SyncService::carry_out(IntegrateUpload effect,
                            const Port& port,
                            const std::string& /*user_id*/) {
  auto done = [port, key = effect.session, bytes = effect.upload.bytes()](
                  Result<IntegratedUpload> outcome) {
    port->post([key, bytes, outcome = std::move(outcome)](Connection& connection) {
      connection.integrated(key, bytes, outcome);
    });
  };
  commits_.submit(UploadJob{std::move(effect.upload), std::move(done)});
}

void SyncService::carry_out(const BuildDownload& effect,
                            const Port& port,
                            const std::string& /*user_id*/) {
  auto download = read<DownloadAnswer>(storage_, [&](const StorageSnapshot& snapshot) {
    return downloads_.build(snapshot, effect.request);
  });
  port->post([key = effect.session, download = std::move(download)](Connection& connection) {
    connection.download_built(key, download);
  });
}

void SyncService::carry_out(const ReleaseClientFile& effect,
                            const Port& port,
                            const std::string& /*user_id*/) {
  live_sessions_.detach(effect.file, effect.client_file, *port);
}

void SyncService::carry_out(const CloseConnection& /*effect*/,
                            const Port& /*port*/,
                            const std::string& /*user_id*/) {
  TOMBOLO_ASSERT(false && "closing is the driver's");
}

}  // namespace tombolo::server
