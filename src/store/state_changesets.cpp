#include "store/state_changesets.h"

#include <optional>

#include "store/element.h"
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
    for_each_object([&](const ClassInfo&, ObjectRef object) { tell_object(object); });
    take_(recorder_->changeset());
  }

 private:
  template <typename Visit>
  void for_each_object(Visit&& visit) {
    for (const ClassInfo& info : realm_.catalog().classes()) {
      if (info.is_embedded()) continue;  // They are told with those that own them.
      for (RowId row = realm_.first_row(info.id); row != kNoRow;
           row = realm_.next_row(info.id, row)) {
        visit(info, ObjectRef{info.id, row});
      }
    }
  }

  void tell_object(ObjectRef object) {
    const ClassInfo& info = realm_.state().class_store(object.class_id).info();
    for (const PropertyInfo& property : info.properties) {
      if (info.primary_key != property.id) tell_property(object, property);
    }
  }

  void tell_property(ObjectRef object, const PropertyInfo& property) {
    const SlotRef slot{object.class_id, object.row, property.id};
    if (property.is_collection()) return tell_elements(slot);
    const Value value = told(realm_.state().read(object, property));
    if (value.is_null()) return;
    recorder_->set(slot, as_new(value), WriteKind::kExplicit);
    cut_if_full();
    tell_inside(slot, value);
  }

  void tell_elements(const CollectionRef& ref) {
    const OpenCollection collection = realm_.state().open(ref);
    for (std::uint32_t position = 0; position < collection.tree.size(); ++position) {
      const Value value = told(RealmState::value_at(collection, position));
      switch (collection.kind) {
        case CollectionType::kList:
          recorder_->list_insert(ref, position, as_new(value), position);
          break;
        case CollectionType::kSet: recorder_->set_insert(ref, value); break;
        default:
          recorder_->dictionary_set(
              ref, parse_entry(collection.tree.find(position)).key, as_new(value));
      }
      cut_if_full();
      tell_inside(ref.slot, value);
    }
  }

  void tell_inside(const SlotRef& slot, const Value& value) {
    if (value.is_collection()) {
      tell_elements({slot, value.as_collection()});
    } else if (is_embedded(value)) {
      tell_object(value.as_link());
    }
  }

  [[nodiscard]] bool is_embedded(const Value& value) {
    return value.type() == ValueType::kLink && realm_.state().is_embedded(value.as_link().class_id);
  }
  /// Of a link to a removed class nothing is left to tell.
  [[nodiscard]] Value told(const Value& value) {
    const bool is_lost = value.type() == ValueType::kLink &&
                         realm_.catalog().find_class(value.as_link().class_id) == nullptr;
    return is_lost ? Value::null() : value;
  }
  [[nodiscard]] Value as_new(const Value& value) {
    if (value.type() == ValueType::kList) return Value::new_list();
    if (value.type() == ValueType::kDictionary) return Value::new_dictionary();
    return is_embedded(value) ? Value::new_object() : value;
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
