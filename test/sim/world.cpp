#include "test/sim/world.h"

#include <algorithm>
#include <utility>

#include "server/storage_embedded.h"
#include "test/support/store_realm.h"

namespace tombolo::sim {
namespace {

using namespace std::chrono_literals;
using store::ObjectKey;
using store::ObjectRef;
using store::RealmReader;
using store::RealmWriter;
using store::Value;

constexpr std::string_view kPartition = "\"p\"";
constexpr std::uint64_t kItemCount = 4;
constexpr std::int64_t kCounterKey = 1'000;

Schema schema() {
  const Property key{.name = "_id", .type = PropertyType::kInt};
  ClassSchema item{.name = "Item", .primary_key = "_id", .properties = {key}};
  item.properties.push_back({.name = "text", .type = PropertyType::kString, .nullable = true});
  item.properties.push_back({.name = "count", .type = PropertyType::kInt});
  item.properties.push_back(
      {.name = "list", .type = PropertyType::kInt, .collection = CollectionType::kList});
  item.properties.push_back(
      {.name = "next", .type = PropertyType::kLink, .nullable = true, .target = "Item"});
  ClassSchema receipt{.name = "Receipt", .primary_key = "_id", .properties = {key}};
  return {{item, receipt}};
}

/// A class and its properties by name.
struct ItemClass {
  explicit ItemClass(const RealmReader& realm) : info(*realm.catalog().find_class("Item")) {}

  [[nodiscard]] store::PropertyId property(std::string_view name) const {
    return info.find_property(name)->id;
  }
  const store::ClassInfo& info;
};

/// Newest version whose changeset is to be uploaded.
ClientVersion newest_local_change(const RealmReader& realm) {
  ClientVersion newest;
  realm.history().for_each_after({}, [&](const store::HistoryEntry& entry) {
    if (entry.origin == ClientFileIdent{} && !entry.changeset.empty()) {
      newest = ClientVersion(entry.version.value());
    }
    return true;
  });
  return newest;
}

}  // namespace

World::World(const WorldOptions& options)
    : options_(options),
      faults_(options.faults),
      random_(options.seed),
      server_(scheduler_, random_, [this] { return open_storage(); }) {
  server_.start();
  for (std::size_t i = 0; i < options.device_count; ++i) {
    const auto number = std::to_string(i);
    devices_.push_back(std::make_unique<SimulatedDevice>(
        SimulatedDevice::Options{
            .file = directory_.file("device" + number),
            .partition = std::string(kPartition),
            .schema = schema(),
            .clock_skew = between(random_, 0s, 5s),
            .connection = {},
        },
        scheduler_,
        random_,
        server_,
        faults_));
    devices_.back()->start();
  }
}

std::shared_ptr<server::Storage> World::open_storage() {
  store::EnvironmentOptions options;
  options.durability = store::Durability::kDeferred;
  options.map_bytes = std::size_t{64} << 20;
  server_environment_.reset();
  server_environment_ = store::Environment::open(directory_.file("server"), options);
  return std::make_shared<server::EmbeddedStorage>(server_environment_);
}

void World::run() {
  for (std::size_t i = 0; i < options_.step_count && violations_.empty(); ++i) step();
  if (violations_.empty()) heal();
  if (violations_.empty()) synchronize();
  for (const auto& device : devices_) {
    for (const std::string& error : device->fatal_errors()) require(false, error);
  }
  if (violations_.empty()) check_state();
}

void World::step() {
  const std::size_t victim = random_.below(devices_.size());
  if (happens(random_, options_.server_crash_chance)) crash_server();
  if (happens(random_, options_.device_crash_chance)) crash(victim);
  SimulatedDevice& device = any_device();
  if (device.is_up()) {
    if (happens(random_, options_.cut_chance)) device.cut();
    if (happens(random_, options_.pause_chance)) device.pause();
    if (happens(random_, 300)) device.resume();
    if (happens(random_, options_.wait_chance)) wait(device);
    edit(device);
  }
  scheduler_.run_until(scheduler_.now() + any_delay(options_.step_max));
}

void World::edit(SimulatedDevice& device) {
  std::int64_t added = 0;
  std::optional<std::int64_t> receipt;
  device.write([&](RealmWriter& realm) {
    const store::ClassId items = ItemClass(realm).info.id;
    if (happens(random_, 300)) {
      added = static_cast<std::int64_t>(random_.below(10)) + 1;
      const auto counter = realm.create(items, ObjectKey::of_int(kCounterKey));
      realm.add_int({items, counter.row}, ItemClass(realm).property("count"), added);
    }
    if (happens(random_, 300)) {
      receipt = next_receipt_++;
      const auto class_id = realm.catalog().find_class("Receipt")->id;
      static_cast<void>(realm.create(class_id, ObjectKey::of_int(*receipt)));
    }
    const std::uint64_t edits = random_.below(4);
    for (std::uint64_t i = 0; i < edits; ++i) static_cast<void>(edit_item(realm));
    return true;
  });
  counter_ += added;
  if (receipt) receipts_.insert(*receipt);
}

bool World::edit_item(RealmWriter& realm) {
  const ItemClass items(realm);
  const auto key = ObjectKey::of_int(static_cast<std::int64_t>(random_.below(kItemCount)));
  const auto row = realm.find(items.info.id, key);
  if (!row) return realm.create(items.info.id, key).is_new;
  const ObjectRef object{items.info.id, *row};
  switch (random_.below(8)) {
    case 0: realm.erase(object); break;
    case 1:
      realm.set(object,
                items.property("text"),
                Value::of_string("text " + std::to_string(random_.below(100))));
      break;
    case 2: realm.set(object, items.property("text"), Value::null()); break;
    case 3: realm.add_int(object, items.property("count"), 1); break;
    case 4:
      realm.set(object,
                items.property("count"),
                Value::of_int(static_cast<std::int64_t>(random_.below(100))));
      break;
    case 5: {
      const auto other = ObjectKey::of_int(static_cast<std::int64_t>(random_.below(kItemCount)));
      if (const auto target = realm.find(items.info.id, other)) {
        realm.set(object, items.property("next"), Value::of_link({items.info.id, *target}));
      }
      break;
    }
    default: edit_list(realm, {object.class_id, object.row, items.property("list")});
  }
  return true;
}

void World::edit_list(RealmWriter& realm, const store::SlotRef& list) {
  const std::uint32_t size = realm.list(list).size();
  const auto any_value = [&] {
    return Value::of_int(static_cast<std::int64_t>(random_.below(1000)));
  };
  const auto any_position = [&](std::uint32_t bound) {
    return static_cast<std::uint32_t>(random_.below(bound));
  };
  switch (size == 0 ? 0 : random_.below(9)) {
    case 0:
    case 1:
    case 2:
    case 3: realm.list_insert(list, any_position(size + 1), any_value()); break;
    case 4:
    case 5: realm.list_erase(list, any_position(size)); break;
    case 6: realm.list_set(list, any_position(size), any_value()); break;
    case 7: realm.list_move(list, any_position(size), any_position(size)); break;
    default: realm.list_clear(list);
  }
}

void World::wait(SimulatedDevice& device) {
  if (happens(random_, 500)) {
    wait_for_upload(device);
  } else {
    wait_for_download(device);
  }
}

void World::wait_for_upload(SimulatedDevice& device) {
  const ClientVersion target = newest_local_change(device.read().realm());
  device.wait_for_upload([this, &device, target](const Result<void>& outcome) {
    if (!outcome || !server_.is_up()) return;
    const auto snapshot = server_.storage().snapshot();
    const auto file = snapshot->find_server_file(kPartition);
    const auto ident = device.replica().state().file_ident;
    const auto client =
        file && ident ? snapshot->find_client_file(*file, ident->ident) : std::nullopt;
    require(client ? client->uploaded >= target : target == ClientVersion{},
            "an upload wait was settled before the server had the changes");
  });
}

void World::wait_for_download(SimulatedDevice& device) {
  if (!server_.is_up()) return;
  const auto snapshot = server_.storage().snapshot();
  const auto file = snapshot->find_server_file(kPartition);
  const ServerVersion target =
      file ? snapshot->history_head(*file).server_version : ServerVersion{};
  device.wait_for_download([this, &device, target](const Result<void>& outcome) {
    if (!outcome) return;
    require(device.replica().state().progress.download.server_version >= target,
            "a download wait was settled before what was on the server had come");
  });
}

void World::crash_server() {
  if (!server_.is_up()) return;
  server_.crash();
  scheduler_.after(any_delay(3s), [this] {
    if (!server_.is_up()) server_.start();
  });
}

void World::crash(std::size_t device) {
  if (!devices_[device]->is_up()) return;
  devices_[device]->crash();
  scheduler_.after(any_delay(3s), [this, device] {
    if (!devices_[device]->is_up()) devices_[device]->start();
  });
}

void World::heal() {
  faults_.cut_chance = 0;
  faults_.connect_failure_chance = 0;
  if (!server_.is_up()) server_.start();
  for (const auto& device : devices_) {
    if (!device->is_up()) device->start();
    device->resume();
    device->reconnect();
  }
}

void World::synchronize() {
  // Twice: what one uploads after another has downloaded comes to that one in the second round.
  for (int round = 0; round < 2; ++round) {
    const auto settled = [this](const Result<void>& outcome) {
      --open_waits_;
      require(outcome.has_value(),
              "a wait failed though nothing fails any more: " +
                  (outcome ? std::string() : outcome.error().describe()));
    };
    const auto all_settled = [this] { return open_waits_ == 0; };
    for (const auto& device : devices_) {
      ++open_waits_;
      device->wait_for_upload(settled);
    }
    require(scheduler_.run_until(all_settled, scheduler_.now() + 10min),
            "an upload wait never settled");
    for (const auto& device : devices_) {
      ++open_waits_;
      device->wait_for_download(settled);
    }
    require(scheduler_.run_until(all_settled, scheduler_.now() + 10min),
            "a download wait never settled");
  }
}

void World::check_state() {
  const store::ReadTransaction server = server_environment_->begin_read();
  const auto realm_id = server.find_realm("partition/" + std::string(kPartition));
  require(realm_id.has_value(), "the server has no such partition");
  if (!realm_id) return;
  const RealmReader& realm = server.realm(*realm_id);

  const std::string expected = test::state_json(realm).dump();
  for (std::size_t i = 0; i < devices_.size(); ++i) {
    const std::string state = test::state_json(devices_[i]->read().realm()).dump();
    require(state == expected,
            "device " + std::to_string(i) + " differs from the server:\n" + state + "\nserver:\n" +
                expected);
  }

  const ItemClass items(realm);
  const auto counter = realm.find(items.info.id, ObjectKey::of_int(kCounterKey));
  const std::int64_t total =
      counter ? realm.get({items.info.id, *counter}, items.property("count")).as_int() : 0;
  require(total == counter_,
          "the counter is " + std::to_string(total) + ", not " + std::to_string(counter_));
  const auto receipt_class = realm.catalog().find_class("Receipt")->id;
  for (const std::int64_t receipt : receipts_) {
    require(realm.find(receipt_class, ObjectKey::of_int(receipt)).has_value(),
            "receipt " + std::to_string(receipt) + " is lost");
  }
}

void World::require(bool holds, const std::string& what) {
  if (!holds) violations_.push_back(what);
}

}  // namespace tombolo::sim
