#include "store/collection_tree.h"

#include <array>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "base/assertion.h"
#include "base/error.h"

namespace tombolo::store {
namespace {

constexpr std::byte kInlineForm{0};
constexpr std::byte kTreeForm{1};
constexpr std::size_t kTreeRootBytes = 16;
/// What stays beside the owner.
constexpr std::size_t kInlineChunkBytesMax = 512;
/// Bytes of a node: one page of LMDB less the header in front of large values, and some room for
/// what a leaf gains before it is split. A single longer element has a leaf of its own.
constexpr std::size_t kNodeBytesMax = 4000;
constexpr std::size_t kChildrenMax = kNodeBytesMax / 8;
constexpr std::uint32_t kHeightMax = 8;

[[noreturn]] void throw_corrupt() {
  throw Error(ErrorCode::kFileCorrupt, "the tree of a collection contradicts itself");
}

}  // namespace

CollectionTree::CollectionTree(KeyValueTransaction& transaction,
                               RealmId realm,
                               const CollectionRef& collection,
                               ColumnForm form,
                               BytesView root)
    : transaction_(transaction),
      realm_(realm),
      collection_(collection),
      form_(form) {
  if (root.empty()) return;
  if (root[0] == kInlineForm) {
    chunk_ = root.subspan(1);
    size_ = CollectionChunk(chunk_, form_).size();
    return;
  }
  if (root[0] != kTreeForm || root.size() != kTreeRootBytes) throw_corrupt();
  is_tree_ = true;
  height_ = static_cast<std::uint32_t>(root[1]);
  std::memcpy(&size_, root.data() + 4, sizeof(size_));
  std::memcpy(&next_node_, root.data() + 8, sizeof(next_node_));
  std::memcpy(&root_node_, root.data() + 12, sizeof(root_node_));
  if (height_ > kHeightMax) throw_corrupt();
}

Key CollectionTree::key(std::uint32_t node) const noexcept {
  Key key = collection_key(realm_, collection_);
  key.append(node);
  return key;
}

BytesView CollectionTree::read_node(std::uint32_t node) const {
  const auto bytes = transaction_.find(key(node));
  if (!bytes) throw_corrupt();
  return *bytes;
}

std::vector<CollectionTree::Child> CollectionTree::read_children(std::uint32_t node) const {
  const BytesView bytes = read_node(node);
  if (bytes.empty() || bytes.size() % sizeof(Child) != 0) throw_corrupt();
  std::vector<Child> children(bytes.size() / sizeof(Child));
  std::memcpy(children.data(), bytes.data(), bytes.size());
  return children;
}

void CollectionTree::write_children(std::uint32_t node, const std::vector<Child>& children) {
  transaction_.put(key(node), std::as_bytes(std::span(children)));
}

/// The child in which `position` falls; `position` becomes relative to it. With `may_be_behind` the
/// position one past a child's last element counts as in it.
std::size_t CollectionTree::child_at(const std::vector<Child>& children,
                                     std::uint32_t& position,
                                     bool may_be_behind) {
  for (std::size_t i = 0; i < children.size(); ++i) {
    if (position < children[i].count || (may_be_behind && position == children[i].count)) return i;
    position -= children[i].count;
  }
  throw_corrupt();
}

std::optional<BytesView> CollectionTree::find(std::uint32_t position) const {
  TOMBOLO_ASSERT(position < size_);
  const bool is_cached = leaf_ && leaf_generation_ == transaction_.generation() &&
                         position >= leaf_first_ && position - leaf_first_ < leaf_->size();
  if (!is_cached) {
    std::uint32_t rest = position;
    BytesView chunk = chunk_;
    if (is_tree()) {
      std::uint32_t node = root_node_;
      for (std::uint32_t height = height_; height > 0; --height) {
        const std::vector<Child> children = read_children(node);
        node = children[child_at(children, rest, false)].node;
      }
      chunk = read_node(node);
    }
    leaf_.emplace(chunk, form_);
    if (rest >= leaf_->size()) throw_corrupt();
    leaf_first_ = position - rest;
    leaf_generation_ = transaction_.generation();
  }
  const std::uint32_t at = position - leaf_first_;
  return leaf_->is_valid(at) ? std::optional(leaf_->element(at)) : std::nullopt;
}

/// Whether everything below the node is greater than what is searched for.
bool CollectionTree::starts_after(std::uint32_t node,
                                  std::uint32_t height,
                                  const Order& order) const {
  for (; height > 0; --height) node = read_children(node).front().node;
  const CollectionChunk leaf(read_node(node), form_);
  if (leaf.size() == 0) throw_corrupt();
  return order(leaf.is_valid(0) ? std::optional(leaf.element(0)) : std::nullopt) > 0;
}

CollectionTree::Found CollectionTree::search(const Order& order) const {
  if (size_ == 0) return {0, false};
  std::uint32_t first = 0;
  BytesView bytes = chunk_;
  if (is_tree()) {
    std::uint32_t node = root_node_;
    for (std::uint32_t height = height_; height > 0; --height) {
      const std::vector<Child> children = read_children(node);
      std::size_t at = 0;
      for (std::size_t end = children.size(); end - at > 1;) {
        const std::size_t middle = at + (end - at) / 2;
        (starts_after(children[middle].node, height - 1, order) ? end : at) = middle;
      }
      for (std::size_t i = 0; i < at; ++i) first += children[i].count;
      node = children[at].node;
    }
    bytes = read_node(node);
  }
  const CollectionChunk leaf(bytes, form_);
  const auto compare = [&](std::uint32_t position) {
    return order(leaf.is_valid(position) ? std::optional(leaf.element(position)) : std::nullopt);
  };
  std::uint32_t at = 0;
  for (std::uint32_t end = leaf.size(); at < end;) {
    const std::uint32_t middle = at + (end - at) / 2;
    if (compare(middle) < 0) {
      at = middle + 1;
    } else {
      end = middle;
    }
  }
  return {first + at, at < leaf.size() && compare(at) == 0};
}

Bytes CollectionTree::insert(std::uint32_t position, std::optional<BytesView> element) {
  TOMBOLO_ASSERT(position <= size_);
  leaf_.reset();
  const bool is_append = position == size_;
  if (!is_tree()) {
    const Bytes empty = CollectionChunk::make_empty();
    const CollectionChunk chunk(size_ == 0 ? BytesView(empty) : chunk_, form_);
    Bytes changed = chunk.splice(position, 0, CollectionChunk::Element{element});
    ++size_;
    if (changed.size() <= kInlineChunkBytesMax) return inline_root(std::move(changed));
    make_tree(std::move(changed), is_append);
    return tree_root();
  }
  const auto sibling = insert_into(root_node_, height_, {position, element, is_append});
  ++size_;
  if (sibling) grow_root(*sibling);
  return tree_root();
}

void CollectionTree::make_tree(Bytes chunk, bool is_append) {
  is_tree_ = true;
  height_ = 0;
  root_node_ = 0;
  next_node_ = 1;
  if (const auto sibling = write_leaf(root_node_, std::move(chunk), is_append)) {
    grow_root(*sibling);
  }
}

void CollectionTree::grow_root(Child sibling) {
  const std::uint32_t node = next_node_++;
  write_children(node, {Child{root_node_, size_ - sibling.count}, sibling});
  root_node_ = node;
  ++height_;
}

/// Inserts below a node of that height, and gives the sibling that was split off, if any.
std::optional<CollectionTree::Child> CollectionTree::insert_into(std::uint32_t node,
                                                                 std::uint32_t height,
                                                                 Insertion insertion) {
  if (height == 0) {
    const CollectionChunk chunk(read_node(node), form_);
    if (insertion.position > chunk.size()) throw_corrupt();
    return write_leaf(
        node,
        chunk.splice(insertion.position, 0, CollectionChunk::Element{insertion.element}),
        insertion.is_append);
  }
  std::vector<Child> children = read_children(node);
  const std::size_t at = child_at(children, insertion.position, true);
  const auto sibling = insert_into(children[at].node, height - 1, insertion);
  ++children[at].count;
  std::optional<Child> own_sibling;
  if (sibling) {
    children[at].count -= sibling->count;
    children.insert(children.begin() + static_cast<std::ptrdiff_t>(at) + 1, *sibling);
    if (children.size() > kChildrenMax) {
      const std::size_t kept = insertion.is_append ? children.size() - 1 : children.size() / 2;
      const std::vector<Child> moved(children.begin() + static_cast<std::ptrdiff_t>(kept),
                                     children.end());
      children.resize(kept);
      own_sibling = Child{next_node_++, 0};
      for (const Child& child : moved) own_sibling->count += child.count;
      write_children(own_sibling->node, moved);
    }
  }
  write_children(node, children);
  return own_sibling;
}

std::optional<CollectionTree::Child> CollectionTree::write_leaf(std::uint32_t node,
                                                                Bytes chunk,
                                                                bool is_append) {
  const CollectionChunk view(chunk, form_);
  const bool is_full = chunk.size() > kNodeBytesMax || view.size() == CollectionChunk::kCountMax;
  if (!is_full || view.size() == 1) {
    transaction_.put(key(node), chunk);
    return std::nullopt;
  }
  const std::uint32_t kept = is_append ? view.size() - 1 : view.size() / 2;
  const Child sibling{next_node_++, view.size() - kept};
  transaction_.put(key(sibling.node), view.slice(kept, view.size()));
  transaction_.put(key(node), view.slice(0, kept));
  return sibling;
}

Bytes CollectionTree::replace(std::uint32_t position, std::optional<BytesView> element) {
  TOMBOLO_ASSERT(position < size_);
  leaf_.reset();
  if (!is_tree()) {
    Bytes changed =
        CollectionChunk(chunk_, form_).splice(position, 1, CollectionChunk::Element{element});
    if (changed.size() <= kInlineChunkBytesMax) return inline_root(std::move(changed));
    make_tree(std::move(changed), false);
    return tree_root();
  }
  std::uint32_t rest = position;
  std::uint32_t node = root_node_;
  for (std::uint32_t height = height_; height > 0; --height) {
    const std::vector<Child> children = read_children(node);
    node = children[child_at(children, rest, false)].node;
  }
  const CollectionChunk chunk(read_node(node), form_);
  if (rest >= chunk.size()) throw_corrupt();
  // A leaf that a longer element makes too long is split when something is inserted into it.
  transaction_.put(key(node), chunk.splice(rest, 1, CollectionChunk::Element{element}));
  return tree_root();
}

Bytes CollectionTree::erase(std::uint32_t position) {
  TOMBOLO_ASSERT(position < size_);
  leaf_.reset();
  if (!is_tree()) {
    Bytes changed = CollectionChunk(chunk_, form_).splice(position, 1, std::nullopt);
    --size_;
    return size_ == 0 ? Bytes() : inline_root(std::move(changed));
  }
  const bool is_empty = erase_from(root_node_, height_, position);
  --size_;
  if (is_empty) return {};
  return shrink();
}

bool CollectionTree::erase_from(std::uint32_t node, std::uint32_t height, std::uint32_t position) {
  if (height == 0) {
    const CollectionChunk chunk(read_node(node), form_);
    if (position >= chunk.size()) throw_corrupt();
    if (chunk.size() > 1) {
      transaction_.put(key(node), chunk.splice(position, 1, std::nullopt));
      return false;
    }
    transaction_.erase(key(node));
    return true;
  }
  std::vector<Child> children = read_children(node);
  const std::size_t at = child_at(children, position, false);
  --children[at].count;
  if (erase_from(children[at].node, height - 1, position)) {
    children.erase(children.begin() + static_cast<std::ptrdiff_t>(at));
  }
  if (children.empty()) {
    transaction_.erase(key(node));
    return true;
  }
  write_children(node, children);
  return false;
}

/// Takes away roots with a single child, and the tree itself once the elements are few again.
Bytes CollectionTree::shrink() {
  while (height_ > 0) {
    const std::vector<Child> children = read_children(root_node_);
    if (children.size() > 1) return tree_root();
    transaction_.erase(key(root_node_));
    root_node_ = children.front().node;
    --height_;
  }
  Bytes chunk = to_bytes(read_node(root_node_));
  // Half of what stays inline, so that a collection at the edge does not go back and forth.
  if (chunk.size() > kInlineChunkBytesMax / 2) return tree_root();
  transaction_.erase(key(root_node_));
  is_tree_ = false;
  return inline_root(std::move(chunk));
}

void CollectionTree::clear() {
  leaf_.reset();
  if (!is_tree()) return;
  const Key first = key(0);
  transaction_.erase_prefix(first.view().first(first.size() - sizeof(std::uint32_t)));
}

Bytes CollectionTree::inline_root(Bytes chunk) {
  chunk.insert(chunk.begin(), kInlineForm);
  return chunk;
}

Bytes CollectionTree::tree_root() const {
  Bytes root(kTreeRootBytes);
  root[0] = kTreeForm;
  root[1] = static_cast<std::byte>(height_);
  std::memcpy(root.data() + 4, &size_, sizeof(size_));
  std::memcpy(root.data() + 8, &next_node_, sizeof(next_node_));
  std::memcpy(root.data() + 12, &root_node_, sizeof(root_node_));
  return root;
}

}  // namespace tombolo::store
