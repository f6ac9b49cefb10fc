#include "changeset/writer.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/assertion.h"
#include "changeset/limits.h"
#include "changeset/varint.h"

namespace tombolo::changeset {
namespace {

/// Room for everything in an instruction but its path and the content of a text: opcode, three
/// names, two keys of up to 21 bytes, a decimal or timestamp of up to 24, two sizes and a flag.
constexpr std::size_t kFixedBytesMax = 128;
constexpr std::size_t kPathElementBytes = 1 + kVarintBytesMax<std::uint32_t>;
constexpr std::uint8_t kPathNameMarker = 0x40;  // -1

constexpr std::size_t kBufferBytesMin = 1024;

template <typename T>
std::uint8_t* write_raw(std::uint8_t* out, const T& value) noexcept {
  std::memcpy(out, &value, sizeof value);
  return out + sizeof value;
}

template <typename Enum>
std::uint8_t* write_code(std::uint8_t* out, Enum code) noexcept {
  *out++ = static_cast<std::uint8_t>(code);
  return out;
}

std::uint8_t* write_payload_type(std::uint8_t* out, PayloadType type) noexcept {
  return write_signed_varint(out, static_cast<std::int64_t>(type));
}

bool has_text(const Payload& value) noexcept {
  return value.type == PayloadType::kString || value.type == PayloadType::kBinary;
}

/// Bytes of a payload that are not in `kFixedBytesMax`.
std::size_t text_bytes(const Payload& value) {
  if (!has_text(value)) return 0;
  TOMBOLO_ASSERT(value.text.size() <=
                 (value.type == PayloadType::kString ? kStringBytesMax : kBinaryBytesMax));
  return value.text.size();
}

std::uint8_t* write_text(std::uint8_t* out, std::string_view text) noexcept {
  out = write_varint(out, text.size());
  if (!text.empty()) std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

/// The fields of the number, none normalised: coefficient, unbiased exponent, sign.
std::uint8_t* write_decimal(std::uint8_t* out, const Decimal128& value) noexcept {
  constexpr std::uint64_t kCoefficientHighMask = (std::uint64_t{1} << 49) - 1;
  constexpr std::int64_t kExponentBias = 6176;
  auto coefficient =
      static_cast<unsigned __int128>(value.high & kCoefficientHighMask) << 64 | value.low;
  while (coefficient >= 0x40) {
    *out++ = static_cast<std::uint8_t>(0x80 | (coefficient & 0x7F));
    coefficient >>= 7;
  }
  *out++ = static_cast<std::uint8_t>(coefficient);
  const auto biased_exponent = static_cast<std::int64_t>(value.high >> 49 & 0x3FFF);
  out = write_signed_varint(out, biased_exponent - kExponentBias);
  *out++ = static_cast<std::uint8_t>(value.high >> 63);
  return out;
}

bool ends_in_index(std::span<const PathElement> path) noexcept {
  return !path.empty() && path.back().is_index();
}

}  // namespace

StringIndex ChangesetWriter::intern(std::string_view text) {
  TOMBOLO_ASSERT(name_count_ == names_.size());
  const StringIndex index =
      lookup_.find_or_add(text, [this](StringIndex other) { return name(other); });
  if (index.value() < names_.size()) return index;

  TOMBOLO_ASSERT(text.size() <= kStringBytesMax);
  std::uint8_t* out = reserve(kFixedBytesMax + text.size());
  out = write_code(out, kInternStringOpcode);
  out = write_varint(out, index.value());
  out = write_text(out, text);
  finish(out);
  names_.push_back({.offset = size_ - text.size(), .bytes = text.size()});
  ++name_count_;
  return index;
}

void ChangesetWriter::add_table(StringIndex table, const TableSpec& spec) {
  std::uint8_t* out = begin_instruction(Opcode::kAddTable, table);
  out = write_code(out, spec.kind);
  if (spec.kind != ClassKind::kEmbedded) {
    out = write_string_index(out, spec.primary_key);
    out = write_payload_type(out, spec.primary_key_type);
    out = write_code(out, spec.primary_key_nullable);
  }
  end_instruction(out);
}

void ChangesetWriter::erase_table(StringIndex table) {
  end_instruction(begin_instruction(Opcode::kEraseTable, table));
}

void ChangesetWriter::add_column(StringIndex table, StringIndex field, const ColumnSpec& spec) {
  std::uint8_t* out = begin_instruction(Opcode::kAddColumn, table);
  out = write_string_index(out, field);
  out = write_code(out, spec.type);
  out = write_code(out, spec.nullable);
  out = write_code(out, spec.collection);
  if (spec.type == PropertyType::kLink) out = write_string_index(out, spec.target);
  if (spec.collection == CollectionType::kDictionary) out = write_code(out, PayloadType::kString);
  end_instruction(out);
}

void ChangesetWriter::erase_column(StringIndex table, StringIndex field) {
  std::uint8_t* out = begin_instruction(Opcode::kEraseColumn, table);
  end_instruction(write_string_index(out, field));
}

void ChangesetWriter::create_object(StringIndex table, const PrimaryKey& object) {
  std::uint8_t* out = begin_instruction(Opcode::kCreateObject, table);
  end_instruction(write_primary_key(out, object));
}

void ChangesetWriter::erase_object(StringIndex table, const PrimaryKey& object) {
  std::uint8_t* out = begin_instruction(Opcode::kEraseObject, table);
  end_instruction(write_primary_key(out, object));
}

void ChangesetWriter::update(const Place& place, const Payload& value, UpdateOptions options) {
  TOMBOLO_ASSERT(!ends_in_index(place.path));
  std::uint8_t* out = begin_path_instruction(Opcode::kUpdate, place, text_bytes(value));
  out = write_payload(out, value);
  end_instruction(write_code(out, options.is_default));
}

void ChangesetWriter::update_element(const Place& place, const Payload& value, std::uint32_t size) {
  TOMBOLO_ASSERT(ends_in_index(place.path));
  std::uint8_t* out = begin_path_instruction(Opcode::kUpdate, place, text_bytes(value));
  out = write_payload(out, value);
  end_instruction(write_varint(out, size));
}

void ChangesetWriter::add_integer(const Place& place, std::int64_t operand) {
  std::uint8_t* out = begin_path_instruction(Opcode::kAddInteger, place);
  end_instruction(write_signed_varint(out, operand));
}

void ChangesetWriter::array_insert(const Place& place,
                                   const Payload& value,
                                   std::uint32_t prior_size) {
  TOMBOLO_ASSERT(ends_in_index(place.path));
  std::uint8_t* out = begin_path_instruction(Opcode::kArrayInsert, place, text_bytes(value));
  out = write_payload(out, value);
  end_instruction(write_varint(out, prior_size));
}

void ChangesetWriter::array_move(const Place& place, ElementMove move) {
  TOMBOLO_ASSERT(ends_in_index(place.path));
  std::uint8_t* out = begin_path_instruction(Opcode::kArrayMove, place);
  out = write_varint(out, move.to);
  end_instruction(write_varint(out, move.prior_size));
}

void ChangesetWriter::array_erase(const Place& place, std::uint32_t prior_size) {
  TOMBOLO_ASSERT(ends_in_index(place.path));
  std::uint8_t* out = begin_path_instruction(Opcode::kArrayErase, place);
  end_instruction(write_varint(out, prior_size));
}

void ChangesetWriter::clear(const Place& place, CollectionType collection) {
  std::uint8_t* out = begin_path_instruction(Opcode::kClear, place);
  end_instruction(write_code(out, collection));
}

void ChangesetWriter::set_insert(const Place& place, const Payload& value) {
  std::uint8_t* out = begin_path_instruction(Opcode::kSetInsert, place, text_bytes(value));
  end_instruction(write_payload(out, value));
}

void ChangesetWriter::set_erase(const Place& place, const Payload& value) {
  std::uint8_t* out = begin_path_instruction(Opcode::kSetErase, place, text_bytes(value));
  end_instruction(write_payload(out, value));
}

void ChangesetWriter::append(const Instruction& instruction, std::span<const PathElement> path) {
  const Instruction& i = instruction;
  const Place place{.table = i.table, .object = i.object, .field = i.field, .path = path};
  switch (i.opcode) {
    case Opcode::kAddTable: return add_table(i.table, i.table_spec);
    case Opcode::kEraseTable: return erase_table(i.table);
    case Opcode::kCreateObject: return create_object(i.table, i.object);
    case Opcode::kEraseObject: return erase_object(i.table, i.object);
    case Opcode::kUpdate:
      return ends_in_index(path) ? update_element(place, i.value, i.prior_size)
                                 : update(place, i.value, {.is_default = i.is_default});
    case Opcode::kAddInteger: return add_integer(place, i.value.integer);
    case Opcode::kAddColumn: return add_column(i.table, i.field, i.column_spec);
    case Opcode::kEraseColumn: return erase_column(i.table, i.field);
    case Opcode::kArrayInsert: return array_insert(place, i.value, i.prior_size);
    case Opcode::kArrayMove:
      return array_move(place, {.to = i.move_to, .prior_size = i.prior_size});
    case Opcode::kArrayErase: return array_erase(place, i.prior_size);
    case Opcode::kClear: return clear(place, i.collection);
    case Opcode::kSetInsert: return set_insert(place, i.value);
    case Opcode::kSetErase: return set_erase(place, i.value);
  }
}

void ChangesetWriter::append_encoded(BytesView instructions) {
  if (instructions.empty()) return;
  append_bytes(instructions);
  ++instruction_count_;
}

void ChangesetWriter::append_names(BytesView definitions, std::size_t count) {
  append_bytes(definitions);
  name_count_ += count;
}

void ChangesetWriter::append_bytes(BytesView bytes) {
  std::uint8_t* const out = reserve(bytes.size());
  if (!bytes.empty()) std::memcpy(out, bytes.data(), bytes.size());
  finish(out + bytes.size());
}

BytesView ChangesetWriter::bytes() const noexcept {
  return {reinterpret_cast<const std::byte*>(buffer_.data()), instruction_count_ == 0 ? 0 : size_};
}

void ChangesetWriter::reset() noexcept {
  size_ = 0;
  instruction_count_ = 0;
  name_count_ = 0;
  names_.clear();
  lookup_.clear();
}

std::string_view ChangesetWriter::name(StringIndex index) const {
  const Name& found = names_[index.value()];
  return {reinterpret_cast<const char*>(buffer_.data()) + found.offset, found.bytes};
}

std::uint8_t* ChangesetWriter::reserve(std::size_t bytes) {
  if (buffer_.capacity() - size_ < bytes) [[unlikely]] {
    buffer_.grow(std::max({kBufferBytesMin, 2 * buffer_.capacity(), size_ + bytes}));
  }
  return buffer_.data() + size_;
}

void ChangesetWriter::finish(const std::uint8_t* end) noexcept {
  size_ = static_cast<std::size_t>(end - buffer_.data());
}

std::uint8_t* ChangesetWriter::begin_instruction(Opcode opcode,
                                                 StringIndex table,
                                                 std::size_t more_bytes) {
  std::uint8_t* out = reserve(kFixedBytesMax + more_bytes);
  return write_string_index(write_code(out, opcode), table);
}

std::uint8_t* ChangesetWriter::begin_path_instruction(Opcode opcode,
                                                      const Place& place,
                                                      std::size_t more_bytes) {
  TOMBOLO_ASSERT(place.path.size() <= kPathElementsMax);
  std::uint8_t* out =
      begin_instruction(opcode, place.table, kPathElementBytes * place.path.size() + more_bytes);
  out = write_primary_key(out, place.object);
  out = write_string_index(out, place.field);
  out = write_varint(out, place.path.size());
  for (const PathElement element : place.path) {
    if (element.is_key()) {
      *out++ = kPathNameMarker;
      out = write_string_index(out, element.name());
    } else {
      out = write_varint(out, element.position());
    }
  }
  return out;
}

void ChangesetWriter::end_instruction(const std::uint8_t* end) noexcept {
  finish(end);
  ++instruction_count_;
}

std::uint8_t* ChangesetWriter::write_string_index(std::uint8_t* out, StringIndex index) const {
  TOMBOLO_ASSERT(index.value() < name_count_);
  return write_varint(out, index.value());
}

std::uint8_t* ChangesetWriter::write_primary_key(std::uint8_t* out, const PrimaryKey& key) const {
  TOMBOLO_ASSERT(is_primary_key_type(key.type));
  out = write_payload_type(out, key.type);
  switch (key.type) {
    case PayloadType::kInt: return write_signed_varint(out, key.integer);
    case PayloadType::kString: return write_string_index(out, key.string);
    case PayloadType::kGlobalKey:
      return write_varint(write_varint(out, key.global_key.high), key.global_key.low);
    case PayloadType::kObjectId: return write_raw(out, key.object_id);
    case PayloadType::kUuid: return write_raw(out, key.uuid);
    default: return out;  // null
  }
}

std::uint8_t* ChangesetWriter::write_payload(std::uint8_t* out, const Payload& value) const {
  TOMBOLO_ASSERT(value.type != PayloadType::kGlobalKey);
  out = write_payload_type(out, value.type);
  switch (value.type) {
    case PayloadType::kInt: return write_signed_varint(out, value.integer);
    case PayloadType::kBool: return write_code(out, value.boolean);
    case PayloadType::kString:
    case PayloadType::kBinary: return write_text(out, value.text);
    case PayloadType::kTimestamp:
      out = write_signed_varint(out, value.timestamp.seconds);
      return write_signed_varint(out, value.timestamp.nanoseconds);
    case PayloadType::kFloat: return write_raw(out, value.single);
    case PayloadType::kDouble: return write_raw(out, value.real);
    case PayloadType::kDecimal: return write_decimal(out, value.decimal);
    case PayloadType::kLink:
      return write_primary_key(write_string_index(out, value.link.table), value.link.object);
    case PayloadType::kObjectId: return write_raw(out, value.object_id);
    case PayloadType::kUuid: return write_raw(out, value.uuid);
    default: return out;  // the kinds without content
  }
}

}  // namespace tombolo::changeset
