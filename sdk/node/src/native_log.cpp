#include "native_log.h"

#include <string>

#include "guard.h"
#include "js_thread.h"
#include "tombolo/log.h"

namespace tombolo::node {
namespace {

/// setLogLevel(number of the level, category)
void set_log_level(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] {
    tombolo::set_log_level(static_cast<LogLevel>(info[0].As<Napi::Number>().Uint32Value()),
                           std::string(info[1].As<Napi::String>()));
  });
}

/// setLogger(callback(category, number of the level, line)): called on the JavaScript thread, later
void set_logger(const Napi::CallbackInfo& info) {
  const auto thread = JsThread::of(info.Env());
  const auto callback = thread->hold(info[0].As<Napi::Function>());
  tombolo::set_logger([weak = std::weak_ptr(thread), callback](const LogEntry& entry) {
    const auto alive = weak.lock();
    if (!alive) return;
    alive->post([callback,
                 category = std::string(entry.category),
                 level = entry.level,
                 line = std::string(entry.line)] {
      const Napi::Env env = callback->Env();
      const Napi::HandleScope scope(env);
      callback->Call({Napi::String::New(env, category),
                      Napi::Number::New(env, static_cast<double>(level)),
                      Napi::String::New(env, line)});
    });
  });
}

}  // namespace

void define_log(Napi::Env env, Napi::Object exports) {
  exports.Set("setLogLevel", Napi::Function::New(env, set_log_level));
  exports.Set("setLogger", Napi::Function::New(env, set_logger));
}

}  // namespace tombolo::node
