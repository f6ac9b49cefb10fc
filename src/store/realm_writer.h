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

class ClassStore;
class Recorder;

/// Whether a realm's writes become instructions and a history entry at commit.
enum class Recording : std::uint8_t { kOff, kOn };

struct Created {
  RowId row;
  bool is_new = false;  ///< false: the object was there already and nothing was written.
};

/// How a value came to be written: a schema's default loses to every explicit write when merged.
enum class WriteKind : std::uint8_t { kExplicit, kDefault };

/// What can be made where it is to stand, empty at first.
enum class NewContent : std::uint8_t { kObject, kList, kDictionary };

/// Reads and writes one realm inside the write transaction. With recording on, each call appends
/// the instructions of docs/changeset-format.md, "Recording".
///
/// Errors:  throws `Error`: `kTypeMismatch` (the value's type is not the property's, null where
///          nulls are not allowed), `kObjectDeleted` (no such object), `kInvalidArgument`,
///          `kInvalidSchema`, `kLimitExceeded` (names, texts, binaries and nesting over their
///          limits). A call that throws changed nothing.
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
  ///
  /// What the realm has keeps the indexes that it has.
  void add_schema(const Schema& schema);
  /// Gives the properties that `schema` names, of those that there are, the indexes that it says:
  /// builds and drops what is not so yet. Indexes are of this file alone and never recorded.
  ///
  /// Errors:  `kInvalidSchema` when `schema` contradicts itself.
  void set_indexes(const Schema& schema);
  /// Removes the class and its objects. `kInvalidSchema` while another class links to it.
  void erase_class(ClassId class_id);
  /// Removes the property, which is not the primary key, from all objects.
  void erase_property(ClassId class_id, PropertyId property);

  // Objects.

  /// The object of that key, created with default values (null, 0, empty) when absent; a tombstone
  /// in its place is revived. While recording is on, an object of an asymmetric class is gone
  /// after the commit: it is sent and not kept.
  ///
  /// Errors:  `kTypeMismatch` when the key is not of the class's kind.
  Created create(ClassId class_id, const ObjectKey& key);
  /// A new object in a class without primary key, under the next global key.
  RowId create_keyless(ClassId class_id);
  /// Deletes the object as an application does: links to it are removed from where they stand,
  /// then the object itself. An embedded one is taken out of the slot that it is in.
  void erase(ObjectRef object);
  /// Deletes the object as a changeset does: a tombstone stays while anything links to it.
  /// Not recorded.
  void invalidate(ObjectRef object);
  /// The row that a link to this key leads to: the object, or a tombstone, made when absent.
  RowId link_target(ClassId class_id, const ObjectKey& key);

  /// Gives an object of a class with a primary key another one. What links to it still does. Until
  /// the commit several may have the same, but for null; see `describe_duplicate_keys`.
  ///
  /// Shape:   not while recording is on (asserted): no changeset can tell it.
  /// Errors:  `kTypeMismatch` for a value that the property cannot have; `kDuplicateKey` when null,
  ///          or the key of a tombstone, is taken.
  void change_key(ObjectRef object, const Value& key);

  // Properties. The primary key cannot be written (`kInvalidArgument`).
  //
  // What stood where something is written goes with all that is in it.
  //
  // New content is an empty list or dictionary where a mixed value can stand, or a new embedded
  // object. The call gives what then stands there. A list or dictionary that is to stand where one
  // of its kind does already stays as it is, and nothing is recorded.

  void set(ObjectRef object,
           PropertyId property,
           const Value& value,
           WriteKind kind = WriteKind::kExplicit);
  Value set(ObjectRef object, PropertyId property, NewContent content);
  /// Adds with wrap-around. `kTypeMismatch` when the value is no int.
  void add_int(ObjectRef object, PropertyId property, std::int64_t operand);

  // Lists. Positions are stored ones (see `CollectionReader`); beyond the end is
  // `kInvalidArgument`.

  void list_insert(const CollectionRef& list, std::uint32_t position, const Value& value) {
    (void)insert(list, position, value);
  }
  Value list_insert(const CollectionRef& list, std::uint32_t position, NewContent content) {
    return insert(list, position, to_value(content));
  }
  void list_set(const CollectionRef& list, std::uint32_t position, const Value& value) {
    (void)replace(list, position, value);
  }
  Value list_set(const CollectionRef& list, std::uint32_t position, NewContent content) {
    return replace(list, position, to_value(content));
  }
  /// Takes the element out at `from` and puts it in so that it stands at `to`. A nested list or
  /// dictionary is not moved (`kInvalidArgument`): others cannot.
  void list_move(const CollectionRef& list, std::uint32_t from, std::uint32_t to);
  void list_erase(const CollectionRef& list, std::uint32_t position);
  void list_clear(const CollectionRef& list);

  // Sets. Nothing is recorded when nothing changes.

  /// Whether it was not there.
  bool set_insert(const CollectionRef& set, const Value& value);
  /// Whether it was there.
  bool set_erase(const CollectionRef& set, const Value& value);
  void set_clear(const CollectionRef& set);

  // Dictionaries. A key that may not be one is `kInvalidArgument`.

  void dictionary_set(const CollectionRef& dictionary, std::string_view key, const Value& value) {
    (void)put(dictionary, key, value);
  }
  Value dictionary_set(const CollectionRef& dictionary, std::string_view key, NewContent content) {
    return put(dictionary, key, to_value(content));
  }
  /// Whether there was such a key.
  bool dictionary_erase(const CollectionRef& dictionary, std::string_view key);
  void dictionary_clear(const CollectionRef& dictionary);

  /// Under which ident others know this file; global keys made before there was one are known by it
  /// as well. Those made under another ident keep that.
  /// Changesets in the history that name them are the caller's to rewrite.
  void set_file_ident(ClientFileIdent ident);

  [[nodiscard]] HistoryWriter history();
  [[nodiscard]] MetadataWriter metadata();

 private:
  friend class WriteTransaction;

  [[nodiscard]] static const PropertyInfo& writable_property(ClassStore& store,
                                                             RowId row,
                                                             PropertyId property);
  /// The same for a value that is to be the property's.
  [[nodiscard]] const PropertyInfo& writable_property(ClassStore& store,
                                                      RowId row,
                                                      PropertyId property,
                                                      const Value& value);
  /// Checks that the collection is there and of that kind, and gives its size.
  [[nodiscard]] std::uint32_t writable_size(const CollectionRef& collection, CollectionType kind);
  void add_to_schema(const std::vector<const ClassSchema*>& classes,
                     const std::vector<std::pair<std::string, const Property*>>& properties);
  void check_writable(const CollectionRef& where, const Value& value);
  /// Checks what is true of a value wherever it is to stand.
  void check_content(const Value& value);
  [[nodiscard]] static Value to_value(NewContent content);
  [[nodiscard]] Value put_reference(ObjectRef object,
                                    const PropertyInfo& property,
                                    const Value& value,
                                    WriteKind kind);
  [[nodiscard]] Value insert(const CollectionRef& list, std::uint32_t position, const Value& value);
  [[nodiscard]] Value replace(const CollectionRef& list,
                              std::uint32_t position,
                              const Value& value);
  [[nodiscard]] Value put(const CollectionRef& dictionary,
                          std::string_view key,
                          const Value& value);
  void clear(const CollectionRef& collection, CollectionType kind);
  void nullify(const Backlink& link, ObjectRef target);
  void nullify_in(const CollectionRef& collection, ObjectRef target);
  void take_out(ObjectRef embedded);
  /// What is recorded at the end; nullopt: nothing was to be.
  [[nodiscard]] std::optional<BytesView> recorded() const;
  /// Takes out what is not kept after the commit, and writes all that is open.
  void finish();

  std::unique_ptr<Recorder> recorder_;   ///< Once recording was on.
  std::vector<ObjectRef> only_to_send_;  ///< Objects of asymmetric classes that were recorded.
};

}  // namespace tombolo::store
