#pragma once

#include <memory>
#include <optional>

#include <napi.h>

#include "js_thread.h"
#include "tombolo/app.h"

namespace tombolo::node {

/// An app; `lib/native.ts` declares the members.
///
/// Thread:  the JavaScript thread.
class NativeApp : public Napi::ObjectWrap<NativeApp> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit NativeApp(const Napi::CallbackInfo& info);

 private:
  void log_in(const Napi::CallbackInfo& info);
  void network_changed(const Napi::CallbackInfo& info);
  void multiplex_sessions(const Napi::CallbackInfo& info);
  void register_user(const Napi::CallbackInfo& info);
  Napi::Value current_user(const Napi::CallbackInfo& info);
  Napi::Value all_users(const Napi::CallbackInfo& info);
  void switch_user(const Napi::CallbackInfo& info);
  void remove_user(const Napi::CallbackInfo& info);
  void delete_user(const Napi::CallbackInfo& info);
  Napi::Value observe(const Napi::CallbackInfo& info);
  void initiate_client_reset(const Napi::CallbackInfo& info);

  std::shared_ptr<JsThread> thread_;
  std::optional<App> app_;
};

}  // namespace tombolo::node
