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

namespace tombolo::node {

[[nodiscard]] Napi::Value to_js(Napi::Env env, const Value& value);

/// A value on its way to the realm, with the memory that it views.
///
/// Thread:  the JavaScript thread.
class IncomingValue {
 public:
  /// `value` as the type says; `target` is the class that a link leads to.
  ///
  /// Errors:  throws `Error{kTypeMismatch}` for a value of another kind.
  IncomingValue(const Napi::Value& value, PropertyType type, ClassId target);
  IncomingValue(const IncomingValue&) = delete;
  IncomingValue& operator=(const IncomingValue&) = delete;

  [[nodiscard]] const Value& get() const noexcept { return value_; }

 private:
  std::string text_;
  Value value_;
};

}  // namespace tombolo::node
