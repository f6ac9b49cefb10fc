#include "server/upload_windows.h"

#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "server/integrator.h"
#include "test/support/changesets.h"
#include "test/support/memory_storage.h"

/// A client that comes back with many uploads reads the history that it has not seen once. Whether
/// a window is kept or read again makes no difference to what comes out.

namespace tombolo::server {
namespace {

using test::add_count;
using test::create_item;
using test::insert_into_list;
using test::item_schema;
using test::set_count;

/// A server and two clients that have seen item 1 with an empty list at `kBase`.
class Server {
 public:
  static constexpr ServerVersion kBase{2};

  explicit Server(const UploadWindows::Options& options = {}) : windows_(options) {
    const auto transaction = storage_.begin();
    file_ = transaction->open_server_file("\"p\"");
    for (ClientFileIdent* const client : {&ann, &bob}) {
      *client = transaction->allocate_client_file(file_, "user", random_.salt()).ident;
    }
    transaction->commit();
    EXPECT_TRUE(upload(ann, {}, 1, item_schema()));
    EXPECT_TRUE(upload(ann, {}, 2, create_item(1)));
  }

  /// Integrates an upload of one changeset; false when it is refused.
  bool upload(ClientFileIdent client, ServerVersion base, std::uint64_t time, Bytes changeset) {
    const auto transaction = storage_.begin();
    const ClientVersion version = transaction->find_client_file(file_, client)->uploaded.next();
    Upload upload{.file = file_,
                  .client_file = client,
                  .progress = {version, base},
                  .locked_server_version = ServerVersion(0),
                  .entries = {{.client_version = version,
                               .server_version = base,
                               .origin_timestamp = OriginTimestamp(time),
                               .origin_file_ident = {},
                               .changeset = changeset}},
                  .body = nullptr,
                  .stream = nullptr};
    if (!integrate(*transaction, upload, random_, windows_)) {
      windows_.rolled_back();
      return false;
    }
    transaction->commit();
    windows_.committed();
    return true;
  }

  /// Both write to one list and one counter without knowing of each other, in turn.
  void write_on_both_sides(std::size_t ahead, std::size_t in_turn) {
    for (std::size_t i = 0; i < ahead; ++i) write(ann, anns_, 10 + 7 * i);
    for (std::size_t i = 0; i < in_turn; ++i) {
      write(bob, bobs_, 11 + 5 * i);
      if (i % 3 == 0) write(ann, anns_, 1000 + i);
    }
  }

  [[nodiscard]] std::vector<Bytes> history() const {
    std::vector<Bytes> changesets;
    for (const auto& [version, entry] : storage_.find("\"p\"")->history) {
      changesets.push_back(entry.changeset);
    }
    return changesets;
  }
  [[nodiscard]] std::map<std::pair<ClientFileIdent, ServerVersion>, Bytes> reciprocals() const {
    return storage_.find("\"p\"")->reciprocals;
  }
  [[nodiscard]] UploadWindows& windows() noexcept { return windows_; }

  ClientFileIdent ann;
  ClientFileIdent bob;

 private:
  void write(ClientFileIdent client, std::uint32_t& size, std::uint64_t time) {
    const auto value = static_cast<std::int64_t>(time);
    ASSERT_TRUE(upload(client, kBase, time, insert_into_list(1, {size / 2, size}, value)));
    ++size;
    ASSERT_TRUE(
        upload(client, kBase, time, time % 2 == 0 ? set_count(1, value) : add_count(1, value)));
  }

  SeededRandom random_{1};
  test::MemoryStorage storage_;
  UploadWindows windows_;
  ServerFileId file_;
  std::uint32_t anns_ = 0;
  std::uint32_t bobs_ = 0;
};

constexpr UploadWindows::Options kKeepAlways{.entries_min = 1};
constexpr UploadWindows::Options kKeepNever{.bytes_max = 0};

TEST(UploadWindows, AClientThatComesBackReadsTheHistoryOnce) {
  Server server;
  // Given 200 changes that Bob has not seen,
  for (std::uint64_t i = 0; i < 200; ++i) {
    ASSERT_TRUE(server.upload(server.ann, Server::kBase, 10 + i, add_count(1, 1)));
  }
  const std::uint64_t before = server.windows().entries_read();

  // When he brings 100 of his own, one by one,
  for (std::uint64_t i = 0; i < 100; ++i) {
    ASSERT_TRUE(server.upload(server.bob, Server::kBase, 500 + i, add_count(1, 1)));
  }

  // Then hers are read once.
  EXPECT_EQ(server.windows().entries_read() - before, 200U);
}

TEST(UploadWindows, WhatOthersDoMeanwhileIsReadWhenItIsThere) {
  Server server;
  for (std::uint64_t i = 0; i < 200; ++i) {
    ASSERT_TRUE(server.upload(server.ann, Server::kBase, 10 + i, add_count(1, 1)));
  }
  ASSERT_TRUE(server.upload(server.bob, Server::kBase, 500, add_count(1, 1)));
  const ServerVersion seen(server.history().size());
  const std::uint64_t before = server.windows().entries_read();

  ASSERT_TRUE(server.upload(server.ann, seen, 600, add_count(1, 1)));
  ASSERT_TRUE(server.upload(server.bob, Server::kBase, 601, add_count(1, 1)));

  // Ann's upload reads what Bob did, and his what she did.
  EXPECT_EQ(server.windows().entries_read() - before, 2U);
}

TEST(UploadWindows, KeptOrReadAgainTheOutcomeIsTheSame) {
  Server kept(kKeepAlways);
  Server read_again(kKeepNever);
  for (Server* const server : {&kept, &read_again}) server->write_on_both_sides(40, 60);

  EXPECT_EQ(kept.history(), read_again.history());
  EXPECT_EQ(kept.reciprocals(), read_again.reciprocals());
  EXPECT_LT(kept.windows().entries_read(), read_again.windows().entries_read() / 10);
}

TEST(UploadWindows, AnUploadThatIsUndoneLeavesNoTraceInTheWindow) {
  Server with_failures(kKeepAlways);
  Server without(kKeepNever);
  for (Server* const server : {&with_failures, &without}) {
    server->write_on_both_sides(5, 5);
    if (server == &with_failures) {
      // A size that contradicts Ann's, merged with some of hers before it is refused.
      EXPECT_FALSE(
          server->upload(server->bob, Server::kBase, 900, insert_into_list(1, {50, 60}, 1)));
    }
    server->write_on_both_sides(5, 5);
  }

  EXPECT_EQ(with_failures.history(), without.history());
}

TEST(UploadWindows, ShortOnesAreNotKept) {
  Server server({.entries_min = 20});
  for (std::uint64_t i = 0; i < 9; ++i) {
    ASSERT_TRUE(server.upload(server.ann, Server::kBase, 10 + i, add_count(1, 1)));
  }
  const std::uint64_t before = server.windows().entries_read();

  for (std::uint64_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(server.upload(server.bob, Server::kBase, 500 + i, add_count(1, 1)));
  }

  // Each read Ann's nine again, and Bob's own that were there by then.
  EXPECT_EQ(server.windows().entries_read() - before, 3U * 9U + 1U + 2U);
}

TEST(UploadWindows, OnesThatNobodyUsesAreDropped) {
  Server server({.entries_min = 1, .idle_commits_max = 5});
  for (std::uint64_t i = 0; i < 20; ++i) {
    ASSERT_TRUE(server.upload(server.ann, Server::kBase, 10 + i, add_count(1, 1)));
  }
  ASSERT_TRUE(server.upload(server.bob, Server::kBase, 500, add_count(1, 1)));
  for (int i = 0; i < 6; ++i) server.windows().committed();
  const std::uint64_t before = server.windows().entries_read();

  ASSERT_TRUE(server.upload(server.bob, Server::kBase, 501, add_count(1, 1)));

  EXPECT_EQ(server.windows().entries_read() - before, 21U);
}

}  // namespace
}  // namespace tombolo::server
