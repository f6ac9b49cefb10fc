#include "store/catalog.h"

#include <algorithm>
#include <cstring>

#include "base/assertion.h"
#include "base/error.h"

namespace tombolo::store {
namespace {

/// How wide a group may become: bytes a row that leave some 170 rows to a block. Wider groups make
/// scans of one property touch more pages, narrower ones make each object touch more blocks.
constexpr std::size_t kGroupRowBytesMax = 48;
/// What a short text is reckoned to take beside its slot.
constexpr std::size_t kTypicalTextBytes = 14;
constexpr std::uint8_t kClassRecordFormat = 2;
constexpr std::uint8_t kFormatWithoutIndexes = 1;

PropertyType stored_type(PropertyType type, ClassId target) noexcept {
  return type == PropertyType::kLink && target == ClassId() ? PropertyType::kMixed : type;
}

std::size_t typical_bytes(const ColumnForm& column) noexcept {
  return element_bytes(column.storage) + (column.storage == Storage::kText ? kTypicalTextBytes : 0);
}

class RecordWriter {
 public:
  template <typename T>
  void write(T number) {
    const auto* from = reinterpret_cast<const std::byte*>(&number);
    bytes_.insert(bytes_.end(), from, from + sizeof(number));
  }
  void write_name(std::string_view name) {
    write(static_cast<std::uint16_t>(name.size()));
    const BytesView bytes = as_bytes(name);
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  [[nodiscard]] Bytes take() { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

class RecordReader {
 public:
  explicit RecordReader(BytesView bytes) : rest_(bytes) {}

  template <typename T>
  [[nodiscard]] T read() {
    T number;
    std::memcpy(&number, take(sizeof(number)).data(), sizeof(number));
    return number;
  }
  [[nodiscard]] std::string read_name() {
    return std::string(as_text(take(read<std::uint16_t>())));
  }

 private:
  BytesView take(std::size_t bytes) {
    if (bytes > rest_.size()) throw Error(ErrorCode::kFileCorrupt, "the record of a class is cut");
    const BytesView taken = rest_.first(bytes);
    rest_ = rest_.subspan(bytes);
    return taken;
  }
  BytesView rest_;
};

}  // namespace

const PropertyInfo* ClassInfo::find_property(std::string_view property) const noexcept {
  const auto found = std::ranges::find(properties, property, &PropertyInfo::name);
  return found == properties.end() ? nullptr : &*found;
}

const PropertyInfo& ClassInfo::key_property() const {
  TOMBOLO_ASSERT(primary_key);
  return properties.front();
}

void ClassInfo::add_key(const Property* key) {
  TOMBOLO_ASSERT(groups.empty() && properties.empty());
  if (key != nullptr) {
    Property definition = *key;
    definition.index = IndexType::kNone;
    primary_key = add_property(definition, ClassId());
  } else {
    groups.push_back({GroupLayout({{Storage::kBytes16, false}}, true), {std::nullopt}});
  }
}

PropertyId ClassInfo::add_property(const Property& definition, ClassId target) {
  const PropertyType type = stored_type(definition.type, target);
  const ColumnForm form = column_form(type, definition.collection, definition.nullable);
  std::size_t row_bytes = typical_bytes(form);
  if (!groups.empty()) {
    for (const ColumnForm& column : groups.back().layout.columns()) {
      row_bytes += typical_bytes(column);
    }
  }
  const bool opens_group = groups.empty() || row_bytes > kGroupRowBytesMax;
  if (opens_group) groups.push_back({GroupLayout({}, groups.empty()), {}});

  GroupInfo& group = groups.back();
  const PropertyId added = next_property;
  next_property = added.next();
  std::vector<ColumnForm> columns = group.layout.columns();
  columns.push_back(form);
  group.layout = GroupLayout(std::move(columns), group.layout.has_presence());
  group.properties.emplace_back(added);

  PropertyInfo info{
      .id = added,
      .name = definition.name,
      .type = definition.type,
      .collection = definition.collection,
      .nullable = definition.nullable,
      .target = target,
      .index = definition.index,
      .group = GroupId(static_cast<std::uint16_t>(groups.size() - 1)),
      .column = static_cast<std::uint32_t>(group.properties.size() - 1),
      .form = form,
      .element_form = column_form(type, CollectionType::kSingle, definition.nullable)};
  positions.resize(next_property.value());
  positions[added.value()] = static_cast<std::uint32_t>(properties.size());
  properties.push_back(std::move(info));
  return added;
}

void ClassInfo::erase_property(PropertyId property) {
  const PropertyInfo* info = find_property(property);
  TOMBOLO_ASSERT(info != nullptr && property != primary_key);
  groups[info->group.value()].properties[info->column].reset();
  properties.erase(properties.begin() + (info - properties.data()));
  positions.assign(next_property.value(), std::nullopt);
  for (std::uint32_t i = 0; i < properties.size(); ++i) positions[properties[i].id.value()] = i;
}

Catalog::Catalog(std::vector<ClassInfo> classes) : classes_(std::move(classes)) {
  for (const ClassInfo& info : classes_) {
    const std::size_t index = info.id.value();
    if (index >= by_id_.size()) by_id_.resize(index + 1, nullptr);
    by_id_[index] = &info;
  }
}

const ClassInfo* Catalog::find_class(std::string_view name) const noexcept {
  const auto found = std::ranges::find(classes_, name, &ClassInfo::name);
  return found == classes_.end() ? nullptr : &*found;
}

Schema Catalog::to_schema() const {
  Schema schema;
  for (const ClassInfo& info : classes_) {
    ClassSchema& entry = schema.classes.emplace_back();
    entry.name = info.name;
    entry.kind = info.kind;
    if (info.primary_key) entry.primary_key = info.key_property().name;
    for (const PropertyInfo& property : info.properties) {
      const ClassInfo* target =
          property.type == PropertyType::kLink ? find_class(property.target) : nullptr;
      entry.properties.push_back({.name = property.name,
                                  .type = property.type,
                                  .collection = property.collection,
                                  .nullable = property.nullable,
                                  .target = target == nullptr ? std::string() : target->name,
                                  .index = property.index});
    }
  }
  return schema;
}

Bytes encode_class(const ClassInfo& info) {
  RecordWriter writer;
  writer.write(kClassRecordFormat);
  writer.write(static_cast<std::uint8_t>(info.kind));
  writer.write(static_cast<std::uint8_t>(info.primary_key.has_value()));
  writer.write(info.next_property.value());
  writer.write_name(info.name);
  writer.write(static_cast<std::uint16_t>(info.groups.size()));
  for (const GroupInfo& group : info.groups) {
    writer.write(static_cast<std::uint16_t>(group.layout.columns().size()));
    for (const ColumnForm& column : group.layout.columns()) {
      writer.write(static_cast<std::uint8_t>(column.storage));
      writer.write(static_cast<std::uint8_t>(column.has_validity));
    }
  }
  writer.write(static_cast<std::uint32_t>(info.properties.size()));
  for (const PropertyInfo& property : info.properties) {
    writer.write(property.id.value());
    writer.write(static_cast<std::uint8_t>(property.type));
    writer.write(static_cast<std::uint8_t>(property.collection));
    writer.write(static_cast<std::uint8_t>(property.nullable));
    writer.write(static_cast<std::uint8_t>(property.index));
    writer.write(property.target.value());
    writer.write(property.group.value());
    writer.write(static_cast<std::uint16_t>(property.column));
    writer.write_name(property.name);
  }
  return writer.take();
}

ClassInfo parse_class(ClassId id, BytesView record) {
  RecordReader reader(record);
  const auto check = [](bool holds) {
    if (!holds) throw Error(ErrorCode::kFileCorrupt, "the record of a class contradicts itself");
  };
  const auto format = reader.read<std::uint8_t>();
  check(format == kClassRecordFormat || format == kFormatWithoutIndexes);
  ClassInfo info;
  info.id = id;
  info.kind = static_cast<ClassKind>(reader.read<std::uint8_t>());
  check(info.kind <= ClassKind::kAsymmetric);
  const bool has_key = reader.read<std::uint8_t>() != 0;
  info.next_property = PropertyId(reader.read<std::uint32_t>());
  // Ids are handed out one by one: a larger one is damage, not a class with that many properties.
  check(info.next_property.value() < 1U << 24);
  info.name = reader.read_name();
  const auto groups = reader.read<std::uint16_t>();
  for (std::size_t i = 0; i < groups; ++i) {
    std::vector<ColumnForm> columns(reader.read<std::uint16_t>());
    for (ColumnForm& column : columns) {
      column.storage = static_cast<Storage>(reader.read<std::uint8_t>());
      check(element_bytes(column.storage) != 0);
      column.has_validity = reader.read<std::uint8_t>() != 0;
    }
    std::vector<std::optional<PropertyId>> properties(columns.size());
    info.groups.push_back({GroupLayout(std::move(columns), i == 0), std::move(properties)});
  }
  const auto properties = reader.read<std::uint32_t>();
  for (std::uint32_t i = 0; i < properties; ++i) {
    PropertyInfo property;
    property.id = PropertyId(reader.read<std::uint32_t>());
    property.type = static_cast<PropertyType>(reader.read<std::uint8_t>());
    property.collection = static_cast<CollectionType>(reader.read<std::uint8_t>());
    property.nullable = reader.read<std::uint8_t>() != 0;
    if (format != kFormatWithoutIndexes) {
      property.index = static_cast<IndexType>(reader.read<std::uint8_t>());
    }
    check(property.type >= PropertyType::kMixed && property.type <= PropertyType::kUuid &&
          property.collection <= CollectionType::kSet &&
          supports_index(property.type, property.collection, property.index));
    property.target = ClassId(reader.read<std::uint32_t>());
    property.group = GroupId(reader.read<std::uint16_t>());
    property.column = reader.read<std::uint16_t>();
    property.name = reader.read_name();
    check(property.id < info.next_property && property.group.value() < info.groups.size());
    GroupInfo& group = info.groups[property.group.value()];
    check(property.column < group.properties.size() && !group.properties[property.column]);
    const PropertyType type = stored_type(property.type, property.target);
    property.form = column_form(type, property.collection, property.nullable);
    property.element_form = column_form(type, CollectionType::kSingle, property.nullable);
    check(property.form == group.layout.columns()[property.column]);
    group.properties[property.column] = property.id;
    info.properties.push_back(std::move(property));
  }
  check(!has_key || !info.properties.empty());
  if (has_key) info.primary_key = info.properties.front().id;
  info.positions.resize(info.next_property.value());
  for (std::uint32_t i = 0; i < info.properties.size(); ++i) {
    info.positions[info.properties[i].id.value()] = i;
  }
  return info;
}

}  // namespace tombolo::store
