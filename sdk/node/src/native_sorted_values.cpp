#include "native_sorted_values.h"

#include "guard.h"
#include "js_thread.h"
#include "native_results.h"
#include "native_token.h"

namespace tombolo::node {

Napi::Function NativeSortedValues::define(Napi::Env env) {
  return DefineClass(env,
                     "NativeSortedValues",
                     {InstanceMethod<&NativeSortedValues::size>("size"),
                      InstanceMethod<&NativeSortedValues::at>("at"),
                      InstanceMethod<&NativeSortedValues::observe>("observe")});
}

NativeSortedValues::NativeSortedValues(const Napi::CallbackInfo& info) : ObjectWrap(info) {}

Napi::Value NativeSortedValues::make(Napi::Env env,
                                     const AnySortedValues& values,
                                     SlotType elements) {
  Napi::Object object = JsThread::of(env)->sorted_values_class.New({});
  NativeSortedValues* made = Unwrap(object);
  made->values_.emplace(values);
  made->elements_ = elements;
  return object;
}

Napi::Value NativeSortedValues::size(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return Napi::Number::New(info.Env(), static_cast<double>(values_->size()));
  });
}

Napi::Value NativeSortedValues::at(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const auto index = static_cast<std::size_t>(info[0].As<Napi::Number>().Int64Value());
    return to_js(info.Env(), values_->get(index), elements_);
  });
}

/// observe(callback as that of results): stop
Napi::Value NativeSortedValues::observe(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const auto tell = telling_changes(info.Env(), info[0].As<Napi::Function>());
    return make_stop_function(
        info.Env(),
        values_->observe(
            [tell](const AnySortedValues&, const CollectionChanges& changes) { tell(changes); }));
  });
}

}  // namespace tombolo::node
