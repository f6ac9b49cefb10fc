#pragma once

#include <cstdint>
#include <vector>

#include "store/change_log.h"
#include "store/ids.h"

namespace tombolo::store {

/// Notes what a write transaction does to the objects of one realm, in the order in which it
/// happens, and sums it up at the commit.
///
/// Thread:  that of the transaction.
class ChangeTracker {
 public:
  void inserted(ObjectRef object) { note(object, Kind::kInserted, 0); }
  void erased(ObjectRef object) { note(object, Kind::kErased, 0); }
  void modified(ObjectRef object, PropertyId property) {
    constexpr std::uint32_t kLastBit = 63;
    const std::uint32_t bit = property.value() < kLastBit ? property.value() : kLastBit;
    note(object, Kind::kModified, std::uint64_t{1} << bit);
  }
  /// Beside `modified` for the property.
  void elements_changed(const CollectionRef& collection, const ElementChange& change);
  void schema_changed() noexcept { schema_changed_ = true; }

  /// What happened, each object once.
  [[nodiscard]] RealmChanges summarize(RealmId realm);

 private:
  enum class Kind : std::uint8_t { kInserted, kErased, kModified };
  struct Event {
    ObjectRef object;
    Kind kind;
    std::uint64_t properties;
  };

  void summarize_elements(RealmChanges& changes);
  void note(ObjectRef object, Kind kind, std::uint64_t properties) {
    if (!events_.empty() && events_.back().object == object) {
      Event& last = events_.back();
      if (kind == Kind::kModified && last.kind != Kind::kErased) {
        last.properties |= properties;
        return;
      }
    }
    events_.push_back({object, kind, properties});
  }

  struct ElementEvent {
    CollectionRef collection;
    ElementChange change;
  };

  std::vector<Event> events_;
  std::vector<ElementEvent> element_events_;
  bool schema_changed_ = false;
};

}  // namespace tombolo::store
