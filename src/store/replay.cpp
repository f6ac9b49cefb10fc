#include "store/replay.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "changeset/reader.h"
#include "changeset/writer.h"
#include "store/applier.h"
#include "store/list_difference.h"
#include "store/realm_state.h"
#include "store/recorder.h"

namespace tombolo::store {

using changeset::ChangesetReader;
using changeset::ChangesetWriter;
using changeset::Instruction;
using changeset::Opcode;
using changeset::PathElement;
using changeset::Payload;
using changeset::PayloadType;
using changeset::PrimaryKey;
using changeset::StringIndex;

namespace {

/// The positions of the list elements that the replay has inserted, in the list where the changes
/// were made and in the copy's. Elements that lie side by side in both are one run.
class KnownElements {
 public:
  /// The position in the copy; nullopt: not an element of the replay's.
  [[nodiscard]] std::optional<std::uint32_t> find(std::uint32_t local) const {
    for (const Run& run : runs_) {
      if (local >= run.local && local - run.local < run.count) return run.copy + local - run.local;
    }
    return std::nullopt;
  }

  /// `copy`: nullopt when the element was left out of the copy.
  void insert(std::uint32_t local, std::optional<std::uint32_t> copy) {
    split(&Run::local, local);
    if (copy) split(&Run::copy, *copy);
    bool is_added = !copy;
    for (Run& run : runs_) {
      if (run.local >= local) ++run.local;
      if (copy && run.copy >= *copy) ++run.copy;
      if (!is_added && run.local + run.count == local && run.copy + run.count == *copy) {
        ++run.count;
        is_added = true;
      }
    }
    if (!is_added) runs_.push_back({local, *copy, 1});
  }

  /// Requires that `find(local) == copy`.
  void erase(std::uint32_t local, std::uint32_t copy) {
    split(&Run::local, local);
    split(&Run::local, local + 1);
    std::erase_if(runs_, [&](const Run& run) { return run.local == local; });
    for (Run& run : runs_) {
      if (run.local > local) --run.local;
      if (run.copy > copy) --run.copy;
    }
  }

 private:
  struct Run {
    std::uint32_t local;
    std::uint32_t copy;
    std::uint32_t count;
  };

  /// Lets no run lie on both sides of `position`.
  void split(std::uint32_t Run::*side, std::uint32_t position) {
    for (Run& run : runs_) {
      if (run.*side >= position || run.*side + run.count <= position) continue;
      const std::uint32_t before = position - run.*side;
      const Run rest{run.local + before, run.copy + before, run.count - before};
      run.count = before;
      runs_.push_back(rest);
      return;
    }
  }

  std::vector<Run> runs_;
};

/// A list of the copy that the replay has met.
struct ListState {
  KnownElements known;
  bool becomes_local = false;  ///< As a whole, at the end of the changeset; nothing else counts.
  bool is_copied = false;      ///< That has been done.
};

bool has_link(const Instruction& instruction) noexcept {
  switch (instruction.opcode) {
    case Opcode::kUpdate:
    case Opcode::kArrayInsert:
    case Opcode::kSetInsert:
    case Opcode::kSetErase: return instruction.value.type == PayloadType::kLink;
    default: return false;
  }
}

}  // namespace

class Replay::Machine {
 public:
  Machine(RealmWriter& copy, const RealmReader& local)
      : copy_(copy),
        local_(local),
        applier_(copy),
        recorder_(copy.state()) {}

  [[nodiscard]] Result<void> add_local_schema() {
    RealmState& state = copy_.state();
    Result<void> result;
    state.recorder = &*recorder_;
    try {
      copy_.add_schema(local_.schema());
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kSchemaMismatch) throw;
      result = error;
    }
    state.recorder = nullptr;
    return result;
  }

  [[nodiscard]] Result<void> repeat(BytesView bytes) {
    reader_.reset(bytes);
    for (;;) {
      const Result<const Instruction*> next = reader_.next();
      if (!next) return next.error();
      if (*next == nullptr) break;
      if (Result<void> done = repeat(**next); !done) return done;
    }
    copy_lists();
    return {};
  }

  [[nodiscard]] Bytes take() {
    Bytes changeset = to_bytes(recorder_->changeset());
    recorder_.emplace(copy_.state());
    return changeset;
  }

  [[nodiscard]] std::size_t left_out() const noexcept { return left_out_; }

 private:
  /// A path instruction's place, as far as it is in the copy.
  struct Target {
    SlotRef slot;
    const PropertyInfo* property;
  };

  [[nodiscard]] Result<void> repeat(const Instruction& instruction) {
    switch (instruction.opcode) {
      case Opcode::kEraseTable:
      case Opcode::kEraseColumn:
        return Error(ErrorCode::kClientReset,
                     "the class '" + std::string(reader_.string(instruction.table)) +
                         "' or a property of it was removed, which cannot be repeated");
      case Opcode::kEraseObject: return erase_object(instruction);
      default: break;
    }
    if (!changeset::is_path_instruction(instruction.opcode)) return perform(instruction);

    const ClassInfo* info = copy_.catalog().find_class(reader_.string(instruction.table));
    if (info == nullptr) return perform(instruction);  // It says what does not fit.
    const auto row = copy_.find(info->id, to_object_key(reader_, instruction.object));
    if (!row) return leave_out();
    const PropertyInfo* property = info->find_property(reader_.string(instruction.field));
    if (property == nullptr) return perform(instruction);
    const Target target{{info->id, *row, property->id}, property};
    if (property->is_list()) return change_list_of(target, instruction);
    return change_value(target, instruction);
  }

  [[nodiscard]] Result<void> erase_object(const Instruction& instruction) {
    const ClassInfo* info = copy_.catalog().find_class(reader_.string(instruction.table));
    if (info == nullptr) return perform(instruction);
    const auto row = copy_.find(info->id, to_object_key(reader_, instruction.object));
    if (!row) return {};
    std::erase_if(lists_, [&](const auto& list) {
      return list.first.object() == ObjectRef{info->id, *row};
    });
    return perform(instruction);
  }

  [[nodiscard]] Result<void> change_value(const Target& target, const Instruction& instruction) {
    if (instruction.opcode == Opcode::kAddInteger && instruction.path.count == 0 &&
        copy_.get(target.slot.object(), target.property->id).is_null()) {
      return leave_out();
    }
    if (instruction.opcode == Opcode::kUpdate && leads_nowhere(instruction)) {
      if (!target.property->nullable) return leave_out();
      Instruction unlinking = instruction;
      unlinking.value = Payload(PayloadType::kNull);
      return perform(unlinking);
    }
    return perform(instruction);
  }

  [[nodiscard]] Result<void> change_list_of(const Target& target, const Instruction& instruction) {
    if (instruction.opcode == Opcode::kClear && instruction.path.count == 0) {
      lists_[target.slot] = {};
      return perform(instruction);
    }
    const std::span<const PathElement> path = reader_.path(instruction);
    const bool is_element = path.size() == 1 && path[0].is_index() &&
                            (changeset::is_list_instruction(instruction.opcode) ||
                             instruction.opcode == Opcode::kUpdate);
    if (!is_element) return perform(instruction);

    ListState& list = lists_[target.slot];
    if (list.becomes_local) return {};
    const std::uint32_t local = path[0].position();
    Instruction here = instruction;
    here.prior_size = copy_.list(target.slot).size();
    if (instruction.opcode == Opcode::kArrayInsert) {
      if (leads_nowhere(instruction)) {
        list.known.insert(local, std::nullopt);
        return leave_out();
      }
      const std::uint32_t position = std::min(local, here.prior_size);
      list.known.insert(local, position);
      return perform_at(here, position);
    }

    const auto position = list.known.find(local);
    const auto move_to = list.known.find(instruction.move_to);
    const bool is_known = position && (instruction.opcode != Opcode::kArrayMove || move_to);
    if (!is_known) {
      list.becomes_local = true;
      return {};
    }
    switch (instruction.opcode) {
      case Opcode::kArrayErase: list.known.erase(local, *position); break;
      case Opcode::kArrayMove:
        here.move_to = *move_to;
        list.known.erase(local, *position);
        list.known.insert(instruction.move_to, *move_to);
        break;
      default:
        if (leads_nowhere(instruction)) return leave_out();
    }
    return perform_at(here, *position);
  }

  /// Gives the lists that are to be as the local ones what those hold at the end.
  void copy_lists() {
    for (auto& [slot, list] : lists_) {
      if (!list.becomes_local || std::exchange(list.is_copied, true)) continue;
      const ClassInfo& info = *copy_.catalog().find_class(slot.class_id);
      const PropertyInfo& property = *info.find_property(slot.property);
      const ClassInfo* local_info = local_.catalog().find_class(info.name);
      const PropertyInfo* local_property =
          local_info == nullptr ? nullptr : local_info->find_property(property.name);
      const auto row = local_property == nullptr
                           ? std::nullopt
                           : local_.find(local_info->id, copy_.key_of(slot.object()));
      if (row) {
        copy_list(slot, property, {local_info->id, *row, local_property->id});
      } else {
        ++left_out_;
      }
    }
  }

  void copy_list(const SlotRef& slot, const PropertyInfo& property, const SlotRef& local) {
    const ListReader wanted = local_.list(local);
    std::vector<std::uint32_t> visible;
    for (std::uint32_t i = 0; i < wanted.size(); ++i) {
      if (!wanted.is_hidden(i)) visible.push_back(i);
    }
    // A link may lead to an object that a later changeset creates.
    const auto value = [&](std::uint32_t position) {
      const Value of_local = wanted.get(visible[position]);
      if (of_local.type() != ValueType::kLink) return of_local;
      const ObjectKey key = local_.key_of(of_local.as_link());
      return Value::of_link({property.target, copy_.link_target(property.target, key)});
    };
    RealmState& state = copy_.state();
    const auto size = [&] { return copy_.list(slot).size(); };
    change_list(
        size(),
        static_cast<std::uint32_t>(visible.size()),
        [&](std::uint32_t at, std::uint32_t position) {
          return identical(value(position), copy_.list(slot).get(at));
        },
        [&](std::uint32_t at, std::uint32_t position) {
          recorder_->list_set(slot, at, value(position), size());
          state.list_set(slot, property, at, value(position));
        },
        [&](std::uint32_t at, std::uint32_t position) {
          recorder_->list_insert(slot, at, value(position), size());
          state.list_insert(slot, property, at, value(position));
        },
        [&](std::uint32_t at) {
          recorder_->list_erase(slot, at, size());
          state.list_erase(slot, property, at);
        });
  }

  /// Whether the value is a link to an object that is not in the copy.
  [[nodiscard]] bool leads_nowhere(const Instruction& instruction) const {
    if (!has_link(instruction)) return false;
    const changeset::LinkTarget& link = instruction.value.link;
    const ClassInfo* info = copy_.catalog().find_class(reader_.string(link.table));
    return info != nullptr && !copy_.find(info->id, to_object_key(reader_, link.object));
  }

  [[nodiscard]] Result<void> leave_out() {
    ++left_out_;
    return {};
  }

  // Doing and telling.

  /// `instruction`, with names of `reader_`, at another list position.
  [[nodiscard]] Result<void> perform_at(const Instruction& instruction, std::uint32_t position) {
    return perform([&](ChangesetWriter& writer, Instruction& result) {
      result = translate(writer, instruction);
      return std::vector{PathElement::index(position)};
    });
  }
  [[nodiscard]] Result<void> perform(const Instruction& instruction) {
    return perform([&](ChangesetWriter& writer, Instruction& result) {
      result = translate(writer, instruction);
      std::vector<PathElement> path;
      for (const PathElement element : reader_.path(instruction)) {
        path.push_back(element.is_index()
                           ? element
                           : PathElement::key(writer.intern(reader_.string(element.name()))));
      }
      return path;
    });
  }
  /// Applies one instruction to the copy and adds it to what is told. `make(writer, instruction)`
  /// fills it in with names of that writer and returns the path.
  template <typename Make>
  [[nodiscard]] Result<void> perform(const Make& make) {
    single_.reset();
    Instruction instruction;
    const std::vector<PathElement> path = make(single_, instruction);
    single_.append(instruction, path);
    if (const Result<void> applied = applier_.apply(single_.bytes()); !applied) {
      return Error::caused_by(
          ErrorCode::kClientReset, "a change does not fit the fresh copy", applied.error());
    }
    const std::vector<PathElement> told_path = make(recorder_->writer(), instruction);
    recorder_->writer().append(instruction, told_path);
    return {};
  }

  [[nodiscard]] PrimaryKey translate(ChangesetWriter& writer, const PrimaryKey& key) const {
    return key.type == PayloadType::kString ? PrimaryKey(writer.intern(reader_.string(key.string)))
                                            : key;
  }
  [[nodiscard]] Instruction translate(ChangesetWriter& writer, const Instruction& from) const {
    Instruction to = from;
    const auto name = [&](StringIndex index) { return writer.intern(reader_.string(index)); };
    to.table = name(from.table);
    switch (from.opcode) {
      case Opcode::kAddTable:
        to.table_spec.primary_key = name(from.table_spec.primary_key);
        return to;
      case Opcode::kAddColumn:
        to.field = name(from.field);
        if (from.column_spec.type == PropertyType::kLink) {
          to.column_spec.target = name(from.column_spec.target);
        }
        return to;
      case Opcode::kCreateObject:
      case Opcode::kEraseObject: to.object = translate(writer, from.object); return to;
      default: break;
    }
    to.object = translate(writer, from.object);
    to.field = name(from.field);
    if (has_link(from)) {
      to.value.link = {.table = name(from.value.link.table),
                       .object = translate(writer, from.value.link.object)};
    }
    return to;
  }

  RealmWriter& copy_;
  const RealmReader& local_;
  Applier applier_;
  std::optional<Recorder> recorder_;  ///< Of what is told; always there.
  ChangesetReader reader_;
  ChangesetWriter single_;
  std::map<SlotRef, ListState> lists_;
  std::size_t left_out_ = 0;
};

Replay::Replay(RealmWriter& copy, const RealmReader& local)
    : machine_(std::make_unique<Machine>(copy, local)) {}
Replay::~Replay() = default;

Result<void> Replay::add_local_schema() {
  return machine_->add_local_schema();
}
Result<void> Replay::repeat(BytesView changeset) {
  return machine_->repeat(changeset);
}
Bytes Replay::take() {
  return machine_->take();
}
std::size_t Replay::left_out() const noexcept {
  return machine_->left_out();
}

}  // namespace tombolo::store
