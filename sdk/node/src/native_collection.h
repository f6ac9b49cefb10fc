#pragma once

#include <functional>
#include <memory>
#include <optional>

#include <napi.h>

#include "tombolo/any_collection.h"
#include "value_conversion.h"

namespace tombolo::node {

/// A list, set or dictionary as TypeScript sees it; `lib/native.ts` declares the members with their
/// types, and which kind each is for.
///
/// Thread:  the JavaScript thread.
class NativeCollection : public Napi::ObjectWrap<NativeCollection> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit NativeCollection(const Napi::CallbackInfo& info);
  /// A JavaScript object for `collection`, whose elements are as `elements` says.
  static Napi::Value make(Napi::Env env, const AnyCollection& collection, SlotType elements);

 private:
  Napi::Value is_valid(const Napi::CallbackInfo& info);
  Napi::Value identity(const Napi::CallbackInfo& info);
  Napi::Value size(const Napi::CallbackInfo& info);
  void clear(const Napi::CallbackInfo& info);
  Napi::Value at(const Napi::CallbackInfo& info);
  void insert(const Napi::CallbackInfo& info);
  void set(const Napi::CallbackInfo& info);
  void move(const Napi::CallbackInfo& info);
  void erase(const Napi::CallbackInfo& info);
  Napi::Value has(const Napi::CallbackInfo& info);
  Napi::Value add(const Napi::CallbackInfo& info);
  Napi::Value remove(const Napi::CallbackInfo& info);
  Napi::Value keys(const Napi::CallbackInfo& info);
  Napi::Value find(const Napi::CallbackInfo& info);
  void put(const Napi::CallbackInfo& info);
  Napi::Value remove_key(const Napi::CallbackInfo& info);
  Napi::Value objects(const Napi::CallbackInfo& info);
  Napi::Value sorted(const Napi::CallbackInfo& info);
  Napi::Value observe(const Napi::CallbackInfo& info);
  Napi::Value observe_keys(const Napi::CallbackInfo& info);

  [[nodiscard]] AnyList list() const;
  [[nodiscard]] AnySet as_set() const;
  [[nodiscard]] AnyDictionary dictionary() const;
  [[nodiscard]] IncomingValue incoming(const Napi::Value& value) const;

  std::optional<AnyCollection> collection_;
  SlotType elements_;
};

}  // namespace tombolo::node
