#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "query/value.h"

namespace tombolo::query {

/// Objects that can be asked: a store, a list in memory, a document with its changes. Classes and
/// properties are named by the ids of the `QuerySchema` that the query was bound with.
///
/// Texts that it gives last until `release`, collections too.
///
/// Errors:  what reading throws goes through the evaluator to its caller.
/// Thread:  that of the evaluator.
class ObjectSource {
 public:
  virtual ~ObjectSource() = default;

  /// The value of a property. A property that is a collection, and a mixed one that holds one, give
  /// a collection; a link whose target does not exist gives null; an embedded object is a link.
  [[nodiscard]] virtual Value get(ObjectHandle object, std::uint32_t property) = 0;

  /// How many elements; entries whose target does not exist are not counted in lists and sets.
  [[nodiscard]] virtual std::size_t size(CollectionHandle collection) = 0;
  /// The element of a list or set, or the value of a dictionary's entry.
  [[nodiscard]] virtual Value element(CollectionHandle collection, std::size_t index) = 0;
  [[nodiscard]] virtual std::string_view key(CollectionHandle dictionary, std::size_t index) = 0;
  [[nodiscard]] virtual std::optional<Value> find(CollectionHandle dictionary,
                                                  std::string_view key) = 0;

  /// Calls `visit` with each object of the class that links to `target` from that property, once
  /// for each link.
  virtual void for_each_backlink(ObjectHandle target,
                                 std::uint32_t class_id,
                                 std::uint32_t property,
                                 const std::function<void(ObjectHandle)>& visit) = 0;
  /// The links to `target` from all classes.
  [[nodiscard]] virtual std::uint64_t count_backlinks(ObjectHandle target) = 0;

  /// The object with that primary key.
  [[nodiscard]] virtual std::optional<ObjectHandle> find_object(std::uint32_t class_id,
                                                                const Value& key) = 0;

  /// Nothing that was given is used any more.
  virtual void release() {}
};

}  // namespace tombolo::query
