#include "test/contract/storage_contract.h"

#include <vector>

#include <gmock/gmock.h>

#include "changeset/writer.h"

namespace tombolo::test {
namespace {

using server::ClientFile;
using server::HistoryEntry;
using server::ServerFileId;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

server::NewHistoryEntry entry_of(std::string_view changeset, std::uint64_t client_version = 1) {
  return {.origin = ClientFileIdent(2),
          .client_version = ClientVersion(client_version),
          .origin_timestamp = OriginTimestamp(1000 + client_version),
          .salt = Salt(static_cast<std::int64_t>(77 + client_version)),
          .changeset = as_bytes(changeset)};
}

/// The changesets after `after`, as texts.
std::vector<std::string> read(const server::StorageSnapshot& snapshot,
                              ServerFileId file,
                              ServerVersion after = {}) {
  std::vector<std::string> changesets;
  snapshot.read_history(file, after, [&](const HistoryEntry& entry) {
    changesets.emplace_back(as_text(entry.changeset));
    return true;
  });
  return changesets;
}

Bytes schema_changeset() {
  changeset::ChangesetWriter writer;
  changeset::TableSpec spec;
  spec.primary_key = writer.intern("_id");
  spec.primary_key_type = changeset::PayloadType::kInt;
  writer.add_table(writer.intern("Item"), spec);
  return to_bytes(writer.bytes());
}

Bytes create_changeset(std::string_view table) {
  changeset::ChangesetWriter writer;
  changeset::PrimaryKey key;
  key.type = changeset::PayloadType::kInt;
  key.integer = 1;
  writer.create_object(writer.intern(table), key);
  return to_bytes(writer.bytes());
}

}  // namespace

TEST_P(StorageContract, FindsNothingAtFirst) {
  const auto snapshot = storage->snapshot();

  EXPECT_EQ(snapshot->find_server_file("\"p\""), std::nullopt);
}

TEST_P(StorageContract, KeepsServerFilesApartByPartition) {
  const std::string long_partition(40'000, 'x');
  const std::vector<std::string> partitions = {
      "\"a\"", "\"a", "null", long_partition, long_partition + "y"};
  auto transaction = storage->begin();
  for (const std::string& partition : partitions) {
    const ServerFileId file = transaction->open_server_file(partition);
    EXPECT_EQ(transaction->open_server_file(partition), file);
    transaction->append_history(file, entry_of(partition));
  }
  transaction->commit();

  const auto snapshot = storage->snapshot();

  for (const std::string& partition : partitions) {
    const auto file = snapshot->find_server_file(partition);
    ASSERT_TRUE(file) << partition.substr(0, 10);
    EXPECT_THAT(read(*snapshot, *file), ElementsAre(partition));
  }
}

TEST_P(StorageContract, ForgetsWhatWasNotCommitted) {
  {
    const auto transaction = storage->begin();
    transaction->append_history(transaction->open_server_file("\"p\""), entry_of("A"));
  }

  EXPECT_EQ(storage->snapshot()->find_server_file("\"p\""), std::nullopt);
}

TEST_P(StorageContract, ShowsASnapshotOneMoment) {
  auto first = storage->begin();
  const ServerFileId file = first->open_server_file("\"p\"");
  first->append_history(file, entry_of("A"));
  first->commit();
  const auto before = storage->snapshot();

  auto second = storage->begin();
  second->append_history(file, entry_of("B"));
  EXPECT_THAT(read(*second, file), ElementsAre("A", "B"));
  second->commit();

  EXPECT_THAT(read(*before, file), ElementsAre("A"));
  EXPECT_THAT(read(*storage->snapshot(), file), ElementsAre("A", "B"));
}

TEST_P(StorageContract, GivesIdentsFromTwoForEachServerFile) {
  const auto transaction = storage->begin();
  const ServerFileId one = transaction->open_server_file("\"one\"");
  const ServerFileId other = transaction->open_server_file("\"other\"");

  EXPECT_EQ(transaction->allocate_client_file(one, "ann", Salt(5)).ident, ClientFileIdent(2));
  EXPECT_EQ(transaction->allocate_client_file(one, "bob", Salt(6)).ident, ClientFileIdent(3));
  EXPECT_EQ(transaction->allocate_client_file(other, "ann", Salt(7)).ident, ClientFileIdent(2));
}

TEST_P(StorageContract, RemembersClientFiles) {
  auto transaction = storage->begin();
  const ServerFileId file = transaction->open_server_file("\"p\"");
  ClientFile client = transaction->allocate_client_file(file, "ann", Salt(5));
  auto found = transaction->find_client_file(file, client.ident);
  ASSERT_TRUE(found);
  client.last_seen = found->last_seen;
  EXPECT_EQ(found, client);
  client.uploaded = ClientVersion(9);
  client.reciprocal_base = ServerVersion(7);
  client.locked_server_version = ServerVersion(3);
  transaction->put_client_file(file, client);
  transaction->commit();

  const auto snapshot = storage->snapshot();

  found = snapshot->find_client_file(file, client.ident);
  ASSERT_TRUE(found);
  EXPECT_GE(found->last_seen, client.last_seen);
  client.last_seen = found->last_seen;
  EXPECT_EQ(found, client);
  EXPECT_EQ(snapshot->find_client_file(file, client.ident.next()), std::nullopt);
}

TEST_P(StorageContract, NumbersHistoryFromOneAndCountsItsBytes) {
  auto transaction = storage->begin();
  const ServerFileId file = transaction->open_server_file("\"p\"");
  EXPECT_EQ(transaction->history_head(file).server_version, ServerVersion(0));
  EXPECT_EQ(transaction->history_head(file).salt, Salt(0));

  EXPECT_EQ(transaction->append_history(file, entry_of("ABC", 4)), ServerVersion(1));
  EXPECT_EQ(transaction->append_history(file, entry_of("", 5)), ServerVersion(2));
  EXPECT_EQ(transaction->append_history(file, entry_of("DE", 6)), ServerVersion(3));
  transaction->commit();

  const auto snapshot = storage->snapshot();
  const server::HistoryHead head = snapshot->history_head(file);
  EXPECT_EQ(head.server_version, ServerVersion(3));
  EXPECT_EQ(head.salt, Salt(83));
  EXPECT_EQ(head.bytes_total, 5U);
  const auto entry = snapshot->find_history_entry(file, ServerVersion(3));
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->server_version, ServerVersion(3));
  EXPECT_EQ(entry->origin, ClientFileIdent(2));
  EXPECT_EQ(entry->client_version, ClientVersion(6));
  EXPECT_EQ(entry->origin_timestamp, OriginTimestamp(1006));
  EXPECT_EQ(entry->bytes_total, 5U);
  EXPECT_EQ(as_text(entry->changeset), "DE");
  EXPECT_FALSE(snapshot->find_history_entry(file, ServerVersion(4)));
  EXPECT_FALSE(snapshot->find_history_entry(file, ServerVersion(0)));
}

TEST_P(StorageContract, ReadsHistoryFromAPositionUntilItIsToldToStop) {
  const auto transaction = storage->begin();
  const ServerFileId file = transaction->open_server_file("\"p\"");
  for (const char* changeset : {"A", "B", "C", "D"}) {
    transaction->append_history(file, entry_of(changeset));
  }

  EXPECT_THAT(read(*transaction, file, ServerVersion(2)), ElementsAre("C", "D"));
  EXPECT_THAT(read(*transaction, file, ServerVersion(4)), IsEmpty());
  int visited = 0;
  transaction->read_history(
      file, ServerVersion(0), [&](const HistoryEntry&) { return ++visited < 2; });
  EXPECT_EQ(visited, 2);
}

TEST_P(StorageContract, PutsAStateInThePlaceOfTheHistoryThatMadeIt) {
  auto transaction = storage->begin();
  const ServerFileId file = transaction->open_server_file("\"p\"");
  const ClientFile client = transaction->allocate_client_file(file, "ann", Salt(1));
  for (const char* changeset : {"AAAA", "BBBB", "CCCC", "D"}) {
    transaction->append_history(file, entry_of(changeset));
  }
  for (const std::uint64_t version : {3U, 4U}) {
    transaction->put_reciprocal(file, client.ident, ServerVersion(version), as_bytes("R"));
  }
  const std::vector<Bytes> state = {to_bytes(as_bytes("xx")), to_bytes(as_bytes("yyy"))};
  transaction->replace_history(file, ServerVersion(3), OriginTimestamp(9), state);
  transaction->commit();

  auto next = storage->begin();

  EXPECT_EQ(next->history_base(file).version, ServerVersion(3));
  EXPECT_EQ(next->history_base(file).first_ident, client.ident.next());
  EXPECT_THAT(read(*next, file), ElementsAre("xx", "yyy", "D"));
  EXPECT_THAT(read(*next, file, ServerVersion(1)), ElementsAre("yyy", "D"));
  EXPECT_FALSE(next->find_history_entry(file, ServerVersion(1)));
  const auto last = next->find_history_entry(file, ServerVersion(3));
  ASSERT_TRUE(last);
  EXPECT_EQ(last->salt, Salt(78));
  EXPECT_EQ(last->origin, kServerFileIdent);
  EXPECT_EQ(last->origin_timestamp, OriginTimestamp(9));
  EXPECT_EQ(last->bytes_total, 12U) << "as it was";
  EXPECT_FALSE(next->find_reciprocal(file, client.ident, ServerVersion(3)));
  EXPECT_TRUE(next->find_reciprocal(file, client.ident, ServerVersion(4)));
  EXPECT_EQ(next->append_history(file, entry_of("E")), ServerVersion(5));
  EXPECT_EQ(next->history_head(file).bytes_total, 14U);
}

TEST_P(StorageContract, VisitsServerFilesAndTheirClientFiles) {
  auto transaction = storage->begin();
  const ServerFileId first = transaction->open_server_file("\"p\"");
  const ServerFileId second = transaction->open_server_file("\"q\"");
  const auto ann = transaction->allocate_client_file(first, "ann", Salt(1)).ident;
  const auto bob = transaction->allocate_client_file(first, "bob", Salt(2)).ident;
  transaction->commit();
  const auto snapshot = storage->snapshot();

  std::vector<std::pair<ServerFileId, std::string>> files;
  snapshot->for_each_server_file(
      [&](ServerFileId file, std::string_view partition) { files.emplace_back(file, partition); });
  std::vector<ClientFileIdent> clients;
  snapshot->for_each_client_file(first, [&](const ClientFile& client) {
    clients.push_back(client.ident);
    EXPECT_NE(client.last_seen, WallTime{});
  });

  EXPECT_THAT(
      files,
      ::testing::UnorderedElementsAre(std::pair(first, "\"p\""), std::pair(second, "\"q\"")));
  EXPECT_THAT(clients, ElementsAre(ann, bob));
}

TEST_P(StorageContract, TellsAnEmptyReciprocalFromNone) {
  auto transaction = storage->begin();
  const ServerFileId file = transaction->open_server_file("\"p\"");
  transaction->put_reciprocal(file, ClientFileIdent(2), ServerVersion(5), as_bytes("R"));
  transaction->put_reciprocal(file, ClientFileIdent(2), ServerVersion(6), {});
  transaction->put_reciprocal(file, ClientFileIdent(3), ServerVersion(5), as_bytes("S"));
  transaction->commit();

  const auto snapshot = storage->snapshot();
  const auto find = [&](std::uint64_t ident, std::uint64_t version) {
    return snapshot->find_reciprocal(file, ClientFileIdent(ident), ServerVersion(version));
  };

  ASSERT_TRUE(find(2, 5));
  EXPECT_EQ(as_text(*find(2, 5)), "R");
  ASSERT_TRUE(find(2, 6));
  EXPECT_TRUE(find(2, 6)->empty());
  EXPECT_EQ(as_text(*find(3, 5)), "S");
  EXPECT_FALSE(find(2, 7));
}

TEST_P(StorageContract, ErasesReciprocalsOfOneClientUpToAVersion) {
  const auto transaction = storage->begin();
  const ServerFileId file = transaction->open_server_file("\"p\"");
  for (const std::uint64_t ident : {2U, 3U}) {
    for (const std::uint64_t version : {4U, 5U, 6U}) {
      transaction->put_reciprocal(
          file, ClientFileIdent(ident), ServerVersion(version), as_bytes("R"));
    }
  }

  transaction->erase_reciprocals(file, ClientFileIdent(2), ServerVersion(5));

  EXPECT_FALSE(transaction->find_reciprocal(file, ClientFileIdent(2), ServerVersion(5)));
  EXPECT_TRUE(transaction->find_reciprocal(file, ClientFileIdent(2), ServerVersion(6)));
  EXPECT_TRUE(transaction->find_reciprocal(file, ClientFileIdent(3), ServerVersion(4)));
}

TEST_P(StorageContract, AppliesChangesetsThatFitTheState) {
  auto transaction = storage->begin();
  const ServerFileId file = transaction->open_server_file("\"p\"");
  EXPECT_TRUE(transaction->apply(file, schema_changeset()));
  EXPECT_TRUE(transaction->apply(file, create_changeset("Item")));
  transaction->commit();

  const auto next = storage->begin();

  EXPECT_TRUE(next->apply(file, create_changeset("Item")));
  const auto bad = next->apply(file, create_changeset("Absent"));
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code(), ErrorCode::kBadChangeset);
  EXPECT_FALSE(next->apply(file, as_bytes("no changeset")));
}

}  // namespace tombolo::test
