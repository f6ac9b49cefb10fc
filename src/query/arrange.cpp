#include <algorithm>
#include <cstring>
#include <functional>
#include <numeric>
#include <optional>
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

/// A text to be sorted: the eight bytes behind what all texts begin with decide most comparisons.
struct TextKey {
  std::uint64_t head = 0;
  std::string_view text;
  std::size_t place = 0;

  friend bool operator<(const TextKey& left, const TextKey& right) noexcept {
    if (left.head != right.head) return left.head < right.head;
    const int order = left.text.compare(right.text);
    return order != 0 ? order < 0 : left.place < right.place;
  }
};

/// How many bytes all texts have in common at the beginning.
std::size_t common_prefix(const std::vector<TextKey>& texts) noexcept {
  const std::string_view first = texts.front().text;
  std::size_t bytes = first.size();
  for (const TextKey& key : texts) {
    bytes = std::min(bytes, key.text.size());
    if (std::memcmp(first.data(), key.text.data(), bytes) == 0) continue;
    bytes = static_cast<std::size_t>(std::ranges::mismatch(first.substr(0, bytes), key.text).in1 -
                                     first.begin());
  }
  return bytes;
}

std::uint64_t head_of(std::string_view text) noexcept {
  std::uint64_t head = 0;
  for (std::size_t i = 0; i < sizeof(head); ++i) {
    head = head << 8U | (i < text.size() ? static_cast<unsigned char>(text[i]) : 0U);
  }
  return head;
}

/// The order of keys that are strings or null; nullopt when there are others.
std::optional<std::vector<std::size_t>> sort_texts(const std::vector<OrderKey>& keys,
                                                   bool ascending) {
  const bool are_texts = std::ranges::all_of(keys, [](const OrderKey& key) {
    return !key.leads_nowhere && (key.value.is_null() || key.value.kind() == ValueKind::kString);
  });
  if (!are_texts) return std::nullopt;
  std::vector<std::size_t> nulls;
  std::vector<TextKey> texts;
  texts.reserve(keys.size());
  for (std::size_t place = 0; place < keys.size(); ++place) {
    const Value& value = keys[place].value;
    if (value.is_null()) {
      nulls.push_back(place);
    } else {
      texts.push_back({0, value.as_text(), place});
    }
  }
  if (!texts.empty()) {
    const std::size_t prefix = common_prefix(texts);
    for (TextKey& key : texts) {
      key.head = head_of(key.text.substr(prefix));
      // Equal texts stay in order when all are turned round.
      if (!ascending) key.place = keys.size() - key.place;
    }
    std::ranges::sort(texts, std::less<>());
  }
  std::vector<std::size_t> places;
  places.reserve(keys.size());
  if (ascending) {
    places = std::move(nulls);
    for (const TextKey& key : texts) places.push_back(key.place);
  } else {
    for (auto key = texts.rbegin(); key != texts.rend(); ++key) {
      places.push_back(keys.size() - key->place);
    }
    places.insert(places.end(), nulls.begin(), nulls.end());
  }
  return places;
}

std::vector<std::size_t> sort_any(const BoundSort& sort, const std::vector<OrderKey>& keys) {
  const std::size_t width = sort.keys.size();
  std::vector<std::size_t> places(keys.size() / width);
  std::iota(places.begin(), places.end(), std::size_t{0});
  std::ranges::stable_sort(places, [&](std::size_t left, std::size_t right) {
    for (std::size_t i = 0; i < width; ++i) {
      const auto ordering = compare_keys(keys[left * width + i], keys[right * width + i]);
      if (ordering != 0) return sort.keys[i].ascending ? ordering < 0 : ordering > 0;
    }
    return false;
  });
  return places;
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
  std::optional<std::vector<std::size_t>> places;
  if (width == 1) places = sort_texts(keys, sort.keys[0].ascending);
  if (!places) places = sort_any(sort, keys);
  std::vector<ObjectHandle> sorted;
  sorted.reserve(objects.size());
  for (const std::size_t place : *places) sorted.push_back(objects[place]);
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
