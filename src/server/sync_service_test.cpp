#include "server/sync_service.h"

#include <deque>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/codec.h"
#include "test/support/changesets.h"
#include "test/support/memory_storage.h"

namespace tombolo::server {
namespace {

using test::create_item;
using test::item_schema;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

/// A storage whose commits fail when they are told to, and that counts them.
class FailingStorage final : public Storage {
 public:
  std::unique_ptr<StorageSnapshot> snapshot() override { return memory.snapshot(); }
  std::unique_ptr<StorageTransaction> begin() override {
    ++begun;
    if (is_full) throw Error(ErrorCode::kDiskFull, "no space left");
    return memory.begin();
  }

  test::MemoryStorage memory;
  bool is_full = false;
  int begun = 0;
};

/// A connection with a service behind it and a scripted client in front.
class Peer final : public ConnectionPort, public std::enable_shared_from_this<Peer> {
 public:
  Peer(SyncService& service, std::string user)
      : service_(service),
        user_(std::move(user)),
        connection_({.subprotocol = {.version = protocol::ProtocolVersion(9)}, .user_id = user_},
                    TimePoint{}) {}

  void post(std::function<void(Connection&)> task) override { tasks_.push_back(std::move(task)); }

  void send(std::string_view message) {
    connection_.receive(to_bytes(as_bytes(message)), TimePoint{});
  }
  void send_upload(std::string_view progress, std::string_view entry_head, const Bytes& changeset) {
    std::string body(entry_head);
    body += ' ' + std::to_string(changeset.size()) + ' ' + std::string(as_text(changeset));
    send("upload 1 0 " + std::to_string(body.size()) + " 0 " + std::string(progress) + "\n" + body);
  }

  [[nodiscard]] bool has_tasks() const noexcept { return !tasks_.empty(); }

  /// Does all that can be done and returns what the client is sent, without the bodies.
  std::vector<std::string> run() {
    std::vector<std::string> messages;
    for (bool is_idle = false; !is_idle;) {
      is_idle = true;
      while (auto effect = connection_.next_effect()) {
        is_idle = false;
        if (const auto* close = std::get_if<CloseConnection>(&*effect)) {
          messages.push_back("close " + std::to_string(close->code));
        } else {
          service_.perform(std::move(*effect), shared_from_this(), user_);
        }
      }
      while (!tasks_.empty()) {
        is_idle = false;
        const auto task = std::move(tasks_.front());
        tasks_.pop_front();
        task(connection_);
      }
      while (auto message = connection_.take_message()) {
        is_idle = false;
        messages.emplace_back(as_text(message->head));
        bodies.push_back(message->body);
      }
    }
    return messages;
  }

  std::vector<std::shared_ptr<const Bytes>> bodies;  ///< Of all messages so far.

 private:
  SyncService& service_;
  const std::string user_;
  Connection connection_;
  std::deque<std::function<void(Connection&)>> tasks_;
};

class Service : public ::testing::Test {
 protected:
  [[nodiscard]] std::shared_ptr<Peer> connect(std::string user = "user") {
    return std::make_shared<Peer>(service_, std::move(user));
  }

  /// A peer whose client registered a file of the partition and is caught up. `ident` gets the
  /// arguments with which the file identifies itself.
  [[nodiscard]] std::shared_ptr<Peer> bind_new(std::string* ident = nullptr) {
    auto peer = connect();
    peer->send("bind 1 3 0 1 0\n\"p\"");
    EXPECT_THAT(peer->run(), IsEmpty());
    commit();
    const auto messages = peer->run();
    EXPECT_THAT(messages, ElementsAre(StartsWith("ident 1 ")));
    const std::string file = messages.at(0).substr(8, messages.at(0).size() - 9);
    if (ident) *ident = file;
    peer->send("ident 1 " + file + " 0 0 0 0\n");
    EXPECT_THAT(peer->run(), ElementsAre(StartsWith("download 1 ")));
    return peer;
  }

  void commit() { service_.commits().commit_waiting(); }

  SeededRandom random_{7};
  FailingStorage storage_;
  SyncService service_{storage_, random_, null_logger(), {}};
};

TEST_F(Service, GivesAnIdentOnlyOnceItIsDurable) {
  const auto peer = connect();
  peer->send("bind 1 3 0 1 0\n\"p\"");

  EXPECT_THAT(peer->run(), IsEmpty());
  commit();

  EXPECT_THAT(peer->run(), ElementsAre(StartsWith("ident 1 2 ")));
  EXPECT_TRUE(storage_.memory.find("\"p\"")->clients.contains(ClientFileIdent(2)));
}

TEST_F(Service, SendsAChangeToTheOthersAndAcknowledgesIt) {
  const auto ann = bind_new();
  const auto bob = bind_new();

  ann->send_upload("3 0 0", "2 0 100 0", item_schema());
  EXPECT_THAT(ann->run(), IsEmpty());
  commit();

  const auto to_ann = ann->run();
  const auto to_bob = bob->run();
  ASSERT_THAT(to_ann, SizeIs(1));
  EXPECT_THAT(to_ann[0], StartsWith("download 1 1 2 1 "));
  EXPECT_TRUE(ann->bodies.back()->empty());
  ASSERT_THAT(to_bob, SizeIs(1));
  EXPECT_THAT(to_bob[0], StartsWith("download 1 1 0 1 "));
  EXPECT_THAT(std::string(as_text(*bob->bodies.back())), StartsWith("1 0 100 2 "));
}

TEST_F(Service, WakesNobodyForGrowthWithoutContentUntilItIsMuch) {
  // Given one who has the schema of another,
  const auto ann = bind_new();
  const auto bob = bind_new();
  const auto upload_schema = [&](const std::shared_ptr<Peer>& peer) {
    peer->send_upload("2 0 0", "2 0 100 0", item_schema());
    static_cast<void>(peer->run());
    commit();
  };
  upload_schema(ann);
  EXPECT_THAT(bob->run(), ElementsAre(StartsWith("download 1 1 ")));

  // When ever more connect and upload the same, which changes nothing,
  std::vector<std::shared_ptr<Peer>> others;
  while (others.size() < kVersionsHeldBackMax - 1) {
    others.push_back(bind_new());
    upload_schema(others.back());
    ASSERT_FALSE(bob->has_tasks()) << others.size();
  }

  // Then he is only told when that makes a hundred versions.
  others.push_back(bind_new());
  upload_schema(others.back());
  EXPECT_TRUE(bob->has_tasks());
  EXPECT_THAT(bob->run(), ElementsAre(StartsWith("download 1 101 ")));
}

TEST_F(Service, CommitsAllThatWaitsInOneTransaction) {
  const auto ann = bind_new();
  const auto bob = bind_new();
  const int before = storage_.begun;

  ann->send_upload("2 0 0", "2 0 100 0", item_schema());
  bob->send_upload("2 0 0", "2 0 101 0", item_schema());
  static_cast<void>(ann->run());
  static_cast<void>(bob->run());
  commit();

  EXPECT_EQ(storage_.begun, before + 1);
  EXPECT_THAT(storage_.memory.find("\"p\"")->history, SizeIs(2));
}

TEST_F(Service, ExcludesABadChangesetAndKeepsTheOthers) {
  // Given three clients whose uploads wait together, the middle one's of no use,
  const auto ann = bind_new();
  const auto bad = bind_new();
  const auto bob = bind_new();
  ann->send_upload("2 0 0", "2 0 100 0", item_schema());
  bad->send_upload("2 0 0", "2 0 100 0", to_bytes(as_bytes("garbage")));
  bob->send_upload("2 0 0", "2 0 100 0", item_schema());
  for (const auto& peer : {ann, bad, bob}) static_cast<void>(peer->run());

  // When they are committed,
  commit();

  // Then it alone fails.
  EXPECT_THAT(bad->run(), ElementsAre(StartsWith("json_error 212 ")));
  const auto file = storage_.memory.find("\"p\"");
  EXPECT_THAT(file->history, SizeIs(2));
  EXPECT_EQ(file->clients.at(ClientFileIdent(2)).uploaded, ClientVersion(2));
  EXPECT_EQ(file->clients.at(ClientFileIdent(3)).uploaded, ClientVersion(0));
  EXPECT_EQ(file->clients.at(ClientFileIdent(4)).uploaded, ClientVersion(2));
  EXPECT_THAT(ann->run(), ElementsAre(StartsWith("download 1 2 2 2 ")));
  EXPECT_THAT(bob->run(), ElementsAre(StartsWith("download 1 2 2 2 ")));
}

TEST_F(Service, IntegratesNothingBehindAFailedUpload) {
  const auto peer = bind_new();
  peer->send_upload("2 0 0", "2 0 100 0", create_item(1));
  peer->send_upload("3 0 0", "3 0 100 0", item_schema());
  static_cast<void>(peer->run());

  commit();

  EXPECT_THAT(peer->run(), ElementsAre(StartsWith("json_error 212 ")));
  EXPECT_TRUE(storage_.memory.find("\"p\"")->history.empty());
  EXPECT_EQ(storage_.memory.find("\"p\"")->clients.at(ClientFileIdent(2)).uploaded,
            ClientVersion(0));
}

TEST_F(Service, TellsEverybodyToComeBackWhenTheDiskIsFull) {
  const auto ann = bind_new();
  const auto bob = bind_new();
  ann->send_upload("2 0 0", "2 0 100 0", item_schema());
  bob->send_upload("2 0 0", "2 0 100 0", item_schema());
  static_cast<void>(ann->run());
  static_cast<void>(bob->run());

  storage_.is_full = true;
  commit();

  EXPECT_THAT(ann->run(), ElementsAre(StartsWith("json_error 201 ")));
  EXPECT_THAT(bob->run(), ElementsAre(StartsWith("json_error 201 ")));

  // With space again, both send once more and nothing is missing.
  storage_.is_full = false;
  std::string ident;
  const auto carol = bind_new(&ident);
  carol->send_upload("2 0 0", "2 0 100 0", item_schema());
  static_cast<void>(carol->run());
  commit();
  EXPECT_THAT(carol->run(), ElementsAre(StartsWith("download 1 1 2 1 ")));
}

TEST_F(Service, TurnsUploadsAwayWhenTooMuchWaits) {
  SyncService narrow(storage_, random_, null_logger(), {.commits = {.waiting_bytes_max = 200}});
  const auto peer = bind_new();
  std::string ident;
  const auto registered = bind_new(&ident);
  registered->send("unbind 1\n");
  static_cast<void>(registered->run());
  const auto greedy = std::make_shared<Peer>(narrow, "user");
  greedy->send("bind 1 3 0 0 0\n\"p\"");
  greedy->send("ident 1 " + ident + " 0 0 0 0\n");
  static_cast<void>(greedy->run());

  greedy->send_upload("2 0 0", "2 0 100 0", Bytes(300, std::byte{'x'}));

  EXPECT_THAT(greedy->run(), ElementsAre(StartsWith("json_error 201 ")));
}

TEST_F(Service, TurnsRegistrationsAwayWhenTooMuchWaits) {
  SyncService narrow(storage_, random_, null_logger(), {.commits = {.waiting_bytes_max = 2000}});
  const auto greedy = std::make_shared<Peer>(narrow, "user");
  const std::string partition(1000, 'p');
  for (int i = 1; i <= 2; ++i) {
    greedy->send("bind " + std::to_string(i) + " 1002 0 1 0\n\"" + partition + "\"");
  }

  EXPECT_THAT(greedy->run(), ElementsAre(StartsWith("json_error 201 ")));
}

TEST_F(Service, DisplacesTheOlderConnectionOfAClientFile) {
  std::string ident;
  const auto old = bind_new(&ident);

  const auto copy = connect();
  copy->send("bind 5 3 0 0 0\n\"p\"");
  copy->send("ident 5 " + ident + " 0 0 0 0\n");

  EXPECT_THAT(copy->run(), ElementsAre(StartsWith("download 5 ")));
  EXPECT_THAT(old->run(), ElementsAre("close 1000"));
}

TEST_F(Service, EndsAConnectionThatBindsAClientFileTwice) {
  std::string ident;
  const auto peer = bind_new(&ident);

  peer->send("bind 2 3 0 0 0\n\"p\"");
  peer->send("ident 2 " + ident + " 0 0 0 0\n");

  EXPECT_THAT(peer->run(), ElementsAre(StartsWith("json_error 108 "), "close 1000"));
}

TEST_F(Service, TakesAClientFileAgainOnceItsSessionWasUnbound) {
  std::string ident;
  const auto peer = bind_new(&ident);

  peer->send("unbind 1\n");
  peer->send("bind 2 3 0 0 0\n\"p\"");
  peer->send("ident 2 " + ident + " 0 0 0 0\n");

  EXPECT_THAT(peer->run(), ElementsAre("unbound 1\n", StartsWith("download 2 ")));
}

TEST_F(Service, RefusesAClientFileThatIsNotWhatItClaims) {
  struct Case {
    std::string user;
    std::string ident;
    int code;
  };
  // Given a file of the user's that has uploaded version 2, and a history of one entry,
  std::string ident;
  const auto peer = bind_new(&ident);
  peer->send_upload("2 0 0", "2 0 100 0", item_schema());
  static_cast<void>(peer->run());
  commit();
  static_cast<void>(peer->run());
  const auto salt =
      std::to_string(storage_.memory.find("\"p\"")->history.at(ServerVersion(1)).salt.value());
  const std::string latest = " 1 " + salt;

  const Case cases[] = {
      {"user", "99 1 0 0 0 0", 208},           // Unknown ident.
      {"user", "2 1 0 0 0 0", 211},            // Wrong salt of the ident.
      {"other", ident + " 0 0 0 0", 223},      // Somebody else's.
      {"user", ident + " 2 0 2 1", 209},       // Ahead of the server.
      {"user", ident + " 1 3" + latest, 210},  // More of it integrated than there is.
      {"user", ident + " 0 1" + latest, 210},  // Something integrated before anything.
      {"user", ident + " 1 2 0 0", 209},       // Latest before its download.
      {"user", ident + " 0 0 2 1", 209},       // Latest ahead of the server.
      {"user", ident + " 0 0 1 1", 211},       // Wrong salt of the latest version.
  };
  for (const Case& wrong : cases) {
    const auto claimant = connect(wrong.user);
    claimant->send("bind 1 3 0 0 0\n\"p\"");
    claimant->send("ident 1 " + wrong.ident + "\n");
    const auto answers = claimant->run();
    EXPECT_THAT(answers, ElementsAre(StartsWith("json_error " + std::to_string(wrong.code) + " ")))
        << wrong.ident;
    // Whose the file is learns what there is of it, to repeat the rest after a client reset.
    const bool is_theirs = wrong.user == "user" && wrong.ident.starts_with(ident + " ");
    EXPECT_EQ(answers.front().find("\"integratedClientVersion\":2") != std::string::npos, is_theirs)
        << answers.front();
  }
  const auto right = connect();
  right->send("bind 1 3 0 0 0\n\"p\"");
  right->send("ident 1 " + ident + " 1 2" + latest + "\n");
  EXPECT_THAT(right->run(), ElementsAre(StartsWith("download 1 1 2 1 " + salt + " 2 ")));
}

TEST_F(Service, ExpiresAClientWhoseHistoryWasTrimmed) {
  std::string ident;
  const auto peer = bind_new(&ident);
  peer->send_upload("2 0 0", "2 0 100 0", item_schema());
  static_cast<void>(peer->run());
  commit();
  {
    const auto transaction = storage_.begin();
    transaction->replace_history(*transaction->find_server_file("\"p\""),
                                 ServerVersion(1),
                                 OriginTimestamp(1),
                                 std::vector<Bytes>{item_schema()});
    transaction->commit();
  }

  const auto late = connect();
  late->send("bind 1 3 0 0 0\n\"p\"");
  late->send("ident 1 " + ident + " 0 0 0 0\n");

  EXPECT_THAT(late->run(),
              ElementsAre(AllOf(StartsWith("json_error 222 "),
                                HasSubstr("\"integratedClientVersion\":2"))));
}

TEST_F(Service, BuildsOneBodyForAllWhoStandAtTheSamePlace) {
  const auto ann = bind_new();
  const auto bob = bind_new();
  const auto carol = bind_new();

  ann->send_upload("2 0 0", "2 0 100 0", item_schema());
  static_cast<void>(ann->run());
  commit();
  static_cast<void>(ann->run());
  ASSERT_THAT(bob->run(), SizeIs(1));
  ASSERT_THAT(carol->run(), SizeIs(1));

  EXPECT_EQ(bob->bodies.back(), carol->bodies.back());
  EXPECT_NE(ann->bodies.back(), bob->bodies.back());
}

TEST_F(Service, CutsDownloadsAtTheTargetAndSaysHowMuchIsLeft) {
  SyncService cutting(
      storage_, random_, null_logger(), {.commits = {}, .downloads = {.body_bytes_target = 10}});
  const auto ann = bind_new();
  const Bytes schema = item_schema();
  const Bytes create = create_item(1);
  ann->send_upload("2 0 0", "2 0 100 0", schema);
  ann->send_upload("3 0 0", "3 0 100 0", create);
  static_cast<void>(ann->run());
  commit();
  std::string ident;
  const auto registered = bind_new(&ident);
  registered->send("unbind 1\n");
  static_cast<void>(registered->run());

  const auto bob = std::make_shared<Peer>(cutting, "user");
  bob->send("bind 1 3 0 0 0\n\"p\"");
  bob->send("ident 1 " + ident + " 0 0 0 0\n");
  const auto messages = bob->run();

  ASSERT_THAT(messages, SizeIs(2));
  EXPECT_THAT(messages[0], StartsWith("download 1 1 0 2 "));
  EXPECT_THAT(messages[0], HasSubstr(" 0 0 " + std::to_string(create.size()) + " 0 "));
  EXPECT_THAT(messages[1], StartsWith("download 1 2 0 2 "));
  EXPECT_THAT(messages[1], HasSubstr(" 0 0 0 0 "));
}

}  // namespace
}  // namespace tombolo::server
