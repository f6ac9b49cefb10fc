#include "native_user.h"

#include <string>
#include <utility>

#include "completion.h"
#include "native_sync_session.h"
#include "native_token.h"

namespace tombolo::node {
namespace {

const char* name_of(UserState state) {
  switch (state) {
    case UserState::kLoggedIn: return "LoggedIn";
    case UserState::kLoggedOut: return "LoggedOut";
    case UserState::kRemoved: return "Removed";
  }
  return "Removed";
}

}  // namespace

Credentials credentials_argument(const Napi::CallbackInfo& info) {
  if (info[0].IsNull()) return Credentials::anonymous();
  return Credentials::email_password(info[0].As<Napi::String>(), info[1].As<Napi::String>());
}

Napi::Function NativeUser::define(Napi::Env env) {
  return DefineClass(env,
                     "NativeUser",
                     {InstanceMethod<&NativeUser::id>("id"),
                      InstanceMethod<&NativeUser::state>("state"),
                      InstanceMethod<&NativeUser::access_token>("accessToken"),
                      InstanceMethod<&NativeUser::refresh_token>("refreshToken"),
                      InstanceMethod<&NativeUser::device_id>("deviceId"),
                      InstanceMethod<&NativeUser::identities>("identities"),
                      InstanceMethod<&NativeUser::profile>("profile"),
                      InstanceMethod<&NativeUser::custom_data>("customData"),
                      InstanceMethod<&NativeUser::link_credentials>("linkCredentials"),
                      InstanceMethod<&NativeUser::refresh_custom_data>("refreshCustomData"),
                      InstanceMethod<&NativeUser::realm_path>("realmPath"),
                      InstanceMethod<&NativeUser::log_out>("logOut"),
                      InstanceMethod<&NativeUser::sync_sessions>("syncSessions"),
                      InstanceMethod<&NativeUser::observe>("observe")});
}

NativeUser::NativeUser(const Napi::CallbackInfo& info) : ObjectWrap(info) {}

Napi::Value NativeUser::make(Napi::Env env, User user) {
  Napi::Object object = JsThread::of(env)->user_class.New({});
  Unwrap(object)->user_.emplace(std::move(user));
  return object;
}

Napi::Value NativeUser::id(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), user_->id());
}
Napi::Value NativeUser::state(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), name_of(user_->state()));
}
Napi::Value NativeUser::access_token(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), user_->access_token());
}
Napi::Value NativeUser::refresh_token(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), user_->refresh_token());
}
Napi::Value NativeUser::device_id(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), user_->device_id());
}
/// identities(): [{id, providerType}]
Napi::Value NativeUser::identities(const Napi::CallbackInfo& info) {
  Napi::Array identities = Napi::Array::New(info.Env());
  for (const UserIdentity& identity : user_->identities()) {
    Napi::Object to = Napi::Object::New(info.Env());
    to.Set("id", identity.id);
    to.Set("providerType", identity.provider);
    identities.Set(identities.Length(), to);
  }
  return identities;
}
/// profile(), customData(): Extended JSON of an object
Napi::Value NativeUser::profile(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), user_->profile());
}
Napi::Value NativeUser::custom_data(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] { return Napi::String::New(info.Env(), user_->custom_data()); });
}
/// linkCredentials(email or null for an anonymous user, password, callback(error, undefined))
void NativeUser::link_credentials(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] {
    user_->link(credentials_argument(info),
                settling({JsThread::of(info.Env()), info[2].As<Napi::Function>()}));
  });
}
/// refreshCustomData(callback(error, undefined))
void NativeUser::refresh_custom_data(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] {
    user_->refresh_custom_data(settling({JsThread::of(info.Env()), info[0].As<Napi::Function>()}));
  });
}
Napi::Value NativeUser::realm_path(const Napi::CallbackInfo& info) {
  const std::string name = info[0].As<Napi::String>();
  return Napi::String::New(info.Env(), user_->realm_path(name).string());
}

/// logOut(callback(error, undefined))
void NativeUser::log_out(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] {
    const Completion completion(JsThread::of(info.Env()), info[0].As<Napi::Function>());
    user_->log_out(
        [completion] { completion.succeed([](Napi::Env env) { return env.Undefined(); }); });
  });
}

Napi::Value NativeUser::sync_sessions(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    Napi::Array sessions = Napi::Array::New(info.Env());
    for (SyncSession& session : user_->sync_sessions()) {
      sessions.Set(sessions.Length(), NativeSyncSession::make(info.Env(), std::move(session)));
    }
    return sessions;
  });
}

/// observe(callback()): stop
Napi::Value NativeUser::observe(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const auto callback = make_posted_callback(info.Env(), info[0].As<Napi::Function>());
    return make_stop_function(info.Env(), user_->observe(callback));
  });
}

}  // namespace tombolo::node
