#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace tombolo {

class RealmCore;

/// The open realms of this process by file, but for frozen ones.
///
/// Thread:  callable from any thread.
class OpenRealms {
 public:
  static OpenRealms& shared();

  void add(const std::string& file, RealmCore& realm);
  /// Without effect for one that is not there.
  void remove(const std::string& file, const RealmCore& realm) noexcept;
  /// Those of this thread, in the order in which they were opened.
  [[nodiscard]] std::vector<std::shared_ptr<RealmCore>> of_this_thread(
      const std::string& file) const;

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::vector<RealmCore*>> realms_;
};

}  // namespace tombolo
