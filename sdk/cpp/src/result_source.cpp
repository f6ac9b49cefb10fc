#include "result_source.h"

#include <algorithm>
#include <deque>
#include <string>

#include "nested_collection.h"
#include "query/evaluator.h"
#include "realm_core.h"
#include "store/query_execution.h"
#include "store/query_objects.h"

namespace tombolo {
namespace {

using Rows = std::vector<store::RowId>;

Rows rows_of(const store::RealmReader& realm, ClassId, const store::CollectionRef& collection) {
  Rows rows;
  if (!is_there(realm, collection)) return rows;
  const store::CollectionReader reader = realm.collection(collection);
  for (std::uint32_t position = 0; position < reader.size(); ++position) {
    const Value element = reader.get(position);
    if (element.is_null() || reader.is_hidden(position)) continue;
    rows.push_back(element.as_link().row);
  }
  return rows;
}

Rows rows_of(const store::RealmReader& realm, ClassId class_id, const LinksTo& links) {
  Rows rows;
  if (!realm.contains(links.target)) return rows;
  realm.for_each_linking(
      links.target, class_id, links.property, [&](const store::Backlink& backlink) {
        rows.insert(rows.end(), backlink.count, backlink.origin.row);
        return true;
      });
  return rows;
}

Rows rows_of(const store::RealmReader&, ClassId, std::monostate) {
  return {};
}

}  // namespace

store::RowSequence matching_rows(const RealmCore& realm,
                                 ClassId class_id,
                                 const AnyResults::Queries& queries,
                                 const ResultSource& source) {
  const store::RealmReader& reader = realm.reader();
  if (reader.catalog().find_class(class_id) == nullptr) return {};  // It was removed.
  if (std::holds_alternative<std::monostate>(source)) {
    return store::find_matching(reader, class_id, queries);
  }
  Rows rows = std::visit([&](const auto& from) { return rows_of(reader, class_id, from); }, source);
  if (!queries.empty()) rows = matching_among(realm, class_id, queries, rows);
  return store::RowSequence(std::move(rows));
}

Rows matching_among(const RealmCore& realm,
                    ClassId class_id,
                    const AnyResults::Queries& queries,
                    const Rows& candidates) {
  store::RealmObjects objects(realm.reader());
  std::deque<query::Evaluator> evaluators;
  for (const auto& query : queries) evaluators.emplace_back(*query, objects);
  std::vector<query::ObjectHandle> found;
  for (const store::RowId row : candidates) {
    const query::ObjectHandle object = store::to_handle({class_id, row});
    const bool matches = std::ranges::all_of(
        evaluators, [&](query::Evaluator& evaluator) { return evaluator.matches(object); });
    if (matches) found.push_back(object);
  }
  for (query::Evaluator& evaluator : evaluators) evaluator.arrange(found);
  Rows rows;
  for (const query::ObjectHandle object : found) rows.emplace_back(object.row);
  return rows;
}

std::string explain_matching(const RealmCore& realm,
                             ClassId class_id,
                             const AnyResults::Queries& queries,
                             const ResultSource& source) {
  if (std::holds_alternative<std::monostate>(source)) {
    return store::explain(realm.reader(), class_id, queries);
  }
  std::string lines = std::holds_alternative<LinksTo>(source)
                          ? "take the objects that link to the object\n"
                          : "take the objects in the collection\n";
  if (!queries.empty()) lines += "ask each of them, and put them in order\n";
  return lines;
}

}  // namespace tombolo
