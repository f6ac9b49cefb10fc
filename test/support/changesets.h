#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "changeset/writer.h"

/// Small changesets for tests: a class "Item" with an int key and properties.
namespace tombolo::test {

inline changeset::PrimaryKey int_key(std::int64_t value) {
  changeset::PrimaryKey key;
  key.type = changeset::PayloadType::kInt;
  key.integer = value;
  return key;
}

inline changeset::Payload int_value(std::int64_t value) {
  changeset::Payload payload;
  payload.type = changeset::PayloadType::kInt;
  payload.integer = value;
  return payload;
}

/// Item with `_id`, `count` and a list of ints, `list`.
[[nodiscard]] inline Bytes item_schema() {
  changeset::ChangesetWriter writer;
  const auto item = writer.intern("Item");
  changeset::TableSpec table;
  table.primary_key = writer.intern("_id");
  table.primary_key_type = changeset::PayloadType::kInt;
  writer.add_table(item, table);
  changeset::ColumnSpec column;
  column.type = PropertyType::kInt;
  column.target = writer.intern("");
  writer.add_column(item, writer.intern("count"), column);
  column.collection = CollectionType::kList;
  writer.add_column(item, writer.intern("list"), column);
  return to_bytes(writer.bytes());
}

[[nodiscard]] inline Bytes create_item(std::int64_t key) {
  changeset::ChangesetWriter writer;
  writer.create_object(writer.intern("Item"), int_key(key));
  return to_bytes(writer.bytes());
}

[[nodiscard]] inline Bytes set_count(std::int64_t key, std::int64_t value) {
  changeset::ChangesetWriter writer;
  const auto item = writer.intern("Item");
  writer.update({item, int_key(key), writer.intern("count")}, int_value(value));
  return to_bytes(writer.bytes());
}

[[nodiscard]] inline Bytes add_count(std::int64_t key, std::int64_t operand) {
  changeset::ChangesetWriter writer;
  const auto item = writer.intern("Item");
  writer.add_integer({item, int_key(key), writer.intern("count")}, operand);
  return to_bytes(writer.bytes());
}

/// Where an element goes in.
struct ListPlace {
  std::uint32_t position = 0;
  std::uint32_t prior_size = 0;
};

[[nodiscard]] inline Bytes insert_into_list(std::int64_t key, ListPlace place, std::int64_t value) {
  changeset::ChangesetWriter writer;
  const auto item = writer.intern("Item");
  const changeset::PathElement path[] = {changeset::PathElement::index(place.position)};
  writer.array_insert(
      {item, int_key(key), writer.intern("list"), path}, int_value(value), place.prior_size);
  return to_bytes(writer.bytes());
}

}  // namespace tombolo::test
