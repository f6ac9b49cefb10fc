#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "store/environment.h"
#include "store/guard_file.h"
#include "store/key_value.h"
#include "store/reader_gate.h"
#include "store/realm_state.h"
#include "store/sealed_values.h"

namespace tombolo::store {

/// A snapshot, in use or waiting to be used again with its read slot and what it has loaded.
class ReadTransaction::State {
 public:
  State(MDB_dbi tree, Encryption* encryption, const Clock& clock)
      : key_value(tree, nullptr, encryption),
        clock_(clock) {}

  void begin(Environment::Internals& environment);
  void end(Environment::Internals& environment) noexcept;
  [[nodiscard]] const RealmReader& realm(RealmId id, SharedState& shared);
  /// Before the state is put by: a server's snapshot may have looked at any number of realms.
  void forget_many_realms() noexcept;
  /// When it began; the clock's epoch while it is not in use.
  [[nodiscard]] TimePoint started() const noexcept { return started_.load(); }

  std::shared_ptr<Environment> owner;  ///< Null while not in use.
  KeyValueTransaction key_value;

 private:
  const Clock& clock_;
  std::atomic<TimePoint> started_{TimePoint()};
  std::map<RealmId, std::unique_ptr<RealmReader>> realms_;
  RealmReader* last_realm_ = nullptr;
};

/// Tells observers of commits, in order.
///
/// Thread:  callable from any thread.
class Notifier {
 public:
  using Observer = std::function<void(const std::shared_ptr<const Commit>&)>;

  [[nodiscard]] std::shared_ptr<void> add(Observer observer);
  [[nodiscard]] bool has_observers() const;
  /// Puts the commit in line; in the order of commits.
  void push(std::shared_ptr<const Commit> commit);
  /// Tells all that is in line, unless another thread is at it: then that one goes on.
  void deliver();

 private:
  mutable std::mutex mutex_;
  std::list<std::weak_ptr<Observer>> observers_;
  std::deque<std::shared_ptr<const Commit>> commits_;
  bool is_delivering_ = false;
};

/// What an open environment consists of.
///
/// Thread:  callable from any thread.
class Environment::Internals final : public MapOwner {
 public:
  Internals(std::filesystem::path path,
            const EnvironmentOptions& options,
            GuardFile::Access access);
  ~Internals() override;

  [[nodiscard]] std::unique_ptr<ReadTransaction::State> take_reader();
  void give_back(std::unique_ptr<ReadTransaction::State> state) noexcept;

  /// The locks of the one writer.
  void lock_writer();
  void unlock_writer() noexcept;

  // MapOwner; the writer's lock is held.
  [[nodiscard]] MDB_txn* begin_write_transaction() override;
  [[nodiscard]] std::size_t room_pages() const override;
  void grow(std::size_t pages) override;

  /// Takes over the map's size from the process that has changed it.
  void adopt_map_size();
  /// Grows the map ahead of need when that disturbs nobody.
  void grow_early();
  void note_commit();
  [[nodiscard]] MDB_envinfo info() const;
  /// How often the map may have moved; constant while a snapshot is open.
  [[nodiscard]] std::uint64_t map_moves() const noexcept { return map_moves_.load(); }
  [[nodiscard]] Duration oldest_reader_age() const;

  const std::filesystem::path path;
  const EnvironmentOptions options;
  MDB_env* environment = nullptr;
  MDB_dbi tree = 0;
  std::unique_ptr<Encryption> encryption;  ///< Null: the file is not encrypted.
  ReaderGate gate;
  SharedState shared;
  Notifier notifier;

  mutable std::mutex commit_mutex;  ///< Of the condition only.
  mutable std::condition_variable committed;

 private:
  void open_file(const std::string& file);
  void read_or_write_header();
  void write_new_file();
  void take_key(BytesView header);
  void upgrade_format();
  [[noreturn]] void refuse_key(const char* reason) const;
  void resize_map(std::size_t bytes);
  void move_map(std::size_t bytes);

  std::atomic<std::uint64_t> map_moves_{0};
  std::unique_ptr<GuardFile> guard_;
  std::mutex writer_mutex_;
  std::atomic<std::thread::id> writer_thread_;

  mutable std::mutex readers_mutex_;
  std::vector<std::unique_ptr<ReadTransaction::State>> idle_readers_;  // GUARDED_BY(readers_mutex_)
  std::vector<const ReadTransaction::State*> readers_;                 // GUARDED_BY(readers_mutex_)
  std::atomic<Duration> next_age_warning_;  ///< The age that is worth the next warning.
};

}  // namespace tombolo::store
