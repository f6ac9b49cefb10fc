#pragma once

#include <functional>
#include <optional>

#include <napi.h>

#include "tombolo/realm.h"

namespace tombolo::node {

/// Key paths from an array of texts; undefined: none are given.
[[nodiscard]] KeyPaths to_key_paths(const Napi::Value& paths);

/// Calls `function(deletions, insertions, oldModifications, newModifications)` with what is told.
[[nodiscard]] std::function<void(const CollectionChanges&)> telling_changes(
    Napi::Env env, const Napi::Function& function);

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
  Napi::Value snapshot(const Napi::CallbackInfo& info);
  Napi::Value filtered(const Napi::CallbackInfo& info);
  Napi::Value sorted(const Napi::CallbackInfo& info);
  Napi::Value aggregate(const Napi::CallbackInfo& info);
  Napi::Value description(const Napi::CallbackInfo& info);
  Napi::Value explain(const Napi::CallbackInfo& info);
  Napi::Value observe(const Napi::CallbackInfo& info);

  std::optional<AnyResults> results_;
};

}  // namespace tombolo::node
