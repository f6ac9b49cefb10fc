#include "query/parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query/printer.h"

namespace tombolo::query {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string canonical(std::string_view text) {
  return print(parse(text).value());
}

TEST(QueryParser, SaysWhatWasExpectedAndInWhichColumn) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", "expected a value or a property, found the end at column 1"},
      {"qty = = 3", "found '=' at column 7"},
      {"größe == 3 LIMIT(-1)", "expected a number of objects, found '-1' at column 18"},
      {"TRUEPREDICATE SORT(qty)", "expected ASC or DESC, found ')' at column 23"},
      {"qty IN {1, qty}", "expected a constant, found 'qty' at column 12"},
      {"qty -1 == 2", "expected a comparison operator, found '-1' at column 5"},
      {"a..b == 1", "expected a property, found '.' at column 3"},
      {"name == 'x", "the string does not end at column 9"},
      {"name == '\\%'", "a backslash in a string is followed by one of"},
      {"qty == 08", "begins with 0 and is no octal number"},
      {"SUBQUERY(p, $p, TRUEPREDICATE) > 0", "expected '.@count' or '.@size', found '>'"},
      {"(a == 1", "expected ')', found the end at column 8"},
      {"ANY 5 == a", "expected a property, a list or an argument, found '5' at column 5"},
      {"(a == 1) + 2 == 3", "expected a value, found a predicate at column 1"},
      {"a == 1 §", "found '§' at column 8"},
  };
  for (const auto& [text, expected] : cases) {
    const Result<Ast> parsed = parse(text);

    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(parsed.error().message(),
                StartsWith("Invalid predicate: '" + std::string(text) + "': "));
    EXPECT_THAT(parsed.error().message(), HasSubstr(expected));
  }
}

TEST(QueryParser, BindsNotTighterThanAndTighterThanOr) {
  EXPECT_EQ(canonical("NOT a == 1 && b == 2 OR c == 3"), "(!(a == 1) and b == 2 or c == 3)");
  EXPECT_EQ(canonical("a == 1 AND (b == 2 || (c == 3 or d == 4))"),
            "a == 1 and (b == 2 or c == 3 or d == 4)");
  EXPECT_EQ(canonical("(i + 1) > j * 2 - 3"), "(i + 1) > ((j * 2) - 3)");
}

TEST(QueryPrinter, WritesArgumentsInTheirPlaces) {
  const auto query = parse("a[$1] == $0 && b IN $2 && c == $3").value();
  const Constant arguments[] = {
      {std::int64_t{1}}, {std::string("key")}, {Constant::List{{true}, {Constant::Null{}}}}};

  EXPECT_EQ(print(query, arguments), "a[\"key\"] == 1 and b IN {true, NULL} and c == $3");
}

TEST(QueryParser, WritesConstantsInOneForm) {
  EXPECT_EQ(canonical("a == nil && b == TRUE && c =[c] 'x'"),
            "a == NULL and b == true and c ==[c] \"x\"");
  EXPECT_EQ(canonical("s == 'it\"s'"), "s == B64\"aXQicw==\"");
  EXPECT_EQ(canonical("a == 0x2A && b == 010 && c == 99999999999999999999"),
            "a == 42 and b == 8 and c == 9223372036854775807");
  EXPECT_EQ(canonical("t == 2021-01-15@12:30:00 && u == 1969-12-31T23:59:58:5"),
            "t == T1610713800:0 and u == T-2:-5");
  EXPECT_EQ(canonical("t == 2019-12-31@11:59:60"), "t == T1577793600:0");
  EXPECT_EQ(canonical("t == 9999-12-31@23:59:59"), "t == T253402300799:0");
  EXPECT_EQ(canonical("x == bin('abc') and o == oid(64A000000000000000000001)"),
            "x == binary(\"abc\") and o == oid(64a000000000000000000001)");
}

TEST(QueryParser, TakesKeywordsAsNamesWhereTheyAreNoKeywords) {
  EXPECT_EQ(canonical("limit == 1 and in == 2 and size == 3 LIMIT(4)"),
            "limit == 1 and in == 2 and size == 3 LIMIT(4)");
  EXPECT_EQ(canonical("a.text.last[LAST] == $x.first"), "a.text.last[LAST] == $x.first");
  EXPECT_FALSE(parse("any == 1"));
  EXPECT_TRUE(parse("trueish == 1"));
  EXPECT_TRUE(parse("no\\ t == 1"));
}

TEST(QueryParser, ReadsLongChainsWithoutNesting) {
  std::string text = "a == 0";
  for (int i = 0; i < 100'000; ++i) text += " OR a == 1 + 1";

  const Ast ast = parse(text).value();

  ASSERT_NE(ast.predicate.as<GroupNode>(), nullptr);
  EXPECT_EQ(ast.predicate.as<GroupNode>()->operands.size(), 100'001U);
}

TEST(QueryParser, RefusesWhatIsTooDeepOrTooLong) {
  for (const std::string_view nested : {"(", "NOT ", "SUBQUERY(p, $p, ", "!("}) {
    std::string text;
    for (int i = 0; i < 100'000; ++i) text += nested;

    const Result<Ast> parsed = parse(text);

    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().code(), ErrorCode::kLimitExceeded) << parsed.error().message();
  }
  EXPECT_EQ(parse(std::string(kQueryBytesMax + 1, ' ')).error().code(), ErrorCode::kLimitExceeded);
  std::string path = "a";
  for (int i = 0; i < 100; ++i) path += ".a";
  EXPECT_EQ(parse(path + " == 1").error().code(), ErrorCode::kLimitExceeded);
}

TEST(QueryParser, ReadsAsDeepAsItSays) {
  std::string text;
  for (std::size_t i = 0; i < kQueryDepthMax; ++i) text += "(";
  text += "a == 1";
  for (std::size_t i = 0; i < kQueryDepthMax; ++i) text += ")";

  EXPECT_EQ(canonical(text), "a == 1");
}

}  // namespace
}  // namespace tombolo::query
