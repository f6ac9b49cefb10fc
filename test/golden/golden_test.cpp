#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/golden/apply_suites.h"
#include "test/golden/changeset_suites.h"
#include "test/golden/merge_suites.h"
#include "test/golden/query_suites.h"
#include "test/golden/wire_suites.h"
#include "test/golden/writing_suites.h"

namespace tombolo::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<GoldenReport> reports(const std::vector<GoldenSuite>& suites, std::string_view area) {
  std::vector<GoldenReport> all;
  for (const GoldenSuite& suite : suites) {
    for (GoldenReport& report : suite.run(std::filesystem::path(TOMBOLO_TEST_DATA) / area)) {
      all.push_back(std::move(report));
    }
  }
  return all;
}

TEST(Golden, EveryChangesetReadsAndWritesAsRecorded) {
  const auto found = reports(changeset_suites(), "changesets");

  ASSERT_EQ(found.size(), 2U);
  EXPECT_THAT(found[0].failures(), IsEmpty());
  EXPECT_EQ(found[0].passed(), 573U);
  EXPECT_THAT(found[1].failures(), IsEmpty());
  EXPECT_EQ(found[1].passed(), 1663U);
}

TEST(Golden, TheModelRealmAppliesEveryChangesetAsRecorded) {
  const auto found = reports(model_apply_suites(), "changesets");

  ASSERT_EQ(found.size(), 2U);
  EXPECT_THAT(found[0].failures(), IsEmpty());
  EXPECT_EQ(found[0].passed(), 570U);
  EXPECT_THAT(found[1].failures(), IsEmpty());
  EXPECT_EQ(found[1].passed(), 168U);
}

TEST(Golden, TheStoreAppliesEveryChangesetAsRecorded) {
  const auto found = reports(store_apply_suites(), "changesets");

  ASSERT_EQ(found.size(), 2U);
  EXPECT_THAT(found[0].failures(), IsEmpty());
  EXPECT_EQ(found[0].passed(), 570U);
  EXPECT_THAT(found[1].failures(), IsEmpty());
  EXPECT_EQ(found[1].passed(), 168U);
}

TEST(Golden, EveryQueryFindsOrFailsAsRecorded) {
  const auto found = reports(query_suites(), "queries");

  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found[0].failures(), IsEmpty());
  EXPECT_EQ(found[0].passed(), 469U);
}

TEST(Golden, TheStoreRecordsEveryTransactionAsTheReferenceDid) {
  const auto found = reports(writing_suites(), "changesets");

  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found[0].failures(), IsEmpty());
  EXPECT_EQ(found[0].passed(), 573U);
  EXPECT_THAT(found[0].remarks(),
              ElementsAre("3 lack making a list or dictionary where one stands, by decision"));
}

TEST(Golden, EveryRecordedMessageReadsAndWritesAsRecorded) {
  const auto found = reports(wire_suites(), "");

  std::size_t passed = 0;
  for (const GoldenReport& report : found) {
    EXPECT_THAT(report.failures(), IsEmpty()) << report.file();
    passed += report.passed();
  }
  EXPECT_EQ(found.size(), 372U);
  EXPECT_EQ(passed, 6892U);
}

TEST(Golden, EveryMergeAndChainIsAsRecordedOrBetter) {
  const auto found = reports(merge_suites(), "merge");

  ASSERT_EQ(found.size(), 4U);
  for (const GoldenReport& report : found) {
    EXPECT_THAT(report.failures(), IsEmpty()) << report.file();
  }
  EXPECT_EQ(found[0].passed(), 5175U);
  EXPECT_EQ(found[2].passed(), 210U);
  EXPECT_THAT(found[1].remarks(),
              ElementsAre("1 differ by D1",
                          "44 differ by D2",
                          "21 differ by D3",
                          "11 differ by D4",
                          "2 differ by two states, a known limit"));
}

}  // namespace
}  // namespace tombolo::test
