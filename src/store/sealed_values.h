#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/bytes.h"
#include "store/opened_memory.h"
#include "store/sealing.h"

namespace tombolo::store {

/// A value of an encrypted file, in memory as it was before it was sealed. Its nonce tells it from
/// all others, so that it stays what it is whatever is written to the file.
class OpenedValue {
 public:
  OpenedValue(BytesView place, BytesView sealed, OpenedMemory& memory);

  /// Whether it is what these bytes, at that place, were made of.
  [[nodiscard]] bool is_of(BytesView place, BytesView sealed) const noexcept;
  [[nodiscard]] BytesView bytes() const noexcept { return {bytes_.get(), size_}; }
  [[nodiscard]] std::span<std::byte> writable_bytes() noexcept { return {bytes_.get(), size_}; }
  /// What it takes of memory, about.
  [[nodiscard]] std::size_t memory_bytes() const noexcept;

 private:
  Bytes place_;
  std::array<std::byte, kNonceBytes> nonce_;
  std::size_t size_;
  OpenedMemory::Bytes bytes_;
};

/// The values of an encrypted file that were opened last, for all of its transactions.
///
/// Thread:  callable from any thread.
class OpenedValues {
 public:
  explicit OpenedValues(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  /// Null when it is not at hand.
  [[nodiscard]] std::shared_ptr<const OpenedValue> find(std::uint64_t number,
                                                        BytesView place,
                                                        BytesView sealed);
  /// Keeps a value until there are `bytes_max` of later ones.
  void put(std::uint64_t number, std::shared_ptr<const OpenedValue> value);

  [[nodiscard]] std::size_t bytes_max() const noexcept { return bytes_max_; }

 private:
  struct Entry {
    std::uint64_t number;
    std::shared_ptr<const OpenedValue> value;
  };
  using Entries = std::list<Entry>;

  const std::size_t bytes_max_;
  std::mutex mutex_;
  Entries newest_first_;                                            // GUARDED_BY(mutex_)
  std::unordered_map<std::uint64_t, Entries::iterator> by_number_;  // GUARDED_BY(mutex_)
  std::size_t bytes_ = 0;                                           // GUARDED_BY(mutex_)
};

/// What the transactions of an encrypted file share.
struct Encryption {
  Encryption(std::filesystem::path file, const FileKeys& derived, std::size_t opened_bytes_max)
      : path(std::move(file)),
        keys(derived),
        memory(opened_bytes_max),
        opened(opened_bytes_max) {}

  const std::filesystem::path path;
  const FileKeys keys;
  OpenedMemory memory;
  OpenedValues opened;
};

/// Seals and opens the values of one transaction, and holds those that it has opened.
///
/// Errors:  throws `Error{kFileCorrupt}`, naming the record, for a value that was not sealed at
///          that place of this file.
/// Thread:  that of the transaction.
/// Source:  docs/store.md, "Encryption".
class SealedValues {
 public:
  explicit SealedValues(Encryption& encryption)
      : encryption_(encryption),
        sealer_(encryption.keys.sealing) {}

  void seal(BytesView place, BytesView head, BytesView tail, std::span<std::byte> sealed) {
    sealer_.seal(place, head, tail, sealed);
  }
  /// The bytes last until `let_go`.
  [[nodiscard]] BytesView open(BytesView place, BytesView sealed);
  /// The same of a value of many that are looked at one after the other: once as much is held as
  /// the file keeps of opened values, the bytes last as long as `holder`.
  struct Opened {
    BytesView bytes;
    bool is_held;
  };
  [[nodiscard]] Opened open_briefly(BytesView place,
                                    BytesView sealed,
                                    std::shared_ptr<const OpenedValue>& holder);

  /// Gives up all values that are held.
  void let_go() noexcept {
    if (held_.empty()) return;
    held_.clear();
    held_bytes_ = 0;
  }
  [[nodiscard]] std::size_t held_bytes() const noexcept { return held_bytes_; }
  [[nodiscard]] std::size_t held_bytes_max() const noexcept {
    return encryption_.opened.bytes_max();
  }

 private:
  [[nodiscard]] std::shared_ptr<const OpenedValue> find_or_open(std::uint64_t number,
                                                                BytesView place,
                                                                BytesView sealed);
  [[nodiscard]] const OpenedValue* find_held(std::uint64_t number,
                                             BytesView place,
                                             BytesView sealed) const;
  [[nodiscard]] BytesView hold(std::uint64_t number, std::shared_ptr<const OpenedValue> value);
  [[noreturn]] void throw_damaged(BytesView place) const;

  Encryption& encryption_;
  Sealer sealer_;
  /// By a number in the nonce.
  std::unordered_multimap<std::uint64_t, std::shared_ptr<const OpenedValue>> held_;
  std::size_t held_bytes_ = 0;
};

}  // namespace tombolo::store
