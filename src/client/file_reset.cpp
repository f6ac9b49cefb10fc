#include "client/file_reset.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "client/global_key_rewrite.h"
#include "client/sync_metadata.h"
#include "store/replay.h"
#include "store/transfer.h"

namespace tombolo::client {
namespace {

using sync::ResetAttempt;
using sync::ResetMethod;

/// "sync/reset" -> format:u8(1) method:u8 action:u8. A record of another format counts as none: a
/// newer version of this library may do better.
constexpr std::string_view kAttemptKey = "sync/reset";
constexpr std::byte kAttemptFormat{1};

void write_reset_attempt(store::Environment& file, const ResetAttempt& attempt) {
  store::WriteTransaction transaction = file.begin_write();
  const Bytes record{kAttemptFormat,
                     static_cast<std::byte>(attempt.method),
                     static_cast<std::byte>(attempt.action)};
  transaction.realm().metadata().put(as_bytes(kAttemptKey), record);
  transaction.commit();
}

/// A local transaction on its way through a reset.
struct LocalChange {
  store::HistoryVersion version;
  OriginTimestamp origin_timestamp;
  Bytes changeset;
};

/// What was written here and is not integrated, as far as is known, in the form that it has after
/// all downloads.
std::vector<LocalChange> unsynced_changes(const store::HistoryReader& history,
                                          const SyncMetadata& metadata,
                                          ClientVersion integrated) {
  std::vector<LocalChange> changes;
  const ClientVersion acknowledged = metadata.progress.upload.client_version;
  // A server cannot have what was never written: that is a slip, and nothing is lost for it.
  const bool is_possible = integrated.value() <= history.bounds().newest.value();
  history.for_each_after(
      store::HistoryVersion(
          (is_possible ? std::max(acknowledged, integrated) : acknowledged).value()),
      [&](const store::HistoryEntry& entry) {
        if (entry.origin != ClientFileIdent{} || entry.changeset.empty()) return true;
        const auto reciprocal = history.find_reciprocal(kServerFileIdent, entry.version);
        const BytesView form = reciprocal.value_or(entry.changeset);
        if (!form.empty()) {
          changes.push_back({entry.version, entry.origin_timestamp, to_bytes(form)});
        }
        return true;
      });
  return changes;
}

/// Repeats `changes` on the copy; each becomes what was done, and those that came to nothing go.
/// What the schema of the file has more than the copy goes to the front.
Result<void> repeat(store::Replay& replay,
                    std::vector<LocalChange>& changes,
                    ClientFileIdent ident) {
  if (Result<void> added = replay.add_local_schema(); !added) return added;
  for (LocalChange& change : changes) {
    // Keys that were made before the file had an ident are known by the new one.
    auto renamed = rewrite_global_keys(change.changeset, ident);
    if (!renamed) return renamed.error();
    const Bytes& form = *renamed ? **renamed : change.changeset;
    if (Result<void> done = replay.repeat(form); !done) return done;
    change.changeset = replay.take();
  }
  std::erase_if(changes, [](const LocalChange& change) { return change.changeset.empty(); });
  return {};
}

/// The history of a file that has just become equal to the copy: the changes to be uploaded, under
/// their old versions, and this commit.
void restart_history(store::HistoryWriter history,
                     const std::vector<LocalChange>& changes,
                     Bytes schema,
                     ServerVersion server_version) {
  const store::HistoryBounds before = history.bounds();
  const auto newest = history.find(before.newest);
  const OriginTimestamp newest_timestamp = newest ? newest->origin_timestamp : OriginTimestamp{};

  history.restart(changes.empty() ? before.newest
                                  : store::HistoryVersion(changes.front().version.value() - 1));
  for (const LocalChange& change : changes) {
    history.append_as(change.version,
                      {.origin_timestamp = change.origin_timestamp, .changeset = change.changeset});
  }
  store::HistoryVersion last = before.newest;
  if (!schema.empty()) {
    last = last.next();
    history.append_as(last, {.origin_timestamp = newest_timestamp, .changeset = schema});
  }
  history.append_as(last.next(),
                    {.origin = kServerFileIdent,
                     .peer_version = store::PeerVersion(server_version.value()),
                     .origin_timestamp = newest_timestamp,
                     .changeset = {}});
}

}  // namespace

FileResetRequest make_reset_request(sync::ClientResetMode mode, const sync::SyncError& demand) {
  FileResetRequest request{.mode = mode};
  if (demand.action) request.action = *demand.action;
  if (demand.server_error) {
    request.integrated = demand.server_error->integrated_client_version.value_or(ClientVersion{});
  }
  return request;
}

std::optional<ResetAttempt> read_reset_attempt(const store::MetadataReader& metadata) {
  const auto record = metadata.find(as_bytes(kAttemptKey));
  if (!record || record->size() != 3 || record->front() != kAttemptFormat) return std::nullopt;
  const auto method = std::to_integer<std::uint8_t>((*record)[1]);
  const auto action = std::to_integer<std::uint8_t>((*record)[2]);
  if (method > static_cast<std::uint8_t>(ResetMethod::kRecover) ||
      action > static_cast<std::uint8_t>(protocol::Action::kMigrateSchema)) {
    return std::nullopt;
  }
  return ResetAttempt{.method = static_cast<ResetMethod>(method),
                      .action = static_cast<protocol::Action>(action)};
}

void clear_reset_attempt(store::Environment& file) {
  store::WriteTransaction transaction = file.begin_write();
  if (transaction.realm().metadata().erase(as_bytes(kAttemptKey))) transaction.commit();
}

Result<FileResetOutcome> reset_file(store::Environment& file,
                                    store::Environment& copy,
                                    const FileResetRequest& request) {
  const auto earlier = read_reset_attempt(file.begin_read().realm().metadata());
  const auto method = sync::choose_reset_method(request.mode, request.action, earlier);
  if (!method) return method.error();
  write_reset_attempt(file, {.method = *method, .action = request.action});

  store::WriteTransaction of_copy = copy.begin_write();  // Never committed.
  store::RealmWriter& fresh = of_copy.realm();
  const SyncMetadata from = read_sync_metadata(fresh.metadata());
  if (from.file_ident.ident == ClientFileIdent{}) {
    return Error(ErrorCode::kClientReset, "the fresh copy has no identity");
  }
  store::WriteTransaction transaction = file.begin_write();
  store::RealmWriter& realm = transaction.realm();
  const SyncMetadata before = read_sync_metadata(realm.metadata());
  realm.set_file_ident(from.file_ident.ident);

  FileResetOutcome outcome{.method = *method};
  std::vector<LocalChange> changes;
  if (*method == ResetMethod::kRecover) {
    changes = unsynced_changes(realm.history(), before, request.integrated);
  }
  store::Replay replay(fresh, realm);
  if (auto done = repeat(replay, changes, from.file_ident.ident); !done) return done.error();
  Bytes schema = replay.take();  // Unless it went with the first of the changes.
  outcome.recovered = changes.size();
  outcome.left_out = replay.left_out();
  if (auto done = store::transfer(fresh, realm); !done) return done.error();

  const ServerVersion server_version = from.progress.download.server_version;
  restart_history(realm.history(), changes, std::move(schema), server_version);
  SyncMetadata after{.file_ident = from.file_ident};
  after.progress = {.download = {server_version, {}},
                    .upload = {{}, server_version},
                    .latest_server_version = from.progress.latest_server_version};
  write_sync_metadata(realm.metadata(), after);
  transaction.commit();
  return outcome;
}

}  // namespace tombolo::client
