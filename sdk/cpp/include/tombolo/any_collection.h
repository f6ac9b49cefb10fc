#pragma once

#include <cstddef>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/ids.h"
#include "tombolo/any_object.h"
#include "tombolo/notification.h"
#include "tombolo/sort_order.h"
#include "tombolo/value.h"

namespace tombolo {

class AnyDictionary;
class AnyList;
class AnyResults;
class AnySortedValues;
class RealmCore;

/// A position in a collection that is walked through by `[]` up to its size.
template <typename Collection>
class PositionIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = decltype(std::declval<const Collection&>()[std::size_t{}]);
  using difference_type = std::ptrdiff_t;

  PositionIterator(const Collection* collection, std::size_t position) noexcept
      : collection_(collection),
        position_(position) {}
  [[nodiscard]] value_type operator*() const { return (*collection_)[position_]; }
  PositionIterator& operator++() noexcept {
    ++position_;
    return *this;
  }
  PositionIterator operator++(int) noexcept { return {collection_, position_++}; }
  friend bool operator==(const PositionIterator& left, const PositionIterator& right) noexcept {
    return left.position_ == right.position_;
  }

 private:
  const Collection* collection_;
  std::size_t position_;
};

/// What lists, sets and dictionaries share: a live collection, the one that a property of an object
/// is or one that stands in mixed values. Cheap to copy. A collection that another took the place
/// of is not valid any more.
///
/// What can be written as an element besides values of its type are `Value::new_object()` where
/// elements are embedded objects, and `Value::new_list()` and `Value::new_dictionary()` where they
/// are mixed values: empty ones, which are then read with `object`, `list` and `dictionary`.
///
/// Errors:  as `AnyObject`; `kObjectDeleted` for a collection that is not there any more.
/// Thread:  its realm's.
class AnyCollection {
 public:
  AnyCollection(std::shared_ptr<RealmCore> realm, const store::CollectionRef& collection) noexcept;

  [[nodiscard]] bool is_valid() const;
  /// Links in lists and sets whose target was deleted elsewhere do not count.
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] bool empty() const { return size() == 0; }
  void clear();
  /// The objects in a list or set of objects, as results.
  ///
  /// Errors:  throws `Error{kTypeMismatch}` for a collection of others.
  [[nodiscard]] AnyResults objects() const;
  /// The elements of a list or set of others in the order of their values
  /// (tombolo/sorted_values.h).
  ///
  /// Errors:  throws `Error{kTypeMismatch}` for objects, which `objects().sorted()` is for, and
  ///          dictionaries.
  [[nodiscard]] AnySortedValues sorted(SortOrder order = SortOrder::kAscending) const;

  /// The same collection of the same realm.
  friend bool operator==(const AnyCollection& left, const AnyCollection& right) noexcept {
    return left.ref_ == right.ref_ && left.realm_ == right.realm_;
  }

  [[nodiscard]] const store::CollectionRef& ref() const noexcept { return ref_; }
  [[nodiscard]] const std::shared_ptr<RealmCore>& realm_core() const noexcept { return realm_; }

 protected:
  /// Where the element is stored that applications see at `visible`, which is below `limit`.
  [[nodiscard]] std::uint32_t stored_position(std::size_t visible, std::size_t limit) const;
  /// The element that stands at a stored position.
  [[nodiscard]] Value stored_value(std::uint32_t position) const;

  std::shared_ptr<RealmCore> realm_;
  store::CollectionRef ref_;
};

/// A live list. Positions are those that applications see.
///
/// Errors:  as `AnyCollection`; a position beyond the end throws `Error{kInvalidArgument}`.
/// Thread:  its realm's.
class AnyList : public AnyCollection {
 public:
  using AnyCollection::AnyCollection;

  [[nodiscard]] Value get(std::size_t position) const;
  [[nodiscard]] Value operator[](std::size_t position) const { return get(position); }
  [[nodiscard]] PositionIterator<AnyList> begin() const { return {this, 0}; }
  [[nodiscard]] PositionIterator<AnyList> end() const { return {this, size()}; }
  /// The object that the element is or links to; nullopt for another value.
  [[nodiscard]] std::optional<AnyObject> object(std::size_t position) const;
  /// The list or dictionary that the element is.
  ///
  /// Errors:  throws `Error{kTypeMismatch}` for another value.
  [[nodiscard]] AnyList list(std::size_t position) const;
  [[nodiscard]] AnyDictionary dictionary(std::size_t position) const;

  void insert(std::size_t position, const Value& value);
  void push_back(const Value& value);
  void set(std::size_t position, const Value& value);
  /// Takes the element out at `from` and puts it in so that it stands at `to`.
  void move(std::size_t from, std::size_t to);
  void erase(std::size_t position);

  /// Calls back once as soon as possible with no changes, then after each commit that changed which
  /// elements there are, one of them, or an object in it. An element that was moved is deleted and
  /// inserted. When the list is not there any more, all are told to be deleted, and there is no
  /// further call. What changes inside of a nested list or dictionary is told by that one. Key
  /// paths begin at the objects in the list.
  ///
  /// Errors:  as those of `AnyObject::observe`.
  NotificationToken observe(
      std::function<void(const AnyList& list, const CollectionChanges& changes)> callback,
      const KeyPaths& paths = std::nullopt) const;
};

/// A live set: each value once, in the order of the values.
///
/// Errors:  as `AnyList`.
/// Thread:  its realm's.
class AnySet : public AnyCollection {
 public:
  using AnyCollection::AnyCollection;

  [[nodiscard]] Value get(std::size_t position) const;
  [[nodiscard]] Value operator[](std::size_t position) const { return get(position); }
  [[nodiscard]] PositionIterator<AnySet> begin() const { return {this, 0}; }
  [[nodiscard]] PositionIterator<AnySet> end() const { return {this, size()}; }
  [[nodiscard]] bool contains(const Value& value) const;

  /// Whether it was not there.
  bool insert(const Value& value);
  /// Whether it was there.
  bool erase(const Value& value);

  /// As that of a list.
  NotificationToken observe(
      std::function<void(const AnySet& set, const CollectionChanges& changes)> callback,
      const KeyPaths& paths = std::nullopt) const;
};

/// A live dictionary: values under texts, in the order of these.
///
/// Errors:  as `AnyCollection`; a position beyond the end and a key that may not be one throw
///          `Error{kInvalidArgument}`, reading at a key that is not there `kNotFound`.
/// Thread:  its realm's.
class AnyDictionary : public AnyCollection {
 public:
  using AnyCollection::AnyCollection;

  /// What stands at a position in the order of keys.
  [[nodiscard]] std::string key(std::size_t position) const;
  [[nodiscard]] std::pair<std::string, Value> operator[](std::size_t position) const;
  [[nodiscard]] PositionIterator<AnyDictionary> begin() const { return {this, 0}; }
  [[nodiscard]] PositionIterator<AnyDictionary> end() const { return {this, size()}; }

  [[nodiscard]] bool contains(std::string_view key) const { return find(key).has_value(); }
  [[nodiscard]] std::optional<Value> find(std::string_view key) const;
  [[nodiscard]] Value get(std::string_view key) const;
  /// The object that the value is or links to; nullopt for another value, also where the object was
  /// deleted.
  [[nodiscard]] std::optional<AnyObject> object(std::string_view key) const;
  /// The list or dictionary that the value is.
  ///
  /// Errors:  throws `Error{kTypeMismatch}` for another value.
  [[nodiscard]] AnyList list(std::string_view key) const;
  [[nodiscard]] AnyDictionary dictionary(std::string_view key) const;

  void set(std::string_view key, const Value& value);
  /// Whether there was such a key.
  bool erase(std::string_view key);

  /// As that of a list, in keys.
  NotificationToken observe(std::function<void(const AnyDictionary& dictionary,
                                               const DictionaryChanges& changes)> callback,
                            const KeyPaths& paths = std::nullopt) const;
};

}  // namespace tombolo
