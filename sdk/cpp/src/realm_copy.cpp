#include "realm_copy.h"

#include <array>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/directory.h"
#include "base/hex.h"
#include "base/random.h"
#include "client/sync_metadata.h"
#include "store/state_changesets.h"
#include "store/transfer.h"

namespace tombolo {
namespace {

/// A file beside `target` that is being written, and is gone with this object.
class UnfinishedFile {
 public:
  explicit UnfinishedFile(const std::filesystem::path& target) : target_(target) {
    std::array<std::byte, 8> random;
    fill_random(random);
    path_ = target_.string() + ".copy-" + to_hex(random);
  }
  ~UnfinishedFile() {
    std::error_code ignored;  // What is left over does no harm.
    for (const char* suffix : {"", "-lock", "-guard"}) {
      std::filesystem::remove(path_.string() + suffix, ignored);
    }
  }
  UnfinishedFile(const UnfinishedFile&) = delete;
  UnfinishedFile& operator=(const UnfinishedFile&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

  /// Gives it its name, which is not taken from another file.
  void finish() {
    check(::link(path_.c_str(), target_.c_str()) == 0, "link");
    const std::filesystem::path folder =
        target_.has_parent_path() ? target_.parent_path() : std::filesystem::path(".");
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    check(descriptor >= 0, "open");
    const int synced = ::fsync(descriptor);
    const int reason = errno;
    ::close(descriptor);
    errno = reason;
    check(synced == 0, "fsync");
  }

 private:
  void check(bool succeeded, const char* call) const {
    if (succeeded) return;
    const ErrorCode code = errno == EEXIST                     ? ErrorCode::kAlreadyExists
                           : errno == ENOSPC                   ? ErrorCode::kDiskFull
                           : errno == EACCES || errno == EPERM ? ErrorCode::kPermissionDenied
                                                               : ErrorCode::kStorage;
    throw Error(code, "cannot write the copy " + target_.string(), {"errno", errno, call});
  }

  const std::filesystem::path target_;
  std::filesystem::path path_;
};

/// What a new device keeps that has all that `source` has integrated and nothing of its own. Its
/// history begins with an entry for that, so that what it writes is known to come after it.
void begin_syncing(const store::RealmReader& source, store::RealmWriter& target) {
  const client::SyncMetadata from = client::read_sync_metadata(source.metadata());
  bool has_unconfirmed = false;
  source.history().for_each_after(
      store::HistoryVersion(from.progress.upload.client_version.value()),
      [&](const store::HistoryEntry& entry) {
        has_unconfirmed = entry.origin == ClientFileIdent{} && !entry.changeset.empty();
        return !has_unconfirmed;
      });
  if (has_unconfirmed) {
    throw Error(ErrorCode::kInvalidArgument,
                "All client changes must be integrated in server before writing copy");
  }
  client::SyncMetadata to;
  to.progress.download.server_version = from.progress.download.server_version;
  to.progress.latest_server_version = from.progress.latest_server_version;
  client::write_sync_metadata(target.metadata(), to);
  if (to.progress.download.server_version == ServerVersion{}) return;
  target.history().append(
      {.origin = kServerFileIdent,
       .peer_version = store::PeerVersion(to.progress.download.server_version.value()),
       .origin_timestamp = {},
       .salt = {},
       .changeset = {}});
}

/// What a new device keeps on which all of `source` was written just now: a history that tells it,
/// in changesets of a size that uploads go on with in steps.
void begin_uploading(const store::RealmReader& source, store::RealmWriter& target) {
  constexpr std::size_t kChangesetBytes = 512 * 1024;
  const OriginTimestamp now = to_origin_timestamp(system_clock().wall_now());
  store::tell_state(source, kChangesetBytes, [&](BytesView changeset) {
    target.history().append({.origin = {},
                             .peer_version = {},
                             .origin_timestamp = now,
                             .salt = {},
                             .changeset = changeset});
  });
}

void write_copy(const store::RealmReader& source,
                bool is_source_local,
                const std::filesystem::path& file,
                std::string_view kind,
                const std::optional<store::EncryptionKey>& key) {
  const auto environment = store::Environment::open(file, {.encryption_key = key});
  store::WriteTransaction transaction = environment->begin_write();
  store::RealmWriter& target = transaction.realm();
  target.metadata().put(as_bytes(kKindOfFileKey), as_bytes(kind));
  // Objects without primary key stay known by the keys that they have, to everybody.
  target.set_file_ident(source.file_ident());
  store::transfer(source, target).value();
  target.set_file_ident({});
  if (kind == kLocalKind) {
    const auto version = source.metadata().find(as_bytes(client::kSchemaVersionKey));
    if (version) target.metadata().put(as_bytes(client::kSchemaVersionKey), *version);
  } else {
    is_source_local ? begin_uploading(source, target) : begin_syncing(source, target);
  }
  transaction.commit();
}

}  // namespace

void copy_realm(store::Environment& source,
                const std::filesystem::path& target,
                std::string_view kind,
                const std::optional<store::EncryptionKey>& key) {
  if (std::filesystem::exists(target)) {
    throw Error(ErrorCode::kAlreadyExists, "there is a file '" + target.string() + "' already");
  }
  const store::ReadTransaction snapshot = source.begin_read();
  const auto found = snapshot.realm().metadata().find(as_bytes(kKindOfFileKey));
  const std::string_view own_kind = found ? as_text(*found) : kLocalKind;
  const bool is_local = own_kind == kLocalKind;
  if (!is_local && kind != kLocalKind && own_kind != kind) {
    throw Error(
        ErrorCode::kInvalidArgument,
        "'" + source.path().string() + "' cannot be copied to a " + std::string(kind) + " realm");
  }
  if (!target.parent_path().empty()) make_directories(target.parent_path());
  UnfinishedFile file(target);
  write_copy(snapshot.realm(), is_local, file.path(), kind, key);
  file.finish();
}

}  // namespace tombolo
