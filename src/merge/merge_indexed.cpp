#include "merge/merge_indexed.h"

#include <algorithm>
#include <deque>
#include <string>
#include <utility>

#include "merge/conflict_groups.h"
#include "merge/edit_reader.h"
#include "merge/rewrite.h"
#include "merge/walk.h"

/// Merging takes four passes; only what may clash goes beyond the first.
///
///   1. skim      read the addresses of both sides and note what may clash
///   2. decode    object by object, the instructions that may clash
///   3. walk      let those that can clash meet, pair by pair; note what changed
///   4. rewrite   splice the changesets in which an instruction changed

namespace tombolo::merge {
namespace {

Error failure(Fault fault) {
  if (fault == Fault::kTooManyMeetings) {
    return Error(ErrorCode::kLimitExceeded,
                 "more than " + std::to_string(kMeetingsMax) + " pairs of instructions clash");
  }
  return fault == Fault::kSchemaMismatch
             ? Error(ErrorCode::kMergeSchemaMismatch,
                     "both sides define a class or property of one name in different ways")
             : Error(ErrorCode::kMergeBadPosition,
                     "the two sides disagree about the size or a position of a list");
}

/// One side's edits that are at hand.
class Edits {
 public:
  Edits(Side& side, ChangesetNumber first) : side_(side), first_(first) {}

  void clear() noexcept {
    edits_.clear();
    pointers_.clear();
  }
  /// Decodes the instruction of a record.
  [[nodiscard]] bool add(EditReader& reader, std::uint32_t record, ObjectNumber object) {
    return reader.read(side_, first_, record, object, edits_.emplace_back());
  }
  /// Those that are there, in history order, though they were added from the last to the first.
  [[nodiscard]] std::vector<Edit*>& from_last_to_first() {
    for (auto edit = edits_.rbegin(); edit != edits_.rend(); ++edit) pointers_.push_back(&*edit);
    return pointers_;
  }
  [[nodiscard]] std::vector<Edit>& all() noexcept { return edits_; }
  [[nodiscard]] Side& side() const noexcept { return side_; }
  [[nodiscard]] ChangesetNumber first() const noexcept { return first_; }

 private:
  Side& side_;
  ChangesetNumber first_;
  std::vector<Edit> edits_;
  std::vector<Edit*> pointers_;
};

class Merge {
 public:
  Merge(SideIndex& index, Side& other, const MergeOptions& options, const DeployedRules& deployed)
      : index_(index),
        other_(other),
        options_(options),
        sides_(options.indexed == IndexedSide::kLocal ? Sides{index.side(), other}
                                                      : Sides{other, index.side()}),
        local_(sides_.local, sides_.first_local()),
        incoming_(sides_.incoming, sides_.first_incoming()),
        own_(options.indexed == IndexedSide::kLocal ? local_ : incoming_),
        others_(options.indexed == IndexedSide::kLocal ? incoming_ : local_),
        set_erase_places_(sides_),
        meeting_{
            .deployed = deployed, .set_erase_places = set_erase_places_, .prepended = prepended_} {}

  [[nodiscard]] Result<Rewrites> run() {
    if (auto read = index_.read(); !read) return read.error();
    if (!options_.every_pair && !index_.side().has_schema_erasure()) {
      if (auto read = index_.look_up(other_); !read) return read.error();
    }
    const bool every_pair =
        options_.every_pair || index_.side().has_schema_erasure() || other_.has_schema_erasure();
    if (auto walked = every_pair ? walk_every_pair() : walk_objects(); !walked) {
      return walked.error();
    }
    return rewrites();
  }

 private:
  [[nodiscard]] Result<void> walk_objects() {
    const std::span<const SideIndex::Shared> shared = index_.shared();
    for (std::size_t i = 0; i < shared.size(); ++i) {
      look_ahead(shared, i);
      if (auto read = read_object(shared[i]); !read) return read;
      if (own_.all().empty()) continue;
      const Fault fault =
          walk_object(local_.from_last_to_first(), incoming_.from_last_to_first(), meeting_);
      if (fault != Fault::kNone) return failure(fault);
      note_changes(local_);
      note_changes(incoming_);
    }
    return {};
  }

  /// Objects are far apart in memory, and so are their records and their instructions: fetches
  /// what the next ones need, in the order in which one leads to the other.
  void look_ahead(std::span<const SideIndex::Shared> shared, std::size_t i) const {
    constexpr std::size_t kStep = 6;
    const ObjectTable& objects = index_.objects();
    const auto record_of = [&](std::size_t ahead) -> const Record* {
      const std::uint32_t last = objects[shared[ahead].object].last_record;
      return last == 0 ? nullptr : &index_.side().records()[last - 1];
    };
    const auto changeset_of = [](const Side& side, const Record& record) {
      return &side[record.changeset];
    };
    const auto prefetch_bytes = [&](const Side& side, const Record& record) {
      __builtin_prefetch(changeset_of(side, record)->entry.bytes.data() + record.begin);
    };
    const auto other_record_of = [&](std::size_t ahead) -> const Record& {
      return other_.records()[shared[ahead].last_record - 1];
    };
    if (i + 4 * kStep < shared.size()) objects.prefetch(shared[i + 4 * kStep].object);
    if (i + 3 * kStep < shared.size()) {
      __builtin_prefetch(record_of(i + 3 * kStep));
      __builtin_prefetch(&other_record_of(i + 3 * kStep));
    }
    if (i + 2 * kStep < shared.size()) {
      const Record* const record = record_of(i + 2 * kStep);
      if (record != nullptr) __builtin_prefetch(changeset_of(index_.side(), *record));
      __builtin_prefetch(changeset_of(other_, other_record_of(i + 2 * kStep)));
    }
    if (i + kStep < shared.size()) {
      const Record* const record = record_of(i + kStep);
      if (record != nullptr) prefetch_bytes(index_.side(), *record);
      prefetch_bytes(other_, other_record_of(i + kStep));
    }
  }

  /// Decodes what both sides did to an object and may clash.
  [[nodiscard]] Result<void> read_object(const SideIndex::Shared& shared) {
    own_.clear();
    others_.clear();
    const std::span<const Record> own_records = index_.side().records();
    for (std::uint32_t n = index_.objects()[shared.object].last_record; n != 0;) {
      const std::uint32_t number = n - 1;
      const Record& record = own_records[number];
      if (record.changeset < options_.first) break;
      n = record.before;
      if (record.change == Record::kGone || !shared.touches.may_clash(record.touch)) continue;
      if (!own_.add(reader_, number, shared.object)) return reader_.status();
    }
    if (own_.all().empty()) return {};
    const std::span<const Record> records = other_.records();
    for (std::uint32_t n = shared.last_record; n != 0; n = records[n - 1].before) {
      if (!others_.add(reader_, n - 1, shared.object)) return reader_.status();
    }
    shared_instructions_ += own_.all().size() + others_.all().size();
    if (shared_instructions_ > kSharedInstructionsMax) return too_many_shared_instructions();
    return {};
  }

  [[nodiscard]] Result<void> walk_every_pair() {
    if (auto read = index_.look_up_everything(other_); !read) return read.error();
    if (auto read = read_everything(); !read) return read.error();
    std::vector<Edit*> rows;
    std::vector<Edit*> columns;
    for (Edit& edit : local_.all()) rows.push_back(&edit);
    for (Edit& edit : incoming_.all()) columns.push_back(&edit);
    if (const Fault fault = walk(rows, columns, meeting_); fault != Fault::kNone) {
      return failure(fault);
    }
    note_changes(local_);
    note_changes(incoming_);
    for (const Edit& edit : prepended_) note_touched(edit.changeset);
    return {};
  }

  /// Decodes all instructions of both sides, in history order.
  [[nodiscard]] Result<void> read_everything() {
    const std::span<const Record> own_records = index_.side().records();
    const std::span<const Record> records = other_.records();
    std::vector<ObjectNumber> own_objects(own_records.size());
    std::vector<ObjectNumber> objects(records.size());
    for (std::uint32_t number = 0; number < index_.objects().size(); ++number) {
      const ObjectTable::Object& object = index_.objects()[ObjectNumber(number)];
      for (std::uint32_t n = object.last_record; n != 0; n = own_records[n - 1].before) {
        own_objects[n - 1] = ObjectNumber(number);
      }
    }
    for (const SideIndex::Shared& shared : index_.shared()) {
      for (std::uint32_t n = shared.last_record; n != 0; n = records[n - 1].before) {
        objects[n - 1] = shared.object;
      }
    }
    for (std::uint32_t i = 0; i < own_records.size(); ++i) {
      const Record& record = own_records[i];
      if (record.change == Record::kGone || record.changeset < options_.first) continue;
      if (!own_.add(reader_, i, own_objects[i])) return reader_.status();
    }
    for (std::uint32_t i = 0; i < records.size(); ++i) {
      if (!others_.add(reader_, i, objects[i])) return reader_.status();
    }
    return {};
  }

  void note_changes(Edits& edits) {
    for (const Edit& edit : edits.all()) {
      if (!edit.discarded && !edit.changed) continue;
      std::uint32_t& change = edits.side().records()[edit.record].change;
      if (edit.discarded) {
        change = Record::kDiscarded;
      } else {
        change = static_cast<std::uint32_t>(replacements_.size());
        replacements_.push_back(edit);
      }
      note_touched(edit.changeset);
    }
  }
  void note_touched(ChangesetNumber number) {
    bool& is_touched = sides_[number].is_touched;
    if (!std::exchange(is_touched, true)) touched_.push_back(number);
  }

  [[nodiscard]] Rewrites rewrites() {
    std::vector<const Edit*> prepended;
    for (const Edit& edit : prepended_) prepended.push_back(&edit);
    std::ranges::stable_sort(
        prepended, {}, [](const Edit* edit) { return std::pair(edit->changeset, edit->begin); });
    std::ranges::sort(touched_);

    Rewrites made;
    Rewriter rewriter(index_.names());
    for (const ChangesetNumber number : touched_) {
      const bool is_local = number < sides_.first_incoming();
      const Edits& edits = is_local ? local_ : incoming_;
      const std::size_t i = number.value() - edits.first().value();
      Side::Changeset& changeset = edits.side()[i];
      changeset.is_touched = false;
      const auto first = std::ranges::lower_bound(prepended, number, {}, &Edit::changeset);
      const auto last = std::ranges::upper_bound(prepended, number, {}, &Edit::changeset);
      Outcome outcome =
          rewriter.rewrite(edits.side(), changeset, replacements_, std::span(first, last));
      if (outcome) {
        (is_local ? made.local : made.incoming).push_back({i, std::move(*outcome)});
      } else {
        edits.side().forget_changes(changeset);
      }
    }
    index_.forget_shared();
    return made;
  }

  SideIndex& index_;
  Side& other_;
  const MergeOptions options_;
  Sides sides_;
  Edits local_;
  Edits incoming_;
  Edits& own_;     ///< Of the indexed side.
  Edits& others_;  ///< Of the other side.
  EditReader reader_;
  std::size_t shared_instructions_ = 0;
  std::vector<ChangesetNumber> touched_;
  std::deque<Edit> replacements_;  ///< Instructions as they are to be written again.
  std::deque<Edit> prepended_;
  SetErasePlaces set_erase_places_;
  Meeting meeting_;
};

}  // namespace

Result<Rewrites> merge_indexed(SideIndex& index,
                               Side& other,
                               const MergeOptions& options,
                               const DeployedRules& deployed) {
  return Merge(index, other, options, deployed).run();
}

}  // namespace tombolo::merge
