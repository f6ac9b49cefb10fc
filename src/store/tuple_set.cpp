#include "store/tuple_set.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <span>
#include <utility>

#include "base/assertion.h"
#include "base/error.h"
#include "store/sealing.h"

namespace tombolo::store {
namespace {

/// Bytes of a block: one page of LMDB less the header that stands in front of large values. Those
/// that are written leave room for a seal.
constexpr std::size_t kTupleBlockBytesMax = 4080;
constexpr std::size_t kWrittenBytesMax = kTupleBlockBytesMax - kSealBytes;

/// `lower_bound` in an open block: what is inserted in order belongs behind all that it has.
std::size_t position_in(const TupleRun& open, const Tuple& tuple) noexcept {
  return open.ends_below(tuple) ? open.size() : open.lower_bound(tuple);
}

}  // namespace

TupleSet::TupleSet(KeyValueTransaction& transaction,
                   RealmId realm,
                   Space space,
                   ClassId owner,
                   std::uint32_t width,
                   Spread spread,
                   std::optional<PropertyId> property)
    : transaction_(transaction),
      realm_(realm),
      space_(space),
      owner_(owner),
      property_(property),
      width_(width),
      spread_(spread),
      count_max_((kWrittenBytesMax - kHeaderBytes) / (width * sizeof(std::uint64_t))) {
  TOMBOLO_ASSERT(width >= 1 && width <= Tuple{}.words.size());
}

Key TupleSet::key(const Tuple& first) const noexcept {
  Key key(realm_, space_);
  key.append(owner_);
  if (property_) key.append(*property_);
  for (std::uint32_t i = 0; i < width_; ++i) key.append(first.words[i]);
  return key;
}

std::optional<TupleSet::StoredBlock> TupleSet::as_stored(
    const KeyValueTransaction::Item& item) const {
  const Key zero = key({});
  const std::size_t prefix_bytes = zero.size() - width_ * sizeof(std::uint64_t);
  if (item.key.size() != zero.size() || !starts_with(item.key, zero.view().first(prefix_bytes))) {
    return std::nullopt;
  }
  StoredBlock block;
  for (std::uint32_t i = 0; i < width_; ++i) {
    block.first.words[i] =
        read_big_endian<std::uint64_t>(item.key.subspan(prefix_bytes + i * sizeof(std::uint64_t)));
  }
  block.value = item.value;
  if (!block.value.is_sealed()) check(block.value.bytes());
  return block;
}

void TupleSet::open(StoredBlock& block) {
  check(transaction_.read(key(block.first), block.value));
}

void TupleSet::check(BytesView block) const {
  std::uint16_t count = 0;
  if (block.size() >= kHeaderBytes) std::memcpy(&count, block.data(), sizeof(count));
  const std::size_t bytes = count * width_ * sizeof(std::uint64_t);
  if (count == 0 || block.size() > kTupleBlockBytesMax || block.size() != kHeaderBytes + bytes) {
    throw Error(ErrorCode::kFileCorrupt, "an index block of a wrong size");
  }
}

/// Without a branch that depends on what the words are: half of those would be mispredicted.
template <std::uint32_t kWidth>
std::size_t TupleRun::lower_bound_of(std::size_t from,
                                     std::size_t to,
                                     const Tuple& tuple) const noexcept {
  std::size_t length = to - from;
  while (length > 0) {
    const std::size_t half = length / 2;
    const std::size_t begin = (from + half) * kWidth;
    unsigned is_below = 0;
    for (std::uint32_t i = kWidth; i-- > 0;) {
      const std::uint64_t number = word(begin + i);
      const unsigned is_less = number < tuple.words[i] ? 1 : 0;
      const unsigned is_equal = number == tuple.words[i] ? 1 : 0;
      is_below = is_less | (is_equal & is_below);
    }
    from += is_below != 0 ? half + 1 : 0;
    length = is_below != 0 ? length - half - 1 : half;
  }
  return from;
}

std::size_t TupleRun::lower_bound_in(std::size_t from,
                                     std::size_t to,
                                     const Tuple& tuple) const noexcept {
  switch (width_) {
    case 1: return lower_bound_of<1>(from, to, tuple);
    case 2: return lower_bound_of<2>(from, to, tuple);
    case 3: return lower_bound_of<3>(from, to, tuple);
    default: return lower_bound_of<4>(from, to, tuple);
  }
}

std::size_t TupleRun::lower_bound(const Tuple& tuple) const noexcept {
  return lower_bound_in(0, size(), tuple);
}

std::size_t TupleRun::lower_bound_between(std::uint64_t from,
                                          std::uint64_t to,
                                          const Tuple& tuple) const noexcept {
  const std::uint64_t wanted = std::clamp(tuple.words[0], from, to);
  const std::size_t count = size();
  if (wanted == from || count == 0) return lower_bound_near(tuple);
  const double share = static_cast<double>(wanted - from) / static_cast<double>(to - from);
  const auto position = static_cast<std::size_t>(share * static_cast<double>(count - 1));
  fetch_around(position);
  const std::size_t at = first_word_bound_around(position, wanted);
  if (at > count) return lower_bound(tuple);
  // Others may have the same first word.
  return at == count || !is_less(at * stride(), tuple) ? at : lower_bound_in(at + 1, count, tuple);
}

/// What was guessed is on one of these cache lines: they are waited for all at once.
void TupleRun::fetch_around(std::size_t position) const noexcept {
  constexpr std::size_t kCacheLineBytes = 64;
  const std::size_t first = position - std::min(position, kWindow);
  const std::byte* const end = words_.data() + std::min(position + kWindow, size()) * stride();
  for (const auto* line = words_.data() + first * stride(); line < end; line += kCacheLineBytes) {
    __builtin_prefetch(line);
  }
}

/// The first tuple whose first word is not less, if it is that close; else more than there are.
/// Numbers without gaps are where they were guessed; of 170 hashes 99 of 100 are in the window.
std::size_t TupleRun::first_word_bound_around(std::size_t position,
                                              std::uint64_t wanted) const noexcept {
  const auto first_word = [&](std::size_t index) { return word(index * width_); };
  if (first_word(position) == wanted && (position == 0 || first_word(position - 1) < wanted)) {
    return position;
  }
  const std::size_t count = size();
  std::size_t from = position - std::min(position, kWindow);
  const std::size_t to = std::min(position + kWindow, count);
  const bool is_in =
      (from == 0 || first_word(from - 1) < wanted) && (to == count || first_word(to) >= wanted);
  if (!is_in) return count + 1;
  for (std::size_t length = to - from; length > 0;) {
    const std::size_t half = length / 2;
    const bool is_below = first_word(from + half) < wanted;
    from += is_below ? half + 1 : 0;
    length = is_below ? length - half - 1 : half;
  }
  return from;
}

std::size_t TupleRun::lower_bound_near(const Tuple& tuple) const noexcept {
  const std::size_t count = size();
  std::size_t step = 4;
  std::size_t from = 0;
  while (from + step < count && is_less((from + step) * stride(), tuple)) {
    from += step + 1;
    step *= 2;
  }
  return lower_bound_in(from, std::min(from + step, count), tuple);
}

/// `find_run` by the directory, which was prepared.
TupleRun TupleSet::find_in_snapshot(const Tuple& tuple) {
  StoredBlock* block = directory_.find(tuple);
  const auto blocks = directory_.entries();
  StoredBlock* next = block == nullptr ? blocks.data() : block + 1;
  const bool is_last = next == blocks.data() + blocks.size();
  if (block != nullptr) {
    const TupleRun found = run(*block);
    constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
    // At the ends it is not known where numbers begin and end.
    const bool is_inside = block != blocks.data() && !is_last;
    const std::size_t at =
        spread_ == Spread::kEven || (spread_ == Spread::kNumbers && is_inside)
            ? found.lower_bound_between(
                  block->first.words[0], is_last ? kMost : next->first.words[0], tuple)
            : found.lower_bound(tuple);
    if (at < found.size()) return found.from(at);
  }
  return is_last ? TupleRun() : run(*next);
}

TupleRun TupleSet::find_run(const Tuple& tuple) {
  const Entry* open = find_open(tuple);
  if (open != nullptr && covers(*open, tuple)) {
    const TupleRun found = run(*open);
    if (const std::size_t at = position_in(found, tuple); at < found.size()) return found.from(at);
    return open->end ? find_after_blocks(*open->end) : TupleRun();
  }
  if (!transaction_.is_writable() &&
      directory_.prepare(
          transaction_, key({}), [this](const auto& item) { return as_stored(item); })) {
    return find_in_snapshot(tuple);
  }
  if (found_generation_ != transaction_.generation() || tuple < run(found_).front() ||
      tuple > run(found_).back()) {
    const auto stored = as_stored(transaction_.find_at_or_before(key(tuple)));
    if (!stored) return find_after_blocks(tuple);
    found_ = *stored;
    found_generation_ = transaction_.generation();
  }
  const TupleRun found = run(found_);
  if (const std::size_t at = found.lower_bound(tuple); at < found.size()) return found.from(at);
  return find_after_blocks(tuple);
}

/// The first tuples of the blocks that start at `first` or later.
TupleRun TupleSet::find_after_blocks(const Tuple& first) {
  auto open = std::ranges::lower_bound(open_, first, {}, &Entry::first);
  auto stored = as_stored(transaction_.find_at_or_after(key(first)));
  for (;;) {
    if (open != open_.end() && (!stored || open->first <= stored->first)) {
      if (!open->words.empty()) return run(*open);
      if (stored && stored->first == open->first) stored = as_stored(transaction_.next());
      ++open;
    } else if (stored) {
      return run(*stored);
    } else {
      return {};
    }
  }
}

TupleSet::Entry* TupleSet::find_open(const Tuple& tuple) noexcept {
  if (open_.empty()) return nullptr;
  if (hot_ < open_.size() && covers(open_[hot_], tuple)) return &open_[hot_];
  const auto after = std::ranges::upper_bound(open_, tuple, {}, &Entry::first);
  return after == open_.begin() ? nullptr : &*std::prev(after);
}

std::size_t TupleSet::insert_entry(Entry entry) {
  const auto after = std::ranges::upper_bound(open_, entry.first, {}, &Entry::first);
  const auto index = after - open_.begin();
  open_.insert(after, std::move(entry));
  return static_cast<std::size_t>(index);
}

std::size_t TupleSet::open_covering(const Tuple& tuple) {
  const Entry* covering = find_open(tuple);
  if (covering != nullptr && covers(*covering, tuple)) return position_of(covering);

  const std::size_t next_open = covering != nullptr ? position_of(covering) + 1 : 0;
  Entry entry;
  if (next_open < open_.size()) entry.end = open_[next_open].first;
  entry.words.reserve(count_max_ * width_ + width_);
  // The first block takes whatever is less than the second, hence its key of zeros.
  if (auto stored = as_stored(transaction_.find_at_or_before(key(tuple)))) {
    const TupleRun words = run(*stored);
    entry.first = stored->first;
    entry.is_stored = true;
    entry.words.resize(words.bytes().size() / sizeof(std::uint64_t));
    std::memcpy(entry.words.data(), words.bytes().data(), words.bytes().size());
  }
  const auto next = as_stored(transaction_.next());
  if (next && (!entry.end || next->first < *entry.end)) entry.end = next->first;
  return insert_entry(std::move(entry));
}

void TupleSet::insert(const Tuple& tuple) {
  hot_ = open_covering(tuple);
  Entry& entry = open_[hot_];
  const TupleRun present = run(entry);
  const std::size_t size = present.size();
  const std::size_t at = position_in(present, tuple);
  TOMBOLO_ASSERT(at == size || present[at] != tuple);
  entry.words.insert(entry.words.begin() + static_cast<std::ptrdiff_t>(at * width_),
                     tuple.words.begin(),
                     tuple.words.begin() + width_);
  if (size + 1 > count_max_) split(hot_);
}

void TupleSet::erase(const Tuple& tuple) {
  hot_ = open_covering(tuple);
  Entry& entry = open_[hot_];
  const TupleRun present = run(entry);
  const std::size_t at = present.lower_bound(tuple);
  if (at == present.size() || present[at] != tuple) {
    throw Error(ErrorCode::kFileCorrupt, "an index lacks an entry");
  }
  const auto from = entry.words.begin() + static_cast<std::ptrdiff_t>(at * width_);
  entry.words.erase(from, from + width_);
}

void TupleSet::split(std::size_t index) {
  Entry& entry = open_[index];
  const std::size_t size = run(entry).size();
  // Ascending insertions reach the end of the last block: leave it full.
  const std::size_t at = entry.end ? size / 2 : size - 1;
  Entry tail;
  tail.first = run(entry)[at];
  tail.end = entry.end;
  tail.words.reserve(count_max_ * width_ + width_);
  const auto from = entry.words.begin() + static_cast<std::ptrdiff_t>(at * width_);
  tail.words.assign(from, entry.words.end());
  entry.words.erase(from, entry.words.end());
  entry.end = tail.first;
  insert_entry(std::move(tail));
}

/// What was inserted in no order has left blocks that are half full or more. Where many of them
/// are open side by side, most of that room is not going to be used soon.
void TupleSet::fill_up() {
  for (std::size_t from = 0; from < open_.size();) {
    std::size_t to = from + 1;
    while (to < open_.size() && open_[to - 1].end == open_[to].first) ++to;
    fill_up(std::span(open_).subspan(from, to - from));
    from = to;
  }
}

/// Moves the tuples of adjacent blocks into as few of them as hold them with a tenth of room left.
void TupleSet::fill_up(std::span<Entry> neighbours) {
  std::size_t tuples = 0;
  for (const Entry& entry : neighbours) tuples += run(entry).size();
  const std::size_t filled = count_max_ - count_max_ / 10;
  const std::size_t wanted = (tuples + filled - 1) / filled;
  if (wanted == 0 || wanted >= neighbours.size()) return;
  std::vector<std::uint64_t> words;
  words.reserve(tuples * width_);
  for (Entry& entry : neighbours) {
    words.insert(words.end(), entry.words.begin(), entry.words.end());
    entry.words.clear();
  }
  const auto tuple = [&](std::size_t index) {
    return words.begin() + static_cast<std::ptrdiff_t>(index * width_);
  };
  for (std::size_t i = 0; i < neighbours.size(); ++i) {
    Entry& entry = neighbours[i];
    // But for that of the first one, which may be less than what it has, keys follow the tuples.
    if (i > 0 && std::exchange(entry.is_stored, false)) transaction_.erase(key(entry.first));
    if (i >= wanted) continue;
    entry.words.assign(tuple(i * tuples / wanted), tuple((i + 1) * tuples / wanted));
    if (i > 0) entry.first = run(entry).front();
  }
}

void TupleSet::flush() {
  fill_up();
  std::array<std::byte, kTupleBlockBytesMax> packed;
  for (const Entry& entry : open_) {
    if (entry.words.empty()) {
      if (entry.is_stored) transaction_.erase(key(entry.first));
      continue;
    }
    const std::array<std::uint16_t, 4> header{
        static_cast<std::uint16_t>(run(entry).size()), static_cast<std::uint16_t>(width_), 0, 0};
    const BytesView words = std::as_bytes(std::span(entry.words));
    std::memcpy(packed.data(), header.data(), sizeof(header));
    std::memcpy(packed.data() + kHeaderBytes, words.data(), words.size());
    transaction_.put(key(entry.first), BytesView(packed).first(kHeaderBytes + words.size()));
  }
  open_.clear();
  hot_ = 0;
}

std::size_t TupleSet::open_memory_bytes() const noexcept {
  return open_.size() * kTupleBlockBytesMax;
}

}  // namespace tombolo::store
