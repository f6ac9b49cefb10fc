#include "native_app.h"

#include <string>
#include <utility>

#include "completion.h"
#include "native_token.h"
#include "native_user.h"

namespace tombolo::node {

namespace {

/// Takes what `object` has; the rest is as it is by default.
ConnectionParameters connection_parameters(const Napi::Object& object) {
  ConnectionParameters parameters;
  const auto take_duration = [&](const char* name, std::chrono::milliseconds& duration) {
    if (const Napi::Value value = object.Get(name); value.IsNumber())
      duration = std::chrono::milliseconds(value.As<Napi::Number>().Int64Value());
  };
  const auto take_number = [&](const char* name, std::uint32_t& number) {
    if (const Napi::Value value = object.Get(name); value.IsNumber())
      number = value.As<Napi::Number>().Uint32Value();
  };
  take_duration("initialDelay", parameters.initial_delay);
  take_duration("maximumDelay", parameters.maximum_delay);
  take_number("delayMultiplier", parameters.delay_multiplier);
  take_number("jitterDivisor", parameters.jitter_divisor);
  take_duration("pingPeriod", parameters.ping_period);
  take_duration("pongTimeout", parameters.pong_timeout);
  take_duration("answerTimeout", parameters.answer_timeout);
  take_duration("lingerTime", parameters.linger_time);
  take_duration("fastReconnectLimit", parameters.fast_reconnect_limit);
  return parameters;
}

const User& user_argument(const Napi::CallbackInfo& info) {
  return NativeUser::Unwrap(info[0].As<Napi::Object>())->user();
}

}  // namespace

Napi::Function NativeApp::define(Napi::Env env) {
  return DefineClass(env,
                     "NativeApp",
                     {InstanceMethod<&NativeApp::log_in>("logIn"),
                      InstanceMethod<&NativeApp::register_user>("registerUser"),
                      InstanceMethod<&NativeApp::network_changed>("networkChanged"),
                      InstanceMethod<&NativeApp::multiplex_sessions>("multiplexSessions"),
                      InstanceMethod<&NativeApp::current_user>("currentUser"),
                      InstanceMethod<&NativeApp::all_users>("allUsers"),
                      InstanceMethod<&NativeApp::switch_user>("switchUser"),
                      InstanceMethod<&NativeApp::remove_user>("removeUser"),
                      InstanceMethod<&NativeApp::delete_user>("deleteUser"),
                      InstanceMethod<&NativeApp::observe>("observe"),
                      InstanceMethod<&NativeApp::initiate_client_reset>("initiateClientReset")});
}

/// new NativeApp({id, baseUrl, timeout, basePath, multiplexSessions, persistUsers, connection})
NativeApp::NativeApp(const Napi::CallbackInfo& info)
    : ObjectWrap(info),
      thread_(JsThread::of(info.Env())) {
  guarded(info.Env(), [&] {
    const Napi::Object options = info[0].As<Napi::Object>();
    app_.emplace(AppConfiguration{
        .id = options.Get("id").As<Napi::String>(),
        .base_url = options.Get("baseUrl").As<Napi::String>(),
        .timeout =
            std::chrono::milliseconds(options.Get("timeout").As<Napi::Number>().Int64Value()),
        .base_path = std::string(options.Get("basePath").As<Napi::String>()),
        .multiplex_sessions = options.Get("multiplexSessions").As<Napi::Boolean>(),
        .persist_users = options.Get("persistUsers").As<Napi::Boolean>(),
        .sdk_name = "JS",
        .connection = connection_parameters(options.Get("connection").As<Napi::Object>())});
  });
}

/// networkChanged(isReachable)
void NativeApp::network_changed(const Napi::CallbackInfo& info) {
  app_->network_changed(info[0].As<Napi::Boolean>());
}
void NativeApp::multiplex_sessions(const Napi::CallbackInfo&) {
  app_->multiplex_sessions();
}

/// logIn(email or null for an anonymous user, password, callback(error, user))
void NativeApp::log_in(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] {
    const Completion completion(thread_, info[2].As<Napi::Function>());
    app_->log_in(credentials_argument(info), [completion](const Result<User>& outcome) {
      if (outcome) {
        completion.succeed(
            [user = *outcome](Napi::Env env) { return NativeUser::make(env, user); });
      } else {
        completion.fail(outcome.error());
      }
    });
  });
}

/// registerUser(email, password, callback(error, undefined))
void NativeApp::register_user(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] {
    const Completion completion(thread_, info[2].As<Napi::Function>());
    app_->register_user(
        info[0].As<Napi::String>(), info[1].As<Napi::String>(), settling(completion));
  });
}

Napi::Value NativeApp::current_user(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    auto user = app_->current_user();
    return user ? NativeUser::make(info.Env(), *std::move(user)) : info.Env().Null();
  });
}

Napi::Value NativeApp::all_users(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    Napi::Array users = Napi::Array::New(info.Env());
    for (User& user : app_->all_users()) {
      users.Set(users.Length(), NativeUser::make(info.Env(), std::move(user)));
    }
    return users;
  });
}

void NativeApp::switch_user(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] { app_->switch_user(user_argument(info)); });
}
/// removeUser(user, callback(error, undefined)), and deleteUser alike
void NativeApp::remove_user(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] {
    app_->remove_user(user_argument(info), settling({thread_, info[1].As<Napi::Function>()}));
  });
}
void NativeApp::delete_user(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] {
    app_->delete_user(user_argument(info), settling({thread_, info[1].As<Napi::Function>()}));
  });
}

/// observe(callback()): stop
Napi::Value NativeApp::observe(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const auto callback = make_posted_callback(info.Env(), info[0].As<Napi::Function>());
    return make_stop_function(info.Env(), app_->observe(callback));
  });
}

/// initiateClientReset(path)
void NativeApp::initiate_client_reset(const Napi::CallbackInfo& info) {
  guarded(info.Env(),
          [&] { app_->initiate_client_reset(std::string(info[0].As<Napi::String>())); });
}

}  // namespace tombolo::node
