#include "merge/skim.h"

#include <array>
#include <limits>
#include <optional>
#include <string>

#include "base/assertion.h"
#include "changeset/reader.h"

namespace tombolo::merge {
namespace {

using changeset::ChangesetReader;
using changeset::Instruction;

/// Whether the instruction can make others void that name neither its object nor its class.
bool is_schema_erasure(Opcode opcode) {
  return opcode == Opcode::kEraseTable || opcode == Opcode::kEraseColumn;
}

/// The property that the instruction names; of those that name none, the same for all.
StringIndex field_of(const Instruction& instruction, std::span<const StringIndex> names) {
  return names_field(instruction.opcode) ? names[instruction.field.value()] : StringIndex();
}

ObjectKey key_of(const Instruction& instruction, std::span<const StringIndex> names) {
  const StringIndex table = names[instruction.table.value()];
  switch (instruction.opcode) {
    case Opcode::kAddTable:
    case Opcode::kEraseTable: return ObjectKey::of_class(table);
    case Opcode::kAddColumn:
    case Opcode::kEraseColumn: return ObjectKey::of_property(table, field_of(instruction, names));
    default: break;
  }
  changeset::PrimaryKey key = instruction.object;
  if (key.type == PayloadType::kString) key.string = names[key.string.value()];
  return ObjectKey::of_object(table, key);
}

/// Whether an instruction is about the object of the one before: most are.
class ObjectRuns {
 public:
  [[nodiscard]] bool goes_on(const Instruction& instruction, std::size_t changeset) {
    const bool is_schema = changeset::is_schema_instruction(instruction.opcode);
    const bool is_same = known_ && !is_schema && changeset == changeset_ &&
                         instruction.table == table_ && is_same_key(instruction.object, key_);
    if (!is_same) {
      known_ = !is_schema;
      changeset_ = changeset;
      table_ = instruction.table;
      key_ = instruction.object;
    }
    return is_same;
  }

 private:
  bool known_ = false;
  std::size_t changeset_ = 0;
  StringIndex table_;
  changeset::PrimaryKey key_;
};

/// About as many as a processor fetches at once.
constexpr std::size_t kWaitingMax = 32;

/// What an instruction takes at least with the names of its changeset, so that tables that are made
/// large enough at first are not much too large.
constexpr std::size_t kBytesPerInstruction = 20;

constexpr std::size_t kCacheLineBytes = 64;

/// Fetches the beginning of a changeset into the cache.
void prefetch(BytesView bytes) {
  constexpr std::size_t kBytesMax = 4 * kCacheLineBytes;
  for (std::size_t i = 0; i < bytes.size() && i < kBytesMax; i += kCacheLineBytes) {
    __builtin_prefetch(bytes.data() + i);
  }
}

}  // namespace

Error too_many_shared_instructions() {
  return Error(ErrorCode::kLimitExceeded,
               "more than " + std::to_string(kSharedInstructionsMax) +
                   " instructions are about objects that both sides mention");
}

std::size_t Side::byte_count() const noexcept {
  std::size_t bytes = 0;
  for (const Changeset& changeset : changesets_) bytes += changeset.entry.bytes.size();
  return bytes;
}

template <typename Serve>
Result<void> Side::read(std::size_t first,
                        NameTable& names,
                        const ObjectTable& objects,
                        Serve serve) {
  std::array<Waiting, kWaitingMax> waiting;
  std::size_t count = 0;
  ChangesetReader reader;
  ObjectRuns runs;
  for (std::size_t i = first; i < changesets_.size(); ++i) {
    Changeset& changeset = changesets_[i];
    if (i + 1 < changesets_.size()) prefetch(changesets_[i + 1].entry.bytes);
    if (changeset.entry.bytes.size() > std::numeric_limits<std::uint32_t>::max()) {
      return Error(ErrorCode::kBadChangeset, "a changeset is longer than 4 GiB");
    }
    reader.reset_after_similar(changeset.entry.bytes);
    share_names(i, reader.same_name_count());
    changeset.first_late_names = static_cast<std::uint32_t>(late_names_.size());
    std::size_t end = 0;
    const auto note_late_names = [&](std::size_t next) {
      if (end == next) return;
      late_names_.push_back(
          {.begin = static_cast<std::uint32_t>(end), .end = static_cast<std::uint32_t>(next)});
      ++changeset.late_names_count;
    };
    while (const Instruction* const next = reader.skim()) {
      const Instruction& instruction = *next;
      translate_names(i, reader.strings(), names);
      if (end != 0) note_late_names(reader.instruction_begin());
      end = reader.instruction_end();
      has_schema_erasure_ = has_schema_erasure_ || is_schema_erasure(instruction.opcode);
      const std::span<const StringIndex> own_names = names_of(changeset);
      Waiting& added = waiting[count++];
      added.is_about_same = runs.goes_on(instruction, i);
      if (!added.is_about_same) {
        added.key = key_of(instruction, own_names);
        added.hash = objects.hash_of(added.key);
        objects.prefetch_slot(added.hash);
      }
      added.record = {.before = 0,
                      .changeset = static_cast<std::uint32_t>(i),
                      .begin = static_cast<std::uint32_t>(reader.instruction_begin()),
                      .end = static_cast<std::uint32_t>(end),
                      .change = Record::kUnchanged,
                      .touch = Touch::of(instruction.opcode, field_of(instruction, own_names))};
      if (count < kWaitingMax) continue;
      if (auto served = serve(std::span(waiting)); !served) return served;
      count = 0;
    }
    if (auto status = reader.status(); !status) return status;
    // Names that no instruction uses are names too.
    translate_names(i, reader.strings(), names);
    changeset.leading_bytes = static_cast<std::uint32_t>(reader.leading_bytes());
    if (end != 0) note_late_names(changeset.entry.bytes.size());
  }
  return serve(std::span(waiting).first(count));
}

void Side::share_names(std::size_t i, std::size_t count) {
  if (count == 0) return;
  changesets_[i].first_name = changesets_[i - 1].first_name;
  changesets_[i].name_count = static_cast<std::uint32_t>(count);
}

void Side::translate_names(std::size_t i,
                           std::span<const std::string_view> strings,
                           NameTable& names) {
  Changeset& changeset = changesets_[i];
  if (changeset.name_count >= strings.size()) return;
  if (changeset.first_name + changeset.name_count != names_.size()) {
    // They stand among those of another changeset: more need a place of their own.
    const std::size_t first = names_.size();
    for (std::size_t n = 0; n < changeset.name_count; ++n) {
      names_.push_back(names_[changeset.first_name + n]);
    }
    changeset.first_name = static_cast<std::uint32_t>(first);
  }
  while (changeset.name_count < strings.size()) {
    names_.push_back(translate(strings[changeset.name_count], i, changeset.name_count, names));
    ++changeset.name_count;
  }
}

StringIndex Side::translate(std::string_view text,
                            std::size_t i,
                            std::size_t place,
                            NameTable& names) {
  // The changesets of one application have much the same names in the same order.
  if (i > 0 && place < changesets_[i - 1].name_count) {
    const StringIndex likely = names_[changesets_[i - 1].first_name + place];
    if (names[likely] == text) return likely;
  }
  return names.intern(text);
}

void Side::replace(std::size_t i, BytesView bytes) {
  Changeset& changeset = changesets_[i];
  changeset.entry.bytes = bytes;
  changeset.late_names_count = 0;
  ChangesetReader reader(bytes);
  for (Record& record : records_of(changeset)) {
    if (record.change == Record::kDiscarded || record.change == Record::kGone) {
      record.change = Record::kGone;
      continue;
    }
    const Instruction* const instruction = reader.skim();
    TOMBOLO_ASSERT(instruction != nullptr);
    record.change = Record::kUnchanged;
    record.begin = static_cast<std::uint32_t>(reader.instruction_begin());
    record.end = static_cast<std::uint32_t>(reader.instruction_end());
  }
  changeset.leading_bytes = static_cast<std::uint32_t>(reader.leading_bytes());
}

void Side::append(const Record& record, std::uint32_t before) {
  Changeset& changeset = changesets_[record.changeset];
  if (changeset.record_count++ == 0) {
    changeset.first_record = static_cast<std::uint32_t>(records_.size());
  }
  records_.push_back(record);
  records_.back().before = before;
}

Result<void> SideIndex::read() {
  const std::size_t first = read_count_;
  read_count_ = side_.size();
  if (first == 0) {
    const std::size_t expected = side_.byte_count() / kBytesPerInstruction;
    objects_.reserve(expected);
    side_.records_.reserve(expected);
  }
  ObjectNumber object;
  const auto file = [&](std::span<const Side::Waiting> waiting) -> Result<void> {
    for (const Side::Waiting& one : waiting) {
      if (!one.is_about_same) object = objects_.find_or_add(one.key, one.hash);
      ObjectTable::Object& found = objects_[object];
      found.touches.add(one.record.touch);
      side_.append(one.record, found.last_record);
      found.last_record = static_cast<std::uint32_t>(side_.records_.size());
    }
    return {};
  };
  return side_.read(first, names_, objects_, file);
}

Result<void> SideIndex::look_up(Side& other) {
  std::optional<ObjectNumber> object;
  const auto find = [&](std::span<const Side::Waiting> waiting) -> Result<void> {
    for (const Side::Waiting& one : waiting) {
      if (!one.is_about_same) objects_.prefetch_object(one.hash);
    }
    for (const Side::Waiting& one : waiting) {
      if (!one.is_about_same) object = objects_.find(one.key, one.hash);
      if (!object || !objects_[*object].touches.may_clash(one.record.touch)) continue;
      record(other, *object, one.record);
    }
    if (other.records_.size() > kSharedInstructionsMax) return too_many_shared_instructions();
    return {};
  };
  return other.read(0, names_, objects_, find);
}

Result<void> SideIndex::look_up_everything(Side& other) {
  forget_shared();
  Side everything;
  for (const Side::Changeset& changeset : other.changesets_) everything.add(changeset.entry);
  other = std::move(everything);
  ObjectNumber object;
  const auto find = [&](std::span<const Side::Waiting> waiting) -> Result<void> {
    for (const Side::Waiting& one : waiting) {
      if (!one.is_about_same) object = objects_.find_or_add(one.key, one.hash);
      record(other, object, one.record);
    }
    if (side_.records_.size() + other.records_.size() > kSharedInstructionsMax) {
      return too_many_shared_instructions();
    }
    return {};
  };
  return other.read(0, names_, objects_, find);
}

void SideIndex::record(Side& other, ObjectNumber number, const Record& record) {
  ObjectTable::Object& object = objects_[number];
  if (object.shared == 0) {
    shared_.push_back({.object = number, .last_record = 0, .touches = {}});
    object.shared = static_cast<std::uint32_t>(shared_.size());
  }
  Shared& shared = shared_[object.shared - 1];
  shared.touches.add(record.touch);
  other.append(record, shared.last_record);
  shared.last_record = static_cast<std::uint32_t>(other.records_.size());
}

void SideIndex::forget_shared() {
  for (const Shared& shared : shared_) objects_[shared.object].shared = 0;
  shared_.clear();
}

}  // namespace tombolo::merge
