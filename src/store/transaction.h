#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/strong_id.h"
#include "store/ids.h"
#include "store/metadata.h"
#include "store/realm_reader.h"
#include "store/realm_writer.h"

namespace tombolo::store {

class Environment;

/// A snapshot: what the newest commit left when it began, unaffected by later ones. It is one read
/// slot and no lock; it delays neither the writer nor other readers, but pages that it may still
/// look at are not reused.
///
/// Thread:  one thread at a time, any thread; so does all that is obtained from it.
class ReadTransaction {
 public:
  ReadTransaction(ReadTransaction&&) noexcept;
  ReadTransaction& operator=(ReadTransaction&&) noexcept;
  ~ReadTransaction();

  /// Moves to the newest commit; what was obtained before becomes invalid, but for `RealmReader`s.
  /// Returns whether there was a newer one.
  bool renew();
  /// Gives up the snapshot until `renew`, so that the file can grow and reuse its pages: nothing
  /// but `commit_id` may be asked meanwhile.
  void rest() noexcept;

  [[nodiscard]] CommitId commit_id() const noexcept;
  /// The realm; it exists (asserted). The reader lives as long as the transaction.
  [[nodiscard]] const RealmReader& realm(RealmId id = kDefaultRealm) const;
  [[nodiscard]] std::optional<RealmId> find_realm(std::string_view name) const;
  /// Calls `visit` with the name and id of each realm; it may not write.
  void for_each_realm(const std::function<void(std::string_view name, RealmId id)>& visit) const;
  /// The records of the environment itself.
  [[nodiscard]] MetadataReader metadata() const;

  class State;

 private:
  friend class Environment;
  explicit ReadTransaction(std::unique_ptr<State> state) noexcept;
  std::unique_ptr<State> state_;
};

struct CommitOptions {
  /// Of the history entries that recording realms append.
  OriginTimestamp origin_timestamp;
};

/// The one write transaction of an environment. It sees its own writes; others see them when
/// `commit` has returned. Gone without a commit, it left nothing.
///
/// Errors:  calls after the end throw `Error{kNotInTransaction}`.
/// Thread:  begun, used and ended on one thread.
class WriteTransaction {
 public:
  WriteTransaction(WriteTransaction&&) noexcept;
  WriteTransaction& operator=(WriteTransaction&&) noexcept;
  ~WriteTransaction();

  /// The realm; it exists (asserted). The writer lives as long as the transaction.
  [[nodiscard]] RealmWriter& realm(RealmId id = kDefaultRealm);
  [[nodiscard]] std::optional<RealmId> find_realm(std::string_view name) const;
  void for_each_realm(const std::function<void(std::string_view name, RealmId id)>& visit) const;
  /// The realm of that name, created when absent; "" is the default realm.
  [[nodiscard]] RealmId open_realm(std::string_view name);
  /// The records of the environment itself.
  [[nodiscard]] MetadataWriter metadata();

  /// Makes everything durable and visible, tells observers, and ends the transaction. A realm whose
  /// recording is on gets a history entry, even when there was nothing to record.
  ///
  /// Errors:  throws `Error`: `kDiskFull`, `kStorage`. The transaction has ended without effect.
  CommitId commit(const CommitOptions& options = {});
  /// Ends the transaction without effect.
  void abort() noexcept;
  [[nodiscard]] bool is_open() const noexcept { return state_ != nullptr; }

  class State;

 private:
  friend class Environment;
  explicit WriteTransaction(std::unique_ptr<State> state) noexcept;
  [[nodiscard]] State& open_state() const;

  std::unique_ptr<State> state_;
};

}  // namespace tombolo::store
