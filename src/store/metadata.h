#pragma once

#include <functional>
#include <optional>

#include "base/bytes.h"
#include "store/ids.h"

namespace tombolo::store {

class KeyValueTransaction;

/// Longest key of a metadata record. Source: docs/store.md, "Limits" (LMDB's 511 bytes less the
/// prefix).
inline constexpr std::size_t kMetadataKeyBytesMax = 500;

/// An ordered space of byte keys and values, one for each realm and one for the environment, in the
/// same transactions as everything else: sync progress, client files, accounts.
///
/// Errors:  throws `Error{kLimitExceeded}` for a key that is empty or too long.
/// Thread:  that of the transaction it was obtained from, which it must not outlive. Views last
///          until the transaction ends or, in a write transaction, writes again.
class MetadataReader {
 public:
  MetadataReader(KeyValueTransaction& transaction, RealmId realm) noexcept
      : transaction_(&transaction),
        realm_(realm) {}

  [[nodiscard]] std::optional<BytesView> find(BytesView key) const;
  /// Calls `visit` for every record whose key starts with `prefix`, in the order of the keys'
  /// bytes, until it answers false. `visit` may not write.
  void scan(BytesView prefix,
            const std::function<bool(BytesView key, BytesView value)>& visit) const;

 protected:
  KeyValueTransaction* transaction_;
  RealmId realm_;
};

class MetadataWriter : public MetadataReader {
 public:
  using MetadataReader::MetadataReader;

  void put(BytesView key, BytesView value);
  /// Whether there was such a record.
  bool erase(BytesView key);
};

}  // namespace tombolo::store
