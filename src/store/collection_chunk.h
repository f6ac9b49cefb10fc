#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "store/block_layout.h"

namespace tombolo::store {

/// A run of elements of a collection as bytes at any address.
///
///     chunk      = count:u16 validity? values
///     validity   = bit * count, up to a whole byte        bit i = not null; nullable scalars only
///     values     = element * count                        a timestamp is seconds:i64 nanos:i32
///                | end:u32 * count text *                 `end` counts from the first text
///
/// Errors:  the constructor throws `Error{kFileCorrupt}` when the parts do not fit the whole; after
///          it every access with a position below `size()` is in bounds.
/// Thread:  as long as the bytes that it views.
class CollectionChunk {
 public:
  CollectionChunk(BytesView bytes, ColumnForm form);

  [[nodiscard]] std::uint32_t size() const noexcept { return count_; }
  [[nodiscard]] bool is_valid(std::uint32_t position) const noexcept;
  /// The bytes of an element; nulls of fixed width are zeros.
  [[nodiscard]] BytesView element(std::uint32_t position) const noexcept;

  /// What takes the place of elements: one other element, null when `bytes` is nullopt.
  struct Element {
    std::optional<BytesView> bytes;
  };
  /// The chunk with `erased` elements from `position` on replaced by `inserted`, if any.
  [[nodiscard]] Bytes splice(std::uint32_t position,
                             std::uint32_t erased,
                             const std::optional<Element>& inserted) const;
  /// The elements from `from` to before `to` as a chunk of their own.
  [[nodiscard]] Bytes slice(std::uint32_t from, std::uint32_t to) const;

  /// A chunk without elements.
  [[nodiscard]] static Bytes make_empty() { return Bytes(sizeof(std::uint16_t)); }
  static constexpr std::uint32_t kCountMax = 0xffff;

 private:
  [[nodiscard]] std::size_t end_of_text(std::uint32_t position) const noexcept;

  BytesView validity_;
  BytesView values_;
  ColumnForm form_;
  std::uint32_t count_;
  std::size_t width_;
};

}  // namespace tombolo::store
