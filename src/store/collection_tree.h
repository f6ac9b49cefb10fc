#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "store/block_layout.h"
#include "store/collection_chunk.h"
#include "store/ids.h"
#include "store/key_value.h"
#include "store/keys.h"

namespace tombolo::store {

/// The elements of one collection, in order: a chunk beside its owner while they are few, else a
/// B-tree of counted chunks, so that any position is found and changed in logarithmic time. The
/// order is the list's, or one that `search` is told: then an element is found as fast.
///
///     root       =                                                   no element
///                | 0:u8 chunk
///                | 1:u8 height:u8 0:u16 count:u32 next_node:u32 node:u32
///     inner node = (node:u32 count:u32) *                            `count`: elements below it
///     leaf node  = chunk                                             height 0: `node` is a leaf
///
/// Changing a collection gives its new root, which the caller puts where the old one was.
///
/// Errors:  throws `Error{kFileCorrupt}` for a damaged tree, and what the transaction throws.
/// Thread:  that of the transaction; `root` must last as long as the tree or until it is changed.
/// Source:  docs/store.md, "Collections".
class CollectionTree {
 public:
  CollectionTree(KeyValueTransaction& transaction,
                 RealmId realm,
                 const CollectionRef& collection,
                 ColumnForm form,
                 BytesView root);

  [[nodiscard]] std::uint32_t size() const noexcept { return size_; }
  /// The bytes of an element, nullopt for null. `position` < `size()` (asserted).
  [[nodiscard]] std::optional<BytesView> find(std::uint32_t position) const;

  /// How an element compares with the one that is searched for.
  using Order = std::function<std::weak_ordering(std::optional<BytesView> element)>;
  struct Found {
    std::uint32_t position;  ///< Of the first element that is not less.
    bool is_equal;           ///< Whether it is the one that was searched for.
  };
  /// The elements ascend in `order`.
  [[nodiscard]] Found search(const Order& order) const;

  // Each returns the new root. Elements must not view the collection's own memory.
  [[nodiscard]] Bytes insert(std::uint32_t position, std::optional<BytesView> element);
  [[nodiscard]] Bytes replace(std::uint32_t position, std::optional<BytesView> element);
  [[nodiscard]] Bytes erase(std::uint32_t position);
  /// Erases all nodes; the new root is empty.
  void clear();

 private:
  struct Child {
    std::uint32_t node;
    std::uint32_t count;
  };
  struct Insertion {
    std::uint32_t position;
    std::optional<BytesView> element;
    bool is_append;  ///< At the end of the whole collection: nodes are left full.
  };

  [[nodiscard]] bool is_tree() const noexcept { return is_tree_; }
  [[nodiscard]] Key key(std::uint32_t node) const noexcept;
  [[nodiscard]] BytesView read_node(std::uint32_t node) const;
  [[nodiscard]] std::vector<Child> read_children(std::uint32_t node) const;
  [[nodiscard]] bool starts_after(std::uint32_t node,
                                  std::uint32_t height,
                                  const Order& order) const;
  void write_children(std::uint32_t node, const std::vector<Child>& children);
  [[nodiscard]] static std::size_t child_at(const std::vector<Child>& children,
                                            std::uint32_t& position,
                                            bool may_be_behind);
  [[nodiscard]] std::optional<Child> insert_into(std::uint32_t node,
                                                 std::uint32_t height,
                                                 Insertion insertion);
  /// Writes a leaf; when it is too long, only its first part, and gives the rest as a new node.
  [[nodiscard]] std::optional<Child> write_leaf(std::uint32_t node, Bytes chunk, bool is_append);
  /// Whether nothing is left below the node.
  [[nodiscard]] bool erase_from(std::uint32_t node, std::uint32_t height, std::uint32_t position);
  [[nodiscard]] Bytes shrink();
  [[nodiscard]] static Bytes inline_root(Bytes chunk);
  [[nodiscard]] Bytes tree_root() const;
  void make_tree(Bytes chunk, bool is_append);
  void grow_root(Child sibling);

  KeyValueTransaction& transaction_;
  RealmId realm_;
  CollectionRef collection_;
  ColumnForm form_;
  bool is_tree_ = false;
  BytesView chunk_;  ///< Of a short collection.
  std::uint32_t size_ = 0;
  std::uint32_t height_ = 0;
  std::uint32_t next_node_ = 0;
  std::uint32_t root_node_ = 0;

  // The leaf that was read last: its first position and its chunk.
  mutable std::uint32_t leaf_first_ = 0;
  mutable std::uint64_t leaf_generation_ = 0;
  mutable std::optional<CollectionChunk> leaf_;
};

}  // namespace tombolo::store
