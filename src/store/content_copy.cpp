#include "store/content_copy.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/assertion.h"
#include "store/element.h"
#include "store/list_difference.h"
#include "store/realm_state.h"
#include "store/value_order.h"

namespace tombolo::store {

ContentCopy::ContentCopy(const RealmReader& source, RealmWriter& target, UnresolvedLinks unresolved)
    : source_(source),
      from_(source.state()),
      target_(target),
      to_(target.state()),
      unresolved_(unresolved) {}

const PropertyInfo& ContentCopy::twin(const PropertyInfo& property, ClassId to) const {
  const PropertyInfo* found = to_.class_store(to).info().find_property(property.name);
  TOMBOLO_ASSERT(found != nullptr);
  return *found;
}

void ContentCopy::copy_object(ObjectRef from, ObjectRef to) {
  const ClassInfo& info = from_.class_store(from.class_id).info();
  for (const PropertyInfo& property : info.properties) {
    if (info.primary_key == property.id) continue;
    copy_property({from.class_id, from.row, property.id},
                  {to.class_id, to.row, twin(property, to.class_id).id});
    to_.limit_memory();
  }
}

void ContentCopy::copy_property(const SlotRef& from, const SlotRef& to) {
  const PropertyInfo& from_property = from_.property(from.class_id, from.property);
  if (from_property.is_collection()) return copy_collection(from, to);
  const PropertyInfo& to_property = to_.property(to.class_id, to.property);
  put({from, from_.read(from.object(), from_property)},
      {to, to_.read(to.object(), to_property)},
      [&](const Value& value) { return to_.write(to.object(), to_property, value); });
}

void ContentCopy::copy_column(ClassId class_id, PropertyId from, PropertyId to) {
  for (RowId row = source_.first_row(class_id); row != kNoRow;
       row = source_.next_row(class_id, row)) {
    if (!target_.contains({class_id, row})) continue;
    copy_property({class_id, row, from}, {class_id, row, to});
    to_.limit_memory();
  }
}

bool ContentCopy::is_embedded(RealmState& realm, const Value& value) {
  return value.type() == ValueType::kLink && realm.is_embedded(value.as_link().class_id);
}

/// Whether both are embedded objects, both lists, or both dictionaries.
bool ContentCopy::have_like_insides(const Value& from, const Value& to) {
  if (from.type() != to.type()) return false;
  return from.is_collection() || (is_embedded(from_, from) && is_embedded(to_, to));
}

Value ContentCopy::translate(const Value& value) {
  switch (value.type()) {
    case ValueType::kList: return Value::new_list();
    case ValueType::kDictionary: return Value::new_dictionary();
    case ValueType::kLink: break;
    default: return value;
  }
  const ObjectRef linked = value.as_link();
  const ClassInfo* info = source_.catalog().find_class(linked.class_id);
  if (info == nullptr) return Value::null();
  if (info->is_embedded()) return Value::new_object();
  if (unresolved_ == UnresolvedLinks::kLeftOut && from_.is_tombstone(linked)) return Value::null();
  const ClassInfo* other = target_.catalog().find_class(info->name);
  TOMBOLO_ASSERT(other != nullptr);
  return Value::of_link({other->id, target_.link_target(other->id, source_.key_of(linked))});
}

/// `write(value)` puts a value where `to` stands, and gives what stands there then.
template <typename Write>
void ContentCopy::put(const Content& from, const Content& to, const Write& write) {
  if (have_like_insides(from.value, to.value)) return copy_inside(from, to);
  const Value wanted = translate(from.value);
  if (identical(wanted, to.value)) return;
  copy_inside(from, {to.slot, write(wanted)});
}

void ContentCopy::copy_inside(const Content& from, const Content& to) {
  if (from.value.is_collection()) {
    copy_collection({from.slot, from.value.as_collection()}, {to.slot, to.value.as_collection()});
  } else if (is_embedded(from_, from.value)) {
    copy_object(from.value.as_link(), to.value.as_link());
  }
}

bool ContentCopy::are_same(const Content& from, const Content& to) {
  if (!have_like_insides(from.value, to.value)) return identical(translate(from.value), to.value);
  if (from.value.is_collection()) {
    return are_same_collections({from.slot, from.value.as_collection()},
                                {to.slot, to.value.as_collection()});
  }
  return are_same_objects(from.value.as_link(), to.value.as_link());
}

bool ContentCopy::are_same_objects(ObjectRef from, ObjectRef to) {
  for (const PropertyInfo& property : from_.class_store(from.class_id).info().properties) {
    const PropertyInfo& other = twin(property, to.class_id);
    const SlotRef from_slot{from.class_id, from.row, property.id};
    const SlotRef to_slot{to.class_id, to.row, other.id};
    const bool is_same =
        property.is_collection()
            ? are_same_collections(from_slot, to_slot)
            : are_same({from_slot, from_.read(from, property)}, {to_slot, to_.read(to, other)});
    if (!is_same) return false;
  }
  return true;
}

/// The positions of the elements that are copied.
std::vector<std::uint32_t> ContentCopy::wanted_positions(const OpenCollection& from) {
  const bool leaves_out = unresolved_ == UnresolvedLinks::kLeftOut &&
                          from.property->type == PropertyType::kLink &&
                          from.kind != CollectionType::kDictionary;
  std::vector<std::uint32_t> positions;
  for (std::uint32_t i = 0; i < from.tree.size(); ++i) {
    if (leaves_out && from_.is_unresolved(RealmState::value_at(from, i).as_link())) continue;
    positions.push_back(i);
  }
  return positions;
}

bool ContentCopy::are_same_collections(const CollectionRef& from, const CollectionRef& to) {
  const OpenCollection source = from_.open(from);
  const std::vector<std::uint32_t> positions = wanted_positions(source);
  if (to_.open(to).tree.size() != positions.size()) return false;
  for (std::uint32_t i = 0; i < positions.size(); ++i) {
    // Comparing may make tombstones, so the target is looked up anew.
    const OpenCollection target = to_.open(to);
    const Value wanted = RealmState::value_at(source, positions[i]);
    if (source.kind == CollectionType::kDictionary &&
        parse_entry(source.tree.find(i)).key != parse_entry(target.tree.find(i)).key) {
      return false;
    }
    if (source.kind == CollectionType::kSet) {
      // Links are in the order of their rows, which differs.
      const Value member = translate(wanted);
      const OpenCollection set = to_.open(to);
      if (!RealmState::find_member(set.tree, *set.property, member).is_equal) return false;
    } else if (!are_same({from.slot, wanted}, {to.slot, RealmState::value_at(target, i)})) {
      return false;
    }
  }
  return true;
}

void ContentCopy::copy_collection(const CollectionRef& from, const CollectionRef& to) {
  const OpenCollection source = from_.open(from);
  if (source.tree.size() == 0 && to_.open(to).tree.size() == 0) return;
  switch (source.kind) {
    case CollectionType::kList: return copy_list(from, to);
    case CollectionType::kSet: return copy_set(from, to);
    case CollectionType::kDictionary: return copy_dictionary(from, to);
    case CollectionType::kSingle: break;
  }
  TOMBOLO_UNREACHABLE("a collection of no kind");
}

void ContentCopy::copy_list(const CollectionRef& from, const CollectionRef& to) {
  const OpenCollection source = from_.open(from);
  const std::vector<std::uint32_t> positions = wanted_positions(source);
  const auto wanted = [&](std::uint32_t position) {
    return Content{from.slot, RealmState::value_at(source, positions[position])};
  };
  const auto there = [&](std::uint32_t at) {
    return Content{to.slot, RealmState::value_at(to_.open(to), at)};
  };
  change_list(
      to_.open(to).tree.size(),
      static_cast<std::uint32_t>(positions.size()),
      [&](std::uint32_t at, std::uint32_t position) {
        return are_same(wanted(position), there(at));
      },
      [&](std::uint32_t at, std::uint32_t position) {
        put(wanted(position), there(at), [&](const Value& value) {
          return to_.list_set(to, at, value);
        });
        to_.limit_memory();
      },
      [&](std::uint32_t at, std::uint32_t position) {
        const Content content = wanted(position);
        copy_inside(content, {to.slot, to_.list_insert(to, at, translate(content.value))});
        to_.limit_memory();
      },
      [&](std::uint32_t at) {
        to_.list_erase(to, at);
        to_.limit_memory();
      });
}

void ContentCopy::copy_set(const CollectionRef& from, const CollectionRef& to) {
  const OpenCollection source = from_.open(from);
  std::vector<Value> members;  // Views of the source, which is not written to.
  for (const std::uint32_t position : wanted_positions(source)) {
    members.push_back(translate(RealmState::value_at(source, position)));
  }
  const auto is_less = [](const Value& left, const Value& right) {
    return compare_members(left, right) < 0;
  };
  std::ranges::sort(members, is_less);
  // What is not wanted goes first. A member whose bits differ, as -0 does from 0, is put in anew.
  for (std::uint32_t at = to_.open(to).tree.size(); at-- > 0;) {
    const OpenCollection target = to_.open(to);
    const Value member = RealmState::value_at(target, at);
    const auto wanted = std::ranges::lower_bound(members, member, is_less);
    const bool is_wanted = wanted != members.end() && identical(*wanted, member);
    if (!is_wanted) (void)to_.set_erase(to, member);
    to_.limit_memory();
  }
  for (const Value& member : members) {
    (void)to_.set_insert(to, member);
    to_.limit_memory();
  }
}

void ContentCopy::copy_dictionary(const CollectionRef& from, const CollectionRef& to) {
  const OpenCollection source = from_.open(from);
  for (std::uint32_t at = to_.open(to).tree.size(); at-- > 0;) {
    const OpenCollection target = to_.open(to);
    const std::string key(parse_entry(target.tree.find(at)).key);
    if (!RealmState::find_key(source.tree, key).is_equal) (void)to_.dictionary_erase(to, key);
    to_.limit_memory();
  }
  for (std::uint32_t i = 0; i < source.tree.size(); ++i) {
    const std::string_view key = parse_entry(source.tree.find(i)).key;
    const Content wanted{from.slot, RealmState::value_at(source, i)};
    const OpenCollection target = to_.open(to);
    const auto found = RealmState::find_key(target.tree, key);
    const auto write = [&](const Value& value) { return to_.dictionary_set(to, key, value); };
    if (found.is_equal) {
      put(wanted, {to.slot, RealmState::value_at(target, found.position)}, write);
    } else {
      copy_inside(wanted, {to.slot, write(translate(wanted.value))});
    }
    to_.limit_memory();
  }
}

}  // namespace tombolo::store
