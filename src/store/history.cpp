#include "store/history.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "base/assertion.h"
#include "base/error.h"
#include "store/key_value.h"
#include "store/keys.h"

namespace tombolo::store {
namespace {

/// What stands in front of the changeset of an entry.
///
///     entry      = origin:u64 peer_version:u64 origin_timestamp:u64 salt:i64 bytes_total:u64 byte
///     *
struct EntryHeader {
  std::uint64_t origin;
  std::uint64_t peer_version;
  std::uint64_t origin_timestamp;
  std::int64_t salt;
  std::uint64_t bytes_total;
};

/// What remains of trimmed entries.
struct BaseRecord {
  std::uint64_t version = 0;
  std::uint64_t bytes_total = 0;
};

Key entry_key(RealmId realm, std::uint64_t version) {
  Key key(realm, Space::kHistory);
  key.append(version);
  return key;
}

Key reciprocal_key(RealmId realm, ClientFileIdent peer, HistoryVersion version) {
  Key key(realm, Space::kReciprocal);
  key.append(peer).append(version);
  return key;
}

EntryHeader read_header(BytesView value) {
  EntryHeader header;
  if (value.size() < sizeof(header)) {
    throw Error(ErrorCode::kFileCorrupt, "an entry of the history is cut");
  }
  std::memcpy(&header, value.data(), sizeof(header));
  return header;
}

HistoryEntry to_entry(HistoryVersion version, BytesView value) {
  const EntryHeader header = read_header(value);
  return HistoryEntry{.version = version,
                      .origin = ClientFileIdent(header.origin),
                      .peer_version = PeerVersion(header.peer_version),
                      .origin_timestamp = OriginTimestamp(header.origin_timestamp),
                      .salt = Salt(header.salt),
                      .bytes_total = header.bytes_total,
                      .changeset = value.subspan(sizeof(header))};
}

/// The entry that a search has found, if it is one of the history of that realm.
std::optional<HistoryEntry> read_entry(KeyValueTransaction& transaction,
                                       RealmId realm,
                                       KeyValueTransaction::Item item) {
  const Key prefix(realm, Space::kHistory);
  if (!starts_with(item.key, prefix)) return std::nullopt;
  const HistoryVersion version(read_big_endian<std::uint64_t>(item.key.subspan(prefix.size())));
  return to_entry(version, transaction.read(item));
}

BaseRecord read_base(KeyValueTransaction& transaction, RealmId realm) {
  BaseRecord base;
  if (const auto record = transaction.find(Key(realm, Space::kHistoryBase))) {
    if (record->size() != sizeof(base)) {
      throw Error(ErrorCode::kFileCorrupt, "the base of the history has a wrong size");
    }
    std::memcpy(&base, record->data(), sizeof(base));
  }
  return base;
}

void put_entry(KeyValueTransaction& transaction,
               const Key& key,
               const EntryHeader& header,
               BytesView changeset) {
  transaction.put(key, std::as_bytes(std::span(&header, 1)), changeset);
}

}  // namespace

HistoryBounds HistoryReader::bounds() const {
  const BaseRecord base = read_base(*transaction_, realm_);
  const auto newest = read_entry(*transaction_,
                                 realm_,
                                 transaction_->find_at_or_before(
                                     entry_key(realm_, std::numeric_limits<std::uint64_t>::max())));
  if (!newest)
    return {HistoryVersion(base.version), HistoryVersion(base.version), base.bytes_total};
  return {HistoryVersion(base.version), newest->version, newest->bytes_total};
}

std::optional<HistoryEntry> HistoryReader::find(HistoryVersion version) const {
  const Key key = entry_key(realm_, version.value());
  const auto value = transaction_->find(key);
  return value ? std::optional(to_entry(version, *value)) : std::nullopt;
}

std::optional<HistoryEntry> HistoryReader::find_next(HistoryVersion after) const {
  return read_entry(
      *transaction_, realm_, transaction_->find_at_or_after(entry_key(realm_, after.value() + 1)));
}

std::optional<BytesView> HistoryReader::find_reciprocal(ClientFileIdent peer,
                                                        HistoryVersion version) const {
  return transaction_->find(reciprocal_key(realm_, peer, version));
}

HistoryVersion HistoryWriter::append(const NewHistoryEntry& entry) {
  const HistoryVersion version = bounds().newest.next();
  append_as(version, entry);
  return version;
}

void HistoryWriter::append_as(HistoryVersion version, const NewHistoryEntry& entry) {
  const HistoryBounds before = bounds();
  TOMBOLO_ASSERT(version > before.newest);
  put_entry(*transaction_,
            entry_key(realm_, version.value()),
            {.origin = entry.origin.value(),
             .peer_version = entry.peer_version.value(),
             .origin_timestamp = entry.origin_timestamp.value(),
             .salt = entry.salt.value(),
             .bytes_total = before.bytes_total + entry.changeset.size()},
            entry.changeset);
}

void HistoryWriter::rewrite(HistoryVersion version, BytesView changeset) {
  const Key key = entry_key(realm_, version.value());
  const auto value = transaction_->find(key);
  TOMBOLO_ASSERT(value);
  const EntryHeader header = read_header(*value);
  put_entry(*transaction_, key, header, changeset);
}

void HistoryWriter::trim(HistoryVersion up_to) {
  BaseRecord base = read_base(*transaction_, realm_);
  for (auto entry = find_next(HistoryVersion(base.version)); entry && entry->version <= up_to;
       entry = find_next(HistoryVersion(base.version))) {
    base = {entry->version.value(), entry->bytes_total};
    transaction_->erase(entry_key(realm_, base.version));
  }
  transaction_->put(Key(realm_, Space::kHistoryBase), std::as_bytes(std::span(&base, 1)));
}

void HistoryWriter::replace_front(HistoryVersion up_to, std::span<const NewHistoryEntry> entries) {
  const auto last = find(up_to);
  TOMBOLO_ASSERT(last && !entries.empty() && entries.size() <= up_to.value());
  const Salt salt = last->salt;
  const std::uint64_t bytes_total = last->bytes_total;
  for (auto entry = find_next({}); entry && entry->version <= up_to; entry = find_next({})) {
    transaction_->erase(entry_key(realm_, entry->version.value()));
  }

  std::uint64_t bytes_left = 0;
  for (const NewHistoryEntry& entry : entries) bytes_left += entry.changeset.size();
  std::uint64_t version = 0;
  for (const NewHistoryEntry& entry : entries) {
    const bool is_last = &entry == &entries.back();
    version = is_last ? up_to.value() : version + 1;
    bytes_left -= entry.changeset.size();
    put_entry(*transaction_,
              entry_key(realm_, version),
              {.origin = entry.origin.value(),
               .peer_version = entry.peer_version.value(),
               .origin_timestamp = entry.origin_timestamp.value(),
               .salt = (is_last ? salt : entry.salt).value(),
               .bytes_total = bytes_total - std::min(bytes_total, bytes_left)},
              entry.changeset);
  }
}

void HistoryWriter::restart(HistoryVersion base) {
  transaction_->erase_prefix(Key(realm_, Space::kHistory));
  transaction_->erase_prefix(Key(realm_, Space::kReciprocal));
  const BaseRecord record{.version = base.value(), .bytes_total = 0};
  transaction_->put(Key(realm_, Space::kHistoryBase), std::as_bytes(std::span(&record, 1)));
}

void HistoryWriter::put_reciprocal(ClientFileIdent peer,
                                   HistoryVersion version,
                                   BytesView changeset) {
  transaction_->put(reciprocal_key(realm_, peer, version), changeset);
}

void HistoryWriter::erase_reciprocals(ClientFileIdent peer, HistoryVersion up_to) {
  Key first = reciprocal_key(realm_, peer, HistoryVersion());
  const std::size_t prefix_bytes = first.size() - sizeof(std::uint64_t);
  for (;;) {
    const auto item = transaction_->find_at_or_after(first);
    if (!starts_with(item.key, first.view().first(prefix_bytes))) return;
    const HistoryVersion version(read_big_endian<std::uint64_t>(item.key.subspan(prefix_bytes)));
    if (version > up_to) return;
    transaction_->erase(reciprocal_key(realm_, peer, version));
  }
}

}  // namespace tombolo::store
