#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "query/binder.h"
#include "query/evaluator.h"
#include "query/parser.h"
#include "query/printer.h"
#include "test/support/arbitrary_query.h"
#include "test/support/data_file.h"
#include "test/support/query_dataset.h"

namespace tombolo::query {
namespace {

test::QueryDataset& dataset() {
  static test::QueryDataset made(nlohmann::json::parse(test::read_data_file(
      std::filesystem::path(TOMBOLO_TEST_DATA) / "queries" / "queries_dataset.json")));
  return made;
}

const std::vector<Constant>& arguments() {
  static const std::vector<Constant> made{
      {Constant::Floating{3, false, ""}},
      {std::string("label")},
      {Constant::List{{std::int64_t{3}}, {std::string("Red")}, {}}},
      {},
      {ObjectHandle{0, 1}},
  };
  return made;
}

std::uint64_t any_seed() {
  return *rc::gen::noShrink(rc::gen::inRange<std::uint64_t>(0, std::uint64_t{1} << 40));
}

RC_GTEST_PROP(Query, TheCanonicalTextOfATreeParsesToTheSameTree, ()) {
  const Ast ast = test::ArbitraryQuery(any_seed()).query();

  const std::string text = print(ast);

  const Result<Ast> again = parse(text);
  if (!again) RC_FAIL(again.error().message());
  RC_ASSERT(print(*again) == text);
  RC_ASSERT(*again == ast);
}

std::size_t any_class() {
  return *rc::gen::inRange<std::size_t>(0, dataset().schema()->classes.size());
}
const std::string& name_of(std::size_t class_index) {
  return dataset().schema()->classes[class_index].name;
}

std::vector<ObjectHandle> find(const BoundQuery& query) {
  return evaluate(query, dataset(), dataset().objects(query.queried_class().name));
}

/// Most random queries have no meaning for a class: a case tries several.
constexpr int kAttempts = 50;

RC_GTEST_PROP(Query, AnyQueryThatBindsCanBeEvaluated, ()) {
  const std::size_t class_index = any_class();
  test::ArbitraryQuery random(any_seed(), *dataset().schema(), class_index);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const Ast ast = random.query();
    const auto bound = bind_query(ast, dataset().schema(), name_of(class_index), arguments());
    if (!bound) {
      RC_ASSERT(bound.error().message().find(" at column ") != std::string::npos);
      continue;
    }
    if ((*bound)->read_error) continue;

    const std::vector<ObjectHandle> found = find(**bound);

    // The canonical text finds the same.
    const auto again = compile(print(ast), dataset().schema(), name_of(class_index), arguments());
    RC_ASSERT(again.has_value());
    RC_ASSERT(find(**again) == found);
  }
}

/// What a predicate finds; nullopt: it has no meaning for the class.
std::optional<std::vector<ObjectHandle>> find_if_bound(const PredicateNode& predicate,
                                                       std::size_t class_index) {
  const auto bound =
      bind_query(Ast{predicate, {}, ""}, dataset().schema(), name_of(class_index), arguments());
  if (!bound || (*bound)->read_error) return std::nullopt;
  return find(**bound);
}

RC_GTEST_PROP(Query, NotIsTheComplementAndGroupsAreSetOperations, ()) {
  const std::size_t class_index = any_class();
  test::ArbitraryQuery random(any_seed(), *dataset().schema(), class_index);
  PredicateNode left{FixedNode{true}};
  std::vector<ObjectHandle> in_left = dataset().objects(name_of(class_index));
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const PredicateNode right = random.predicate(2);
    const auto in_right = find_if_bound(right, class_index);
    if (!in_right) continue;
    std::vector<ObjectHandle> complement;
    std::vector<ObjectHandle> intersection;
    std::vector<ObjectHandle> sum;
    for (const ObjectHandle object : dataset().objects(name_of(class_index))) {
      const bool a = std::ranges::find(in_left, object) != in_left.end();
      const bool b = std::ranges::find(*in_right, object) != in_right->end();
      if (!b) complement.push_back(object);
      if (a && b) intersection.push_back(object);
      if (a || b) sum.push_back(object);
    }

    RC_ASSERT(find_if_bound({NotNode{right}}, class_index).value() == complement);
    RC_ASSERT(find_if_bound({GroupNode{true, {left, right}}}, class_index).value() == intersection);
    RC_ASSERT(find_if_bound({GroupNode{false, {left, right}}}, class_index).value() == sum);
    left = right;
    in_left = *in_right;
  }
}

TEST(Query, ALongListFindsWhatItsElementsFind) {
  const auto find_text = [](std::string_view text) {
    return find(*compile(text, dataset().schema(), "Kind", {}).value());
  };
  const std::pair<std::string_view, std::vector<std::string_view>> lists[] = {
      {"i", {"5", "1", "-1", "7", "8", "9", "9007199254740993", "100", "0"}},
      {"d", {"5", "1", "-1", "7", "8", "9", "9007199254740992", "100", "0"}},
      {"s", {"'1'", "'two'", "''", "'I'", "'x'", "'y'", "'z'", "'q'", "'r'"}},
      {"mix", {"'1'", "'2.5'", "'c'", "'I'", "'x'", "'y'", "'z'", "'q'", "'r'"}}};
  for (const auto& [property, elements] : lists) {
    std::string list;
    std::string either;
    for (const std::string_view element : elements) {
      list.append(list.empty() ? "" : ", ").append(element);
      either.append(either.empty() ? "" : " OR ").append(property).append(" == ").append(element);
    }
    const std::string in = std::string(property) + " IN {" + list + "}";

    EXPECT_EQ(find_text(in), find_text(either)) << in;
    EXPECT_FALSE(find_text(in).empty()) << in;
  }
}

RC_GTEST_PROP(Query, TextsAreSortedByTheirBytesWithNullFirstAndEqualOnesInTheirOrder, ()) {
  using nlohmann::json;
  // Given texts that begin alike, some of them equal or null,
  const auto prefix = *rc::gen::element<std::string>("", "as long as eight ", "a");
  const auto ends = *rc::gen::container<std::vector<rc::Maybe<std::string>>>(rc::gen::maybe(
      rc::gen::element<std::string>("", "a", "aa", "b", "eight letters", "eight lettes")));
  json objects = json::array();
  std::vector<std::pair<std::optional<std::string>, std::int64_t>> expected;
  for (std::size_t i = 0; i < ends.size(); ++i) {
    std::optional<std::string> text;
    if (ends[i]) text = prefix + *ends[i];
    const auto id = static_cast<std::int64_t>(i);
    expected.emplace_back(text, id);
    objects.push_back(
        {{"class", "Item"},
         {"values",
          {{"id", {{"type", "int"}, {"value", std::to_string(id)}}},
           {"text", text ? json{{"type", "string"}, {"value", *text}} : json{{"type", "null"}}}}}});
  }
  test::QueryDataset items(
      {{"schema", json::parse(R"([{"name":"Item","primaryKey":"id","properties":[
          {"name":"id","type":"int"},{"name":"text","type":"string","optional":true}]}])")},
       {"objects", objects}});

  for (const bool ascending : {true, false}) {
    const auto query =
        compile(std::string("TRUEPREDICATE SORT(text ") + (ascending ? "ASC)" : "DESC)"),
                items.schema(),
                "Item",
                {})
            .value();

    const std::vector<ObjectHandle> sorted = evaluate(*query, items, items.objects("Item"));

    auto wanted = expected;
    std::ranges::stable_sort(wanted, [&](const auto& left, const auto& right) {
      return ascending ? left.first < right.first : right.first < left.first;
    });
    RC_ASSERT(sorted.size() == wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      RC_ASSERT(items.key_of(sorted[i]) == wanted[i].second);
    }
  }
}

}  // namespace
}  // namespace tombolo::query
