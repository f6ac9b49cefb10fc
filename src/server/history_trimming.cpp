#include "server/history_trimming.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/error.h"
#include "server/storage_embedded.h"
#include "store/applier.h"
#include "store/environment.h"
#include "store/state_changesets.h"

namespace tombolo::server {
namespace {

/// Of the changesets that a state is told in: several share a DOWNLOAD, and none is too long.
constexpr std::size_t kStateBytesTarget = std::size_t{256} << 10;
/// Changeset bytes that are applied in one transaction.
constexpr std::size_t kApplyBytesTarget = std::size_t{16} << 20;

/// The newest version that nobody will ask for what led up to it.
ServerVersion trimmable_version(const StorageSnapshot& storage,
                                ServerFileId file,
                                const TrimPolicy& policy,
                                WallTime now,
                                const std::set<ClientFileIdent>& bound_clients) {
  ServerVersion version = storage.history_head(file).server_version;
  storage.for_each_client_file(file, [&](const ClientFile& client) {
    // What it confirmed is the oldest base of whatever it uploads, and it has downloaded that.
    const bool has_confirmed = client.reciprocal_base != ServerVersion{};
    const auto patience =
        has_confirmed ? policy.max_offline : std::min(policy.max_offline, policy.first_download);
    if (bound_clients.contains(client.ident) || now - client.last_seen < patience) {
      version = std::min(version, client.reciprocal_base);
    }
  });
  return version;
}

/// A history up to a version, and the state that it makes.
struct Past {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  OriginTimestamp newest;
  std::vector<Bytes> state;
};

/// Makes the state in a file of its own and tells it in at most as many changesets as there are
/// versions.
Past read_past(const StorageSnapshot& storage,
               ServerFileId file,
               ServerVersion up_to,
               const std::filesystem::path& scratch) {
  store::EnvironmentOptions options;
  options.durability = store::Durability::kDeferred;
  const auto environment = store::Environment::open(scratch, options);

  Past past;
  bool is_complete = false;
  for (ServerVersion position; !is_complete;) {
    auto transaction = environment->begin_write();
    store::Applier applier(transaction.realm());
    std::size_t bytes = 0;
    is_complete = true;
    storage.read_history(file, position, [&](const HistoryEntry& entry) {
      if (entry.server_version > up_to) return false;
      if (bytes >= kApplyBytesTarget) {
        is_complete = false;
        return false;
      }
      if (!entry.changeset.empty()) {
        if (const auto applied = applier.apply(entry.changeset); !applied) throw applied.error();
      }
      position = entry.server_version;
      bytes += entry.changeset.size();
      past.newest = std::max(past.newest, entry.origin_timestamp);
      past.bytes += entry.changeset.size();
      ++past.entries;
      return true;
    });
    transaction.commit();
  }

  const auto snapshot = environment->begin_read();
  for (std::size_t bytes_target = kStateBytesTarget;; bytes_target *= 2) {
    past.state.clear();
    store::tell_state(snapshot.realm(), bytes_target, [&](BytesView changeset) {
      past.state.push_back(to_bytes(changeset));
    });
    if (past.state.size() <= up_to.value()) return past;
  }
}

void remove_scratch(const std::filesystem::path& directory) {
  for (const char* name : {"trimming", "trimming-lock", "trimming-guard"}) {
    std::error_code ignored;  // Absent most of the time; opening it tells of anything worse.
    std::filesystem::remove(directory / name, ignored);
  }
}

}  // namespace

void HistoryTrimmer::trim(const TrimPolicy& policy,
                          WallTime now,
                          const BoundClients& bound_clients,
                          const std::function<void(const TrimmedHistory&)>& report) {
  std::vector<std::pair<ServerFileId, std::string>> files;
  storage_.snapshot()->for_each_server_file(
      [&](ServerFileId file, std::string_view partition) { files.emplace_back(file, partition); });
  for (auto& [file, partition] : files) {
    auto trimmed = trim_file(file, policy, now, bound_clients);
    if (!trimmed) continue;
    trimmed->partition = std::move(partition);
    report(*trimmed);
  }
}

std::optional<TrimmedHistory> HistoryTrimmer::trim_file(ServerFileId file,
                                                        const TrimPolicy& policy,
                                                        WallTime now,
                                                        const BoundClients& bound_clients) {
  std::optional<Past> past;
  ServerVersion up_to;
  {
    const auto snapshot = storage_.snapshot();
    up_to = trimmable_version(*snapshot, file, policy, now, bound_clients(file));
    const ServerVersion base = snapshot->history_base(file).version;
    if (up_to < base ||
        up_to.value() - base.value() < std::max<std::uint64_t>(1, policy.versions_min))
      return std::nullopt;
    remove_scratch(scratch_directory_);
    past = read_past(*snapshot, file, up_to, scratch_directory_ / "trimming");
    remove_scratch(scratch_directory_);
  }

  const auto transaction = storage_.begin();
  // Who came meanwhile may have begun with what is to go: next time, then.
  if (trimmable_version(*transaction, file, policy, now, bound_clients(file)) < up_to)
    return std::nullopt;
  transaction->replace_history(file, up_to, past->newest, past->state);
  transaction->commit();

  TrimmedHistory trimmed{.partition = {},
                         .up_to = up_to,
                         .entries_before = past->entries,
                         .entries_after = past->state.size(),
                         .bytes_before = past->bytes};
  for (const Bytes& changeset : past->state) trimmed.bytes_after += changeset.size();
  return trimmed;
}

void trim_data_directory(const std::filesystem::path& data_directory,
                         std::chrono::milliseconds max_offline,
                         Logger& logger,
                         const std::function<void(const TrimmedHistory&)>& report) {
  bool found = false;
  std::error_code error;
  for (const auto& app : std::filesystem::directory_iterator(data_directory / "apps", error)) {
    const auto path = app.path() / "app.tombolo";
    if (!std::filesystem::exists(path)) continue;
    found = true;
    store::EnvironmentOptions options;
    options.exclusive = true;
    options.logger = std::shared_ptr<Logger>(std::shared_ptr<void>(), &logger);
    EmbeddedStorage storage(store::Environment::open(path, options));
    HistoryTrimmer(storage, app.path())
        .trim(
            {.max_offline = max_offline, .versions_min = 1},
            system_clock().wall_now(),
            [](ServerFileId) { return std::set<ClientFileIdent>(); },
            report);
  }
  if (!found) {
    throw Error(ErrorCode::kInvalidArgument,
                "there is no app in '" + data_directory.string() + "'");
  }
}

}  // namespace tombolo::server
