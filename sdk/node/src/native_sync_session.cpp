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

SyncDirection direction_argument(const Napi::CallbackInfo& info) {
  return info[0].As<Napi::Boolean>() ? SyncDirection::kUpload : SyncDirection::kDownload;
}

Napi::Value to_js(Napi::Env env, const std::optional<std::chrono::milliseconds>& duration) {
  if (!duration) return env.Null();
  return Napi::Number::New(env, static_cast<double>(duration->count()));
}

Napi::Value to_js(Napi::Env env, std::uint64_t number) {
  return Napi::Number::New(env, static_cast<double>(number));
}

/// A wait for `(timeout in ms or null, callback(error, value))`: begins it with `begin(options)`,
/// and answers with a function that ends it.
template <typename Begin>
Napi::Value begin_wait(const Napi::CallbackInfo& info, Begin&& begin) {
  return guarded(info.Env(), [&] {
    WaitOptions options;
    if (info[0].IsNumber())
      options.timeout = std::chrono::milliseconds(info[0].As<Napi::Number>().Int64Value());
    const auto stop = std::make_shared<std::stop_source>();
    options.stop = stop->get_token();
    begin(options, Completion(JsThread::of(info.Env()), info[1].As<Napi::Function>()));
    return Napi::Function::New(info.Env(),
                               [stop](const Napi::CallbackInfo&) { stop->request_stop(); });
  });
}

}  // namespace

Napi::Function NativeSyncSession::define(Napi::Env env) {
  return DefineClass(env,
                     "NativeSyncSession",
                     {InstanceMethod<&NativeSyncSession::pause>("pause"),
                      InstanceMethod<&NativeSyncSession::resume>("resume"),
                      InstanceMethod<&NativeSyncSession::is_paused>("isPaused"),
                      InstanceMethod<&NativeSyncSession::reconnect>("reconnect"),
                      InstanceMethod<&NativeSyncSession::stats>("stats"),
                      InstanceMethod<&NativeSyncSession::pending_uploads>("pendingUploads"),
                      InstanceMethod<&NativeSyncSession::receipt>("receipt"),
                      InstanceMethod<&NativeSyncSession::is_active>("isActive"),
                      InstanceMethod<&NativeSyncSession::partition>("partition"),
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

/// pause(isUpload or null for both directions)
void NativeSyncSession::pause(const Napi::CallbackInfo& info) {
  if (info[0].IsNull()) {
    session_->pause();
  } else {
    session_->pause(direction_argument(info));
  }
}
void NativeSyncSession::resume(const Napi::CallbackInfo& info) {
  if (info[0].IsNull()) {
    session_->resume();
  } else {
    session_->resume(direction_argument(info));
  }
}
/// isPaused(isUpload)
Napi::Value NativeSyncSession::is_paused(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), session_->is_paused(direction_argument(info)));
}
void NativeSyncSession::reconnect(const Napi::CallbackInfo&) {
  session_->reconnect();
}
Napi::Value NativeSyncSession::is_active(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), session_->state() == SessionState::kActive);
}
Napi::Value NativeSyncSession::partition(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), session_->partition());
}
Napi::Value NativeSyncSession::connection_state(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), name_of(session_->connection_state()));
}

/// stats(): {messagesSent, bytesSent, messagesReceived, bytesReceived, roundTrip, lastMessageAge,
/// lastError, nextRetry}, durations in ms or null
Napi::Value NativeSyncSession::stats(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const SyncSessionStats stats = session_->stats();
  Napi::Object object = Napi::Object::New(env);
  object.Set("messagesSent", to_js(env, stats.messages_sent));
  object.Set("bytesSent", to_js(env, stats.bytes_sent));
  object.Set("messagesReceived", to_js(env, stats.messages_received));
  object.Set("bytesReceived", to_js(env, stats.bytes_received));
  object.Set("roundTrip", to_js(env, stats.round_trip));
  object.Set("lastMessageAge", to_js(env, stats.last_message_age));
  object.Set("lastError",
             stats.last_error ? to_js_error(env, *stats.last_error).Value() : env.Null());
  object.Set("nextRetry", to_js(env, stats.next_retry));
  return object;
}

/// pendingUploads(): {transactions, objects, bytes, oldestAge}
Napi::Value NativeSyncSession::pending_uploads(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const Napi::Env env = info.Env();
    const PendingUploads pending = session_->pending_uploads();
    Napi::Object object = Napi::Object::New(env);
    object.Set("transactions", to_js(env, pending.transactions));
    object.Set("objects", to_js(env, pending.objects));
    object.Set("bytes", to_js(env, pending.bytes));
    object.Set("oldestAge", to_js(env, pending.oldest_age));
    return object;
  });
}

/// waitForUpload(timeout in ms or null, callback(error, undefined)): stop
Napi::Value NativeSyncSession::wait_for_upload(const Napi::CallbackInfo& info) {
  return begin_wait(info, [&](const WaitOptions& options, const Completion& completion) {
    session_->wait_for_upload(options, settling(completion));
  });
}
Napi::Value NativeSyncSession::wait_for_download(const Napi::CallbackInfo& info) {
  return begin_wait(info, [&](const WaitOptions& options, const Completion& completion) {
    session_->wait_for_download(options, settling(completion));
  });
}
/// receipt(timeout in ms or null, callback(error, version as a bigint)): stop
Napi::Value NativeSyncSession::receipt(const Napi::CallbackInfo& info) {
  return begin_wait(info, [&](const WaitOptions& options, const Completion& completion) {
    session_->receipt(options, [completion](const Result<Receipt>& outcome) {
      if (outcome) {
        completion.succeed([version = outcome->version](Napi::Env env) -> Napi::Value {
          return Napi::BigInt::New(env, version);
        });
      } else {
        completion.fail(outcome.error());
      }
    });
  });
}

/// observeProgress(isUpload, isStreaming, callback(transferred, transferable, estimate)): stop
Napi::Value NativeSyncSession::observe_progress(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const auto callback = JsThread::of(info.Env())->hold(info[2].As<Napi::Function>());
    return make_stop_function(
        info.Env(),
        session_->observe_progress(
            direction_argument(info),
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
