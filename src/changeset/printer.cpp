#include "changeset/printer.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/hex.h"

namespace tombolo::changeset {
namespace {

/// Builds the line of one instruction, whose names it resolves.
class Line {
 public:
  Line(std::span<const PathElement> path, std::span<const std::string_view> strings)
      : path_(path),
        strings_(strings) {}

  [[nodiscard]] std::string take() && { return std::move(text_); }

  Line& add(std::string_view text) {
    text_ += text;
    return *this;
  }
  Line& add_number(std::int64_t number) { return add(std::to_string(number)); }
  Line& add_name(StringIndex name) { return add(strings_[name.value()]); }

  /// Class.property
  Line& add_property(const Instruction& instruction) {
    return add_name(instruction.table).add(".").add_name(instruction.field);
  }
  /// Class[key]
  Line& add_object(const Instruction& instruction) {
    return add_name(instruction.table).add("[").add_key(instruction.object).add("]");
  }
  /// Class[key].property["name"][3]
  Line& add_place(const Instruction& instruction) {
    add_object(instruction).add(".").add_name(instruction.field);
    for (const PathElement element : path_) {
      add("[");
      if (element.is_index()) {
        add_number(element.position());
      } else {
        add_quoted(strings_[element.name().value()]);
      }
      add("]");
    }
    return *this;
  }

  Line& add_key(const PrimaryKey& key) {
    switch (key.type) {
      case PayloadType::kInt: return add_number(key.integer);
      case PayloadType::kString: return add_quoted(strings_[key.string.value()]);
      case PayloadType::kGlobalKey:
        return add(std::to_string(key.global_key.high))
            .add("-")
            .add(std::to_string(key.global_key.low));
      case PayloadType::kObjectId: return add(tombolo::to_string(key.object_id));
      case PayloadType::kUuid: return add(tombolo::to_string(key.uuid));
      default: return add("null");
    }
  }

  Line& add_value(const Payload& value) {
    switch (value.type) {
      case PayloadType::kInt: return add_number(value.integer);
      case PayloadType::kBool: return add(value.boolean ? "true" : "false");
      case PayloadType::kString: return add_quoted(value.text);
      case PayloadType::kBinary: return add_binary(value.text);
      case PayloadType::kTimestamp: return add_timestamp(value.timestamp);
      case PayloadType::kFloat: return add_real(value.single).add("f");
      case PayloadType::kDouble: return add_real(value.real);
      case PayloadType::kDecimal: return add(tombolo::to_string(value.decimal)).add("m");
      case PayloadType::kLink:
        return add("-> ").add_name(value.link.table).add("[").add_key(value.link.object).add("]");
      case PayloadType::kObjectId: return add(tombolo::to_string(value.object_id));
      case PayloadType::kUuid: return add(tombolo::to_string(value.uuid));
      default: return add(to_string(value.type));
    }
  }

  Line& add_table_spec(const TableSpec& spec) {
    add(" (").add(tombolo::to_string(spec.kind));
    if (spec.kind != ClassKind::kEmbedded) {
      if (spec.primary_key_type == PayloadType::kGlobalKey) {
        add(", no key");
      } else {
        add(", key ").add_name(spec.primary_key).add(": ").add(to_string(spec.primary_key_type));
        if (spec.primary_key_nullable) add("?");
      }
    }
    return add(")");
  }

  Line& add_column_spec(const ColumnSpec& spec) {
    add(tombolo::to_string(spec.type));
    if (spec.type == PropertyType::kLink) add("(").add_name(spec.target).add(")");
    if (spec.nullable && spec.type != PropertyType::kMixed && spec.type != PropertyType::kLink) {
      add("?");
    }
    if (spec.collection != CollectionType::kSingle) {
      add(" ").add(tombolo::to_string(spec.collection));
    }
    return *this;
  }

  Line& add_size(std::uint32_t size) { return add(" (size ").add_number(size).add(")"); }

 private:
  Line& add_quoted(std::string_view text) {
    add("\"");
    for (const char c : text.substr(0, kPrintedBytesMax)) {
      if (c == '"' || c == '\\') {
        text_ += '\\';
        text_ += c;
      } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
        add("\\x").add(to_hex(as_bytes({&c, 1})));
      } else {
        text_ += c;
      }
    }
    return add("\"").add_rest(text.size());
  }

  Line& add_binary(std::string_view bytes) {
    return add("<")
        .add(to_hex(as_bytes(bytes.substr(0, kPrintedBytesMax))))
        .add(">")
        .add_rest(bytes.size());
  }

  Line& add_rest(std::size_t bytes) {
    if (bytes <= kPrintedBytesMax) return *this;
    return add("... ").add(std::to_string(bytes)).add(" bytes");
  }

  /// Seconds since 1970 with nine decimals, as in "1700000000.123456789s".
  Line& add_timestamp(Timestamp time) {
    if (time.seconds == 0 && time.nanoseconds < 0) add("-");
    const std::string nanoseconds = std::to_string(std::abs(time.nanoseconds));
    return add_number(time.seconds)
        .add(".")
        .add(std::string(9 - nanoseconds.size(), '0'))
        .add(nanoseconds)
        .add("s");
  }

  template <typename Float>
  Line& add_real(Float value) {
    std::array<char, 32> buffer{};
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
    return add({buffer.data(), static_cast<std::size_t>(end - buffer.data())});
  }

  std::span<const PathElement> path_;
  std::span<const std::string_view> strings_;
  std::string text_;
};

}  // namespace

std::string print(const Instruction& instruction,
                  std::span<const PathElement> path,
                  std::span<const std::string_view> strings) {
  const Instruction& i = instruction;
  Line line(path, strings);
  line.add(to_string(i.opcode)).add(" ");
  switch (i.opcode) {
    case Opcode::kAddTable: line.add_name(i.table).add_table_spec(i.table_spec); break;
    case Opcode::kEraseTable: line.add_name(i.table); break;
    case Opcode::kAddColumn: line.add_property(i).add(": ").add_column_spec(i.column_spec); break;
    case Opcode::kEraseColumn: line.add_property(i); break;
    case Opcode::kCreateObject:
    case Opcode::kEraseObject: line.add_object(i); break;
    case Opcode::kUpdate:
      line.add_place(i).add(" = ").add_value(i.value);
      if (!path.empty() && path.back().is_index()) {
        line.add_size(i.prior_size);
      } else if (i.is_default) {
        line.add(" (default)");
      }
      break;
    case Opcode::kAddInteger: line.add_place(i).add(" += ").add_value(i.value); break;
    case Opcode::kArrayInsert:
      line.add_place(i).add(" = ").add_value(i.value).add_size(i.prior_size);
      break;
    case Opcode::kArrayMove:
      line.add_place(i).add(" to ").add_number(i.move_to).add_size(i.prior_size);
      break;
    case Opcode::kArrayErase: line.add_place(i).add_size(i.prior_size); break;
    case Opcode::kClear:
      line.add_place(i).add(" (").add(tombolo::to_string(i.collection)).add(")");
      break;
    case Opcode::kSetInsert:
    case Opcode::kSetErase: line.add_place(i).add(" ").add_value(i.value); break;
  }
  return std::move(line).take();
}

std::string print(const Changeset& changeset) {
  std::string lines;
  for (const Instruction& instruction : changeset.instructions) {
    lines += print(changeset, instruction) += '\n';
  }
  return lines;
}

std::string_view to_string(Opcode opcode) noexcept {
  switch (opcode) {
    case Opcode::kAddTable: return "AddTable";
    case Opcode::kEraseTable: return "EraseTable";
    case Opcode::kCreateObject: return "CreateObject";
    case Opcode::kEraseObject: return "EraseObject";
    case Opcode::kUpdate: return "Update";
    case Opcode::kAddInteger: return "AddInteger";
    case Opcode::kAddColumn: return "AddColumn";
    case Opcode::kEraseColumn: return "EraseColumn";
    case Opcode::kArrayInsert: return "ArrayInsert";
    case Opcode::kArrayMove: return "ArrayMove";
    case Opcode::kArrayErase: return "ArrayErase";
    case Opcode::kClear: return "Clear";
    case Opcode::kSetInsert: return "SetInsert";
    case Opcode::kSetErase: return "SetErase";
  }
  return "?";
}

std::string_view to_string(PayloadType type) noexcept {
  switch (type) {
    case PayloadType::kSet: return "set";
    case PayloadType::kList: return "list";
    case PayloadType::kErased: return "erased";
    case PayloadType::kDictionary: return "dictionary";
    case PayloadType::kObjectValue: return "object";
    case PayloadType::kGlobalKey: return "globalkey";
    case PayloadType::kNull: return "null";
    case PayloadType::kInt: return "int";
    case PayloadType::kBool: return "bool";
    case PayloadType::kString: return "string";
    case PayloadType::kBinary: return "binary";
    case PayloadType::kTimestamp: return "timestamp";
    case PayloadType::kFloat: return "float";
    case PayloadType::kDouble: return "double";
    case PayloadType::kDecimal: return "decimal";
    case PayloadType::kLink: return "link";
    case PayloadType::kObjectId: return "objectid";
    case PayloadType::kUuid: return "uuid";
  }
  return "?";
}

}  // namespace tombolo::changeset
