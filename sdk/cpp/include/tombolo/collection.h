#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tombolo/any_collection.h"
#include "tombolo/model.h"
#include "tombolo/sorted_values.h"

namespace tombolo {

namespace detail {

/// The object, once it has these values (tombolo/object.h).
template <typename M, typename... Values>
[[nodiscard]] Object<M> assigned(const Object<M>& object, const Assignment<Values>&... values);

/// How elements of a collection are read and written.
template <typename T>
struct ElementTraits {
  using Type = typename PropertyTraits<T>::Stored;
  using EntryType = Type;  ///< In a dictionary.
  static Type read(const AnyCollection&, const Value& value) {
    return PropertyTraits<T>::from_value(value);
  }
  static EntryType read_entry(const AnyCollection& all, const Value& value) {
    return read(all, value);
  }
  template <typename V>
  static Value write(const V& value) {
    return PropertyTraits<T>::to_value(value);
  }
};
template <typename M>
struct ElementTraits<Embedded<M>> {
  using Type = Object<M>;
  using EntryType = std::optional<Object<M>>;
  static Type read(const AnyCollection& all, const Value& value) {
    return Object<M>(AnyObject(all.realm_core(), value.as_link()));
  }
  static EntryType read_entry(const AnyCollection& all, const Value& value) {
    return value.is_null() ? EntryType() : EntryType(read(all, value));
  }
};
template <typename M>
struct ElementTraits<Link<M>> : ElementTraits<Embedded<M>> {
  static Value write(const Object<M>& object) { return object.any().as_link(); }
  static Value write(std::nullopt_t) { return Value::null(); }
};

}  // namespace detail

/// The elements of a list or set of values in the order of the values, with typed elements.
///
/// Errors and Thread: as `AnySortedValues`.
template <typename T>
class SortedValues {
  using Traits = detail::ElementTraits<T>;

 public:
  explicit SortedValues(AnySortedValues values) noexcept : values_(std::move(values)) {}

  [[nodiscard]] std::size_t size() const { return values_.size(); }
  [[nodiscard]] bool empty() const { return values_.empty(); }
  [[nodiscard]] typename Traits::Type operator[](std::size_t index) const {
    return Traits::read(values_.collection(), values_.get(index));
  }
  [[nodiscard]] PositionIterator<SortedValues> begin() const { return {this, 0}; }
  [[nodiscard]] PositionIterator<SortedValues> end() const { return {this, size()}; }

  NotificationToken observe(std::function<void(const SortedValues& values,
                                               const CollectionChanges& changes)> callback) const {
    return values_.observe([callback = std::move(callback)](const AnySortedValues& values,
                                                            const CollectionChanges& changes) {
      callback(SortedValues(values), changes);
    });
  }

  [[nodiscard]] const AnySortedValues& any() const noexcept { return values_; }

 private:
  AnySortedValues values_;
};

/// The live list in a property, with typed elements: scalars, `Mixed`, or objects for
/// `List<Link<M>>` and `List<Embedded<M>>`.
///
/// Errors and Thread: as `AnyList`.
template <typename T>
class List {
  using Traits = detail::ElementTraits<T>;

 public:
  explicit List(AnyList list) noexcept : list_(std::move(list)) {}

  [[nodiscard]] std::size_t size() const { return list_.size(); }
  [[nodiscard]] bool empty() const { return list_.empty(); }
  [[nodiscard]] typename Traits::Type operator[](std::size_t position) const {
    return Traits::read(list_, list_.get(position));
  }
  [[nodiscard]] PositionIterator<List> begin() const { return {this, 0}; }
  [[nodiscard]] PositionIterator<List> end() const { return {this, size()}; }

  template <typename V>
  void push_back(const V& value) {
    list_.push_back(Traits::write(value));
  }
  template <typename V>
  void insert(std::size_t position, const V& value) {
    list_.insert(position, Traits::write(value));
  }
  template <typename V>
  void set(std::size_t position, const V& value) {
    list_.set(position, Traits::write(value));
  }
  void move(std::size_t from, std::size_t to) { list_.move(from, to); }
  void erase(std::size_t position) { list_.erase(position); }
  void clear() { list_.clear(); }

  /// Makes a new embedded object in front of that position, with these values; likewise at the end,
  /// and in place of the one that is there.
  template <typename... Values>
  auto create(std::size_t position, const Assignment<Values>&... values) {
    list_.insert(position, Value::new_object());
    return detail::assigned((*this)[position], values...);
  }
  template <typename... Values>
  auto create_back(const Assignment<Values>&... values) {
    return create(size(), values...);
  }
  template <typename... Values>
  auto replace(std::size_t position, const Assignment<Values>&... values) {
    list_.set(position, Value::new_object());
    return detail::assigned((*this)[position], values...);
  }

  /// Of values; of objects see `any().objects()`.
  [[nodiscard]] SortedValues<T> sorted(SortOrder order = SortOrder::kAscending) const {
    return SortedValues<T>(list_.sorted(order));
  }

  NotificationToken observe(
      std::function<void(const List& list, const CollectionChanges& changes)> callback,
      const KeyPaths& paths = std::nullopt) const {
    return list_.observe(
        [callback = std::move(callback)](const AnyList& list, const CollectionChanges& changes) {
          callback(List(list), changes);
        },
        paths);
  }

  [[nodiscard]] const AnyList& any() const noexcept { return list_; }

 private:
  AnyList list_;
};

/// The live set in a property, with typed elements: scalars, `Mixed`, or objects for
/// `Set<Link<M>>`.
///
/// Errors and Thread: as `AnySet`.
template <typename T>
class Set {
  using Traits = detail::ElementTraits<T>;

 public:
  explicit Set(AnySet set) noexcept : set_(std::move(set)) {}

  [[nodiscard]] std::size_t size() const { return set_.size(); }
  [[nodiscard]] bool empty() const { return set_.empty(); }
  /// In the order of the values.
  [[nodiscard]] typename Traits::Type operator[](std::size_t position) const {
    return Traits::read(set_, set_.get(position));
  }
  [[nodiscard]] PositionIterator<Set> begin() const { return {this, 0}; }
  [[nodiscard]] PositionIterator<Set> end() const { return {this, size()}; }
  template <typename V>
  [[nodiscard]] bool contains(const V& value) const {
    return set_.contains(Traits::write(value));
  }

  /// Whether it was not there.
  template <typename V>
  bool insert(const V& value) {
    return set_.insert(Traits::write(value));
  }
  /// Whether it was there.
  template <typename V>
  bool erase(const V& value) {
    return set_.erase(Traits::write(value));
  }
  void clear() { set_.clear(); }

  /// Of values; of objects see `any().objects()`.
  [[nodiscard]] SortedValues<T> sorted(SortOrder order = SortOrder::kAscending) const {
    return SortedValues<T>(set_.sorted(order));
  }

  NotificationToken observe(
      std::function<void(const Set& set, const CollectionChanges& changes)> callback,
      const KeyPaths& paths = std::nullopt) const {
    return set_.observe(
        [callback = std::move(callback)](const AnySet& set, const CollectionChanges& changes) {
          callback(Set(set), changes);
        },
        paths);
  }

  [[nodiscard]] const AnySet& any() const noexcept { return set_; }

 private:
  AnySet set_;
};

/// The live dictionary in a property, with typed values: scalars, `Mixed`, or for
/// `Dictionary<Link<M>>` and `Dictionary<Embedded<M>>` objects, which may be gone.
///
/// Errors and Thread: as `AnyDictionary`.
template <typename T>
class Dictionary {
  using Traits = detail::ElementTraits<T>;
  using Entry = typename Traits::EntryType;

 public:
  explicit Dictionary(AnyDictionary dictionary) noexcept : dictionary_(std::move(dictionary)) {}

  [[nodiscard]] std::size_t size() const { return dictionary_.size(); }
  [[nodiscard]] bool empty() const { return dictionary_.empty(); }
  /// Key and value, in the order of keys.
  [[nodiscard]] std::pair<std::string, Entry> operator[](std::size_t position) const {
    auto [key, value] = dictionary_[position];
    return {std::move(key), Traits::read_entry(dictionary_, value)};
  }
  [[nodiscard]] PositionIterator<Dictionary> begin() const { return {this, 0}; }
  [[nodiscard]] PositionIterator<Dictionary> end() const { return {this, size()}; }
  [[nodiscard]] bool contains(std::string_view key) const { return dictionary_.contains(key); }
  [[nodiscard]] std::optional<Entry> find(std::string_view key) const {
    const auto value = dictionary_.find(key);
    return value ? std::optional(Traits::read_entry(dictionary_, *value)) : std::nullopt;
  }
  [[nodiscard]] Entry get(std::string_view key) const {
    return Traits::read_entry(dictionary_, dictionary_.get(key));
  }

  template <typename V>
  void set(std::string_view key, const V& value) {
    dictionary_.set(key, Traits::write(value));
  }
  /// Makes a new embedded object under that key, with these values; one that is there goes.
  template <typename... Values>
  auto create(std::string_view key, const Assignment<Values>&... values) {
    dictionary_.set(key, Value::new_object());
    return detail::assigned(*get(key), values...);
  }
  /// Whether there was such a key.
  bool erase(std::string_view key) { return dictionary_.erase(key); }
  void clear() { dictionary_.clear(); }

  NotificationToken observe(
      std::function<void(const Dictionary& dictionary, const DictionaryChanges& changes)> callback,
      const KeyPaths& paths = std::nullopt) const {
    return dictionary_.observe(
        [callback = std::move(callback)](const AnyDictionary& dictionary,
                                         const DictionaryChanges& changes) {
          callback(Dictionary(dictionary), changes);
        },
        paths);
  }

  [[nodiscard]] const AnyDictionary& any() const noexcept { return dictionary_; }

 private:
  AnyDictionary dictionary_;
};

}  // namespace tombolo
