#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "store/block_view.h"
#include "store/catalog.h"
#include "store/ids.h"
#include "store/integer_column.h"
#include "store/realm_reader.h"
#include "store/value.h"

/// Reading one property of all objects of a class, block by block, as arrays: what predicates are
/// compiled loops over.

namespace tombolo::store {

/// The values of one property in consecutive rows. `values` holds `count` elements, aligned to
/// their size up to 8 bytes; slots without an object and nulls hold zeros.
///
///     property       element            property       element
///     int            see `integer_width` bool          std::uint8_t, 0 or 1
///     float          float              double         double
///     decimal        Decimal128         objectId       ObjectId
///     uuid           Uuid               link           as int; the row or 0
///     timestamp      std::int64_t seconds; `nanoseconds` holds the std::int32_t beside them
///     string, binary none: see `text`
struct ColumnBlock {
  RowId first;
  std::uint32_t count = 0;                 ///< 1 to 256.
  std::uint32_t objects = 0;               ///< Bits set in `present`.
  const std::uint64_t* present = nullptr;  ///< Bit i: row `first + i` is an object. Rest is 0.
  const std::uint64_t* valid = nullptr;    ///< Bit i: not null. Null pointer: no null can be here.
  const std::byte* values = nullptr;
  const std::int32_t* nanoseconds = nullptr;
  /// Of ints and links: how wide the elements are; `visit_integers` gives them their type.
  IntegerWidth integer_width = kWidestInteger;

  template <typename T>
  [[nodiscard]] std::span<const T> as() const noexcept {
    return {reinterpret_cast<const T*>(values), count};
  }
};

/// Walks the blocks of one property in row order.
///
///     ColumnScan scan(realm, class_id, property);
///     while (const ColumnBlock* block = scan.next()) sum += total(block->as<double>());
///
/// Shape:   a single property of one type, neither mixed nor a link to any class
///          (`kInvalidArgument`); texts and binaries come one by one through `text`.
/// Thread:  that of the transaction; the transaction may not write while a scan is in use.
class ColumnScan {
 public:
  ColumnScan(const RealmReader& realm, ClassId class_id, PropertyId property);
  ~ColumnScan();
  ColumnScan(const ColumnScan&) = delete;
  ColumnScan& operator=(const ColumnScan&) = delete;

  /// The next block; null at the end. It lasts until the next call.
  [[nodiscard]] const ColumnBlock* next();
  /// The string or binary of slot `index` of the current block; empty when null.
  [[nodiscard]] std::string_view text(std::uint32_t index) const;
  /// All of them, where they lie one behind the other; else nullopt.
  [[nodiscard]] std::optional<BlockView::Texts> texts() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tombolo::store
