#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "changeset/printer.h"
#include "protocol/changeset_entry.h"
#include "protocol/codec.h"
#include "test/sim/network.h"
#include "test/sim/scheduler.h"
#include "test/sim/simulated_device.h"
#include "test/support/recorded_traffic.h"
#include "test/support/temporary_directory.h"

/// A recorded server that asks for a client reset, against our client with a real file: message by
/// message, in the recorded order, ours has to send what the recorded client did. What must differ
/// is left out: client versions and the numbers of MARKs, for each client makes commits and asks
/// for downloads in its own way.

namespace tombolo::sim {
namespace {

using namespace std::chrono_literals;
using test::RecordedEvent;
using test::RecordedKind;
using test::RecordedSource;

Schema recorded_schema() {
  return {{{.name = "Item",
            .primary_key = "_id",
            .properties = {
                {.name = "_id", .type = PropertyType::kInt},
                {.name = "name", .type = PropertyType::kString},
                {.name = "value", .type = PropertyType::kDouble},
                {.name = "age", .type = PropertyType::kInt},
            }}}};
}

/// What is compared of a message, as text.
std::string comparable(const protocol::ClientMessage& message) {
  if (const auto* bind = std::get_if<protocol::Bind>(&message)) {
    return "bind " + std::to_string(bind->session.value()) + " " +
           std::to_string(bind->needs_client_file_ident) + " " +
           std::string(std::get<protocol::PartitionBind>(bind->target).partition);
  }
  if (const auto* mark = std::get_if<protocol::Mark>(&message)) {
    return "mark " + std::to_string(mark->session.value());
  }
  const auto* const upload = std::get_if<protocol::Upload>(&message);
  if (upload == nullptr) return std::string(as_text(protocol::encode_client_message(message)));
  std::string text = "upload " + std::to_string(upload->session.value()) + " " +
                     std::to_string(upload->progress.server_version.value()) + " " +
                     std::to_string(upload->locked_server_version.value());
  Bytes scratch;
  const auto body = protocol::decode_body(upload->body, scratch);
  const auto entries = protocol::parse_upload_entries(*body);
  for (const protocol::UploadEntry& entry : *entries) {
    text += "\nbase " + std::to_string(entry.server_version.value()) + "\n" +
            changeset::print(*changeset::parse(entry.changeset));
  }
  return text;
}

class RecordedReset
    : public ::testing::TestWithParam<std::pair<std::string, sync::ClientResetMode>> {
 protected:
  RecordedReset()
      : events_(test::read_recording(std::string(TOMBOLO_TEST_DATA) +
                                     "/wire/flx/json_error_actions/" + GetParam().first)),
        device_(
            {.file = directory_.file("device"),
             .schema = recorded_schema(),
             .connection = {},
             .session = {.partition = "\"part1\"",
                         .delay_uploads_until_downloaded = true,
                         .client_reset = GetParam().second}},
            scheduler_,
            random_,
            [this](const std::shared_ptr<Link>& link, std::string_view) {
              link_ = link;
              link->attach(Link::Side::kServer,
                           {[this](Bytes message) { sent_.push_back(std::move(message)); },
                            [](StreamEnd) {},
                            [] {}});
              return std::optional<std::string>("com.mongodb.realm-sync#14");
            },
            faults_) {}

  void play(const RecordedEvent& event) {
    if (event.source == RecordedSource::kClient) {
      play_program(event.text);
    } else if (event.kind == RecordedKind::kBinary) {
      event.source == RecordedSource::kServerToClient
          ? link_->send(Link::Side::kServer, translate(event.bytes))
          : expect(event.bytes);
    }
  }

  /// "a: wrote 1 objects", after which the recorded program waited both ways.
  void play_program(const std::string& text) {
    if (text == "a: wait_for_download begin") device_.wait_for_download([](const auto&) {});
    if (text != "a: wrote 1 objects") return;
    device_.write([](store::RealmWriter& realm) {
      const store::ClassInfo& items = *realm.catalog().find_class("Item");
      const store::ObjectRef object{items.id,
                                    realm.create(items.id, store::ObjectKey::of_int(70)).row};
      realm.set(object, items.find_property("name")->id, store::Value::of_string("name-70"));
      realm.set(object, items.find_property("value")->id, store::Value::of_double(35));
      realm.set(object, items.find_property("age")->id, store::Value::of_int(70));
      return true;
    });
    const auto settled = [this](const Result<void>& outcome) {
      EXPECT_TRUE(outcome);
      ++settled_;
    };
    device_.wait_for_upload(settled);
    device_.wait_for_download(settled);
  }

  void expect(const Bytes& bytes) {
    const auto theirs = protocol::parse_client_message(bytes, {});
    ASSERT_TRUE(theirs);
    ASSERT_TRUE(scheduler_.run_until([&] { return !sent_.empty(); }, scheduler_.now() + 1s))
        << "nothing is sent";
    const Bytes message = std::move(sent_.front());
    sent_.pop_front();
    const auto ours = protocol::parse_client_message(message, {});
    ASSERT_TRUE(ours);
    EXPECT_EQ(comparable(*ours), comparable(*theirs));
    learn_versions(*ours, *theirs);
    ++compared_;
  }

  // What the server confirms are the versions of our client, for those of the recorded one.

  void learn_versions(const protocol::ClientMessage& ours, const protocol::ClientMessage& theirs) {
    const auto* const mine = std::get_if<protocol::Upload>(&ours);
    const auto* const other = std::get_if<protocol::Upload>(&theirs);
    if (mine == nullptr || other == nullptr) return;
    versions_[other->progress.client_version] = mine->progress.client_version;
    const auto entry_versions = [](const protocol::Upload& upload) {
      Bytes scratch;
      std::vector<ClientVersion> versions;
      const auto body = protocol::decode_body(upload.body, scratch);
      const auto entries = protocol::parse_upload_entries(*body);
      for (const protocol::UploadEntry& entry : *entries) versions.push_back(entry.client_version);
      return versions;
    };
    const auto my_versions = entry_versions(*mine);
    const auto other_versions = entry_versions(*other);
    ASSERT_EQ(my_versions.size(), other_versions.size());
    for (std::size_t i = 0; i < my_versions.size(); ++i) {
      versions_[other_versions[i]] = my_versions[i];
    }
  }

  Bytes translate(const Bytes& bytes) {
    auto message = protocol::parse_server_message(bytes, {});
    auto* const download = message ? std::get_if<protocol::Download>(&*message) : nullptr;
    if (download == nullptr) return bytes;
    for (ClientVersion* version :
         {&download->download.client_version, &download->upload.client_version}) {
      if (const auto known = versions_.find(*version); known != versions_.end()) {
        *version = known->second;
      }
    }
    return protocol::encode_server_message(*message, protocol::kProtocolVersionMin);
  }

  const std::vector<RecordedEvent> events_;
  const test::TemporaryDirectory directory_;
  Scheduler scheduler_;
  SeededRandom random_{1};
  const NetworkFaults faults_{.delay_min = 10us, .delay_max = 20us};
  std::shared_ptr<Link> link_;
  std::deque<Bytes> sent_;
  SimulatedDevice device_;
  std::map<ClientVersion, ClientVersion> versions_;  ///< From theirs to ours.
  std::size_t compared_ = 0;
  int settled_ = 0;
};

TEST_P(RecordedReset, SendsWhatTheRecordedClientSent) {
  device_.start();

  for (const RecordedEvent& event : events_) {
    SCOPED_TRACE("at " + std::to_string(event.time.count()) + " ms: " + event.text.substr(0, 60));
    play(event);
    if (HasFailure()) return;
  }

  scheduler_.run_until(scheduler_.now() + 1s);
  EXPECT_EQ(compared_, std::size_t(GetParam().second == sync::ClientResetMode::kRecover ? 17 : 15));
  EXPECT_EQ(device_.resets(), 1U);
  EXPECT_EQ(settled_, 2);
  EXPECT_TRUE(device_.fatal_errors().empty());
}

INSTANTIATE_TEST_SUITE_P(Pbs,
                         RecordedReset,
                         ::testing::Values(std::pair("PBS_client_ClientReset_discard.jsonl",
                                                     sync::ClientResetMode::kDiscardLocal),
                                           std::pair("PBS_client_ClientReset_recover.jsonl",
                                                     sync::ClientResetMode::kRecover)),
                         [](const auto& test) {
                           return test.param.second == sync::ClientResetMode::kRecover ? "recover"
                                                                                       : "discard";
                         });

}  // namespace
}  // namespace tombolo::sim
