#include "native_results.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

#include "guard.h"
#include "js_thread.h"
#include "native_token.h"
#include "query_conversion.h"
#include "value_conversion.h"

namespace tombolo::node {
namespace {

Napi::Array positions_to_js(Napi::Env env, const std::vector<std::size_t>& positions) {
  Napi::Array array = Napi::Array::New(env, positions.size());
  for (std::uint32_t i = 0; i < positions.size(); ++i) {
    array.Set(i, Napi::Number::New(env, static_cast<double>(positions[i])));
  }
  return array;
}

}  // namespace

KeyPaths to_key_paths(const Napi::Value& paths) {
  if (!paths.IsArray()) return std::nullopt;
  const Napi::Array from = paths.As<Napi::Array>();
  std::vector<std::string> to;
  for (std::uint32_t i = 0; i < from.Length(); ++i) {
    to.push_back(from.Get(i).As<Napi::String>());
  }
  return to;
}

std::function<void(const CollectionChanges&)> telling_changes(Napi::Env env,
                                                              const Napi::Function& function) {
  return [env, callback = JsThread::of(env)->hold(function)](const CollectionChanges& changes) {
    const Napi::HandleScope scope(env);
    callback->Call({positions_to_js(env, changes.deletions),
                    positions_to_js(env, changes.insertions),
                    positions_to_js(env, changes.old_modifications),
                    positions_to_js(env, changes.new_modifications)});
  };
}

Napi::Function NativeResults::define(Napi::Env env) {
  return DefineClass(env,
                     "NativeResults",
                     {InstanceMethod<&NativeResults::size>("size"),
                      InstanceMethod<&NativeResults::at>("at"),
                      InstanceMethod<&NativeResults::rows>("rows"),
                      InstanceMethod<&NativeResults::snapshot>("snapshot"),
                      InstanceMethod<&NativeResults::filtered>("filtered"),
                      InstanceMethod<&NativeResults::sorted>("sorted"),
                      InstanceMethod<&NativeResults::aggregate>("aggregate"),
                      InstanceMethod<&NativeResults::description>("description"),
                      InstanceMethod<&NativeResults::explain>("explain"),
                      InstanceMethod<&NativeResults::observe>("observe")});
}

NativeResults::NativeResults(const Napi::CallbackInfo& info) : ObjectWrap(info) {}

Napi::Value NativeResults::make(Napi::Env env, AnyResults results) {
  Napi::Object object = JsThread::of(env)->results_class.New({});
  Unwrap(object)->results_.emplace(std::move(results));
  return object;
}

Napi::Value NativeResults::size(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return Napi::Number::New(info.Env(), static_cast<double>(results_->size()));
  });
}

Napi::Value NativeResults::at(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const auto position = static_cast<std::size_t>(info[0].As<Napi::Number>().Int64Value());
    if (position >= results_->rows().size()) return info.Env().Undefined();
    const store::RowId row = results_->row_at(position);
    return Napi::Value(Napi::Number::New(info.Env(), static_cast<double>(row.value())));
  });
}

/// rows(from = 0, count = all of them)
Napi::Value NativeResults::rows(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const store::RowSequence& rows = results_->rows();
    const auto limited = [&](std::size_t argument, std::size_t otherwise) {
      if (info.Length() <= argument) return otherwise;
      const auto number = info[argument].As<Napi::Number>().Int64Value();
      return std::min(static_cast<std::size_t>(std::max<std::int64_t>(number, 0)), otherwise);
    };
    const std::size_t from = info.Length() == 0 ? 0 : limited(0, rows.size());
    const std::size_t count = limited(1, rows.size() - from);
    Napi::Float64Array array = Napi::Float64Array::New(info.Env(), count);
    store::RowSequence::Iterator row(&rows, from);
    for (std::size_t i = 0; i < count; ++i, ++row) array[i] = static_cast<double>((*row).value());
    return array;
  });
}

Napi::Value NativeResults::snapshot(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] { return make(info.Env(), results_->snapshot()); });
}

Napi::Value NativeResults::filtered(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const auto given = info[1].As<Napi::Array>();
    std::vector<QueryArgument> arguments;
    for (std::uint32_t i = 0; i < given.Length(); ++i) {
      arguments.push_back(to_query_argument(given.Get(i).As<Napi::Object>()));
    }
    return make(info.Env(),
                results_->filtered(info[0].As<Napi::String>().Utf8Value(),
                                   arguments,
                                   to_query_names(info[2].As<Napi::Object>())));
  });
}

Napi::Value NativeResults::sorted(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const bool is_descending = info[1].As<Napi::Boolean>();
    return make(info.Env(),
                results_->sorted(info[0].As<Napi::String>().Utf8Value(),
                                 is_descending ? SortOrder::kDescending : SortOrder::kAscending));
  });
}

Napi::Value NativeResults::aggregate(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const std::string operation = info[0].As<Napi::String>();
    const PropertyId property(info[1].As<Napi::Number>().Uint32Value());
    std::optional<tombolo::Value> value;
    if (operation == "min") {
      value = results_->min(property);
    } else if (operation == "max") {
      value = results_->max(property);
    } else if (operation == "sum") {
      value = results_->sum(property);
    } else {
      value = results_->average(property);
    }
    return to_js(info.Env(), value.value_or(tombolo::Value::null()));
  });
}

Napi::Value NativeResults::description(const Napi::CallbackInfo& info) {
  return guarded(info.Env(),
                 [&] { return Napi::String::New(info.Env(), results_->description()); });
}
Napi::Value NativeResults::explain(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] { return Napi::String::New(info.Env(), results_->explain()); });
}

/// observe(callback(deletions, insertions, oldModifications, newModifications), key paths?): stop
Napi::Value NativeResults::observe(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const auto tell = telling_changes(info.Env(), info[0].As<Napi::Function>());
    return make_stop_function(
        info.Env(),
        results_->observe(
            [tell](const AnyResults&, const CollectionChanges& changes) { tell(changes); },
            to_key_paths(info[1])));
  });
}

}  // namespace tombolo::node
