#include "store/property_index.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <sodium/crypto_shorthash.h>

#include "base/assertion.h"
#include "query/full_text.h"

// A mixed value is the kind of its type and two words. Kinds are in the order of queries, and
// numbers of all types are one kind, because queries compare them with each other: as a float, in
// the order of floats, NaN below all. Numbers that a query takes as equal, rounding doubles and
// floats to decimals, are at most `kNumberSteps` floats apart.
//
//     value      = 0 0                                null, list, dictionary
//                | bool 0 | float 0 | seconds nanoseconds | byte * | class row
//                | first_8 rest                       string, binary; of up to 8 bytes: size + 1

namespace tombolo::store {
namespace {

constexpr std::uint64_t kAll = ~std::uint64_t{0};
constexpr std::uint64_t kLongText = std::uint64_t{1} << 63;
constexpr std::size_t kTextWords = 2;
constexpr std::size_t kWordBytes = sizeof(std::uint64_t);
/// A float is rounded to 7 digits: that is up to 5e-7 of it, and floats are at least 6e-8 apart.
constexpr std::uint64_t kNumberSteps = 16;

enum class Kind : std::uint8_t {
  kNull = 0,
  kBool,
  kNumber,
  kString,
  kBinary,
  kTimestamp,
  kObjectId,
  kUuid,
  kLink,
  kCollection,
};

Kind kind_of(ValueType type) {
  switch (type) {
    case ValueType::kNull: return Kind::kNull;
    case ValueType::kBool: return Kind::kBool;
    case ValueType::kInt:
    case ValueType::kFloat:
    case ValueType::kDouble:
    case ValueType::kDecimal: return Kind::kNumber;
    case ValueType::kString: return Kind::kString;
    case ValueType::kBinary: return Kind::kBinary;
    case ValueType::kTimestamp: return Kind::kTimestamp;
    case ValueType::kObjectId: return Kind::kObjectId;
    case ValueType::kUuid: return Kind::kUuid;
    case ValueType::kLink: return Kind::kLink;
    case ValueType::kList:
    case ValueType::kDictionary: return Kind::kCollection;
    case ValueType::kNewObject: break;
  }
  TOMBOLO_UNREACHABLE("a value that is never stored");
}

float to_float(const Value& number) {
  switch (number.type()) {
    case ValueType::kInt: return static_cast<float>(number.as_int());
    case ValueType::kFloat: return number.as_float();
    case ValueType::kDouble: return static_cast<float>(number.as_double());
    default:
      return static_cast<float>(std::strtod(to_string(number.as_decimal()).c_str(), nullptr));
  }
}

/// Ascending as the numbers; 0 is NaN.
std::uint64_t number_word(const Value& number) {
  constexpr std::uint32_t kSign = 0x8000'0000;
  const float value = to_float(number);
  if (std::isnan(value)) return 0;
  const auto bits = std::bit_cast<std::uint32_t>(value == 0 ? 0.0F : value);
  return (bits & kSign) != 0 ? ~bits : bits | kSign;
}

/// How wide the tuples are: the words of a value and the row.
std::uint32_t width_of(const PropertyInfo& property, const IndexKeys& keys) {
  if (keys.hides_values) return kHiddenWords + 1;
  const std::uint32_t presence = property.nullable ? 1 : 0;
  switch (property.type) {
    case PropertyType::kMixed:
    case PropertyType::kString: return 4;
    case PropertyType::kInt:
    case PropertyType::kBool: return presence + 2;
    default: return presence + 3;
  }
}

}  // namespace

std::uint64_t hash_text(std::string_view text, const HashKey& key) noexcept {
  std::uint64_t hash = 0;
  static_assert(crypto_shorthash_BYTES == sizeof(hash));
  crypto_shorthash(reinterpret_cast<unsigned char*>(&hash),
                   reinterpret_cast<const unsigned char*>(text.data()),
                   text.size(),
                   reinterpret_cast<const unsigned char*>(key.data()));
  return hash;
}

std::array<std::uint64_t, kHiddenWords> hide_words(std::span<const std::uint64_t> words,
                                                   const IndexKeys& keys) noexcept {
  std::array<std::uint64_t, kHiddenWords> hash{};
  static_assert(sizeof(hash) == crypto_shorthash_siphashx24_BYTES);
  static_assert(sizeof(keys.value) == crypto_shorthash_siphashx24_KEYBYTES);
  crypto_shorthash_siphashx24(reinterpret_cast<unsigned char*>(hash.data()),
                              reinterpret_cast<const unsigned char*>(words.data()),
                              words.size_bytes(),
                              reinterpret_cast<const unsigned char*>(keys.value.data()));
  return hash;
}

TupleRanges intersect(const TupleRanges& left, const TupleRanges& right) {
  TupleRanges both;
  both.is_exact = left.is_exact && right.is_exact;
  auto first = left.ranges.begin();
  auto second = right.ranges.begin();
  while (first != left.ranges.end() && second != right.ranges.end()) {
    const TupleRange common{std::max(first->from, second->from), std::min(first->to, second->to)};
    if (common.from < common.to) both.ranges.push_back(common);
    first->to < second->to ? ++first : ++second;
  }
  return both;
}

TupleRanges unite(const TupleRanges& left, const TupleRanges& right) {
  std::vector<TupleRange> all = left.ranges;
  all.insert(all.end(), right.ranges.begin(), right.ranges.end());
  std::ranges::sort(all, {}, &TupleRange::from);
  TupleRanges either;
  either.is_exact = left.is_exact && right.is_exact;
  for (const TupleRange& range : all) {
    if (!either.ranges.empty() && range.from <= either.ranges.back().to) {
      either.ranges.back().to = std::max(either.ranges.back().to, range.to);
    } else {
      either.ranges.push_back(range);
    }
  }
  return either;
}

PropertyIndex::PropertyIndex(KeyValueTransaction& transaction,
                             RealmId realm,
                             ClassId owner,
                             const PropertyInfo& property,
                             const IndexKeys& keys)
    : property_(property),
      keys_(keys),
      tuples_(transaction,
              realm,
              Space::kPropertyIndex,
              owner,
              width_of(property, keys),
              keys.hides_values ? Spread::kEven : Spread::kAny,
              property.id) {}

void PropertyIndex::encode_text(std::string_view text,
                                std::uint64_t* words,
                                std::size_t count) const {
  for (std::size_t i = 0; i < count; ++i) words[i] = text_word(text, i);
  words[count] =
      text.size() <= count * kWordBytes ? text.size() + 1 : hash_text(text, keys_.text) | kLongText;
}

std::size_t PropertyIndex::encode_fixed(const Value& value, std::uint64_t* words) {
  switch (value.type()) {
    case ValueType::kInt: words[0] = ordered_word(value.as_int()); return 1;
    case ValueType::kBool: words[0] = value.as_bool() ? 1 : 0; return 1;
    case ValueType::kTimestamp:
      words[0] = ordered_word(value.as_timestamp().seconds);
      words[1] = ordered_word(value.as_timestamp().nanoseconds);
      return 2;
    case ValueType::kObjectId: {
      const auto bytes = value.as_object_id().bytes;
      words[0] = leading_word(bytes.data(), kWordBytes);
      words[1] = leading_word(bytes.data() + kWordBytes, bytes.size() - kWordBytes);
      return 2;
    }
    case ValueType::kUuid: {
      const auto bytes = value.as_uuid().bytes;
      words[0] = leading_word(bytes.data(), kWordBytes);
      words[1] = leading_word(bytes.data() + kWordBytes, kWordBytes);
      return 2;
    }
    default: break;
  }
  TOMBOLO_UNREACHABLE("a value of a type that is not indexed");
}

Tuple PropertyIndex::hide(const Tuple& value) const {
  if (!keys_.hides_values) return value;
  const auto [first, second] = hide_words(value.words, keys_);
  return {{first, second}};
}

/// The words of the value; that of the row is 0.
Tuple PropertyIndex::encode(const Value& value) const {
  if (property_.type == PropertyType::kMixed) return encode_any(value);
  Tuple tuple;
  if (value.is_null()) return tuple;
  if (property_.type == PropertyType::kString) {
    encode_text(value.as_string(), tuple.words.data(), kTextWords);
  } else if (property_.nullable) {
    tuple.words[0] = 1;
    encode_fixed(value, tuple.words.data() + 1);
  } else {
    encode_fixed(value, tuple.words.data());
  }
  return tuple;
}

Tuple PropertyIndex::encode_any(const Value& value) const {
  const Kind kind = kind_of(value.type());
  Tuple tuple{{static_cast<std::uint64_t>(kind)}};
  std::uint64_t* words = tuple.words.data() + 1;
  switch (kind) {
    case Kind::kNull:
    case Kind::kCollection: break;
    case Kind::kNumber: words[0] = number_word(value); break;
    case Kind::kString:
    case Kind::kBinary: encode_text(value.text(), words, 1); break;
    case Kind::kLink:
      words[0] = value.as_link().class_id.value();
      words[1] = value.as_link().row.value();
      break;
    case Kind::kBool:
    case Kind::kTimestamp:
    case Kind::kObjectId:
    case Kind::kUuid: encode_fixed(value, words); break;
  }
  return tuple;
}

std::vector<Tuple> PropertyIndex::entries(RowId row, const Value& value) const {
  std::vector<Tuple> made;
  if (!is_full_text()) {
    made.push_back(hide(encode(value)));
  } else if (!value.is_null()) {
    for (const std::string& word : query::split_words(value.as_string())) {
      Tuple tuple;
      encode_text(word, tuple.words.data(), kTextWords);
      made.push_back(hide(tuple));
    }
    std::ranges::sort(made);
    made.erase(std::unique(made.begin(), made.end()), made.end());
  }
  for (Tuple& tuple : made) tuple.words[tuples_.width() - 1] = row.value();
  return made;
}

void PropertyIndex::insert(RowId row, const Value& value) {
  for (const Tuple& tuple : entries(row, value)) tuples_.insert(tuple);
}

void PropertyIndex::erase(RowId row, const Value& value) {
  for (const Tuple& tuple : entries(row, value)) tuples_.erase(tuple);
}

void PropertyIndex::replace(RowId row, const Value& before, const Value& after) {
  const std::vector<Tuple> old_entries = entries(row, before);
  const std::vector<Tuple> new_entries = entries(row, after);
  for (const Tuple& tuple : old_entries) {
    if (!std::ranges::binary_search(new_entries, tuple)) tuples_.erase(tuple);
  }
  for (const Tuple& tuple : new_entries) {
    if (!std::ranges::binary_search(old_entries, tuple)) tuples_.insert(tuple);
  }
}

/// A tuple behind all that begin with the first `words_kept` words of `value`.
Tuple PropertyIndex::last_of(Tuple value, std::size_t words_kept) const {
  for (std::size_t i = words_kept; i < tuples_.width(); ++i) value.words[i] = kAll;
  return value;
}

TupleRange PropertyIndex::equal_range(const Tuple& value) const {
  return {value, last_of(value, tuples_.width() - 1)};
}

std::optional<TupleRanges> PropertyIndex::find(Comparison comparison,
                                               const Value& operand,
                                               bool nulls_are_lowest) const {
  if (is_full_text()) return std::nullopt;
  if (keys_.hides_values) {
    return comparison == Comparison::kEqual ? find_hidden(operand) : std::nullopt;
  }
  if (property_.type == PropertyType::kMixed) return find_any(comparison, operand);
  if (operand.is_null()) {
    if (comparison != Comparison::kEqual) return std::nullopt;
    if (!property_.nullable) return TupleRanges{};
    return TupleRanges{{equal_range({})}, true};
  }
  const bool is_text = property_.type == PropertyType::kString;
  const Tuple value = encode(operand);
  // What is compared with a long text may be in any order with those that begin like it.
  const bool is_exact = !is_text || operand.text().size() <= kTextWords * kWordBytes;
  Tuple first = value;
  if (!is_exact) first.words[kTextWords] = kLongText;
  const Tuple last = last_of(value, is_exact ? tuples_.width() - 1 : kTextWords);
  Tuple lowest;
  if (!nulls_are_lowest && is_text) lowest.words[kTextWords] = 1;
  if (!nulls_are_lowest && !is_text && property_.nullable) lowest.words[0] = 1;
  const Tuple highest = last_of({}, 0);

  switch (comparison) {
    case Comparison::kEqual: return TupleRanges{{equal_range(value)}, is_exact};
    case Comparison::kLess: return TupleRanges{{{lowest, is_exact ? value : last}}, is_exact};
    case Comparison::kLessOrEqual: return TupleRanges{{{lowest, last}}, is_exact};
    case Comparison::kGreater: return TupleRanges{{{is_exact ? last : first, highest}}, is_exact};
    case Comparison::kGreaterOrEqual: return TupleRanges{{{first, highest}}, is_exact};
    case Comparison::kBeginsWith:
      if (!is_text) return std::nullopt;
      return find_prefix(operand.text());
    case Comparison::kNotEqual:
    case Comparison::kEndsWith:
    case Comparison::kContains:
    case Comparison::kLike: break;
  }
  return std::nullopt;
}

TupleRanges PropertyIndex::find_word(std::string_view word) const {
  Tuple value;
  encode_text(word, value.words.data(), kTextWords);
  return {{equal_range(hide(value))}, word.size() <= kTextWords * kWordBytes};
}

std::optional<TupleRanges> PropertyIndex::find_prefix(std::string_view prefix) const {
  if (keys_.hides_values) return std::nullopt;
  const bool is_exact = prefix.size() <= kTextWords * kWordBytes;
  Tuple first;
  encode_text(prefix, first.words.data(), kTextWords);
  if (!is_exact) first.words[kTextWords] = kLongText;
  // The greatest text that begins so.
  Tuple last = last_of(first, kTextWords);
  for (std::size_t i = 0; i < kTextWords; ++i) {
    const std::size_t begin = i * kWordBytes;
    const std::size_t fixed = prefix.size() <= begin ? 0 : prefix.size() - begin;
    if (fixed < kWordBytes) last.words[i] |= kAll >> (fixed * 8);
  }
  return TupleRanges{{{first, last}}, is_exact};
}

/// Where values are hidden: those that are equal.
std::optional<TupleRanges> PropertyIndex::find_hidden(const Value& operand) const {
  const bool is_mixed = property_.type == PropertyType::kMixed;
  if (operand.is_null()) {
    // A link that leads nowhere is null, and may be any.
    if (is_mixed) return std::nullopt;
    if (!property_.nullable) return TupleRanges{};
    return TupleRanges{{equal_range(hide({}))}, true};
  }
  const Tuple value = encode(operand);
  if (!is_mixed) {
    const bool is_exact =
        property_.type != PropertyType::kString || operand.text().size() <= kTextWords * kWordBytes;
    return TupleRanges{{equal_range(hide(value))}, is_exact};
  }
  if (kind_of(operand.type()) != Kind::kNumber || value.words[1] == 0) {
    return TupleRanges{{equal_range(hide(value))}, false};
  }
  // All numbers near to it, one by one.
  TupleRanges near{{}, false};
  Tuple number = value;
  number.words[1] -= std::min(number.words[1], kNumberSteps);
  for (; number.words[1] <= value.words[1] + kNumberSteps; ++number.words[1]) {
    near.ranges.push_back(equal_range(hide(number)));
  }
  std::ranges::sort(near.ranges, {}, &TupleRange::from);
  return near;
}

/// The rows found are all to be checked: a number stands for those near to it, and a link may lead
/// nowhere, which is null.
std::optional<TupleRanges> PropertyIndex::find_any(Comparison comparison,
                                                   const Value& operand) const {
  const auto whole = [&](Kind kind) {
    const Tuple first{{static_cast<std::uint64_t>(kind)}};
    return TupleRange{first, last_of(first, 1)};
  };
  if (operand.is_null()) {
    if (comparison != Comparison::kEqual) return std::nullopt;
    return TupleRanges{{whole(Kind::kNull), whole(Kind::kLink)}, false};
  }
  const Kind kind = kind_of(operand.type());
  TupleRange range = equal_range(encode(operand));
  if (kind == Kind::kNumber) {
    std::uint64_t& lowest = range.from.words[1];
    const bool is_nan = lowest == 0;
    lowest -= is_nan ? 0 : std::min(lowest, kNumberSteps);
    if (!is_nan) range.to.words[1] += kNumberSteps;
    range.to = last_of(range.to, 2);
  } else if ((kind == Kind::kString || kind == Kind::kBinary) && comparison != Comparison::kEqual) {
    range.from.words[2] = 0;
    range.to = last_of(range.to, 2);
  }
  switch (comparison) {
    case Comparison::kEqual: return TupleRanges{{range}, false};
    case Comparison::kLess:
    case Comparison::kLessOrEqual: return TupleRanges{{{whole(kind).from, range.to}}, false};
    case Comparison::kGreater:
    case Comparison::kGreaterOrEqual: return TupleRanges{{{range.from, whole(kind).to}}, false};
    default: return std::nullopt;
  }
}

}  // namespace tombolo::store
