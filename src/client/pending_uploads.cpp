#include "client/pending_uploads.h"

#include <algorithm>
#include <string>
#include <unordered_set>

#include "changeset/changeset.h"
#include "client/sync_metadata.h"
#include "store/history.h"

namespace tombolo::client {
namespace {

using changeset::Changeset;
using changeset::Instruction;
using changeset::PayloadType;
using changeset::PrimaryKey;

template <typename T>
void append_bytes(std::string& text, const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  text.append(reinterpret_cast<const char*>(&value), sizeof value);
}

/// Equal for instructions about the same object, whichever changeset they stand in.
std::string identity(const Changeset& changeset, const Instruction& instruction) {
  std::string text(changeset.string(instruction.table));
  const PrimaryKey& key = instruction.object;
  text += '\0';
  append_bytes(text, key.type);
  switch (key.type) {
    case PayloadType::kInt: append_bytes(text, key.integer); break;
    case PayloadType::kString: text += changeset.string(key.string); break;
    case PayloadType::kGlobalKey: append_bytes(text, key.global_key); break;
    case PayloadType::kObjectId: append_bytes(text, key.object_id); break;
    case PayloadType::kUuid: append_bytes(text, key.uuid); break;
    default: break;
  }
  return text;
}

}  // namespace

PendingUploads read_pending_uploads(store::Environment& environment, WallTime now) {
  const store::ReadTransaction snapshot = environment.begin_read();
  const store::RealmReader& realm = snapshot.realm();
  const ClientVersion confirmed =
      read_sync_metadata(realm.metadata()).progress.upload.client_version;

  PendingUploads pending;
  std::unordered_set<std::string> objects;
  OriginTimestamp oldest;
  realm.history().for_each_after(
      store::HistoryVersion(confirmed.value()), [&](const store::HistoryEntry& entry) {
        if (entry.origin != ClientFileIdent{} || entry.changeset.empty()) return true;
        const Changeset changeset = changeset::parse_view(entry.changeset).value();
        bool has_objects = false;
        for (const Instruction& instruction : changeset.instructions) {
          if (changeset::is_schema_instruction(instruction.opcode)) continue;
          has_objects = true;
          objects.insert(identity(changeset, instruction));
        }
        if (!has_objects) return true;
        oldest = pending.transactions == 0 ? entry.origin_timestamp
                                           : std::min(oldest, entry.origin_timestamp);
        ++pending.transactions;
        pending.bytes += entry.changeset.size();
        return true;
      });
  pending.objects = objects.size();
  if (pending.transactions > 0) {
    // A wall clock that was set back since then makes them no younger than now.
    const auto age = to_origin_timestamp(now).value() - oldest.value();
    const bool is_future = oldest > to_origin_timestamp(now);
    pending.oldest_age = std::chrono::milliseconds(is_future ? 0 : age);
  }
  return pending;
}

}  // namespace tombolo::client
