#include "store/query_execution.h"

#include <array>
#include <cstdint>
#include <deque>
#include <iterator>
#include <limits>
#include <memory>
#include <random>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "query/binder.h"
#include "query/evaluator.h"
#include "query/parser.h"
#include "query/printer.h"
#include "store/query_objects.h"
#include "test/support/arbitrary_query.h"
#include "test/support/query_dataset.h"
#include "test/support/store_realm.h"

namespace tombolo::store {
namespace {

using nlohmann::json;

/// One property of each scalar type, and what there is of links and collections.
const json kSchema = json::parse(R"([
{"name":"Item","primaryKey":"id","properties":[
  {"name":"id","type":"int"},{"name":"name","type":"string"},{"name":"label","type":"string","optional":true},
  {"name":"qty","type":"int"},{"name":"n","type":"int","optional":true},{"name":"price","type":"double","optional":true},
  {"name":"f","type":"float"},{"name":"m","type":"decimal128","optional":true},{"name":"active","type":"bool"},
  {"name":"made","type":"date","optional":true},{"name":"ref","type":"objectId","optional":true},
  {"name":"u","type":"uuid"},{"name":"raw","type":"data","optional":true},
  {"name":"shop","type":"object","objectType":"Shop","optional":true},
  {"name":"parts","type":"list","objectType":"Item"},
  {"name":"tags","type":"list","objectType":"string"},{"name":"scores","type":"list","objectType":"int","optional":true},
  {"name":"bag","type":"set","objectType":"int"},{"name":"attrs","type":"dictionary","objectType":"mixed","optional":true},
  {"name":"extra","type":"mixed","optional":true},{"name":"notes","type":"string","optional":true,"indexed":"full-text"},
  {"name":"spot","type":"object","objectType":"Spot","optional":true}]},
{"name":"Spot","embedded":true,"properties":[{"name":"n","type":"int"},{"name":"word","type":"string"}]},
{"name":"Shop","primaryKey":"id","properties":[
  {"name":"id","type":"int"},{"name":"city","type":"string"},{"name":"rating","type":"int","optional":true}]}])");

constexpr std::int64_t kShops = 7;

/// Random objects, as a dataset describes them. Some links lead to objects that are not there.
class RandomData {
 public:
  explicit RandomData(std::uint64_t seed) : random_(seed) {}

  json make(std::int64_t items) {
    json objects = json::array();
    for (std::int64_t id = 0; id < kShops; ++id) {
      objects.push_back(
          {{"class", "Shop"},
           {"values",
            {{"id", integer(id)}, {"city", text()}, {"rating", maybe(integer(below(5)))}}}});
    }
    for (std::int64_t id = 0; id < items; ++id) {
      if (below(10) == 0) continue;
      objects.push_back({{"class", "Item"}, {"values", item(id, items)}});
    }
    return {{"schema", kSchema}, {"objects", objects}};
  }

 private:
  std::int64_t below(std::int64_t bound) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(bound));
  }
  static json typed(const char* type, json value) { return {{"type", type}, {"value", value}}; }
  static json integer(std::int64_t value) { return typed("int", std::to_string(value)); }
  json maybe(json value) { return below(4) == 0 ? json{{"type", "null"}} : value; }
  json text() {
    constexpr const char* kTexts[] = {"",
                                      "a",
                                      "red",
                                      "Red",
                                      "Grøn",
                                      "Oslo",
                                      "a?b",
                                      "a\\b",
                                      "5",
                                      "as long as a word",
                                      "as long as a word is",
                                      "as long as a wor"};
    return typed("string", kTexts[below(std::ssize(kTexts))]);
  }
  json any_integer() {
    constexpr std::int64_t kInts[] = {-4, 0, 1, 3, 42, 300, INT64_MIN, INT64_MAX};
    return integer(kInts[below(std::ssize(kInts))]);
  }
  json real() {
    const json kReals[] = {0, "-0", 1, 2.5, -1.5, "NaN", "Infinity"};
    return kReals[below(std::ssize(kReals))];
  }
  json link(const char* table, std::int64_t key) {
    return {{"type", "link"}, {"table", table}, {"object", integer(key)}};
  }
  template <typename Make>
  json list(Make&& make) {
    json items = json::array();
    for (std::int64_t count = below(4); count > 0; --count) items.push_back(make());
    return {{"type", "list"}, {"items", items}};
  }
  json decimal() {
    constexpr const char* kDecimals[] = {"1.50", "0", "NaN", "-Infinity", "42", "0.1"};
    return typed("decimal", kDecimals[below(std::ssize(kDecimals))]);
  }
  json any(std::int64_t items, bool may_nest) {
    switch (below(may_nest ? 12 : 10)) {
      case 0: return {{"type", "null"}};
      case 1: return any_integer();
      case 2: return typed("double", real());
      case 3: return typed("float", real());
      case 4: return decimal();
      case 5: return typed("bool", below(2) == 0);
      case 6: return typed("binary", "616263");
      case 7: return link("Item", below(items));
      case 8: return {{"type", "timestamp"}, {"seconds", "1588291200"}, {"nanoseconds", below(3)}};
      case 9: return text();
      case 10: return list([&] { return any(items, false); });
      default: return dictionary(items);
    }
  }
  json dictionary(std::int64_t items) {
    json entries = json::object();
    for (const char* key : {"color", "one", "size"}) {
      if (below(2) == 0) entries[key] = any(items, false);
    }
    return {{"type", "dictionary"}, {"items", entries}};
  }
  json set() {
    json members = json::array();
    for (const std::int64_t number : {-4, 0, 3, 42}) {
      if (below(2) == 0) members.push_back(integer(number));
    }
    return {{"type", "set"}, {"items", members}};
  }
  json words() {
    constexpr const char* kWords[] = {
        "red", "Red!", "café", "bike", "Bikes", "a", "Donaudampfschifffahrt", "Donaudampfschiff"};
    std::string words;
    for (std::int64_t count = below(4); count > 0; --count) {
      words += std::string(kWords[below(std::ssize(kWords))]) + " ";
    }
    return typed("string", words);
  }
  json spot() { return {{"type", "object"}, {"values", {{"n", any_integer()}, {"word", text()}}}}; }
  json item(std::int64_t id, std::int64_t items) {
    constexpr const char* kIds[] = {"010203000000000000000000", "64a000000000000000000001"};
    constexpr const char* kUuids[] = {"09080100000000000000000000000000",
                                      "ffffffffffff4fffbfffffffffffffff"};
    return {{"id", integer(id)},
            {"name", text()},
            {"label", maybe(text())},
            {"qty", any_integer()},
            {"n", maybe(any_integer())},
            {"price", maybe(typed("double", real()))},
            {"f", typed("float", real())},
            {"m", maybe(decimal())},
            {"active", typed("bool", below(2) == 0)},
            {"made",
             maybe({{"type", "timestamp"},
                    {"seconds", std::to_string(1'588'291'200 * below(2))},
                    {"nanoseconds", below(3)}})},
            {"ref", maybe(typed("objectid", kIds[below(2)]))},
            {"u", typed("uuid", kUuids[below(2)])},
            {"raw", maybe(typed("binary", below(2) == 0 ? "616263" : ""))},
            {"shop", maybe(link("Shop", below(kShops + 2)))},
            {"parts", list([&] { return link("Item", below(items)); })},
            {"tags", list([&] { return text(); })},
            {"scores", list([&] { return maybe(any_integer()); })},
            {"bag", set()},
            {"attrs", dictionary(items)},
            {"extra", any(items, true)},
            {"notes", maybe(words())},
            {"spot", maybe(spot())}};
  }

  std::mt19937_64 random_;
};

/// In an encrypted file all have indexes too, of values that are hidden there.
enum class Form { kPlain, kIndexed, kEncrypted };

/// The same objects in the store. What is linked to and not there becomes a tombstone.
class StoredData {
 public:
  StoredData(const json& description, Form form)
      : dataset_(description),
        file_(form == Form::kEncrypted ? std::optional(test::encryption_key(1)) : std::nullopt) {
    Schema schema;
    for (const query::QueryClass& made : dataset_.schema()->classes) {
      ClassSchema& added = schema.classes.emplace_back();
      added.name = made.name;
      added.primary_key = made.primary_key;
      added.kind = made.kind;
      for (const query::QueryProperty& property : made.properties) {
        const bool is_link = property.type == PropertyType::kLink;
        added.properties.push_back(
            {property.name,
             property.type,
             property.collection,
             is_link ? property.collection == CollectionType::kSingle : property.nullable,
             is_link ? dataset_.schema()->classes[*property.target].name : "",
             form == Form::kPlain ? IndexType::kNone : index_of(property)});
      }
    }
    WriteTransaction write = file_.environment().begin_write();
    write.realm().add_schema(schema);
    for (const json& object : description["objects"]) {
      const ClassInfo& owner = find_class(write.realm(), object["class"]);
      write.realm().create(owner.id, key_of(object["values"]["id"]));
    }
    for (const json& object : description["objects"]) {
      const ClassInfo& owner = find_class(write.realm(), object["class"]);
      const json& values = object["values"];
      fill(write.realm(), {owner.id, *write.realm().find(owner.id, key_of(values["id"]))}, values);
    }
    for (const ObjectRef& object : missing_) write.realm().invalidate(object);
    write.commit();
  }

  [[nodiscard]] test::QueryDataset& dataset() { return dataset_; }
  [[nodiscard]] ReadTransaction read() { return file_.environment().begin_read(); }

  /// The names of the store; those that are searched for words are, whether indexed or not.
  [[nodiscard]] static std::shared_ptr<const query::QuerySchema> query_schema(
      const RealmReader& realm) {
    auto schema = std::make_shared<query::QuerySchema>(make_query_schema(realm.catalog()));
    for (query::QueryProperty& property : schema->classes[0].properties) {
      property.has_full_text_index = property.name == "notes";
    }
    return schema;
  }

 private:
  static IndexType index_of(const query::QueryProperty& property) {
    if (property.has_full_text_index) return IndexType::kFullText;
    return supports_index(property.type, property.collection, IndexType::kGeneral)
               ? IndexType::kGeneral
               : IndexType::kNone;
  }
  static const ClassInfo& find_class(const RealmReader& realm, const json& name) {
    return *realm.catalog().find_class(name.get<std::string>());
  }
  static ObjectKey key_of(const json& typed) {
    return ObjectKey::of_int(std::stoll(typed["value"].get<std::string>()));
  }

  void fill(RealmWriter& realm, ObjectRef object, const json& values) {
    const ClassInfo& owner = *realm.catalog().find_class(object.class_id);
    for (const PropertyInfo& property : owner.properties) {
      if (property.id == owner.primary_key) continue;
      const json& value = values[property.name];
      const SlotRef slot{object.class_id, object.row, property.id};
      if (property.is_collection()) {
        fill(realm, CollectionRef(slot), value);
      } else if (value["type"] == "list" || value["type"] == "dictionary") {
        const Value made =
            realm.set(object,
                      property.id,
                      value["type"] == "list" ? NewContent::kList : NewContent::kDictionary);
        fill(realm, CollectionRef(slot, made.as_collection()), value);
      } else if (value["type"] == "object") {
        const Value made = realm.set(object, property.id, NewContent::kObject);
        fill(realm, made.as_link(), value["values"]);
      } else {
        realm.set(object, property.id, make_value(realm, value));
      }
    }
  }

  void fill(RealmWriter& realm, const CollectionRef& collection, const json& value) {
    std::uint32_t position = 0;
    for (const auto& [key, element] : value["items"].items()) {
      const Value made = make_value(realm, element);
      if (value["type"] == "list") {
        realm.list_insert(collection, position++, made);
      } else if (value["type"] == "set") {
        (void)realm.set_insert(collection, made);
      } else {
        realm.dictionary_set(collection, key, made);
      }
    }
  }

  Value make_value(RealmWriter& realm, const json& typed) {
    if (typed["type"] == "link") {
      const ClassInfo& target = find_class(realm, typed["table"]);
      const Created linked = realm.create(target.id, key_of(typed["object"]));
      if (linked.is_new) missing_.push_back({target.id, linked.row});
      return Value::of_link({target.id, linked.row});
    }
    const query::Constant& constant = constants_.emplace_back(dataset_.argument(typed));
    if (constant.is_null()) return Value::null();
    if (const auto* value = constant.as<bool>()) return Value::of_bool(*value);
    if (const auto* value = constant.as<std::int64_t>()) return Value::of_int(*value);
    if (const auto* value = constant.as<query::Constant::Floating>()) {
      return value->is_single ? Value::of_float(static_cast<float>(value->value))
                              : Value::of_double(value->value);
    }
    if (const auto* value = constant.as<std::string>()) return Value::of_string(*value);
    if (const auto* value = constant.as<query::Constant::Binary>()) {
      return Value::of_binary(as_bytes(value->bytes));
    }
    if (const auto* value = constant.as<Timestamp>()) return Value::of_timestamp(*value);
    if (const auto* value = constant.as<Decimal128>()) return Value::of_decimal(*value);
    if (const auto* value = constant.as<ObjectId>()) return Value::of_object_id(*value);
    return Value::of_uuid(*constant.as<Uuid>());
  }

  test::QueryDataset dataset_;
  test::StoreRealm file_;
  std::deque<query::Constant> constants_;
  std::vector<ObjectRef> missing_;
};

StoredData& data(std::size_t which, Form form) {
  static std::array<std::unique_ptr<StoredData>, 9> all;
  constexpr std::int64_t kItems[] = {20, 300, 900};  // within a block, and several
  auto& made = all[which * 3 + static_cast<std::size_t>(form)];
  if (!made) made = std::make_unique<StoredData>(RandomData(which).make(kItems[which]), form);
  return *made;
}

/// Asks the store in each form, and a naive evaluation of the same objects.
class AllAnswers {
 public:
  explicit AllAnswers(std::size_t which) : dataset_(data(which, Form::kPlain).dataset()) {
    for (const Form form : {Form::kPlain, Form::kIndexed, Form::kEncrypted}) {
      ReadTransaction read = data(which, form).read();
      auto schema = StoredData::query_schema(read.realm());
      asked_.push_back({std::move(read), std::move(schema)});
    }
  }

  [[nodiscard]] const query::QuerySchema& memory_schema() { return *dataset_.schema(); }

  /// Whether the query could be bound, and used an index.
  bool check(const query::Ast& ast, const std::vector<query::Constant>& arguments) {
    const auto expected_query = query::bind_query(ast, dataset_.schema(), "Item", arguments);
    json expected;
    bool uses_index = false;
    for (Asked& asked : asked_) {
      const auto query = query::bind_query(ast, asked.schema, "Item", arguments);
      RC_ASSERT(expected_query.has_value() == query.has_value());
      if (!query || (*query)->read_error) return false;
      if (expected.is_null()) expected = evaluate(**expected_query);
      uses_index |= require(ast, asked.read.realm(), *query, expected);
    }
    return uses_index;
  }

 private:
  struct Asked {
    ReadTransaction read;
    std::shared_ptr<const query::QuerySchema> schema;
  };

  [[nodiscard]] json evaluate(const query::BoundQuery& query) {
    json keys = json::array();
    for (const auto object : query::evaluate(query, dataset_, dataset_.objects("Item"))) {
      keys.push_back(dataset_.key_of(object));
    }
    return keys;
  }

  /// Whether an index was used.
  static bool require(const query::Ast& ast,
                      const RealmReader& realm,
                      const std::shared_ptr<const query::BoundQuery>& query,
                      const json& expected) {
    const ClassId item = realm.catalog().find_class("Item")->id;
    const std::vector<RowId> found = find_matching(realm, item, {&query, 1}).to_vector();
    const std::string steps = explain(realm, item, {&query, 1});
    json keys = json::array();
    for (const RowId row : found) keys.push_back(realm.key_of({item, row}).as_int());
    if (keys != expected) {
      RC_FAIL(query::print(ast) + " found " + keys.dump() + ", expected " + expected.dump() +
              " by\n" + steps);
    }
    RC_ASSERT(count_matching(realm, item, {&query, 1}) == found.size());
    return steps.find("in the index of") != std::string::npos;
  }

  test::QueryDataset& dataset_;
  std::vector<Asked> asked_;
};

RC_GTEST_PROP(StoreQuery, FindsInColumnsWhatANaiveEvaluationOfTheSameObjectsFinds, ()) {
  AllAnswers comparison(*rc::gen::inRange<std::size_t>(0, 3));
  const std::vector<query::Constant> arguments{{std::int64_t{3}}, {std::string("label")}};
  test::ArbitraryQuery random(
      *rc::gen::noShrink(rc::gen::inRange<std::uint64_t>(0, std::uint64_t{1} << 40)),
      comparison.memory_schema(),
      0);

  // Several queries a case: most do not bind.
  for (int attempt = 0; attempt < 50; ++attempt) comparison.check(random.query(), arguments);
}

/// Conditions that an index may serve, with values that are there and such that are near.
class IndexQueries {
 public:
  explicit IndexQueries(std::uint64_t seed) : random_(seed) {}

  [[nodiscard]] static const std::vector<query::Constant>& arguments() {
    using query::Constant;
    const auto real = [](double value, bool is_single) {
      return Constant{Constant::Floating{value, is_single, ""}};
    };
    static const std::vector<Constant> all{{std::int64_t{3}},
                                           {std::int64_t{42}},
                                           {std::int64_t{INT64_MIN}},
                                           {std::string("red")},
                                           {std::string("as long as a word")},
                                           {std::string("")},
                                           {true},
                                           {false},
                                           {Timestamp{1'588'291'200, 1}},
                                           {Timestamp{0, 0}},
                                           {parse_object_id("64a000000000000000000001").value()},
                                           {Uuid{{9, 8, 1}}},
                                           {},
                                           real(2.5, false),
                                           real(0.1, true),
                                           {parse_decimal128("0.1").value()},
                                           real(std::numeric_limits<double>::quiet_NaN(), false),
                                           {Constant::Binary{"abc"}},
                                           {std::string("as long as a wor")},
                                           {std::int64_t{INT64_MAX}}};
    return all;
  }
  [[nodiscard]] std::string text() {
    std::string query = condition();
    for (std::size_t more = below(3); more > 0; --more) {
      query =
          below(2) == 0 ? query + " AND " + condition() : "(" + query + " OR " + condition() + ")";
    }
    return query;
  }

 private:
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(random_() % bound); }
  std::string argument() { return "$" + std::to_string(below(arguments().size())); }
  std::string condition() {
    constexpr const char* kProperties[] = {
        "id", "name", "label", "qty", "n", "active", "made", "ref", "u", "extra"};
    constexpr const char* kOperators[] = {
        " == ", " == ", " < ", " <= ", " > ", " >= ", " BEGINSWITH ", " != "};
    constexpr const char* kWords[] = {"red",
                                      "bi*",
                                      "red -bike",
                                      "cafe bike",
                                      "-red",
                                      "a b*",
                                      "donaudampfschifffahrt",
                                      "donaudampfschiff* -a",
                                      "!"};
    const std::string property = kProperties[below(std::size(kProperties))];
    switch (below(6)) {
      case 0: {
        std::string list = argument();
        for (std::size_t more = below(3); more > 0; --more) list += ", " + argument();
        return property + " IN {" + list + "}";
      }
      case 1: return "notes TEXT '" + std::string(kWords[below(std::size(kWords))]) + "'";
      case 2: return property + " BETWEEN {" + argument() + ", " + argument() + "}";
      default: return property + kOperators[below(std::size(kOperators))] + argument();
    }
  }

  std::mt19937_64 random_;
};

RC_GTEST_PROP(StoreQuery, FindsByIndexesWhatAWalkOverTheSameObjectsFinds, ()) {
  AllAnswers comparison(*rc::gen::inRange<std::size_t>(0, 3));
  IndexQueries random(
      *rc::gen::noShrink(rc::gen::inRange<std::uint64_t>(0, std::uint64_t{1} << 40)));
  int used = 0;

  for (int attempt = 0; attempt < 100; ++attempt) {
    const auto ast = query::parse(random.text());
    RC_ASSERT(ast.has_value());
    if (comparison.check(*ast, IndexQueries::arguments())) ++used;
  }

  RC_ASSERT(used > 0);
}

std::string explain_text(std::string_view text, Form form = Form::kPlain) {
  ReadTransaction read = data(0, form).read();
  const RealmReader& realm = read.realm();
  const auto query = query::compile(text, StoredData::query_schema(realm), "Item", {}).value();
  return explain(realm, realm.catalog().find_class("Item")->id, {&query, 1});
}

TEST(StoreQuery, ExplainSaysWhatRunsOverColumnsAndWhatIsAskedOfObjects) {
  EXPECT_EQ(explain_text("TRUEPREDICATE LIMIT(3)"),
            "take all objects of 'Item'\n"
            "keep the first 3\n");
  EXPECT_EQ(explain_text("id == 3 AND qty > 1"),
            "look up 'Item' by its primary key 'id' and ask the object found\n");
  EXPECT_EQ(explain_text("shop.city == 'Oslo' AND name CONTAINS 'x' AND qty == 3 SORT(qty ASC)"),
            "walk 'Item' block by block:\n"
            "  all of, in this order:\n"
            "    scan the column 'qty' (int)\n"
            "    scan the column 'name' (string)\n"
            "    ask each object that is left, at cost 120\n"
            "sort by 1 key\n");
}

TEST(StoreQuery, ExplainSaysWhichIndexLeadsToTheObjects) {
  EXPECT_EQ(explain_text("qty == 300 AND name CONTAINS 'x' LIMIT(1)", Form::kIndexed),
            "look up 1 object of 'Item' in the index of 'qty'\n"
            "ask each of them, at cost 80\n"
            "keep the first 1\n");
  EXPECT_EQ(explain_text("qty >= 42 AND qty < 100 OR notes TEXT 'bike'", Form::kIndexed),
            "look up 2 objects of 'Item' in the index of 'qty', 'notes'\n");
  EXPECT_EQ(explain_text("id IN {3, 5, 77}", Form::kPlain),
            "look up 2 objects of 'Item' in the index of 'id'\n");
  // Where values are hidden those that are equal are found, and ranges are not.
  EXPECT_EQ(explain_text("qty == 300 AND name CONTAINS 'x'", Form::kEncrypted),
            "look up 1 object of 'Item' in the index of 'qty'\n"
            "ask each of them, at cost 80\n");
  EXPECT_EQ(explain_text("qty >= 42", Form::kEncrypted),
            "walk 'Item' block by block:\n"
            "  scan the column 'qty' (int)\n");
}

TEST(StoreQuery, ContainsFindsNothingThatBeginsInOneTextAndEndsInTheNext) {
  test::StoreRealm file;
  WriteTransaction write = file.environment().begin_write();
  write.realm().add_schema(
      {{{.name = "Item",
         .primary_key = "_id",
         .properties = {{.name = "_id", .type = PropertyType::kInt},
                        {.name = "name", .type = PropertyType::kString, .nullable = true}}}}});
  const ClassInfo& item = *write.realm().catalog().find_class("Item");
  const std::vector<std::string> names{
      "ab", "abc", "", "cab", std::string(5000, 'x') + "abc", "bc"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    const RowId row =
        write.realm().create(item.id, ObjectKey::of_int(static_cast<std::int64_t>(i))).row;
    write.realm().set({item.id, row}, item.find_property("name")->id, Value::of_string(names[i]));
  }
  (void)write.realm().create(item.id, ObjectKey::of_int(100));  // Its name is null.
  write.commit();
  ReadTransaction read = file.environment().begin_read();
  const auto count = [&](std::string_view text) {
    const auto query =
        query::compile(
            text,
            std::make_shared<const query::QuerySchema>(make_query_schema(read.realm().catalog())),
            "Item",
            {})
            .value();
    return count_matching(read.realm(), read.realm().catalog().find_class("Item")->id, {&query, 1});
  };

  EXPECT_EQ(count("name CONTAINS 'abc'"), 2U);
  EXPECT_EQ(count("name CONTAINS 'ab'"), 4U);
  EXPECT_EQ(count("name CONTAINS 'bca'"), 0U);
  EXPECT_EQ(count("name CONTAINS 'c'"), 4U);
  EXPECT_EQ(count("name CONTAINS ''"), 6U);
  EXPECT_EQ(count("NOT name CONTAINS 'ab'"), 3U);
  EXPECT_EQ(count("_id == 4 OR (name CONTAINS 'abc' AND _id > 3)"), 1U);
}

}  // namespace
}  // namespace tombolo::store
