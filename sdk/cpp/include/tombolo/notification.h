#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tombolo {

/// Keeps a callback registered. When it goes, or `stop()` was called, the callback is not called
/// again; both may be done inside the callback itself.
///
/// Thread:  the realm's.
class [[nodiscard]] NotificationToken {
 public:
  NotificationToken() = default;
  explicit NotificationToken(std::function<void()> unregister)
      : unregister_(std::move(unregister)) {}
  NotificationToken(NotificationToken&& other) noexcept
      : unregister_(std::exchange(other.unregister_, nullptr)) {}
  NotificationToken& operator=(NotificationToken&& other) noexcept {
    stop();
    unregister_ = std::exchange(other.unregister_, nullptr);
    return *this;
  }
  ~NotificationToken() { stop(); }

  void stop() {
    if (auto unregister = std::exchange(unregister_, nullptr)) unregister();
  }

 private:
  std::function<void()> unregister_;
};

/// Which changes an observer hears of: names of properties, behind links joined by dots; `*` stands
/// for all properties: "name", "owner.name", "owner.*". A change on the way to the last name counts
/// too. Without key paths an object tells of its own properties, a collection of those of its
/// objects and of what they link to, three links on. With an empty list they tell only of
/// deletions, and collections of insertions.
using KeyPaths = std::optional<std::vector<std::string>>;

/// What happened to a collection since the last call, as positions in ascending order: `deletions`
/// and `old_modifications` count in what the last call showed, the others in what is there now. All
/// are empty in the first call.
struct CollectionChanges {
  std::vector<std::size_t> deletions;
  std::vector<std::size_t> insertions;
  std::vector<std::size_t> old_modifications;
  std::vector<std::size_t> new_modifications;

  [[nodiscard]] bool empty() const noexcept {
    return deletions.empty() && insertions.empty() && new_modifications.empty();
  }

  friend bool operator==(const CollectionChanges&, const CollectionChanges&) = default;
};

/// What happened to a dictionary since the last call, as keys in ascending order. A key that was
/// removed and put in again is among the modifications.
struct DictionaryChanges {
  std::vector<std::string> deletions;
  std::vector<std::string> insertions;
  std::vector<std::string> modifications;

  friend bool operator==(const DictionaryChanges&, const DictionaryChanges&) = default;
};

/// What happened to an object since the last call. After `deleted` there is no further call.
struct ObjectChanges {
  bool deleted = false;
  std::vector<std::string> changed_properties;
};

}  // namespace tombolo
