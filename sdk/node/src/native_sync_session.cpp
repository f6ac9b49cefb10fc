#include "native_sync_session.h"

#include <utility>

#include "completion.h"
#include "native_token.h"

namespace tombolo::node {
namespace {

const char* name_of(ConnectionState state) {
  switch (state) {
    case ConnectionState::kDisconnected: return "disconnected";
    case ConnectionState::kConnecting: return "connecting";
    case ConnectionState::kConnected: return "connected";
  }
  return "disconnected";
}

SyncSession::Timeout timeout_argument(const Napi::CallbackInfo& info) {
  if (!info[0].IsNumber()) return std::nullopt;
  return std::chrono::milliseconds(info[0].As<Napi::Number>().Int64Value());
}

SyncSession::WaitDone wait_completion(const Napi::CallbackInfo& info) {
  const Completion completion(JsThread::of(info.Env()), info[1].As<Napi::Function>());
  return [completion](const Result<void>& outcome) {
    if (outcome) {
      completion.succeed([](Napi::Env env) { return env.Undefined(); });
    } else {
      completion.fail(outcome.error());
    }
  };
}

}  // namespace

Napi::Function NativeSyncSession::define(Napi::Env env) {
  return DefineClass(env,
                     "NativeSyncSession",
                     {InstanceMethod<&NativeSyncSession::pause>("pause"),
                      InstanceMethod<&NativeSyncSession::resume>("resume"),
                      InstanceMethod<&NativeSyncSession::reconnect>("reconnect"),
                      InstanceMethod<&NativeSyncSession::is_active>("isActive"),
                      InstanceMethod<&NativeSyncSession::connection_state>("connectionState"),
                      InstanceMethod<&NativeSyncSession::wait_for_upload>("waitForUpload"),
                      InstanceMethod<&NativeSyncSession::wait_for_download>("waitForDownload"),
                      InstanceMethod<&NativeSyncSession::observe_progress>("observeProgress"),
                      InstanceMethod<&NativeSyncSession::observe_connection>("observeConnection")});
}

NativeSyncSession::NativeSyncSession(const Napi::CallbackInfo& info) : ObjectWrap(info) {}

Napi::Value NativeSyncSession::make(Napi::Env env, SyncSession session) {
  Napi::Object object = JsThread::of(env)->session_class.New({});
  Unwrap(object)->session_.emplace(std::move(session));
  return object;
}

void NativeSyncSession::pause(const Napi::CallbackInfo&) {
  session_->pause();
}
void NativeSyncSession::resume(const Napi::CallbackInfo&) {
  session_->resume();
}
void NativeSyncSession::reconnect(const Napi::CallbackInfo&) {
  session_->reconnect();
}
Napi::Value NativeSyncSession::is_active(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), session_->state() == SessionState::kActive);
}
Napi::Value NativeSyncSession::connection_state(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), name_of(session_->connection_state()));
}

/// waitForUpload(timeout in ms or null, callback(error, undefined))
void NativeSyncSession::wait_for_upload(const Napi::CallbackInfo& info) {
  guarded(info.Env(),
          [&] { session_->wait_for_upload(timeout_argument(info), wait_completion(info)); });
}
void NativeSyncSession::wait_for_download(const Napi::CallbackInfo& info) {
  guarded(info.Env(),
          [&] { session_->wait_for_download(timeout_argument(info), wait_completion(info)); });
}

/// observeProgress(isUpload, isStreaming, callback(transferred, transferable, estimate)): stop
Napi::Value NativeSyncSession::observe_progress(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const auto callback = JsThread::of(info.Env())->hold(info[2].As<Napi::Function>());
    return make_stop_function(
        info.Env(),
        session_->observe_progress(
            info[0].As<Napi::Boolean>() ? ProgressDirection::kUpload : ProgressDirection::kDownload,
            info[1].As<Napi::Boolean>() ? ProgressMode::kReportIndefinitely
                                        : ProgressMode::kForCurrentlyOutstandingWork,
            [callback](const SyncProgress& progress) {
              const Napi::Env env = callback->Env();
              const Napi::HandleScope scope(env);
              callback->Call({Napi::Number::New(env, static_cast<double>(progress.transferred)),
                              Napi::Number::New(env, static_cast<double>(progress.transferable)),
                              Napi::Number::New(env, progress.estimate)});
            }));
  });
}

/// observeConnection(callback(newState, oldState)): stop
Napi::Value NativeSyncSession::observe_connection(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const auto callback = JsThread::of(info.Env())->hold(info[0].As<Napi::Function>());
    return make_stop_function(
        info.Env(),
        session_->observe_connection([callback](ConnectionState current, ConnectionState previous) {
          const Napi::Env env = callback->Env();
          const Napi::HandleScope scope(env);
          callback->Call({Napi::String::New(env, name_of(current)),
                          Napi::String::New(env, name_of(previous))});
        }));
  });
}

}  // namespace tombolo::node
