#include "store/collection_chunk.h"

#include <cstring>

#include "base/assertion.h"
#include "base/error.h"

namespace tombolo::store {
namespace {

[[noreturn]] void throw_corrupt() {
  throw Error(ErrorCode::kFileCorrupt, "a chunk of a collection contradicts itself");
}

std::uint32_t load32(const std::byte* from) noexcept {
  std::uint32_t number;
  std::memcpy(&number, from, sizeof(number));
  return number;
}

constexpr std::size_t validity_bytes(std::size_t count) noexcept {
  return (count + 7) / 8;
}

/// Builds a chunk from elements in order.
class ChunkBuilder {
 public:
  ChunkBuilder(ColumnForm form, std::uint32_t count) : form_(form), count_(count) {
    TOMBOLO_ASSERT(count <= CollectionChunk::kCountMax);
    const auto stored = static_cast<std::uint16_t>(count);
    bytes_.resize(sizeof(stored) + (form.has_validity ? validity_bytes(count) : 0));
    std::memcpy(bytes_.data(), &stored, sizeof(stored));
    if (form.storage == Storage::kText)
      bytes_.resize(bytes_.size() + count * sizeof(std::uint32_t));
    values_ = bytes_.size();
  }

  void add(std::optional<BytesView> element) {
    if (form_.has_validity && element) {
      bytes_[sizeof(std::uint16_t) + added_ / 8] |= std::byte{1} << (added_ % 8);
    }
    if (element) {
      bytes_.insert(bytes_.end(), element->begin(), element->end());
    } else if (form_.storage != Storage::kText) {
      bytes_.resize(bytes_.size() + element_bytes(form_.storage));
    }
    if (form_.storage == Storage::kText) {
      const auto end = static_cast<std::uint32_t>(bytes_.size() - values_);
      std::memcpy(bytes_.data() + values_ - (count_ - added_) * sizeof(end), &end, sizeof(end));
    }
    ++added_;
  }
  void add_range(const CollectionChunk& chunk, std::uint32_t from, std::uint32_t to) {
    for (std::uint32_t i = from; i < to; ++i) {
      add(chunk.is_valid(i) ? std::optional(chunk.element(i)) : std::nullopt);
    }
  }
  [[nodiscard]] Bytes take() {
    TOMBOLO_ASSERT(added_ == count_);
    return std::move(bytes_);
  }

 private:
  ColumnForm form_;
  std::uint32_t count_;
  std::uint32_t added_ = 0;
  std::size_t values_ = 0;  ///< Where the elements start.
  Bytes bytes_;
};

}  // namespace

CollectionChunk::CollectionChunk(BytesView bytes, ColumnForm form) : form_(form) {
  std::uint16_t count = 0;
  if (bytes.size() < sizeof(count)) throw_corrupt();
  std::memcpy(&count, bytes.data(), sizeof(count));
  count_ = count;
  width_ = form.storage == Storage::kText ? sizeof(std::uint32_t) : element_bytes(form.storage);
  const std::size_t validity = form.has_validity ? validity_bytes(count_) : 0;
  if (bytes.size() < sizeof(count) + validity + count_ * width_) throw_corrupt();
  validity_ = bytes.subspan(sizeof(count), validity);
  values_ = bytes.subspan(sizeof(count) + validity);
  if (form.storage != Storage::kText) return;
  std::size_t before = 0;
  for (std::uint32_t i = 0; i < count_; ++i) {
    const std::size_t end = end_of_text(i);
    if (end < before) throw_corrupt();
    before = end;
  }
  if (count_ * width_ + before > values_.size()) throw_corrupt();
}

bool CollectionChunk::is_valid(std::uint32_t position) const noexcept {
  if (!form_.has_validity) return true;
  return ((static_cast<unsigned>(validity_[position / 8]) >> (position % 8)) & 1U) != 0;
}

std::size_t CollectionChunk::end_of_text(std::uint32_t position) const noexcept {
  return load32(values_.data() + position * sizeof(std::uint32_t));
}

BytesView CollectionChunk::element(std::uint32_t position) const noexcept {
  if (form_.storage != Storage::kText) return values_.subspan(position * width_, width_);
  const std::size_t from = position == 0 ? 0 : end_of_text(position - 1);
  return values_.subspan(count_ * width_ + from, end_of_text(position) - from);
}

Bytes CollectionChunk::splice(std::uint32_t position,
                              std::uint32_t erased,
                              const std::optional<Element>& inserted) const {
  TOMBOLO_ASSERT(position + erased <= count_);
  ChunkBuilder builder(form_, count_ - erased + (inserted ? 1 : 0));
  builder.add_range(*this, 0, position);
  if (inserted) builder.add(inserted->bytes);
  builder.add_range(*this, position + erased, count_);
  return builder.take();
}

Bytes CollectionChunk::slice(std::uint32_t from, std::uint32_t to) const {
  ChunkBuilder builder(form_, to - from);
  builder.add_range(*this, from, to);
  return builder.take();
}

}  // namespace tombolo::store
