#include "observed_paths.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <string>

namespace tombolo {
namespace {

using store::ClassId;
using store::ClassInfo;
using store::ObjectRef;
using store::PropertyInfo;
using store::RowId;

constexpr std::uint64_t kAllProperties = ~std::uint64_t{0};

/// Objects and what changed in them, to be sorted and united.
using Affected = std::vector<std::pair<ObjectRef, std::uint64_t>>;

void unite(Affected& affected) {
  std::ranges::sort(affected);
  std::size_t kept = 0;
  for (const auto& [object, bits] : affected) {
    if (kept > 0 && affected[kept - 1].first == object) {
      affected[kept - 1].second |= bits;
    } else {
      affected[kept++] = {object, bits};
    }
  }
  affected.resize(kept);
}

/// What commits did to the objects of a class, one after the other.
struct ClassHistory {
  std::vector<const store::ClassChanges*> commits;
  std::vector<RowId> erased;  ///< By any of them, in order.

  ClassHistory(const PendingChanges& changes, ClassId class_id) {
    changes.for_each([&](const store::RealmChanges& commit) {
      const auto found =
          std::ranges::lower_bound(commit.classes, class_id, {}, &store::ClassChanges::class_id);
      if (found == commit.classes.end() || found->class_id != class_id) return;
      commits.push_back(&*found);
      erased.insert(erased.end(), found->erased.begin(), found->erased.end());
    });
    std::ranges::sort(erased);
  }

  /// The modified ones, and those that were erased by one commit and revived by a later one.
  void add_to(Affected& affected, std::uint64_t watched, std::optional<RowId> only) const {
    for (const store::ClassChanges* changes : commits) {
      const auto in_question = [&](const auto& rows, auto row_of) {
        if (!only) return std::pair(rows.begin(), rows.end());
        const auto first = std::ranges::lower_bound(rows, *only, {}, row_of);
        const bool is_there = first != rows.end() && std::invoke(row_of, *first) == *only;
        return std::pair(first, is_there ? std::next(first) : first);
      };
      const auto modified = in_question(changes->modified, &store::ModifiedRow::row);
      for (auto at = modified.first; at != modified.second; ++at) {
        const std::uint64_t bits = at->properties & watched;
        if (bits != 0) affected.push_back({{changes->class_id, at->row}, bits});
      }
      if (erased.empty()) continue;
      const auto inserted = in_question(changes->inserted, std::identity());
      for (auto row = inserted.first; row != inserted.second; ++row) {
        if (!std::ranges::binary_search(erased, *row)) continue;
        affected.push_back({{changes->class_id, *row}, watched});
      }
    }
  }
};

/// The part of a path before the next dot, taken off its front.
std::string_view take_name(std::string_view& path) {
  const std::size_t dot = path.find('.');
  const std::string_view name = path.substr(0, dot);
  path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  return name;
}

[[noreturn]] void throw_bad_path(std::string_view name,
                                 std::string_view path,
                                 const ClassInfo& of) {
  throw Error(ErrorCode::kInvalidArgument,
              "Property '" + std::string(name) + "' in KeyPath '" + std::string(path) +
                  "' is not a valid property in " + of.name + ".");
}

}  // namespace

std::uint64_t change_bit(store::PropertyId property) noexcept {
  constexpr std::uint32_t kSharedBit = 63;  // See `store::ModifiedRow`.
  return std::uint64_t{1} << std::min(property.value(), kSharedBit);
}

ObservedPaths::ObservedPaths(const store::Catalog& catalog,
                             ClassId root,
                             const KeyPaths& paths,
                             std::size_t levels)
    : root_(root) {
  if (!paths) {
    add_everything(catalog, levels);
    return;
  }
  for (const std::string& path : *paths) add_path(catalog, path);
}

void ObservedPaths::add_everything(const store::Catalog& catalog, std::size_t levels) {
  std::string path = "*";
  for (std::size_t level = 1; level < levels; ++level) path += ".*";
  add_path(catalog, path);
}

void ObservedPaths::add_path(const store::Catalog& catalog, std::string_view text) {
  Path path;
  std::vector<ClassId> classes{root_};
  std::string_view rest = text;
  bool is_end = false;
  while (!is_end && !classes.empty()) {
    is_end = rest.find('.') == std::string_view::npos;
    const std::string_view name = take_name(rest);
    Level level;
    Level next;
    for (const ClassId class_id : classes) {
      const ClassInfo& info = *catalog.find_class(class_id);
      for (const PropertyInfo& property : info.properties) {
        if (name != "*" && name != property.name) continue;
        level[class_id] |= name == "*" ? kAllProperties : change_bit(property.id);
        if (property.type == PropertyType::kLink && property.target != ClassId()) {
          next[property.target];
        }
      }
    }
    const ClassInfo& first = *catalog.find_class(classes.front());
    if (level.empty() && name != "*") throw_bad_path(name, text, first);
    classes.clear();
    for (const auto& [class_id, bits] : next) classes.push_back(class_id);
    // A name behind one that is no link; behind `*` there need not be one.
    if (!is_end && classes.empty() && name != "*") throw_bad_path(take_name(rest), text, first);
    path.push_back(std::move(level));
  }
  paths_.push_back(std::move(path));
}

bool ObservedPaths::concerns(const store::RealmChanges& changes) const {
  return std::ranges::any_of(changes.classes, [&](const store::ClassChanges& of_class) {
    return of_class.class_id == root_ || std::ranges::any_of(paths_, [&](const Path& path) {
             return std::ranges::any_of(
                 path, [&](const Level& level) { return level.contains(of_class.class_id); });
           });
  });
}

std::vector<ObservedPaths::Found> ObservedPaths::find_modified(const store::RealmReader& realm,
                                                               const PendingChanges& changes,
                                                               std::optional<RowId> only) const {
  Affected found;
  for (const Path& path : paths_) {
    Affected below;  // Of the level behind the one in hand.
    for (std::size_t depth = path.size(); depth-- > 0;) {
      const Level& level = path[depth];
      Affected affected;
      for (const auto& [class_id, watched] : level) {
        ClassHistory(changes, class_id).add_to(affected, watched, depth == 0 ? only : std::nullopt);
      }
      for (const auto& [target, bits] : below) {
        realm.for_each_backlink(target, [&](const store::Backlink& link) {
          const auto watched = level.find(link.origin.class_id);
          const std::uint64_t bit = change_bit(link.origin.property);
          const bool counts = watched != level.end() && (watched->second & bit) != 0 &&
                              (depth > 0 || !only || link.origin.row == *only);
          if (counts) affected.push_back({link.origin.object(), bit});
          return true;
        });
      }
      unite(affected);
      below = std::move(affected);
    }
    found.insert(found.end(), below.begin(), below.end());
  }
  unite(found);
  std::vector<Found> result;
  result.reserve(found.size());
  for (const auto& [object, bits] : found) result.emplace_back(object.row, bits);
  return result;
}

}  // namespace tombolo
