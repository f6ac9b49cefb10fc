#include "changeset/reader.h"

#include <cstring>
#include <limits>
#include <string>

#include "base/utf8.h"
#include "changeset/limits.h"

namespace tombolo::changeset {

void ChangesetReader::reset(BytesView bytes) {
  bytes_ = bytes;
  cursor_ = ByteCursor(bytes);
  start_ = 0;
  strings_.clear();
  name_count_ = 0;
  lookup_.clear();
  leading_bytes_ = 0;
  leading_names_ = 0;
  same_name_count_ = 0;
  path_elements_.clear();
}

void ChangesetReader::reset_after_similar(BytesView bytes) {
  const BytesView leading = bytes_.first(leading_bytes_);
  if (leading_names_ == 0 || bytes.size() < leading.size() ||
      std::memcmp(bytes.data(), leading.data(), leading.size()) != 0) {
    return reset(bytes);
  }
  const auto* const before = reinterpret_cast<const char*>(bytes_.data());
  const auto* const now = reinterpret_cast<const char*>(bytes.data());
  const bool has_more_names = strings_.size() > leading_names_;
  strings_.resize(leading_names_);
  for (std::string_view& name : strings_) name = {now + (name.data() - before), name.size()};
  if (has_more_names) {
    lookup_.clear();
    for (std::size_t i = 0; i < strings_.size(); ++i) {
      lookup_.find_or_add(strings_[i], [this](StringIndex other) { return string(other); });
    }
  }
  name_count_ = leading_names_;
  same_name_count_ = leading_names_;
  bytes_ = bytes;
  cursor_ = ByteCursor(bytes, leading_bytes_);
  start_ = 0;
  path_elements_.clear();
}

Result<const Instruction*> ChangesetReader::next() {
  if (!begin_next()) return checked(nullptr);
  read_content();
  return checked(&instruction_);
}

Result<const Instruction*> ChangesetReader::next_address() {
  return checked(skim());
}

// Everything inlined: this is what merging spends most of its time with.
[[gnu::flatten]] const Instruction* ChangesetReader::skim() {
  if (!begin_next()) return nullptr;
  content_start_ = cursor_.offset();
  skip_content();
  return cursor_.failed() ? nullptr : &instruction_;
}

Result<void> ChangesetReader::status() const {
  if (cursor_.failed()) return failure();
  return {};
}

Result<const Instruction*> ChangesetReader::complete() {
  const ByteCursor after = cursor_;
  cursor_ = ByteCursor(bytes_, content_start_);
  read_content();
  if (!cursor_.failed()) cursor_ = after;
  return checked(&instruction_);
}

[[gnu::flatten]] const Instruction* ChangesetReader::read_at(BytesView bytes,
                                                             std::size_t begin,
                                                             std::size_t name_count) {
  bytes_ = bytes;
  cursor_ = ByteCursor(bytes, begin);
  strings_.clear();
  name_count_ = name_count;
  leading_names_ = 0;
  start_ = begin;
  const std::uint64_t opcode = cursor_.read_unsigned<std::uint64_t>();
  if (opcode >= kOpcodeCount) {
    cursor_.fail("unknown opcode", begin);
    return nullptr;
  }
  read_address(static_cast<Opcode>(opcode));
  read_content();
  return cursor_.failed() ? nullptr : &instruction_;
}

Result<const Instruction*> ChangesetReader::checked(const Instruction* instruction) const {
  if (!cursor_.failed()) return instruction;
  return failure();
}

Error ChangesetReader::failure() const {
  return Error(ErrorCode::kBadChangeset,
               "bad changeset at byte " + std::to_string(cursor_.failure_offset()) + ": " +
                   cursor_.failure());
}

/// Reads up to the content of the next instruction; false at the end.
bool ChangesetReader::begin_next() {
  while (!cursor_.at_end()) {
    const std::size_t start = cursor_.offset();
    const std::uint64_t opcode = cursor_.read_unsigned<std::uint64_t>();
    if (opcode < kOpcodeCount) {
      if (start_ == 0) {
        leading_bytes_ = start;
        leading_names_ = strings_.size();
      }
      start_ = start;
      read_address(static_cast<Opcode>(opcode));
      return true;
    }
    if (opcode == kInternStringOpcode) {
      define_string();
    } else {
      cursor_.fail("unknown opcode", start);
    }
  }
  return false;
}

void ChangesetReader::read_address(Opcode opcode) {
  const std::size_t start = cursor_.offset();
  Instruction& read = instruction_;
  read.opcode = opcode;
  read.field = StringIndex();
  read.path = PathRange();
  read.object = PrimaryKey();
  read.table = read_string_index();
  switch (opcode) {
    case Opcode::kAddTable:
    case Opcode::kEraseTable: return;
    case Opcode::kAddColumn:
    case Opcode::kEraseColumn: read.field = read_string_index(); return;
    case Opcode::kCreateObject:
    case Opcode::kEraseObject: read.object = read_primary_key(); return;
    default: break;
  }
  read.object = read_primary_key();
  read.field = read_string_index();
  read.path = read_path();
  if (is_list_instruction(opcode) && !path_ends_in_index()) {
    cursor_.fail("the path of a list instruction must end in a position", start);
  }
}

void ChangesetReader::read_content() {
  Instruction& read = instruction_;
  read.is_default = false;
  read.collection = CollectionType::kSingle;
  read.prior_size = 0;
  read.move_to = 0;
  read.value = Payload();
  switch (read.opcode) {
    case Opcode::kAddTable: read.table_spec = read_table_spec(); return;
    case Opcode::kAddColumn: read.column_spec = read_column_spec(); return;
    case Opcode::kEraseTable:
    case Opcode::kEraseColumn:
    case Opcode::kCreateObject:
    case Opcode::kEraseObject: return;
    case Opcode::kUpdate:
      read.value = read_payload();
      if (path_ends_in_index()) {
        read.prior_size = cursor_.read_unsigned<std::uint32_t>();
      } else {
        read.is_default = read_bool();
      }
      return;
    case Opcode::kAddInteger:
      read.value.type = PayloadType::kInt;
      read.value.integer = cursor_.read_signed<std::int64_t>();
      return;
    case Opcode::kArrayInsert:
      read.value = read_payload();
      read.prior_size = cursor_.read_unsigned<std::uint32_t>();
      return;
    case Opcode::kArrayMove:
      read.move_to = cursor_.read_unsigned<std::uint32_t>();
      read.prior_size = cursor_.read_unsigned<std::uint32_t>();
      return;
    case Opcode::kArrayErase: read.prior_size = cursor_.read_unsigned<std::uint32_t>(); return;
    case Opcode::kClear: read.collection = read_collection_type(); return;
    case Opcode::kSetInsert:
    case Opcode::kSetErase: read.value = read_payload(); return;
  }
}

void ChangesetReader::skip_content() {
  switch (instruction_.opcode) {
    case Opcode::kUpdate:
      skip_payload();
      cursor_.skip_integer();  // prior size or default flag
      return;
    case Opcode::kArrayInsert:
      skip_payload();
      cursor_.skip_integer();
      return;
    case Opcode::kSetInsert:
    case Opcode::kSetErase: skip_payload(); return;
    default: read_content();
  }
}

void ChangesetReader::skip_payload() {
  switch (read_payload_type()) {
    case PayloadType::kInt:
    case PayloadType::kBool: cursor_.skip_integer(); return;
    case PayloadType::kString:
    case PayloadType::kBinary:
      static_cast<void>(cursor_.read_bytes(cursor_.read_unsigned<std::uint64_t>()));
      return;
    case PayloadType::kTimestamp:
      cursor_.skip_integer();
      cursor_.skip_integer();
      return;
    case PayloadType::kFloat: static_cast<void>(cursor_.read_bytes(sizeof(float))); return;
    case PayloadType::kDouble: static_cast<void>(cursor_.read_bytes(sizeof(double))); return;
    case PayloadType::kDecimal:
      cursor_.skip_integer();  // coefficient
      cursor_.skip_integer();
      cursor_.skip_integer();
      return;
    case PayloadType::kLink:
      static_cast<void>(read_string_index());
      static_cast<void>(read_primary_key());
      return;
    case PayloadType::kObjectId: static_cast<void>(cursor_.read_bytes(sizeof(ObjectId))); return;
    case PayloadType::kUuid: static_cast<void>(cursor_.read_bytes(sizeof(Uuid))); return;
    default: return;  // kinds without content
  }
}

void ChangesetReader::define_string() {
  const std::size_t start = cursor_.offset();
  const std::uint32_t index = cursor_.read_unsigned<std::uint32_t>();
  const std::string_view text = read_text(kStringBytesMax, true);
  if (cursor_.failed()) return;
  if (index != strings_.size()) {
    cursor_.fail("names must be numbered in order, without gaps", start);
    return;
  }
  const StringIndex known =
      lookup_.find_or_add(text, [this](StringIndex other) { return string(other); });
  if (known.value() != index) {
    cursor_.fail("a name is defined twice", start);
    return;
  }
  strings_.push_back(text);
  ++name_count_;
}

StringIndex ChangesetReader::read_string_index() {
  const std::size_t start = cursor_.offset();
  const std::uint32_t index = cursor_.read_unsigned<std::uint32_t>();
  if (index >= name_count_) cursor_.fail("a name is used before it is defined", start);
  return StringIndex(index);
}

std::string_view ChangesetReader::read_text(std::size_t bytes_max, bool must_be_utf8) {
  const std::size_t start = cursor_.offset();
  const std::uint64_t bytes = cursor_.read_unsigned<std::uint64_t>();
  if (bytes > bytes_max) {
    cursor_.fail("a text is longer than allowed", start);
    return {};
  }
  const std::string_view text = cursor_.read_bytes(bytes);
  if (must_be_utf8 && !is_valid_utf8(text)) cursor_.fail("a text is not UTF-8", start);
  return text;
}

bool ChangesetReader::read_bool() {
  return cursor_.read_unsigned<std::uint8_t>() != 0;
}

PayloadType ChangesetReader::read_payload_type() {
  const std::size_t start = cursor_.offset();
  const std::int64_t code = cursor_.read_signed<std::int64_t>();
  if (code < static_cast<std::int64_t>(PayloadType::kSet) ||
      code > static_cast<std::int64_t>(PayloadType::kUuid)) {
    cursor_.fail("unknown type code", start);
    return PayloadType::kNull;
  }
  return static_cast<PayloadType>(code);
}

CollectionType ChangesetReader::read_collection_type() {
  const std::size_t start = cursor_.offset();
  const std::uint8_t code = cursor_.read_unsigned<std::uint8_t>();
  if (code > static_cast<std::uint8_t>(CollectionType::kSet)) {
    cursor_.fail("unknown collection type", start);
    return CollectionType::kSingle;
  }
  return static_cast<CollectionType>(code);
}

PrimaryKey ChangesetReader::read_primary_key() {
  const std::size_t start = cursor_.offset();
  PrimaryKey key;
  key.type = read_payload_type();
  switch (key.type) {
    case PayloadType::kNull: break;
    case PayloadType::kInt: key.integer = cursor_.read_signed<std::int64_t>(); break;
    case PayloadType::kString: key.string = read_string_index(); break;
    case PayloadType::kGlobalKey: {
      const std::uint64_t high = cursor_.read_unsigned<std::uint64_t>();
      key.global_key = {.high = high, .low = cursor_.read_unsigned<std::uint64_t>()};
      break;
    }
    case PayloadType::kObjectId: key.object_id = cursor_.read_raw<ObjectId>(); break;
    case PayloadType::kUuid: key.uuid = cursor_.read_raw<Uuid>(); break;
    default: cursor_.fail("a primary key cannot be of this type", start);
  }
  return key;
}

PathRange ChangesetReader::read_path() {
  path_elements_.clear();
  const std::size_t start = cursor_.offset();
  const std::uint32_t count = cursor_.read_unsigned<std::uint32_t>();
  if (count > kPathElementsMax) {
    cursor_.fail("a path is longer than allowed", start);
    return {};
  }
  constexpr std::int64_t kNameMarker = -1;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::size_t element_start = cursor_.offset();
    const std::int64_t element = cursor_.read_signed<std::int64_t>();
    if (element == kNameMarker) {
      path_elements_.push_back(PathElement::key(read_string_index()));
    } else if (element >= 0 && element <= std::numeric_limits<std::uint32_t>::max()) {
      path_elements_.push_back(PathElement::index(static_cast<std::uint32_t>(element)));
    } else {
      cursor_.fail("a path position is out of range", element_start);
      return {};
    }
  }
  return {.offset = 0, .count = count};
}

bool ChangesetReader::path_ends_in_index() const noexcept {
  return instruction_.path.count != 0 && path_elements_.back().is_index();
}

Payload ChangesetReader::read_payload() {
  const std::size_t start = cursor_.offset();
  Payload value;
  value.type = read_payload_type();
  switch (value.type) {
    case PayloadType::kNull:
    case PayloadType::kObjectValue:
    case PayloadType::kList:
    case PayloadType::kDictionary:
    case PayloadType::kSet:
    case PayloadType::kErased: break;
    case PayloadType::kInt: value.integer = cursor_.read_signed<std::int64_t>(); break;
    case PayloadType::kBool: value.boolean = read_bool(); break;
    case PayloadType::kString: value.text = read_text(kStringBytesMax, true); break;
    case PayloadType::kBinary: value.text = read_text(kBinaryBytesMax, false); break;
    case PayloadType::kTimestamp: value.timestamp = read_timestamp(); break;
    case PayloadType::kFloat: value.single = cursor_.read_raw<float>(); break;
    case PayloadType::kDouble: value.real = cursor_.read_raw<double>(); break;
    case PayloadType::kDecimal: value.decimal = read_decimal(); break;
    case PayloadType::kLink: {
      const StringIndex table = read_string_index();
      value.link = {.table = table, .object = read_primary_key()};
      break;
    }
    case PayloadType::kObjectId: value.object_id = cursor_.read_raw<ObjectId>(); break;
    case PayloadType::kUuid: value.uuid = cursor_.read_raw<Uuid>(); break;
    case PayloadType::kGlobalKey: cursor_.fail("a value cannot be of this type", start);
  }
  return value;
}

Timestamp ChangesetReader::read_timestamp() {
  const std::size_t start = cursor_.offset();
  const std::int64_t seconds = cursor_.read_signed<std::int64_t>();
  const std::int64_t nanoseconds = cursor_.read_signed<std::int64_t>();
  const Timestamp time{seconds, static_cast<std::int32_t>(nanoseconds)};
  if (time.nanoseconds != nanoseconds || !is_valid(time)) {
    cursor_.fail("the nanoseconds of a timestamp are out of range", start);
  }
  return time;
}

Decimal128 ChangesetReader::read_decimal() {
  constexpr int kCoefficientHighBits = 49;
  constexpr std::int64_t kExponentBias = 6176;
  constexpr std::int64_t kBiasedExponentMax = (1 << 14) - 1;
  const std::size_t start = cursor_.offset();
  const unsigned __int128 coefficient = cursor_.read_coefficient();
  const std::int64_t biased_exponent = cursor_.read_signed<std::int32_t>() + kExponentBias;
  const bool negative = cursor_.read_signed<std::int32_t>() != 0;
  const auto coefficient_high = static_cast<std::uint64_t>(coefficient >> 64);
  if (coefficient_high >> kCoefficientHighBits != 0 || biased_exponent < 0 ||
      biased_exponent > kBiasedExponentMax) {
    cursor_.fail("a decimal does not fit its fields", start);
    return {};
  }
  return {.high = static_cast<std::uint64_t>(negative) << 63 |
                  static_cast<std::uint64_t>(biased_exponent) << kCoefficientHighBits |
                  coefficient_high,
          .low = static_cast<std::uint64_t>(coefficient)};
}

TableSpec ChangesetReader::read_table_spec() {
  const std::size_t kind_start = cursor_.offset();
  const std::uint8_t kind = cursor_.read_unsigned<std::uint8_t>();
  if (kind > static_cast<std::uint8_t>(ClassKind::kAsymmetric)) {
    cursor_.fail("unknown kind of class", kind_start);
    return {};
  }
  TableSpec spec{.kind = static_cast<ClassKind>(kind)};
  if (spec.kind == ClassKind::kEmbedded) return spec;
  spec.primary_key = read_string_index();
  const std::size_t type_start = cursor_.offset();
  spec.primary_key_type = read_payload_type();
  if (!is_primary_key_type(spec.primary_key_type) || spec.primary_key_type == PayloadType::kNull) {
    cursor_.fail("a primary key cannot be of this type", type_start);
  }
  spec.primary_key_nullable = read_bool();
  return spec;
}

ColumnSpec ChangesetReader::read_column_spec() {
  const std::size_t type_start = cursor_.offset();
  const PayloadType type = read_payload_type();
  if (type < PayloadType::kNull) {
    cursor_.fail("a property cannot be of this type", type_start);
    return {};
  }
  ColumnSpec spec{.type = static_cast<PropertyType>(type)};
  spec.nullable = read_bool();
  spec.collection = read_collection_type();
  if (spec.type == PropertyType::kLink) spec.target = read_string_index();
  if (spec.collection == CollectionType::kDictionary) {
    const std::size_t key_start = cursor_.offset();
    if (read_payload_type() != PayloadType::kString) {
      cursor_.fail("the keys of a dictionary are strings", key_start);
    }
  }
  return spec;
}

}  // namespace tombolo::changeset
