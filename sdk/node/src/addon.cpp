#include <napi.h>

#include "js_thread.h"
#include "native_realm.h"
#include "native_results.h"

namespace {

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  using namespace tombolo::node;
  const auto thread = JsThread::of(env);
  thread->results_class = Napi::Persistent(NativeResults::define(env));
  exports.Set("NativeRealm", NativeRealm::define(env));
  return exports;
}

}  // namespace

NODE_API_MODULE(tombolo, initialise)
