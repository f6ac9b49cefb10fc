#include <array>
#include <bit>
#include <limits>

#include "changeset/writer.h"
#include "test/support/generators.h"

namespace tombolo::test {
namespace {

using namespace changeset;  // NOLINT: the whole file is about its types

/// An element of an array or vector.
template <typename Range>
const auto& pick(Random& random, const Range& range) {
  return range[random.below(std::size(range))];
}

class ArbitraryInstructions {
 public:
  explicit ArbitraryInstructions(Random& random) : random_(random) {}

  [[nodiscard]] Bytes bytes(std::size_t instruction_count) {
    for (std::size_t i = 0; i < instruction_count; ++i) write_instruction();
    return to_bytes(writer_.bytes());
  }

 private:
  [[nodiscard]] bool coin() { return random_.below(2) == 0; }

  /// An integer of any magnitude: small ones and powers of two are as likely as large ones.
  [[nodiscard]] std::uint64_t magnitude() {
    const std::uint64_t shift = random_.below(64);
    switch (random_.below(4)) {
      case 0: return 0;
      case 1: return (std::uint64_t{1} << shift) - 1;
      case 2: return std::uint64_t{1} << shift;
      default: return random_.next() >> shift;
    }
  }
  [[nodiscard]] std::int64_t integer() { return std::bit_cast<std::int64_t>(magnitude()); }
  [[nodiscard]] std::uint32_t size() { return static_cast<std::uint32_t>(magnitude()); }

  [[nodiscard]] StringIndex name() {
    static constexpr std::array<std::string_view, 6> kNames{"",
                                                            "T",
                                                            "_id",
                                                            "a name",
                                                            "gr\xC3\xB6\xC3\x9F"
                                                            "e",
                                                            "\xF0\x9F\x98\x80"};
    if (coin()) return writer_.intern(pick(random_, kNames));
    return writer_.intern("n" + std::to_string(random_.below(1000)));
  }

  template <typename Id>
  [[nodiscard]] Id id() {
    Id made;
    for (auto& byte : made.bytes) byte = static_cast<std::uint8_t>(random_.next());
    return made;
  }

  [[nodiscard]] PrimaryKey key() {
    switch (random_.below(6)) {
      case 0: return {};
      case 1: return PrimaryKey(integer());
      case 2: return PrimaryKey(name());
      case 3: {
        const std::uint64_t high = magnitude();
        return PrimaryKey(GlobalKey{.high = high, .low = magnitude()});
      }
      case 4: return PrimaryKey(id<ObjectId>());
      default: return PrimaryKey(id<Uuid>());
    }
  }

  [[nodiscard]] Timestamp timestamp() {
    const std::int64_t seconds = integer();
    const auto nanoseconds = static_cast<std::int32_t>(random_.below(1'000'000'000));
    return {.seconds = seconds, .nanoseconds = seconds < 0 ? -nanoseconds : nanoseconds};
  }

  [[nodiscard]] std::string_view text(std::size_t bytes_max) {
    const std::size_t bytes = random_.below(bytes_max);
    text_.assign(bytes, static_cast<char>('a' + random_.below(26)));
    return text_;
  }

  [[nodiscard]] Payload value() {
    static constexpr std::array kContentless{PayloadType::kNull,
                                             PayloadType::kObjectValue,
                                             PayloadType::kList,
                                             PayloadType::kDictionary,
                                             PayloadType::kSet,
                                             PayloadType::kErased};
    switch (random_.below(12)) {
      case 0: return Payload::of_int(integer());
      case 1: return Payload::of_bool(coin());
      case 2: return Payload::of_string(text(300));
      case 3: return Payload::of_binary(text(300));
      case 4: return Payload::of_timestamp(timestamp());
      case 5:
        return Payload::of_float(std::bit_cast<float>(static_cast<std::uint32_t>(magnitude())));
      case 6: return Payload::of_double(std::bit_cast<double>(magnitude()));
      case 7: {
        const std::uint64_t high = random_.next();
        return Payload::of_decimal({.high = high, .low = magnitude()});
      }
      case 8: {
        const StringIndex table = name();
        return Payload::of_link({.table = table, .object = key()});
      }
      case 9: return Payload::of_object_id(id<ObjectId>());
      case 10: return Payload::of_uuid(id<Uuid>());
      default: return Payload(pick(random_, kContentless));
    }
  }

  enum class PathEnd { kAnything, kIndex, kNoIndex };
  [[nodiscard]] Place place(PathEnd end) {
    path_.clear();
    for (std::uint64_t count = random_.below(5); count != 0; --count) {
      path_.push_back(coin() ? PathElement::index(size()) : PathElement::key(name()));
    }
    if (end == PathEnd::kIndex) path_.push_back(PathElement::index(size()));
    if (end == PathEnd::kNoIndex && !path_.empty()) path_.back() = PathElement::key(name());
    Place made;
    made.table = name();
    made.object = key();
    made.field = name();
    made.path = path_;
    return made;
  }

  // Every random choice is a statement of its own: the order of arguments is the compiler's.
  void write_instruction() {
    const auto opcode = static_cast<Opcode>(random_.below(kOpcodeCount));
    const bool at_index = is_list_instruction(opcode) || (opcode == Opcode::kUpdate && coin());
    const Place at = place(at_index                    ? PathEnd::kIndex
                           : opcode == Opcode::kUpdate ? PathEnd::kNoIndex
                                                       : PathEnd::kAnything);
    const Payload written = value();
    const std::uint32_t first = size();
    const std::uint32_t second = size();
    switch (opcode) {
      case Opcode::kAddTable: return write_add_table(at.table);
      case Opcode::kEraseTable: return writer_.erase_table(at.table);
      case Opcode::kCreateObject: return writer_.create_object(at.table, at.object);
      case Opcode::kEraseObject: return writer_.erase_object(at.table, at.object);
      case Opcode::kUpdate:
        if (at_index) return writer_.update_element(at, written, first);
        return writer_.update(at, written, {.is_default = first % 2 == 0});
      case Opcode::kAddInteger: return writer_.add_integer(at, integer());
      case Opcode::kAddColumn: return write_add_column(at.table, at.field);
      case Opcode::kEraseColumn: return writer_.erase_column(at.table, at.field);
      case Opcode::kArrayInsert: return writer_.array_insert(at, written, first);
      case Opcode::kArrayMove: return writer_.array_move(at, {.to = first, .prior_size = second});
      case Opcode::kArrayErase: return writer_.array_erase(at, first);
      case Opcode::kClear: return writer_.clear(at, static_cast<CollectionType>(first % 4));
      case Opcode::kSetInsert: return writer_.set_insert(at, written);
      case Opcode::kSetErase: return writer_.set_erase(at, written);
    }
  }

  void write_add_table(StringIndex table) {
    static constexpr std::array kKeyTypes{PayloadType::kInt,
                                          PayloadType::kString,
                                          PayloadType::kObjectId,
                                          PayloadType::kUuid,
                                          PayloadType::kGlobalKey};
    TableSpec spec;
    spec.kind = static_cast<ClassKind>(random_.below(3));
    spec.primary_key = name();
    spec.primary_key_type = pick(random_, kKeyTypes);
    spec.primary_key_nullable = coin();
    writer_.add_table(table, spec);
  }

  void write_add_column(StringIndex table, StringIndex field) {
    ColumnSpec spec;
    spec.type = static_cast<PropertyType>(random_.below(12));
    spec.collection = static_cast<CollectionType>(random_.below(4));
    spec.nullable = coin();
    spec.target = name();
    writer_.add_column(table, field, spec);
  }

  Random& random_;
  ChangesetWriter writer_;
  std::vector<PathElement> path_;
  std::string text_;
};

}  // namespace

Bytes arbitrary_changeset(Random& random, std::size_t instruction_count) {
  return ArbitraryInstructions(random).bytes(instruction_count);
}

}  // namespace tombolo::test
