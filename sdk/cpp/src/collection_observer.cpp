#include "collection_observer.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <string>
#include <unordered_set>
#include <utility>

#include "collection_delta.h"
#include "nested_collection.h"
#include "realm_core.h"

namespace tombolo {
namespace {

using Positions = std::vector<std::uint32_t>;
using Keys = std::vector<std::string>;

/// Where an element stands that applications see: without the hidden ones before it.
std::size_t visible(const Positions& hidden, std::uint32_t position) {
  return position -
         static_cast<std::size_t>(std::ranges::lower_bound(hidden, position) - hidden.begin());
}
bool is_hidden(const Positions& hidden, std::uint32_t position) {
  return std::ranges::binary_search(hidden, position);
}

/// Collects what the application is told, while a collection as it was and as it is are gone
/// through.
class Comparer {
 public:
  Comparer(const Positions& hidden_before, const Positions& hidden_now)
      : before_(hidden_before),
        now_(hidden_now) {}

  void erased(std::uint32_t first, std::uint32_t end) {
    for (; first < end; ++first) {
      if (!is_hidden(before_, first)) changes_.deletions.push_back(visible(before_, first));
    }
  }
  void inserted(std::uint32_t first, std::uint32_t end) {
    for (; first < end; ++first) {
      if (!is_hidden(now_, first)) changes_.insertions.push_back(visible(now_, first));
    }
  }
  void modified(std::uint32_t old_position, std::uint32_t new_position) {
    if (is_hidden(before_, old_position) || is_hidden(now_, new_position)) return;
    modified_.emplace_back(visible(before_, old_position), visible(now_, new_position));
  }
  /// Elements that stay: some may have been hidden, or shown again.
  void kept(std::uint32_t old_first, std::uint32_t new_first, std::uint32_t count) {
    for_each_between(before_, old_first, count, [&](std::uint32_t offset) {
      inserted(new_first + offset, new_first + offset + 1);
    });
    for_each_between(now_, new_first, count, [&](std::uint32_t offset) {
      erased(old_first + offset, old_first + offset + 1);
    });
  }

  [[nodiscard]] CollectionChanges take() {
    std::ranges::sort(changes_.deletions);
    std::ranges::sort(changes_.insertions);
    std::ranges::sort(modified_);
    modified_.erase(std::unique(modified_.begin(), modified_.end()), modified_.end());
    for (const auto& [old_position, new_position] : modified_) {
      changes_.old_modifications.push_back(old_position);
      changes_.new_modifications.push_back(new_position);
    }
    return std::move(changes_);
  }

 private:
  template <typename Visit>
  static void for_each_between(const Positions& hidden,
                               std::uint32_t first,
                               std::uint32_t count,
                               Visit&& visit) {
    for (auto at = std::ranges::lower_bound(hidden, first);
         at != hidden.end() && *at < first + count;
         ++at) {
      visit(*at - first);
    }
  }

  const Positions& before_;
  const Positions& now_;
  CollectionChanges changes_;
  std::vector<std::pair<std::size_t, std::size_t>> modified_;
};

CollectionChanges compare(const CollectionDelta& delta,
                          std::uint32_t old_size,
                          const Positions& modified,
                          Comparer& comparison) {
  std::uint32_t old_position = 0;
  std::uint32_t position = 0;
  for (const CollectionDelta::Run& run : delta.runs()) {
    const std::uint32_t end = position + run.count;
    if (!run.old_position) {
      comparison.inserted(position, end);
    } else {
      const std::uint32_t first = *run.old_position;
      comparison.erased(old_position, first);
      comparison.kept(first, position, run.count);
      for (std::uint32_t i = 0; run.is_modified && i < run.count; ++i) {
        comparison.modified(first + i, position + i);
      }
      for (auto at = std::ranges::lower_bound(modified, position);
           at != modified.end() && *at < end;
           ++at) {
        comparison.modified(first + (*at - position), *at);
      }
      old_position = first + run.count;
    }
    position = end;
  }
  comparison.erased(old_position, old_size);
  return comparison.take();
}

/// Of which nothing is known but the sizes: every element may be another.
CollectionChanges unknown_changes(std::size_t old_size, std::size_t new_size) {
  const auto fill = [](std::vector<std::size_t>& positions, std::size_t first, std::size_t end) {
    positions.resize(end - first);
    std::iota(positions.begin(), positions.end(), first);
  };
  const std::size_t common = std::min(old_size, new_size);
  CollectionChanges changes;
  fill(changes.old_modifications, 0, common);
  fill(changes.new_modifications, 0, common);
  fill(changes.deletions, common, old_size);
  fill(changes.insertions, common, new_size);
  return changes;
}

/// Whether the value is one of those nested collections, or one of them is in it.
bool leads_to(const store::RealmReader& realm,
              const store::SlotRef& slot,
              const Value& value,
              const std::unordered_set<std::uint64_t>& nested) {
  if (value.type() != ValueType::kList && value.type() != ValueType::kDictionary) return false;
  if (nested.contains(value.as_collection().value())) return true;
  const store::CollectionReader collection = realm.collection({slot, value.as_collection()});
  for (std::uint32_t position = 0; position < collection.size(); ++position) {
    if (leads_to(realm, slot, collection.get(position), nested)) return true;
  }
  return false;
}

/// Keys without those that are among `others`; all are in order.
Keys without(const Keys& keys, const Keys& others) {
  Keys rest;
  std::ranges::set_difference(keys, others, std::back_inserter(rest));
  return rest;
}
Keys unite(const Keys& left, const Keys& right) {
  Keys all;
  std::ranges::set_union(left, right, std::back_inserter(all));
  return all;
}
Keys pick(const Keys& keys, const std::vector<std::size_t>& positions) {
  Keys picked;
  for (const std::size_t position : positions) picked.push_back(keys.at(position));
  return picked;
}

}  // namespace

CollectionObserver::CollectionObserver(const std::shared_ptr<RealmCore>& realm,
                                       const store::CollectionRef& collection,
                                       const KeyPaths& paths,
                                       Callback callback)
    : realm_(realm),
      ref_(collection),
      callback_(std::move(callback)),
      own_paths_(realm->reader().catalog(),
                 ref_.slot.class_id,
                 KeyPaths({realm->property_info(ref_.slot.class_id, ref_.slot.property).name}),
                 1) {
  const store::PropertyInfo& property =
      realm->property_info(ref_.slot.class_id, ref_.slot.property);
  if (property.type == PropertyType::kLink && property.target != ClassId()) {
    element_paths_.emplace(realm->reader().catalog(), property.target, paths, kCollectionLevels);
  }
}

bool CollectionObserver::concerns(const store::RealmChanges& changes) const {
  return own_paths_.concerns(changes) || (element_paths_ && element_paths_->concerns(changes));
}

CollectionObserver::State CollectionObserver::read(const store::CollectionReader& collection) {
  State state{.size = collection.size(), .hidden = {}, .keys = {}, .null_keys = {}};
  if (collection.kind() == CollectionType::kDictionary) {
    Keys& keys = state.keys.emplace();
    for (std::uint32_t i = 0; i < state.size; ++i) {
      keys.emplace_back(collection.key(i));
      if (collection.get(i).is_null()) state.null_keys.push_back(keys.back());
    }
  } else if (collection.visible_size() != state.size) {
    for (std::uint32_t i = 0; i < state.size; ++i) {
      if (collection.is_hidden(i)) state.hidden.push_back(i);
    }
  }
  return state;
}

bool CollectionObserver::was_recreated(const PendingChanges& changes) const {
  bool was_erased = false;
  changes.for_each([&](const store::RealmChanges& commit) {
    for (const store::ClassChanges& of_class : commit.classes) {
      if (of_class.class_id != ref_.slot.class_id) continue;
      const store::RowId row = ref_.slot.row;
      was_erased |= std::ranges::binary_search(of_class.erased, row);
      // All properties are those of an object that one commit has erased and revived.
      const store::ModifiedRow recreated{row, ~std::uint64_t{0}};
      const auto modified =
          std::ranges::lower_bound(of_class.modified, row, {}, &store::ModifiedRow::row);
      was_erased |= modified != of_class.modified.end() && *modified == recreated;
    }
  });
  return was_erased;
}

std::vector<std::uint32_t> CollectionObserver::modified_positions(
    const store::RealmReader& realm,
    const store::CollectionReader& collection,
    const PendingChanges& changes) const {
  if (!element_paths_) return positions_of_nested(realm, collection, changes);
  const store::SlotRef& slot = ref_.slot;
  std::unordered_set<std::uint64_t> rows;
  const ClassId target =
      realm.catalog().find_class(slot.class_id)->find_property(slot.property)->target;
  for (const auto& [row, bits] : element_paths_->find_modified(realm, changes)) {
    const store::SlotRef just_before{
        slot.class_id, store::RowId(slot.row.value() - 1), slot.property};
    const auto link = realm.next_backlink({target, row}, just_before);
    if (link && link->origin == slot) rows.insert(row.value());
  }
  std::vector<std::uint32_t> positions;
  for (std::uint32_t position = 0; !rows.empty() && position < collection.size(); ++position) {
    const Value element = collection.get(position);
    if (element.is_null()) continue;
    if (rows.contains(element.as_link().row.value())) positions.push_back(position);
  }
  return positions;
}

std::vector<std::uint32_t> CollectionObserver::positions_of_nested(
    const store::RealmReader& realm,
    const store::CollectionReader& collection,
    const PendingChanges& changes) const {
  const store::SlotRef& slot = ref_.slot;
  std::unordered_set<std::uint64_t> changed;
  changes.for_each([&](const store::RealmChanges& commit) {
    const store::CollectionRef first = slot;
    auto at =
        std::ranges::lower_bound(commit.collections, first, {}, &store::ElementChanges::collection);
    for (; at != commit.collections.end() && at->collection.slot == slot; ++at) {
      if (at->collection != ref_) changed.insert(at->collection.id.value());
    }
  });
  std::vector<std::uint32_t> positions;
  for (std::uint32_t position = 0; !changed.empty() && position < collection.size(); ++position) {
    if (leads_to(realm, slot, collection.get(position), changed)) positions.push_back(position);
  }
  return positions;
}

CollectionChanges CollectionObserver::find_changes(const store::RealmReader& realm,
                                                   const store::CollectionReader& collection,
                                                   const PendingChanges& changes,
                                                   const State& before) const {
  const bool is_list = collection.kind() == CollectionType::kList;
  if (changes.everything && is_list) {
    return unknown_changes(before.size - before.hidden.size(), state_.size - state_.hidden.size());
  }
  bool is_replaced = changes.everything || was_recreated(changes);
  CollectionDelta delta(before.size);
  changes.for_each([&](const store::RealmChanges& commit) {
    const auto found =
        std::ranges::lower_bound(commit.collections, ref_, {}, &store::ElementChanges::collection);
    if (found == commit.collections.end() || found->collection != ref_) return;
    for (const store::ElementChange& change : found->changes) {
      is_replaced |= delta.is_too_long();
      if (!is_replaced) delta.apply(change);
    }
  });
  if (is_replaced) delta.replace(state_.size);
  Comparer comparer(before.hidden, state_.hidden);
  return compare(delta, before.size, modified_positions(realm, collection, changes), comparer);
}

CollectionObserver::Told CollectionObserver::to_told(CollectionChanges changes,
                                                     const State& before) const {
  Told told{.positions = std::move(changes), .keys = {}};
  if (!before.keys && !state_.keys) return told;
  const Keys was = before.keys.value_or(Keys());
  const Keys is = state_.keys.value_or(Keys());
  const Keys removed = pick(was, told.positions.deletions);
  const Keys added = pick(is, told.positions.insertions);
  const Keys written = pick(is, told.positions.new_modifications);
  told.keys.deletions = without(removed, added);
  told.keys.insertions = without(added, removed);
  // Removed and put in again, written, or a link to an object that has gone or is there again.
  const Keys replaced = without(removed, told.keys.deletions);
  const Keys led_elsewhere = unite(without(before.null_keys, state_.null_keys),
                                   without(state_.null_keys, before.null_keys));
  told.keys.modifications = without(unite(unite(replaced, written), led_elsewhere),
                                    unite(told.keys.deletions, told.keys.insertions));
  return told;
}

bool CollectionObserver::notify(const PendingChanges& changes, bool is_first) {
  const auto realm = realm_.lock();
  if (!realm) return false;
  const AnyCollection collection(realm, ref_);
  const State before = state_;
  const store::RealmReader& reader = realm->reader();
  if (!is_there(reader, ref_)) {
    state_ = {};
    const CollectionChanges all = unknown_changes(before.size - before.hidden.size(), 0);
    if (!is_first) callback_(collection, to_told(all, before));
    return false;
  }
  const store::CollectionReader now = reader.collection(ref_);
  const bool is_touched = is_first || changes.everything || was_recreated(changes) ||
                          !own_paths_.find_modified(reader, changes, ref_.slot.row).empty();
  if (is_touched) state_ = read(now);
  Told told;
  if (!is_first) {
    told = to_told(find_changes(reader, now, changes, before), before);
    if (told.positions.empty() && told.keys.modifications.empty()) return true;
  }
  callback_(collection, told);
  return true;
}

}  // namespace tombolo
