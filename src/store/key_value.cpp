#include "store/key_value.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "base/assertion.h"
#include "base/error.h"
#include "store/keys.h"

namespace tombolo::store {
namespace {

constexpr std::size_t kPageBytes = 4096;
/// What a write can cost beyond its value: each level of the tree copied, split in two, and a new
/// root. Trees of this library have five levels at most.
constexpr std::size_t kPagesPerWrite = 8;
/// LMDB puts a value into pages of its own when it would be more than about half of a node; their
/// first one has a header.
constexpr std::size_t kNodeBytesMax = 2038;
constexpr std::size_t kNodeHeaderBytes = 8;
constexpr std::size_t kPageHeaderBytes = 16;

std::size_t pages_out_of_line(std::size_t key_bytes, std::size_t value_bytes) noexcept {
  if (kNodeHeaderBytes + key_bytes + value_bytes <= kNodeBytesMax) return 0;
  return (kPageHeaderBytes + value_bytes + kPageBytes - 1) / kPageBytes;
}

MDB_val to_value(BytesView bytes) noexcept {
  return {bytes.size(), const_cast<std::byte*>(bytes.data())};
}
BytesView to_view(const MDB_val& value) noexcept {
  return {static_cast<const std::byte*>(value.mv_data), value.mv_size};
}

int seek(MDB_cursor* cursor, MDB_cursor_op operation, MDB_val& key, MDB_val& value) {
  const int code = mdb_cursor_get(cursor, &key, &value, operation);
  if (code != MDB_NOTFOUND) check_lmdb(code, "mdb_cursor_get");
  return code;
}

struct Found {
  MDB_val key;
  MDB_val value;
};

Found step(MDB_cursor* cursor, MDB_cursor_op operation) {
  Found found;
  if (seek(cursor, operation, found.key, found.value) == MDB_NOTFOUND) {
    throw Error(ErrorCode::kFileCorrupt, "the header or the end record is missing");
  }
  return found;
}

Found seek_at_or_after(MDB_cursor* cursor, BytesView key) {
  Found found{to_value(key), {}};
  if (seek(cursor, MDB_SET_RANGE, found.key, found.value) == MDB_NOTFOUND) {
    throw Error(ErrorCode::kFileCorrupt, "the end record is missing");
  }
  return found;
}

Found seek_at_or_before(MDB_cursor* cursor, BytesView key) {
  const Found found = seek_at_or_after(cursor, key);
  return bytes_equal(to_view(found.key), key) ? found : step(cursor, MDB_PREV);
}

}  // namespace

KeyValueCursor::KeyValueCursor(const KeyValueTransaction& transaction) : transaction_(transaction) {
  TOMBOLO_ASSERT(transaction.is_open());
  check_lmdb(mdb_cursor_open(transaction.transaction_, transaction.tree_, &cursor_),
             "mdb_cursor_open");
}

KeyValueTransaction::Item KeyValueCursor::find_at_or_after(BytesView key) {
  const Found found = seek_at_or_after(cursor_, key);
  return transaction_.to_item(found.key, found.value);
}

KeyValueTransaction::Item KeyValueCursor::find_at_or_before(BytesView key) {
  const Found found = seek_at_or_before(cursor_, key);
  return transaction_.to_item(found.key, found.value);
}

KeyValueTransaction::Item KeyValueCursor::next() {
  const Found found = step(cursor_, MDB_NEXT);
  return transaction_.to_item(found.key, found.value);
}

KeyValueTransaction::~KeyValueTransaction() {
  close_cursor();
  if (transaction_ != nullptr) mdb_txn_abort(transaction_);
}

void KeyValueTransaction::begin_read(MDB_env* environment, std::uint64_t map_moves) {
  TOMBOLO_ASSERT(!is_open_ && !is_writable());
  if (transaction_ == nullptr) {
    check_lmdb(mdb_txn_begin(environment, nullptr, MDB_RDONLY, &transaction_), "mdb_txn_begin");
  } else {
    check_lmdb(mdb_txn_renew(transaction_), "mdb_txn_renew");
  }
  is_open_ = true;
  const CommitId commit_id(mdb_txn_id(transaction_));
  if (generation_ == 0 || commit_id != commit_id_ || map_moves != map_moves_) end_generation();
  commit_id_ = commit_id;
  map_moves_ = map_moves;
  if (cursor_ != nullptr) check_lmdb(mdb_cursor_renew(transaction_, cursor_), "mdb_cursor_renew");
}

void KeyValueTransaction::end_read() noexcept {
  if (!is_open_) return;
  mdb_txn_reset(transaction_);
  is_open_ = false;
  // What is held is of use to the next snapshot when it shows the same commit; not if it is much.
  if (sealed_values_ && sealed_values_->held_bytes() >= sealed_values_->held_bytes_max()) {
    end_generation();
  }
}

void KeyValueTransaction::begin_write() {
  TOMBOLO_ASSERT(!is_open_ && is_writable());
  transaction_ = map_owner_->begin_write_transaction();
  is_open_ = true;
  commit_id_ = CommitId(mdb_txn_id(transaction_));
  end_generation();
  room_pages_ = map_owner_->room_pages();
  pages_of_nodes_ = 0;
  pages_of_values_ = 0;
  node_pages_max_ = 0;
  written_.clear();
}

void KeyValueTransaction::commit() {
  TOMBOLO_ASSERT(is_open_ && is_writable());
  close_cursor();
  is_open_ = false;
  // LMDB frees the transaction whether or not it could be committed.
  MDB_env* const environment = mdb_txn_env(transaction_);
  check_lmdb_write(
      mdb_txn_commit(std::exchange(transaction_, nullptr)), "mdb_txn_commit", environment);
}

void KeyValueTransaction::abort() noexcept {
  if (!is_open_) return;
  close_cursor();
  is_open_ = false;
  mdb_txn_abort(std::exchange(transaction_, nullptr));
}

void KeyValueTransaction::end_generation() noexcept {
  ++generation_;
  if (sealed_values_) sealed_values_->let_go();
}

bool KeyValueTransaction::is_sealed(BytesView key) const noexcept {
  return sealed_values_ != nullptr &&
         !bytes_equal(key, Key(kEnvironmentRealm, Space::kHeader).view());
}

std::size_t KeyValueTransaction::stored_bytes(BytesView key, std::size_t bytes) const noexcept {
  return bytes + (is_sealed(key) ? kSealBytes : 0);
}

KeyValueTransaction::Item KeyValueTransaction::to_item(const MDB_val& key,
                                                       const MDB_val& value) const noexcept {
  const BytesView key_bytes = to_view(key);
  return {key_bytes, {to_view(value), is_sealed(key_bytes)}};
}

BytesView KeyValueTransaction::open(BytesView key, BytesView sealed) {
  return sealed_values_->open(key, sealed);
}

BytesView KeyValueTransaction::read_briefly(BytesView key,
                                            StoredValue& value,
                                            std::shared_ptr<const OpenedValue>& holder) {
  if (!value.is_sealed()) return value.bytes();
  const SealedValues::Opened opened = sealed_values_->open_briefly(key, value.bytes(), holder);
  if (opened.is_held) value = {opened.bytes, false};
  return opened.bytes;
}

MDB_cursor* KeyValueTransaction::cursor() {
  // A transaction that could not get room ended where it was.
  if (!is_open_) throw Error(ErrorCode::kNotInTransaction, "the transaction has ended");
  if (cursor_ == nullptr) {
    check_lmdb(mdb_cursor_open(transaction_, tree_, &cursor_), "mdb_cursor_open");
  }
  return cursor_;
}

void KeyValueTransaction::close_cursor() noexcept {
  if (cursor_ != nullptr) mdb_cursor_close(std::exchange(cursor_, nullptr));
}

std::optional<BytesView> KeyValueTransaction::find(BytesView key) {
  MDB_val key_value = to_value(key);
  MDB_val value;
  if (seek(cursor(), MDB_SET, key_value, value) == MDB_NOTFOUND) return std::nullopt;
  Item found = to_item(key_value, value);
  return read(found);
}

KeyValueTransaction::Item KeyValueTransaction::find_at_or_after(BytesView key) {
  const Found found = seek_at_or_after(cursor(), key);
  return to_item(found.key, found.value);
}

KeyValueTransaction::Item KeyValueTransaction::find_at_or_before(BytesView key) {
  const Found found = seek_at_or_before(cursor(), key);
  return to_item(found.key, found.value);
}

KeyValueTransaction::Item KeyValueTransaction::next() {
  const Found found = step(cursor(), MDB_NEXT);
  return to_item(found.key, found.value);
}

void KeyValueTransaction::put(BytesView key, BytesView head, BytesView tail) {
  const std::size_t bytes = stored_bytes(key, head.size() + tail.size());
  prepare_write(key, bytes);
  MDB_val key_value = to_value(key);
  MDB_val data{bytes, nullptr};
  // A large transaction writes pages out before its end.
  check_lmdb_write(mdb_cursor_put(cursor(), &key_value, &data, MDB_RESERVE),
                   "mdb_cursor_put",
                   mdb_txn_env(transaction_));
  auto* const to = static_cast<std::byte*>(data.mv_data);
  if (is_sealed(key)) {
    sealed_values_->seal(key, head, tail, {to, bytes});
    return;
  }
  if (!head.empty()) std::memcpy(to, head.data(), head.size());
  if (!tail.empty()) std::memcpy(to + head.size(), tail.data(), tail.size());
}

bool KeyValueTransaction::erase(BytesView key) {
  MDB_val key_value = to_value(key);
  MDB_val value;
  if (seek(cursor(), MDB_SET, key_value, value) == MDB_NOTFOUND) return false;
  prepare_erase(key);
  // Making room may have begun the transaction anew, and with it the cursor.
  key_value = to_value(key);
  TOMBOLO_ASSERT(seek(cursor(), MDB_SET, key_value, value) == MDB_SUCCESS);
  check_lmdb_write(mdb_cursor_del(cursor(), 0), "mdb_cursor_del", mdb_txn_env(transaction_));
  return true;
}

void KeyValueTransaction::erase_prefix(BytesView prefix) {
  const Bytes owned = to_bytes(prefix);
  for (;;) {
    const Item found = find_at_or_after(owned);
    if (found.key.size() < owned.size() || !bytes_equal(found.key.first(owned.size()), owned)) {
      return;
    }
    erase(to_bytes(found.key));
  }
}

void KeyValueTransaction::prepare_write(BytesView key, std::size_t value_bytes) {
  TOMBOLO_ASSERT(is_writable());
  const std::size_t pages = pages_out_of_line(key.size(), value_bytes);
  // LMDB writes over what this transaction has written when that is no smaller.
  const auto before = written_.find(as_text(key));
  const std::size_t pages_there = before == written_.end() ? 0 : before->second;
  take_room(pages_there >= pages ? 0 : pages);
  note_written(key, std::max(pages_there, pages));
}

void KeyValueTransaction::prepare_erase(BytesView key) {
  TOMBOLO_ASSERT(is_writable());
  take_room(0);
  note_written(key, 0);
}

void KeyValueTransaction::note_written(BytesView key, std::size_t pages_of_value) {
  if (const auto before = written_.find(as_text(key)); before != written_.end()) {
    before->second = pages_of_value;
  } else {
    written_.emplace(as_text(key), pages_of_value);
  }
}

void KeyValueTransaction::take_room(std::size_t pages_of_value) {
  // Before a write the tree is as the one before has left it: so no size of it is missed.
  MDB_stat tree;
  (void)cursor();  // An ended transaction has none.
  check_lmdb(mdb_stat(transaction_, tree_, &tree), "mdb_stat");
  node_pages_max_ = std::max(node_pages_max_, tree.ms_branch_pages + tree.ms_leaf_pages);
  const std::size_t pages = kPagesPerWrite + pages_of_value;
  if (pages_taken() + pages > room_pages_) grow(pages);
  pages_of_nodes_ += kPagesPerWrite;
  pages_of_values_ += pages_of_value;
  end_generation();
}

/// At most. A node is copied once, when it is first written to; one that is no longer needed is the
/// next new one. So the nodes that were taken are never more than the tree had at one time.
std::size_t KeyValueTransaction::pages_taken() const noexcept {
  return pages_of_values_ + std::min(pages_of_nodes_, node_pages_max_);
}

void KeyValueTransaction::grow(std::size_t pages) {
  // What this transaction wrote: the value under each of these keys now, or that it is gone.
  const WrittenKeys written = std::exchange(written_, {});
  std::vector<BytesView> keys;
  keys.reserve(written.size());
  for (const auto& [key, pages_there] : written) keys.push_back(as_bytes(key));
  std::ranges::sort(keys, [](BytesView left, BytesView right) {
    return std::ranges::lexicographical_compare(left, right);
  });
  std::vector<std::optional<Bytes>> values;
  std::size_t pages_written = 0;
  for (const BytesView key : keys) {
    const std::optional<BytesView> value = find(key);
    const std::size_t bytes = value ? stored_bytes(key, value->size()) : 0;
    pages_written += pages_out_of_line(key.size(), bytes) + kPagesPerWrite;
    values.push_back(value ? std::optional(to_bytes(*value)) : std::nullopt);
  }

  const CommitId commit_id = commit_id_;
  abort();
  map_owner_->grow(pages + pages_written);
  begin_write();
  TOMBOLO_ASSERT_FATAL(commit_id_ == commit_id);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (values[i]) {
      put(keys[i], *values[i]);
    } else {
      erase(keys[i]);
    }
  }
}

}  // namespace tombolo::store
