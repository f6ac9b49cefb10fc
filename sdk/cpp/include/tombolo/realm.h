#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/logging.h"
#include "base/result.h"
#include "schema/schema.h"
#include "store/encryption_key.h"
#include "store/file_usage.h"
#include "tombolo/any_results.h"
#include "tombolo/object.h"
#include "tombolo/results.h"
#include "tombolo/scheduler.h"
#include "tombolo/sync_configuration.h"
#include "tombolo/sync_session.h"

namespace tombolo {

/// 64 bytes, as random as can be.
using store::EncryptionKey;

class OpenTask;
class Realm;

using store::FileUsage;

struct RealmConfiguration {
  std::filesystem::path path = "default.realm";  ///< Created with its folders when absent.
  std::optional<Schema> schema;                  ///< nullopt: what the file has.
  /// Of a local file: raised with each change of a class that it has already. Synced files have
  /// none, for devices with schemas of different age share one partition.
  std::uint64_t schema_version = 0;
  /// Called when a local file of an older version is opened, after its schema was changed and
  /// before that is committed: `before` is the file as it was, `now` is in the write transaction.
  /// Objects of a class are in the same order in both. When it throws, the file is as it was. May
  /// be null: new properties are then zero or null, and those that changed their type are, too.
  std::function<void(const Realm& before, Realm& now)> migration;
  /// Called when the file is new, in the write transaction that makes it one of `schema`. When it
  /// throws, the file stays new. May be null.
  std::function<void(Realm& realm)> first_open;
  /// A local file that a migration would be needed for is emptied instead.
  bool erase_if_migration_needed = false;
  bool read_only = false;
  /// Asked before a file is opened that no realm and no session of this process has: whether it is
  /// to be compacted. When another process has it open it stays as it is. May be null.
  std::function<bool(const FileUsage& usage)> should_compact;
  /// The path is a name that realms of this process share; what they hold goes when the last of
  /// them closes. Not for synced ones.
  bool in_memory = false;
  /// Encrypts the file, which opens with the same key alone from then on; keep it, nobody else
  /// does. nullopt: it is not encrypted.
  std::optional<EncryptionKey> encryption_key;
  std::optional<SyncConfiguration> sync;  ///< nullopt: a local realm.
  Scheduler scheduler;
  std::shared_ptr<Logger> logger;  ///< Null: as `set_logger()` says.
};

/// The value of a property at the creation of an object.
struct PropertyValue {
  PropertyId property;
  Value value;
};

/// What `create` does when there is an object of that primary key.
enum class UpdateMode : std::uint8_t {
  kNever,     ///< Fail with `kDuplicateKey`.
  kModified,  ///< Write the values that differ.
  kAll,       ///< Write all values.
};

/// An open database. It shows one state until it is refreshed; a write transaction sees the newest.
/// Copies are the same realm; the file closes when the last copy and everything read from it has
/// gone, or at `close()`.
///
///     auto realm = tombolo::Realm::open({.path = "cities.realm", .schema = schema_of<City>()});
///     realm.write([&] { realm.create<City>(City::id = 1, City::name = "Rome"); });
///
/// Errors:  throws `Error`; the members say with what. After `close()` every call throws `kClosed`.
/// Thread:  one thread at a time; open the file once more for another thread.
class Realm {
 public:
  using OpenDone = std::function<void(const Result<Realm>& outcome)>;

  /// Opens the file and brings it to `schema`. Classes are added; a synced file gets new properties
  /// as well. Other changes of a class need a higher `schema_version`, and a local file.
  ///
  /// With `sync` the session starts at once, in the background: nothing waits for the network.
  ///
  /// Errors:  `kInvalidSchema`, `kSchemaMismatch` (both list every problem), `kFileFormatTooNew`,
  ///          `kFileCorrupt`, `kWrongKey`, `kFileInUse`, `kPermissionDenied`, `kReadOnly`,
  ///          `kStorage`; `kInvalidArgument` for a synced file opened as a local one, the other way
  ///          round, or with another partition. On a throw the file is unchanged.
  [[nodiscard]] static Realm open(RealmConfiguration configuration);

  /// The same; a synced realm is given when the server's data has arrived, or as its `OpenBehavior`
  /// says. The file itself is opened before this returns.
  ///
  /// Errors:  throws what `open` throws.
  [[nodiscard]] static OpenTask open_async(RealmConfiguration configuration);
  /// `done` is called once, by the configuration's scheduler.
  ///
  /// Errors:  throws also `kInvalidArgument` without a scheduler.
  [[nodiscard]] static OpenTask open_async(RealmConfiguration configuration, OpenDone done);

  explicit Realm(std::shared_ptr<RealmCore> core) noexcept : core_(std::move(core)) {}

  /// Runs `work` in a write transaction and commits; when it throws, nothing was written. Returns
  /// what `work` returns.
  ///
  /// Errors:  `kInTransaction`, `kReadOnly`, `kDiskFull`, `kStorage`, and what `work` throws.
  template <typename Work>
  std::invoke_result_t<Work> write(Work&& work) {
    begin_transaction();
    CancelUnlessDone cancel{*this};
    if constexpr (std::is_void_v<std::invoke_result_t<Work>>) {
      std::forward<Work>(work)();
      commit_transaction();
    } else {
      auto result = std::forward<Work>(work)();
      commit_transaction();
      return result;
    }
  }

  /// Waits while another realm of the file, in whatever process, writes.
  void begin_transaction();
  void commit_transaction();
  void cancel_transaction();
  [[nodiscard]] bool is_in_transaction() const;
  /// Whether this is the realm that a migration is given to change.
  [[nodiscard]] bool is_in_migration() const noexcept;
  [[nodiscard]] bool is_read_only() const noexcept;
  [[nodiscard]] bool is_in_memory() const noexcept;

  /// Moves to the newest state and calls observers of what changed. Without effect in a
  /// transaction. Returns whether there was a newer one.
  bool refresh();

  template <typename M>
  [[nodiscard]] Results<M> objects() const {
    return Results<M>(objects(class_id(M::class_name)));
  }
  template <typename M, typename K>
  [[nodiscard]] std::optional<Object<M>> find(const K& key) const;
  /// Errors:  `kDuplicateKey`, `kTypeMismatch`, `kNotInTransaction`.
  template <typename M, typename... Values>
  Object<M> create(const Assignment<Values>&... values) {
    return create<M>(UpdateMode::kNever, values...);
  }
  template <typename M, typename... Values>
  Object<M> create(UpdateMode mode, const Assignment<Values>&... values);
  template <typename M>
  void erase(const Object<M>& object) {
    erase(object.any());
  }

  // The same for classes known at run time.

  [[nodiscard]] const Schema& schema() const;
  [[nodiscard]] std::uint64_t schema_version() const;
  /// Errors:  `kNotFound`.
  [[nodiscard]] ClassId class_id(std::string_view name) const;
  [[nodiscard]] PropertyId property_id(ClassId class_id, std::string_view name) const;
  [[nodiscard]] AnyResults objects(ClassId class_id) const;
  [[nodiscard]] std::optional<AnyObject> find(ClassId class_id, const ObjectKey& key) const;
  /// Creates an object. `values` holds the primary key, if the class has one.
  ///
  /// Errors:  `kInvalidArgument` when the primary key is missing; `kDuplicateKey`; `kTypeMismatch`;
  ///          `kNotInTransaction`.
  AnyObject create(ClassId class_id,
                   std::span<const PropertyValue> values,
                   UpdateMode mode = UpdateMode::kNever);
  /// Deletes the object; links to it become null or leave their lists.
  void erase(const AnyObject& object);
  /// Deletes every object of every class; the schema stays.
  void erase_all();
  /// Removes a class of a local realm and its objects: they become invalid, and results empty. The
  /// schema version rises by one. In a migration it does not, and a class of the new schema stays,
  /// without objects. Returns whether there was such a class.
  ///
  /// Errors:  `kNotInTransaction`; `kInvalidSchema` while another class links to it;
  ///          `kInvalidArgument` for a synced realm.
  bool erase_class(std::string_view name);

  /// Calls back after each commit that this realm moves to, on its thread; for its own commits
  /// before `commit_transaction()` returns.
  NotificationToken observe(std::function<void()> callback) const;

  /// nullopt for a local realm.
  [[nodiscard]] std::optional<SyncSession> sync_session() const;

  /// Writes what the newest commit holds to a new file, compact and readable by its owner only.
  /// Without `sync` that is a local realm, with which one stops syncing for good. The copy of a
  /// local realm to a synced one uploads all of it. The copy of a synced realm, to the `sync` of
  /// its own partition, syncs as another device and need not download what is in it. Only `path`,
  /// `sync` and `encryption_key` of `target` count.
  ///
  /// Errors:  `kAlreadyExists`; `kInTransaction`; `kInvalidArgument` for another partition, and for
  ///          changes of a synced realm that the server has not confirmed where the copy is to
  ///          sync; `kDiskFull`, `kStorage`, `kPermissionDenied`. Then there is no such file.
  void write_copy_to(const RealmConfiguration& target) const;

  /// Makes the file as small as what it holds. The realms of the file that this thread was the last
  /// to open, refresh or write with are brought to the newest state and let the file go meanwhile;
  /// their objects, results, snapshots and observers stay what they are. False, and the file is as
  /// it was, while anybody else has it open: another thread or process, or the session of a synced
  /// realm; then `should_compact` can have it done at the next opening. So it is for a realm that
  /// is only read, or in memory. After a crash it is the old file or the new one.
  ///
  /// Errors:  `kInTransaction` when one of these realms has a write transaction open; `kDiskFull`,
  ///          `kStorage`: the file is as it was. A realm for which it cannot be opened again is
  ///          closed.
  /// Thread:  none of these realms is in use on another thread meanwhile.
  bool compact();

  [[nodiscard]] const std::filesystem::path& path() const;
  [[nodiscard]] bool is_closed() const noexcept;
  /// Rolls an open transaction back and makes every object, list and result of this realm invalid.
  void close();

  [[nodiscard]] const std::shared_ptr<RealmCore>& core() const noexcept { return core_; }

 private:
  struct CancelUnlessDone {
    Realm& realm;
    ~CancelUnlessDone() {
      if (!realm.is_closed() && realm.is_in_transaction()) realm.cancel_transaction();
    }
  };
  template <typename T>
  [[nodiscard]] static Value to_value(const Assignment<T>& assignment);

  std::shared_ptr<RealmCore> core_;
};

template <typename T>
Value Realm::to_value(const Assignment<T>& assignment) {
  return detail::AssignedValue<T>::of(assignment.value);
}

template <typename M, typename K>
std::optional<Object<M>> Realm::find(const K& key) const {
  if constexpr (std::is_integral_v<K>) {
    if (auto object = find(class_id(M::class_name), ObjectKey::of_int(key))) {
      return Object<M>(*std::move(object));
    }
  } else if constexpr (std::is_convertible_v<const K&, std::string_view>) {
    if (auto object = find(class_id(M::class_name), ObjectKey::of_string(key))) {
      return Object<M>(*std::move(object));
    }
  } else {
    if (auto object =
            find(class_id(M::class_name), ObjectKey::of(PropertyTraits<K>::to_value(key)))) {
      return Object<M>(*std::move(object));
    }
  }
  return std::nullopt;
}

template <typename M, typename... Values>
Object<M> Realm::create(UpdateMode mode, const Assignment<Values>&... values) {
  const ClassId id = class_id(M::class_name);
  const PropertyValue list[] = {
      PropertyValue{property_id(id, values.property), to_value(values)}...,
      PropertyValue{}};  // An array may not be empty.
  return Object<M>(create(id, std::span(list, sizeof...(Values)), mode));
}

}  // namespace tombolo
