#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>

#include "base/bytes.h"
#include "base/strong_id.h"
#include "schema/property_type.h"
#include "value/decimal128.h"
#include "value/global_key.h"
#include "value/object_id.h"
#include "value/timestamp.h"
#include "value/uuid.h"

/// The instruction model: what one line of a changeset says. An `Instruction` is a small, flat,
/// trivially copyable record; names, paths and long values are references into the `Changeset`
/// that holds it, so an instruction has no meaning apart from its changeset.
///
/// Source: docs/changeset-format.md.

namespace tombolo::changeset {

/// Position of a name in the string table of the changeset: classes, properties, dictionary keys
/// and string primary keys are such references.
using StringIndex = StrongId<struct StringIndexTag, std::uint32_t>;

/// The numbers are the opcodes of the binary form.
enum class Opcode : std::uint8_t {
  kAddTable = 0,
  kEraseTable = 1,
  kCreateObject = 2,
  kEraseObject = 3,
  kUpdate = 4,
  kAddInteger = 5,
  kAddColumn = 6,
  kEraseColumn = 7,
  kArrayInsert = 8,
  kArrayMove = 9,
  kArrayErase = 10,
  kClear = 11,
  kSetInsert = 12,
  kSetErase = 13,
};
inline constexpr std::uint8_t kOpcodeCount = 14;
/// The meta instruction that defines the next name of the string table; never in an `Instruction`.
inline constexpr std::uint8_t kInternStringOpcode = 63;

/// The numbers are the type codes of the binary form.
enum class PayloadType : std::int8_t {
  kSet = -6,
  kList = -5,         ///< "The Mixed slot holds a list"; contents follow as instructions.
  kErased = -4,       ///< The dictionary key is removed.
  kDictionary = -3,   ///< "The Mixed slot holds a dictionary".
  kObjectValue = -2,  ///< "An embedded object exists here".
  kGlobalKey = -1,    ///< Primary keys only.
  kNull = 0,
  kInt = 1,
  kBool = 2,
  kString = 3,
  kBinary = 4,
  kTimestamp = 5,
  kFloat = 6,
  kDouble = 7,
  kDecimal = 8,
  kLink = 9,
  kObjectId = 10,
  kUuid = 11,
};

[[nodiscard]] constexpr bool is_primary_key_type(PayloadType type) noexcept {
  switch (type) {
    case PayloadType::kNull:
    case PayloadType::kInt:
    case PayloadType::kString:
    case PayloadType::kGlobalKey:
    case PayloadType::kObjectId:
    case PayloadType::kUuid: return true;
    default: return false;
  }
}

/// Identity of an object within its class.
/// `type` satisfies `is_primary_key_type` and says which member holds.
struct PrimaryKey {
  PayloadType type = PayloadType::kNull;
  union {
    std::int64_t integer;
    StringIndex string;
    GlobalKey global_key;
    ObjectId object_id;
    Uuid uuid;
  };

  constexpr PrimaryKey() noexcept : integer(0) {}
  explicit constexpr PrimaryKey(std::int64_t value) noexcept
      : type(PayloadType::kInt),
        integer(value) {}
  explicit constexpr PrimaryKey(StringIndex value) noexcept
      : type(PayloadType::kString),
        string(value) {}
  explicit constexpr PrimaryKey(GlobalKey value) noexcept
      : type(PayloadType::kGlobalKey),
        global_key(value) {}
  explicit constexpr PrimaryKey(ObjectId value) noexcept
      : type(PayloadType::kObjectId),
        object_id(value) {}
  explicit constexpr PrimaryKey(Uuid value) noexcept : type(PayloadType::kUuid), uuid(value) {}
};

/// One step of a path: a list position, or a name (dictionary key or embedded property).
class PathElement {
 public:
  [[nodiscard]] static constexpr PathElement index(std::uint32_t position) noexcept {
    return PathElement(position, false);
  }
  [[nodiscard]] static constexpr PathElement key(StringIndex name) noexcept {
    return PathElement(name.value(), true);
  }
  [[nodiscard]] constexpr bool is_index() const noexcept { return !is_key_; }
  [[nodiscard]] constexpr bool is_key() const noexcept { return is_key_; }
  [[nodiscard]] constexpr std::uint32_t position() const noexcept { return value_; }
  [[nodiscard]] constexpr StringIndex name() const noexcept { return StringIndex(value_); }

  friend constexpr bool operator==(PathElement, PathElement) noexcept = default;

 private:
  constexpr PathElement(std::uint32_t value, bool is_key) noexcept
      : value_(value),
        is_key_(is_key) {}
  std::uint32_t value_;
  bool is_key_;
};

/// A range of `Changeset::path_elements()`; empty for the property itself.
struct PathRange {
  std::uint32_t offset = 0;
  std::uint32_t count = 0;
};

/// A link to an object by class and key. The class may be absent from the receiver's schema.
struct LinkTarget {
  StringIndex table;
  PrimaryKey object;
};

/// A value in an instruction. `type` says which member holds; kinds without content have none.
/// `text` is the content of kString and of kBinary: it views the changeset's own bytes.
struct Payload {
  PayloadType type = PayloadType::kNull;
  union {
    std::int64_t integer;
    bool boolean;
    std::string_view text;
    Timestamp timestamp;
    float single;
    double real;
    Decimal128 decimal;
    LinkTarget link;
    ObjectId object_id;
    Uuid uuid;
  };

  constexpr Payload() noexcept : integer(0) {}
  /// A kind without content: null, an empty embedded object, list or dictionary, Erased.
  explicit constexpr Payload(PayloadType kind) noexcept : type(kind), integer(0) {}
  // Named, because a literal would otherwise choose its type by the rules of conversion.
  [[nodiscard]] static constexpr Payload of_int(std::int64_t value) noexcept {
    Payload payload(PayloadType::kInt);
    payload.integer = value;
    return payload;
  }
  [[nodiscard]] static constexpr Payload of_bool(bool value) noexcept {
    Payload payload(PayloadType::kBool);
    payload.boolean = value;
    return payload;
  }
  [[nodiscard]] static constexpr Payload of_string(std::string_view value) noexcept {
    Payload payload(PayloadType::kString);
    payload.text = value;
    return payload;
  }
  [[nodiscard]] static constexpr Payload of_binary(std::string_view value) noexcept {
    Payload payload(PayloadType::kBinary);
    payload.text = value;
    return payload;
  }
  [[nodiscard]] static constexpr Payload of_timestamp(Timestamp value) noexcept {
    Payload payload(PayloadType::kTimestamp);
    payload.timestamp = value;
    return payload;
  }
  [[nodiscard]] static constexpr Payload of_float(float value) noexcept {
    Payload payload(PayloadType::kFloat);
    payload.single = value;
    return payload;
  }
  [[nodiscard]] static constexpr Payload of_double(double value) noexcept {
    Payload payload(PayloadType::kDouble);
    payload.real = value;
    return payload;
  }
  [[nodiscard]] static constexpr Payload of_decimal(Decimal128 value) noexcept {
    Payload payload(PayloadType::kDecimal);
    payload.decimal = value;
    return payload;
  }
  [[nodiscard]] static constexpr Payload of_link(LinkTarget value) noexcept {
    Payload payload(PayloadType::kLink);
    payload.link = value;
    return payload;
  }
  [[nodiscard]] static constexpr Payload of_object_id(ObjectId value) noexcept {
    Payload payload(PayloadType::kObjectId);
    payload.object_id = value;
    return payload;
  }
  [[nodiscard]] static constexpr Payload of_uuid(Uuid value) noexcept {
    Payload payload(PayloadType::kUuid);
    payload.uuid = value;
    return payload;
  }
};

/// What AddTable says beyond the class name.
struct TableSpec {
  ClassKind kind = ClassKind::kTopLevel;
  StringIndex primary_key;  ///< "" for a class without key; unused for embedded classes.
  PayloadType primary_key_type = PayloadType::kGlobalKey;
  bool primary_key_nullable = false;
};

/// What AddColumn says beyond class and property.
struct ColumnSpec {
  PropertyType type = PropertyType::kMixed;
  CollectionType collection = CollectionType::kSingle;
  bool nullable = false;
  StringIndex target;  ///< Valid for links: "" means any class.
};

/// One instruction. Which members hold is decided by `opcode`:
///
///   AddTable                    table, table_spec
///   EraseTable                  table
///   AddColumn                   table, field, column_spec
///   EraseColumn                 table, field
///   CreateObject, EraseObject   table, object
///   Update                      table, object, field, path, value; is_default, or prior_size when
///                               the path ends in a list position
///   AddInteger                  table, object, field, path, value (kInt)
///   ArrayInsert                 table, object, field, path, value, prior_size
///   ArrayMove                   table, object, field, path, move_to, prior_size
///   ArrayErase                  table, object, field, path, prior_size
///   Clear                       table, object, field, path, collection
///   SetInsert, SetErase         table, object, field, path, value
struct Instruction {
  Opcode opcode = Opcode::kAddTable;
  bool is_default = false;
  CollectionType collection = CollectionType::kSingle;
  StringIndex table;
  StringIndex field;
  PathRange path;
  std::uint32_t prior_size = 0;
  std::uint32_t move_to = 0;
  PrimaryKey object;
  union {
    Payload value;
    TableSpec table_spec;
    ColumnSpec column_spec;
  };

  constexpr Instruction() noexcept : value() {}
};
static_assert(std::is_trivially_copyable_v<Instruction>);

/// Whether the instruction addresses a property of one object, or what is inside it.
[[nodiscard]] constexpr bool is_path_instruction(Opcode opcode) noexcept {
  switch (opcode) {
    case Opcode::kUpdate:
    case Opcode::kAddInteger:
    case Opcode::kArrayInsert:
    case Opcode::kArrayMove:
    case Opcode::kArrayErase:
    case Opcode::kClear:
    case Opcode::kSetInsert:
    case Opcode::kSetErase: return true;
    default: return false;
  }
}
/// Whether the instruction inserts, moves or erases a list element: its path ends in a position.
[[nodiscard]] constexpr bool is_list_instruction(Opcode opcode) noexcept {
  return opcode == Opcode::kArrayInsert || opcode == Opcode::kArrayMove ||
         opcode == Opcode::kArrayErase;
}
[[nodiscard]] constexpr bool is_schema_instruction(Opcode opcode) noexcept {
  return opcode == Opcode::kAddTable || opcode == Opcode::kEraseTable ||
         opcode == Opcode::kAddColumn || opcode == Opcode::kEraseColumn;
}

}  // namespace tombolo::changeset
