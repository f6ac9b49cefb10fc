#pragma once

#include <cstddef>
#include <filesystem>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "store/environment.h"

namespace tombolo::client {

/// Which files of sync sessions are held open although nobody works with them at the moment: those
/// that were used last. What is let go closes with its last transaction and the last realm on it.
///
/// Thread:  callable from any thread. No lock is held while a file is opened or closed.
/// Source:  docs/sync-client.md, "Files and descriptors".
class OpenFiles {
 public:
  explicit OpenFiles(std::size_t count_max) : count_max_(count_max) {}

  /// As `store::Environment::open()`; when the process is out of descriptors it lets all files go
  /// and tries once more.
  ///
  /// Errors:  throws what that throws.
  [[nodiscard]] std::shared_ptr<store::Environment> open(const std::filesystem::path& path,
                                                         const store::EnvironmentOptions& options);
  /// Notes a use of the file: it is held, and the one that was not used for longest is let go if
  /// that is one too many.
  void hold(const std::shared_ptr<store::Environment>& environment);
  void let_go(const store::Environment* environment);

  /// How many are held at most from now on.
  void set_count_max(std::size_t count);
  [[nodiscard]] std::size_t count() const;

 private:
  using Held = std::list<std::shared_ptr<store::Environment>>;

  /// Takes out all but the newest `count`; the caller lets them go without the lock.
  [[nodiscard]] Held take_all_but(std::size_t count);

  mutable std::mutex mutex_;  ///< Guards all below.
  std::size_t count_max_;
  Held newest_first_;
  std::unordered_map<const store::Environment*, Held::iterator> places_;
};

}  // namespace tombolo::client
