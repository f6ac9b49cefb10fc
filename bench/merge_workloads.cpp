#include "bench/merge_workloads.h"

#include <numeric>
#include <string>
#include <string_view>
#include <utility>

#include "base/random.h"
#include "changeset/writer.h"

namespace tombolo::bench {
namespace {

using changeset::ChangesetWriter;
using changeset::PathElement;
using changeset::Payload;
using changeset::Place;
using changeset::PrimaryKey;

constexpr ClientFileIdent kLocalClient{2};
constexpr std::uint64_t kFirstOtherClient = 3;

std::string_view text_of(std::uint64_t number, std::string& buffer) {
  buffer = "value " + std::to_string(number);
  return buffer;
}

/// Writes one side and cuts it into changesets. Timestamps grow at random, so that neither side is
/// the later one as a whole.
class HistoryWriter {
 public:
  HistoryWriter(Amount amount, std::uint64_t seed, std::uint64_t client_count = 1)
      : amount_(amount),
        client_count_(client_count),
        first_client_(seed == 0 ? kLocalClient.value() : kFirstOtherClient),
        random_(seed) {}

  [[nodiscard]] bool is_full() const noexcept {
    return history_.instruction_count + writer_.instruction_count() >= amount_.instructions;
  }
  [[nodiscard]] Random& random() noexcept { return random_; }
  [[nodiscard]] ChangesetWriter& writer() noexcept { return writer_; }

  [[nodiscard]] Place place(std::int64_t key, std::string_view field) {
    const auto table = writer_.intern("City");
    return {.table = table, .object = PrimaryKey(key), .field = writer_.intern(field), .path = {}};
  }
  /// Ends the changeset if it has enough instructions.
  void end_instruction() {
    if (writer_.instruction_count() >= amount_.per_changeset) end_changeset();
  }
  [[nodiscard]] History take() {
    end_changeset();
    return std::move(history_);
  }

 private:
  void end_changeset() {
    if (writer_.instruction_count() == 0) return;
    timestamp_ += random_.below(20);
    history_.instruction_count += writer_.instruction_count();
    history_.changesets.push_back({to_bytes(writer_.bytes()),
                                   OriginTimestamp(timestamp_),
                                   ClientFileIdent(first_client_ + random_.below(client_count_))});
    writer_.reset();
  }

  Amount amount_;
  std::uint64_t client_count_;
  std::uint64_t first_client_;
  SeededRandom random_;
  ChangesetWriter writer_;
  History history_;
  std::uint64_t timestamp_ = 0;
};

std::vector<std::int64_t> keys_in(Order order, std::size_t count, Random& random) {
  std::vector<std::int64_t> keys(count);
  std::iota(keys.begin(), keys.end(), 0);
  if (order == Order::kAscending) return keys;
  for (std::size_t i = count; i > 1; --i) std::swap(keys[i - 1], keys[random.below(i)]);
  return keys;
}

/// Writes `field` of the objects `key * factor + offset`.
History write_texts(Amount amount,
                    Order order,
                    std::uint64_t seed,
                    std::string_view field,
                    std::int64_t factor,
                    std::int64_t offset) {
  HistoryWriter side(amount, seed);
  std::string text;
  for (const std::int64_t key : keys_in(order, amount.instructions, side.random())) {
    const Place place = side.place(key * factor + offset, field);
    side.writer().update(place, Payload::of_string(text_of(side.random().below(1000), text)));
    side.end_instruction();
  }
  return side.take();
}

History insert_at_random(Amount amount, std::uint64_t seed, std::uint32_t size) {
  HistoryWriter side(amount, seed);
  for (; !side.is_full(); ++size) {
    Place place = side.place(1, "districts");
    const PathElement path[] = {
        PathElement::index(static_cast<std::uint32_t>(side.random().below(size + 1)))};
    place.path = path;
    const auto value = static_cast<std::int64_t>(side.random().below(1000));
    side.writer().array_insert(place, Payload::of_int(value), size);
    side.end_instruction();
  }
  return side.take();
}

/// A side of `mixed_work`: it knows the sizes of the lists as it sees them.
class MixedWork {
 public:
  MixedWork(Amount amount, std::uint64_t seed, std::uint64_t client_count)
      : side_(amount, seed, client_count),
        shared_count_(amount.instructions / 5 + 1),
        next_new_key_(static_cast<std::int64_t>(10'000'000 * (seed + 1))),
        list_sizes_(shared_count_, kListSize) {}

  [[nodiscard]] History write() {
    while (!side_.is_full()) {
      write_one(static_cast<std::int64_t>(below(shared_count_)));
      side_.end_instruction();
    }
    return side_.take();
  }

 private:
  static constexpr std::uint32_t kListSize = 3;

  [[nodiscard]] std::uint64_t below(std::uint64_t bound) { return side_.random().below(bound); }

  void write_one(std::int64_t key) {
    switch (below(20)) {
      case 0:
      case 1:
      case 2: return create();
      case 3:
      case 4:
      case 5: return change_list(key);
      case 6:
      case 7: return side_.writer().add_integer(side_.place(key, "visits"), 1);
      case 8:
      case 9: return change_set(key);
      case 10:
      case 11: return write_dictionary(key);
      case 12: return erase_and_create(key);
      default: return write_text(key, below(2) == 0 ? "name" : "mayor");
    }
  }

  void write_text(std::int64_t key, std::string_view field) {
    const Place place = side_.place(key, field);
    side_.writer().update(place, Payload::of_string(text_of(below(1000), text_)));
  }
  void create() {
    const Place place = side_.place(next_new_key_, "name");
    side_.writer().create_object(place.table, place.object);
    write_text(next_new_key_++, "name");
  }
  /// One in ten; else the objects would soon be gone.
  void erase_and_create(std::int64_t key) {
    if (below(10) != 0) return write_text(key, "mayor");
    const Place place = side_.place(key, "name");
    side_.writer().erase_object(place.table, place.object);
    side_.writer().create_object(place.table, place.object);
    list_sizes_[static_cast<std::size_t>(key)] = 0;
  }
  void change_list(std::int64_t key) {
    std::uint32_t& size = list_sizes_[static_cast<std::size_t>(key)];
    const bool erases = size > 0 && below(3) == 0;
    Place place = side_.place(key, "districts");
    const PathElement path[] = {
        PathElement::index(static_cast<std::uint32_t>(below(erases ? size : size + 1)))};
    place.path = path;
    if (erases) {
      side_.writer().array_erase(place, size--);
    } else {
      side_.writer().array_insert(place, Payload::of_string(text_of(below(1000), text_)), size++);
    }
  }
  void change_set(std::int64_t key) {
    const Place place = side_.place(key, "tags");
    const auto value = Payload::of_string(text_of(below(4), text_));
    below(4) == 0 ? side_.writer().set_erase(place, value)
                  : side_.writer().set_insert(place, value);
  }
  void write_dictionary(std::int64_t key) {
    constexpr std::string_view kKeys[] = {"altitude", "colour", "founded", "twin"};
    Place place = side_.place(key, "facts");
    const PathElement path[] = {PathElement::key(side_.writer().intern(kKeys[below(4)]))};
    place.path = path;
    side_.writer().update(place, Payload::of_int(static_cast<std::int64_t>(below(1000))));
  }

  HistoryWriter side_;
  std::uint64_t shared_count_;
  std::int64_t next_new_key_;
  std::vector<std::uint32_t> list_sizes_;
  std::string text_;
};

}  // namespace

std::vector<merge::Entry> History::entries() const {
  std::vector<merge::Entry> entries;
  entries.reserve(changesets.size());
  for (const Changeset& changeset : changesets) {
    entries.push_back({changeset.bytes, changeset.timestamp, changeset.ident});
  }
  return entries;
}

std::size_t History::byte_count() const noexcept {
  std::size_t bytes = 0;
  for (const Changeset& changeset : changesets) bytes += changeset.bytes.size();
  return bytes;
}

Sides disjoint_objects(Amount amount, Order order) {
  return {write_texts(amount, order, 0, "name", 2, 0), write_texts(amount, order, 1, "name", 2, 1)};
}

Sides different_properties(Amount amount, Order order) {
  return {write_texts(amount, order, 0, "name", 1, 0),
          write_texts(amount, order, 1, "mayor", 1, 0)};
}

Sides same_property(Amount amount, Order order) {
  return {write_texts(amount, order, 0, "name", 1, 0), write_texts(amount, order, 1, "name", 1, 0)};
}

Sides list_insertions(Amount amount, std::uint32_t base_size) {
  return {insert_at_random(amount, 0, base_size), insert_at_random(amount, 1, base_size)};
}

Sides mixed_work(Amount amount) {
  return {MixedWork(amount, 0, 1).write(), MixedWork(amount, 1, 5).write()};
}

}  // namespace tombolo::bench
