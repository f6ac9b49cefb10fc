#pragma once

#include <functional>
#include <memory>
#include <optional>

#include <napi.h>

#include "js_thread.h"
#include "tombolo/notification.h"

namespace tombolo::node {

/// A JavaScript function of no arguments that stops the notification; its first call counts. The
/// notification also stops when the function is collected.
///
/// Thread:  the JavaScript thread.
[[nodiscard]] inline Napi::Value make_stop_function(Napi::Env env, NotificationToken token) {
  const auto shared = std::make_shared<NotificationToken>(std::move(token));
  return Napi::Function::New(env, [shared](const Napi::CallbackInfo&) { shared->stop(); });
}

/// A callback for any thread that calls `function` without arguments on the JavaScript thread.
[[nodiscard]] inline std::function<void()> make_posted_callback(Napi::Env env,
                                                                const Napi::Function& function) {
  const auto thread = JsThread::of(env);
  return [thread, callback = thread->hold(function)] {
    thread->post([callback] {
      const Napi::HandleScope scope(callback->Env());
      callback->Call({});
    });
  };
}

}  // namespace tombolo::node
