#include "test/support/item_file.h"

#include "test/support/random_edits.h"

namespace tombolo::test {

using store::ClassId;
using store::ObjectKey;
using store::ObjectRef;
using store::PropertyId;
using store::RealmReader;
using store::RealmWriter;
using store::SlotRef;
using store::Value;

ItemFile::ItemFile(std::uint64_t ident)
    : environment_(store::Environment::open(directory_.file("realm"),
                                            {.durability = store::Durability::kDeferred})) {
  auto transaction = environment_->begin_write();
  transaction.realm().add_schema(schema());
  if (ident != 0) transaction.realm().set_file_ident(ClientFileIdent(ident));
  transaction.commit();
}

Schema ItemFile::schema() {
  const auto item_link = [](const char* name, CollectionType collection) {
    return Property{.name = name,
                    .type = PropertyType::kLink,
                    .collection = collection,
                    .nullable = collection == CollectionType::kSingle,
                    .target = "Item"};
  };
  const auto part = [](const char* name, CollectionType collection) {
    return Property{.name = name,
                    .type = PropertyType::kLink,
                    .collection = collection,
                    .nullable = collection != CollectionType::kList,
                    .target = "Part"};
  };
  const Property any{.name = "any", .type = PropertyType::kMixed, .nullable = true};
  ClassSchema item{.name = "Item", .primary_key = "_id", .properties = {{.name = "_id"}}};
  item.properties.push_back({.name = "count"});
  item.properties.push_back({.name = "maybe", .nullable = true});
  item.properties.push_back({.name = "text", .type = PropertyType::kString});
  item.properties.push_back(item_link("next", CollectionType::kSingle));
  item.properties.push_back(item_link("friends", CollectionType::kList));
  item.properties.push_back({.name = "list", .collection = CollectionType::kList});
  item.properties.push_back(
      {.name = "words", .type = PropertyType::kString, .collection = CollectionType::kSet});
  item.properties.push_back(item_link("liked", CollectionType::kSet));
  item.properties.push_back({.name = "scores", .collection = CollectionType::kDictionary});
  item.properties.push_back(any);
  item.properties.push_back({.name = "anys",
                             .type = PropertyType::kMixed,
                             .collection = CollectionType::kList,
                             .nullable = true});
  item.properties.push_back(part("part", CollectionType::kSingle));
  item.properties.push_back(part("parts", CollectionType::kList));
  item.properties.push_back(part("named_parts", CollectionType::kDictionary));
  ClassSchema inner{
      .name = "Part", .kind = ClassKind::kEmbedded, .properties = {{.name = "count"}}};
  inner.properties.push_back({.name = "list", .collection = CollectionType::kList});
  inner.properties.push_back(item_link("item", CollectionType::kSingle));
  inner.properties.push_back(any);
  inner.properties.push_back(part("part", CollectionType::kSingle));
  ClassSchema loose{.name = "Loose", .properties = {{.name = "count"}}};
  loose.properties.push_back(item_link("item", CollectionType::kSingle));
  return {{item, inner, loose}};
}

Bytes ItemFile::write(const std::function<void(RealmWriter& realm)>& edit) {
  auto transaction = environment_->begin_write();
  RealmWriter& realm = transaction.realm();
  realm.set_recording(store::Recording::kOn);
  edit(realm);
  transaction.commit();
  const auto snapshot = environment_->begin_read();
  const store::HistoryReader history = snapshot.realm().history();
  return to_bytes(history.find(history.bounds().newest)->changeset);
}

void ItemFile::edit_randomly(RealmWriter& realm, Random& random) const {
  constexpr std::uint64_t kItems = 8;
  const auto any_key = [&] { return static_cast<std::int64_t>(random.below(kItems)); };
  const auto number = [&] { return Value::of_int(static_cast<std::int64_t>(random.below(100))); };
  const std::int64_t key = any_key();
  const ClassId items = item(realm);
  const auto row = realm.find(items, ObjectKey::of_int(key));
  if (!row) return create(realm, key);
  const ObjectRef object{items, *row};
  const auto linked = realm.find(items, ObjectKey::of_int(any_key()));
  const SlotRef list = slot(realm, key, "list");
  const std::uint32_t size = realm.list(list).size();
  const std::string text(random.below(2000), 'x');
  if (random.below(3) == 0) return RandomEdits(realm, random).edit(object);
  switch (random.below(12)) {
    case 0: return realm.erase(object);
    case 1: return realm.set(object, property(realm, "count"), number());
    case 2: return realm.add_int(object, property(realm, "count"), 1);
    case 3: return realm.set(object, property(realm, "text"), Value::of_string(text));
    case 4: return realm.set(object, property(realm, "maybe"), Value::null());
    case 5: return realm.set(object, property(realm, "maybe"), number());
    case 6:
      if (linked) realm.set(object, property(realm, "next"), Value::of_link({items, *linked}));
      return;
    case 7:
      if (linked)
        realm.list_insert(slot(realm, key, "friends"), 0, Value::of_link({items, *linked}));
      return;
    case 8: {
      const ClassId loose = realm.catalog().find_class("Loose")->id;
      const ObjectRef made{loose, realm.create_keyless(loose)};
      return realm.set(made,
                       realm.catalog().find_class(loose)->find_property("item")->id,
                       Value::of_link(object));
    }
    case 9:
      if (size > 0) realm.list_erase(list, static_cast<std::uint32_t>(random.below(size)));
      return;
    case 10:
      if (size > 0) realm.list_set(list, static_cast<std::uint32_t>(random.below(size)), number());
      return;
    default:
      return realm.list_insert(list, static_cast<std::uint32_t>(random.below(size + 1)), number());
  }
}

nlohmann::json ItemFile::state() const {
  return state_json(environment_->begin_read().realm());
}

std::vector<std::int64_t> ItemFile::list_of(std::int64_t key) const {
  const auto snapshot = environment_->begin_read();
  const store::CollectionReader list = snapshot.realm().list(slot(snapshot.realm(), key, "list"));
  std::vector<std::int64_t> values;
  for (std::uint32_t i = 0; i < list.size(); ++i) values.push_back(list.get(i).as_int());
  return values;
}

ClassId ItemFile::item(const RealmReader& realm) {
  return realm.catalog().find_class("Item")->id;
}
PropertyId ItemFile::property(const RealmReader& realm, const std::string& name) {
  return realm.catalog().find_class("Item")->find_property(name)->id;
}
ObjectRef ItemFile::object(const RealmReader& realm, std::int64_t key) {
  return {item(realm), realm.find(item(realm), ObjectKey::of_int(key)).value()};
}
SlotRef ItemFile::slot(const RealmReader& realm, std::int64_t key, const std::string& name) {
  return {item(realm), object(realm, key).row, property(realm, name)};
}
void ItemFile::create(RealmWriter& realm, std::int64_t key) {
  (void)realm.create(item(realm), ObjectKey::of_int(key));
}
void ItemFile::set_list(RealmWriter& realm,
                        std::int64_t key,
                        const std::vector<std::int64_t>& values) {
  realm.list_clear(slot(realm, key, "list"));
  for (std::uint32_t i = 0; i < values.size(); ++i) {
    realm.list_insert(slot(realm, key, "list"), i, Value::of_int(values[i]));
  }
}

}  // namespace tombolo::test
