#include "store/query_execution.h"

#include <array>
#include <cstdint>
#include <deque>
#include <iterator>
#include <memory>
#include <random>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "query/binder.h"
#include "query/evaluator.h"
#include "query/printer.h"
#include "store/query_objects.h"
#include "test/support/arbitrary_query.h"
#include "test/support/query_dataset.h"
#include "test/support/store_realm.h"

namespace tombolo::store {
namespace {

using nlohmann::json;

/// One property of each scalar type, and what there is of links and lists.
const json kSchema = json::parse(R"([
{"name":"Item","primaryKey":"id","properties":[
  {"name":"id","type":"int"},{"name":"name","type":"string"},{"name":"label","type":"string","optional":true},
  {"name":"qty","type":"int"},{"name":"n","type":"int","optional":true},{"name":"price","type":"double","optional":true},
  {"name":"f","type":"float"},{"name":"m","type":"decimal128","optional":true},{"name":"active","type":"bool"},
  {"name":"made","type":"date","optional":true},{"name":"ref","type":"objectId","optional":true},
  {"name":"u","type":"uuid"},{"name":"raw","type":"data","optional":true},
  {"name":"shop","type":"object","objectType":"Shop","optional":true},
  {"name":"parts","type":"list","objectType":"Item"},
  {"name":"tags","type":"list","objectType":"string"},{"name":"scores","type":"list","objectType":"int","optional":true}]},
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
    constexpr const char* kTexts[] = {"", "a", "red", "Red", "Grøn", "Oslo", "a?b", "a\\b", "5"};
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
  json item(std::int64_t id, std::int64_t items) {
    constexpr const char* kDecimals[] = {"1.50", "0", "NaN", "-Infinity", "42"};
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
            {"m", maybe(typed("decimal", kDecimals[below(5)]))},
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
            {"scores", list([&] { return maybe(any_integer()); })}};
  }

  std::mt19937_64 random_;
};

/// The same objects in the store. What is linked to and not there becomes a tombstone.
class StoredData {
 public:
  explicit StoredData(const json& description) : dataset_(description) {
    Schema schema;
    for (const query::QueryClass& made : dataset_.schema()->classes) {
      ClassSchema& added = schema.classes.emplace_back();
      added.name = made.name;
      added.primary_key = made.primary_key;
      for (const query::QueryProperty& property : made.properties) {
        const bool is_link = property.type == PropertyType::kLink;
        added.properties.push_back(
            {property.name,
             property.type,
             property.collection,
             is_link ? property.collection == CollectionType::kSingle : property.nullable,
             is_link ? dataset_.schema()->classes[*property.target].name : ""});
      }
    }
    WriteTransaction write = file_.environment().begin_write();
    write.realm().add_schema(schema);
    for (const json& object : description["objects"]) {
      const ClassInfo& owner = find_class(write.realm(), object["class"]);
      write.realm().create(owner.id, key_of(object["values"]["id"]));
    }
    for (const json& object : description["objects"]) fill(write.realm(), object);
    for (const ObjectRef& object : missing_) write.realm().invalidate(object);
    write.commit();
  }

  [[nodiscard]] test::QueryDataset& dataset() { return dataset_; }
  [[nodiscard]] ReadTransaction read() { return file_.environment().begin_read(); }

 private:
  static const ClassInfo& find_class(const RealmReader& realm, const json& name) {
    return *realm.catalog().find_class(name.get<std::string>());
  }
  static ObjectKey key_of(const json& typed) {
    return ObjectKey::of_int(std::stoll(typed["value"].get<std::string>()));
  }

  void fill(RealmWriter& realm, const json& object) {
    const ClassInfo& owner = find_class(realm, object["class"]);
    const ObjectRef ref{owner.id, *realm.find(owner.id, key_of(object["values"]["id"]))};
    for (const PropertyInfo& property : owner.properties) {
      if (property.id == *owner.primary_key) continue;
      const json& value = object["values"][property.name];
      if (!property.is_collection()) {
        realm.set(ref, property.id, make_value(realm, value));
        continue;
      }
      std::uint32_t position = 0;
      for (const json& element : value["items"]) {
        realm.list_insert(
            {ref.class_id, ref.row, property.id}, position++, make_value(realm, element));
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

StoredData& data(std::size_t which) {
  static std::array<std::unique_ptr<StoredData>, 3> all;
  constexpr std::int64_t kItems[] = {20, 300, 900};  // within a block, and several
  if (!all[which]) all[which] = std::make_unique<StoredData>(RandomData(which).make(kItems[which]));
  return *all[which];
}

RC_GTEST_PROP(StoreQuery, FindsInColumnsWhatANaiveEvaluationOfTheSameObjectsFinds, ()) {
  StoredData& stored = data(*rc::gen::inRange<std::size_t>(0, 3));
  const query::QuerySchema& memory_schema = *stored.dataset().schema();
  const std::vector<query::Constant> arguments{{std::int64_t{3}}, {std::string("label")}};
  ReadTransaction read = stored.read();
  const RealmReader& realm = read.realm();
  const auto schema =
      std::make_shared<const query::QuerySchema>(make_query_schema(realm.catalog()));
  const ClassId item = realm.catalog().find_class("Item")->id;
  test::ArbitraryQuery random(
      *rc::gen::noShrink(rc::gen::inRange<std::uint64_t>(0, std::uint64_t{1} << 40)),
      memory_schema,
      0);

  // Several queries a case: most do not bind.
  for (int attempt = 0; attempt < 50; ++attempt) {
    const query::Ast ast = random.query();
    const auto expected_query =
        query::bind_query(ast, stored.dataset().schema(), "Item", arguments);
    const auto query = query::bind_query(ast, schema, "Item", arguments);
    RC_ASSERT(expected_query.has_value() == query.has_value());
    if (!query || (*query)->read_error) continue;

    const std::vector<RowId> found = find_matching(realm, item, {&*query, 1});

    json keys = json::array();
    for (const RowId row : found) {
      keys.push_back(realm.key_of({item, row}).as_int());
    }
    json expected = json::array();
    for (const auto object :
         query::evaluate(**expected_query, stored.dataset(), stored.dataset().objects("Item"))) {
      expected.push_back(stored.dataset().key_of(object));
    }
    if (keys != expected) {
      RC_FAIL(query::print(ast) + " found " + keys.dump() + ", expected " + expected.dump());
    }
    RC_ASSERT(count_matching(realm, item, {&*query, 1}) == found.size());
  }
}

std::string explain_text(std::string_view text) {
  ReadTransaction read = data(0).read();
  const RealmReader& realm = read.realm();
  const auto schema =
      std::make_shared<const query::QuerySchema>(make_query_schema(realm.catalog()));
  const auto query = query::compile(text, schema, "Item", {}).value();
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

}  // namespace
}  // namespace tombolo::store
