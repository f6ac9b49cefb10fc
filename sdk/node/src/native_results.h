#pragma once

#include <optional>

#include <napi.h>

#include "tombolo/realm.h"

namespace tombolo::node {

/// Live results: `size()`, `at(position)` and `rows()` give rows, `filtered(...)` and `sorted(...)`
/// other results, `observe(callback)` a token.
///
/// Thread:  the JavaScript thread.
class NativeResults : public Napi::ObjectWrap<NativeResults> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit NativeResults(const Napi::CallbackInfo& info);
  /// A JavaScript object for `results`.
  static Napi::Value make(Napi::Env env, AnyResults results);

 private:
  Napi::Value size(const Napi::CallbackInfo& info);
  Napi::Value at(const Napi::CallbackInfo& info);
  Napi::Value rows(const Napi::CallbackInfo& info);
  Napi::Value filtered(const Napi::CallbackInfo& info);
  Napi::Value sorted(const Napi::CallbackInfo& info);
  Napi::Value aggregate(const Napi::CallbackInfo& info);
  Napi::Value explain(const Napi::CallbackInfo& info);
  Napi::Value observe(const Napi::CallbackInfo& info);

  std::optional<AnyResults> results_;
};

}  // namespace tombolo::node
