#include "test/sim/world.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include "server/history_trimming.h"
#include "server/storage_embedded.h"
#include "test/support/random_edits.h"
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
  item.properties.push_back({.name = "measure", .type = PropertyType::kDouble, .nullable = true});
  item.properties.push_back(
      {.name = "next", .type = PropertyType::kLink, .nullable = true, .target = "Item"});
  item.properties.push_back({.name = "friends",
                             .type = PropertyType::kLink,
                             .collection = CollectionType::kList,
                             .target = "Item"});
  const auto add = [](ClassSchema& to,
                      const char* name,
                      PropertyType type,
                      CollectionType collection,
                      const char* target = "") {
    const bool nullable =
        type == PropertyType::kMixed ||
        (type == PropertyType::kLink &&
         (collection == CollectionType::kSingle || collection == CollectionType::kDictionary));
    to.properties.push_back({.name = name,
                             .type = type,
                             .collection = collection,
                             .nullable = nullable,
                             .target = target});
  };
  using enum CollectionType;
  add(item, "words", PropertyType::kString, kSet);
  add(item, "liked", PropertyType::kLink, kSet, "Item");
  add(item, "scores", PropertyType::kInt, kDictionary);
  add(item, "roles", PropertyType::kLink, kDictionary, "Item");
  add(item, "any", PropertyType::kMixed, kSingle);
  add(item, "anys", PropertyType::kMixed, kList);
  add(item, "named_anys", PropertyType::kMixed, kDictionary);
  add(item, "part", PropertyType::kLink, kSingle, "Part");
  add(item, "parts", PropertyType::kLink, kList, "Part");
  // No dictionary of parts: two devices that fill the same entry may part (docs/merge-rules.md,
  // L1).
  ClassSchema part{.name = "Part", .kind = ClassKind::kEmbedded, .primary_key = ""};
  part.properties.push_back({.name = "count", .type = PropertyType::kInt});
  add(part, "any", PropertyType::kMixed, kSingle);
  add(part, "list", PropertyType::kString, kList);
  add(part, "part", PropertyType::kLink, kSingle, "Part");
  ClassSchema receipt{.name = "Receipt", .primary_key = "_id", .properties = {key}};
  receipt.properties.push_back({.name = "times", .type = PropertyType::kInt});
  return {{item, part, receipt}};
}

/// A class and its properties by name.
struct ItemClass {
  explicit ItemClass(const RealmReader& realm) : info(*realm.catalog().find_class("Item")) {}

  [[nodiscard]] store::PropertyId property(std::string_view name) const {
    return info.find_property(name)->id;
  }
  const store::ClassInfo& info;
};

/// How often each receipt was written.
std::map<std::int64_t, std::int64_t> receipts_in(const RealmReader& realm) {
  std::map<std::int64_t, std::int64_t> times;
  const store::ClassInfo* const receipts = realm.catalog().find_class("Receipt");
  if (receipts == nullptr) return times;
  for (auto row = realm.first_row(receipts->id); row != store::kNoRow;
       row = realm.next_row(receipts->id, row)) {
    const ObjectRef receipt{receipts->id, row};
    times[realm.key_of(receipt).as_int()] =
        realm.get(receipt, receipts->find_property("times")->id).as_int();
  }
  return times;
}

Duration down_time(const Action& action) {
  SeededRandom random(action.draw);
  return between(random, 0s, 3s);
}

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

World::World(const WorldOptions& options, Plan plan)
    : plan_(std::move(plan)),
      options_(options),
      faults_(options.faults),
      random_(options.seed),
      server_(scheduler_, random_, [this] { return open_storage(); }) {
  server_.start();
  for (std::size_t i = 0; i < options.device_count; ++i) {
    const auto number = std::to_string(i);
    devices_.push_back(std::make_unique<SimulatedDevice>(
        SimulatedDevice::Options{
            .file = directory_.file("device" + number),
            .schema = schema(),
            .clock_skew = between(random_, 0s, 5s),
            .connection = {},
            .session = {.partition = std::string(kPartition),
                        .progress_delay = 50ms,
                        .idle_progress_delay = 400ms,
                        .client_reset = options.client_reset},
        },
        scheduler_,
        random_,
        [this](const std::shared_ptr<Link>& link, std::string_view offer) {
          return server_.accept(link, offer);
        },
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
  for (const Action& action : plan_) {
    if (violations_.empty()) perform(action);
  }
  if (violations_.empty()) heal();
  if (violations_.empty()) synchronize();
  for (const auto& device : devices_) {
    for (const std::string& error : device->fatal_errors()) require(false, error);
  }
  if (violations_.empty()) check_state();
}

void World::perform(const Action& action) {
  using enum Action::Kind;
  switch (action.kind) {
    case kLetTimePass: return scheduler_.run_until(scheduler_.now() + action.duration);
    case kLetEventsPass: return let_events_pass(action);
    case kTrimHistory: return trim_history();
    case kBackUpServer: return back_up_server(action);
    case kRestoreServer: return restore_server(action);
    case kCrashServer: return crash_server(action);
    case kCrashDevice: return crash_device(action);
    default: break;
  }
  SimulatedDevice& device = *devices_[action.device];
  if (!device.is_up()) return;
  switch (action.kind) {
    case kWrite: return write(device, action);
    case kWait: return wait(device, action.draw);
    case kPause: note(action, "pauses"); return device.pause();
    case kResume: return device.resume();
    case kForgetDevice: return forget(device, action);
    case kExpireDevice: return expire(device, action);
    case kCutConnection: note(action, "loses its connection"); return device.cut();
    default: return;
  }
}

void World::note(const Action& action, std::string_view what) {
  using enum Action::Kind;
  const bool is_server =
      action.kind == kCrashServer || action.kind == kBackUpServer || action.kind == kRestoreServer;
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(scheduler_.now().time_since_epoch());
  events_.add_event(is_server ? "server" : "device " + std::to_string(action.device),
                    std::to_string(milliseconds.count()) + " ms",
                    what);
}

void World::write(SimulatedDevice& device, const Action& action) {
  store::HistoryVersion before;
  const auto leave_receipt = [&](RealmWriter& realm, std::int64_t added) {
    const auto number = static_cast<std::int64_t>(receipts_.size()) + 1;
    receipts_[number] = {.device = action.device, .added = added};
    const store::ClassInfo& info = *realm.catalog().find_class("Receipt");
    const auto row = realm.create(info.id, ObjectKey::of_int(number)).row;
    realm.add_int({info.id, row}, info.find_property("times")->id, 1);
  };
  device.write([&](RealmWriter& realm) {
    before = realm.history().bounds().newest;
    for (const std::uint64_t draw : action.edits) {
      SeededRandom random(draw);
      const std::uint64_t dice = random.below(10);
      if (dice == 0) {
        const store::ClassId items = ItemClass(realm).info.id;
        const auto operand = static_cast<std::int64_t>(random.below(10)) + 1;
        const auto counter = realm.create(items, ObjectKey::of_int(kCounterKey));
        realm.add_int({items, counter.row}, ItemClass(realm).property("count"), operand);
        leave_receipt(realm, operand);
      } else if (dice == 1) {
        leave_receipt(realm, 0);
      } else {
        edit_item(realm, random);
      }
    }
    return true;
  });

  const store::ReadTransaction snapshot = device.read();
  const store::HistoryReader history = snapshot.realm().history();
  if (const auto entry = history.find_next(before)) {
    events_.add(
        "device " + std::to_string(action.device), entry->origin_timestamp, entry->changeset);
  }
}

void World::edit_item(RealmWriter& realm, Random& random) {
  const ItemClass items(realm);
  const auto any_key = [&random] {
    return ObjectKey::of_int(static_cast<std::int64_t>(random.below(kItemCount)));
  };
  const ObjectKey key = any_key();
  const auto row = realm.find(items.info.id, key);
  if (!row) return static_cast<void>(realm.create(items.info.id, key));
  const ObjectRef object{items.info.id, *row};
  const auto number = static_cast<std::int64_t>(random.below(100));
  if (random.below(3) == 0) return test::RandomEdits(realm, random).edit(object);
  switch (random.below(12)) {
    case 0: return realm.erase(object);
    case 1:
    case 2: {
      const std::string text = "text " + std::to_string(number);
      return realm.set(object, items.property("text"), Value::of_string(text));
    }
    case 3: return realm.set(object, items.property("text"), Value::null());
    case 4: return realm.add_int(object, items.property("count"), 1);
    case 5: return realm.set(object, items.property("count"), Value::of_int(number));
    case 6:
      return realm.set(
          object, items.property("count"), Value::of_int(number), store::WriteKind::kDefault);
    case 7:
      return realm.set(
          object, items.property("measure"), Value::of_double(static_cast<double>(number) / 4));
    case 8:
      if (const auto target = realm.find(items.info.id, any_key())) {
        realm.set(object, items.property("next"), Value::of_link({items.info.id, *target}));
      }
      return;
    case 9:
      if (const auto target = realm.find(items.info.id, any_key())) {
        const store::SlotRef friends{object.class_id, object.row, items.property("friends")};
        realm.list_insert(friends, 0, Value::of_link({items.info.id, *target}));
      }
      return;
    default: edit_list(realm, random, {object.class_id, object.row, items.property("list")});
  }
}

void World::edit_list(RealmWriter& realm, Random& random, const store::SlotRef& list) {
  const std::uint32_t size = realm.list(list).size();
  const auto any_value = [&] {
    return Value::of_int(static_cast<std::int64_t>(random.below(1000)));
  };
  const auto any_position = [&](std::uint32_t bound) {
    return static_cast<std::uint32_t>(random.below(bound));
  };
  switch (size == 0 ? 0 : random.below(9)) {
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

void World::wait(SimulatedDevice& device, std::uint64_t draw) {
  if (draw % 2 == 0) {
    wait_for_upload(device);
  } else {
    wait_for_download(device);
  }
}

void World::wait_for_upload(SimulatedDevice& device) {
  const ClientVersion target = newest_local_change(device.read().realm());
  const std::size_t resets = device.resets() + restores_;
  device.wait_for_upload([this, &device, target, resets](const Result<void>& outcome) {
    if (!outcome || !server_.is_up()) return;
    // What a reset repeats may come to nothing; the receipts tell whether it was lost.
    if (device.resets() + restores_ > resets) return;
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
  device.wait_for_download(
      [this, &device, target, restores = restores_](const Result<void>& outcome) {
        if (!outcome || restores_ > restores) return;
        require(device.replica().state().progress.download.server_version >= target,
                "a download wait was settled before what was on the server had come");
      });
}

void World::crash_server(const Action& action) {
  if (!server_.is_up()) return;
  note(action, "crashes");
  server_.crash();
  scheduler_.after(down_time(action), [this] {
    if (!server_.is_up()) server_.start();
  });
}

void World::forget(SimulatedDevice& device, const Action& action) {
  const auto ident = device.replica().state().file_ident;
  if (!ident || !server_.is_up()) return;
  const auto transaction = server_.storage().begin();
  const auto file = transaction->find_server_file(kPartition);
  auto client = file ? transaction->find_client_file(*file, ident->ident) : std::nullopt;
  if (!client) return;
  note(action, "is forgotten");
  has_forgotten_ = true;
  client->salt = Salt(client->salt.value() == 1 ? 2 : 1);
  transaction->put_client_file(*file, *client);
  transaction->commit();
  device.cut();
}

void World::expire(SimulatedDevice& device, const Action& action) {
  note(action, "is away for too long");
  device.pause();
  scheduler_.after(3s, [this, &device] {
    trim_history();
    if (device.is_up()) device.resume();
  });
}

void World::trim_history() {
  if (!server_.is_up()) return;
  has_trimmed_ = true;
  server::HistoryTrimmer(server_.storage(), directory_.path())
      .trim(
          {.max_offline = 0ms, .first_download = 0ms, .versions_min = 1},
          system_clock().wall_now(),
          [this](server::ServerFileId file) { return server_.live_sessions().bound_clients(file); },
          [](const server::TrimmedHistory&) {});
}

void World::back_up_server(const Action& action) {
  if (!server_.is_up()) return;
  note(action, "is backed up");
  server_.crash();
  server_environment_.reset();
  std::filesystem::copy_file(directory_.file("server"),
                             directory_.file("backup"),
                             std::filesystem::copy_options::overwrite_existing);
  server_.start();
}

void World::restore_server(const Action& action) {
  if (!server_.is_up() || !std::filesystem::exists(directory_.file("backup"))) return;
  note(action, "is restored");
  ++restores_;
  for (const auto& [number, times] : receipts_on_server()) lost_by_server_.insert(number);
  server_.crash();
  server_environment_.reset();
  std::filesystem::copy_file(directory_.file("backup"),
                             directory_.file("server"),
                             std::filesystem::copy_options::overwrite_existing);
  server_.start();
  for (const auto& [number, times] : receipts_on_server()) lost_by_server_.erase(number);
}

void World::let_events_pass(const Action& action) {
  scheduler_.run_events(action.draw);
  SimulatedDevice& device = *devices_[action.device];
  was_reset_over_ = device.resets() + device.put_aside().size() > 0 && device.is_up() &&
                    !device.is_resetting() && device.replica().state().file_ident;
}

void World::crash_device(const Action& action) {
  SimulatedDevice& device = *devices_[action.device];
  if (!device.is_up()) return;
  note(action, "crashes");
  device.crash();
  scheduler_.after(down_time(action), [&device] {
    if (!device.is_up()) device.start();
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
  // Whoever has to begin anew does it before anybody waits for anything.
  if (options_.client_reset != sync::ClientResetMode::kManual || options_.reset_chance > 0) {
    scheduler_.run_until(scheduler_.now() + 2min);
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

  check_receipts(realm);
}

void World::check_receipts(const RealmReader& realm) {
  const ItemClass items(realm);
  const auto counter = realm.find(items.info.id, ObjectKey::of_int(kCounterKey));
  const std::int64_t total =
      counter ? realm.get({items.info.id, *counter}, items.property("count")).as_int() : 0;

  std::set<std::int64_t> put_aside;
  std::vector<bool> discards;
  for (const auto& device : devices_) {
    for (const std::filesystem::path& file : device->put_aside()) {
      const auto environment = store::Environment::open(file);
      for (const auto& [number, times] : receipts_in(environment->begin_read().realm())) {
        put_aside.insert(number);
      }
    }
    discards.push_back(device->discards() > 0);
  }
  const auto present = receipts_in(realm);
  std::int64_t sum = 0;
  for (const auto& [number, receipt] : receipts_) {
    if (const auto found = present.find(number); found != present.end()) {
      sum += receipt.added;
      // Whom a server has forgotten it cannot tell what it has of them: that is repeated.
      require(has_forgotten_ ? found->second >= 1 : found->second == 1,
              "receipt " + std::to_string(number) + " was written " +
                  std::to_string(found->second) + " times");
    } else {
      require(put_aside.contains(number) || lost_by_server_.contains(number) ||
                  discards[receipt.device],
              "receipt " + std::to_string(number) + " is lost");
    }
  }
  // An addition is left out where a restored server has no counter, and gives way to the value that
  // a trimmed history tells.
  if (restores_ > 0 || has_trimmed_) return;
  require(has_forgotten_ ? total >= sum : total == sum,
          "the counter is " + std::to_string(total) + ", not " + std::to_string(sum));
}

std::map<std::int64_t, std::int64_t> World::receipts_on_server() {
  const store::ReadTransaction snapshot = server_environment_->begin_read();
  const auto realm = snapshot.find_realm("partition/" + std::string(kPartition));
  if (!realm) return {};
  return receipts_in(snapshot.realm(*realm));
}

std::string World::text() const {
  test::InstructionTable table = events_;
  const store::ReadTransaction snapshot = server_environment_->begin_read();
  const auto realm = snapshot.find_realm("partition/" + std::string(kPartition));
  if (!realm) return table.text();
  snapshot.realm(*realm).history().for_each_after({}, [&](const store::HistoryEntry& entry) {
    table.add("server, from file " + std::to_string(entry.origin.value()),
              "v" + std::to_string(entry.version.value()),
              entry.changeset);
    return true;
  });
  return table.text();
}

std::size_t World::discards() const {
  std::size_t count = 0;
  for (const auto& device : devices_) count += device->discards();
  return count;
}

std::size_t World::files_put_aside() const {
  std::size_t count = 0;
  for (const auto& device : devices_) count += device->put_aside().size();
  return count;
}

std::size_t World::resets() const {
  std::size_t count = 0;
  for (const auto& device : devices_) count += device->resets();
  return count;
}

void World::require(bool holds, const std::string& what) {
  if (!holds) violations_.push_back(what);
}

}  // namespace tombolo::sim
