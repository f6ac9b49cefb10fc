#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "change_observer.h"
#include "client/sync_session.h"
#include "store/environment.h"
#include "tombolo/predicate.h"
#include "tombolo/realm.h"

namespace tombolo {

/// What the copies of a `Realm` and everything read from it share: the snapshot, the open write
/// transaction and the observers.
///
/// Thread:  the realm's, but for the inbox, which other threads' commits reach.
class RealmCore : public std::enable_shared_from_this<RealmCore> {
 public:
  static std::shared_ptr<RealmCore> open(RealmConfiguration configuration);
  /// The file as it is now: it cannot be written to and is never refreshed.
  static std::shared_ptr<RealmCore> open_frozen(RealmConfiguration configuration);
  explicit RealmCore(RealmConfiguration configuration);
  ~RealmCore();
  RealmCore(const RealmCore&) = delete;
  RealmCore& operator=(const RealmCore&) = delete;

  /// The newest state that this realm sees: of the transaction if one is open.
  [[nodiscard]] const store::RealmReader& reader() const;
  /// Errors:  throws `Error{kNotInTransaction}`.
  [[nodiscard]] store::RealmWriter& writer();

  void begin();
  void commit();
  void cancel();
  [[nodiscard]] bool in_transaction() const noexcept { return write_.has_value(); }
  bool refresh();
  void erase_objects(ClassId class_id);
  /// In a migration, at the end of which all keys have to be different.
  void change_key(store::ObjectRef object, const Value& key);
  /// Of a local realm. Whether there was such a class.
  bool erase_class(std::string_view name);
  [[nodiscard]] bool is_in_migration() const noexcept { return is_in_migration_; }
  void write_copy_to(const RealmConfiguration& target) const;
  /// The realms of the file that are of this thread rest meanwhile and stay what they are.
  bool compact();
  /// Whether it was last opened, refreshed or written with on this thread.
  ///
  /// Thread:  callable from any thread.
  [[nodiscard]] bool is_of_this_thread() const noexcept {
    return thread_ == std::this_thread::get_id();
  }
  /// Ends the waits of this realm too; where it is only dropped, they go on.
  void close();
  [[nodiscard]] bool is_closed() const noexcept { return environment_ == nullptr; }

  /// Changes whenever what `reader()` shows may have changed.
  [[nodiscard]] std::uint64_t content_version() const noexcept { return content_version_; }
  /// Changes when it shows another commit, or a transaction begins or ends: what is written in one
  /// does not count.
  [[nodiscard]] std::uint64_t state_version() const noexcept { return state_version_; }
  [[nodiscard]] const RealmConfiguration& configuration() const noexcept { return configuration_; }
  [[nodiscard]] const Schema& schema() const;
  [[nodiscard]] std::uint64_t schema_version() const;

  [[nodiscard]] const store::ClassInfo& class_info(ClassId class_id) const;
  [[nodiscard]] const store::PropertyInfo& property_info(ClassId class_id,
                                                         PropertyId property) const;
  /// Errors:  throws `Error{kNotFound}` for a name that is no property of the class.
  [[nodiscard]] const store::PropertyInfo& property_info(ClassId class_id,
                                                         std::string_view name) const;

  [[nodiscard]] std::optional<SyncSession> sync_session() const;
  /// Null for a local realm.
  [[nodiscard]] const std::shared_ptr<client::SyncSession>& session() const noexcept {
    return session_;
  }
  [[nodiscard]] client::SyncSession::WaitGroup wait_group() const noexcept { return wait_group_; }

  NotificationToken add_realm_observer(std::function<void()> callback);
  /// Errors:  throws `Error{kInTransaction}` after changes in an open write transaction, to which
  /// the
  ///          observer could not tell what comes later.
  NotificationToken add_change_observer(std::unique_ptr<ChangeObserver> observer);

 private:
  struct RealmObserver {
    std::uint64_t id;
    std::function<void()> callback;
  };
  struct ObserverSlot {
    std::uint64_t id;
    std::shared_ptr<ChangeObserver> observer;
    PendingChanges pending;
    bool is_first = true;
  };
  /// Commits of this process that other threads hand over.
  struct Inbox {
    std::mutex mutex;
    std::vector<std::shared_ptr<const store::Commit>> commits;
    bool is_refresh_scheduled = false;
  };

  void require_open() const;
  void new_state() noexcept {
    ++content_version_;
    ++state_version_;
  }
  void open_file();
  void compact_if_wanted();
  /// Lets the file go until `wake`.
  void rest();
  /// Opens the file again and shows its newest commit. Whether that shows something else than
  /// `shown` did, in a file that may have been compacted in between.
  ///
  /// Errors:  throws what opening throws: then it is closed.
  bool wake(store::CommitId shown, const std::optional<store::Compaction>& done);
  void observe_commits();
  void leave_transaction();
  void let_go();
  [[nodiscard]] bool check_kind_of_file(std::string_view wanted) const;
  [[nodiscard]] bool check_owner() const;
  /// What opening has to do to the file's schema.
  enum class SchemaWork : std::uint8_t { kNone, kAdd, kMigrate, kBeginAnew };
  [[nodiscard]] SchemaWork schema_work() const;
  void prepare_file();
  void prepare_schema();
  void migrate();
  void check_changed_keys() const;
  void put_schema_version(std::uint64_t version);
  void start_session();
  void add_reset_callbacks();
  void receive(const std::shared_ptr<const store::Commit>& commit);
  /// Takes over the newest snapshot and notes what it changed for the observers.
  bool advance();
  void note_changes(const std::shared_ptr<const store::Commit>& commit);
  void note_unknown_changes();
  void call_realm_observers();
  void schedule_delivery();
  void deliver();
  /// Shows a commit of this realm in the others of the thread, but for those without a scheduler,
  /// which the application refreshes.
  void refresh_others() const;
  [[nodiscard]] OriginTimestamp next_origin_timestamp() const;

  RealmConfiguration configuration_;
  std::shared_ptr<store::Environment> environment_;
  std::optional<store::ReadTransaction> read_;  ///< At rest while a write transaction is open.
  std::optional<store::WriteTransaction> write_;
  std::string file_;  ///< What `OpenRealms` knows it by.
  std::atomic<std::thread::id> thread_ = std::this_thread::get_id();
  bool is_frozen_ = false;
  bool is_in_migration_ = false;
  std::set<ClassId> classes_with_changed_keys_;
  std::uint64_t content_version_ = 1;
  std::uint64_t state_version_ = 1;
  std::uint64_t begin_version_ = 0;  ///< `content_version_` when the open transaction began.
  bool has_untold_advance_ = false;  ///< The open transaction began on news for observers.
  mutable std::optional<Schema> schema_;

  std::shared_ptr<client::SyncSession> session_;  ///< Null for a local realm.
  client::SyncSession::Use session_use_;
  client::SyncSession::WaitGroup wait_group_ = client::SyncSession::kNoWaitGroup;
  client::SyncSession::CallbackId error_callback_ = 0;
  client::SyncSession::CallbackId reset_callbacks_ = 0;

  std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
  store::Observation observation_;
  std::uint64_t last_observer_id_ = 0;
  std::list<RealmObserver> realm_observers_;
  std::list<ObserverSlot> observers_;
  bool is_delivery_scheduled_ = false;
};

}  // namespace tombolo
