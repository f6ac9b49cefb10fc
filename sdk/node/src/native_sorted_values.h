#pragma once

#include <optional>

#include <napi.h>

#include "tombolo/sorted_values.h"
#include "value_conversion.h"

namespace tombolo::node {

/// The values of a list or set in their order, as TypeScript sees them; `lib/native.ts` declares
/// the members with their types.
///
/// Thread:  the JavaScript thread.
class NativeSortedValues : public Napi::ObjectWrap<NativeSortedValues> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit NativeSortedValues(const Napi::CallbackInfo& info);
  /// A JavaScript object for `values`, which are as `elements` says.
  static Napi::Value make(Napi::Env env, const AnySortedValues& values, SlotType elements);

 private:
  Napi::Value size(const Napi::CallbackInfo& info);
  Napi::Value at(const Napi::CallbackInfo& info);
  Napi::Value observe(const Napi::CallbackInfo& info);

  std::optional<AnySortedValues> values_;
  SlotType elements_;
};

}  // namespace tombolo::node
