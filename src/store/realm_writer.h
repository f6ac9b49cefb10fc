#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "schema/schema.h"
#include "store/realm_reader.h"

namespace tombolo::store {

class Recorder;

/// Whether a realm's writes become instructions and a history entry at commit.
enum class Recording : std::uint8_t { kOff, kOn };

struct Created {
  RowId row;
  bool is_new = false;  ///< false: the object was there already and nothing was written.
};

/// How a value came to be written: a schema's default loses to every explicit write when merged.
enum class WriteKind : std::uint8_t { kExplicit, kDefault };

/// Reads and writes one realm inside the write transaction. With recording on, each call appends
/// the instructions of docs/changeset-format.md, "Recording".
///
/// Errors:  throws `Error`: `kTypeMismatch` (the value's type is not the property's, null where
///          nulls are not allowed), `kObjectDeleted` (no such object), `kInvalidArgument`,
///          `kInvalidSchema` (a kind of property that is not supported yet), `kLimitExceeded`
///          (names, texts and binaries over their limits). A call that throws changed nothing.
/// Thread:  that of the transaction.
class RealmWriter : public RealmReader {
 public:
  explicit RealmWriter(std::unique_ptr<RealmState> state);
  ~RealmWriter();

  /// Off at first. A realm that recorded once gets a history entry at commit.
  void set_recording(Recording recording);
  [[nodiscard]] Recording recording() const noexcept;

  // Schema. Adding is recorded as AddTable and AddColumn, erasing as EraseTable and EraseColumn.

  /// Adds the class with its primary key, but none of its other properties.
  ClassId add_class(const ClassSchema& definition);
  PropertyId add_property(ClassId class_id, const Property& definition);
  /// Adds what `schema` has and the realm has not: all classes, then all properties.
  ///
  /// Errors:  `kSchemaMismatch` naming every difference that adding cannot bridge; `kInvalidSchema`
  ///          when `schema` contradicts itself. Nothing was added then.
  void add_schema(const Schema& schema);
  /// Removes the class and its objects. `kInvalidSchema` while another class links to it.
  void erase_class(ClassId class_id);
  /// Removes the property, which is not the primary key, from all objects.
  void erase_property(ClassId class_id, PropertyId property);

  // Objects.

  /// The object of that key, created with default values (null, 0, empty) when absent; a tombstone
  /// in its place is revived.
  ///
  /// Errors:  `kTypeMismatch` when the key is not of the class's kind.
  Created create(ClassId class_id, const ObjectKey& key);
  /// A new object in a class without primary key, under the next global key.
  RowId create_keyless(ClassId class_id);
  /// Deletes the object as an application does: links to it are removed from where they stand,
  /// then the object itself.
  void erase(ObjectRef object);
  /// Deletes the object as a changeset does: a tombstone stays while anything links to it.
  /// Not recorded.
  void invalidate(ObjectRef object);
  /// The row that a link to this key leads to: the object, or a tombstone, made when absent.
  RowId link_target(ClassId class_id, const ObjectKey& key);

  // Properties. The primary key cannot be written (`kInvalidArgument`).

  void set(ObjectRef object,
           PropertyId property,
           const Value& value,
           WriteKind kind = WriteKind::kExplicit);
  /// Adds with wrap-around. `kTypeMismatch` when the value is null.
  void add_int(ObjectRef object, PropertyId property, std::int64_t operand);

  // Lists. Positions are stored ones (see `ListReader`); beyond the end is `kInvalidArgument`.

  void list_insert(const SlotRef& list, std::uint32_t position, const Value& value);
  void list_set(const SlotRef& list, std::uint32_t position, const Value& value);
  /// Takes the element out at `from` and puts it in so that it stands at `to`.
  void list_move(const SlotRef& list, std::uint32_t from, std::uint32_t to);
  void list_erase(const SlotRef& list, std::uint32_t position);
  void list_clear(const SlotRef& list);

  /// Under which ident others know this file; global keys made before there was one are known by it
  /// as well. Those made under another ident keep that.
  /// Changesets in the history that name them are the caller's to rewrite.
  void set_file_ident(ClientFileIdent ident);

  [[nodiscard]] HistoryWriter history();
  [[nodiscard]] MetadataWriter metadata();

 private:
  friend class WriteTransaction;

  [[nodiscard]] const PropertyInfo& writable_property(ObjectRef object, PropertyId property);
  [[nodiscard]] const PropertyInfo& writable_list(const SlotRef& list);
  void add_to_schema(const std::vector<const ClassSchema*>& classes,
                     const std::vector<std::pair<std::string, const Property*>>& properties);
  void check_element(const SlotRef& list, const PropertyInfo& property, const Value& value);
  void nullify(const Backlink& link, ObjectRef target);
  /// What is recorded at the end; nullopt: nothing was to be.
  [[nodiscard]] std::optional<BytesView> recorded() const;
  void flush();

  std::unique_ptr<Recorder> recorder_;  ///< Once recording was on.
};

/// Checks that the property can hold the value, but for what a link leads to.
///
/// Errors:  throws `Error`: `kTypeMismatch`, `kLimitExceeded`.
void check_value(const ClassInfo& owner, const PropertyInfo& property, const Value& value);

}  // namespace tombolo::store
