#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "store/environment.h"
#include "test/e2e/server_process.h"
#include "test/support/temporary_directory.h"
#include "tombolo/tombolo.h"

/// A server in its own process and devices in this one, on loopback, everything durable.
namespace tombolo::bench {

/// The object that is synced: 4 properties.
struct Item {
  static constexpr std::string_view class_name = "Item";
  static constexpr Key<std::int64_t> id{"_id"};
  static constexpr Field<std::string> name{"name"};
  static constexpr Field<std::int64_t> count{"count"};
  static constexpr Field<bool> is_done{"is_done"};
  static constexpr auto properties = std::tuple(id, name, count, is_done);
};

/// What a process has allocated, without the pages of files that it maps. `process` is a number or
/// "self".
[[nodiscard]] double anonymous_bytes(const std::string& process);

/// `build/bin/tombolo serve --dev`.
class ServerFixture {
 public:
  explicit ServerFixture(const std::filesystem::path& data,
                         const std::string& listen = "127.0.0.1:0");
  ~ServerFixture();

  [[nodiscard]] const std::string& url() const noexcept { return url_; }
  [[nodiscard]] double anonymous_bytes() const { return bench::anonymous_bytes(process()); }
  /// Its number, as /proc has it.
  [[nodiscard]] std::string process() const { return std::to_string(process_.pid()); }

 private:
  test::ServerProcess process_;
  std::string url_;
  std::thread errors_;  ///< Reads what is logged, so that the pipe never fills.
};

/// Counts the commits of a file, whoever makes them in this process.
class CommitWatch {
 public:
  explicit CommitWatch(const std::filesystem::path& file);
  [[nodiscard]] std::uint64_t count() const;
  /// Waits until there are more than `count`; ends the program after a minute.
  void wait_for_more_than(std::uint64_t count) const;

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::uint64_t count_ = 0;
  std::shared_ptr<store::Environment> environment_;
  store::Observation observation_;  // Last: it goes first.
};

/// A user with an app of its own: one device.
class Device {
 public:
  /// Whether its sessions share one connection.
  enum class Connections { kOne, kOneForEachSession };
  Device(const ServerFixture& server,
         std::filesystem::path directory,
         Connections connections = Connections::kOne);

  /// The file `name` of this device, synced with `partition`.
  [[nodiscard]] Realm open(const std::string& name,
                           const std::string& partition,
                           StopPolicy stop_policy = StopPolicy::kAfterUpload) const;
  [[nodiscard]] std::vector<SyncSession> sessions() const { return user_.sync_sessions(); }

 private:
  std::filesystem::path directory_;
  App app_;
  User user_;
};

/// Writes objects of consecutive ids from `first` on, `count` in all, in transactions of `batch`.
void insert(Realm& realm, std::int64_t first, std::int64_t count, std::int64_t batch);

// Each of these ends the program with a message when it fails.

void expect_objects(const Realm& realm, std::int64_t count);
void upload(const Realm& realm);
void download(const Realm& realm);

}  // namespace tombolo::bench
