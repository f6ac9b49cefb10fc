#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

#include "base/logging.h"

namespace tombolo {

/// What a log line is about. Categories form a tree by their names.
enum class LogCategory : std::uint8_t {
  kRealm,
  kStorage,
  kStorageTransaction,
  kStorageQuery,
  kStorageObject,
  kStorageNotification,
  kSync,
  kSyncClient,
  kSyncClientSession,
  kSyncClientChangeset,
  kSyncClientNetwork,
  kSyncClientReset,
  kSyncServer,
  kApp,
  kSdk,
};

/// The public names, in the order of the enumeration.
inline constexpr std::array<std::string_view, 15> kLogCategoryNames{
    "Realm",
    "Realm.Storage",
    "Realm.Storage.Transaction",
    "Realm.Storage.Query",
    "Realm.Storage.Object",
    "Realm.Storage.Notification",
    "Realm.Sync",
    "Realm.Sync.Client",
    "Realm.Sync.Client.Session",
    "Realm.Sync.Client.Changeset",
    "Realm.Sync.Client.Network",
    "Realm.Sync.Client.Reset",
    "Realm.Sync.Server",
    "Realm.App",
    "Realm.SDK",
};
[[nodiscard]] constexpr std::string_view log_category_name(LogCategory category) noexcept {
  return kLogCategoryNames[static_cast<std::size_t>(category)];
}
[[nodiscard]] std::optional<LogCategory> find_log_category(std::string_view name) noexcept;

/// Where the log lines of a process go that were given no logger of their own: to one function,
/// each category from its own level on. Silent until it is told otherwise.
///
/// Thread:  callable from any thread.
class LogHub {
 public:
  using Sink = std::function<void(LogCategory category, LogLevel level, std::string_view line)>;

  /// The one of this process.
  [[nodiscard]] static LogHub& shared();

  /// Of the category and all below it.
  void set_level(LogCategory category, LogLevel level);
  [[nodiscard]] LogLevel level(LogCategory category) const noexcept;
  /// `sink` is called on whatever thread logs; null drops every line.
  void set_sink(Sink sink);
  /// Writes as `category`; follows later changes of level and sink.
  [[nodiscard]] std::shared_ptr<Logger> logger(LogCategory category);

 private:
  class CategoryLogger;

  std::array<std::atomic<LogLevel>, kLogCategoryNames.size()> levels_{};  ///< `kOff` at first.
  std::mutex mutex_;
  std::shared_ptr<const Sink> sink_;  ///< Guarded by `mutex_`.
};

}  // namespace tombolo
