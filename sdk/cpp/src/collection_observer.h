#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "observed_paths.h"
#include "tombolo/any_collection.h"

namespace tombolo {

/// Tells an application what happened to a collection: at positions that it sees, of the stored
/// ones that the change log has, and for a dictionary at keys.
class CollectionObserver final : public ChangeObserver {
 public:
  struct Told {
    CollectionChanges positions;
    DictionaryChanges keys;  ///< Of a dictionary.
  };
  using Callback = std::function<void(const AnyCollection&, const Told&)>;

  /// Errors:  throws `Error{kInvalidArgument}` for a key path that leads nowhere.
  CollectionObserver(const std::shared_ptr<RealmCore>& realm,
                     const store::CollectionRef& collection,
                     const KeyPaths& paths,
                     Callback callback);

  bool concerns(const store::RealmChanges& changes) const override;
  bool notify(const PendingChanges& changes, bool is_first) override;

 private:
  /// What the application was told last.
  struct State {
    std::uint32_t size = 0;
    /// Stored positions of links to nothing, in ascending order: the application does not see them.
    std::vector<std::uint32_t> hidden;
    std::optional<std::vector<std::string>> keys;  ///< Of a dictionary.
    std::vector<std::string> null_keys;            ///< Those of them that hold nothing.
  };

  [[nodiscard]] static State read(const store::CollectionReader& collection);
  [[nodiscard]] bool was_recreated(const PendingChanges& changes) const;
  [[nodiscard]] CollectionChanges find_changes(const store::RealmReader& realm,
                                               const store::CollectionReader& collection,
                                               const PendingChanges& changes,
                                               const State& before) const;
  [[nodiscard]] std::vector<std::uint32_t> modified_positions(
      const store::RealmReader& realm,
      const store::CollectionReader& collection,
      const PendingChanges& changes) const;
  /// Where the element is a collection in which something changed, however deep.
  [[nodiscard]] std::vector<std::uint32_t> positions_of_nested(
      const store::RealmReader& realm,
      const store::CollectionReader& collection,
      const PendingChanges& changes) const;
  /// The same in keys too, of a dictionary.
  [[nodiscard]] Told to_told(CollectionChanges changes, const State& before) const;

  std::weak_ptr<RealmCore> realm_;
  store::CollectionRef ref_;
  Callback callback_;
  ObservedPaths own_paths_;                     ///< Of the object that the collection belongs to.
  std::optional<ObservedPaths> element_paths_;  ///< Of the objects in the collection.
  State state_;
};

}  // namespace tombolo
