#pragma once

#include <cstddef>

#include "query/bound_query.h"
#include "query/object_source.h"

namespace tombolo::query {

/// Follows a bound path from an object and calls `visit(const Value&) -> bool` with each value that
/// it leads to, until that answers false. Through a null to-one link a path that leads to one value
/// gives one null; after a list, and before one, it gives nothing.
template <typename Visit>
class PathWalk {
 public:
  PathWalk(const BoundQuery& query, ObjectSource& source, const BoundPath& path, Visit& visit)
      : query_(query),
        source_(source),
        path_(path),
        visit_(visit) {}

  /// False: `visit` answered so. `count` steps are taken: all, or fewer.
  bool run(ObjectHandle object, std::size_t count) {
    count_ = count;
    return step(0, Value::of_link(object));
  }

 private:
  bool step(std::size_t at, const Value& value) {
    if (at == count_) return visit_(value);
    const BoundStep& step_here = path_.steps[at];
    using enum BoundStep::Kind;
    switch (step_here.kind) {
      case kProperty:
        if (!value.is_link()) return lead_nowhere();
        return step(at + 1, source_.get(value.as_link(), step_here.property));
      case kElements: return value.is_collection() ? each(at, value) : true;
      case kKeys: return value.is_collection() ? each_key(at, value) : true;
      case kIndex:
      case kLast: return value.is_collection() ? element(at, value) : true;
      case kKey: return value.is_collection() ? entry(at, value) : lead_nowhere();
      case kBacklinks: return value.is_link() ? each_backlink(at, value.as_link()) : true;
      case kMixedName: return mixed_name(at, value);
      case kMixedKey: return mixed_entry(at, value);
      case kMixedIndex:
      case kMixedLast: return value.kind() == ValueKind::kList ? element(at, value) : true;
      case kMixedEach: return value.is_collection() ? each(at, value) : true;
      case kMixedKeys: return value.kind() == ValueKind::kDictionary ? each_key(at, value) : true;
    }
    return true;
  }

  /// The null of a link that leads nowhere.
  bool lead_nowhere() {
    // One null for a path of one value, as far as it is followed; a list has no element for it.
    return path_.values == BoundPath::Values::kOne && count_ == path_.steps.size() ? visit_(Value())
                                                                                   : true;
  }

  bool each(std::size_t at, const Value& value) {
    const CollectionHandle collection = value.as_collection();
    const std::size_t size = source_.size(collection);
    for (std::size_t i = 0; i < size; ++i) {
      if (!step(at + 1, source_.element(collection, i))) return false;
    }
    return true;
  }

  bool each_key(std::size_t at, const Value& value) {
    const CollectionHandle dictionary = value.as_collection();
    const std::size_t size = source_.size(dictionary);
    for (std::size_t i = 0; i < size; ++i) {
      if (!step(at + 1, Value::of_string(source_.key(dictionary, i)))) return false;
    }
    return true;
  }

  bool element(std::size_t at, const Value& value) {
    const BoundStep& step_here = path_.steps[at];
    const CollectionHandle list = value.as_collection();
    const std::size_t size = source_.size(list);
    if (size == 0) return true;
    const bool is_last =
        step_here.kind == BoundStep::Kind::kLast || step_here.kind == BoundStep::Kind::kMixedLast;
    const std::uint64_t index = is_last ? size - 1 : step_here.index;
    if (index < size) {
      return step(at + 1, source_.element(list, static_cast<std::size_t>(index)));
    }
    return step_here.needs_element ? true : step(at + 1, Value());
  }

  bool entry(std::size_t at, const Value& value) {
    const CollectionHandle dictionary = value.as_collection();
    if (source_.size(dictionary) == 0) return true;
    return step(at + 1, source_.find(dictionary, path_.steps[at].key).value_or(Value()));
  }

  bool each_backlink(std::size_t at, ObjectHandle target) {
    const BoundStep& step_here = path_.steps[at];
    bool goes_on = true;
    source_.for_each_backlink(
        target, step_here.class_id, step_here.property, [&](ObjectHandle origin) {
          goes_on = goes_on && step(at + 1, Value::of_link(origin));
        });
    return goes_on;
  }

  bool mixed_entry(std::size_t at, const Value& value) {
    if (value.kind() != ValueKind::kDictionary) return true;
    return step(at + 1, source_.find(value.as_collection(), path_.steps[at].key).value_or(Value()));
  }

  bool mixed_name(std::size_t at, const Value& value) {
    if (!value.is_link()) return mixed_entry(at, value);
    const QueryClass* owner = query_.schema->find_class_by_id(value.as_link().class_id);
    const QueryProperty* property =
        owner == nullptr ? nullptr : owner->find_property(path_.steps[at].key);
    if (property == nullptr || property->origin) return true;
    return step(at + 1, source_.get(value.as_link(), property->id));
  }

  const BoundQuery& query_;
  ObjectSource& source_;
  const BoundPath& path_;
  Visit& visit_;
  std::size_t count_ = 0;
};

template <typename Visit>
bool walk_path(const BoundQuery& query,
               ObjectSource& source,
               const BoundPath& path,
               ObjectHandle object,
               std::size_t count,
               Visit&& visit) {
  return PathWalk<std::remove_reference_t<Visit>>(query, source, path, visit).run(object, count);
}
template <typename Visit>
bool walk_path(const BoundQuery& query,
               ObjectSource& source,
               const BoundPath& path,
               ObjectHandle object,
               Visit&& visit) {
  return walk_path(query, source, path, object, path.steps.size(), std::forward<Visit>(visit));
}

}  // namespace tombolo::query
