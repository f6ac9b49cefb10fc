#include "changeset/printer.h"

#include <gtest/gtest.h>

#include "changeset/reader.h"
#include "changeset/writer.h"

namespace tombolo::changeset {
namespace {

/// What the instructions that `write` appends look like.
template <typename Write>
std::string printed(const Write& write) {
  ChangesetWriter writer;
  write(writer);
  return print(parse(writer.bytes()).value());
}

TEST(Printer, ShowsTheSchema) {
  EXPECT_EQ(
      printed([](ChangesetWriter& writer) {
        const StringIndex city = writer.intern("City");
        const StringIndex key = writer.intern("_id");
        const StringIndex none = writer.intern("");
        writer.add_table(city,
                         {.kind = ClassKind::kTopLevel,
                          .primary_key = key,
                          .primary_key_type = PayloadType::kString,
                          .primary_key_nullable = true});
        writer.add_table(city, {.kind = ClassKind::kTopLevel, .primary_key = none});
        writer.add_table(city, {.kind = ClassKind::kEmbedded});
        writer.add_column(
            city,
            key,
            {.type = PropertyType::kInt, .collection = CollectionType::kList, .nullable = true});
        writer.add_column(
            city, key, {.type = PropertyType::kLink, .nullable = true, .target = city});
        writer.erase_column(city, key);
        writer.erase_table(city);
      }),
      "AddTable City (top, key _id: string?)\n"
      "AddTable City (top, no key)\n"
      "AddTable City (embedded)\n"
      "AddColumn City._id: int? list\n"
      "AddColumn City._id: link(City)\n"
      "EraseColumn City._id\n"
      "EraseTable City\n");
}

TEST(Printer, ShowsPlacesAndSizes) {
  EXPECT_EQ(printed([](ChangesetWriter& writer) {
              const StringIndex city = writer.intern("City");
              const PrimaryKey oslo(writer.intern("Oslo"));
              const PathElement path[] = {PathElement::key(writer.intern("colour")),
                                          PathElement::index(3)};
              Place place{.table = city, .object = oslo, .field = writer.intern("tags")};
              writer.create_object(city, oslo);
              writer.update(place, Payload(), {.is_default = true});
              writer.add_integer(place, -5);
              writer.clear(place, CollectionType::kDictionary);
              writer.set_insert(place, Payload::of_bool(true));
              writer.set_erase(place, Payload::of_link({.table = city, .object = oslo}));
              place.path = path;
              writer.update_element(place, Payload::of_string("red"), 4);
              writer.array_insert(place, Payload(PayloadType::kObjectValue), 3);
              writer.array_move(place, {.to = 1, .prior_size = 4});
              writer.array_erase(place, 4);
              writer.erase_object(city, PrimaryKey(GlobalKey{.high = 2, .low = 7}));
            }),
            "CreateObject City[\"Oslo\"]\n"
            "Update City[\"Oslo\"].tags = null (default)\n"
            "AddInteger City[\"Oslo\"].tags += -5\n"
            "Clear City[\"Oslo\"].tags (dictionary)\n"
            "SetInsert City[\"Oslo\"].tags true\n"
            "SetErase City[\"Oslo\"].tags -> City[\"Oslo\"]\n"
            "Update City[\"Oslo\"].tags[\"colour\"][3] = \"red\" (size 4)\n"
            "ArrayInsert City[\"Oslo\"].tags[\"colour\"][3] = object (size 3)\n"
            "ArrayMove City[\"Oslo\"].tags[\"colour\"][3] to 1 (size 4)\n"
            "ArrayErase City[\"Oslo\"].tags[\"colour\"][3] (size 4)\n"
            "EraseObject City[2-7]\n");
}

TEST(Printer, ShowsValues) {
  const auto value = [](const Payload& payload) {
    const std::string line = printed([&](ChangesetWriter& writer) {
      const StringIndex name = writer.intern("T");
      writer.update({.table = name, .object = PrimaryKey(std::int64_t{1}), .field = name}, payload);
    });
    return line.substr(line.find(" = ") + 3);
  };

  EXPECT_EQ(value(Payload::of_double(-2.25)), "-2.25\n");
  EXPECT_EQ(value(Payload::of_float(1.5F)), "1.5f\n");
  EXPECT_EQ(value(Payload::of_decimal({.high = 0xB03E'0000'0000'0000, .low = 15})), "-1.5m\n");
  EXPECT_EQ(value(Payload::of_timestamp({.seconds = 17, .nanoseconds = 5})), "17.000000005s\n");
  EXPECT_EQ(value(Payload::of_timestamp({.seconds = 0, .nanoseconds = -500'000'000})),
            "-0.500000000s\n");
  EXPECT_EQ(value(Payload::of_string("say \"hi\"\n")), "\"say \\\"hi\\\"\\x0a\"\n");
  EXPECT_EQ(value(Payload::of_binary("\x01\xFF")), "<01ff>\n");
  EXPECT_EQ(value(Payload::of_string(std::string(100, 'a'))),
            "\"" + std::string(kPrintedBytesMax, 'a') + "\"... 100 bytes\n");
  EXPECT_EQ(value(Payload(PayloadType::kErased)), "erased\n");
}

TEST(Printer, ShowsWhatAReaderGives) {
  ChangesetWriter writer;
  writer.erase_table(writer.intern("City"));

  ChangesetReader reader(writer.bytes());
  const Instruction& instruction = *reader.next().value();

  EXPECT_EQ(print(instruction, reader.path(instruction), reader.strings()), "EraseTable City");
}

}  // namespace
}  // namespace tombolo::changeset
