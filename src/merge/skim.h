#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "merge/edit.h"
#include "merge/merge.h"
#include "merge/name_table.h"
#include "merge/object_table.h"

namespace tombolo::merge {

/// The address of an instruction: what decides whom it can meet.
struct Mention {
  ObjectNumber object;
  StringIndex field;
  std::uint32_t first_key = 0;  ///< 1 + the name with which the path begins; 0: with none.
  ChangesetNumber changeset;
  std::uint32_t position = 0;
  Opcode opcode = Opcode::kAddTable;
};

/// The first pass over the changesets of a merge: it collects the addresses of the instructions
/// whose objects both sides mention, and decodes nothing else.
///
/// The smaller side's objects are numbered, together with what it does to them; the other side's
/// are looked up among them. If any instruction may clash with that, the smaller side is read again
/// for those that may clash with it. What only one side touches costs a hash of its key.
class Skim {
 public:
  /// `changesets` are the local ones, `local_count` of them, then the incoming ones; the bytes must
  /// outlive the skim.
  Skim(std::span<const Entry> changesets, std::size_t local_count)
      : changesets_(changesets),
        local_count_(local_count),
        names_of_(changesets.size()) {}

  /// Errors: `kBadChangeset`.
  [[nodiscard]] Result<void> run();
  /// The same, collecting every instruction of both sides.
  [[nodiscard]] Result<void> run_everything();

  /// Whether an instruction erases a class or a property. It can meet any other then, so what was
  /// collected does not suffice.
  [[nodiscard]] bool found_schema_erasure() const noexcept { return found_schema_erasure_; }

  /// In the order of changesets and positions.
  [[nodiscard]] std::span<const Mention> local() const noexcept { return local_; }
  [[nodiscard]] std::span<const Mention> incoming() const noexcept { return incoming_; }

  [[nodiscard]] std::size_t object_count() const noexcept { return objects_.size(); }
  [[nodiscard]] const NameTable& names() const noexcept { return names_; }
  /// The number in `names()` of each name in the changeset's own string table.
  [[nodiscard]] std::span<const StringIndex> names_of(ChangesetNumber changeset) const noexcept {
    const Range range = names_of_[changeset.value()];
    return std::span(translations_).subspan(range.offset, range.count);
  }

 private:
  struct Side {
    std::size_t first;  ///< Changesets [first, end).
    std::size_t end;
    std::vector<Mention>& mentions;
  };
  struct Range {
    std::size_t offset = 0;
    std::size_t count = 0;
  };

  [[nodiscard]] Side local_side() { return {0, local_count_, local_}; }
  [[nodiscard]] Side incoming_side() { return {local_count_, changesets_.size(), incoming_}; }
  [[nodiscard]] std::size_t byte_count(const Side& side) const noexcept;

  [[nodiscard]] Result<void> number_objects(const Side& side);
  [[nodiscard]] Result<void> collect_known(const Side& side);
  [[nodiscard]] Result<void> collect_shared(const Side& side);
  [[nodiscard]] Result<void> collect_everything(const Side& side);

  /// An instruction on its way from its address to its object. It waits for others, so that what
  /// all of them need of the table comes into the cache at once.
  struct Waiting {
    bool is_about_same = false;  ///< The object is that of the instruction before.
    std::uint32_t hash = 0;
    ObjectKey key;
    Mention mention;
  };

  /// For runs of instructions about one object calls `look_ahead(const Waiting&)`, some time later
  /// `find(const Waiting&)` for its number, and for those that have one
  /// `is_wanted(ObjectNumber, Touches) -> bool`; puts the wanted into `mentions`.
  template <typename LookAhead, typename Find, typename IsWanted>
  [[nodiscard]] Result<void> for_each(const Side& side,
                                      LookAhead look_ahead,
                                      Find find,
                                      IsWanted is_wanted);
  /// Numbers the names of a changeset's string table that have come up since the last call.
  void translate_names(ChangesetNumber changeset, std::span<const std::string_view> strings);
  /// Takes over the numbers of the first `count` names from the changeset before.
  void share_names(ChangesetNumber changeset, std::size_t count);
  [[nodiscard]] StringIndex translate(std::string_view text,
                                      ChangesetNumber changeset,
                                      std::size_t place);

  std::span<const Entry> changesets_;
  std::size_t local_count_;
  NameTable names_;
  std::vector<StringIndex> translations_;
  std::vector<Range> names_of_;  ///< Of `translations_`, for each changeset.
  ObjectTable objects_;
  std::vector<ObjectNumber> sequence_;  ///< What was found when the smaller side was numbered.
  bool found_schema_erasure_ = false;
  std::vector<Mention> local_;
  std::vector<Mention> incoming_;
};

}  // namespace tombolo::merge
