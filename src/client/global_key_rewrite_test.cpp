#include "client/global_key_rewrite.h"

#include <gtest/gtest.h>

#include "changeset/changeset.h"
#include "changeset/writer.h"

namespace tombolo::client {
namespace {

using changeset::ChangesetWriter;
using changeset::LinkTarget;
using changeset::Payload;
using changeset::PayloadType;
using changeset::Place;
using changeset::PrimaryKey;

constexpr ClientFileIdent kIdent{7};

PrimaryKey global_key(std::uint64_t high, std::uint64_t low) {
  PrimaryKey key;
  key.type = PayloadType::kGlobalKey;
  key.global_key = {high, low};
  return key;
}

PrimaryKey int_key(std::int64_t value) {
  PrimaryKey key;
  key.type = PayloadType::kInt;
  key.integer = value;
  return key;
}

Payload link_to(changeset::StringIndex table, const PrimaryKey& object) {
  Payload value;
  value.type = PayloadType::kLink;
  value.link = LinkTarget{table, object};
  return value;
}

/// A changeset with the given ident in every place where a key of the file's own can stand.
Bytes changeset_with(std::uint64_t own_ident) {
  ChangesetWriter writer;
  const auto table = writer.intern("Dog");
  const auto field = writer.intern("friend");
  const PrimaryKey own = global_key(own_ident, 1);
  const PrimaryKey other = global_key(9, 1);
  writer.create_object(table, own);
  writer.update({table, other, field}, link_to(table, own));
  const changeset::PathElement front[] = {changeset::PathElement::index(0)};
  writer.array_insert({table, own, field, front}, link_to(table, own), 0);
  writer.set_insert({table, other, field}, link_to(table, own));
  writer.set_erase({table, other, field}, link_to(table, own));
  writer.update({table, int_key(0), field}, link_to(table, int_key(0)));
  writer.erase_object(table, own);
  return to_bytes(writer.bytes());
}

TEST(GlobalKeyRewrite, GivesObjectsAndLinkTargetsTheIdent) {
  const auto result = rewrite_global_keys(changeset_with(0), kIdent);

  ASSERT_TRUE(result);
  ASSERT_TRUE(*result);
  const Bytes expected = changeset::encode(*changeset::parse(changeset_with(7)));
  EXPECT_EQ(**result, expected);
}

TEST(GlobalKeyRewrite, LeavesChangesetsWithoutSuchKeysAlone) {
  const auto result = rewrite_global_keys(changeset_with(3), kIdent);

  ASSERT_TRUE(result);
  EXPECT_FALSE(*result);
}

TEST(GlobalKeyRewrite, RefusesWhatIsNoChangeset) {
  const auto result = rewrite_global_keys(as_bytes("no changeset"), kIdent);

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::kBadChangeset);
}

}  // namespace
}  // namespace tombolo::client
