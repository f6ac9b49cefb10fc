#include "query/binder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/support/data_file.h"
#include "test/support/query_dataset.h"

namespace tombolo::query {
namespace {

using ::testing::HasSubstr;

/// The error of a query on a class of the dataset of the reference vectors.
std::string error_of(std::string_view class_name,
                     std::string_view text,
                     const std::vector<Constant>& arguments = {}) {
  static const test::QueryDataset dataset(nlohmann::json::parse(test::read_data_file(
      std::filesystem::path(TOMBOLO_TEST_DATA) / "queries" / "queries_dataset.json")));
  const auto bound = compile(text, dataset.schema(), class_name, arguments);
  if (!bound) return bound.error().message();
  return (*bound)->read_error ? (*bound)->read_error->message() : "";
}

TEST(QueryBinder, SaysWhatIsWrongAndInWhichColumn) {
  const Constant three{Constant::Floating{3, false, ""}};
  const Constant many{std::string("many")};
  struct Case {
    std::string_view class_name;
    std::string_view text;
    std::vector<Constant> arguments;
    std::string_view expected;
  };
  const Case cases[] = {
      {"Item", "qty == 1 AND nope == 1", {}, "'Item' has no property 'nope' at column 14"},
      {"Item", "shop.nope == 1", {}, "'Shop' has no property 'nope' at column 6"},
      {"Item", "1 == 1", {}, "Cannot compare two constants at column 1"},
      {"Item", "qty == 'many'", {}, "Unsupported comparison between type 'int' and type 'string'"},
      {"Item", "qty == $0", {many}, "Cannot compare argument $0 with value '\"many\"' to a int"},
      {"Item", "qty == $1", {three}, "Request for argument at index 1 but only 1 argument is"},
      {"Item", "qty == $0", {}, "Request for argument at index 0 but no arguments are provided"},
      {"Item", "qty IN 3", {}, "The keypath following 'IN' must contain a list at column 8"},
      {"Item", "ANY qty == 3", {}, "The keypath following 'ANY' must contain a list"},
      {"Item", "qty BETWEEN {1, 2, 3}", {}, "Operator 'BETWEEN' requires list with 2 elements"},
      {"Item", "scores BETWEEN {1, 2}", {}, "Only 'ALL' supported for operator 'BETWEEN'"},
      {"Item", "parts == null", {}, "Cannot compare linklist"},
      {"Item", "shop > null", {}, "Only equal (==) and not equal (!=) are supported"},
      {"Item", "shop == obj('Part', 1)", {}, "objects of type 'Shop'"},
      {"Item", "qty.@count > 1", {}, "Operation '@count' is not supported on property of type"},
      {"Item", "label TEXT 'x'", {}, "Column has no fulltext index"},
      {"Item", "tags.@sum == 3", {}, "Cannot use aggregate"},
      {"Item", "attrs[FIRST] == 1", {}, "does not support index 'FIRST'"},
      {"Item", "qty + name == 3", {}, "Cannot perform '+' operation"},
      {"Item", "SUBQUERY(shop, $s, TRUEPREDICATE).@count > 0", {}, "must operate on a list"},
      {"Item", "SUBQUERY(parts, s, TRUEPREDICATE).@count > 0", {}, "The subquery variable 's'"},
      {"Item", "qty < infinity", {}, "Infinity not supported for int"},
      {"Item", "made < 1899-01-01@0:0:0", {}, "before 1900 is not supported"},
      {"Item", "made < T1:-1", {}, "Invalid timestamp format"},
      {"Item", "TRUEPREDICATE SORT(nope ASC)", {}, "No property 'nope' found on object type"},
      {"Item", "tags == tags", {}, "Ordered comparison between two primitive lists"},
      {"Item", "notes TEXT ''", {}, "Missing search token"},
      {"Item", "notes TEXT 'a -a'", {}, "include and exclude the same token"},
      {"Item", "scores + scores == 2", {}, "Operations involving two lists are not supported"},
      {"Item", "TRUEPREDICATE SORT(tags ASC)", {}, "Cannot sort on a collection property"},
      {"Place", "loc geoWithin geoCircle([10, 95], 0.1)", {}, "Invalid region in GEOWITHIN query"},
      {"Place", "loc geoWithin $0", {three}, "must be a geospatial constant value"},
  };
  for (const Case& each : cases) {
    const std::string error = error_of(each.class_name, each.text, each.arguments);

    EXPECT_THAT(error, HasSubstr(each.expected)) << each.text;
    EXPECT_THAT(error, HasSubstr(" at column ")) << each.text;
  }
}

TEST(QueryBinder, LooksUpKeyPathsThatAreArguments) {
  EXPECT_EQ(error_of("Item", "$K0 == 'Oslo'", {{std::string("shop.city")}}), "");
  EXPECT_EQ(error_of("Item", "$K0.@count == 2", {{std::string("tags")}}), "");
  EXPECT_EQ(error_of("Item", "$K0 == 2", {{std::string("tags.@count")}}), "");
  EXPECT_THAT(error_of("Item", "$K0 == 2", {{std::string("tags == 3 OR x")}}),
              HasSubstr("Invalid predicate"));
  EXPECT_THAT(error_of("Item", "$K0 == 2", {{std::string("tags[$1]")}}),
              HasSubstr("holds no arguments"));
}

TEST(QueryBinder, LetsASubqueryReuseAVariableOfAnotherClass) {
  EXPECT_EQ(error_of("Shop",
                     "SUBQUERY(items, $x, SUBQUERY($x.parts, $x, $x.cost > 1).@count > 0).@count "
                     "> 0"),
            "");
  EXPECT_THAT(
      error_of("Kind", "SUBQUERY(back, $x, SUBQUERY($x.back, $x, $x.i > 1).@count > 0).@count > 0"),
      HasSubstr("is in use already"));
}

}  // namespace
}  // namespace tombolo::query
