#pragma once

#include <functional>
#include <memory>
#include <utility>

#include <napi.h>

#include "guard.h"
#include "js_thread.h"

namespace tombolo::node {

/// The end of something asynchronous: calls a JavaScript function `(error, value)` once, on the
/// JavaScript thread. Until then the event loop stays alive.
///
/// Thread:  made on the JavaScript thread, completed on any.
class Completion {
 public:
  using MakeValue = std::function<Napi::Value(Napi::Env env)>;

  Completion(std::shared_ptr<JsThread> thread, const Napi::Function& callback)
      : thread_(std::move(thread)),
        callback_(thread_->hold(callback)) {
    thread_->open_handle();
  }

  void succeed(MakeValue make_value) const {
    finish([make_value = std::move(make_value)](Napi::Env env, Napi::FunctionReference& callback) {
      callback.Call({env.Null(), make_value(env)});
    });
  }
  void fail(const Error& error) const {
    finish([error](Napi::Env env, Napi::FunctionReference& callback) {
      callback.Call({to_js_error(env, error).Value()});
    });
  }

 private:
  void finish(std::function<void(Napi::Env, Napi::FunctionReference&)> call) const {
    thread_->post([thread = thread_, callback = callback_, call = std::move(call)] {
      thread->close_handle();
      const Napi::Env env = callback->Env();
      const Napi::HandleScope scope(env);
      call(env, *callback);
    });
  }

  std::shared_ptr<JsThread> thread_;
  JsThread::Callback callback_;
};

/// What settles `completion` with an outcome that has no value.
[[nodiscard]] inline std::function<void(const Result<void>& outcome)> settling(
    const Completion& completion) {
  return [completion](const Result<void>& outcome) {
    if (outcome) {
      completion.succeed([](Napi::Env env) { return env.Undefined(); });
    } else {
      completion.fail(outcome.error());
    }
  };
}

}  // namespace tombolo::node
