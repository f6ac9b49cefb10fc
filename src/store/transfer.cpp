#include "store/transfer.h"

#include <string>

#include "base/error.h"
#include "store/content_copy.h"
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
        target_(target),
        to_(target.state()) {}

  void run() {
    // Embedded objects come with those that own them, asymmetric ones are never kept.
    for_each_class([&](const ClassInfo& info) { erase_surplus(info); });
    // All objects are there before values are copied, so that links find them.
    for_each_class([&](const ClassInfo& info) { create_missing(info); });
    for_each_class([&](const ClassInfo& info) { copy_values(info); });
  }

 private:
  template <typename Visit>
  void for_each_class(const Visit& visit) {
    for (const ClassInfo& info : source_.catalog().classes()) {
      if (info.kind == ClassKind::kTopLevel) visit(info);
    }
  }

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
    const ClassId class_id = twin(info).id;
    ContentCopy copy(source_, target_, UnresolvedLinks::kCopied);
    for (RowId row = source_.first_row(info.id); row != kNoRow;
         row = source_.next_row(info.id, row)) {
      const auto found = target_.find(class_id, source_.key_of({info.id, row}));
      TOMBOLO_ASSERT(found);
      copy.copy_object({info.id, row}, {class_id, *found});
    }
  }

  const RealmReader& source_;
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
