#pragma once

#include <memory>
#include <optional>

#include <napi.h>

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

}  // namespace tombolo::node
