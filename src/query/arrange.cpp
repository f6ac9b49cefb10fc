#include <algorithm>
#include <numeric>
#include <set>

#include "query/evaluator.h"

/// SORT, DISTINCT and LIMIT.

namespace tombolo::query {
namespace {

/// What an object is ordered by.
struct OrderKey {
  bool leads_nowhere = false;  ///< A link on the way to the last element is null.
  Value value;
};

OrderKey read_key(ObjectSource& source, const BoundPath& path, ObjectHandle object) {
  Value value = Value::of_link(object);
  for (const BoundStep& step : path.steps) {
    if (step.kind == BoundStep::Kind::kKey) {
      // An empty or missing dictionary has no such key.
      return {false,
              value.is_collection() ? source.find(value.as_collection(), step.key).value_or(Value())
                                    : Value()};
    }
    if (!value.is_link()) return {true, Value()};
    value = source.get(value.as_link(), step.property);
  }
  return {false, value};
}

std::weak_ordering compare_keys(const OrderKey& left, const OrderKey& right) {
  if (left.leads_nowhere != right.leads_nowhere) return left.leads_nowhere <=> right.leads_nowhere;
  return order(left.value, right.value);
}

void sort(ObjectSource& source, const BoundSort& sort, std::vector<ObjectHandle>& objects) {
  const std::size_t width = sort.keys.size();
  std::vector<OrderKey> keys;
  keys.reserve(objects.size() * width);
  for (const ObjectHandle object : objects) {
    for (const BoundSort::Key& key : sort.keys) {
      keys.push_back(read_key(source, key.path, object));
    }
  }
  std::vector<std::size_t> places(objects.size());
  std::iota(places.begin(), places.end(), std::size_t{0});
  std::ranges::stable_sort(places, [&](std::size_t left, std::size_t right) {
    for (std::size_t i = 0; i < width; ++i) {
      const auto ordering = compare_keys(keys[left * width + i], keys[right * width + i]);
      if (ordering != 0) return sort.keys[i].ascending ? ordering < 0 : ordering > 0;
    }
    return false;
  });
  std::vector<ObjectHandle> sorted;
  sorted.reserve(objects.size());
  for (const std::size_t place : places) sorted.push_back(objects[place]);
  objects = std::move(sorted);
}

void make_distinct(ObjectSource& source,
                   const BoundDistinct& distinct,
                   std::vector<ObjectHandle>& objects) {
  const auto is_less = [](const std::vector<Value>& left, const std::vector<Value>& right) {
    for (std::size_t i = 0; i < left.size(); ++i) {
      const auto ordering = order(left[i], right[i]);
      if (ordering != 0) return ordering < 0;
    }
    return false;
  };
  std::set<std::vector<Value>, decltype(is_less)> seen(is_less);
  std::erase_if(objects, [&](ObjectHandle object) {
    std::vector<Value> combination;
    for (const BoundPath& path : distinct.paths) {
      const OrderKey key = read_key(source, path, object);
      if (key.leads_nowhere) return true;
      // What collections hold is not compared: each is different from all others.
      if (key.value.is_collection()) return false;
      combination.push_back(key.value);
    }
    return !seen.insert(std::move(combination)).second;
  });
}

}  // namespace

void Evaluator::arrange(const BoundDescriptor& descriptor, std::vector<ObjectHandle>& objects) {
  if (const auto* limit = std::get_if<LimitNode>(&descriptor)) {
    if (limit->count < objects.size()) objects.resize(static_cast<std::size_t>(limit->count));
  } else if (const auto* distinct = std::get_if<BoundDistinct>(&descriptor)) {
    make_distinct(source_, *distinct, objects);
  } else {
    sort(source_, std::get<BoundSort>(descriptor), objects);
  }
  source_.release();
}

}  // namespace tombolo::query
