#include "merge/skim.h"

#include <array>
#include <optional>
#include <string>

#include "changeset/reader.h"

namespace tombolo::merge {
namespace {

using changeset::ChangesetReader;
using changeset::Instruction;

/// Whether the instruction can make others void that name neither its object nor its class.
bool is_schema_erasure(Opcode opcode) {
  return opcode == Opcode::kEraseTable || opcode == Opcode::kEraseColumn;
}

std::uint32_t first_key(std::span<const PathElement> path, std::span<const StringIndex> names) {
  if (path.empty() || path.front().is_index()) return 0;
  return names[path.front().name().value()].value() + 1;
}

/// The property that the instruction names; that of a class or an object is none.
StringIndex field_of(const Instruction& instruction, std::span<const StringIndex> names) {
  const bool has_field = changeset::is_path_instruction(instruction.opcode) ||
                         instruction.opcode == Opcode::kAddColumn ||
                         instruction.opcode == Opcode::kEraseColumn;
  return has_field ? names[instruction.field.value()] : StringIndex();
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
  [[nodiscard]] bool goes_on(const Instruction& instruction, ChangesetNumber changeset) {
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
  ChangesetNumber changeset_;
  StringIndex table_;
  changeset::PrimaryKey key_;
};

/// About as many as a processor fetches at once.
constexpr std::size_t kWaitingMax = 32;

/// What an instruction takes at least with the names of its changeset, so that a table of objects
/// that is made large enough at first is not much too large.
constexpr std::size_t kBytesPerObject = 20;

}  // namespace

Result<void> Skim::run() {
  const bool local_is_smaller = byte_count(local_side()) <= byte_count(incoming_side());
  const Side smaller = local_is_smaller ? local_side() : incoming_side();
  const Side larger = local_is_smaller ? incoming_side() : local_side();
  if (auto read = number_objects(smaller); !read) return read;
  if (auto read = collect_known(larger); !read) return read;
  if (larger.mentions.empty()) return {};
  return collect_shared(smaller);
}

Result<void> Skim::run_everything() {
  if (auto read = collect_everything(local_side()); !read) return read;
  return collect_everything(incoming_side());
}

std::size_t Skim::byte_count(const Side& side) const noexcept {
  std::size_t bytes = 0;
  for (std::size_t i = side.first; i < side.end; ++i) bytes += changesets_[i].bytes.size();
  return bytes;
}

Result<void> Skim::number_objects(const Side& side) {
  objects_.reserve(byte_count(side) / kBytesPerObject);
  return for_each(
      side,
      [](const Waiting&) {},
      [this](const Waiting& waiting) {
        sequence_.push_back(objects_.find_or_add(waiting.key, waiting.hash));
        return std::optional(sequence_.back());
      },
      [this](ObjectNumber object, Touches touches) {
        objects_[object].by_its_side.add(touches);
        return false;
      });
}

Result<void> Skim::collect_known(const Side& side) {
  return for_each(
      side,
      [this](const Waiting& waiting) { objects_.prefetch_object(waiting.hash); },
      [this](const Waiting& waiting) { return objects_.find(waiting.key, waiting.hash); },
      [this](ObjectNumber number, Touches touches) {
        ObjectTable::Object& object = objects_[number];
        if (!touches.may_clash(object.by_its_side)) return false;
        object.by_other_side.add(touches);
        return true;
      });
}

Result<void> Skim::collect_shared(const Side& side) {
  return for_each(
      side,
      [this, next = sequence_.begin()](const Waiting&) mutable { objects_.prefetch(*next++); },
      [next = sequence_.begin()](const Waiting&) mutable { return std::optional(*next++); },
      [this](ObjectNumber object, Touches touches) {
        return touches.may_clash(objects_[object].by_other_side);
      });
}

Result<void> Skim::collect_everything(const Side& side) {
  side.mentions.clear();
  return for_each(
      side,
      [](const Waiting&) {},
      [this](const Waiting& waiting) {
        return std::optional(objects_.find_or_add(waiting.key, waiting.hash));
      },
      [](ObjectNumber, Touches) { return true; });
}

template <typename LookAhead, typename Find, typename IsWanted>
Result<void> Skim::for_each(const Side& side, LookAhead look_ahead, Find find, IsWanted is_wanted) {
  std::array<Waiting, kWaitingMax> waiting;
  std::size_t count = 0;
  std::optional<ObjectNumber> object;
  const auto serve_all = [&] {
    for (std::size_t i = 0; i < count; ++i) {
      if (!waiting[i].is_about_same) look_ahead(waiting[i]);
    }
    for (std::size_t i = 0; i < count; ++i) {
      Mention& mention = waiting[i].mention;
      if (!waiting[i].is_about_same) object = find(waiting[i]);
      if (!object || !is_wanted(*object, Touches::of(mention.opcode, mention.field))) continue;
      mention.object = *object;
      side.mentions.push_back(mention);
    }
    count = 0;
  };
  const auto is_too_much = [this] {
    return local_.size() + incoming_.size() > kSharedInstructionsMax;
  };
  const auto too_much = [] {
    return Error(ErrorCode::kLimitExceeded,
                 "more than " + std::to_string(kSharedInstructionsMax) +
                     " instructions are about objects that both sides mention");
  };

  ChangesetReader reader;
  ObjectRuns runs;
  for (std::size_t i = side.first; i < side.end; ++i) {
    reader.reset_after_similar(changesets_[i].bytes);
    const ChangesetNumber changeset(static_cast<std::uint32_t>(i));
    share_names(changeset, reader.same_name_count());
    std::uint32_t position = 0;
    for (; const Instruction* const next = reader.skim(); ++position) {
      translate_names(changeset, reader.strings());
      const Instruction& instruction = *next;
      const std::span<const StringIndex> names = names_of(changeset);
      found_schema_erasure_ = found_schema_erasure_ || is_schema_erasure(instruction.opcode);
      Waiting& added = waiting[count++];
      added.is_about_same = runs.goes_on(instruction, changeset);
      if (!added.is_about_same) {
        added.key = key_of(instruction, names);
        added.hash = objects_.hash_of(added.key);
        objects_.prefetch_slot(added.hash);
      }
      added.mention = {.object = {},
                       .field = field_of(instruction, names),
                       .first_key = first_key(reader.path(instruction), names),
                       .changeset = changeset,
                       .position = position,
                       .opcode = instruction.opcode};
      if (count == kWaitingMax) serve_all();
      if (is_too_much()) return too_much();
    }
    if (auto status = reader.status(); !status) return status;
    // Names that no instruction uses are names too.
    translate_names(changeset, reader.strings());
  }
  serve_all();
  if (is_too_much()) return too_much();
  return {};
}

void Skim::share_names(ChangesetNumber changeset, std::size_t count) {
  Range& range = names_of_[changeset.value()];
  if (range.count != 0 || count == 0) return;
  range = {.offset = names_of_[changeset.value() - 1].offset, .count = count};
}

void Skim::translate_names(ChangesetNumber changeset, std::span<const std::string_view> strings) {
  Range& range = names_of_[changeset.value()];
  if (range.count >= strings.size()) return;
  if (range.offset + range.count != translations_.size()) {
    // They stand among those of another changeset: more need a place of their own.
    const std::size_t offset = translations_.size();
    for (std::size_t i = 0; i < range.count; ++i) {
      translations_.push_back(translations_[range.offset + i]);
    }
    range.offset = offset;
  }
  while (range.count < strings.size()) {
    translations_.push_back(translate(strings[range.count], changeset, range.count));
    ++range.count;
  }
}

StringIndex Skim::translate(std::string_view text, ChangesetNumber changeset, std::size_t place) {
  // The changesets of one application have much the same names in the same order.
  if (changeset.value() > 0) {
    const Range before = names_of_[changeset.value() - 1];
    if (place < before.count) {
      const StringIndex likely = translations_[before.offset + place];
      if (names_[likely] == text) return likely;
    }
  }
  return names_.intern(text);
}

}  // namespace tombolo::merge
