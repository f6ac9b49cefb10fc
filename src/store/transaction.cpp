#include "store/transaction.h"

#include <map>
#include <utility>

#include "base/assertion.h"
#include "base/error.h"
#include "store/environment_internals.h"
#include "store/realm_names.h"

namespace tombolo::store {

void ReadTransaction::State::begin(Environment::Internals& environment) {
  for (bool was_cleaned = false;;) {
    environment.gate.enter();
    try {
      key_value.begin_read(environment.environment, environment.map_moves());
      started_ = clock_.now();
      return;
    } catch (const Error& error) {
      environment.gate.leave();
      const long code = error.foreign() ? error.foreign()->number : 0;
      if (code == MDB_MAP_RESIZED) {
        environment.adopt_map_size();
      } else if (code == MDB_READERS_FULL && !was_cleaned) {
        // Processes that were killed have left their slots behind.
        int dead_readers = 0;
        check_lmdb(mdb_reader_check(environment.environment, &dead_readers), "mdb_reader_check");
        was_cleaned = true;
      } else {
        throw;
      }
    }
  }
}

void ReadTransaction::State::end(Environment::Internals& environment) noexcept {
  if (!key_value.is_open()) return;
  key_value.end_read();
  started_ = TimePoint();
  environment.gate.leave();
}

const RealmReader& ReadTransaction::State::realm(RealmId id, SharedState& shared) {
  if (last_realm_ != nullptr && last_realm_->id() == id) [[likely]]
    return *last_realm_;
  std::unique_ptr<RealmReader>& reader = realms_[id];
  if (reader == nullptr) {
    reader = std::make_unique<RealmReader>(std::make_unique<RealmState>(key_value, id, shared));
  }
  last_realm_ = reader.get();
  return *reader;
}

void ReadTransaction::State::forget_many_realms() noexcept {
  constexpr std::size_t kRealmsKeptMax = 16;
  if (realms_.size() <= kRealmsKeptMax) return;
  realms_.clear();
  last_realm_ = nullptr;
}

/// The write transaction with its locks.
class WriteTransaction::State {
 public:
  explicit State(std::shared_ptr<Environment> environment);
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  [[nodiscard]] RealmWriter& realm(RealmId id);
  [[nodiscard]] KeyValueTransaction& key_value() noexcept { return *key_value_; }
  [[nodiscard]] const std::shared_ptr<Environment>& owner() const noexcept { return owner_; }
  /// Writes what is open and commits; what observers are told is in line afterwards.
  CommitId commit(const CommitOptions& options);

 private:
  struct OpenRealm {
    std::unique_ptr<RealmWriter> writer;
    std::unique_ptr<ChangeTracker> tracker;  ///< Null when nobody observes.
  };

  [[nodiscard]] Environment::Internals& environment() noexcept { return owner_->internals(); }

  std::shared_ptr<Environment> owner_;
  bool is_observed_ = false;
  std::optional<KeyValueTransaction> key_value_;
  std::map<RealmId, OpenRealm> realms_;
};

WriteTransaction::State::State(std::shared_ptr<Environment> owner) : owner_(std::move(owner)) {
  environment().lock_writer();
  try {
    environment().grow_early();
    key_value_.emplace(environment().tree, &environment(), environment().encryption.get());
    key_value_->begin_write();
  } catch (...) {
    environment().unlock_writer();
    throw;
  }
  is_observed_ = environment().notifier.has_observers();
}

WriteTransaction::State::~State() {
  realms_.clear();
  key_value_->abort();
  environment().unlock_writer();
}

RealmWriter& WriteTransaction::State::realm(RealmId id) {
  OpenRealm& open = realms_[id];
  if (open.writer == nullptr) {
    auto state = std::make_unique<RealmState>(*key_value_, id, environment().shared);
    if (is_observed_) {
      open.tracker = std::make_unique<ChangeTracker>();
      state->tracker = open.tracker.get();
    }
    open.writer = std::make_unique<RealmWriter>(std::move(state));
  }
  return *open.writer;
}

CommitId WriteTransaction::State::commit(const CommitOptions& options) {
  for (const auto& [id, open] : realms_) {
    if (const auto changeset = open.writer->recorded()) {
      open.writer->history().append({.origin = ClientFileIdent(),
                                     .peer_version = PeerVersion(),
                                     .origin_timestamp = options.origin_timestamp,
                                     .salt = Salt(),
                                     .changeset = *changeset});
    }
    open.writer->finish();
  }
  key_value_->commit();
  const CommitId id = owner_->newest_commit();
  if (id != key_value_->commit_id()) return id;  // There was nothing to commit.
  if (is_observed_) {
    auto told = std::make_shared<Commit>();
    told->id = id;
    for (const auto& [realm, open] : realms_) {
      told->realms.push_back(open.tracker->summarize(realm));
    }
    environment().notifier.push(std::move(told));
  }
  return id;
}

ReadTransaction::ReadTransaction(std::unique_ptr<State> state) noexcept
    : state_(std::move(state)) {}
ReadTransaction::ReadTransaction(ReadTransaction&&) noexcept = default;

ReadTransaction& ReadTransaction::operator=(ReadTransaction&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}

ReadTransaction::~ReadTransaction() {
  if (state_ == nullptr) return;
  const std::shared_ptr<Environment> owner = std::move(state_->owner);
  state_->end(owner->internals());
  state_->forget_many_realms();
  owner->internals().give_back(std::move(state_));
}

bool ReadTransaction::renew() {
  const CommitId before = commit_id();
  Environment::Internals& environment = state_->owner->internals();
  state_->end(environment);
  state_->begin(environment);
  return commit_id() != before;
}

void ReadTransaction::rest() noexcept {
  state_->end(state_->owner->internals());
}

CommitId ReadTransaction::commit_id() const noexcept {
  return state_->key_value.commit_id();
}

const RealmReader& ReadTransaction::realm(RealmId id) const {
  return state_->realm(id, state_->owner->internals().shared);
}

std::optional<RealmId> ReadTransaction::find_realm(std::string_view name) const {
  return store::find_realm(state_->key_value, name);
}

void ReadTransaction::for_each_realm(
    const std::function<void(std::string_view name, RealmId id)>& visit) const {
  store::for_each_realm(state_->key_value, visit);
}

MetadataReader ReadTransaction::metadata() const {
  return {state_->key_value, kEnvironmentRealm};
}

WriteTransaction Environment::begin_write() {
  return WriteTransaction(std::make_unique<WriteTransaction::State>(shared_from_this()));
}

WriteTransaction::WriteTransaction(std::unique_ptr<State> state) noexcept
    : state_(std::move(state)) {}
WriteTransaction::WriteTransaction(WriteTransaction&&) noexcept = default;
WriteTransaction& WriteTransaction::operator=(WriteTransaction&&) noexcept = default;
WriteTransaction::~WriteTransaction() = default;

WriteTransaction::State& WriteTransaction::open_state() const {
  if (state_ == nullptr) throw Error(ErrorCode::kNotInTransaction, "the transaction has ended");
  return *state_;
}

RealmWriter& WriteTransaction::realm(RealmId id) {
  return open_state().realm(id);
}

std::optional<RealmId> WriteTransaction::find_realm(std::string_view name) const {
  return store::find_realm(open_state().key_value(), name);
}

void WriteTransaction::for_each_realm(
    const std::function<void(std::string_view name, RealmId id)>& visit) const {
  store::for_each_realm(open_state().key_value(), visit);
}

RealmId WriteTransaction::open_realm(std::string_view name) {
  KeyValueTransaction& key_value = open_state().key_value();
  const auto found = store::find_realm(key_value, name);
  return found ? *found : create_realm(key_value, name);
}

MetadataWriter WriteTransaction::metadata() {
  return {open_state().key_value(), kEnvironmentRealm};
}

CommitId WriteTransaction::commit(const CommitOptions& options) {
  const std::shared_ptr<Environment> owner = open_state().owner();
  CommitId id;
  {
    // The locks go before anyone is told.
    const std::unique_ptr<State> state = std::move(state_);
    id = state->commit(options);
  }
  owner->internals().note_commit();
  owner->internals().notifier.deliver();
  return id;
}

void WriteTransaction::abort() noexcept {
  state_.reset();
}

}  // namespace tombolo::store
