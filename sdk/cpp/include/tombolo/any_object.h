#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "store/ids.h"
#include "tombolo/notification.h"
#include "tombolo/value.h"

namespace tombolo {

class AnyDictionary;
class AnyList;
class AnyResults;
class AnySet;
class RealmCore;

/// A live object of a class known at run time: a handle that always shows the newest state that its
/// realm has been refreshed to. Cheap to copy.
///
/// Errors:  reading or writing an object that was deleted throws `Error{kObjectDeleted}`; writing
///          outside a transaction `kNotInTransaction`; anything after the realm was closed
///          `kClosed`.
/// Thread:  its realm's.
class AnyObject {
 public:
  AnyObject(std::shared_ptr<RealmCore> realm, store::ObjectRef object) noexcept;

  /// Whether it still exists and its realm is open.
  [[nodiscard]] bool is_valid() const noexcept;
  [[nodiscard]] ClassId class_id() const noexcept { return object_.class_id; }
  [[nodiscard]] std::string_view class_name() const;
  /// The primary key, or the global key of an object without one.
  [[nodiscard]] ObjectKey key() const;
  /// The same object, as a value for a link.
  [[nodiscard]] Value as_link() const noexcept { return Value::of_link(object_); }
  [[nodiscard]] store::ObjectRef ref() const noexcept { return object_; }

  /// Errors:  `kNotFound` for a name that is no property of the class.
  [[nodiscard]] PropertyId property(std::string_view name) const;

  /// The value of a single property.
  [[nodiscard]] Value get(PropertyId property) const;
  [[nodiscard]] Value get(std::string_view name) const { return get(property(name)); }
  /// The embedded object, or the object that a link leads to; nullopt when there is none.
  [[nodiscard]] std::optional<AnyObject> link(PropertyId property) const;
  /// The collection that the property is, or the list or dictionary that its mixed value is.
  ///
  /// Errors:  throws `Error{kTypeMismatch}` for another property or value.
  [[nodiscard]] AnyList list(PropertyId property) const;
  [[nodiscard]] AnySet set_of(PropertyId property) const;
  [[nodiscard]] AnyDictionary dictionary(PropertyId property) const;
  /// The objects of a class that link to this one from a property, each as often as it does.
  ///
  /// Errors:  throws `Error{kInvalidArgument}` for a property that does not lead to this class.
  [[nodiscard]] AnyResults linking(ClassId origin, PropertyId property) const;
  /// How many links lead to this object.
  [[nodiscard]] std::size_t link_count() const;
  /// The object that this embedded object is in.
  ///
  /// Errors:  throws `Error{kInvalidArgument}` for an object that is not embedded.
  [[nodiscard]] AnyObject owner() const;

  /// `Value::new_object()` makes a new embedded object, `Value::new_list()` and
  /// `Value::new_dictionary()` an empty one in a mixed property; null removes what is there.
  ///
  /// Errors:  `kTypeMismatch`, `kInvalidArgument` for the primary key.
  void set(PropertyId property, const Value& value);
  void set(std::string_view name, const Value& value) { set(property(name), value); }
  /// Adds to an int; concurrent additions on several devices all count.
  void add(PropertyId property, std::int64_t operand);

  /// Calls back once as soon as possible with no changes, then after each commit that changed it.
  /// An object that is not valid tells nothing.
  ///
  /// Errors:  throws `Error{kInvalidArgument}` for a key path that leads nowhere, `kInTransaction`
  ///          after changes in an open write transaction.
  NotificationToken observe(
      std::function<void(const AnyObject& object, const ObjectChanges& changes)> callback,
      const KeyPaths& paths = std::nullopt) const;

  /// The same object of the same realm.
  friend bool operator==(const AnyObject& left, const AnyObject& right) noexcept {
    return left.object_ == right.object_ && left.realm_ == right.realm_;
  }

  [[nodiscard]] const std::shared_ptr<RealmCore>& realm_core() const noexcept { return realm_; }

 private:
  std::shared_ptr<RealmCore> realm_;
  store::ObjectRef object_;
};

}  // namespace tombolo
