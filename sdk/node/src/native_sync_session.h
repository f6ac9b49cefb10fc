#pragma once

#include <optional>

#include <napi.h>

#include "tombolo/sync_session.h"

namespace tombolo::node {

/// A sync session; `lib/native.ts` declares the members.
///
/// Thread:  the JavaScript thread.
class NativeSyncSession : public Napi::ObjectWrap<NativeSyncSession> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit NativeSyncSession(const Napi::CallbackInfo& info);
  static Napi::Value make(Napi::Env env, SyncSession session);

 private:
  void pause(const Napi::CallbackInfo& info);
  void resume(const Napi::CallbackInfo& info);
  Napi::Value is_paused(const Napi::CallbackInfo& info);
  void reconnect(const Napi::CallbackInfo& info);
  Napi::Value stats(const Napi::CallbackInfo& info);
  Napi::Value pending_uploads(const Napi::CallbackInfo& info);
  Napi::Value is_active(const Napi::CallbackInfo& info);
  Napi::Value partition(const Napi::CallbackInfo& info);
  Napi::Value connection_state(const Napi::CallbackInfo& info);
  Napi::Value wait_for_upload(const Napi::CallbackInfo& info);
  Napi::Value wait_for_download(const Napi::CallbackInfo& info);
  Napi::Value receipt(const Napi::CallbackInfo& info);
  Napi::Value observe_progress(const Napi::CallbackInfo& info);
  Napi::Value observe_connection(const Napi::CallbackInfo& info);

  std::optional<SyncSession> session_;
};

}  // namespace tombolo::node
