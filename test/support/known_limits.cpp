#include "test/support/known_limits.h"

#include <algorithm>
#include <string>
#include <vector>

#include "changeset/printer.h"

namespace tombolo::test {
namespace {

using namespace changeset;  // NOLINT: the whole file is about its types

/// One step of an address; a list position has no name.
struct Step {
  bool is_position = false;
  std::string name;

  friend bool operator==(const Step&, const Step&) = default;
};

/// An instruction by names.
struct Edit {
  Opcode opcode;
  PayloadType value;
  std::string object;  ///< Class and key.
  std::string field;
  std::vector<Step> path;
  bool replaces_object = false;  ///< Puts an embedded object where a collection has its element.
};

/// Whether the path of `instruction` leads to an element of a collection and not to a property of
/// an embedded object.
bool leads_to_element(const ModelRealm& schema,
                      const std::string& class_name,
                      const std::string& field,
                      const std::vector<Step>& path) {
  const auto table = schema.tables().find(class_name);
  const Property* property =
      table == schema.tables().end() ? nullptr : table->second.schema.find_property(field);
  for (auto step = path.begin(); property != nullptr;) {
    if (property->collection != CollectionType::kSingle) {
      if (step == path.end()) return false;
      if (++step == path.end()) return true;
    }
    if (step == path.end()) return false;
    const auto inside = schema.tables().find(property->target);
    property =
        inside == schema.tables().end() ? nullptr : inside->second.schema.find_property(step->name);
    ++step;
  }
  return true;  // inside of a mixed value, or nowhere
}

std::vector<Edit> edits_of(std::span<const Bytes> side, const ModelRealm& schema) {
  std::vector<Edit> edits;
  for (const Bytes& bytes : side) {
    const Changeset changeset = parse_view(bytes).value();
    for (const Instruction& instruction : changeset.instructions) {
      Edit edit{.opcode = instruction.opcode,
                .value = PayloadType::kNull,
                .object = {},
                .field = {},
                .path = {}};
      if (is_path_instruction(instruction.opcode)) {
        const std::string class_name(changeset.string(instruction.table));
        Instruction creation = instruction;
        creation.opcode = Opcode::kCreateObject;
        edit.object = print(changeset, creation);
        edit.field = changeset.string(instruction.field);
        for (const PathElement element : changeset.path(instruction)) {
          edit.path.push_back(element.is_index()
                                  ? Step{.is_position = true, .name = {}}
                                  : Step{.name = std::string(changeset.string(element.name()))});
        }
        if (instruction.opcode == Opcode::kUpdate) {
          edit.value = instruction.value.type;
          edit.replaces_object = edit.value == PayloadType::kObjectValue &&
                                 leads_to_element(schema, class_name, edit.field, edit.path);
        }
      }
      edits.push_back(std::move(edit));
    }
  }
  return edits;
}

bool is_same_slot(const Edit& left, const Edit& right) {
  return left.object == right.object && left.field == right.field && left.path == right.path;
}
bool is_at_or_inside(const Edit& outer, const Edit& inner) {
  return outer.object == inner.object && outer.field == inner.field &&
         outer.path.size() <= inner.path.size() &&
         std::equal(outer.path.begin(), outer.path.end(), inner.path.begin());
}
bool makes_collection(const Edit& edit) {
  return edit.opcode == Opcode::kUpdate &&
         (edit.value == PayloadType::kList || edit.value == PayloadType::kDictionary);
}
bool changes_often(const Edit& edit, const std::vector<Edit>& side) {
  return std::ranges::count_if(side, [&](const Edit& other) {
           return other.opcode == Opcode::kUpdate && is_same_slot(edit, other);
         }) > 1;
}

std::optional<std::string_view> limit_of(const Edit& one,
                                         const std::vector<Edit>& its_side,
                                         const Edit& other,
                                         const std::vector<Edit>& other_side,
                                         RecordedBy recorded_by) {
  if (one.opcode == Opcode::kEraseTable || one.opcode == Opcode::kEraseColumn) return "L5";
  if (one.replaces_object && is_at_or_inside(one, other)) return "L1";
  if (!is_same_slot(one, other)) return std::nullopt;
  if (makes_collection(one) && makes_collection(other) &&
      (changes_often(one, its_side) || changes_often(other, other_side))) {
    return "L2";
  }
  if (recorded_by == RecordedBy::kAnyone && makes_collection(one) &&
      other.opcode == Opcode::kUpdate) {
    return "L3";
  }
  if (one.opcode == Opcode::kClear && other.value == PayloadType::kErased) return "L4";
  return std::nullopt;
}

}  // namespace

std::optional<std::string_view> known_limit(std::span<const Bytes> left,
                                            std::span<const Bytes> right,
                                            const ModelRealm& schema,
                                            RecordedBy recorded_by) {
  const std::vector<Edit> left_edits = edits_of(left, schema);
  const std::vector<Edit> right_edits = edits_of(right, schema);
  for (const Edit& one : left_edits) {
    for (const Edit& other : right_edits) {
      auto limit = limit_of(one, left_edits, other, right_edits, recorded_by);
      if (!limit) limit = limit_of(other, right_edits, one, left_edits, recorded_by);
      if (limit) return limit;
    }
  }
  return std::nullopt;
}

}  // namespace tombolo::test
