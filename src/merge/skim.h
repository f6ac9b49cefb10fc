#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.h"
#include "merge/edit.h"
#include "merge/kept_memory.h"
#include "merge/merge.h"
#include "merge/name_table.h"
#include "merge/object_table.h"

namespace tombolo::merge {

/// Where an instruction stands, what decides whether another one can clash with it, and what became
/// of it.
struct Record {
  std::uint32_t before = 0;     ///< 1 + number of the record before it of its object; 0: none.
  std::uint32_t changeset = 0;  ///< Index in its side.
  std::uint32_t begin = 0;      ///< Its bytes there: [begin, end).
  std::uint32_t end = 0;
  std::uint32_t change = kUnchanged;  ///< One of those below, or which of the edits replaces it.
  Touch touch;

  static constexpr std::uint32_t kUnchanged = 0xFFFF'FFFF;
  static constexpr std::uint32_t kDiscarded = 0xFFFF'FFFE;  ///< By this merge.
  static constexpr std::uint32_t kGone = 0xFFFF'FFFD;       ///< By an earlier one.
};

/// The changesets of one side of a merge, as far as they were read: where their names and those of
/// their instructions stand that can matter.
class Side {
 public:
  struct alignas(64) Changeset {
    Entry entry;
    std::uint32_t first_name = 0;  ///< Of the numbers of its names.
    std::uint32_t name_count = 0;
    std::uint32_t leading_bytes = 0;     ///< Of names before the first instruction.
    std::uint32_t first_late_names = 0;  ///< Of those between and behind instructions.
    std::uint32_t late_names_count = 0;
    std::uint32_t first_record = 0;
    std::uint32_t record_count = 0;
    bool is_touched = false;  ///< Whether an instruction changes in the merge.
  };
  /// Bytes between instructions: definitions of names.
  struct NameBytes {
    std::uint32_t begin;
    std::uint32_t end;
  };

  void add(const Entry& entry) { changesets_.push_back({.entry = entry}); }

  [[nodiscard]] std::size_t size() const noexcept { return changesets_.size(); }
  [[nodiscard]] Changeset& operator[](std::size_t i) { return changesets_[i]; }
  [[nodiscard]] const Changeset& operator[](std::size_t i) const { return changesets_[i]; }
  /// Those of a changeset stand together, in order.
  [[nodiscard]] std::span<Record> records() noexcept { return records_; }
  [[nodiscard]] std::span<const Record> records() const noexcept { return records_; }
  [[nodiscard]] std::span<Record> records_of(const Changeset& changeset) noexcept {
    return records().subspan(changeset.first_record, changeset.record_count);
  }
  [[nodiscard]] std::span<const Record> records_of(const Changeset& changeset) const noexcept {
    return records().subspan(changeset.first_record, changeset.record_count);
  }
  /// The number in the merge's name table of each name in the changeset's own string table.
  [[nodiscard]] std::span<const StringIndex> names_of(const Changeset& changeset) const noexcept {
    return std::span(names_).subspan(changeset.first_name, changeset.name_count);
  }
  [[nodiscard]] std::span<const NameBytes> late_names_of(
      const Changeset& changeset) const noexcept {
    return std::span(late_names_).subspan(changeset.first_late_names, changeset.late_names_count);
  }
  /// Whether an instruction erases a class or a property. It can meet any other then.
  [[nodiscard]] bool has_schema_erasure() const noexcept { return has_schema_erasure_; }
  /// Of the changesets themselves.
  [[nodiscard]] std::size_t byte_count() const noexcept;
  /// Memory that what was read takes.
  [[nodiscard]] std::size_t memory_bytes() const noexcept {
    return changesets_.capacity() * sizeof(Changeset) + records_.capacity() * sizeof(Record) +
           names_.capacity() * sizeof(StringIndex) + late_names_.capacity() * sizeof(NameBytes);
  }

  /// Puts `bytes` in the place of changeset `i`, all of whose instructions are recorded: they are
  /// what the changes of its records left of it, and must outlive the side.
  void replace(std::size_t i, BytesView bytes);
  /// The instructions of the changeset are what they were.
  void forget_changes(const Changeset& changeset) {
    for (Record& record : records_of(changeset)) {
      if (record.change != Record::kGone) record.change = Record::kUnchanged;
    }
  }
  /// Makes room for `count` changesets.
  void reserve(std::size_t count) { changesets_.reserve(count); }

 private:
  friend class SideIndex;

  /// An instruction on its way from its address to its object. It waits for others, so that what
  /// all of them need of the table comes into the cache at once.
  struct Waiting {
    bool is_about_same = false;  ///< The object is that of the instruction before.
    std::uint32_t hash = 0;
    ObjectKey key;
    Record record;
  };

  /// Reads the changesets from `first` on; calls `serve(std::span<Waiting>)` for a number of
  /// instructions at a time.
  template <typename Serve>
  [[nodiscard]] Result<void> read(std::size_t first,
                                  NameTable& names,
                                  const ObjectTable& objects,
                                  Serve serve);
  void translate_names(std::size_t i, std::span<const std::string_view> strings, NameTable& names);
  void share_names(std::size_t i, std::size_t count);
  [[nodiscard]] StringIndex translate(std::string_view text,
                                      std::size_t i,
                                      std::size_t place,
                                      NameTable& names);

  void append(const Record& record, std::uint32_t before);

  Table<Changeset> changesets_;
  Table<StringIndex> names_;
  Table<NameBytes> late_names_;
  Table<Record> records_;
  bool has_schema_erasure_ = false;
};

/// Both sides of a merge, whose changesets have one numbering: the local ones, then the incoming.
struct Sides {
  Side& local;
  Side& incoming;

  [[nodiscard]] ChangesetNumber first_local() const noexcept { return ChangesetNumber(0); }
  [[nodiscard]] ChangesetNumber first_incoming() const noexcept {
    return ChangesetNumber(static_cast<std::uint32_t>(local.size()));
  }
  [[nodiscard]] Side::Changeset& operator[](ChangesetNumber number) const {
    const bool is_local = number < first_incoming();
    return is_local ? local[number.value()] : incoming[number.value() - first_incoming().value()];
  }
};

/// One side of a merge with its instructions filed under their objects, in which those of the other
/// side are looked up.
///
/// Cost:    reading a side takes a hash of each object that it mentions; of the indexed one a
/// record
///          for each instruction and an entry for each object is kept, of the other one a record
///          for each instruction that may clash. Values are passed over.
class SideIndex {
 public:
  /// An object that instructions of both sides are about.
  struct Shared {
    ObjectNumber object;
    std::uint32_t last_record = 0;  ///< 1 + number of the other side's last record about it.
    Touches touches;                ///< By the other side.
  };

  [[nodiscard]] Side& side() noexcept { return side_; }
  [[nodiscard]] const Side& side() const noexcept { return side_; }
  [[nodiscard]] const NameTable& names() const noexcept { return names_; }
  [[nodiscard]] const ObjectTable& objects() const noexcept { return objects_; }
  [[nodiscard]] std::size_t memory_bytes() const noexcept {
    return side_.memory_bytes() + names_.byte_count() + objects_.byte_count();
  }

  /// Reads what was added to the side since the last call. Errors: `kBadChangeset`.
  [[nodiscard]] Result<void> read();
  /// Reads the other side and records those of its instructions that may clash with one of this
  /// side. Errors: `kBadChangeset`, `kLimitExceeded`.
  [[nodiscard]] Result<void> look_up(Side& other);
  /// The same, recording every instruction.
  [[nodiscard]] Result<void> look_up_everything(Side& other);

  /// What the last call found, and forgetting it.
  [[nodiscard]] std::span<const Shared> shared() const noexcept { return shared_; }
  void forget_shared();

 private:
  void record(Side& other, ObjectNumber number, const Record& record);

  NameTable names_;
  ObjectTable objects_;
  Side side_;
  std::size_t read_count_ = 0;  ///< Changesets of the side that were read.
  Table<Shared> shared_;
};

[[nodiscard]] Error too_many_shared_instructions();

}  // namespace tombolo::merge
