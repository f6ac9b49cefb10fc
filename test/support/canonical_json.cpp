#include "test/support/canonical_json.h"

#include <bit>

#include "base/hex.h"
#include "base/utf8.h"
#include "changeset/printer.h"

namespace tombolo::test {
namespace {

using nlohmann::json;
using namespace changeset;  // NOLINT: the whole file is about its types

std::string hex_digits(std::uint64_t bits, unsigned bytes) {
  std::string digits;
  for (unsigned i = 0; i < 2 * bytes; ++i) {
    digits += "0123456789abcdef"[bits >> (4 * (2 * bytes - 1 - i)) & 0xF];
  }
  return digits;
}

template <typename Id>
std::string id_hex(const Id& id) {
  return to_hex(std::as_bytes(std::span(id.bytes)));
}

/// Writes the instructions of one changeset, whose names it resolves.
class InstructionJson {
 public:
  explicit InstructionJson(const Changeset& changeset) : changeset_(changeset) {}

  [[nodiscard]] json instruction(const Instruction& instruction) const {
    json form{{"op", to_string(instruction.opcode)}, {"table", name(instruction.table)}};
    switch (instruction.opcode) {
      case Opcode::kAddTable: add_table_spec(form, instruction.table_spec); break;
      case Opcode::kEraseTable: break;
      case Opcode::kAddColumn:
        form["field"] = name(instruction.field);
        add_column_spec(form, instruction.column_spec);
        break;
      case Opcode::kEraseColumn: form["field"] = name(instruction.field); break;
      case Opcode::kCreateObject:
      case Opcode::kEraseObject: form["object"] = key(instruction.object); break;
      default: add_path_fields(form, instruction);
    }
    return form;
  }

 private:
  [[nodiscard]] json name(StringIndex index) const { return text_json(changeset_.string(index)); }

  [[nodiscard]] json key(const PrimaryKey& key) const {
    json form{{"type", to_string(key.type)}};
    switch (key.type) {
      case PayloadType::kInt: form["value"] = std::to_string(key.integer); break;
      case PayloadType::kString: form["value"] = name(key.string); break;
      case PayloadType::kGlobalKey:
        form["value"] =
            hex_digits(key.global_key.high, 8) + "-" + hex_digits(key.global_key.low, 8);
        break;
      case PayloadType::kObjectId: form["value"] = id_hex(key.object_id); break;
      case PayloadType::kUuid: form["value"] = id_hex(key.uuid); break;
      default: break;  // null
    }
    return form;
  }

  [[nodiscard]] json path(const Instruction& instruction) const {
    json form = json::array();
    for (const PathElement element : changeset_.path(instruction)) {
      form.push_back(element.is_index() ? json(element.position()) : name(element.name()));
    }
    return form;
  }

  [[nodiscard]] json value(const Payload& value) const {
    json form{{"type", to_string(value.type)}};
    switch (value.type) {
      case PayloadType::kInt: form["value"] = std::to_string(value.integer); break;
      case PayloadType::kBool: form["value"] = value.boolean; break;
      case PayloadType::kString: form["value"] = text_json(value.text); break;
      case PayloadType::kBinary: form["value"] = to_hex(as_bytes(value.text)); break;
      case PayloadType::kTimestamp:
        form["seconds"] = std::to_string(value.timestamp.seconds);
        form["nanoseconds"] = value.timestamp.nanoseconds;
        break;
      case PayloadType::kFloat:
        form["bits"] = hex_digits(std::bit_cast<std::uint32_t>(value.single), 4);
        break;
      case PayloadType::kDouble:
        form["bits"] = hex_digits(std::bit_cast<std::uint64_t>(value.real), 8);
        break;
      case PayloadType::kDecimal:
        form["value"] = decimal_text(value.decimal);
        form["bid"] = hex_digits(value.decimal.high, 8) + hex_digits(value.decimal.low, 8);
        break;
      case PayloadType::kLink:
        form["table"] = name(value.link.table);
        form["object"] = key(value.link.object);
        break;
      case PayloadType::kObjectId: form["value"] = id_hex(value.object_id); break;
      case PayloadType::kUuid: form["value"] = id_hex(value.uuid); break;
      default: break;  // kinds without content
    }
    return form;
  }

  void add_table_spec(json& form, const TableSpec& spec) const {
    form["kind"] = to_string(spec.kind);
    if (spec.kind == ClassKind::kEmbedded) return;
    form["pk_field"] = name(spec.primary_key);
    form["pk_type"] = to_string(spec.primary_key_type);
    form["pk_nullable"] = spec.primary_key_nullable;
  }

  void add_column_spec(json& form, const ColumnSpec& spec) const {
    form["type"] = to_string(spec.type);
    form["nullable"] = spec.nullable;
    form["collection"] = to_string(spec.collection);
    if (spec.type == PropertyType::kLink) form["target"] = name(spec.target);
    if (spec.collection == CollectionType::kDictionary) form["key_type"] = "string";
  }

  void add_path_fields(json& form, const Instruction& instruction) const {
    form["object"] = key(instruction.object);
    form["field"] = name(instruction.field);
    form["path"] = path(instruction);
    switch (instruction.opcode) {
      case Opcode::kUpdate: {
        form["value"] = value(instruction.value);
        const auto elements = changeset_.path(instruction);
        if (!elements.empty() && elements.back().is_index()) {
          form["prior_size"] = instruction.prior_size;
        } else {
          form["is_default"] = instruction.is_default;
        }
        break;
      }
      case Opcode::kArrayInsert:
        form["value"] = value(instruction.value);
        form["prior_size"] = instruction.prior_size;
        break;
      case Opcode::kArrayMove:
        form["ndx_2"] = instruction.move_to;
        form["prior_size"] = instruction.prior_size;
        break;
      case Opcode::kArrayErase: form["prior_size"] = instruction.prior_size; break;
      case Opcode::kClear: form["collection"] = to_string(instruction.collection); break;
      default: form["value"] = value(instruction.value);  // AddInteger, SetInsert, SetErase
    }
  }

  const Changeset& changeset_;
};

}  // namespace

json text_json(std::string_view text) {
  if (is_valid_utf8(text)) return std::string(text);
  return {{"hex", to_hex(as_bytes(text))}};
}

Bytes bytes_of(const json& hex) {
  return parse_hex(hex.get<std::string>()).value();
}

json strings_json(const Changeset& changeset) {
  json form = json::array();
  for (const std::string_view text : changeset.strings) form.push_back(text_json(text));
  return form;
}

json instructions_json(const Changeset& changeset) {
  const InstructionJson writer(changeset);
  json form = json::array();
  for (const Instruction& instruction : changeset.instructions) {
    form.push_back(writer.instruction(instruction));
  }
  return form;
}

std::string decimal_text(const Decimal128& value) {
  const bool negative = value.high >> 63 != 0;
  const std::uint64_t combination = value.high >> 58 & 0x1F;
  if (combination == 0x1F) return "NaN";
  if (combination == 0x1E) return negative ? "-Inf" : "+Inf";
  constexpr int kExponentBias = 6176;
  auto coefficient =
      static_cast<unsigned __int128>(value.high & 0x1'FFFF'FFFF'FFFF) << 64 | value.low;
  std::string digits;
  do {
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(coefficient % 10)));
    coefficient /= 10;
  } while (coefficient != 0);
  const int exponent = static_cast<int>(value.high >> 49 & 0x3FFF) - kExponentBias;
  return (negative ? "-" : "") + digits + "E" + std::to_string(exponent);
}

}  // namespace tombolo::test
