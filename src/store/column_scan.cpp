#include "store/column_scan.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "base/assertion.h"
#include "base/error.h"
#include "store/element.h"
#include "store/realm_state.h"

namespace tombolo::store {
namespace {

/// Copies `count` bits.
void copy_bits(const std::byte* from,
               std::uint32_t from_bit,
               std::uint64_t* to,
               std::uint32_t to_bit,
               std::uint32_t count) noexcept {
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto bit = static_cast<std::uint64_t>(BlockView::bit(from, from_bit + i));
    to[(to_bit + i) / 64] |= bit << ((to_bit + i) % 64);
  }
}

}  // namespace

/// Every block that the scan gives has the rows of one block of the first group, where presence is.
/// A property of another group has blocks of other extents: its values are gathered.
struct ColumnScan::State {
  State(ClassStore& store, const PropertyInfo& scanned)
      : owner(store),
        property(scanned),
        form(store.info().groups[scanned.group.value()].layout.columns()[scanned.column]),
        width(form.storage == Storage::kTimestamp ? 8 : element_bytes(form.storage)),
        objects(store.table(GroupId(0)), scanned.group == GroupId(0) ? scanned.column : 0) {
    if (property.group != GroupId(0))
      values_walk.emplace(store.table(property.group), property.column);
  }

  /// Where the values of a block are, whichever form it has; null when it lacks the column.
  struct Arrays {
    const std::byte* validity = nullptr;
    const std::byte* values = nullptr;
    const std::byte* nanoseconds = nullptr;
    IntegerWidth integer_width = kWidestInteger;
  };
  [[nodiscard]] Arrays arrays_of(const FoundBlock& found) const noexcept {
    if (found.open != nullptr) {
      const std::byte* values = found.open->values(property.column);
      return {reinterpret_cast<const std::byte*>(found.open->validity(property.column)),
              values,
              values + kBlockRowsMax * 8,
              kWidestInteger};
    }
    if (!found.view.has_column(property.column)) return {};
    const std::byte* values = found.view.values(form, property.column);
    return {form.has_validity ? found.view.validity(property.column) : nullptr,
            values,
            values + std::size_t{found.view.rows()} * 8,
            form.storage == Storage::kInteger ? found.view.integer_width(property.column)
                                              : kWidestInteger};
  }
  void view(const FoundBlock& found);
  void gather();
  void restore_decimals() noexcept;

  ClassStore& owner;
  const PropertyInfo& property;
  const ColumnForm form;
  const std::size_t width;
  BlockWalk objects;
  std::optional<BlockWalk> values_walk;
  const FoundBlock* values_block = nullptr;
  bool values_started = false;
  const FoundBlock* current = nullptr;

  ColumnBlock block;
  std::array<std::uint64_t, kBitmapWordsMax> present;
  std::array<std::uint64_t, kBitmapWordsMax> valid;
  alignas(8) std::array<std::byte, kBlockRowsMax * kFixedElementBytesMax> gathered;
  std::array<std::int32_t, kBlockRowsMax> gathered_nanoseconds;
};

/// Shows the column where it lies; only what lies askew or is missing is copied.
void ColumnScan::State::view(const FoundBlock& found) {
  const Arrays arrays = arrays_of(found);
  const std::uint32_t rows = block.count;
  if (form.has_validity) {
    valid.fill(0);
    if (arrays.validity != nullptr) {
      std::memcpy(valid.data(), arrays.validity, bitmap_words(rows) * 8);
    }
  }
  if (form.storage == Storage::kText) return;
  const bool is_aligned = reinterpret_cast<std::uintptr_t>(arrays.values) % 8 == 0;
  block.integer_width = arrays.integer_width;
  if (arrays.values != nullptr && is_aligned && form.storage != Storage::kTimestamp) {
    block.values = arrays.values;
    return;
  }
  block.values = gathered.data();
  if (arrays.values == nullptr) {
    gathered.fill(std::byte{0});
    gathered_nanoseconds.fill(0);
    return;
  }
  std::memcpy(
      gathered.data(),
      arrays.values,
      rows * (form.storage == Storage::kInteger ? integer_bytes(arrays.integer_width) : width));
  if (form.storage == Storage::kTimestamp) {
    std::memcpy(gathered_nanoseconds.data(), arrays.nanoseconds, rows * sizeof(std::int32_t));
  }
}

/// Collects the values of the current rows from the blocks of the property's group.
void ColumnScan::State::gather() {
  valid.fill(0);
  gathered.fill(std::byte{0});
  gathered_nanoseconds.fill(0);
  block.values = gathered.data();
  const std::uint64_t first = block.first.value();
  const std::uint64_t end = first + block.count;
  if (!values_started) values_block = values_walk->next();
  values_started = true;
  for (; values_block != nullptr; values_block = values_walk->next()) {
    const std::uint64_t block_first = values_block->first.value();
    const std::uint64_t block_end = block_first + values_block->rows();
    if (block_first >= end) return;
    const std::uint64_t from = std::max(first, block_first);
    const std::uint64_t to = std::min(end, block_end);
    const Arrays arrays = arrays_of(*values_block);
    if (from < to && arrays.values != nullptr) {
      const auto count = static_cast<std::uint32_t>(to - from);
      const auto at = static_cast<std::uint32_t>(from - first);
      const auto slot = static_cast<std::uint32_t>(from - block_first);
      if (form.has_validity) copy_bits(arrays.validity, slot, valid.data(), at, count);
      if (form.storage == Storage::kInteger) {
        widen_integers(arrays.values + slot * integer_bytes(arrays.integer_width),
                       arrays.integer_width,
                       count,
                       gathered.data() + at * width);
      } else if (form.storage != Storage::kText) {
        std::memcpy(gathered.data() + at * width, arrays.values + slot * width, count * width);
      }
      if (form.storage == Storage::kTimestamp) {
        std::memcpy(gathered_nanoseconds.data() + at,
                    arrays.nanoseconds + slot * sizeof(std::int32_t),
                    count * sizeof(std::int32_t));
      }
    }
    if (block_end > end) return;  // The next rows are in this block too.
  }
}

/// Decimals are stored with the bits of zero turned over.
void ColumnScan::State::restore_decimals() noexcept {
  if (block.values != gathered.data()) {
    std::memcpy(gathered.data(), block.values, block.count * sizeof(Decimal128));
    block.values = gathered.data();
  }
  for (std::uint32_t i = 0; i < block.count; ++i) {
    Decimal128 number;
    std::byte* at = gathered.data() + i * sizeof(number);
    std::memcpy(&number, at, sizeof(number));
    number = flip_decimal(number);
    std::memcpy(at, &number, sizeof(number));
  }
}

ColumnScan::ColumnScan(const RealmReader& realm, ClassId class_id, PropertyId property) {
  ClassStore& store = realm.state().class_store(class_id);
  const PropertyInfo* info = store.info().find_property(property);
  TOMBOLO_ASSERT(info != nullptr);
  if (info->collection != CollectionType::kSingle) {
    throw Error(ErrorCode::kInvalidArgument,
                "'" + store.info().name + "." + info->name + "' is a collection");
  }
  if (info->holds_any()) {
    throw Error(ErrorCode::kInvalidArgument,
                "'" + store.info().name + "." + info->name + "' holds values of any type");
  }
  state_ = std::make_unique<State>(store, *info);
}

ColumnScan::~ColumnScan() = default;

const ColumnBlock* ColumnScan::next() {
  State& state = *state_;
  state.current = state.objects.next();
  if (state.current == nullptr) return nullptr;
  const FoundBlock& found = *state.current;
  state.block = {};
  state.block.first = found.first;
  state.block.count = found.rows();
  state.block.objects = found.open != nullptr ? found.open->objects() : found.view.objects();
  state.present.fill(0);
  std::memcpy(state.present.data(),
              found.open != nullptr ? reinterpret_cast<const std::byte*>(found.open->presence())
                                    : found.view.presence(),
              bitmap_words(found.rows()) * 8);
  state.block.present = state.present.data();
  if (state.form.has_validity) state.block.valid = state.valid.data();
  if (state.form.storage == Storage::kTimestamp) {
    state.block.nanoseconds = state.gathered_nanoseconds.data();
  }
  if (state.values_walk) {
    state.gather();
  } else {
    state.view(found);
  }
  if (state.property.type == PropertyType::kDecimal) state.restore_decimals();
  return &state.block;
}

std::string_view ColumnScan::text(std::uint32_t index) const {
  const State& state = *state_;
  TOMBOLO_ASSERT(state.current != nullptr && index < state.block.count);
  const RowId row(state.block.first.value() + index);
  const FoundBlock* found =
      state.values_walk ? state.owner.table(state.property.group).find(row) : state.current;
  if (found == nullptr || state.arrays_of(*found).values == nullptr) return {};
  const auto slot = static_cast<std::uint32_t>(row.value() - found->first.value());
  return state.owner.read_text(*found, slot, state.property);
}

std::optional<BlockView::Texts> ColumnScan::texts() const {
  const State& state = *state_;
  TOMBOLO_ASSERT(state.current != nullptr);
  const bool is_packed = !state.values_walk && state.current->open == nullptr &&
                         state.current->view.has_column(state.property.column);
  if (!is_packed) return std::nullopt;
  return state.current->view.texts(state.form, state.property.column);
}

}  // namespace tombolo::store
