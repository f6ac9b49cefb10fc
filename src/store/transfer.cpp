#include "store/transfer.h"

#include <string>
#include <vector>

#include "base/error.h"
#include "store/list_difference.h"
#include "store/realm_state.h"

namespace tombolo::store {
namespace {

/// What `target` has of the schema and `source` lacks: it could only be removed.
std::string surplus(const Schema& source, const Schema& target) {
  std::string problems;
  const auto add = [&](const std::string& what) {
    problems += (problems.empty() ? "" : "\n") + what + " is not there any more";
  };
  for (const ClassSchema& has : target.classes) {
    const ClassSchema* other = source.find_class(has.name);
    if (other == nullptr) {
      add("the class '" + has.name + "'");
      continue;
    }
    for (const Property& property : has.properties) {
      if (other->find_property(property.name) == nullptr) {
        add("the property '" + has.name + "." + property.name + "'");
      }
    }
  }
  return problems;
}

/// Copies one class after the other, once the schemas agree.
class Transfer {
 public:
  Transfer(const RealmReader& source, RealmWriter& target)
      : source_(source),
        from_(source.state()),
        target_(target),
        to_(target.state()) {}

  void run() {
    for (const ClassInfo& info : source_.catalog().classes()) erase_surplus(info);
    // All objects are there before values are copied, so that links find them.
    for (const ClassInfo& info : source_.catalog().classes()) create_missing(info);
    for (const ClassInfo& info : source_.catalog().classes()) copy_values(info);
  }

 private:
  [[nodiscard]] const ClassInfo& twin(const ClassInfo& info) const {
    const ClassInfo* found = target_.catalog().find_class(info.name);
    TOMBOLO_ASSERT(found != nullptr);
    return *found;
  }

  void erase_surplus(const ClassInfo& info) {
    const ClassId class_id = twin(info).id;
    for (RowId row = target_.first_row(class_id); row != kNoRow;
         row = target_.next_row(class_id, row)) {
      if (source_.find(info.id, target_.key_of({class_id, row}))) continue;
      to_.erase({class_id, row}, true);
      to_.limit_memory();
    }
  }

  void create_missing(const ClassInfo& info) {
    const ClassId class_id = twin(info).id;
    for (RowId row = source_.first_row(info.id); row != kNoRow;
         row = source_.next_row(info.id, row)) {
      (void)target_.create(class_id, source_.key_of({info.id, row}));
    }
  }

  void copy_values(const ClassInfo& info) {
    struct Pair {
      const PropertyInfo* from;
      const PropertyInfo* to;
    };
    const ClassInfo& other = twin(info);
    std::vector<Pair> properties;
    for (const PropertyInfo& property : info.properties) {
      if (info.primary_key == property.id) continue;
      properties.push_back({&property, other.find_property(property.name)});
    }
    for (RowId row = source_.first_row(info.id); row != kNoRow;
         row = source_.next_row(info.id, row)) {
      const ObjectRef from{info.id, row};
      const auto found = target_.find(other.id, source_.key_of(from));
      TOMBOLO_ASSERT(found);
      const ObjectRef to{other.id, *found};
      for (const Pair& property : properties) {
        if (property.from->is_list()) {
          copy_list({from.class_id, from.row, property.from->id},
                    {to.class_id, to.row, property.to->id},
                    *property.to);
        } else {
          const Value value = translate(from_.read(from, *property.from), *property.to);
          if (!identical(value, to_.read(to, *property.to))) to_.write(to, *property.to, value);
        }
        to_.limit_memory();
      }
    }
  }

  void copy_list(const SlotRef& from, const SlotRef& to, const PropertyInfo& to_property) {
    const ListReader wanted = source_.list(from);
    if (wanted.size() == 0 && target_.list(to).size() == 0) return;
    const auto value = [&](std::uint32_t position) {
      return translate(wanted.get(position), to_property);
    };
    change_list(
        target_.list(to).size(),
        wanted.size(),
        [&](std::uint32_t at, std::uint32_t position) {
          return identical(value(position), target_.list(to).get(at));
        },
        [&](std::uint32_t at, std::uint32_t position) {
          to_.list_set(to, to_property, at, value(position));
        },
        [&](std::uint32_t at, std::uint32_t position) {
          to_.list_insert(to, to_property, at, value(position));
        },
        [&](std::uint32_t at) { to_.list_erase(to, to_property, at); });
  }

  /// The value as the target has it: a link leads to the target's row of the same key, which may be
  /// a tombstone.
  [[nodiscard]] Value translate(const Value& value, const PropertyInfo& property) {
    if (value.type() != ValueType::kLink) return value;
    const ObjectRef linked = value.as_link();
    return Value::of_link(
        {property.target, target_.link_target(property.target, source_.key_of(linked))});
  }

  const RealmReader& source_;
  RealmState& from_;
  RealmWriter& target_;
  RealmState& to_;
};

}  // namespace

Result<void> transfer(const RealmReader& source, RealmWriter& target) {
  const std::string problems = surplus(source.schema(), target.schema());
  if (!problems.empty()) return Error(ErrorCode::kSchemaMismatch, problems);
  const Recording recording = target.recording();
  target.set_recording(Recording::kOff);
  try {
    target.add_schema(source.schema());
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kSchemaMismatch) throw;
    return error;
  }
  Transfer(source, target).run();
  target.set_recording(recording);
  return {};
}

}  // namespace tombolo::store
