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
#include "store/content_copy.h"
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

/// One step from a property inwards.
struct Step {
  std::optional<std::uint32_t> position;  ///< nullopt: `name` it is.
  std::string_view name = {};
};

/// What stands at the end of a way inwards.
struct Reached {
  SlotRef slot;
  const PropertyInfo* property;
  /// Of an element or entry, and of a whole collection: what it stands in or is.
  std::optional<CollectionRef> collection;
  bool is_whole_collection = false;
  Value value = {};  ///< Null for a whole collection, and for an entry that is not there.

  [[nodiscard]] bool is_property() const noexcept { return !collection; }
  [[nodiscard]] bool may_be_null() const noexcept {
    return property->nullable || (collection && collection->is_nested());
  }
};

Reached reach_property(RealmState& realm, const SlotRef& slot, const PropertyInfo& property) {
  if (property.is_collection()) return {slot, &property, CollectionRef(slot), true};
  return {slot, &property, std::nullopt, false, realm.read(slot.object(), property)};
}

/// The list or dictionary that `at` is or holds.
std::optional<CollectionRef> collection_of(const Reached& at) {
  if (at.is_whole_collection) return at.collection;
  if (!at.value.is_collection()) return std::nullopt;
  return CollectionRef(at.slot, at.value.as_collection());
}

/// Where a way inwards ends; nullopt: nowhere. Only its last step may lead to a dictionary key that
/// is not there.
std::optional<Reached> reach(RealmState& realm, const SlotRef& slot, std::span<const Step> way) {
  Reached at = reach_property(realm, slot, realm.property(slot.class_id, slot.property));
  for (std::size_t i = 0; i < way.size(); ++i) {
    const auto outer = collection_of(at);
    if (!outer) {
      const bool is_object =
          at.value.type() == ValueType::kLink && realm.is_embedded(at.value.as_link().class_id);
      if (!is_object || way[i].position) return std::nullopt;
      const ObjectRef object = at.value.as_link();
      const PropertyInfo* property =
          realm.class_store(object.class_id).info().find_property(way[i].name);
      if (property == nullptr) return std::nullopt;
      at = reach_property(realm, {object.class_id, object.row, property->id}, *property);
      continue;
    }
    const OpenCollection opened = realm.open(*outer);
    const bool is_list = opened.kind == CollectionType::kList;
    if (is_list != way[i].position.has_value() || opened.kind == CollectionType::kSet) {
      return std::nullopt;
    }
    CollectionTree::Found found{};
    if (is_list) {
      found = {*way[i].position, *way[i].position < opened.tree.size()};
    } else {
      found = RealmState::find_key(opened.tree, way[i].name);
    }
    if (!found.is_equal && (is_list || i + 1 < way.size())) return std::nullopt;
    at.collection = outer;
    at.is_whole_collection = false;
    at.value = found.is_equal ? RealmState::value_at(opened, found.position) : Value::null();
  }
  return at;
}

/// A list that is reached from a property by names alone.
struct ListPlace {
  SlotRef slot;
  std::vector<std::string> names;

  [[nodiscard]] std::vector<Step> way() const {
    std::vector<Step> steps;
    for (const std::string& name : names) steps.push_back({std::nullopt, name});
    return steps;
  }
  friend auto operator<=>(const ListPlace&, const ListPlace&) = default;
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
  using Path = std::vector<PathElement>;

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
    const SlotRef slot{info->id, *row, property->id};

    const std::span<const PathElement> elements = reader_.path(instruction);
    Path path(elements.begin(), elements.end());
    const auto position = std::ranges::find_if(path, &PathElement::is_index);
    if (position == path.end()) {
      forget_lists_in(slot, path, instruction);
      return change_value(slot, path, instruction);
    }
    ListPlace place{slot, {}};
    for (auto name = path.begin(); name != position; ++name) {
      place.names.emplace_back(reader_.string(name->name()));
    }
    const bool is_element =
        position + 1 == path.end() && (changeset::is_list_instruction(instruction.opcode) ||
                                       instruction.opcode == Opcode::kUpdate);
    const auto at = static_cast<std::size_t>(position - path.begin());
    if (is_element) return change_element(place, path, instruction);
    return change_inside_element(place, path, at, instruction);
  }

  [[nodiscard]] Result<void> erase_object(const Instruction& instruction) {
    const ClassInfo* info = copy_.catalog().find_class(reader_.string(instruction.table));
    if (info == nullptr) return perform(instruction);
    const auto row = copy_.find(info->id, to_object_key(reader_, instruction.object));
    if (!row) return {};
    std::erase_if(lists_, [&](const auto& list) {
      return list.first.slot.object() == ObjectRef{info->id, *row};
    });
    return perform(instruction);
  }

  /// After a value was replaced or cleared, the lists that it is or has in it begin anew.
  void forget_lists_in(const SlotRef& slot, const Path& path, const Instruction& instruction) {
    if (instruction.opcode != Opcode::kUpdate && instruction.opcode != Opcode::kClear) return;
    std::erase_if(lists_, [&](const auto& list) {
      const ListPlace& place = list.first;
      return place.slot == slot && place.names.size() >= path.size() &&
             std::equal(path.begin(),
                        path.end(),
                        place.names.begin(),
                        [&](const PathElement element, const std::string& name) {
                          return reader_.string(element.name()) == name;
                        });
    });
  }

  [[nodiscard]] std::vector<Step> to_way(const Path& path) const {
    std::vector<Step> way;
    for (const PathElement element : path) {
      way.push_back(element.is_index() ? Step{element.position()}
                                       : Step{std::nullopt, reader_.string(element.name())});
    }
    return way;
  }

  /// An instruction on what stands at the end of a path whose positions are those of the copy.
  [[nodiscard]] Result<void> change_value(const SlotRef& slot,
                                          const Path& path,
                                          const Instruction& instruction) {
    const auto target = reach(copy_.state(), slot, to_way(path));
    if (!target) return leave_out();
    switch (instruction.opcode) {
      case Opcode::kAddInteger: {
        const bool holds_none =
            target->is_property() && !target->is_whole_collection &&
            (target->value.is_null() || (target->property->type == PropertyType::kMixed &&
                                         target->value.type() != ValueType::kInt));
        if (holds_none) return leave_out();
        break;
      }
      case Opcode::kUpdate:
        if (!leads_nowhere(instruction)) break;
        if (!target->may_be_null()) return leave_out();
        return perform(unlinking(instruction), path);
      case Opcode::kSetInsert:
      case Opcode::kSetErase:
        if (leads_nowhere(instruction)) return leave_out();
        break;
      default: break;
    }
    return perform(instruction, path);
  }
  [[nodiscard]] static Instruction unlinking(Instruction instruction) {
    instruction.value = Payload(PayloadType::kNull);
    return instruction;
  }

  /// An instruction on a list element: `path` ends in its position.
  [[nodiscard]] Result<void> change_element(const ListPlace& place,
                                            const Path& path,
                                            const Instruction& instruction) {
    ListState& list = lists_[place];
    if (list.becomes_local) return {};
    const auto reached = reach(copy_.state(), place.slot, place.way());
    const auto ref = reached ? collection_of(*reached) : std::nullopt;
    if (!ref || copy_.state().open(*ref).kind != CollectionType::kList) {
      lists_.erase(place);
      return leave_out();
    }
    const bool holds_any = reached->property->type == PropertyType::kMixed;
    const std::uint32_t local = path.back().position();
    Instruction here = instruction;
    here.prior_size = copy_.state().open(*ref).tree.size();
    if (leads_nowhere(instruction) && holds_any) here = unlinking(here);
    const bool is_left_out = leads_nowhere(instruction) && !holds_any;
    if (instruction.opcode == Opcode::kArrayInsert) {
      if (is_left_out) {
        list.known.insert(local, std::nullopt);
        return leave_out();
      }
      const std::uint32_t position = std::min(local, here.prior_size);
      list.known.insert(local, position);
      return perform(here, with_last(path, position));
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
        if (is_left_out) return leave_out();
    }
    return perform(here, with_last(path, *position));
  }
  [[nodiscard]] static Path with_last(Path path, std::uint32_t position) {
    path.back() = PathElement::index(position);
    return path;
  }

  /// An instruction on what is inside the element that `path[at]` names.
  [[nodiscard]] Result<void> change_inside_element(const ListPlace& place,
                                                   Path path,
                                                   std::size_t at,
                                                   const Instruction& instruction) {
    ListState& list = lists_[place];
    if (list.becomes_local) return {};
    const auto position = list.known.find(path[at].position());
    const auto inner = path.begin() + static_cast<std::ptrdiff_t>(at) + 1;
    if (!position || std::any_of(inner, path.end(), [](PathElement e) { return e.is_index(); })) {
      list.becomes_local = true;
      return {};
    }
    path[at] = PathElement::index(*position);
    return change_value(place.slot, path, instruction);
  }

  /// Gives the lists that are to be as the local ones what those hold at the end.
  void copy_lists() {
    for (auto& [place, list] : lists_) {
      if (!list.becomes_local || std::exchange(list.is_copied, true)) continue;
      if (!copy_list(place)) ++left_out_;
    }
  }

  [[nodiscard]] bool copy_list(const ListPlace& place) {
    const SlotRef& slot = place.slot;
    const ClassInfo& info = *copy_.catalog().find_class(slot.class_id);
    const ClassInfo* local_info = local_.catalog().find_class(info.name);
    if (local_info == nullptr) return false;
    const PropertyInfo* property =
        local_info->find_property(info.find_property(slot.property)->name);
    const auto row = local_.find(local_info->id, copy_.key_of(slot.object()));
    if (property == nullptr || !row) return false;
    const auto from = list_at(local_.state(), {{local_info->id, *row, property->id}, place.names});
    const auto to = list_at(copy_.state(), place);
    if (!from || !to) return false;
    // A link may lead to an object that a later changeset creates.
    copy_.state().recorder = &*recorder_;
    ContentCopy(local_, copy_, UnresolvedLinks::kLeftOut).copy_collection(*from, *to);
    copy_.state().recorder = nullptr;
    return true;
  }
  [[nodiscard]] static std::optional<CollectionRef> list_at(RealmState& realm,
                                                            const ListPlace& place) {
    const auto reached = reach(realm, place.slot, place.way());
    const auto ref = reached ? collection_of(*reached) : std::nullopt;
    if (!ref || realm.open(*ref).kind != CollectionType::kList) return std::nullopt;
    return ref;
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

  [[nodiscard]] Result<void> perform(const Instruction& instruction) {
    if (!changeset::is_path_instruction(instruction.opcode)) return perform(instruction, Path());
    const std::span<const PathElement> path = reader_.path(instruction);
    return perform(instruction, Path(path.begin(), path.end()));
  }
  /// `instruction` and `path` have names of `reader_`.
  [[nodiscard]] Result<void> perform(const Instruction& instruction, const Path& path) {
    return perform([&](ChangesetWriter& writer, Instruction& result) {
      result = translate(writer, instruction);
      Path translated = path;
      for (PathElement& element : translated) {
        if (!element.is_key()) continue;
        element = PathElement::key(writer.intern(reader_.string(element.name())));
      }
      return translated;
    });
  }
  /// Applies one instruction to the copy and adds it to what is told. `make(writer, instruction)`
  /// fills it in with names of that writer and returns the path.
  template <typename Make>
  [[nodiscard]] Result<void> perform(const Make& make) {
    single_.reset();
    Instruction instruction;
    const Path path = make(single_, instruction);
    single_.append(instruction, path);
    if (const Result<void> applied = applier_.apply(single_.bytes()); !applied) {
      return Error::caused_by(
          ErrorCode::kClientReset, "a change does not fit the fresh copy", applied.error());
    }
    const Path told_path = make(recorder_->writer(), instruction);
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
  std::map<ListPlace, ListState> lists_;
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
