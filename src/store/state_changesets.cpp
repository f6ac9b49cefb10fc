#include "store/state_changesets.h"

#include <optional>

#include "store/realm_state.h"
#include "store/recorder.h"

namespace tombolo::store {
namespace {

/// Records into one changeset after the other.
class Teller {
 public:
  Teller(const RealmReader& realm,
         std::size_t bytes_target,
         const std::function<void(BytesView)>& take)
      : realm_(realm),
        bytes_target_(bytes_target),
        take_(take),
        recorder_(std::in_place, realm.state()) {}

  void run() {
    const auto& classes = realm_.catalog().classes();
    for (const ClassInfo& info : classes) recorder_->add_class(info);
    for (const ClassInfo& info : classes) {
      for (const PropertyInfo& property : info.properties) {
        if (info.primary_key != property.id) recorder_->add_property(info, property);
      }
    }
    // All objects are there before the values, so that links find them.
    for_each_object([&](const ClassInfo&, ObjectRef object) {
      recorder_->create(object, realm_.key_of(object));
      cut_if_full();
    });
    for_each_object([&](const ClassInfo& info, ObjectRef object) {
      for (const PropertyInfo& property : info.properties) {
        if (info.primary_key != property.id) tell_values(object, property);
      }
    });
    take_(recorder_->changeset());
  }

 private:
  template <typename Visit>
  void for_each_object(Visit&& visit) {
    for (const ClassInfo& info : realm_.catalog().classes()) {
      for (RowId row = realm_.first_row(info.id); row != kNoRow;
           row = realm_.next_row(info.id, row)) {
        visit(info, ObjectRef{info.id, row});
      }
    }
  }

  void tell_values(ObjectRef object, const PropertyInfo& property) {
    const SlotRef slot{object.class_id, object.row, property.id};
    if (property.is_list()) {
      const ListReader list = realm_.list(slot);
      for (std::uint32_t position = 0; position < list.size(); ++position) {
        recorder_->list_insert(slot, position, list.get(position), position);
        cut_if_full();
      }
      return;
    }
    const Value value = realm_.state().read(object, property);
    if (value.is_null()) return;
    recorder_->set(slot, value, WriteKind::kExplicit);
    cut_if_full();
  }

  void cut_if_full() {
    if (recorder_->changeset().size() < bytes_target_) return;
    take_(recorder_->changeset());
    recorder_.emplace(realm_.state());
  }

  const RealmReader& realm_;
  const std::size_t bytes_target_;
  const std::function<void(BytesView)>& take_;
  std::optional<Recorder> recorder_;
};

}  // namespace

void tell_state(const RealmReader& realm,
                std::size_t bytes_target,
                const std::function<void(BytesView changeset)>& take) {
  Teller(realm, bytes_target, take).run();
}

}  // namespace tombolo::store
