#include "changeset/reader.h"

#include <gtest/gtest.h>

#include "base/hex.h"
#include "changeset/writer.h"

namespace tombolo::changeset {
namespace {

constexpr std::int64_t kLargeNumber = std::int64_t{1} << 40;

/// One update of each kind of value, at the path ["k", 3], of an object with a string key.
Bytes updates_of_every_kind() {
  ChangesetWriter writer;
  const StringIndex table = writer.intern("T");
  const PathElement path[] = {PathElement::key(writer.intern("k")), PathElement::index(3)};
  Place place{.table = table, .object = {}, .field = writer.intern("f"), .path = path};
  place.object.type = PayloadType::kString;
  place.object.string = writer.intern("key");
  for (int code = static_cast<int>(PayloadType::kSet); code <= static_cast<int>(PayloadType::kUuid);
       ++code) {
    Payload value;
    value.type = static_cast<PayloadType>(code);
    switch (value.type) {
      case PayloadType::kGlobalKey: continue;
      case PayloadType::kInt: value.integer = -kLargeNumber; break;
      case PayloadType::kBool: value.boolean = true; break;
      case PayloadType::kString:
      case PayloadType::kBinary: value.text = "some text"; break;
      case PayloadType::kTimestamp: value.timestamp = {-kLargeNumber, -500'000'000}; break;
      case PayloadType::kFloat: value.single = 1.5F; break;
      case PayloadType::kDouble: value.real = -2.25; break;
      case PayloadType::kDecimal: value.decimal = {.high = 0xB040'1234'5678'9ABC, .low = 7}; break;
      case PayloadType::kLink: value.link = {.table = table, .object = place.object}; break;
      default: break;
    }
    writer.update_element(place, value, 100);
  }
  return to_bytes(writer.bytes());
}

TEST(ChangesetReader, AddressesAreReadWithoutTheirValues) {
  const Bytes bytes = updates_of_every_kind();

  ChangesetReader reader(bytes);
  std::size_t count = 0;
  while (const Instruction* instruction = reader.next_address().value()) {
    EXPECT_EQ(instruction->opcode, Opcode::kUpdate);
    EXPECT_EQ(reader.string(instruction->table), "T");
    EXPECT_EQ(reader.string(instruction->object.string), "key");
    EXPECT_EQ(reader.string(instruction->field), "f");
    EXPECT_EQ(reader.path(*instruction).back(), PathElement::index(3));
    ++count;
  }

  EXPECT_EQ(count, 17U);
}

TEST(ChangesetReader, AnAddressCanBeCompleted) {
  const Bytes bytes = updates_of_every_kind();

  ChangesetReader whole(bytes);
  ChangesetReader skimming(bytes);
  while (const Instruction* expected = whole.next().value()) {
    ASSERT_NE(skimming.next_address().value(), nullptr);
    const Instruction* completed = skimming.complete().value();
    EXPECT_EQ(completed->value.type, expected->value.type);
    EXPECT_EQ(completed->prior_size, expected->prior_size);
  }
  EXPECT_EQ(skimming.next_address().value(), nullptr);
}

TEST(ChangesetReader, WhatEndsInsideOfAValueIsRefusedWhenSkimmed) {
  const Bytes bytes = updates_of_every_kind();

  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ChangesetReader whole(BytesView(bytes).first(size));
    ChangesetReader skimming(BytesView(bytes).first(size));
    bool whole_failed = false;
    bool skimming_failed = false;
    for (auto next = whole.next();; next = whole.next()) {
      whole_failed = !next;
      if (!next || *next == nullptr) break;
    }
    for (auto next = skimming.next_address();; next = skimming.next_address()) {
      skimming_failed = !next;
      if (!next || *next == nullptr) break;
    }
    EXPECT_EQ(skimming_failed, whole_failed) << "cut at " << size;
  }
}

}  // namespace
}  // namespace tombolo::changeset
