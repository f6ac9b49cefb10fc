#pragma once

#include <optional>
#include <utility>

#include "tombolo/any_object.h"
#include "tombolo/collection.h"
#include "tombolo/model.h"

namespace tombolo {

namespace detail {

template <typename T>
struct AssignedValue {
  static Value of(const T& value) { return PropertyTraits<T>::to_value(value); }
};
template <typename M>
struct AssignedValue<std::optional<Object<M>>> {
  static Value of(const std::optional<Object<M>>& value) {
    return value ? value->any().as_link() : Value::null();
  }
};

/// The object, once it has these values.
template <typename M, typename... Values>
[[nodiscard]] Object<M> assigned(const Object<M>& object, const Assignment<Values>&... values) {
  AnyObject any = object.any();
  (any.set(values.property, AssignedValue<Values>::of(values.value)), ...);
  return object;
}

}  // namespace detail

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
  template <typename N>
  [[nodiscard]] std::optional<Object<N>> get(const Field<Embedded<N>>& field) const {
    if (auto embedded = object_.link(object_.property(field.name))) {
      return Object<N>(*std::move(embedded));
    }
    return std::nullopt;
  }
  template <typename T>
  [[nodiscard]] List<T> get(const Field<List<T>>& field) const {
    return List<T>(object_.list(object_.property(field.name)));
  }
  template <typename T>
  [[nodiscard]] Set<T> get(const Field<Set<T>>& field) const {
    return Set<T>(object_.set_of(object_.property(field.name)));
  }
  template <typename T>
  [[nodiscard]] Dictionary<T> get(const Field<Dictionary<T>>& field) const {
    return Dictionary<T>(object_.dictionary(object_.property(field.name)));
  }
  // What a mixed value leads to: see `AnyObject`.
  [[nodiscard]] std::optional<AnyObject> link(const Field<Mixed>& field) const {
    return object_.link(object_.property(field.name));
  }
  [[nodiscard]] AnyList list(const Field<Mixed>& field) const {
    return object_.list(object_.property(field.name));
  }
  [[nodiscard]] AnyDictionary dictionary(const Field<Mixed>& field) const {
    return object_.dictionary(object_.property(field.name));
  }

  template <typename T, typename V>
  void set(const Field<T>& field, const V& value) {
    object_.set(field.name, PropertyTraits<T>::to_value(value));
  }
  template <typename N>
  void set(const Field<Link<N>>& field, const std::optional<Object<N>>& target) {
    object_.set(field.name, target ? target->any().as_link() : Value::null());
  }
  /// Makes a new embedded object there, with these values; one that is there goes.
  template <typename N, typename... Values>
  Object<N> create(const Field<Embedded<N>>& field, const Assignment<Values>&... values) {
    object_.set(field.name, Value::new_object());
    return detail::assigned(*get(field), values...);
  }
  /// Removes the embedded object.
  template <typename N>
  void set(const Field<Embedded<N>>& field, std::nullopt_t) {
    object_.set(field.name, Value::null());
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

}  // namespace tombolo
