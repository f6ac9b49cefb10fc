#include "schema/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tombolo {
namespace {

using ::testing::HasSubstr;

Property int_property(std::string name) {
  return {.name = std::move(name)};
}

Property link_property(std::string name, std::string target) {
  return {.name = std::move(name),
          .type = PropertyType::kLink,
          .nullable = true,
          .target = std::move(target)};
}

TEST(Schema, AValidSchemaPasses) {
  const Schema schema{{
      {.name = "City", .primary_key = "_id", .properties = {int_property("_id")}},
      {.name = "Person",
       .primary_key = "",
       .properties = {link_property("home", "City"), link_property("any", "")}},
  }};

  EXPECT_TRUE(validate(schema));
}

TEST(Schema, EveryProblemIsListedWithItsPlace) {
  const Schema schema{{
      {.name = "City", .primary_key = "name", .properties = {int_property("a"), int_property("a")}},
      {.name = "City", .primary_key = "", .properties = {link_property("home", "Town")}},
  }};

  const Result<void> result = validate(schema);

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::kInvalidSchema);
  EXPECT_THAT(result.error().message(), HasSubstr("City.a: the property is declared twice"));
  EXPECT_THAT(result.error().message(), HasSubstr("City: the primary key 'name' is no property"));
  EXPECT_THAT(result.error().message(), HasSubstr("City: the class is declared twice"));
  EXPECT_THAT(result.error().message(),
              HasSubstr("City.home: the target class 'Town' does not exist"));
}

TEST(Schema, APrimaryKeyMustBeOfAKeyType) {
  const Schema schema{{{.name = "City",
                        .primary_key = "_id",
                        .properties = {{.name = "_id", .type = PropertyType::kDouble}}}}};

  EXPECT_THAT(validate(schema).error().message(), HasSubstr("City._id: a primary key is"));
}

TEST(Schema, AnIndexMustBeOfATypeThatHasOne) {
  const Schema schema{
      {{.name = "City",
        .primary_key = "_id",
        .properties = {
            {.name = "_id", .type = PropertyType::kString, .index = IndexType::kFullText},
            {.name = "area", .type = PropertyType::kDouble, .index = IndexType::kGeneral},
            {.name = "names",
             .type = PropertyType::kString,
             .collection = CollectionType::kList,
             .index = IndexType::kGeneral},
            {.name = "people", .type = PropertyType::kInt, .index = IndexType::kFullText},
            {.name = "founded", .type = PropertyType::kTimestamp, .index = IndexType::kGeneral},
            {.name = "notes", .type = PropertyType::kString, .index = IndexType::kFullText}}}}};

  EXPECT_EQ(validate(schema).error().message(),
            "City.area: a property of this type cannot be indexed\n"
            "City.names: a property of this type cannot be indexed\n"
            "City.people: only a string can have a full-text index\n"
            "City._id: a primary key has no full-text index");
}

}  // namespace
}  // namespace tombolo
