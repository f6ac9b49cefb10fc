#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "changeset/changeset.h"
#include "schema/schema.h"

/// The values of the model realm, owned and without any cleverness.

namespace tombolo::test {

/// The primary key of an object; the first alternative is null.
using ModelKey = std::variant<std::monostate, std::int64_t, std::string, GlobalKey, ObjectId, Uuid>;

/// A link names its target. Whether the target exists is looked up when the link is read, so that
/// an erased object's links come back with the object.
struct ModelLink {
  std::string target;
  ModelKey key;

  friend bool operator==(const ModelLink&, const ModelLink&) = default;
};

struct ModelBinary {
  std::string bytes;

  friend bool operator==(const ModelBinary&, const ModelBinary&) = default;
};

struct ModelValue;
struct ModelList {
  std::vector<ModelValue> elements;
};
struct ModelSet {
  std::vector<ModelValue> elements;  ///< In no order; no two are the `same_in_set`.
};
struct ModelDictionary {
  std::map<std::string, ModelValue> entries;
};
/// An object of a class, embedded or not. A field that is absent has its initial value.
struct ModelObject {
  std::string class_name;
  std::map<std::string, ModelValue> fields;
};

struct ModelValue {
  std::variant<std::monostate,
               std::int64_t,
               bool,
               std::string,
               ModelBinary,
               Timestamp,
               float,
               double,
               Decimal128,
               ObjectId,
               Uuid,
               ModelLink,
               ModelList,
               ModelSet,
               ModelDictionary,
               ModelObject>
      data;

  [[nodiscard]] bool is_null() const { return std::holds_alternative<std::monostate>(data); }
  template <typename T>
  [[nodiscard]] T* as() {
    return std::get_if<T>(&data);
  }
  template <typename T>
  [[nodiscard]] const T* as() const {
    return std::get_if<T>(&data);
  }
};

/// What a property holds in a new object: null, zero, or an empty collection.
[[nodiscard]] ModelValue initial_value(const Property& property);
/// Whether a set can hold only one of the two. Numbers of one type are compared as numbers.
[[nodiscard]] bool same_in_set(const ModelValue& left, const ModelValue& right);

/// "i:5", "s:text", "g:high-low", "n:".
[[nodiscard]] std::string key_text(const ModelKey& key);
/// "int", "string?", "link(City)[]".
[[nodiscard]] std::string type_text(const Property& property);

}  // namespace tombolo::test
