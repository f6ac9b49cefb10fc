#pragma once

#include <cstdint>
#include <vector>

#include "store/realm_reader.h"
#include "store/realm_writer.h"

namespace tombolo::store {

class RealmState;

/// Whether links that lead nowhere in the source are copied. Where they are not, one is null, or in
/// a list or set of links left out.
enum class UnresolvedLinks : std::uint8_t { kCopied, kLeftOut };

/// Makes what stands in properties of one realm the same as in those of another, with as few
/// changes as are easily found, and all the way in: embedded objects and nested collections that
/// are on both sides stay and are made the same in turn. Links lead to the object of the same class
/// and key, or to a tombstone. With a recorder set in the target's state, the changes are recorded.
///
/// Classes and properties of the source have twins of the same name and type in the target
/// (asserted).
///
/// Thread:  that of both transactions.
class ContentCopy {
 public:
  ContentCopy(const RealmReader& source, RealmWriter& target, UnresolvedLinks unresolved);

  /// All properties of an object, but its primary key.
  void copy_object(ObjectRef from, ObjectRef to);
  void copy_property(const SlotRef& from, const SlotRef& to);
  /// The property of all objects that the class has in both, which are the same rows.
  void copy_column(ClassId class_id, PropertyId from, PropertyId to);
  /// Both are of one kind.
  void copy_collection(const CollectionRef& from, const CollectionRef& to);

 private:
  /// A value and the slot that it stands in.
  struct Content {
    SlotRef slot;
    Value value;
  };

  [[nodiscard]] std::vector<std::uint32_t> wanted_positions(const OpenCollection& from);
  [[nodiscard]] bool is_embedded(RealmState& realm, const Value& value);
  [[nodiscard]] bool have_like_insides(const Value& from, const Value& to);
  [[nodiscard]] bool are_same(const Content& from, const Content& to);
  [[nodiscard]] bool are_same_objects(ObjectRef from, ObjectRef to);
  [[nodiscard]] bool are_same_collections(const CollectionRef& from, const CollectionRef& to);
  /// The value as the target has it, or the order to make such a one.
  [[nodiscard]] Value translate(const Value& value);
  template <typename Write>
  void put(const Content& from, const Content& to, const Write& write);
  void copy_inside(const Content& from, const Content& to);
  void copy_list(const CollectionRef& from, const CollectionRef& to);
  void copy_set(const CollectionRef& from, const CollectionRef& to);
  void copy_dictionary(const CollectionRef& from, const CollectionRef& to);
  [[nodiscard]] const PropertyInfo& twin(const PropertyInfo& property, ClassId to) const;

  const RealmReader& source_;
  RealmState& from_;
  RealmWriter& target_;
  RealmState& to_;
  UnresolvedLinks unresolved_;
};

}  // namespace tombolo::store
