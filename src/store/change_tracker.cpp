#include "store/change_tracker.h"

#include <algorithm>

namespace tombolo::store {

void ChangeTracker::elements_changed(const CollectionRef& collection, const ElementChange& change) {
  if (!element_events_.empty() && element_events_.back().collection == collection) {
    // Runs of insertions and of erasures are one change: lists are mostly filled and
    // emptied so.
    ElementChange& last = element_events_.back().change;
    const bool goes_on =
        last.kind == change.kind &&
        ((change.kind == ElementChange::Kind::kInsert &&
          change.position == last.position + last.count) ||
         (change.kind == ElementChange::Kind::kErase && change.position == last.position));
    if (goes_on) {
      last.count += change.count;
      return;
    }
  }
  element_events_.push_back({collection, change});
}

void ChangeTracker::summarize_elements(RealmChanges& changes) {
  std::ranges::stable_sort(element_events_, {}, &ElementEvent::collection);
  for (const ElementEvent& event : element_events_) {
    if (changes.collections.empty() || changes.collections.back().collection != event.collection) {
      changes.collections.push_back({event.collection, {}});
    }
    changes.collections.back().changes.push_back(event.change);
  }
}

RealmChanges ChangeTracker::summarize(RealmId realm) {
  std::ranges::stable_sort(events_, {}, &Event::object);
  RealmChanges changes{
      .realm = realm, .schema_changed = schema_changed_, .classes = {}, .collections = {}};
  summarize_elements(changes);
  for (auto event = events_.begin(); event != events_.end();) {
    const ObjectRef object = event->object;
    // An object that is erased first was there before; one that is inserted first was not.
    const bool was_there = event->kind != Kind::kInserted;
    bool is_there = was_there;
    bool was_replaced = false;
    std::uint64_t properties = 0;
    for (; event != events_.end() && event->object == object; ++event) {
      if (event->kind == Kind::kErased) was_replaced = true;
      if (event->kind != Kind::kModified) is_there = event->kind == Kind::kInserted;
      properties |= event->properties;
    }
    if (!was_there && !is_there) continue;
    if (changes.classes.empty() || changes.classes.back().class_id != object.class_id) {
      changes.classes.push_back({.class_id = object.class_id});
    }
    ClassChanges& of_class = changes.classes.back();
    if (!was_there) {
      of_class.inserted.push_back(object.row);
    } else if (!is_there) {
      of_class.erased.push_back(object.row);
    } else {
      // Revived in the same transaction: whatever it held may be different now.
      if (was_replaced) properties = ~std::uint64_t{0};
      of_class.modified.push_back({object.row, properties});
    }
  }
  return changes;
}

}  // namespace tombolo::store
