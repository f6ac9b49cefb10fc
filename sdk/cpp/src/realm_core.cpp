#include "realm_core.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/directory.h"
#include "base/log_hub.h"
#include "client/app.h"
#include "client/recovery_copy.h"
#include "client/runtime.h"
#include "open_realms.h"
#include "realm_copy.h"
#include "store/history.h"
#include "sync_error_number.h"

namespace tombolo {
namespace {

/// What a file of that configuration says of itself.
std::string kind_of_file(const RealmConfiguration& configuration) {
  return configuration.sync ? "synced " + to_partition_text(configuration.sync->partition)
                            : std::string(kLocalKind);
}

SyncError to_public(const tombolo::sync::SyncError& error) {
  SyncError shown{.error = error.error,
                  .code = sync_error_number(error.status),
                  .category = std::string(protocol::status_name(error.status)),
                  .is_fatal = error.is_fatal,
                  .recovery_path = error.recovery_path};
  if (error.action) shown.action = protocol::action_info(*error.action).name;
  if (const auto& sent = error.server_error) {
    shown.log_url = sent->log_url;
    for (const protocol::RejectedUpdate& update : sent->rejected_updates) {
      shown.compensating_writes.push_back({update.table, update.primary_key, update.reason});
    }
  }
  return shown;
}

/// A manual client reset that was left to the next opening of the file.
void put_aside_if_planned(const RealmConfiguration& configuration) {
  try {
    client::make_planned_recovery_copy(configuration.path, configuration.encryption_key);
  } catch (const Error& error) {
    // It is in use: whoever opens it when it is not will do it.
    if (error.code() != ErrorCode::kFileInUse) throw;
  }
}

tombolo::sync::ClientResetMode to_core(ClientResetMode mode) {
  using Mode = tombolo::sync::ClientResetMode;
  switch (mode) {
    case ClientResetMode::kManual: return Mode::kManual;
    case ClientResetMode::kDiscardUnsyncedChanges: return Mode::kDiscardLocal;
    case ClientResetMode::kRecoverUnsyncedChanges: return Mode::kRecover;
    case ClientResetMode::kRecoverOrDiscardUnsyncedChanges: return Mode::kRecoverOrDiscard;
  }
  return Mode::kManual;
}

/// The callbacks of one realm around a client reset, on the realm's thread or a worker.
///
/// Thread:  that one.
struct ResetCalls {
  RealmConfiguration configuration;
  std::weak_ptr<RealmCore> realm;
  std::optional<Realm> before;

  void call_before() {
    before.emplace(RealmCore::open_frozen(configuration));
    const auto& callback = configuration.sync->client_reset.before;
    if (callback) callback(*before);
  }

  void call_after(bool recovered) {
    const std::optional<Realm> frozen = std::exchange(before, std::nullopt);
    const auto& callback = configuration.sync->client_reset.after;
    if (callback && frozen) callback(*frozen, live(), recovered);
  }

  /// The realm itself where that is on this thread, otherwise another one.
  [[nodiscard]] Realm live() const {
    auto open = realm.lock();
    if (configuration.scheduler && open && !open->is_closed()) {
      if (!open->in_transaction()) open->refresh();
      return Realm(std::move(open));
    }
    RealmConfiguration other = configuration;
    other.scheduler = nullptr;
    other.sync->client_reset.before = nullptr;
    other.sync->client_reset.after = nullptr;
    other.sync->on_error = nullptr;
    return Realm::open(std::move(other));
  }
};

}  // namespace

std::shared_ptr<RealmCore> RealmCore::open(RealmConfiguration configuration) {
  auto core = std::make_shared<RealmCore>(std::move(configuration));
  OpenRealms::shared().add(core->file_, *core);
  core->observe_commits();
  core->prepare_file();
  core->configuration_.migration = nullptr;  // What they refer to need not live on.
  core->configuration_.first_open = nullptr;
  core->start_session();
  return core;
}

std::shared_ptr<RealmCore> RealmCore::open_frozen(RealmConfiguration configuration) {
  configuration.sync.reset();
  configuration.should_compact = nullptr;
  configuration.scheduler = nullptr;
  auto core = std::make_shared<RealmCore>(std::move(configuration));
  core->is_frozen_ = true;
  return core;
}

RealmCore::RealmCore(RealmConfiguration configuration) : configuration_(std::move(configuration)) {
  if (configuration_.schema) validate(*configuration_.schema).value();
  if (configuration_.in_memory && configuration_.sync) {
    throw Error(ErrorCode::kInvalidArgument, "A realm in memory cannot be synced");
  }
  if (!configuration_.read_only && !configuration_.in_memory) {
    const auto folder = configuration_.path.parent_path();
    if (!folder.empty()) make_directories(folder);
    put_aside_if_planned(configuration_);
  }
  open_file();
  compact_if_wanted();
  file_ = environment_->path().string();
  read_.emplace(environment_->begin_read());
}

void RealmCore::open_file() {
  environment_ = store::Environment::open(
      configuration_.path,
      {.read_only = configuration_.read_only,
       .in_memory = configuration_.in_memory,
       .encryption_key = configuration_.encryption_key,
       .logger = configuration_.logger ? configuration_.logger
                                       : LogHub::shared().logger(LogCategory::kStorage)});
}

void RealmCore::compact_if_wanted() {
  if (!configuration_.should_compact || configuration_.read_only || configuration_.in_memory)
    return;
  const auto should_compact = std::exchange(configuration_.should_compact, nullptr);
  const bool is_first = environment_.use_count() == 1;
  const bool has_session =
      configuration_.sync && client::Runtime::shared()->find_session(environment_->path());
  if (!is_first || has_session || !should_compact(environment_->usage())) return;
  const store::EnvironmentOptions options = environment_->options();
  environment_.reset();
  (void)store::Environment::compact(configuration_.path, options);
  open_file();
}

void RealmCore::observe_commits() {
  observation_ = environment_->observe(
      [weak = weak_from_this()](const std::shared_ptr<const store::Commit>& commit) {
        if (const auto realm = weak.lock()) realm->receive(commit);
      });
}

RealmCore::~RealmCore() {
  let_go();
}

/// Whether the file says what kind it is.
///
/// Errors:  throws `Error{kInvalidArgument}` when it says something else than `wanted`.
bool RealmCore::check_kind_of_file(std::string_view wanted) const {
  const auto found = reader().metadata().find(as_bytes(kKindOfFileKey));
  if (!found) return false;
  if (as_text(*found) == wanted) return true;
  throw Error(ErrorCode::kInvalidArgument,
              "Incompatible histories: '" + configuration_.path.string() + "' is a " +
                  std::string(as_text(*found)) + " realm and was opened as a " +
                  std::string(wanted) + " one");
}

/// Whether the file says to whom it belongs, or belongs to nobody because it is a local one.
///
/// Errors:  throws `Error{kPermissionDenied}` when that is another user.
bool RealmCore::check_owner() const {
  if (!configuration_.sync) return true;
  const auto found = reader().metadata().find(as_bytes(client::kOwnerKey));
  if (!found) return false;
  const std::string& user = configuration_.sync->user.id();
  if (as_text(*found) == user) return true;
  throw Error(ErrorCode::kPermissionDenied,
              "'" + configuration_.path.string() + "' belongs to user '" +
                  std::string(as_text(*found)) + "' and cannot be opened by user '" + user + "'");
}

/// Makes a new file one of the wanted kind and of the user, and brings any to the schema, in one
/// commit; none when there is nothing to do.
void RealmCore::prepare_file() {
  const std::string kind = kind_of_file(configuration_);
  const bool has_kind = check_kind_of_file(kind);
  const bool has_owner = check_owner();
  const bool lacks_record = !(has_kind && has_owner) && !configuration_.read_only;
  if (!lacks_record && schema_work() == SchemaWork::kNone) return;
  begin();
  try {
    // Somebody else may have been first.
    prepare_schema();
    store::MetadataWriter metadata = write_->realm().metadata();
    const bool is_new = !check_kind_of_file(kind);
    if (is_new) metadata.put(as_bytes(kKindOfFileKey), as_bytes(kind));
    if (!check_owner()) {
      metadata.put(as_bytes(client::kOwnerKey), as_bytes(configuration_.sync->user.id()));
    }
    if (is_new && configuration_.first_open) {
      Realm realm(shared_from_this());
      configuration_.first_open(realm);
    }
    commit();
  } catch (...) {
    if (in_transaction()) cancel();
    throw;
  }
}

void RealmCore::start_session() {
  if (!configuration_.sync) return;
  const SyncConfiguration& sync = *configuration_.sync;
  tombolo::sync::SessionOptions options{
      .partition = to_partition_text(sync.partition),
      .cancel_waits_on_nonfatal_error = sync.cancel_waits_on_nonfatal_error,
      .client_reset = to_core(sync.client_reset.mode)};
  switch (sync.stop_policy) {
    case StopPolicy::kAfterUpload:
      options.stop_policy = tombolo::sync::StopPolicy::kAfterChangesUploaded;
      break;
    case StopPolicy::kImmediately:
      options.stop_policy = tombolo::sync::StopPolicy::kImmediately;
      break;
    case StopPolicy::kNever:
      options.stop_policy = tombolo::sync::StopPolicy::kLiveIndefinitely;
      break;
  }
  session_ = sync.user.impl()->session_of(environment_, std::move(options));
  wait_group_ = session_->new_wait_group();
  if (sync.on_error) {
    error_callback_ = session_->add_error_callback(
        [scheduler = configuration_.scheduler,
         on_error = sync.on_error](const tombolo::sync::SyncError& error) {
          const SyncError shown = to_public(error);
          if (scheduler) {
            scheduler([on_error, shown] { on_error(shown); });
          } else {
            on_error(shown);
          }
        });
  }
  if (sync.client_reset.before || sync.client_reset.after) add_reset_callbacks();
  session_use_ = session_->use();
}

void RealmCore::add_reset_callbacks() {
  const auto calls = std::make_shared<ResetCalls>(ResetCalls{configuration_, weak_from_this(), {}});
  const auto run = [scheduler = configuration_.scheduler](std::function<void()> task) {
    if (scheduler) {
      scheduler(std::move(task));
    } else {
      client::Runtime::shared()->workers().post(std::move(task));
    }
  };
  reset_callbacks_ = session_->add_reset_callbacks(
      {.before =
           [calls, run](const std::shared_ptr<void>& hold) {
             run([calls, hold] { calls->call_before(); });
           },
       .after =
           [calls, run](tombolo::sync::ResetMethod method) {
             const bool recovered = method == tombolo::sync::ResetMethod::kRecover;
             run([calls, recovered] { calls->call_after(recovered); });
           }});
}

std::optional<SyncSession> RealmCore::sync_session() const {
  if (!session_) return std::nullopt;
  return SyncSession(session_, configuration_.scheduler, wait_group_);
}

void RealmCore::require_open() const {
  if (is_closed()) {
    throw Error(ErrorCode::kClosed,
                "Cannot access realm that has been closed: " + configuration_.path.string());
  }
}

const store::RealmReader& RealmCore::reader() const {
  require_open();
  if (write_) return const_cast<store::WriteTransaction&>(*write_).realm();
  return read_->realm();
}

store::RealmWriter& RealmCore::writer() {
  require_open();
  if (!write_) {
    throw Error(ErrorCode::kNotInTransaction,
                "Cannot modify managed objects outside of a write transaction.");
  }
  ++content_version_;
  return write_->realm();
}

void RealmCore::begin() {
  require_open();
  if (write_) {
    throw Error(ErrorCode::kInTransaction, "The Realm is already in a write transaction");
  }
  if (configuration_.read_only || is_frozen_) {
    throw Error(ErrorCode::kReadOnly, "Can't perform transactions on read-only Realms.");
  }
  // Observers are told before the write lock is taken: a callback may write itself.
  if (advance()) call_realm_observers();
  deliver();
  require_open();
  read_->rest();  // What is read comes from the transaction; the file may have to grow.
  try {
    write_.emplace(environment_->begin_write());
    if (configuration_.sync) write_->realm().set_recording(store::Recording::kOn);
  } catch (...) {
    leave_transaction();
    throw;
  }
  new_state();
  // What others committed since then is told after this transaction.
  has_untold_advance_ = advance();
  read_->rest();
  begin_version_ = content_version_;
}

void RealmCore::commit() {
  require_open();
  if (!write_) {
    throw Error(ErrorCode::kNotInTransaction, "Can't commit a non-existing write transaction");
  }
  try {
    (void)write_->commit({.origin_timestamp = next_origin_timestamp()});
  } catch (...) {
    leave_transaction();
    throw;
  }
  write_.reset();
  new_state();
  advance();
  has_untold_advance_ = false;
  call_realm_observers();
  schedule_delivery();
  refresh_others();
}

void RealmCore::cancel() {
  require_open();
  if (!write_) {
    throw Error(ErrorCode::kNotInTransaction, "Can't cancel a non-existing write transaction");
  }
  leave_transaction();
}

/// Ends the transaction without effect, if there is one, and shows the newest commit.
void RealmCore::leave_transaction() {
  write_.reset();
  schema_.reset();
  new_state();
  if (advance()) has_untold_advance_ = true;
  if (std::exchange(has_untold_advance_, false)) {
    call_realm_observers();
    schedule_delivery();
  }
}

bool RealmCore::refresh() {
  require_open();
  if (write_) return false;
  const bool is_newer = advance();
  if (is_newer) {
    call_realm_observers();
    schedule_delivery();
  } else if (!configuration_.scheduler) {
    deliver();  // First calls of observers that were added since the last refresh.
  }
  return is_newer;
}

void RealmCore::write_copy_to(const RealmConfiguration& target) const {
  require_open();
  if (in_transaction()) {
    throw Error(ErrorCode::kInTransaction, "Can't write a copy inside a write transaction");
  }
  copy_realm(*environment_, target.path, kind_of_file(target), target.encryption_key);
}

bool RealmCore::compact() {
  require_open();
  thread_ = std::this_thread::get_id();
  const std::vector<std::shared_ptr<RealmCore>> realms = OpenRealms::shared().of_this_thread(file_);
  if (std::ranges::any_of(realms, [](const auto& realm) { return realm->in_transaction(); })) {
    throw Error(ErrorCode::kInTransaction, "Can't compact a Realm inside a write transaction");
  }
  if (configuration_.read_only || configuration_.in_memory || is_frozen_ || session_) return false;

  struct Resting {
    RealmCore& realm;
    bool has_news;
    store::CommitId shown;
  };
  std::vector<Resting> resting;
  for (const auto& realm : realms) {
    const bool has_news = realm->advance();
    resting.push_back({*realm, has_news, realm->read_->commit_id()});
  }
  const store::EnvironmentOptions options = environment_->options();
  for (const Resting& each : resting) each.realm.rest();
  std::optional<store::Compaction> done;
  std::exception_ptr failure;
  try {
    done = store::Environment::compact(configuration_.path, options);
  } catch (...) {
    failure = std::current_exception();
  }
  for (Resting& each : resting) {
    try {
      if (each.realm.wake(each.shown, done)) each.has_news = true;
    } catch (...) {
      if (!failure) failure = std::current_exception();
    }
  }
  // All of them are open again: a callback may do with them what it likes.
  for (const Resting& each : resting) {
    if (!each.has_news || each.realm.is_closed()) continue;
    each.realm.call_realm_observers();
    each.realm.schedule_delivery();
  }
  if (failure) std::rethrow_exception(failure);
  return done.has_value();
}

void RealmCore::rest() {
  observation_ = {};
  read_.reset();
  environment_.reset();
}

bool RealmCore::wake(store::CommitId shown, const std::optional<store::Compaction>& done) {
  {
    // What is in it may have been numbered before the file was compacted.
    const std::lock_guard lock(inbox_->mutex);
    inbox_->commits.clear();
  }
  try {
    open_file();
    observe_commits();
    read_.emplace(environment_->begin_read());
  } catch (...) {
    let_go();
    throw;
  }
  new_state();
  const store::CommitId now = read_->commit_id();
  if (done ? done->before == shown && done->after == now : shown == now) return false;
  note_unknown_changes();
  return true;
}

void RealmCore::close() {
  if (is_closed()) return;
  if (write_) {
    write_.reset();
    new_state();
    advance();
  }
  (void)schema();  // It stays readable.
  if (session_) {
    session_->end_waits(
        wait_group_,
        Error(ErrorCode::kClosed, "Sync session became inactive: the realm has been closed"));
  }
  let_go();
}

void RealmCore::let_go() {
  OpenRealms::shared().remove(file_, *this);
  if (is_closed()) return;
  write_.reset();
  observation_ = {};
  if (session_) {
    session_->remove_error_callback(error_callback_);
    session_->remove_reset_callbacks(reset_callbacks_);
  }
  realm_observers_.clear();
  observers_.clear();
  read_.reset();
  environment_.reset();
  session_use_ = {};  // Last: who waits for the session to close finds the file closed here too.
}

OriginTimestamp RealmCore::next_origin_timestamp() const {
  // An origin's timestamps never decrease, whatever its clock does.
  const store::HistoryReader history = reader().history();
  const auto newest = history.find(history.bounds().newest);
  const OriginTimestamp now = to_origin_timestamp(system_clock().wall_now());
  return newest ? std::max(now, newest->origin_timestamp) : now;
}

// Observers.

void RealmCore::receive(const std::shared_ptr<const store::Commit>& commit) {
  bool schedule = false;
  {
    const std::lock_guard lock(inbox_->mutex);
    inbox_->commits.push_back(commit);
    schedule = configuration_.scheduler && !std::exchange(inbox_->is_refresh_scheduled, true);
  }
  if (!schedule) return;
  configuration_.scheduler([weak = weak_from_this()] {
    const auto realm = weak.lock();
    if (!realm) return;
    {
      const std::lock_guard lock(realm->inbox_->mutex);
      realm->inbox_->is_refresh_scheduled = false;
    }
    if (!realm->is_closed()) realm->refresh();
  });
}

bool RealmCore::advance() {
  thread_ = std::this_thread::get_id();
  if (is_frozen_) return false;
  const store::CommitId before = read_->commit_id();
  if (!read_->renew()) return false;
  const store::CommitId after = read_->commit_id();
  new_state();

  std::vector<std::shared_ptr<const store::Commit>> commits;
  {
    const std::lock_guard lock(inbox_->mutex);
    const auto first_newer = std::ranges::find_if(
        inbox_->commits, [&](const auto& commit) { return commit->id > after; });
    commits.assign(inbox_->commits.begin(), first_newer);
    inbox_->commits.erase(inbox_->commits.begin(), first_newer);
  }
  std::erase_if(commits, [&](const auto& commit) { return commit->id <= before; });
  // Each commit raises the number by one, so a gap is a commit of another process, or one of this
  // process whose observers have yet to be called.
  if (commits.size() != after.value() - before.value()) {
    note_unknown_changes();
  } else {
    for (const auto& commit : commits) note_changes(commit);
  }
  return true;
}

void RealmCore::note_changes(const std::shared_ptr<const store::Commit>& commit) {
  for (const store::RealmChanges& changes : commit->realms) {
    if (changes.realm != store::kDefaultRealm) continue;
    if (changes.schema_changed) schema_.reset();
    for (ObserverSlot& slot : observers_) {
      if (slot.observer->concerns(changes)) slot.pending.commits.push_back(commit);
    }
  }
}

void RealmCore::note_unknown_changes() {
  schema_.reset();
  for (ObserverSlot& slot : observers_) slot.pending.everything = true;
}

void RealmCore::call_realm_observers() {
  std::vector<std::uint64_t> ids;
  for (const RealmObserver& observer : realm_observers_) ids.push_back(observer.id);
  for (const std::uint64_t id : ids) {
    // One that was removed by a call before it is not called.
    const auto found = std::ranges::find(realm_observers_, id, &RealmObserver::id);
    if (found == realm_observers_.end()) continue;
    const auto callback = found->callback;
    callback();
  }
}

void RealmCore::schedule_delivery() {
  if (!configuration_.scheduler) {
    deliver();
    return;
  }
  if (std::exchange(is_delivery_scheduled_, true)) return;
  configuration_.scheduler([weak = weak_from_this()] {
    const auto realm = weak.lock();
    if (!realm) return;
    realm->is_delivery_scheduled_ = false;
    if (!realm->is_closed() && !realm->in_transaction()) realm->deliver();
  });
}

void RealmCore::deliver() {
  if (is_closed()) return;
  const auto self = shared_from_this();  // A callback may drop the last handle.
  std::vector<std::uint64_t> ids;
  for (const ObserverSlot& slot : observers_) ids.push_back(slot.id);
  for (const std::uint64_t id : ids) {
    const auto slot = std::ranges::find(observers_, id, &ObserverSlot::id);
    if (slot == observers_.end() || (!slot->is_first && slot->pending.none())) continue;
    const std::shared_ptr<ChangeObserver> observer = slot->observer;
    const bool is_first = std::exchange(slot->is_first, false);
    const PendingChanges pending = std::exchange(slot->pending, {});
    const bool goes_on = observer->notify(pending, is_first);
    if (is_closed()) return;
    if (!goes_on) std::erase_if(observers_, [&](const auto& other) { return other.id == id; });
  }
}

void RealmCore::refresh_others() const {
  for (const auto& realm : OpenRealms::shared().of_this_thread(file_)) {
    if (realm.get() == this || !realm->configuration_.scheduler) continue;
    if (!realm->is_closed() && !realm->in_transaction()) realm->refresh();
  }
}

NotificationToken RealmCore::add_realm_observer(std::function<void()> callback) {
  require_open();
  const std::uint64_t id = ++last_observer_id_;
  realm_observers_.push_back({id, std::move(callback)});
  return NotificationToken([weak = weak_from_this(), id] {
    if (const auto realm = weak.lock()) {
      std::erase_if(realm->realm_observers_, [&](const auto& other) { return other.id == id; });
    }
  });
}

NotificationToken RealmCore::add_change_observer(std::unique_ptr<ChangeObserver> observer) {
  require_open();
  if (write_ && content_version_ != begin_version_) {
    throw Error(ErrorCode::kInTransaction,
                "Cannot create asynchronous query after changes in a write transaction");
  }
  const std::uint64_t id = ++last_observer_id_;
  observers_.push_back({id, std::move(observer), {}, true});
  if (configuration_.scheduler) schedule_delivery();
  return NotificationToken([weak = weak_from_this(), id] {
    if (const auto realm = weak.lock()) {
      std::erase_if(realm->observers_, [&](const auto& other) { return other.id == id; });
    }
  });
}

}  // namespace tombolo
