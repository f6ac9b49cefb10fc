#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <napi.h>

#include "js_thread.h"
#include "tombolo/realm.h"
#include "value_conversion.h"

namespace tombolo::node {

/// The realm as TypeScript sees it. Classes and properties are numbers, objects are a class and a
/// row; `lib/native.ts` declares the members with their types.
///
/// Thread:  the JavaScript thread.
class NativeRealm : public Napi::ObjectWrap<NativeRealm> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit NativeRealm(const Napi::CallbackInfo& info);
  /// For a realm that is open already.
  [[nodiscard]] static Napi::Value make(Napi::Env env, Realm realm);
  ~NativeRealm() override;

  /// The migration that calls `migrate(before, now)`; both are closed when it has returned.
  ///
  /// Thread:  opened on the JavaScript thread, inside a call of it.
  [[nodiscard]] static std::function<void(const Realm&, Realm&)> to_migration(
      const Napi::Function& migrate);
  /// What calls `call(realm)` for a new file, with another handle to the realm.
  ///
  /// Thread:  opened on the JavaScript thread, inside a call of it.
  [[nodiscard]] static std::function<void(Realm&)> to_first_open(const Napi::Function& call);

 private:
  Napi::Value schema(const Napi::CallbackInfo& info);
  void begin_transaction(const Napi::CallbackInfo& info);
  void commit_transaction(const Napi::CallbackInfo& info);
  void cancel_transaction(const Napi::CallbackInfo& info);
  Napi::Value refresh(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);
  Napi::Value compact(const Napi::CallbackInfo& info);
  void write_copy_to(const Napi::CallbackInfo& info);
  Napi::Value schema_version(const Napi::CallbackInfo& info);
  Napi::Value is_in_transaction(const Napi::CallbackInfo& info);
  Napi::Value is_in_migration(const Napi::CallbackInfo& info);
  Napi::Value is_read_only(const Napi::CallbackInfo& info);
  Napi::Value is_in_memory(const Napi::CallbackInfo& info);
  Napi::Value is_closed(const Napi::CallbackInfo& info);

  Napi::Value find(const Napi::CallbackInfo& info);
  Napi::Value create(const Napi::CallbackInfo& info);
  void erase(const Napi::CallbackInfo& info);
  void erase_all(const Napi::CallbackInfo& info);
  void erase_class(const Napi::CallbackInfo& info);
  Napi::Value is_valid(const Napi::CallbackInfo& info);
  Napi::Value get(const Napi::CallbackInfo& info);
  Napi::Value set(const Napi::CallbackInfo& info);
  void add(const Napi::CallbackInfo& info);

  Napi::Value collection(const Napi::CallbackInfo& info);
  Napi::Value linking(const Napi::CallbackInfo& info);
  Napi::Value link_count(const Napi::CallbackInfo& info);
  Napi::Value results(const Napi::CallbackInfo& info);
  Napi::Value sync_session(const Napi::CallbackInfo& info);
  Napi::Value observe(const Napi::CallbackInfo& info);
  Napi::Value observe_object(const Napi::CallbackInfo& info);

  /// Makes it a method of this one object, which then need not be looked up in each call.
  template <auto kMethod>
  void put_method(Napi::Object self, const char* name);
  void adopt(Realm realm);
  /// Shows `closed` from now on, which is closed or about to be.
  void let_go(const Realm& closed);
  [[nodiscard]] Realm& realm();
  /// The object that the first two arguments name.
  [[nodiscard]] AnyObject object(const Napi::CallbackInfo& info);
  [[nodiscard]] const SlotType& slot(ClassId class_id, PropertyId property);
  void read_schema();
  void release();

  std::shared_ptr<JsThread> thread_;
  std::optional<Realm> realm_;
  std::vector<std::vector<SlotType>> slots_;  ///< By class and property id.
  bool keeps_alive_ = false;
};

}  // namespace tombolo::node
