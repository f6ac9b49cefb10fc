#pragma once

#include <optional>
#include <string>

#include "base/random.h"
#include "store/realm_writer.h"

namespace tombolo::test {

/// Makes random changes to objects through a realm's writer, as an application would: to properties
/// of every kind, and to embedded objects and nested collections wherever they stand. What it does
/// follows from the random numbers and the realm alone.
class RandomEdits {
 public:
  RandomEdits(store::RealmWriter& realm, Random& random) : realm_(realm), random_(random) {}

  /// One change; it may come to nothing.
  void edit(store::ObjectRef object);

 private:
  /// A value to be written, or new content.
  struct Draft {
    store::Value value;
    std::optional<store::NewContent> content;
  };

  [[nodiscard]] bool one_in(std::uint64_t count) { return random_.below(count) == 0; }
  [[nodiscard]] std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>(random_.below(bound));
  }
  [[nodiscard]] bool is_embedded(store::ClassId class_id) const;
  void edit_single(store::ObjectRef object, const store::PropertyInfo& property);
  void edit_collection(const store::CollectionRef& ref, const store::PropertyInfo& property);
  void edit_list(const store::CollectionReader& list, const store::PropertyInfo& property);
  void edit_set(const store::CollectionReader& set, const store::PropertyInfo& property);
  void edit_dictionary(const store::CollectionReader& entries, const store::PropertyInfo& property);
  /// Whether it did: the value has an inside.
  bool edit_inside(const store::CollectionRef& where,
                   const store::PropertyInfo& property,
                   const store::Value& value);
  /// nullopt: there is none, such as a link while there is no object.
  [[nodiscard]] std::optional<Draft> any_value(const store::PropertyInfo& property);
  [[nodiscard]] std::optional<Draft> any_link_to_any_class();
  [[nodiscard]] std::optional<Draft> any_link(store::ClassId class_id);
  [[nodiscard]] store::Value any_scalar(PropertyType type);

  store::RealmWriter& realm_;
  Random& random_;
  std::string text_;  ///< Of the value made last.
};

}  // namespace tombolo::test
