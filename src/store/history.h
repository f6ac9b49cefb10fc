#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/strong_id.h"
#include "store/ids.h"

namespace tombolo::store {

class KeyValueTransaction;

/// One change of a realm. `changeset` views mapped memory: it lasts until the transaction ends or,
/// in a write transaction, writes again.
struct HistoryEntry {
  HistoryVersion version;
  ClientFileIdent origin;    ///< 0: made here.
  PeerVersion peer_version;  ///< The origin's version of this change; 0 when made here.
  OriginTimestamp origin_timestamp;
  Salt salt;                      ///< Proves the version to peers; 0 where unused.
  std::uint64_t bytes_total = 0;  ///< Changeset bytes up to and with this entry, trimmed ones too.
  BytesView changeset;            ///< Empty: the change had nothing to tell.
};

/// What is added to a history; version and byte count come from the history itself.
struct NewHistoryEntry {
  ClientFileIdent origin;
  PeerVersion peer_version;
  OriginTimestamp origin_timestamp;
  Salt salt;
  BytesView changeset;
};

/// Where a history begins and ends: the entries after `base`, up to and with `newest`, are kept.
struct HistoryBounds {
  HistoryVersion base;
  HistoryVersion newest;
  std::uint64_t bytes_total = 0;

  friend bool operator==(const HistoryBounds&, const HistoryBounds&) = default;
};

/// The changes of one realm, by version, and the reciprocal forms they took for single peers.
///
/// Thread:  that of the transaction it was obtained from, which it must not outlive.
class HistoryReader {
 public:
  HistoryReader(KeyValueTransaction& transaction, RealmId realm) noexcept
      : transaction_(&transaction),
        realm_(realm) {}

  [[nodiscard]] HistoryBounds bounds() const;
  /// nullopt: the entry does not exist or was trimmed.
  [[nodiscard]] std::optional<HistoryEntry> find(HistoryVersion version) const;
  /// The oldest kept entry after `after`.
  [[nodiscard]] std::optional<HistoryEntry> find_next(HistoryVersion after) const;
  /// Calls `visit(const HistoryEntry&) -> bool` for the entries after `after`, in order, until it
  /// answers false. `visit` may not write.
  template <typename Visit>
  void for_each_after(HistoryVersion after, Visit&& visit) const {
    for (auto entry = find_next(after); entry; entry = find_next(entry->version)) {
      if (!visit(*entry)) return;
    }
  }

  /// The form of entry `version` for `peer`. nullopt: never stored. Empty bytes are an answer.
  [[nodiscard]] std::optional<BytesView> find_reciprocal(ClientFileIdent peer,
                                                         HistoryVersion version) const;

 protected:
  KeyValueTransaction* transaction_;
  RealmId realm_;
};

/// The same with writing, inside a write transaction.
class HistoryWriter : public HistoryReader {
 public:
  using HistoryReader::HistoryReader;

  HistoryVersion append(const NewHistoryEntry& entry);
  /// Appends an entry under a version of the caller's, which is greater than the newest (asserted);
  /// those between are as if trimmed.
  void append_as(HistoryVersion version, const NewHistoryEntry& entry);
  /// Replaces the changeset of an entry that exists (asserted); its byte count stays.
  void rewrite(HistoryVersion version, BytesView changeset);
  /// Drops the entries up to and with `up_to`.
  void trim(HistoryVersion up_to);
  /// Puts changesets that come to the same in the place of all entries up to and with `up_to`,
  /// which exists (asserted): the last of them under that version and with its salt, the others
  /// under the first versions there are. Their byte counts lead up to the one that was there.
  /// There is at least one, and not more than there are versions (asserted).
  void replace_front(HistoryVersion up_to, std::span<const NewHistoryEntry> entries);
  /// Drops all entries and the reciprocals of all peers. The history goes on after `base`, and
  /// counts bytes from 0.
  void restart(HistoryVersion base);

  void put_reciprocal(ClientFileIdent peer, HistoryVersion version, BytesView changeset);
  /// Drops the reciprocals of `peer` up to and with `up_to`.
  void erase_reciprocals(ClientFileIdent peer, HistoryVersion up_to);
};

}  // namespace tombolo::store
