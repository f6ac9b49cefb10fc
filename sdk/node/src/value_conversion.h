#pragma once

#include <string>

#include <napi.h>

#include "tombolo/realm.h"

/// Between property values and JavaScript values. The TypeScript layer checks types and wraps; what
/// crosses here is plain:
///
///     int                    number, or bigint when it does not fit in 2^53 (writing takes both)
///     bool, string           boolean, string
///     float, double          number
///     timestamp              number of milliseconds since 1970
///     data                   ArrayBuffer (writing takes any view)
///     objectId, uuid         Uint8Array of 12 or 16 bytes
///     decimal128             Uint8Array of 16 bytes, little-endian BID
///     link                   row number of the target
///     null                   null
///     new embedded object    true, to be written
///
/// A value of a mixed property is an array of its type and that value, null itself but null. Behind
/// the row of a link is the number of its class. A list or dictionary has the number of the
/// collection as its value, and no value when a new one is to be written.

namespace tombolo::node {

/// What the values of a property or the elements of a collection are.
struct SlotType {
  PropertyType type = PropertyType::kInt;
  ClassId target;  ///< Of a link.
};

[[nodiscard]] Napi::Value to_js(Napi::Env env, const Value& value);
[[nodiscard]] Napi::Value to_js(Napi::Env env, const Value& value, const SlotType& slot);

/// A value on its way to the realm, with the memory that it views.
///
/// Thread:  the JavaScript thread.
class IncomingValue {
 public:
  /// `value` as the type says.
  ///
  /// Errors:  throws `Error{kTypeMismatch}` for a value of another kind.
  IncomingValue(const Napi::Value& value, const SlotType& slot);
  IncomingValue(const IncomingValue&) = delete;
  IncomingValue& operator=(const IncomingValue&) = delete;

  [[nodiscard]] const Value& get() const noexcept { return value_; }

 private:
  void take(const Napi::Value& value, const SlotType& slot);
  void take_mixed(const Napi::Value& value);

  std::string text_;
  Value value_;
};

}  // namespace tombolo::node
