#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "changeset/writer.h"
#include "store/catalog.h"
#include "store/ids.h"
#include "store/realm_writer.h"
#include "store/value.h"

namespace tombolo::store {

/// Turns the writes of one transaction on one realm into a changeset. Names are interned once; of
/// the object written last the key is remembered.
///
/// Each call comes before the write, whose place is looked up as it is then.
///
/// Errors:  throws `Error{kLimitExceeded}` for a place that no path is long enough for.
/// Thread:  that of the transaction.
class Recorder {
 public:
  explicit Recorder(RealmState& realm) : realm_(realm) {}

  void add_class(const ClassInfo& info);
  void erase_class(const ClassInfo& info);
  void add_property(const ClassInfo& info, const PropertyInfo& property);
  void erase_property(const ClassInfo& info, const PropertyInfo& property);

  void create(ObjectRef object, const ObjectKey& key);
  void erase(ObjectRef object);
  void set(const SlotRef& slot, const Value& value, WriteKind kind);
  void add_int(const SlotRef& slot, std::int64_t operand);

  void list_insert(const CollectionRef& list,
                   std::uint32_t position,
                   const Value& value,
                   std::uint32_t size);
  void list_set(const CollectionRef& list,
                std::uint32_t position,
                const Value& value,
                std::uint32_t size);
  void list_move(const CollectionRef& list,
                 std::uint32_t from,
                 std::uint32_t to,
                 std::uint32_t size);
  void list_erase(const CollectionRef& list, std::uint32_t position, std::uint32_t size);
  void set_insert(const CollectionRef& set, const Value& value);
  void set_erase(const CollectionRef& set, const Value& value);
  void dictionary_set(const CollectionRef& dictionary, std::string_view key, const Value& value);
  void dictionary_erase(const CollectionRef& dictionary, std::string_view key);
  void clear(const CollectionRef& collection, CollectionType kind);

  [[nodiscard]] BytesView changeset() const noexcept { return writer_.bytes(); }
  /// For instructions that no write of this realm makes.
  [[nodiscard]] changeset::ChangesetWriter& writer() noexcept { return writer_; }

 private:
  struct ClassNames {
    std::optional<changeset::StringIndex> name;
    std::vector<std::optional<changeset::StringIndex>> properties;  ///< By property id.
  };

  [[nodiscard]] changeset::StringIndex class_name(ClassId id);
  [[nodiscard]] changeset::StringIndex property_name(ClassId id, PropertyId property);
  [[nodiscard]] changeset::PrimaryKey to_primary_key(const ObjectKey& key);
  /// Makes `place_` lead to the object, which is not embedded.
  void begin_place(ObjectRef object);
  void set_object(ObjectRef object, const ObjectKey& key);
  /// Where an instruction on a collection, or on a property of an object that may be embedded,
  /// goes. Its path is `path_`, to which `append` adds.
  [[nodiscard]] const changeset::Place& place(const SlotRef& slot);
  [[nodiscard]] const changeset::Place& place(const CollectionRef& where);
  [[nodiscard]] const changeset::Place& place(const CollectionRef& list, std::uint32_t position);
  [[nodiscard]] const changeset::Place& place(const CollectionRef& dictionary,
                                              std::string_view key);
  void begin_path(const SlotRef& slot);
  void begin_path_inside(const SlotRef& owner, const SlotRef& slot);
  void append_way_in(const CollectionRef& outer, const Value& content);
  void append(changeset::PathElement element);
  [[nodiscard]] changeset::Payload to_payload(const Value& value);

  RealmState& realm_;
  changeset::ChangesetWriter writer_;
  std::vector<ClassNames> names_;  ///< By class id.
  ObjectRef object_;               ///< The one that `place_` leads to; of class 0 at first.
  changeset::Place place_;
  std::vector<changeset::PathElement> path_;
};

}  // namespace tombolo::store
