#include "native_collection.h"

#include <string>
#include <vector>

#include "guard.h"
#include "js_thread.h"
#include "native_results.h"
#include "native_sorted_values.h"
#include "native_token.h"

namespace tombolo::node {
namespace {

std::size_t position_argument(const Napi::CallbackInfo& info, std::size_t index = 0) {
  return static_cast<std::size_t>(info[index].As<Napi::Number>().Int64Value());
}

std::string key_argument(const Napi::CallbackInfo& info) {
  return info[0].As<Napi::String>().Utf8Value();
}

Napi::Array to_js(Napi::Env env, const std::vector<std::string>& texts) {
  Napi::Array array = Napi::Array::New(env, texts.size());
  for (std::uint32_t i = 0; i < texts.size(); ++i) array.Set(i, texts[i]);
  return array;
}

}  // namespace

Napi::Function NativeCollection::define(Napi::Env env) {
  return DefineClass(env,
                     "NativeCollection",
                     {InstanceMethod<&NativeCollection::is_valid>("isValid"),
                      InstanceMethod<&NativeCollection::identity>("identity"),
                      InstanceMethod<&NativeCollection::size>("size"),
                      InstanceMethod<&NativeCollection::clear>("clear"),
                      InstanceMethod<&NativeCollection::at>("at"),
                      InstanceMethod<&NativeCollection::insert>("insert"),
                      InstanceMethod<&NativeCollection::set>("set"),
                      InstanceMethod<&NativeCollection::move>("move"),
                      InstanceMethod<&NativeCollection::erase>("erase"),
                      InstanceMethod<&NativeCollection::has>("has"),
                      InstanceMethod<&NativeCollection::add>("add"),
                      InstanceMethod<&NativeCollection::remove>("remove"),
                      InstanceMethod<&NativeCollection::keys>("keys"),
                      InstanceMethod<&NativeCollection::find>("find"),
                      InstanceMethod<&NativeCollection::put>("put"),
                      InstanceMethod<&NativeCollection::remove_key>("removeKey"),
                      InstanceMethod<&NativeCollection::objects>("objects"),
                      InstanceMethod<&NativeCollection::sorted>("sorted"),
                      InstanceMethod<&NativeCollection::observe>("observe"),
                      InstanceMethod<&NativeCollection::observe_keys>("observeKeys")});
}

NativeCollection::NativeCollection(const Napi::CallbackInfo& info) : ObjectWrap(info) {}

Napi::Value NativeCollection::make(Napi::Env env,
                                   const AnyCollection& collection,
                                   SlotType elements) {
  Napi::Object object = JsThread::of(env)->collection_class.New({});
  NativeCollection* made = Unwrap(object);
  made->collection_.emplace(collection);
  made->elements_ = elements;
  return object;
}

AnyList NativeCollection::list() const {
  return {collection_->realm_core(), collection_->ref()};
}
AnySet NativeCollection::as_set() const {
  return {collection_->realm_core(), collection_->ref()};
}
AnyDictionary NativeCollection::dictionary() const {
  return {collection_->realm_core(), collection_->ref()};
}

IncomingValue NativeCollection::incoming(const Napi::Value& value) const {
  return {value, elements_};
}

Napi::Value NativeCollection::is_valid(const Napi::CallbackInfo& info) {
  return guarded(info.Env(),
                 [&] { return Napi::Boolean::New(info.Env(), collection_->is_valid()); });
}

Napi::Value NativeCollection::identity(const Napi::CallbackInfo& info) {
  const store::CollectionRef& ref = collection_->ref();
  std::string text;
  for (const std::uint64_t part : {std::uint64_t{ref.slot.class_id.value()},
                                   ref.slot.row.value(),
                                   std::uint64_t{ref.slot.property.value()},
                                   ref.id.value()}) {
    text += std::to_string(part) + ':';
  }
  return Napi::String::New(info.Env(), text);
}

Napi::Value NativeCollection::size(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return Napi::Number::New(info.Env(), static_cast<double>(collection_->size()));
  });
}
void NativeCollection::clear(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] { collection_->clear(); });
}

Napi::Value NativeCollection::at(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return node::to_js(info.Env(), list().get(position_argument(info)), elements_);
  });
}
void NativeCollection::insert(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] { list().insert(position_argument(info), incoming(info[1]).get()); });
}
void NativeCollection::set(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] { list().set(position_argument(info), incoming(info[1]).get()); });
}
void NativeCollection::move(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] { list().move(position_argument(info), position_argument(info, 1)); });
}
void NativeCollection::erase(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] { list().erase(position_argument(info)); });
}

Napi::Value NativeCollection::has(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return Napi::Boolean::New(info.Env(), as_set().contains(incoming(info[0]).get()));
  });
}
Napi::Value NativeCollection::add(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return Napi::Boolean::New(info.Env(), as_set().insert(incoming(info[0]).get()));
  });
}
Napi::Value NativeCollection::remove(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return Napi::Boolean::New(info.Env(), as_set().erase(incoming(info[0]).get()));
  });
}

Napi::Value NativeCollection::keys(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const AnyDictionary all = dictionary();
    std::vector<std::string> names;
    for (std::size_t i = 0; i < all.size(); ++i) names.push_back(all.key(i));
    return to_js(info.Env(), names);
  });
}
Napi::Value NativeCollection::find(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const auto found = dictionary().find(key_argument(info));
    return found ? node::to_js(info.Env(), *found, elements_) : info.Env().Undefined();
  });
}
void NativeCollection::put(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] { dictionary().set(key_argument(info), incoming(info[1]).get()); });
}
Napi::Value NativeCollection::remove_key(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return Napi::Boolean::New(info.Env(), dictionary().erase(key_argument(info)));
  });
}

Napi::Value NativeCollection::objects(const Napi::CallbackInfo& info) {
  return guarded(info.Env(),
                 [&] { return NativeResults::make(info.Env(), collection_->objects()); });
}

/// sorted(isDescending): sorted values
Napi::Value NativeCollection::sorted(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const bool is_descending = info[0].As<Napi::Boolean>().Value();
    const auto order = is_descending ? SortOrder::kDescending : SortOrder::kAscending;
    return NativeSortedValues::make(info.Env(), collection_->sorted(order), elements_);
  });
}

/// observe(callback as that of results, key paths?): stop
Napi::Value NativeCollection::observe(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const auto tell = telling_changes(info.Env(), info[0].As<Napi::Function>());
    return make_stop_function(
        info.Env(),
        list().observe([tell](const AnyList&, const CollectionChanges& changes) { tell(changes); },
                       to_key_paths(info[1])));
  });
}

/// observeKeys(callback(deletions, insertions, modifications), key paths?): stop
Napi::Value NativeCollection::observe_keys(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const Napi::Env env = info.Env();
    const auto callback = JsThread::of(env)->hold(info[0].As<Napi::Function>());
    const auto tell = [env, callback](const AnyDictionary&, const DictionaryChanges& changes) {
      const Napi::HandleScope scope(env);
      callback->Call({to_js(env, changes.deletions),
                      to_js(env, changes.insertions),
                      to_js(env, changes.modifications)});
    };
    return make_stop_function(env, dictionary().observe(tell, to_key_paths(info[1])));
  });
}

}  // namespace tombolo::node
