#include "protocol/changeset_entry.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "protocol/error_code.h"
#include "protocol/limits.h"

namespace tombolo::protocol {
namespace {

constexpr std::string_view kUploadBody = "12 5 368000000123 0 3 ABC13 5 368000000124 0 2 10";
constexpr std::string_view kDownloadBody =
    "7 12 368000000500 3 3 3 ABC8 12 368000000650 4 5 5 ABCDE";

TEST(ChangesetEntries, OfAnUploadAreReadAndWritten) {
  const auto entries = parse_upload_entries(as_bytes(kUploadBody)).value();

  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].client_version, ClientVersion(12));
  EXPECT_EQ(entries[0].server_version, ServerVersion(5));
  EXPECT_EQ(entries[0].origin_timestamp, OriginTimestamp(368'000'000'123));
  EXPECT_EQ(entries[0].origin_file_ident, ClientFileIdent(0));
  EXPECT_EQ(as_text(entries[0].changeset), "ABC");
  EXPECT_EQ(as_text(entries[1].changeset), "10");
  Bytes body;
  for (const UploadEntry& entry : entries) append_entry(body, entry);
  EXPECT_EQ(as_text(body), kUploadBody);
}

TEST(ChangesetEntries, OfADownloadAreReadAndWritten) {
  const auto entries = parse_download_entries(as_bytes(kDownloadBody)).value();

  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[1].server_version, ServerVersion(8));
  EXPECT_EQ(entries[1].client_version, ClientVersion(12));
  EXPECT_EQ(entries[1].origin_timestamp, OriginTimestamp(368'000'000'650));
  EXPECT_EQ(entries[1].origin_file_ident, ClientFileIdent(4));
  EXPECT_EQ(entries[1].original_changeset_bytes, 5U);
  EXPECT_EQ(as_text(entries[1].changeset), "ABCDE");
  Bytes body;
  for (const DownloadEntry& entry : entries) append_entry(body, entry);
  EXPECT_EQ(as_text(body), kDownloadBody);
}

TEST(ChangesetEntries, OfAnEmptyBodyAreNone) {
  EXPECT_TRUE(parse_upload_entries({}).value().empty());
  EXPECT_TRUE(parse_download_entries({}).value().empty());
}

TEST(ChangesetEntries, MayBeEmptyThemselves) {
  const auto entries = parse_upload_entries(as_bytes("3 0 300000000000 0 0 ")).value();

  ASSERT_EQ(entries.size(), 1U);
  EXPECT_TRUE(entries[0].changeset.empty());
}

std::optional<SyncErrorCode> refusal(std::string_view body) {
  const auto entries = parse_upload_entries(as_bytes(body));
  return entries ? std::nullopt : sync_error_code(entries.error());
}

TEST(ChangesetEntries, WithABrokenHeadAreRefused) {
  for (const std::string_view body : {"x y z",
                                      " 12 5 1 0 0 ",
                                      "12 5 1 0 0\n",
                                      "12  5 1 0 0 ",
                                      "012 5 1 0 0 ",
                                      "12 -5 1 0 0 ",
                                      "12 5 1 0",
                                      "12 5 1 0 0",
                                      "9223372036854775808 5 1 0 0 "})
    EXPECT_EQ(refusal(body), SyncErrorCode::kBadChangesetHeaderSyntax) << body;
}

TEST(ChangesetEntries, LargerThanTheirBodyAreRefused) {
  EXPECT_EQ(refusal("12 5 1 0 4 ABC"), SyncErrorCode::kBadChangesetSize);
  EXPECT_EQ(refusal("12 5 1 0 9223372036854775807 ABC"), SyncErrorCode::kBadChangesetSize);
}

TEST(ChangesetEntries, NameThePlaceThatIsWrong) {
  const auto entries = parse_upload_entries(as_bytes("12 5 1 0 3 ABC13 x"));

  ASSERT_FALSE(entries);
  EXPECT_THAT(entries.error().message(), ::testing::HasSubstr("(byte 17 of the body)"));
}

TEST(ChangesetEntries, EndAfterTheFirstError) {
  UploadEntryReader reader(as_bytes("x"));

  EXPECT_FALSE(reader.next());
  EXPECT_EQ(reader.next().value().has_value(), false);
}

TEST(ChangesetEntries, AreRefusedAfterEveryTruncationInsideThem) {
  const std::string_view first = kDownloadBody.substr(0, 27);
  for (std::size_t size = 1; size < kDownloadBody.size(); ++size)
    EXPECT_EQ(parse_download_entries(as_bytes(kDownloadBody.substr(0, size))).has_value(),
              size == first.size())
        << size;
}

TEST(ChangesetEntries, OfAnUploadHaveALimitOfTheirNumber) {
  Bytes body;
  for (std::size_t i = 0; i < kUploadEntriesMax; ++i) append_entry(body, UploadEntry{});
  EXPECT_EQ(parse_upload_entries(body)->size(), kUploadEntriesMax);

  append_entry(body, UploadEntry{});

  EXPECT_EQ(parse_upload_entries(body).error().code(), ErrorCode::kLimitExceeded);
}

RC_GTEST_PROP(ChangesetEntries, ReadAsTheyWereWritten, ()) {
  const auto number = rc::gen::inRange<std::uint64_t>(0, 0x7fff'ffff'ffff'ffff);
  struct Written {
    std::array<std::uint64_t, 5> numbers;
    std::string changeset;
  };
  std::vector<Written> written(*rc::gen::inRange<std::size_t>(0, 10));
  Bytes body;
  for (Written& entry : written) {
    for (std::uint64_t& value : entry.numbers) value = *number;
    entry.changeset = *rc::gen::arbitrary<std::string>();
    append_entry(body,
                 DownloadEntry{ServerVersion(entry.numbers[0]),
                               ClientVersion(entry.numbers[1]),
                               OriginTimestamp(entry.numbers[2]),
                               ClientFileIdent(entry.numbers[3]),
                               entry.numbers[4],
                               as_bytes(entry.changeset)});
  }

  const auto read = parse_download_entries(body).value();

  RC_ASSERT(read.size() == written.size());
  for (std::size_t i = 0; i < read.size(); ++i) {
    RC_ASSERT(read[i].server_version.value() == written[i].numbers[0]);
    RC_ASSERT(read[i].client_version.value() == written[i].numbers[1]);
    RC_ASSERT(read[i].origin_timestamp.value() == written[i].numbers[2]);
    RC_ASSERT(read[i].origin_file_ident.value() == written[i].numbers[3]);
    RC_ASSERT(read[i].original_changeset_bytes == written[i].numbers[4]);
    RC_ASSERT(as_text(read[i].changeset) == written[i].changeset);
  }
}

}  // namespace
}  // namespace tombolo::protocol
