#pragma once

#include <optional>
#include <utility>

#include "tombolo/any_object.h"
#include "tombolo/model.h"

namespace tombolo {

/// A live object of model `M`: `AnyObject` with typed access.
///
///     city.set(City::name, "Rome");
///     std::string name = city[City::name];
///
/// Errors and Thread: as `AnyObject`.
template <typename M>
class Object {
 public:
  explicit Object(AnyObject object) noexcept : object_(std::move(object)) {}

  [[nodiscard]] bool is_valid() const noexcept { return object_.is_valid(); }

  template <typename T>
  [[nodiscard]] typename PropertyTraits<T>::Stored operator[](const Field<T>& field) const {
    return get(field);
  }
  template <typename T>
  [[nodiscard]] typename PropertyTraits<T>::Stored get(const Field<T>& field) const {
    return PropertyTraits<T>::from_value(object_.get(field.name));
  }
  template <typename N>
  [[nodiscard]] std::optional<Object<N>> get(const Field<Link<N>>& field) const {
    if (auto target = object_.link(object_.property(field.name))) {
      return Object<N>(*std::move(target));
    }
    return std::nullopt;
  }
  template <typename T>
  [[nodiscard]] List<T> get(const Field<List<T>>& field) const {
    return List<T>(object_.list(object_.property(field.name)));
  }

  template <typename T, typename V>
  void set(const Field<T>& field, const V& value) {
    object_.set(field.name, PropertyTraits<T>::to_value(value));
  }
  template <typename N>
  void set(const Field<Link<N>>& field, const std::optional<Object<N>>& target) {
    object_.set(field.name, target ? target->any().as_link() : Value::null());
  }
  /// Adds to an int; concurrent additions on several devices all count.
  void add(const Field<std::int64_t>& field, std::int64_t operand) {
    object_.add(object_.property(field.name), operand);
  }

  NotificationToken observe(
      std::function<void(const Object& object, const ObjectChanges& changes)> callback,
      const KeyPaths& paths = std::nullopt) const {
    return object_.observe(
        [callback = std::move(callback)](const AnyObject& object, const ObjectChanges& changes) {
          callback(Object(object), changes);
        },
        paths);
  }

  [[nodiscard]] const AnyObject& any() const noexcept { return object_; }

  friend bool operator==(const Object& left, const Object& right) noexcept {
    return left.object_ == right.object_;
  }

 private:
  AnyObject object_;
};

/// The live list in a property, with typed elements: scalars, or objects for `List<Link<M>>`.
///
/// Errors and Thread: as `AnyList`.
template <typename T>
class List {
 public:
  explicit List(AnyList list) noexcept : list_(std::move(list)) {}

  [[nodiscard]] std::size_t size() const { return list_.size(); }
  [[nodiscard]] bool empty() const { return list_.empty(); }
  [[nodiscard]] auto operator[](std::size_t position) const {
    return read(list_.get(position), static_cast<const T*>(nullptr));
  }
  template <typename V>
  void push_back(const V& value) {
    list_.push_back(write(value, static_cast<const T*>(nullptr)));
  }
  template <typename V>
  void insert(std::size_t position, const V& value) {
    list_.insert(position, write(value, static_cast<const T*>(nullptr)));
  }
  template <typename V>
  void set(std::size_t position, const V& value) {
    list_.set(position, write(value, static_cast<const T*>(nullptr)));
  }
  void move(std::size_t from, std::size_t to) { list_.move(from, to); }
  void erase(std::size_t position) { list_.erase(position); }
  void clear() { list_.clear(); }

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
  // The null pointers only select the overload: links need the realm, scalars do not.
  template <typename S>
  [[nodiscard]] auto read(const Value& value, const S*) const {
    return PropertyTraits<S>::from_value(value);
  }
  template <typename N>
  [[nodiscard]] Object<N> read(const Value& value, const Link<N>*) const {
    return Object<N>(AnyObject(list_.realm_core(), value.as_link()));
  }
  template <typename V, typename S>
  [[nodiscard]] static Value write(const V& value, const S*) {
    return PropertyTraits<S>::to_value(value);
  }
  template <typename N>
  [[nodiscard]] static Value write(const Object<N>& value, const Link<N>*) {
    return value.any().as_link();
  }

  AnyList list_;
};

}  // namespace tombolo
