#include "store/environment.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <sodium/core.h>
#include <unistd.h>

#include "base/assertion.h"
#include "base/error.h"
#include "base/random.h"
#include "store/compaction.h"
#include "store/environment_internals.h"
#include "store/file_descriptor.h"
#include "store/keys.h"
#include "store/private_directory.h"
#include "store/realm_names.h"

namespace tombolo::store {
namespace {

constexpr std::array<char, 8> kMagic{'t', 'o', 'm', 'b', 'o', 'l', 'o', '\0'};
/// Format 2 has indexes of properties, format 4 is encrypted, and so was format 3, which hid index
/// words otherwise and is not read. A file that is not encrypted is of format 2.
constexpr std::uint32_t kPlainFormat = 2;
constexpr std::uint32_t kEncryptedFormat = 4;
constexpr std::size_t kPageBytes = 4096;

/// The record under `Space::kHeader`.
struct Header {
  std::array<char, 8> magic = kMagic;
  std::uint32_t format_version = kPlainFormat;
  std::uint32_t is_encrypted = 0;
  HashKey hash_key{};  ///< Zeros in an encrypted file: it derives it from its key.
};

/// What follows the header in an encrypted file.
struct EncryptionHeader {
  FileSalt salt{};
  std::array<std::byte, kSealBytes> seal{};  ///< Of no bytes: opens with the right key only.
};

/// The key under which it is sealed: that of the record and all before the seal.
Bytes place_of_seal(const Header& header, const FileSalt& salt) {
  Bytes place = to_bytes(Key(kEnvironmentRealm, Space::kHeader).view());
  for (const BytesView part : {std::as_bytes(std::span(&header, 1)), BytesView(salt)}) {
    place.insert(place.end(), part.begin(), part.end());
  }
  return place;
}

/// LMDB maps the file of its readers and leaves it sparse: a page of it for which the disk has no
/// room when it is touched ends the process. So it gets its room here.
///
/// Thread:  while this process does not have the environment open: LMDB's locks on the file would
///          end with this descriptor.
void reserve_lock_file(const std::string& path, unsigned readers_max) {
  constexpr off_t kHeaderBytes = 256;
  constexpr off_t kReaderBytes = 64;
  const FileDescriptor file(path, O_RDWR | O_CREAT);
  if (!file.is_open()) check_lmdb(errno, "open");
  check_lmdb(::posix_fallocate(file.get(), 0, kHeaderBytes + kReaderBytes * readers_max),
             "posix_fallocate");
}

/// Whether LMDB can keep a list of readers in that file.
///
/// Thread:  while this process does not have the environment open.
bool may_write(const std::string& path) {
  const FileDescriptor file(path, O_RDWR | O_CREAT);
  return file.is_open() || (errno != EACCES && errno != EROFS);
}

/// Empties a file of LMDB that a full disk has cut off while it was made: nothing is in it yet, but
/// it would be taken for a damaged one.
///
/// Thread:  the holder of the writer's lock.
void clear_unfinished_file(const std::string& path) {
  constexpr off_t kMagicOffset = 16;
  constexpr std::uint32_t kLmdbMagic = 0xBEEFC0DE;
  const FileDescriptor file(path, O_RDWR);
  if (!file.is_open()) return;
  const off_t bytes = ::lseek(file.get(), 0, SEEK_END);
  if (bytes >= static_cast<off_t>(2 * kPageBytes)) return;
  std::uint32_t magic = 0;
  if (::pread(file.get(), &magic, sizeof magic, kMagicOffset) == sizeof magic &&
      magic == kLmdbMagic) {
    check_lmdb(::ftruncate(file.get(), 0) == 0 ? 0 : errno, "ftruncate");
  }
}

/// The environments that are open in this process. LMDB allows one per file.
class Registry {
 public:
  using Open = std::function<std::shared_ptr<Environment>()>;

  std::shared_ptr<Environment> find_or_open(const std::string& path, const Open& open) {
    {
      std::unique_lock lock(mutex_);
      for (;;) {
        const auto [entry, is_new] = entries_.try_emplace(path);
        if (is_new) break;
        if (auto environment = entry->second.lock()) return environment;
        changed_.wait(lock);  // It is being opened or closed.
      }
    }
    // Opening may wait for another process: no lock is held meanwhile.
    try {
      auto environment = open();
      const std::lock_guard lock(mutex_);
      entries_[path] = environment;
      changed_.notify_all();
      return environment;
    } catch (...) {
      remove(path);
      throw;
    }
  }
  void remove(const std::string& path) {
    const std::lock_guard lock(mutex_);
    entries_.erase(path);
    changed_.notify_all();
  }
  /// Runs `work` when nobody here has the file open; who opens it meanwhile waits.
  void run_closed(const std::string& path, const std::function<void()>& work) {
    {
      const std::lock_guard lock(mutex_);
      if (!entries_.try_emplace(path).second) return;
    }
    const std::shared_ptr<void> at_the_end(nullptr, [&](void*) { remove(path); });
    work();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::weak_ptr<Environment>> entries_;  ///< Null while one is opened.
};

Registry& registry() {
  // Never destroyed: an environment may close while statics are.
  static Registry& instance = *new Registry;
  return instance;
}

std::filesystem::path canonical_of(const std::filesystem::path& path) {
  std::error_code failure;
  std::filesystem::path canonical = std::filesystem::weakly_canonical(path, failure);
  if (!failure) return canonical;
  throw Error(
      failure == std::errc::permission_denied ? ErrorCode::kPermissionDenied : ErrorCode::kStorage,
      "cannot open '" + path.string() + "': " + failure.message(),
      ForeignError{"errno", failure.value(), "realpath"});
}

/// Runs `work`. What the system says of a call names no file, so that the error is given its name.
template <typename Work>
std::invoke_result_t<Work> naming_the_file(const char* verb,
                                           const std::filesystem::path& file,
                                           const Work& work) {
  try {
    return work();
  } catch (const Error& error) {
    if (!error.foreign() || error.message().find(file.string()) != std::string::npos) throw;
    throw Error(error.code(),
                std::string("cannot ") + verb + " '" + file.string() + "': " + error.message(),
                *error.foreign());
  }
}

}  // namespace

std::shared_ptr<void> Notifier::add(Observer observer) {
  auto shared = std::make_shared<Observer>(std::move(observer));
  const std::lock_guard lock(mutex_);
  std::erase_if(observers_, [](const auto& other) { return other.expired(); });
  observers_.push_back(shared);
  return shared;
}

bool Notifier::has_observers() const {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(observers_, [](const auto& other) { return !other.expired(); });
}

void Notifier::push(std::shared_ptr<const Commit> commit) {
  const std::lock_guard lock(mutex_);
  commits_.push_back(std::move(commit));
}

void Notifier::deliver() {
  std::unique_lock lock(mutex_);
  if (is_delivering_) return;
  is_delivering_ = true;
  while (!commits_.empty()) {
    const std::shared_ptr<const Commit> commit = std::move(commits_.front());
    commits_.pop_front();
    std::vector<std::shared_ptr<Observer>> observers;
    for (const auto& observer : observers_) {
      if (auto locked = observer.lock()) observers.push_back(std::move(locked));
    }
    lock.unlock();
    for (const auto& observer : observers) (*observer)(commit);
    observers.clear();
    lock.lock();
  }
  is_delivering_ = false;
}

Environment::Internals::Internals(std::filesystem::path file,
                                  const EnvironmentOptions& chosen,
                                  GuardFile::Access access)
    : path(std::move(file)),
      options(chosen),
      next_age_warning_(chosen.reader_age_warning) {
  TOMBOLO_ASSERT(sodium_init() >= 0);
  shared.write_cache_bytes_max = options.write_cache_bytes_max;
  // Nobody opens the files of one in memory again, so they need no name.
  std::optional<PrivateDirectory> unnamed;
  if (options.in_memory) unnamed.emplace();
  const std::string opened = (unnamed ? unnamed->path() / "realm" : path).string();
  guard_ = std::make_unique<GuardFile>(opened + "-guard", access);
  if (!options.read_only) remove_unfinished_copy(opened);
  try {
    open_file(opened);
    read_or_write_header();
  } catch (...) {
    mdb_env_close(environment);
    throw;
  }
}

Environment::Internals::~Internals() {
  idle_readers_.clear();
  mdb_env_close(environment);
}

void Environment::Internals::open_file(const std::string& file) {
  check_lmdb(mdb_env_create(&environment), "mdb_env_create");
  check_lmdb(mdb_env_set_mapsize(environment, options.map_bytes), "mdb_env_set_mapsize");
  check_lmdb(mdb_env_set_maxreaders(environment, options.readers_max), "mdb_env_set_maxreaders");
  unsigned flags = MDB_NOSUBDIR | MDB_NOTLS;
  if (options.read_only) {
    flags |= MDB_RDONLY;
    if (!may_write(file + "-lock")) flags |= MDB_NOLOCK;
  }
  if (options.durability == Durability::kDeferred || options.in_memory) flags |= MDB_NOSYNC;
  constexpr mdb_mode_t kMode = 0600;
  if (!options.read_only) {
    reserve_lock_file(file + "-lock", options.readers_max);
    std::error_code absent;
    const std::uintmax_t bytes = std::filesystem::file_size(file, absent);
    if (!absent && bytes > 0 && bytes < 2 * kPageBytes) {
      guard_->lock_writer();
      const std::shared_ptr<void> unlock(nullptr, [this](void*) { guard_->unlock_writer(); });
      clear_unfinished_file(file);
    }
  }
  check_lmdb(mdb_env_open(environment, file.c_str(), flags, kMode), "mdb_env_open");
  int dead_readers = 0;
  check_lmdb(mdb_reader_check(environment, &dead_readers), "mdb_reader_check");
}

void Environment::Internals::read_or_write_header() {
  MDB_txn* transaction = nullptr;
  check_lmdb(mdb_txn_begin(environment, nullptr, MDB_RDONLY, &transaction), "mdb_txn_begin");
  const int opened = mdb_dbi_open(transaction, nullptr, 0, &tree);
  check_lmdb(opened == 0 ? mdb_txn_commit(transaction) : opened, "mdb_dbi_open");

  const auto is_new = [this] {
    MDB_stat statistics;
    check_lmdb(mdb_env_stat(environment, &statistics), "mdb_env_stat");
    return statistics.ms_entries == 0;
  };
  // Who opens what is there waits for no writer.
  if (!options.read_only && is_new()) {
    lock_writer();
    const std::shared_ptr<void> unlock(nullptr, [this](void*) { unlock_writer(); });
    if (is_new()) write_new_file();
  }
  KeyValueTransaction reading(tree, nullptr);
  reading.begin_read(environment, map_moves());
  const auto record = reading.find(Key(kEnvironmentRealm, Space::kHeader));
  Header header;
  if (!record || record->size() < sizeof(header)) {
    throw Error(ErrorCode::kFileCorrupt, "'" + path.string() + "' is no database of this library");
  }
  std::memcpy(&header, record->data(), sizeof(header));
  if (header.magic != kMagic) {
    throw Error(ErrorCode::kFileCorrupt, "'" + path.string() + "' is no database of this library");
  }
  if (header.format_version > kEncryptedFormat) {
    throw Error(ErrorCode::kFileFormatTooNew,
                "'" + path.string() + "' has format " + std::to_string(header.format_version) +
                    "; this version knows up to " + std::to_string(kEncryptedFormat));
  }
  if (header.is_encrypted != 0) {
    if (header.format_version != kEncryptedFormat) {
      throw Error(ErrorCode::kFileCorrupt,
                  "'" + path.string() + "' has format " + std::to_string(header.format_version) +
                      ", and encrypted files are read of format " +
                      std::to_string(kEncryptedFormat) + " only");
    }
    if (encryption == nullptr) take_key(*record);
    shared.index_keys = encryption->keys.index;
    return;
  }
  if (options.encryption_key) refuse_key("decryption failed, it is not encrypted");
  shared.index_keys.text = header.hash_key;
  reading.end_read();
  if (header.format_version < kPlainFormat && !options.read_only) upgrade_format();
}

/// The writer's lock is held.
void Environment::Internals::write_new_file() {
  Header header;
  EncryptionHeader sealed;
  if (options.encryption_key) {
    header.format_version = kEncryptedFormat;
    header.is_encrypted = 1;
    fill_random(sealed.salt);
    const FileKeys keys = derive_keys(*options.encryption_key, sealed.salt);
    encryption = std::make_unique<Encryption>(path, keys, options.opened_bytes_max);
    Sealer(keys.sealing).seal(place_of_seal(header, sealed.salt), {}, {}, sealed.seal);
  } else {
    fill_random(header.hash_key);
  }
  KeyValueTransaction writing(tree, this, encryption.get());
  writing.begin_write();
  writing.put(Key(kEnvironmentRealm, Space::kHeader),
              std::as_bytes(std::span(&header, 1)),
              encryption ? std::as_bytes(std::span(&sealed, 1)) : BytesView());
  writing.put(Key(kEndRealm, Space::kEnd), {});
  create_realm(writing, "");
  writing.commit();
}

void Environment::Internals::take_key(BytesView record) {
  Header header;
  EncryptionHeader sealed;
  if (record.size() != sizeof(header) + sizeof(sealed)) {
    throw Error(ErrorCode::kFileCorrupt, "'" + path.string() + "' has a header of a wrong size");
  }
  std::memcpy(&header, record.data(), sizeof(header));
  std::memcpy(&sealed, record.data() + sizeof(header), sizeof(sealed));
  if (!options.encryption_key)
    refuse_key("it is encrypted and no key was given (header has invalid mnemonic)");
  const FileKeys keys = derive_keys(*options.encryption_key, sealed.salt);
  if (!Sealer(keys.sealing).open(place_of_seal(header, sealed.salt), sealed.seal, {})) {
    refuse_key("decryption failed, it is encrypted with another key");
  }
  encryption = std::make_unique<Encryption>(path, keys, options.opened_bytes_max);
}

void Environment::Internals::refuse_key(const char* reason) const {
  throw Error(ErrorCode::kWrongKey, "'" + path.string() + "': " + reason);
}

/// All that an older format has is the same in this one.
void Environment::Internals::upgrade_format() {
  lock_writer();
  const std::shared_ptr<void> unlock(nullptr, [this](void*) { unlock_writer(); });
  KeyValueTransaction writing(tree, this);
  writing.begin_write();
  Header header;
  header.hash_key = shared.index_keys.text;
  writing.put(Key(kEnvironmentRealm, Space::kHeader), std::as_bytes(std::span(&header, 1)));
  writing.commit();
}

std::unique_ptr<ReadTransaction::State> Environment::Internals::take_reader() {
  const std::lock_guard lock(readers_mutex_);
  if (!idle_readers_.empty()) {
    auto state = std::move(idle_readers_.back());
    idle_readers_.pop_back();
    return state;
  }
  auto state = std::make_unique<ReadTransaction::State>(tree, encryption.get(), *options.clock);
  readers_.push_back(state.get());
  return state;
}

void Environment::Internals::give_back(std::unique_ptr<ReadTransaction::State> state) noexcept {
  const std::lock_guard lock(readers_mutex_);
  constexpr std::size_t kIdleReadersMax = 16;
  if (idle_readers_.size() < kIdleReadersMax) {
    idle_readers_.push_back(std::move(state));
  } else {
    std::erase(readers_, state.get());
  }
}

void Environment::Internals::lock_writer() {
  if (options.read_only) throw Error(ErrorCode::kReadOnly, "'" + path.string() + "' is read-only");
  if (writer_thread_.load() == std::this_thread::get_id()) {
    throw Error(ErrorCode::kInTransaction, "this thread has the write transaction open already");
  }
  std::unique_lock lock(writer_mutex_);
  guard_->lock_writer();
  writer_thread_ = std::this_thread::get_id();
  lock.release();
}

void Environment::Internals::unlock_writer() noexcept {
  writer_thread_ = std::thread::id();
  guard_->unlock_writer();
  writer_mutex_.unlock();
}

MDB_txn* Environment::Internals::begin_write_transaction() {
  MDB_txn* transaction = nullptr;
  int code = mdb_txn_begin(environment, nullptr, 0, &transaction);
  if (code == MDB_MAP_RESIZED) {
    resize_map(0);
    code = mdb_txn_begin(environment, nullptr, 0, &transaction);
  }
  check_lmdb(code, "mdb_txn_begin");
  return transaction;
}

MDB_envinfo Environment::Internals::info() const {
  MDB_envinfo info;
  check_lmdb(mdb_env_info(environment, &info), "mdb_env_info");
  return info;
}

std::size_t Environment::Internals::room_pages() const {
  const MDB_envinfo now = info();
  const std::size_t map = now.me_mapsize / kPageBytes;
  const std::size_t used = now.me_last_pgno + 1;
  // A commit writes the list of free pages, a few bytes for each page that it freed.
  const std::size_t kept = 256 + used / 128;
  return map > used + kept ? map - used - kept : 0;
}

void Environment::Internals::grow(std::size_t pages) {
  const MDB_envinfo now = info();
  const std::size_t used = now.me_last_pgno + 1;
  const std::size_t needed = (used + pages + 256 + used / 64 + pages / 64) * kPageBytes;
  resize_map(std::max(2 * now.me_mapsize, needed));
}

/// Moves the map; 0 bytes: to the size that another process gave it.
void Environment::Internals::resize_map(std::size_t bytes) {
  const ClosedGate closed(gate, options.growth_wait_max);
  if (!closed.is_closed()) {
    const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(oldest_reader_age());
    throw Error(ErrorCode::kStorage,
                "the map of '" + path.string() + "' cannot grow: " +
                    std::to_string(gate.readers()) + " snapshots of this process are open, the " +
                    "oldest for " + std::to_string(age.count()) + " ms");
  }
  move_map(bytes);
}

void Environment::Internals::move_map(std::size_t bytes) {
  ++map_moves_;
  check_lmdb(mdb_env_set_mapsize(environment, bytes), "mdb_env_set_mapsize");
}

void Environment::Internals::adopt_map_size() {
  const std::lock_guard lock(writer_mutex_);
  resize_map(0);
}

void Environment::Internals::grow_early() {
  const MDB_envinfo now = info();
  if ((now.me_last_pgno + 1) * kPageBytes * 2 < now.me_mapsize) return;
  const ClosedGate closed(gate, std::chrono::milliseconds(0));
  if (!closed.is_closed()) return;
  move_map(2 * now.me_mapsize);
}

Duration Environment::Internals::oldest_reader_age() const {
  const std::lock_guard lock(readers_mutex_);
  TimePoint oldest = TimePoint::max();
  for (const ReadTransaction::State* reader : readers_) {
    const TimePoint started = reader->started();
    if (started != TimePoint()) oldest = std::min(oldest, started);
  }
  return oldest == TimePoint::max() ? Duration(0) : options.clock->now() - oldest;
}

void Environment::Internals::note_commit() {
  {
    const std::lock_guard lock(commit_mutex);
    committed.notify_all();
  }
  if (options.logger == nullptr) return;
  const Duration age = oldest_reader_age();
  if (age < next_age_warning_.load()) {
    if (age < options.reader_age_warning) next_age_warning_ = options.reader_age_warning;
    return;
  }
  next_age_warning_ = 2 * age;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(age).count();
  options.logger->warn("store_reader_old age_s=" + std::to_string(seconds) + " file=\"" +
                       path.string() + "\"");
}

std::shared_ptr<Environment> Environment::open(const std::filesystem::path& path,
                                               const EnvironmentOptions& options) {
  const std::filesystem::path canonical = canonical_of(path);
  const auto access = options.exclusive   ? GuardFile::Access::kExclusive
                      : options.read_only ? GuardFile::Access::kReading
                                          : GuardFile::Access::kShared;
  auto environment = registry().find_or_open(canonical.string(), [&] {
    return naming_the_file("open", canonical, [&] {
      return std::shared_ptr<Environment>(
          new Environment(std::make_unique<Internals>(canonical, options, access)));
    });
  });
  if (environment->options().read_only != options.read_only ||
      environment->options().exclusive != options.exclusive ||
      environment->options().in_memory != options.in_memory) {
    throw Error(ErrorCode::kInvalidArgument,
                "'" + path.string() + "' is already opened in this process with different options");
  }
  const auto& own_key = environment->options().encryption_key;
  if (own_key.has_value() != options.encryption_key.has_value() ||
      (own_key && !keys_equal(*own_key, *options.encryption_key))) {
    throw Error(ErrorCode::kWrongKey,
                "'" + path.string() + "' is open in this process with another key, or with none");
  }
  return environment;
}

std::optional<Compaction> Environment::compact(const std::filesystem::path& path,
                                               EnvironmentOptions options) {
  const std::filesystem::path canonical = canonical_of(path);
  options.exclusive = true;
  std::optional<Compaction> done;
  try {
    registry().run_closed(canonical.string(), [&] {
      naming_the_file("compact", canonical, [&] {
        const Internals opened(canonical, options, GuardFile::Access::kBrief);
        done = replace_by_compacted(opened.environment, canonical);
      });
    });
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kFileInUse) throw;
  }
  return done;
}

Environment::Environment(std::unique_ptr<Internals> internals) : internals_(std::move(internals)) {}

Environment::~Environment() {
  const std::string path = internals_->path.string();
  internals_.reset();
  registry().remove(path);
}

ReadTransaction Environment::begin_read() {
  auto state = internals_->take_reader();
  state->owner = shared_from_this();
  state->begin(*internals_);
  return ReadTransaction(std::move(state));
}

CommitId Environment::newest_commit() const {
  return CommitId(internals_->info().me_last_txnid);
}

bool Environment::wait_for_commit(CommitId after, Duration timeout) const {
  constexpr Duration kLookInterval = std::chrono::milliseconds(10);
  const TimePoint end = internals_->options.clock->now() + timeout;
  std::unique_lock lock(internals_->commit_mutex);
  while (newest_commit() <= after) {
    const Duration rest = end - internals_->options.clock->now();
    if (rest <= Duration(0)) return false;
    internals_->committed.wait_for(lock, std::min(rest, kLookInterval));
  }
  return true;
}

Observation Environment::observe(
    std::function<void(const std::shared_ptr<const Commit>&)> observer) {
  return Observation(internals_->notifier.add(std::move(observer)));
}

EnvironmentStats Environment::stats() const {
  const MDB_envinfo info = internals_->info();
  return {.used_bytes = (info.me_last_pgno + 1) * kPageBytes,
          .map_bytes = info.me_mapsize,
          .readers = internals_->gate.readers(),
          .oldest_reader_age = internals_->oldest_reader_age()};
}

FileUsage Environment::usage() {
  const ReadTransaction snapshot = begin_read();  // Keeps the map where it is.
  return measure_usage(internals_->environment);
}

const std::filesystem::path& Environment::path() const noexcept {
  return internals_->path;
}
const EnvironmentOptions& Environment::options() const noexcept {
  return internals_->options;
}

}  // namespace tombolo::store
