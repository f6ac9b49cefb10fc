#include "native_realm.h"

#include <cstring>
#include <deque>
#include <span>
#include <string>
#include <utility>

#include "guard.h"
#include "native_collection.h"
#include "native_results.h"
#include "native_sync_session.h"
#include "native_token.h"
#include "native_user.h"
#include "value_conversion.h"

namespace tombolo::node {
namespace {

ClassId class_argument(const Napi::CallbackInfo& info) {
  return ClassId(info[0].As<Napi::Number>().Uint32Value());
}
store::RowId row_argument(const Napi::CallbackInfo& info) {
  return store::RowId(static_cast<std::uint64_t>(info[1].As<Napi::Number>().DoubleValue()));
}
PropertyId property_argument(const Napi::CallbackInfo& info) {
  return PropertyId(info[2].As<Napi::Number>().Uint32Value());
}

/// The schema that TypeScript passes: [{name, kind, primaryKey, properties: [{name, type,
/// collection, nullable, target, index}]}], with the numbers of `ClassKind`, `PropertyType`,
/// `CollectionType` and `IndexType`.
Schema to_schema(const Napi::Array& classes) {
  Schema schema;
  for (std::uint32_t i = 0; i < classes.Length(); ++i) {
    const Napi::Object from = classes.Get(i).As<Napi::Object>();
    ClassSchema to{
        .name = from.Get("name").As<Napi::String>(),
        .kind = static_cast<ClassKind>(from.Get("kind").As<Napi::Number>().Uint32Value()),
        .primary_key = from.Get("primaryKey").As<Napi::String>()};
    const Napi::Array properties = from.Get("properties").As<Napi::Array>();
    for (std::uint32_t p = 0; p < properties.Length(); ++p) {
      const Napi::Object property = properties.Get(p).As<Napi::Object>();
      to.properties.push_back(
          {.name = property.Get("name").As<Napi::String>(),
           .type = static_cast<PropertyType>(property.Get("type").As<Napi::Number>().Uint32Value()),
           .collection = static_cast<CollectionType>(
               property.Get("collection").As<Napi::Number>().Uint32Value()),
           .nullable = property.Get("nullable").As<Napi::Boolean>(),
           .target = property.Get("target").As<Napi::String>(),
           .index =
               static_cast<IndexType>(property.Get("index").As<Napi::Number>().Uint32Value())});
    }
    schema.classes.push_back(std::move(to));
  }
  return schema;
}

StopPolicy to_stop_policy(const std::string& name) {
  if (name == "immediately") return StopPolicy::kImmediately;
  if (name == "never") return StopPolicy::kNever;
  return StopPolicy::kAfterUpload;
}

/// {message, code, status, action, logUrl, isFatal, writes: [{objectName, primaryKey, reason}],
/// recoveryPath}
Napi::Object to_js(Napi::Env env, const SyncError& error) {
  Napi::Array writes = Napi::Array::New(env);
  for (const CompensatingWrite& write : error.compensating_writes) {
    Napi::Object to = Napi::Object::New(env);
    to.Set("objectName", write.class_name);
    to.Set("primaryKey", write.primary_key);
    to.Set("reason", write.reason);
    writes.Set(writes.Length(), to);
  }
  Napi::Object to = Napi::Object::New(env);
  to.Set("message", error.error.message());
  to.Set("code", error.code);
  to.Set("status", error.category);
  to.Set("action", error.action);
  to.Set("logUrl", error.log_url);
  to.Set("isFatal", error.is_fatal);
  to.Set("writes", writes);
  to.Set("recoveryPath", error.recovery_path.string());
  return to;
}

ClientResetMode to_reset_mode(const std::string& name) {
  if (name == "manual") return ClientResetMode::kManual;
  if (name == "discardUnsyncedChanges") return ClientResetMode::kDiscardUnsyncedChanges;
  if (name == "recoverOrDiscardUnsyncedChanges") {
    return ClientResetMode::kRecoverOrDiscardUnsyncedChanges;
  }
  return ClientResetMode::kRecoverUnsyncedChanges;
}

/// {mode, before?(realm), after?(recovered)}
ClientResetOptions to_client_reset(const Napi::Object& from,
                                   const std::shared_ptr<JsThread>& thread) {
  ClientResetOptions options{.mode = to_reset_mode(from.Get("mode").As<Napi::String>())};
  if (!from.Get("before").IsFunction()) return options;
  const auto before = thread->hold(from.Get("before").As<Napi::Function>());
  const auto after = thread->hold(from.Get("after").As<Napi::Function>());
  options.before = [before](const Realm& frozen) {
    const Napi::Env env = before->Env();
    const Napi::HandleScope scope(env);
    before->Call({NativeRealm::make(env, frozen)});
  };
  options.after = [after](const Realm&, const Realm&, bool recovered) {
    const Napi::Env env = after->Env();
    const Napi::HandleScope scope(env);
    after->Call({Napi::Boolean::New(env, recovered)});
  };
  return options;
}

/// {user, partition: text of Extended JSON}
SyncConfiguration to_partition(const Napi::Object& from) {
  const std::string partition = from.Get("partition").As<Napi::String>();
  const auto value = parse_partition_text(partition);
  if (!value) throw Error(ErrorCode::kInvalidArgument, "no partition value: " + partition);
  return {.user = NativeUser::Unwrap(from.Get("user").As<Napi::Object>())->user(),
          .partition = *value};
}

/// {user, partition: text of Extended JSON, stopPolicy, cancelWaitsOnNonFatalError, onError}
SyncConfiguration to_sync_configuration(const Napi::Object& from,
                                        const std::shared_ptr<JsThread>& thread) {
  SyncConfiguration sync = to_partition(from);
  sync.stop_policy = to_stop_policy(from.Get("stopPolicy").As<Napi::String>());
  sync.cancel_waits_on_nonfatal_error = from.Get("cancelWaitsOnNonFatalError").As<Napi::Boolean>();
  const auto on_error = thread->hold(from.Get("onError").As<Napi::Function>());
  sync.on_error = [on_error](const SyncError& error) {
    const Napi::Env env = on_error->Env();
    const Napi::HandleScope scope(env);
    on_error->Call({to_js(env, error)});
  };
  sync.client_reset = to_client_reset(from.Get("clientReset").As<Napi::Object>(), thread);
  return sync;
}

/// undefined: none.
std::optional<EncryptionKey> to_encryption_key(const Napi::Value& value) {
  if (!value.IsTypedArray()) return std::nullopt;
  const auto from = value.As<Napi::Uint8Array>();
  EncryptionKey key{};
  if (from.ByteLength() != key.size()) {
    throw Error(ErrorCode::kInvalidArgument, "Encryption key must be 64 bytes.");
  }
  std::memcpy(key.data(), from.Data(), key.size());
  return key;
}

}  // namespace

Napi::Function NativeRealm::define(Napi::Env env) {
  return DefineClass(env,
                     "NativeRealm",
                     {InstanceMethod<&NativeRealm::schema>("schema"),
                      InstanceMethod<&NativeRealm::begin_transaction>("beginTransaction"),
                      InstanceMethod<&NativeRealm::commit_transaction>("commitTransaction"),
                      InstanceMethod<&NativeRealm::cancel_transaction>("cancelTransaction"),
                      InstanceMethod<&NativeRealm::refresh>("refresh"),
                      InstanceMethod<&NativeRealm::close>("close"),
                      InstanceMethod<&NativeRealm::compact>("compact"),
                      InstanceMethod<&NativeRealm::write_copy_to>("writeCopyTo"),
                      InstanceMethod<&NativeRealm::schema_version>("schemaVersion"),
                      InstanceMethod<&NativeRealm::is_in_transaction>("isInTransaction"),
                      InstanceMethod<&NativeRealm::is_in_migration>("isInMigration"),
                      InstanceMethod<&NativeRealm::is_read_only>("isReadOnly"),
                      InstanceMethod<&NativeRealm::is_in_memory>("isInMemory"),
                      InstanceMethod<&NativeRealm::is_closed>("isClosed"),
                      InstanceMethod<&NativeRealm::erase>("erase"),
                      InstanceMethod<&NativeRealm::erase_all>("eraseAll"),
                      InstanceMethod<&NativeRealm::erase_class>("eraseClass"),
                      InstanceMethod<&NativeRealm::is_valid>("isValid"),
                      InstanceMethod<&NativeRealm::add>("add"),
                      InstanceMethod<&NativeRealm::collection>("collection"),
                      InstanceMethod<&NativeRealm::linking>("linking"),
                      InstanceMethod<&NativeRealm::link_count>("linkCount"),
                      InstanceMethod<&NativeRealm::results>("results"),
                      InstanceMethod<&NativeRealm::sync_session>("syncSession"),
                      InstanceMethod<&NativeRealm::observe>("observe"),
                      InstanceMethod<&NativeRealm::observe_object>("observeObject")});
}

Napi::Value NativeRealm::make(Napi::Env env, Realm realm) {
  Napi::Object object = JsThread::of(env)->realm_class.New({});
  Unwrap(object)->adopt(std::move(realm));
  return object;
}

std::function<void(const Realm&, Realm&)> NativeRealm::to_migration(const Napi::Function& migrate) {
  return [migrate](const Realm& before, Realm& now) {
    const Napi::Env env = migrate.Env();
    const Napi::Object old_realm = make(env, before).As<Napi::Object>();
    const Napi::Object new_realm = make(env, now).As<Napi::Object>();
    const std::shared_ptr<void> at_the_end(nullptr, [&](void*) {
      for (const Napi::Object& shown : {old_realm, new_realm}) Unwrap(shown)->let_go(before);
    });
    migrate.Call({old_realm, new_realm});
  };
}

std::function<void(Realm&)> NativeRealm::to_first_open(const Napi::Function& call) {
  return [call](Realm& now) {
    const Napi::Object realm = make(call.Env(), now).As<Napi::Object>();
    const std::shared_ptr<void> at_the_end(nullptr, [&](void*) { Unwrap(realm)->release(); });
    call.Call({realm});
  };
}

template <auto kMethod>
void NativeRealm::put_method(Napi::Object self, const char* name) {
  self.Set(
      name,
      Napi::Function::New(
          self.Env(),
          [this](const Napi::CallbackInfo& info) -> Napi::Value { return (this->*kMethod)(info); },
          name));
}

/// new NativeRealm({path, schema?, schemaVersion, migration?, firstOpen?(realm),
/// eraseIfMigrationNeeded, readOnly, inMemory, encryptionKey?,
/// shouldCompact?(total bytes, used bytes)});
/// without arguments for `make`.
NativeRealm::NativeRealm(const Napi::CallbackInfo& info)
    : ObjectWrap(info),
      thread_(JsThread::of(info.Env())) {
  const Napi::Object self = info.This().As<Napi::Object>();
  put_method<&NativeRealm::find>(self, "find");
  put_method<&NativeRealm::create>(self, "create");
  put_method<&NativeRealm::get>(self, "get");
  put_method<&NativeRealm::set>(self, "set");
  if (info.Length() == 0) return;
  guarded(info.Env(), [&] {
    const Napi::Object options = info[0].As<Napi::Object>();
    RealmConfiguration configuration{
        .path = std::string(options.Get("path").As<Napi::String>()),
        .schema_version = static_cast<std::uint64_t>(
            options.Get("schemaVersion").As<Napi::Number>().Int64Value()),
        .erase_if_migration_needed = options.Get("eraseIfMigrationNeeded").As<Napi::Boolean>(),
        .read_only = options.Get("readOnly").As<Napi::Boolean>(),
        .in_memory = options.Get("inMemory").As<Napi::Boolean>(),
        .scheduler = thread_->scheduler()};
    configuration.encryption_key = to_encryption_key(options.Get("encryptionKey"));
    if (const Napi::Value schema = options.Get("schema"); schema.IsArray()) {
      configuration.schema = to_schema(schema.As<Napi::Array>());
    }
    if (const Napi::Value migration = options.Get("migration"); migration.IsFunction()) {
      configuration.migration = to_migration(migration.As<Napi::Function>());
    }
    if (const Napi::Value first = options.Get("firstOpen"); first.IsFunction()) {
      configuration.first_open = to_first_open(first.As<Napi::Function>());
    }
    if (const Napi::Value wanted = options.Get("shouldCompact"); wanted.IsFunction()) {
      configuration.should_compact = [wanted](const FileUsage& usage) {
        const Napi::Env env = wanted.Env();
        const Napi::Value answer = wanted.As<Napi::Function>().Call(
            {Napi::Number::New(env, static_cast<double>(usage.total_bytes)),
             Napi::Number::New(env, static_cast<double>(usage.used_bytes))});
        return answer.ToBoolean().Value();
      };
    }
    if (const Napi::Value sync = options.Get("sync"); sync.IsObject()) {
      configuration.sync = to_sync_configuration(sync.As<Napi::Object>(), thread_);
    }
    adopt(Realm::open(std::move(configuration)));
  });
}

void NativeRealm::adopt(Realm realm) {
  realm_.emplace(std::move(realm));
  read_schema();
  thread_->open_handle();
  keeps_alive_ = true;
}

NativeRealm::~NativeRealm() {
  release();
}

void NativeRealm::let_go(const Realm& closed) {
  realm_ = closed;
  release();
}

void NativeRealm::release() {
  if (std::exchange(keeps_alive_, false)) thread_->close_handle();
}

Realm& NativeRealm::realm() {
  return *realm_;
}

void NativeRealm::read_schema() {
  const Schema& schema = realm_->schema();
  const auto put = [](auto& table, std::size_t index, auto value) {
    if (table.size() <= index) table.resize(index + 1);
    table[index] = std::move(value);
  };
  for (const ClassSchema& from : schema.classes) {
    const ClassId class_id = realm_->class_id(from.name);
    std::vector<SlotType> slots;
    for (const Property& property : from.properties) {
      put(slots,
          realm_->property_id(class_id, property.name).value(),
          SlotType{property.type,
                   property.target.empty() ? ClassId() : realm_->class_id(property.target)});
    }
    put(slots_, class_id.value(), std::move(slots));
  }
}

const SlotType& NativeRealm::slot(ClassId class_id, PropertyId property) {
  return slots_.at(class_id.value()).at(property.value());
}

AnyObject NativeRealm::object(const Napi::CallbackInfo& info) {
  return AnyObject(realm().core(), {class_argument(info), row_argument(info)});
}

Napi::Value NativeRealm::schema(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const Napi::Env env = info.Env();
    read_schema();
    const Schema& schema = realm().schema();
    Napi::Array classes = Napi::Array::New(env);
    for (const ClassSchema& from : schema.classes) {
      const ClassId class_id = realm().class_id(from.name);
      Napi::Array properties = Napi::Array::New(env);
      for (const Property& property : from.properties) {
        Napi::Object to = Napi::Object::New(env);
        to.Set("id", realm().property_id(class_id, property.name).value());
        to.Set("name", property.name);
        to.Set("type", static_cast<std::uint32_t>(property.type));
        to.Set("collection", static_cast<std::uint32_t>(property.collection));
        to.Set("nullable", property.nullable);
        to.Set("target", property.target);
        to.Set("index", static_cast<std::uint32_t>(property.index));
        properties.Set(properties.Length(), to);
      }
      Napi::Object to = Napi::Object::New(env);
      to.Set("id", class_id.value());
      to.Set("name", from.name);
      to.Set("kind", static_cast<std::uint32_t>(from.kind));
      to.Set("primaryKey", from.primary_key);
      to.Set("properties", properties);
      classes.Set(classes.Length(), to);
    }
    return classes;
  });
}

void NativeRealm::begin_transaction(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] { realm().begin_transaction(); });
}
void NativeRealm::commit_transaction(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] { realm().commit_transaction(); });
}
void NativeRealm::cancel_transaction(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] { realm().cancel_transaction(); });
}
Napi::Value NativeRealm::refresh(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] { return Napi::Boolean::New(info.Env(), realm().refresh()); });
}
void NativeRealm::close(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] { realm().close(); });
  release();
}
Napi::Value NativeRealm::compact(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] { return Napi::Boolean::New(info.Env(), realm().compact()); });
}
/// writeCopyTo(path, {user, partition}?, encryption key?)
void NativeRealm::write_copy_to(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] {
    RealmConfiguration target{.path = std::string(info[0].As<Napi::String>())};
    if (info[1].IsObject()) target.sync = to_partition(info[1].As<Napi::Object>());
    target.encryption_key = to_encryption_key(info[2]);
    realm().write_copy_to(target);
  });
}
Napi::Value NativeRealm::schema_version(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return Napi::Number::New(info.Env(), static_cast<double>(realm().schema_version()));
  });
}
Napi::Value NativeRealm::is_in_transaction(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), realm().is_in_transaction());
}
Napi::Value NativeRealm::is_in_migration(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), realm().is_in_migration());
}
Napi::Value NativeRealm::is_read_only(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), realm().is_read_only());
}
Napi::Value NativeRealm::is_in_memory(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), realm().is_in_memory());
}
Napi::Value NativeRealm::is_closed(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), realm().is_closed());
}

/// find(class, key property, key): the row, or undefined
Napi::Value NativeRealm::find(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const ClassId class_id = class_argument(info);
    const PropertyId property(info[1].As<Napi::Number>().Uint32Value());
    const IncomingValue key(info[2], slot(class_id, property));
    const auto found = realm().find(class_id, ObjectKey::of(key.get()));
    if (!found) return info.Env().Undefined();
    return Napi::Value(
        Napi::Number::New(info.Env(), static_cast<double>(found->ref().row.value())));
  });
}

/// create(class, Uint32Array of properties, [value...], mode): the row
Napi::Value NativeRealm::create(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const ClassId class_id = class_argument(info);
    const auto properties = info[1].As<Napi::Uint32Array>();
    const Napi::Array from = info[2].As<Napi::Array>();
    std::deque<IncomingValue> incoming;  // Their addresses hold while it grows.
    std::vector<PropertyValue> values;
    const std::span<const std::uint32_t> ids(properties.Data(), properties.ElementLength());
    values.reserve(ids.size());
    for (std::uint32_t i = 0; i < ids.size(); ++i) {
      const PropertyId property(ids[i]);
      const Napi::Value value = from.Get(i);
      if (value.IsUndefined()) continue;
      incoming.emplace_back(value, slot(class_id, property));
      values.push_back({property, incoming.back().get()});
    }
    const auto mode = static_cast<UpdateMode>(info[3].As<Napi::Number>().Uint32Value());
    const AnyObject created = realm().create(class_id, std::span(values), mode);
    return Napi::Number::New(info.Env(), static_cast<double>(created.ref().row.value()));
  });
}

void NativeRealm::erase(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] { realm().erase(object(info)); });
}
void NativeRealm::erase_all(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] { realm().erase_all(); });
}
void NativeRealm::erase_class(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] { (void)realm().erase_class(std::string(info[0].As<Napi::String>())); });
}
Napi::Value NativeRealm::is_valid(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), object(info).is_valid());
}
Napi::Value NativeRealm::get(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const PropertyId property = property_argument(info);
    return to_js(info.Env(), object(info).get(property), slot(class_argument(info), property));
  });
}
Napi::Value NativeRealm::set(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const PropertyId property = property_argument(info);
    const SlotType& type = slot(class_argument(info), property);
    object(info).set(property, IncomingValue(info[3], type).get());
    return info.Env().Undefined();
  });
}
void NativeRealm::add(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] {
    object(info).add(property_argument(info), info[3].As<Napi::Number>().Int64Value());
  });
}

/// collection(class, row, property, id)
Napi::Value NativeRealm::collection(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const store::SlotRef slot{class_argument(info), row_argument(info), property_argument(info)};
    const store::CollectionId id(
        static_cast<std::uint64_t>(info[3].As<Napi::Number>().DoubleValue()));
    return NativeCollection::make(info.Env(),
                                  AnyCollection(realm().core(), {slot, id}),
                                  this->slot(slot.class_id, slot.property));
  });
}

/// linking(class, row, class that links, its property)
Napi::Value NativeRealm::linking(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const ClassId origin(info[2].As<Napi::Number>().Uint32Value());
    const PropertyId property(info[3].As<Napi::Number>().Uint32Value());
    return NativeResults::make(info.Env(), object(info).linking(origin, property));
  });
}
Napi::Value NativeRealm::link_count(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return Napi::Number::New(info.Env(), static_cast<double>(object(info).link_count()));
  });
}

Napi::Value NativeRealm::results(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return NativeResults::make(info.Env(), realm().objects(class_argument(info)));
  });
}

Napi::Value NativeRealm::sync_session(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    auto session = realm().sync_session();
    if (!session) return info.Env().Null();
    return NativeSyncSession::make(info.Env(), *std::move(session));
  });
}

Napi::Value NativeRealm::observe(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const Napi::Env env = info.Env();
    const auto callback = thread_->hold(info[0].As<Napi::Function>());
    return make_stop_function(env, realm().observe([env, callback] {
      const Napi::HandleScope scope(env);
      callback->Call({});
    }));
  });
}

/// observeObject(class, row, callback(deleted, changed properties), key paths?): stop
Napi::Value NativeRealm::observe_object(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const Napi::Env env = info.Env();
    const auto callback = thread_->hold(info[2].As<Napi::Function>());
    const auto tell = [env, callback](const AnyObject&, const ObjectChanges& changes) {
      const Napi::HandleScope scope(env);
      Napi::Array names = Napi::Array::New(env);
      for (const std::string& name : changes.changed_properties) {
        names.Set(names.Length(), Napi::String::New(env, name));
      }
      callback->Call({Napi::Boolean::New(env, changes.deleted), names});
    };
    return make_stop_function(env, object(info).observe(tell, to_key_paths(info[3])));
  });
}

}  // namespace tombolo::node
