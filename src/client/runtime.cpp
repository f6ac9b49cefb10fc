#include "client/runtime.h"

#include <algorithm>
#include <utility>

#include <malloc.h>
#include <openssl/crypto.h>

#include "base/assertion.h"
#include "base/open_file_limit.h"
#include "client/sync_session.h"

namespace tombolo::client {
namespace {

/// Integrations of different files run beside each other on these.
constexpr int kWorkers = 2;

/// Files of waiting sessions that stay open: at four descriptors each, a quarter of what the
/// process may have, and no more than what is worth its memory.
std::size_t open_files_max(std::uint64_t descriptors) {
  return static_cast<std::size_t>(std::clamp<std::uint64_t>(descriptors / 16, 8, 512));
}

/// LMDB allocates lists of 1 and 2 MiB for each open file and hardly touches them: new pages of the
/// system's cost nothing until then. Once the first file was closed glibc would take such chunks
/// from its heap, where they are in memory already or zeroed first. This keeps its thresholds,
/// which it would raise at that moment, just below them.
void keep_lists_of_files_untouched() {
#if defined(__GLIBC__)
  constexpr int kListBytes = 1 << 20;
  mallopt(M_MMAP_THRESHOLD, kListBytes);
  mallopt(M_TRIM_THRESHOLD, 2 * kListBytes);
#endif
}

/// How long the end of the process waits for a thread, which may itself wait for the write
/// transaction in which the process ends.
constexpr std::chrono::milliseconds kEndPatience(1000);

}  // namespace

/// The runtime that lives, and threads that end others.
struct Runtime::OfProcess {
  std::mutex mutex;
  std::weak_ptr<Runtime> current;      ///< Guarded by `mutex`.
  std::vector<OwnThread> undertakers;  ///< Guarded by `mutex`.
  std::shared_ptr<Runtime> in_use;     ///< By a thread that goes on when the process ends.

  void bury(Runtime* runtime) {
    const std::lock_guard lock(mutex);
    std::erase_if(undertakers, [](OwnThread& thread) {
      return thread.join_within(std::chrono::milliseconds(0));
    });
    undertakers.emplace_back([runtime] { delete runtime; });
  }

  /// A thread that went on while statics are destroyed would use what is gone.
  void end() {
    std::shared_ptr<Runtime> runtime;
    std::vector<OwnThread> ending;
    {
      const std::lock_guard lock(mutex);
      runtime = current.lock();
      ending = std::move(undertakers);
    }
    if (runtime) {
      runtime->stop();
      const bool have_ended = std::ranges::all_of(
          runtime->threads_, [](OwnThread& thread) { return thread.join_within(kEndPatience); });
      if (!have_ended) in_use = std::move(runtime);
    }
    for (OwnThread& thread : ending) {
      if (!thread.join_within(kEndPatience)) thread.leave();
    }
  }
};

Runtime::OfProcess& Runtime::of_process() {
  // OpenSSL ends with the process, too: statics that are made after its beginning end before it. It
  // begins when it is asked for something; for nothing it does nothing.
  static const int openssl = OPENSSL_init_crypto(OPENSSL_INIT_ADD_ALL_DIGESTS, nullptr);
  TOMBOLO_ASSERT(openssl == 1);
  // Never destroyed, for statics of the application may ask for a runtime while they are.
  static OfProcess& instance = *new OfProcess;
  static const std::shared_ptr<void> ending(nullptr, [](void*) { instance.end(); });
  return instance;
}

std::shared_ptr<Runtime> Runtime::shared() {
  OfProcess& process = of_process();
  const std::lock_guard lock(process.mutex);
  auto runtime = process.current.lock();
  if (!runtime) {
    runtime = std::shared_ptr<Runtime>(new Runtime, &Runtime::destroy);
    process.current = runtime;
  }
  return runtime;
}

Runtime::Runtime()
    : open_files_(std::make_shared<OpenFiles>(open_files_max(raise_open_file_limit()))) {
  keep_lists_of_files_untouched();
  threads_.emplace_back([this] { io_.run(); });
  for (int i = 0; i < kWorkers; ++i) threads_.emplace_back([this] { workers_.run(); });
}

Runtime::~Runtime() {
  stop();
  for (OwnThread& thread : threads_) thread.join();
}

void Runtime::stop() {
  io_.stop();
  workers_.stop();
}

bool Runtime::owns_this_thread() const noexcept {
  return std::ranges::any_of(threads_, &OwnThread::is_this);
}

void Runtime::destroy(Runtime* runtime) {
  // The last holder may be a task of our own threads, which cannot wait for themselves.
  if (runtime->owns_this_thread()) {
    of_process().bury(runtime);
  } else {
    delete runtime;
  }
}

std::shared_ptr<SyncSession> Runtime::session_of(
    const std::filesystem::path& file, const std::function<std::shared_ptr<SyncSession>()>& make) {
  const std::lock_guard lock(mutex_);
  std::weak_ptr<SyncSession>& known = sessions_[file];
  auto session = known.lock();
  if (!session || session->is_closed()) {
    session = make();
    known = session;
  }
  return session;
}

void Runtime::forget_session(const std::filesystem::path& file, const SyncSession* session) {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(file);
  if (found == sessions_.end()) return;
  const auto known = found->second.lock();
  if (!known || known.get() == session) sessions_.erase(found);
}

std::shared_ptr<SyncSession> Runtime::find_session(const std::filesystem::path& file) {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(file);
  return found == sessions_.end() ? nullptr : found->second.lock();
}

void Runtime::keep_key(const std::filesystem::path& file, const store::EncryptionKey& key) {
  const std::lock_guard lock(keys_mutex_);
  kept_keys_[std::filesystem::weakly_canonical(file)] = key;
}

std::optional<store::EncryptionKey> Runtime::kept_key(const std::filesystem::path& file) {
  const std::lock_guard lock(keys_mutex_);
  const auto found = kept_keys_.find(std::filesystem::weakly_canonical(file));
  return found == kept_keys_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace tombolo::client
