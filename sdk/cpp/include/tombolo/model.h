#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "schema/schema.h"
#include "tombolo/mixed.h"
#include "tombolo/value.h"

/// Describing a schema in C++: a model is a struct of constants, one for each property.
///
///     struct City {
///       static constexpr std::string_view class_name = "City";
///       static constexpr tombolo::Key<std::int64_t> id{"_id"};
///       static constexpr tombolo::Field<std::string> name{"name"};
///       static constexpr tombolo::Field<std::optional<double>> elevation{"elevation"};
///       static constexpr tombolo::Field<tombolo::Link<Country>> country{"country"};
///       static constexpr tombolo::Field<tombolo::List<std::string>> aliases{"aliases"};
///       static constexpr auto properties = std::tuple(id, name, elevation, country, aliases);
///     };
///
///     tombolo::Schema schema = tombolo::schema_of<City, Country>();
///
/// The constants give typed access (`city[City::name]`), values at creation (`City::name = "Rome"`)
/// and predicates (`City::elevation > 1000.0`). A model without a `Key` is a class without primary
/// key. A model with `static constexpr auto class_kind = tombolo::ClassKind::kEmbedded` is of
/// objects that are in others and go with them, in properties of type `Embedded<M>`; with
/// `ClassKind::kAsymmetric` of objects that are sent and not kept.

namespace tombolo {

template <typename M>
class Object;
template <typename T>
class List;
template <typename T>
class Set;
template <typename T>
class Dictionary;

/// Type of a property that links to an object of model `M`, or to none.
template <typename M>
struct Link {};

/// Type of a property that has an object of model `M` in it, or none.
template <typename M>
struct Embedded {};

/// The value of a property at the creation of an object.
template <typename T>
struct Assignment {
  std::string_view property;
  T value;
};

/// How a C++ type is kept in a property. `Stored` is what reading gives and writing takes.
template <typename T>
struct PropertyTraits;

namespace detail {

template <typename T, PropertyType kType>
struct ScalarTraits {
  using Stored = T;
  static constexpr PropertyType type = kType;
  static constexpr CollectionType collection = CollectionType::kSingle;
  static constexpr bool nullable = false;
  static constexpr std::string_view target = {};
};

template <typename M>
[[nodiscard]] constexpr ClassKind kind_of_model() {
  if constexpr (requires { M::class_kind; }) {
    return M::class_kind;
  } else {
    return ClassKind::kTopLevel;
  }
}

template <typename T>
inline constexpr bool kIsEmbedded = false;
template <typename M>
inline constexpr bool kIsEmbedded<Embedded<M>> = true;

/// Links and embedded objects are links in the store.
template <typename M>
struct LinkTraits {
  using Stored = std::optional<Object<M>>;
  static constexpr PropertyType type = PropertyType::kLink;
  static constexpr CollectionType collection = CollectionType::kSingle;
  static constexpr bool nullable = true;
  static constexpr std::string_view target = M::class_name;
};

}  // namespace detail

template <>
struct PropertyTraits<std::int64_t> : detail::ScalarTraits<std::int64_t, PropertyType::kInt> {
  static Value to_value(std::int64_t value) { return Value::of_int(value); }
  static std::int64_t from_value(const Value& value) { return value.as_int(); }
};
template <>
struct PropertyTraits<bool> : detail::ScalarTraits<bool, PropertyType::kBool> {
  static Value to_value(bool value) { return Value::of_bool(value); }
  static bool from_value(const Value& value) { return value.as_bool(); }
};
template <>
struct PropertyTraits<std::string> : detail::ScalarTraits<std::string, PropertyType::kString> {
  static Value to_value(std::string_view value) { return Value::of_string(value); }
  static std::string from_value(const Value& value) { return std::string(value.as_string()); }
};
template <>
struct PropertyTraits<Binary> : detail::ScalarTraits<Binary, PropertyType::kBinary> {
  static Value to_value(BytesView value) { return Value::of_binary(value); }
  static Binary from_value(const Value& value) { return to_bytes(value.as_binary()); }
};
template <>
struct PropertyTraits<Timestamp> : detail::ScalarTraits<Timestamp, PropertyType::kTimestamp> {
  static Value to_value(Timestamp value) { return Value::of_timestamp(value); }
  static Timestamp from_value(const Value& value) { return value.as_timestamp(); }
};
template <>
struct PropertyTraits<float> : detail::ScalarTraits<float, PropertyType::kFloat> {
  static Value to_value(float value) { return Value::of_float(value); }
  static float from_value(const Value& value) { return value.as_float(); }
};
template <>
struct PropertyTraits<double> : detail::ScalarTraits<double, PropertyType::kDouble> {
  static Value to_value(double value) { return Value::of_double(value); }
  static double from_value(const Value& value) { return value.as_double(); }
};
template <>
struct PropertyTraits<Decimal128> : detail::ScalarTraits<Decimal128, PropertyType::kDecimal> {
  static Value to_value(Decimal128 value) { return Value::of_decimal(value); }
  static Decimal128 from_value(const Value& value) { return value.as_decimal(); }
};
template <>
struct PropertyTraits<ObjectId> : detail::ScalarTraits<ObjectId, PropertyType::kObjectId> {
  static Value to_value(ObjectId value) { return Value::of_object_id(value); }
  static ObjectId from_value(const Value& value) { return value.as_object_id(); }
};
template <>
struct PropertyTraits<Uuid> : detail::ScalarTraits<Uuid, PropertyType::kUuid> {
  static Value to_value(Uuid value) { return Value::of_uuid(value); }
  static Uuid from_value(const Value& value) { return value.as_uuid(); }
};

template <typename T>
struct PropertyTraits<std::optional<T>> : PropertyTraits<T> {
  using Stored = std::optional<typename PropertyTraits<T>::Stored>;
  static constexpr bool nullable = true;
  static Value to_value(const Stored& value) {
    return value ? PropertyTraits<T>::to_value(*value) : Value::null();
  }
  static Stored from_value(const Value& value) {
    if (value.is_null()) return std::nullopt;
    return PropertyTraits<T>::from_value(value);
  }
};

/// Takes what `Mixed` can be made of.
template <>
struct PropertyTraits<Mixed> : detail::ScalarTraits<Mixed, PropertyType::kMixed> {
  static constexpr bool nullable = true;
  static Value to_value(const detail::Viewable auto& value) { return detail::view_of(value); }
  static Mixed from_value(const Value& value) { return value; }
};

/// Reading a link gives the object, or nullopt (tombolo/object.h reads and writes it).
template <typename M>
struct PropertyTraits<Link<M>> : detail::LinkTraits<M> {
  static_assert(detail::kind_of_model<M>() == ClassKind::kTopLevel, "use Embedded<M>");
};
template <typename M>
struct PropertyTraits<Embedded<M>> : detail::LinkTraits<M> {
  static_assert(detail::kind_of_model<M>() == ClassKind::kEmbedded, "use Link<M>");
};

/// Reading a collection gives a handle to the live one (tombolo/collection.h).
template <typename T>
struct PropertyTraits<List<T>> {
  using Stored = List<T>;
  static constexpr PropertyType type = PropertyTraits<T>::type;
  static constexpr CollectionType collection = CollectionType::kList;
  static constexpr bool nullable =
      type == PropertyType::kLink ? false : PropertyTraits<T>::nullable;
  static constexpr std::string_view target = PropertyTraits<T>::target;
};
template <typename T>
struct PropertyTraits<Set<T>> : PropertyTraits<List<T>> {
  static_assert(!detail::kIsEmbedded<T>, "embedded objects are in no sets");
  using Stored = Set<T>;
  static constexpr CollectionType collection = CollectionType::kSet;
};
template <typename T>
struct PropertyTraits<Dictionary<T>> : PropertyTraits<List<T>> {
  using Stored = Dictionary<T>;
  static constexpr CollectionType collection = CollectionType::kDictionary;
  static constexpr bool nullable = PropertyTraits<T>::nullable;
};

/// A property of a model. Comparing a field with a value makes a predicate (tombolo/predicate.h).
template <typename T>
struct Field {
  using Type = T;
  static constexpr bool is_key = false;
  static constexpr IndexType index = IndexType::kNone;
  std::string_view name;

  explicit constexpr Field(std::string_view property) : name(property) {}
  Field(const Field&) = default;

  template <typename V>
  constexpr auto operator=(V&& value) const {  // NOLINT: an assignment at creation, not of fields
    static_assert(!detail::kIsEmbedded<T>, "use Object::create once the object is there");
    return Assignment<typename PropertyTraits<T>::Stored>{name, std::forward<V>(value)};
  }
};

/// The primary key of a model.
template <typename T>
struct Key : Field<T> {
  static constexpr bool is_key = true;
  using Field<T>::Field;
  using Field<T>::operator=;
};

/// A property with an index: queries that ask for a value or a range of it need not look at every
/// object. Of bools, ints, strings, timestamps, object ids and UUIDs.
template <typename T>
struct Indexed : Field<T> {
  static constexpr IndexType index = IndexType::kGeneral;
  using Field<T>::Field;
  using Field<T>::operator=;
};

/// A string with an index of its words, which `TEXT` queries need.
template <typename T>
struct FullText : Field<T> {
  static constexpr IndexType index = IndexType::kFullText;
  using Field<T>::Field;
  using Field<T>::operator=;
};

/// The property that `field` describes.
template <typename F>
[[nodiscard]] Property property_of(const F& field) {
  using Traits = PropertyTraits<typename F::Type>;
  return Property{.name = std::string(field.name),
                  .type = Traits::type,
                  .collection = Traits::collection,
                  .nullable = Traits::nullable,
                  .target = std::string(Traits::target),
                  .index = F::index};
}

/// The class that model `M` describes.
template <typename M>
[[nodiscard]] ClassSchema class_of() {
  ClassSchema result{.name = std::string(M::class_name), .kind = detail::kind_of_model<M>()};
  std::apply(
      [&](const auto&... fields) {
        (result.properties.push_back(property_of(fields)), ...);
        ((std::remove_cvref_t<decltype(fields)>::is_key ? void(result.primary_key = fields.name)
                                                        : void()),
         ...);
      },
      M::properties);
  return result;
}

/// The schema with these models, in this order.
template <typename... Models>
[[nodiscard]] Schema schema_of() {
  return Schema{{class_of<Models>()...}};
}

}  // namespace tombolo
