#include "list_observer.h"

#include <algorithm>
#include <numeric>
#include <unordered_set>
#include <utility>

#include "list_delta.h"
#include "realm_core.h"

namespace tombolo {
namespace {

using Positions = std::vector<std::uint32_t>;

/// Where an element stands that applications see: without the hidden ones before it.
std::size_t visible(const Positions& hidden, std::uint32_t position) {
  return position -
         static_cast<std::size_t>(std::ranges::lower_bound(hidden, position) - hidden.begin());
}
bool is_hidden(const Positions& hidden, std::uint32_t position) {
  return std::ranges::binary_search(hidden, position);
}

/// Collects what the application is told, while a list as it was and as it is are gone through.
class ListComparison {
 public:
  ListComparison(const Positions& hidden_before, const Positions& hidden_now)
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

CollectionChanges compare(const ListDelta& delta,
                          std::uint32_t old_size,
                          const Positions& modified,
                          ListComparison& comparison) {
  std::uint32_t old_position = 0;
  std::uint32_t position = 0;
  for (const ListDelta::Run& run : delta.runs()) {
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

}  // namespace

ListObserver::ListObserver(const std::shared_ptr<RealmCore>& realm,
                           store::SlotRef slot,
                           const KeyPaths& paths,
                           Callback callback)
    : realm_(realm),
      slot_(slot),
      callback_(std::move(callback)),
      list_paths_(realm->reader().catalog(),
                  slot.class_id,
                  KeyPaths({realm->property_info(slot.class_id, slot.property).name}),
                  1) {
  const store::PropertyInfo& property = realm->property_info(slot.class_id, slot.property);
  if (property.type == PropertyType::kLink) {
    element_paths_.emplace(realm->reader().catalog(), property.target, paths, kCollectionLevels);
  }
}

bool ListObserver::concerns(const store::RealmChanges& changes) const {
  return list_paths_.concerns(changes) || (element_paths_ && element_paths_->concerns(changes));
}

void ListObserver::remember(const store::CollectionReader& list) {
  size_ = list.size();
  hidden_.clear();
  if (list.visible_size() == size_) return;
  for (std::uint32_t position = 0; position < size_; ++position) {
    if (list.is_hidden(position)) hidden_.push_back(position);
  }
}

bool ListObserver::was_recreated(const PendingChanges& changes) const {
  bool was_erased = false;
  changes.for_each([&](const store::RealmChanges& commit) {
    for (const store::ClassChanges& of_class : commit.classes) {
      if (of_class.class_id != slot_.class_id) continue;
      was_erased |= std::ranges::binary_search(of_class.erased, slot_.row);
      // All properties are those of an object that one commit has erased and revived.
      const store::ModifiedRow recreated{slot_.row, ~std::uint64_t{0}};
      const auto modified =
          std::ranges::lower_bound(of_class.modified, slot_.row, {}, &store::ModifiedRow::row);
      was_erased |= modified != of_class.modified.end() && *modified == recreated;
    }
  });
  return was_erased;
}

std::vector<std::uint32_t> ListObserver::modified_positions(const store::RealmReader& realm,
                                                            const store::CollectionReader& list,
                                                            const PendingChanges& changes) const {
  if (!element_paths_) return {};
  std::unordered_set<std::uint64_t> rows;
  const ClassId target =
      realm.catalog().find_class(slot_.class_id)->find_property(slot_.property)->target;
  for (const auto& [row, bits] : element_paths_->find_modified(realm, changes)) {
    const store::SlotRef just_before{
        slot_.class_id, store::RowId(slot_.row.value() - 1), slot_.property};
    const auto link = realm.next_backlink({target, row}, just_before);
    if (link && link->origin == slot_) rows.insert(row.value());
  }
  std::vector<std::uint32_t> positions;
  for (std::uint32_t position = 0; !rows.empty() && position < list.size(); ++position) {
    if (rows.contains(list.get(position).as_link().row.value())) positions.push_back(position);
  }
  return positions;
}

bool ListObserver::notify(const PendingChanges& changes, bool is_first) {
  const auto realm = realm_.lock();
  if (!realm) return false;
  const AnyList list(realm, slot_);
  if (!list.is_valid()) {
    const std::size_t size = size_ - hidden_.size();
    if (!is_first) callback_(list, unknown_changes(size, 0));
    return false;
  }
  const store::RealmReader& reader = realm->reader();
  const store::CollectionReader now = reader.list(slot_);
  if (is_first) {
    remember(now);
    callback_(list, {});
    return true;
  }
  const std::uint32_t old_size = size_;
  const Hidden old_hidden = hidden_;
  bool is_replaced = was_recreated(changes);
  const bool is_touched = !list_paths_.find_modified(reader, changes, slot_.row).empty();
  if (changes.everything || is_replaced || is_touched) remember(now);

  CollectionChanges told;
  if (changes.everything) {
    told = unknown_changes(old_size - old_hidden.size(), size_ - hidden_.size());
  } else {
    ListDelta delta(old_size);
    changes.for_each([&](const store::RealmChanges& commit) {
      const auto found = std::ranges::lower_bound(
          commit.collections, slot_, {}, &store::ElementChanges::collection);
      if (found == commit.collections.end() || found->collection != slot_) return;
      for (const store::ElementChange& change : found->changes) {
        is_replaced |= delta.is_too_long();
        if (!is_replaced) delta.apply(change);
      }
    });
    if (is_replaced) delta.replace(size_);
    ListComparison comparison(old_hidden, hidden_);
    told = compare(delta, old_size, modified_positions(reader, now, changes), comparison);
    if (told.empty()) return true;
  }
  callback_(list, told);
  return true;
}

}  // namespace tombolo
