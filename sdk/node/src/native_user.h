#pragma once

#include <optional>

#include <napi.h>

#include "tombolo/app.h"

namespace tombolo::node {

/// Credentials from the first two arguments: an email and a password; null and whatever for an
/// anonymous user.
[[nodiscard]] Credentials credentials_argument(const Napi::CallbackInfo& info);

/// A user; `lib/native.ts` declares the members.
///
/// Thread:  the JavaScript thread.
class NativeUser : public Napi::ObjectWrap<NativeUser> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit NativeUser(const Napi::CallbackInfo& info);
  static Napi::Value make(Napi::Env env, User user);

  [[nodiscard]] const User& user() const noexcept { return *user_; }

 private:
  Napi::Value id(const Napi::CallbackInfo& info);
  Napi::Value state(const Napi::CallbackInfo& info);
  Napi::Value access_token(const Napi::CallbackInfo& info);
  Napi::Value refresh_token(const Napi::CallbackInfo& info);
  Napi::Value device_id(const Napi::CallbackInfo& info);
  Napi::Value identities(const Napi::CallbackInfo& info);
  Napi::Value profile(const Napi::CallbackInfo& info);
  Napi::Value custom_data(const Napi::CallbackInfo& info);
  void link_credentials(const Napi::CallbackInfo& info);
  void refresh_custom_data(const Napi::CallbackInfo& info);
  Napi::Value realm_path(const Napi::CallbackInfo& info);
  void log_out(const Napi::CallbackInfo& info);
  Napi::Value sync_sessions(const Napi::CallbackInfo& info);
  Napi::Value observe(const Napi::CallbackInfo& info);

  std::optional<User> user_;
};

}  // namespace tombolo::node
